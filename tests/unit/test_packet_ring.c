/* The ring's bounds: whole groups from its head, a group that is too large, what is counted; by
 * rows, and by packets of random sizes. labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/media/packet_ring.h"

#define S VG_US_PER_S

static struct vg_packet_ring *open_ring(const struct vg_packet_ring_settings *settings, int codec)
{
    struct vg_packet_ring *ring = NULL;
    AVCodecParameters *parameters = avcodec_parameters_alloc();
    assert_non_null(parameters);
    parameters->codec_id = (enum AVCodecID)codec;
    parameters->width = 704;
    parameters->height = 576;
    assert_int_equal(vg_packet_ring_open(&ring, settings), VG_OK);
    vg_packet_ring_describe(ring, parameters, 1, 90000);
    avcodec_parameters_free(&parameters);
    return ring;
}

static AVPacket *packet_of(int size)
{
    AVPacket *packet = av_packet_alloc();
    assert_non_null(packet);
    assert_int_equal(av_new_packet(packet, size), 0);
    memset(packet->data, 0x5A, (size_t)size);
    return packet;
}

static void push_at(struct vg_packet_ring *ring, AVPacket *packet, int64_t us, bool key)
{
    packet->pts = us * 9 / 100;
    const struct vg_ring_push push = {
        .data = packet, .arrival = {us}, .wall = {us}, .media = {us}, .key = key};
    vg_packet_ring_push(ring, &push);
}

static void push_size(struct vg_packet_ring *ring, int size, int64_t us, bool key)
{
    AVPacket *packet = packet_of(size);
    push_at(ring, packet, us, key);
    av_packet_free(&packet);
}

/* ---- rows: "K" a key, "p" another, at 1 s each, 10000 bytes; digits: so many times 100000 ---- */

static const struct {
    const char *name, *pushed;
    size_t bytes_max;
    int64_t keep_us;
    uint32_t packets, groups;
    uint64_t unkept, groups_cut;
} rows[] = {
    {"nothing before a key", "ppp", 1 << 20, 100 * S, 0, 0, 3, 0},
    {"from the key on", "ppKpp", 1 << 20, 100 * S, 3, 1, 2, 0},
    {"all while there is room", "KppKppKpp", 1 << 20, 100 * S, 9, 3, 0, 0},
    {"whole groups go", "KppKppKppK", 100000, 100 * S, 7, 3, 0, 0},
    {"and no more than must", "KpKpKpKpKp", 100000, 100 * S, 8, 4, 0, 0},
    {"what is needed to show the last 6 s stays", "KppKppKppKpp", 1 << 20, 6 * S, 9, 3, 0, 0},
    {"a key that is as old begins it", "KppKppKppKpp", 1 << 20, 5 * S, 6, 2, 0, 0},
    {"no time at all: the newest group", "KppKppKpp", 1 << 20, 0, 3, 1, 0, 0},
    {"a group larger than the bound", "Kpppppppppppp", 100000, 100 * S, 9, 1, 4, 1},
    {"then the next one", "KppppppppppppKpp", 100000, 100 * S, 3, 1, 4, 1},
    {"a key larger than the bound", "KpK9pK", 1 << 17, 100 * S, 3, 2, 2, 1},
    {"a large one drops all", "KpKpK9p", 1 << 20, 100 * S, 6, 3, 0, 0},
    {"a large one drops what it must", "KpKpK9K3", 1000000, 100 * S, 1, 1, 0, 0},
};

static void bounds(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
        settings.bytes_max = rows[r].bytes_max;
        settings.keep_us = rows[r].keep_us;
        settings.held_us = 100 * S;
        struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_H264);
        int64_t us = S;
        for (const char *p = rows[r].pushed; *p; p++) {
            const bool large = p[1] >= '1' && p[1] <= '9';
            push_size(ring, large ? 100000 * (p[1] - '0') : 10000, us, *p == 'K');
            us += S;
            p += large;
        }
        const struct vg_packet_ring_counts counts = vg_packet_ring_counts(ring);
        if (counts.packets != rows[r].packets || counts.groups != rows[r].groups ||
            counts.unkept != rows[r].unkept || counts.groups_cut != rows[r].groups_cut)
            fail_msg("%s: %u packets, %u groups, %lu unkept, %lu cut", rows[r].name,
                     (unsigned)counts.packets, (unsigned)counts.groups,
                     (unsigned long)counts.unkept, (unsigned long)counts.groups_cut);
        assert_true(counts.bytes <= rows[r].bytes_max);
        vg_packet_ring_close(&ring);
    }
}

