/* MPEG-TS by UDP: senders that go and come, plain and within RTP, stamps that wrap, losses, what is no
 * video.
 * labels: threads waits */
#include "tests/given_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "src/media/source.h"

struct rig {
    struct media_folder folder;
    char h264[512], mpeg4[512], ts[512], wrapping[512], sound[512];
};

static void a_sender_goes_and_another_comes(void **state)
{
    const struct rig *rig = *state;
    const unsigned port = free_port(SOCK_DGRAM);
    char ours[128], theirs[128];
    struct camera_child camera;
    struct vg_packet packet;
    (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
    (void)snprintf(theirs, sizeof theirs, "udp://127.0.0.1:%u?pkt_size=1316", port);
    const char *const options[] = {"--push", theirs, NULL};
    struct vg_source_settings settings = live(ours);
    settings.network.may_visit = loopback;
    struct vg_source *source = open_live(&settings);
    expect_nothing(source);
    const int64_t start_us = vg_mono_now().us;
    camera_start_with(&camera, options, rig->h264);
    expect_video(source, AV_CODEC_ID_H264, 0);
    assert_true(vg_mono_now().us - start_us < 2 * S);
    for (int i = 0; i < 10; i++)
        assert_int_equal(vg_source_read(source, &packet), VG_OK);
    const struct vg_source_link link = vg_source_link(source);
    assert_int_equal(link.transport, VG_TRANSPORT_UDP);
    assert_true(link.packets > 20 && link.lost == 0);
    camera_kill(&camera);
    assert_int_equal(read_out(source), VG_E_TIMEOUT);
    const uint32_t version = vg_source_about(source).codec_version;
    assert_int_equal(vg_source_read(source, &packet), VG_E_TIMEOUT); /* still */
    camera_start_with(&camera, options, rig->mpeg4);
    assert_int_equal(next(source, &packet), VG_OK);
    assert_true(packet.restarted);
    assert_true(vg_source_about(source).codec_version != version);
    assert_int_equal(vg_source_about(source).codec->codec_id, AV_CODEC_ID_MPEG4);
    camera_kill(&camera);
    vg_source_close(&source);
}

#define CUT_MAX 1400

enum wrapping {
    PLAIN,
    WITHIN_RTP
};

struct sender {
    int fd;
    struct sockaddr_in to;
    uint16_t sequence;
};

static void send_datagram(struct sender *sender, enum wrapping wrapping, const uint8_t *data,
                          size_t size)
{
    uint8_t packet[12 + CUT_MAX] = {0x80, 33, (uint8_t)(sender->sequence >> 8),
                                    (uint8_t)sender->sequence};
    const size_t head = wrapping == WITHIN_RTP ? 12 : 0;
    memcpy(packet + head, data, size);
    sender->sequence++;
    assert_int_equal(sendto(sender->fd, packet, head + size, 0,
                            (const struct sockaddr *)&sender->to, sizeof sender->to),
                     head + size);
}

/* The file in datagrams of `cut` bytes: the one numbered `lost` left out, that numbered `late` after the
 * next. */
static void send_cut(struct sender *sender, enum wrapping wrapping, const char *path, size_t cut,
                     int lost, int late)
{
    uint8_t data[CUT_MAX], kept[CUT_MAX];
    size_t size = 0, kept_size = 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(cut <= sizeof data);
    for (int i = 0; (size = fread(data, 1, cut, file)) > 0; i++) {
        if (i == late) {
            memcpy(kept, data, size);
            kept_size = size;
            sender->sequence++;
        } else if (i == lost) {
            sender->sequence++;
        } else {
            send_datagram(sender, wrapping, data, size);
        }
        if (i == late + 1 && kept_size) {
            sender->sequence = (uint16_t)(sender->sequence - 2);
            send_datagram(sender, wrapping, kept, kept_size);
            sender->sequence++;
        }
    }
    (void)fclose(file);
}

static void send_file(struct sender *sender, enum wrapping wrapping, const char *path, int lost,
                      int late)
{
    send_cut(sender, wrapping, path, (size_t)7 * 188, lost, late);
}

static void a_transport_stream_is_read_whole(void **state)
{
    const struct rig *rig = *state;
    const struct {
        const char *name, *file;
        enum wrapping wrapping;
        size_t cut;
        int lost, late;
        bool loses;
    } rows[] = {{"plain", rig->ts, PLAIN, 1316, -1, -9, false},
                {"within RTP", rig->ts, WITHIN_RTP, 1316, -1, -9, false},
                {"the stamps wrap", rig->wrapping, PLAIN, 1316, -1, -9, false},
                {"out of order", rig->ts, WITHIN_RTP, 1316, -1, 6, false},
                {"one lost of RTP", rig->ts, WITHIN_RTP, 1316, 6, -9, true},
                {"one lost", rig->ts, PLAIN, 1316, 6, -9, true},
                {"cut anywhere", rig->ts, PLAIN, 1400, -1, -9, false},
                {"cut anywhere, shorter", rig->ts, PLAIN, 701, -1, -9, false},
                {"cut anywhere, the stamps wrap", rig->wrapping, PLAIN, 1399, -1, -9, false},
                {"cut anywhere within RTP", rig->ts, WITHIN_RTP, 1400, -1, -9, false},
                {"cut and out of order", rig->ts, WITHIN_RTP, 1400, -1, 6, false},
                {"cut within RTP, one lost", rig->ts, WITHIN_RTP, 1400, 6, -9, true},
                {"cut, one lost", rig->ts, PLAIN, 1400, 6, -9, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned port = free_port(SOCK_DGRAM);
        struct sender sender = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .to = at_port(port)};
        struct vg_packet packet;
        char ours[128];
        int packets = 0, damaged = 0, steps = 0;
        int64_t last = VG_PTS_NONE;
        print_message("%s\n", rows[i].name);
        (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
        const struct vg_source_settings settings = live(ours);
        struct vg_source *source = open_live(&settings);
        send_datagram(&sender, PLAIN, (const uint8_t *)"no transport stream", 19);
        sender.sequence = 65530;
        send_cut(&sender, rows[i].wrapping, rows[i].file, rows[i].cut, rows[i].lost, rows[i].late);
        enum vg_status status = next(source, &packet);
        for (; status == VG_OK; status = vg_source_read(source, &packet)) {
            assert_true(packet.key == (packets == 0 || packets % 10 == 0) || rows[i].loses);
            steps += last != VG_PTS_NONE && packet.data->pts - last == 3600;
            last = packet.data->pts;
            damaged += packet.damaged;
            packets++;
        }
        assert_int_equal(status, VG_E_TIMEOUT);
        const struct vg_source_link link = vg_source_link(source);
        assert_true((link.lost > 0) == rows[i].loses);
        assert_true((damaged > 0) == rows[i].loses);
        if (rows[i].wrapping == WITHIN_RTP)
            assert_int_equal(link.lost, rows[i].loses);
        if (!rows[i].loses) {
            assert_int_equal(packets, 50);
            assert_int_equal(steps, 49);
        }
        vg_source_close(&source);
        (void)close(sender.fd);
    }
}

static void what_is_no_video_is_none(void **state)
{
    const struct rig *rig = *state;
    const unsigned port = free_port(SOCK_DGRAM);
    struct sender sender = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .to = at_port(port)};
    static const uint8_t nothing[188] = {0x47, 0x1f, 0xff, 0x10};
    struct vg_source *other = NULL;
    struct vg_packet packet;
    char ours[128];
    (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
    struct vg_source_settings settings = live(ours);
    struct vg_source *source = open_live(&settings);
    assert_int_equal(vg_source_open(&other, &settings, NULL), VG_E_LACK); /* the port is taken */
    send_datagram(&sender, PLAIN, nothing, sizeof nothing); /* packets, but no programs */
    assert_int_equal(next(source, &packet), VG_E_INPUT);
    send_file(&sender, PLAIN, rig->sound, -1, -9);
    assert_int_equal(next(source, &packet), VG_E_TIMEOUT);
    for (int i = 0; i < 20; i++) /* another kind of stream */
        send_datagram(&sender, PLAIN, (const uint8_t *)"no transport stream", 19);
    assert_int_equal(next(source, &packet), VG_E_INPUT);
    send_datagram(&sender, PLAIN, (const uint8_t *)"lost its way", 12);
    assert_int_equal(next(source, &packet), VG_E_TIMEOUT);
    send_file(&sender, PLAIN, rig->ts, -1, -9);
    assert_int_equal(next(source, &packet), VG_OK);
    vg_source_close(&source);
    settings.network.may_visit = nobody; /* a stranger */
    source = open_live(&settings);
    send_file(&sender, PLAIN, rig->ts, -1, -9);
    expect_nothing(source);
    vg_source_close(&source);
    (void)close(sender.fd);
}

struct flood {
    struct sender sender;
    const char *file; /* again and again; NULL: nonsense */
    _Atomic bool over;
    pthread_t thread;
};

static void *pour(void *arg)
{
    struct flood *flood = arg;
    while (!flood->over)
        if (flood->file)
            send_file(&flood->sender, PLAIN, flood->file, -1, -9);
        else
            send_datagram(&flood->sender, PLAIN, (const uint8_t *)"nonsense", 8);
    return NULL;
}

/* However much comes that is of no use, a read ends in time. */
static void a_flood_does_not_hold_a_read_up(void **state)
{
    const struct rig *rig = *state;
    const struct {
        const char *file;
        enum vg_status status;
    } rows[] = {{NULL, VG_E_INPUT}, {rig->sound, VG_E_TIMEOUT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned port = free_port(SOCK_DGRAM);
        struct flood flood = {.sender = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .to = at_port(port)},
                              .file = rows[i].file};
        struct vg_packet packet;
        char ours[128];
        (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
        const struct vg_source_settings settings = live(ours);
        struct vg_source *source = open_live(&settings);
        assert_int_equal(pthread_create(&flood.thread, NULL, pour, &flood), 0);
        const int64_t start_us = vg_mono_now().us;
        enum vg_status status = vg_source_read(source, &packet);
        if (status == VG_E_STATE && rows[i].file) /* it has begun */
            status = vg_source_read(source, &packet);
        assert_int_equal(status, rows[i].status);
        assert_true(vg_mono_now().us - start_us < 2 * S);
        flood.over = true;
        (void)pthread_join(flood.thread, NULL);
        vg_source_close(&source);
        (void)close(flood.sender.fd);
    }
}

static void make_clips(struct rig *rig)
{
    static const char *const h264[] = {"-c:v", "libx264", "-preset", "ultrafast", "-bf",
                                       "0",    "-g",      "10",      NULL};
    static const char *const mpeg4[] = {"-c:v", "mpeg4", "-g", "10", NULL};
    static const char *const wrap[] = {"-c:v", "libx264", "-preset", "ultrafast",         "-bf",
                                       "0",    "-g",      "10",      "-output_ts_offset", "95441.5",
                                       NULL};
    static const char *const sound[] = {"-c:a", "mp2", NULL};
    const struct {
        const char *name, *what;
        const char *const *options;
        char *path;
    } rows[] = {{"h264.mp4", "testsrc2=s=320x240:r=25:d=0.4", h264, rig->h264},
                {"mpeg4.mp4", "testsrc2=s=320x240:r=25:d=0.4", mpeg4, rig->mpeg4},
                {"plain.ts", "testsrc2=s=128x96:r=25:d=2", h264, rig->ts},
                {"wrapping.ts", "testsrc2=s=128x96:r=25:d=2", wrap, rig->wrapping},
                {"sound.ts", "sine=d=1", sound, rig->sound}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make_clip(&rig->folder, rows[i].name, rows[i].what, rows[i].options);
        folder_file(&rig->folder, rows[i].name, rows[i].path, sizeof rig->ts);
    }
}

int main(void)
{
    static struct rig rig;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_sender_goes_and_another_comes, &rig),
        cmocka_unit_test_prestate(a_transport_stream_is_read_whole, &rig),
        cmocka_unit_test_prestate(what_is_no_video_is_none, &rig),
        cmocka_unit_test_prestate(a_flood_does_not_hold_a_read_up, &rig),
    };
    folder_open(&rig.folder);
    make_clips(&rig);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_close(&rig.folder);
    return failed;
}
