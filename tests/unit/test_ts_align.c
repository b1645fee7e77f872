/* Whole packets out of a stream that is cut anywhere: all of them, in order, whatever the pieces; after
 * a loss soon again; of what is no such stream next to none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/random.h"
#include "src/media/ts_align.h"

#define PACKETS 200u
#define BYTES   ((size_t)VG_TS_PACKET_BYTES)

/* Each packet has its number in it, and else anything: sync bytes, too. */
static void make_stream(uint8_t *stream, struct vg_random *random)
{
    for (size_t i = 0; i < PACKETS; i++) {
        uint8_t *packet = stream + i * BYTES;
        for (size_t b = 0; b < BYTES; b++)
            packet[b] =
                vg_random_below(random, 4) == 0 ? VG_TS_SYNC : (uint8_t)vg_random_u32(random);
        packet[0] = VG_TS_SYNC;
        packet[4] = (uint8_t)i;
        packet[187] = (uint8_t)(i ^ 0xff);
    }
}

struct taken {
    uint8_t bytes[(PACKETS + 8) * VG_TS_PACKET_BYTES];
    size_t size;
};

static void put(struct vg_ts_align *align, const uint8_t *data, size_t size, struct taken *taken)
{
    const uint8_t *packets = NULL;
    size_t got = 0;
    do {
        got = vg_ts_align_take(align, &data, &size, &packets);
        assert_int_equal(got % BYTES, 0);
        assert_true(taken->size + got <= sizeof taken->bytes);
        for (size_t at = 0; at < got; at += BYTES)
            assert_int_equal(packets[at], VG_TS_SYNC);
        memcpy(taken->bytes + taken->size, packets, got);
        taken->size += got;
    } while (got > 0 || size > 0);
}

/* Of the same length, or with 0 of any. */
static size_t piece_of(size_t length, struct vg_random *random)
{
    return length ? length : 1 + vg_random_below(random, 1500);
}

static void all_come_out(void **state)
{
    static const size_t lengths[] = {1,   2,   47,   187,  188,  189,  376,
                                     564, 700, 1316, 1400, 3008, 9000, 0};
    static uint8_t stream[64 + PACKETS * VG_TS_PACKET_BYTES];
    static struct taken taken;
    struct vg_random random;
    (void)state;
    vg_random_seed(&random, 13);
    for (size_t r = 0; r < sizeof lengths / sizeof *lengths; r++) {
        for (size_t junk = 0; junk <= 64; junk += 16) {
            struct vg_ts_align align = {.found = false};
            memset(stream, 'x', junk);
            make_stream(stream + junk, &random);
            taken.size = 0;
            for (size_t at = 0; at < junk + PACKETS * BYTES;) {
                const size_t piece = piece_of(lengths[r], &random);
                const size_t left = junk + PACKETS * BYTES - at;
                put(&align, stream + at, piece < left ? piece : left, &taken);
                at += piece;
            }
            /* sync bytes in the packets may hide the begin for a while, never what is behind it */
            assert_true(taken.size >= (PACKETS - 12) * BYTES);
            assert_memory_equal(taken.bytes + taken.size - (PACKETS - 12) * BYTES,
                                stream + junk + 12 * BYTES, (PACKETS - 12) * BYTES);
        }
    }
}

static bool is_sound(const uint8_t *packet)
{
    return (packet[187] ^ packet[4]) == 0xff;
}

/* One piece in ten is lost: no more than some packets around each hole go with it. */
static void goes_on_after_a_loss(void **state)
{
    static uint8_t stream[PACKETS * VG_TS_PACKET_BYTES];
    static struct taken taken;
    struct vg_random random;
    size_t pieces = 0, sound = 0, unsound = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct vg_ts_align align = {.found = false};
        vg_random_seed(&random, seed);
        make_stream(stream, &random);
        taken.size = 0;
        for (size_t at = 0; at < sizeof stream; at += 1400) {
            const size_t left = sizeof stream - at;
            if (at > 0 && vg_random_below(&random, 10) == 0)
                continue;
            put(&align, stream + at, left < 1400 ? left : 1400, &taken);
            pieces++;
        }
        for (size_t at = 0; at < taken.size; at += BYTES) {
            sound += is_sound(taken.bytes + at);
            unsound += !is_sound(taken.bytes + at);
        }
    }
    (void)printf("%zu pieces, %zu sound packets, %zu not\n", pieces, sound, unsound);
    assert_true(sound > pieces * 1400 / BYTES * 8 / 10);
    assert_true(unsound * 20 < sound);
}

static void other_streams_give_nothing(void **state)
{
    static uint8_t noise[64 * 1400];
    static struct taken taken;
    struct vg_ts_align align = {.found = false};
    struct vg_random random;
    (void)state;
    vg_random_seed(&random, 7);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)vg_random_u32(&random);
    taken.size = 0;
    for (size_t at = 0; at < sizeof noise; at += 1400)
        put(&align, noise + at, 1400, &taken);
    assert_true(taken.size <= 8 * BYTES);
    put(&align, noise, 0, &taken); /* nothing */
    assert_true(align.held <= sizeof align.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_come_out),
        cmocka_unit_test(goes_on_after_a_loss),
        cmocka_unit_test(other_streams_give_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