/* Somebody who waits for pictures to come holds those that are there; then they go as ever. */
static void held(void **state)
{
    (void)state;
    struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    settings.keep_us = 3 * S;
    settings.held_us = 8 * S;
    struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_H264);
    static const struct {
        int64_t hold_s; /* said before this key, until then; 0: nothing is said */
        uint32_t packets;
    } seconds[] = {/* a key a second, at 1 s, 2 s, ... */
                   {0, 1}, {0, 2}, {0, 3}, {9, 4}, {0, 5}, {5, 6}, {0, 7}, {0, 8}, {0, 4}, {0, 4}};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        if (seconds[i].hold_s)
            vg_packet_ring_hold(ring, (struct vg_mono_time){seconds[i].hold_s * S});
        push_size(ring, 10000, (int64_t)(i + 1) * S, true);
        if (vg_packet_ring_counts(ring).packets != seconds[i].packets)
            fail_msg("at %zu s: %u packets", i + 1, (unsigned)vg_packet_ring_counts(ring).packets);
    }
    vg_packet_ring_close(&ring);
}

static void settings_refused(void **state)
{
    (void)state;
    struct vg_packet_ring *ring = NULL;
    struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    settings.bytes_max = 1000;
    assert_int_equal(vg_packet_ring_open(&ring, &settings), VG_E_CALL);
    settings = vg_packet_ring_defaults();
    settings.packets_max = 3;
    assert_int_equal(vg_packet_ring_open(&ring, &settings), VG_E_CALL);
    settings = vg_packet_ring_defaults();
    settings.keep_us = -1;
    assert_int_equal(vg_packet_ring_open(&ring, &settings), VG_E_CALL);
    settings = vg_packet_ring_defaults();
    settings.held_us = settings.keep_us - 1;
    assert_int_equal(vg_packet_ring_open(&ring, &settings), VG_E_CALL);
    vg_alloc_fail_at(1);
    settings = vg_packet_ring_defaults();
    assert_int_equal(vg_packet_ring_open(&ring, &settings), VG_E_MEMORY);
    assert_null(ring);
    vg_packet_ring_close(&ring);
}

/* ---- any sizes, any groups ---- */

/* What must hold after every push. */
static void check(struct vg_packet_ring *ring, const struct vg_packet_ring_settings *settings,
                  int64_t now_us)
{
    const struct vg_packet_ring_counts counts = vg_packet_ring_counts(ring);
    const struct vg_ring_range all = {.by = VG_RING_BY_WALL, .from_us = 0, .to_us = INT64_MAX / 2};
    struct vg_packet_run *run = NULL;
    assert_true(counts.bytes <= settings->bytes_max);
    assert_true(counts.packets <= settings->packets_max);
    assert_int_equal(counts.kept, counts.packets + counts.dropped);
    const enum vg_status status = vg_packet_ring_cut(ring, &all, &run);
    assert_int_equal(status, counts.packets ? VG_OK : VG_E_END);
    if (status)
        return;
    size_t bytes = 0;
    uint32_t groups = 0;
    int64_t second_us = INT64_MAX; /* when the second group begins */
    assert_int_equal(run->count, counts.packets);
    assert_true(run->packet[0].key);
    for (size_t i = 0; i < run->count; i++) {
        const struct vg_kept_packet *packet = &run->packet[i];
        assert_true(i == 0 || packet->sequence == run->packet[i - 1].sequence + 1);
        assert_true(packet->key || !packet->after_gap);
        assert_int_equal(packet->data[packet->size - 1], 0x5A);
        bytes += packet->size;
        groups += packet->key;
        if (packet->key && groups == 2)
            second_us = packet->arrival.us;
    }
    assert_true(bytes <= counts.bytes);
    assert_int_equal(groups, counts.groups);
    /* the head is not kept longer than it must */
    if (run->packet[run->count - 1].arrival.us == now_us)
        assert_true(second_us == INT64_MAX || second_us > now_us - settings->keep_us);
    vg_packet_run_free(&run);
}

