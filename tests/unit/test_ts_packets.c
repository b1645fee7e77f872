/* Packets of a transport stream by their heads alone, and stamps that wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/media/ts_packets.h"

#define BYTES VG_TS_PACKET_BYTES

struct packet {
    unsigned pid, counter;
    const char *flags; /* s: begins something; n: no payload; b: says a break */
};

static void write_packet(const struct packet *packet, uint8_t out[BYTES])
{
    memset(out, 0xff, BYTES);
    const bool says_break = strchr(packet->flags, 'b') != NULL;
    out[0] = 0x47;
    out[1] = (uint8_t)((strchr(packet->flags, 's') ? 0x40 : 0) | packet->pid >> 8);
    out[2] = (uint8_t)packet->pid;
    out[3] = (uint8_t)((strchr(packet->flags, 'n') ? 0x20
                        : says_break               ? 0x30
                                                   : 0x10) |
                       packet->counter);
    out[4] = says_break ? 1 : 0xb7;
    out[5] = says_break ? 0x80 : 0;
}

static void counts_what_is_missing(void **state)
{
    static const struct {
        const char *name;
        struct packet packets[4];
        uint64_t lost, watched;
    } rows[] = {
        {"in order", {{256, 14, ""}, {256, 15, ""}, {256, 0, ""}, {256, 1, ""}}, 0, 0},
        {"two missing", {{256, 14, ""}, {256, 1, ""}, {256, 2, ""}, {256, 3, ""}}, 2, 2},
        {"of another", {{257, 14, ""}, {256, 1, ""}, {257, 0, ""}, {256, 2, ""}}, 1, 0},
        {"sent twice", {{256, 5, ""}, {256, 5, ""}, {256, 6, ""}, {256, 7, ""}}, 0, 0},
        {"without payload", {{256, 5, ""}, {256, 5, "n"}, {256, 5, "n"}, {256, 6, ""}}, 0, 0},
        {"says a break", {{256, 5, ""}, {256, 11, "b"}, {256, 12, ""}, {256, 13, ""}}, 0, 0},
        {"filling", {{0x1fff, 5, ""}, {0x1fff, 9, ""}, {256, 1, ""}, {0x1fff, 3, ""}}, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_ts_meter meter = {.watched = 256};
        uint8_t data[4 * BYTES];
        for (size_t p = 0; p < 4; p++)
            write_packet(&rows[i].packets[p], data + p * BYTES);
        vg_ts_meter_take(&meter, data, BYTES);
        vg_ts_meter_take(&meter, data + BYTES, 3 * BYTES);
        if (meter.packets != 4 || meter.lost != rows[i].lost ||
            meter.watched_lost != rows[i].watched)
            fail_msg("%s: %u lost", rows[i].name, (unsigned)meter.lost);
    }
}

static void finds_whole_packets_and_programs(void **state)
{
    static const struct packet packets[] = {{256, 0, "s"}, {0, 0, ""}, {0, 1, "s"}};
    uint8_t data[3 * BYTES + 1];
    (void)state;
    for (size_t p = 0; p < 3; p++)
        write_packet(&packets[p], data + p * BYTES);
    assert_true(vg_ts_whole(data, 3 * BYTES));
    assert_false(vg_ts_whole(data, 0));
    assert_false(vg_ts_whole(data, BYTES - 1));
    assert_false(vg_ts_whole(data, 3 * BYTES + 1));
    assert_false(vg_ts_whole(data + 1, BYTES));
    assert_int_equal(vg_ts_find_programs(data, 3 * BYTES), 2 * BYTES);
    assert_int_equal(vg_ts_find_programs(data, 2 * BYTES), 2 * BYTES); /* none */
    data[BYTES] = 0;
    assert_false(vg_ts_whole(data, 3 * BYTES));
}

static void stamps_go_on(void **state)
{
    const int64_t span = INT64_C(1) << 33;
    const struct {
        const char *name;
        int64_t stamps[4], want[4];
    } rows[] = {
        {"steady", {5, 10, 15, 20}, {5, 10, 15, 20}},
        {"wraps", {span - 2, 3, 8, 4}, {span - 2, span + 3, span + 8, span + 4}},
        {"steps back", {10, 4, 20, 15}, {10, 4, 20, 15}},
        {"back over the wrap", {1, span - 1, 2, 3}, {1, -1, 2, 3}},
        {"wraps twice",
         {span - 1, span / 3, span / 3 * 2, 1},
         {span - 1, span + span / 3, span + span / 3 * 2, 2 * span + 1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_ts_clock clock = {0};
        for (size_t k = 0; k < 4; k++)
            if (vg_ts_clock_unwrap(&clock, rows[i].stamps[k]) != rows[i].want[k])
                fail_msg("%s: stamp %u", rows[i].name, (unsigned)k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_missing),
        cmocka_unit_test(finds_whole_packets_and_programs),
        cmocka_unit_test(stamps_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