static void any_sizes(void **state)
{
    (void)state;
    uint64_t seed = 0;
    const char *given = getenv("VIGIE_SEED");
    if (given)
        seed = strtoull(given, NULL, 10);
    else
        vg_random_bytes(&seed, sizeof seed);
    print_message("VIGIE_SEED=%llu\n", (unsigned long long)seed);
    struct vg_random random;
    vg_random_seed(&random, seed);
    for (int round = 0; round < 40; round++) {
        const struct vg_packet_ring_settings settings = {
            .bytes_max = (64u << 10) + vg_random_below(&random, 1u << 20),
            .packets_max = 16 + vg_random_below(&random, 200),
            .keep_us = (int64_t)vg_random_below(&random, 10) * S,
            .held_us = 10 * S};
        struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_H264);
        const uint32_t group = 1 + vg_random_below(&random, 60);
        const uint32_t size =
            1 + vg_random_below(&random, 1u << (4 + vg_random_below(&random, 14)));
        int64_t us = S;
        uint64_t pushed = 0;
        for (int i = 0; i < 400; i++) {
            us += vg_random_below(&random, 100000);
            push_size(ring, 1 + (int)vg_random_below(&random, size), us,
                      vg_random_below(&random, group) == 0);
            pushed++;
            check(ring, &settings, us);
            if (vg_random_below(&random, 200) == 0)
                vg_packet_ring_clear(ring);
        }
        const struct vg_packet_ring_counts counts = vg_packet_ring_counts(ring);
        assert_int_equal(counts.kept + counts.unkept, pushed);
        vg_packet_ring_close(&ring);
    }
}

/* ---- whose memory it is ---- */

/* What is pushed may go at once, what was taken outlives the ring. */
static void copied(void **state)
{
    (void)state;
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_MJPEG);
    struct vg_kept_packet kept[3];
    static const int sizes[] = {5000, 500000, 64}; /* within a block, beyond one, within again */
    struct vg_ring_follower follower = {.started = true};
    vg_alloc_seal(); /* as the flux does */
    const uint64_t sealed = vg_alloc_sealed_count();
    for (int i = 0; i < 3; i++) {
        AVPacket *packet = packet_of(sizes[i]);
        push_at(ring, packet, (i + 1) * S, true);
        assert_int_equal(av_buffer_get_ref_count(packet->buf), 1);
        memset(packet->data, 0, (size_t)packet->size);
        av_packet_free(&packet);
    }
    vg_alloc_unseal();
    assert_int_equal(vg_alloc_sealed_count(), sealed);
    for (int i = 0; i < 3; i++)
        assert_int_equal(vg_packet_ring_follow(ring, &follower, 9 * S, &kept[i]), VG_OK);
    vg_packet_ring_close(&ring);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kept[i].size, sizes[i]);
        assert_int_equal(kept[i].data[0], 0x5A);
        assert_int_equal(kept[i].data[sizes[i] - 1], 0x5A);
        assert_int_equal(kept[i].data[sizes[i]], 0); /* the padding */
        assert_int_equal(kept[i].data[sizes[i] + AV_INPUT_BUFFER_PADDING_SIZE - 1], 0);
        vg_kept_packet_release(&kept[i]);
    }
}

/* The blocks that the packets kept stand in, each once. */
static size_t blocks_of(struct vg_packet_ring *ring)
{
    const struct vg_ring_range all = {.by = VG_RING_BY_WALL, .from_us = 0, .to_us = INT64_MAX / 2};
    struct vg_packet_run *run = NULL;
    size_t bytes = 0;
    assert_int_equal(vg_packet_ring_cut(ring, &all, &run), VG_OK);
    for (size_t i = 0; i < run->count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = run->packet[k].buffer->data == run->packet[i].buffer->data;
        bytes += seen ? 0 : run->packet[i].buffer->size;
    }
    vg_packet_run_free(&run);
    return bytes;
}

/* 25 a second, a group of 2 s, of any sizes: blocks are no more than the packets need, and what is
 * kept is no more than 6 s and a group. */
static void blocks_fit(void **state)
{
    (void)state;
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_H264);
    struct vg_random random;
    vg_random_seed(&random, 13);
    size_t most = 0;
    for (int i = 0; i < 1500; i++) {
        const bool key = i % 50 == 0;
        push_size(ring, 1 + (int)vg_random_below(&random, key ? 160000 : 16000),
                  S + (int64_t)i * S / 25, key);
        const struct vg_packet_ring_counts counts = vg_packet_ring_counts(ring);
        const size_t blocks = blocks_of(ring);
        most = blocks > most ? blocks : most;
        assert_true(blocks <= counts.bytes + counts.bytes / 4 + 2 * ((size_t)64 << 10));
        assert_true(counts.packets <= 9 * 25);
    }
    assert_true(most > (size_t)1 << 20);
    vg_packet_ring_close(&ring);
}

/* ---- sets ---- */

/* Not of a real stream, but where the ring looks: AUD, SPS, PPS, then a picture. */
static void sets_of_keys(void **state)
{
    (void)state;
    static const uint8_t first[] = {0,    0, 0, 1, 9,    0xF0, 0, 0, 0, 1, 0x67, 0x4D, 0x40,
                                    0x1F, 0, 0, 1, 0x68, 0xEE, 0, 0, 0, 1, 0x65, 0x88},
                         other[] = {0, 0, 0,    1,    0x67, 0x64, 0, 0x28, 0,
                                    0, 1, 0x68, 0xEE, 0,    0,    1, 0x65, 0x88},
                         none[] = {0, 0, 0, 1, 0x65, 0x88};
    static const struct {
        const uint8_t *data;
        int size;
        uint64_t formats;
        const char *name;
    } keys[] = {{first, sizeof first, 1, "avc1.4D401F"},
                {first, sizeof first, 1, "avc1.4D401F"},
                {none, sizeof none, 2, ""},
                {other, sizeof other, 3, "avc1.640028"},
                {first, sizeof first, 4, "avc1.4D401F"},
                {other, sizeof other, 5, "avc1.640028"}};
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_H264);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char name[VG_CODEC_STRING_BYTES];
        struct vg_packet_format format;
        AVPacket *packet = packet_of(keys[i].size);
        memcpy(packet->data, keys[i].data, (size_t)keys[i].size);
        push_at(ring, packet, (int64_t)(i + 1) * S, true);
        av_packet_free(&packet);
        const uint64_t formats = vg_packet_ring_counts(ring).formats;
        assert_int_equal(formats, keys[i].formats);
        assert_int_equal(vg_packet_ring_format(ring, (uint32_t)formats, &format), VG_OK);
        assert_int_equal(vg_codec_string(format.codec, format.sets, format.sets_size, name),
                         keys[i].name[0] ? VG_OK : VG_E_INPUT);
        assert_string_equal(name, keys[i].name);
    }
    struct vg_packet_format format;
    assert_int_equal(vg_packet_ring_format(ring, 1, &format), VG_E_MISSING); /* long ago */
    assert_int_equal(vg_packet_ring_format(ring, 6, &format), VG_E_MISSING);
    assert_int_equal(vg_packet_ring_counts(ring).packets, 4); /* those of the oldest went with it */
    vg_packet_ring_close(&ring);
}

/* ---- those who follow ---- */

static void slow_follower(void **state)
{
    (void)state;
    struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    settings.packets_max = 40;
    struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_H264);
    struct vg_ring_follower follower = {0};
    struct vg_kept_packet kept;
    assert_int_equal(vg_packet_ring_follow(ring, &follower, S, &kept), VG_E_END);
    for (int i = 0; i < 15; i++) /* keys at 0, 10, 20, ...: ten a second */
        push_size(ring, 100, S + i * S / 10, i % 10 == 0);
    for (uint64_t want = 10; want < 15; want++) { /* from the newest key */
        assert_int_equal(vg_packet_ring_follow(ring, &follower, S, &kept), VG_OK);
        assert_int_equal(kept.sequence, want);
        assert_int_equal(kept.key, want == 10);
        vg_kept_packet_release(&kept);
    }
    assert_int_equal(vg_packet_ring_follow(ring, &follower, S, &kept), VG_E_END);
    for (int i = 15; i < 25; i++)
        push_size(ring, 100, S + i * S / 10, i % 10 == 0);
    assert_int_equal(vg_packet_ring_follow(ring, &follower, S, &kept), VG_OK);
    assert_int_equal(kept.sequence, 15); /* 0.9 s behind: it may */
    vg_kept_packet_release(&kept);
    for (int i = 25; i < 32; i++)
        push_size(ring, 100, S + i * S / 10, i % 10 == 0);
    assert_int_equal(vg_packet_ring_follow(ring, &follower, S, &kept), VG_OK);
    assert_int_equal(kept.sequence, 30); /* 1.5 s behind: on to the newest key */
    assert_true(kept.key && kept.after_gap);
    assert_int_equal(follower.skipped, 14);
    vg_kept_packet_release(&kept);
    for (int i = 32; i < 95; i++) /* what it would want is gone */
        push_size(ring, 100, S + i * S / 10, i % 10 == 0);
    assert_int_equal(vg_packet_ring_follow(ring, &follower, 100 * S, &kept), VG_OK);
    assert_int_equal(kept.sequence, 90);
    assert_int_equal(follower.skipped, 14 + 59);
    assert_int_equal(follower.skips, 2);
    vg_kept_packet_release(&kept);
    vg_packet_ring_close(&ring);
}

static void bell(void **state)
{
    (void)state;
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    struct vg_packet_ring *ring = open_ring(&settings, AV_CODEC_ID_H264);
    struct pollfd fd = {.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .events = POLLIN};
    assert_true(fd.fd >= 0);
    push_size(ring, 10, S, true);
    vg_packet_ring_set_bell(ring, fd.fd);
    assert_int_equal(poll(&fd, 1, 0), 0);
    push_size(ring, 10, 2 * S, false);
    assert_int_equal(poll(&fd, 1, 0), 1);
    vg_packet_ring_set_bell(ring, -1);
    (void)close(fd.fd);
    push_size(ring, 10, 3 * S, false);
    vg_packet_ring_close(&ring);
}

/* One pushes, two read, one of them slowly. */
struct readers {
    struct vg_packet_ring *ring;
    _Atomic bool over;
    _Atomic uint64_t taken;
};

static void *follow_all(void *argument)
{
    struct readers *readers = argument;
    struct vg_ring_follower follower = {0};
    struct vg_kept_packet kept;
    uint64_t last = 0;
    bool wrong = false;
    while (!atomic_load(&readers->over)) {
        if (vg_packet_ring_follow(readers->ring, &follower, S, &kept))
            continue;
        wrong |= kept.sequence < last || kept.data[kept.size - 1] != 0x5A;
        last = kept.sequence;
        vg_kept_packet_release(&kept);
        atomic_fetch_add(&readers->taken, 1);
    }
    return wrong ? readers : NULL;
}

static void *cut_all(void *argument)
{
    struct readers *readers = argument;
    const struct vg_ring_range all = {.by = VG_RING_BY_WALL, .from_us = 0, .to_us = INT64_MAX / 2};
    bool wrong = false;
    while (!atomic_load(&readers->over)) {
        struct vg_packet_run *run = NULL;
        if (vg_packet_ring_cut(readers->ring, &all, &run))
            continue;
        wrong |= !run->packet[0].key;
        for (size_t i = 0; i < run->count; i++)
            wrong |= run->packet[i].data[run->packet[i].size - 1] != 0x5A;
        vg_packet_run_free(&run);
        atomic_fetch_add(&readers->taken, 1);
    }
    return wrong ? readers : NULL;
}

static void many_threads(void **state)
{
    (void)state;
    struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    settings.packets_max = 64;
    struct readers readers = {.ring = open_ring(&settings, AV_CODEC_ID_H264)};
    pthread_t thread[2];
    void *wrong[2] = {NULL, NULL};
    assert_int_equal(pthread_create(&thread[0], NULL, follow_all, &readers), 0);
    assert_int_equal(pthread_create(&thread[1], NULL, cut_all, &readers), 0);
    const struct vg_mono_time begin = vg_mono_now();
    for (int i = 0; i < 5000 || atomic_load(&readers.taken) < 1000; i++) {
        push_size(readers.ring, 1 + i % 997, (i + 1) * (S / 25), i % 12 == 0);
        if (i % 1000 == 999)
            vg_packet_ring_clear(readers.ring);
        assert_true(vg_mono_now().us - begin.us < 20 * S);
    }
    atomic_store(&readers.over, true);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(thread[i], &wrong[i]), 0);
    assert_null(wrong[0]);
    assert_null(wrong[1]);
    vg_packet_ring_close(&readers.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds),
        cmocka_unit_test(held),
        cmocka_unit_test(settings_refused),
        cmocka_unit_test(any_sizes),
        cmocka_unit_test(copied),
        cmocka_unit_test(blocks_fit),
        cmocka_unit_test(sets_of_keys),
        cmocka_unit_test(slow_follower),
        cmocka_unit_test(bell),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
