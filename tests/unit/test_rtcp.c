/* Heads of RTP packets, RTCP both ways, the clock of 32 bits, reception as reported; and a stream
 * over a network that loses, with its counts and its wall clock. */
#include "tests/rtp_fixture.h"

#include <libavcodec/packet.h>

#include "src/media/rtcp.h"
#include "src/media/rtp_clock.h"
#include "src/media/rtp_packet.h"
#include "src/media/rtp_reception.h"
#include "src/media/rtp_stream.h"

#define NTP_1970 UINT64_C(2208988800)

/* ---- heads ---- */

static const struct {
    const char *name, *packet;
    int payload; /* its bytes; -1: refused */
    int at;      /* where it begins */
} heads[] = {
    {"plain", "80 60 0001 00000002 00000003 aabb", 2, 12},
    {"no payload", "80 60 0001 00000002 00000003", 0, 12},
    {"too short", "80 60 0001 00000002 000000", -1, 0},
    {"version 1", "40 60 0001 00000002 00000003 aa", -1, 0},
    {"two sources", "82 60 0001 00000002 00000003 00000004 00000005 aa", 1, 20},
    {"sources beyond the end", "83 60 0001 00000002 00000003 00000004 00000005 aa", -1, 0},
    {"extension", "90 60 0001 00000002 00000003 bede 0001 01020304 aa", 1, 20},
    {"extension without words", "90 60 0001 00000002 00000003 bede 0000 aa", 1, 16},
    {"extension beyond the end", "90 60 0001 00000002 00000003 bede 0002 01020304 aa", -1, 0},
    {"extension cut short", "90 60 0001 00000002 00000003 bede 00", -1, 0},
    {"padding", "a0 60 0001 00000002 00000003 aa 0003 03", 1, 12},
    {"padding alone", "a0 60 0001 00000002 00000003 0002", 0, 12},
    {"padding of nothing", "a0 60 0001 00000002 00000003 aa 00", -1, 0},
    {"padding beyond the payload", "a0 60 0001 00000002 00000003 aa 03", -1, 0},
    {"padding without a byte", "a0 60 0001 00000002 00000003", -1, 0},
};

static void heads_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        uint8_t bytes[64];
        struct vg_rtp_packet packet;
        const size_t size = from_hex(heads[i].packet, bytes, sizeof bytes);
        const enum vg_status status = vg_rtp_packet_read(bytes, size, &packet);
        if (status != (heads[i].payload < 0 ? VG_E_INPUT : VG_OK))
            fail_msg("%s: status %d", heads[i].name, status);
        if (status)
            continue;
        if ((int)packet.payload_bytes != heads[i].payload || packet.payload - bytes != heads[i].at)
            fail_msg("%s: %zu bytes at %td", heads[i].name, packet.payload_bytes,
                     packet.payload - bytes);
        assert_true(packet.payload_type == 96 && packet.sequence == 1 && packet.timestamp == 2 &&
                    packet.ssrc == 3 && !packet.marker && packet.bytes == size);
    }
}

/* ---- reports ---- */

static const struct {
    const char *name, *packet;
    int status;
    bool report;
    uint32_t byes;
} compounds[] = {
    {"a sender report", "80c80006 11223344 e0000000 80000000 00001000 00000001 00000002", 0, true,
     0},
    {"with a description and a BYE",
     "80c80006 11223344 e0000000 80000000 00001000 00000001 00000002"
     "81ca0002 11223344 00000000 81cb0001 11223344",
     0, true, 1},
    {"a BYE of two, with a reason", "82cb0003 00000001 00000002 02686900", 0, false, 2},
    {"a BYE that counts more than it has", "9fcb0001 00000001", 0, false, 1},
    {"a report cut short in its own words", "80c80001 11223344", 0, false, 0},
    {"a length beyond the end", "80c80007 11223344 e0000000 80000000 00001000 00000001 00000002",
     VG_E_INPUT, false, 0},
    {"version 1", "40c80000", VG_E_INPUT, false, 0},
    {"not RTCP", "80600000", VG_E_INPUT, false, 0},
    {"a rest of two bytes", "80c90001 00000001 80c9", VG_E_INPUT, false, 0},
    {"nothing", "", VG_E_INPUT, false, 0},
};

static void reports_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof compounds / sizeof *compounds; i++) {
        uint8_t bytes[128];
        struct vg_rtcp_news news;
        const size_t size = from_hex(compounds[i].packet, bytes, sizeof bytes);
        const int status = vg_rtcp_read(bytes, size, &news);
        if (status != compounds[i].status ||
            (status == VG_OK &&
             (news.report != compounds[i].report || news.bye_count != compounds[i].byes)))
            fail_msg("%s: status %d, %u leave", compounds[i].name, status, news.bye_count);
        if (status == VG_OK && news.report)
            assert_true(news.report_ssrc == 0x11223344 && news.report_stamp == 0x1000 &&
                        news.report_ntp == UINT64_C(0xe000000080000000));
    }
}

static void our_report(void **state)
{
    (void)state;
    static const struct vg_rtcp_block block = {.ssrc = 0x11223344,
                                               .lost_frac = 300,
                                               .lost = -3,
                                               .sequence_max = 0x10002,
                                               .jitter = 77,
                                               .report_ntp = UINT64_C(0x1111222233334444),
                                               .report_age_us = 2500000};
    static const char want[] =
        "81c90007 aabbccdd 11223344 fffffffd 00010002 0000004d 22223333 "
        "00028000 81ca0006 aabbccdd 010e 76696769652d6161626263636464 00000000";
    uint8_t bytes[128], expected[128];
    memset(bytes, 0xee, sizeof bytes);
    const size_t size = from_hex(want, expected, sizeof expected);
    assert_int_equal(vg_rtcp_write(0xaabbccdd, &block, bytes, sizeof bytes), size);
    assert_int_equal(size, VG_RTCP_REPORT_SIZE);
    assert_memory_equal(bytes, expected, size);
    assert_int_equal(bytes[size], 0xee);
    /* it is RTCP by our own reading too; and without a block */
    struct vg_rtcp_news news;
    assert_int_equal(vg_rtcp_read(bytes, size, &news), VG_OK);
    assert_int_equal(vg_rtcp_write(1, NULL, bytes, sizeof bytes), size - 24);
    assert_memory_equal(bytes, "\x80\xc9\0\1\0\0\0\1", 8);
    assert_int_equal(vg_rtcp_read(bytes, size - 24, &news), VG_OK);
}

static void lost_is_cut_to_24_bits(void **state)
{
    (void)state;
    static const struct {
        int64_t lost;
        uint32_t want;
    } rows[] = {{0, 0}, {5, 5}, {-1, 0xffffff}, {1 << 23, 0x7fffff}, {-(1 << 24), 0x800000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[VG_RTCP_REPORT_SIZE];
        const struct vg_rtcp_block block = {.lost = rows[i].lost};
        (void)vg_rtcp_write(1, &block, bytes, sizeof bytes);
        assert_int_equal(vg_rtp_u32(bytes + 12) & 0xffffff, rows[i].want);
    }
}

/* ---- clock ---- */

static void stamps_of_64_bits(void **state)
{
    (void)state;
    struct vg_rtp_clock clock;
    vg_rtp_clock_init(&clock, 90000);
    assert_int_equal(vg_rtp_clock_pts(&clock, 4294967290u), 0);
    assert_int_equal(vg_rtp_clock_pts(&clock, 4294967295u), 5);
    assert_int_equal(vg_rtp_clock_pts(&clock, 10), 16);
    assert_int_equal(vg_rtp_clock_pts(&clock, 4294967290u), 0); /* B pictures step back */
    assert_int_equal(vg_rtp_clock_pts(&clock, 4294967280u), -10);
    /* three turns, in steps of an hour */
    uint32_t stamp = 4294967280u;
    int64_t pts = -10;
    for (int i = 0; i < 40; i++) {
        stamp += 324000000u;
        pts += 324000000;
        assert_int_equal(vg_rtp_clock_pts(&clock, stamp), pts);
    }
    assert_true(pts > INT64_C(3) << 32);
    vg_rtp_clock_restart(&clock, 9000);
    assert_int_equal(vg_rtp_clock_pts(&clock, 5), pts + 9000);
    assert_int_equal(vg_rtp_clock_pts(&clock, 6), pts + 9001);
}

static void wall_clock(void **state)
{
    (void)state;
    struct vg_rtp_clock clock;
    struct vg_wall_time wall;
    vg_rtp_clock_init(&clock, 90000);
    assert_false(vg_rtp_clock_wall(&clock, 0, &wall));
    vg_rtp_clock_report(&clock, 0, 1); /* a sender without a clock */
    assert_false(vg_rtp_clock_wall(&clock, 0, &wall));
    /* before the first unit, on the other side of the turn */
    vg_rtp_clock_report(&clock, (NTP_1970 + 1000) << 32 | UINT32_C(0x40000000), 4294967291u);
    assert_false(vg_rtp_clock_wall(&clock, 0, &wall));
    assert_int_equal(vg_rtp_clock_pts(&clock, 89995), 0); /* 1 s later */
    assert_true(vg_rtp_clock_wall(&clock, 0, &wall));
    assert_int_equal(wall.us, 1001250000);
    assert_true(vg_rtp_clock_wall(&clock, -45000, &wall));
    assert_int_equal(wall.us, 1000750000);
    /* the newest counts */
    vg_rtp_clock_report(&clock, (NTP_1970 + 2000) << 32, 89995);
    assert_true(vg_rtp_clock_wall(&clock, 90000, &wall));
    assert_int_equal(wall.us, 2001000000);
    vg_rtp_clock_restart(&clock, 1);
    (void)vg_rtp_clock_pts(&clock, 7);
    assert_false(vg_rtp_clock_wall(&clock, 0, &wall));
    /* 2036: the seconds begin again */
    assert_int_equal(vg_ntp_wall(UINT64_C(1) << 32).us,
                     (INT64_C(4294967297) - 2208988800) * 1000000);
}

/* ---- reception ---- */

static void fraction_and_jitter(void **state)
{
    (void)state;
    struct vg_rtp_reception reception;
    struct vg_rtp_sequences sequences = {true, 9, 100, 199, 90};
    vg_rtp_reception_init(&reception, 90000, 1);
    const struct vg_mono_time later = {3000000};
    vg_rtp_reception_report(&reception, 77, (struct vg_mono_time){1000000});
    struct vg_rtcp_block block = vg_rtp_reception_block(&reception, &sequences, later);
    assert_true(block.lost == 10 && block.lost_frac == 25 && block.sequence_max == 199 &&
                block.report_age_us == 2000000 && block.report_ntp == 77);
    sequences.highest += 100;
    sequences.received += 50;
    block = vg_rtp_reception_block(&reception, &sequences, later);
    assert_true(block.lost == 60 && block.lost_frac == 128);
    sequences.highest += 10;
    sequences.received += 20; /* doubles */
    block = vg_rtp_reception_block(&reception, &sequences, later);
    assert_true(block.lost == 50 && block.lost_frac == 0);
    block = vg_rtp_reception_block(&reception, &sequences, later);
    assert_int_equal(block.lost_frac, 0);
    /* every second packet comes 10 ms late: the mean change is 10 ms, and so the jitter */
    for (uint32_t i = 0; i < 400; i++)
        vg_rtp_reception_packet(&reception, i * 3600,
                                (struct vg_mono_time){i * INT64_C(40000) + i % 2 * 10000});
    assert_in_range(vg_rtp_reception_jitter_us(&reception), 9900, 10100);
    vg_rtp_reception_restart(&reception);
    assert_int_equal(vg_rtp_reception_jitter_us(&reception), 0);
}

static void reports_are_due(void **state)
{
    (void)state;
    for (uint32_t ssrc = 1; ssrc < 50; ssrc++) {
        struct vg_rtp_reception reception;
        int64_t before_us = 0;
        int count = 0;
        vg_rtp_reception_init(&reception, 90000, ssrc);
        for (int64_t us = 0; us < 100 * VG_US_PER_S; us += 10000)
            if (vg_rtp_reception_due(&reception, (struct vg_mono_time){us})) {
                assert_in_range(us - before_us, 2500000, 7510000);
                before_us = us;
                count++;
            }
        assert_in_range(count, 14, 28);
    }
}

/* ---- a stream ---- */

static void give(struct vg_rtp_stream *stream, uint32_t ssrc, uint32_t sequence, uint32_t stamp,
                 int64_t now_us)
{
    static const uint8_t payload[3] = {0x41, 0x9a, 1};
    const struct rtp_bytes packet = rtp_make(&(struct rtp_spec){.ssrc = ssrc,
                                                                .stamp = stamp,
                                                                .sequence = sequence,
                                                                .payload_type = 96,
                                                                .marker = 1,
                                                                .payload = payload,
                                                                .size = sizeof payload});
    vg_rtp_stream_give(stream, packet.data, packet.size, (struct vg_mono_time){now_us});
}

static const struct vg_sdp_video h264 = {
    .codec = VG_RTP_H264, .payload_type = 96, .clock_hz = 90000};

/* By UDP: a hole is waited for, then told; another sender goes on in time. */
static void stream_over_a_network(void **state)
{
    (void)state;
    const struct vg_rtp_settings settings = {VG_RTP_ANY_ORDER, 60000, 0x77};
    struct vg_rtp_stream *stream = NULL;
    struct vg_rtp_unit unit;
    struct vg_wall_time wall;
    assert_int_equal(vg_rtp_stream_open(&stream, &h264, &settings), VG_OK);
    give(stream, 1, 65535, 4294967000u, 1000000);
    assert_int_equal(vg_rtp_stream_take(stream, &unit), VG_OK);
    assert_false(unit.damaged);
    give(stream, 1, 1, 6904, 1080000); /* 0 is missing */
    assert_int_equal(vg_rtp_stream_take(stream, &unit), VG_E_END);
    assert_int_equal(vg_rtp_stream_due_us(stream), 1140000);
    vg_rtp_stream_tick(stream, (struct vg_mono_time){1139999});
    assert_int_equal(vg_rtp_stream_take(stream, &unit), VG_E_END);
    vg_rtp_stream_tick(stream, (struct vg_mono_time){1140000});
    assert_int_equal(vg_rtp_stream_take(stream, &unit), VG_OK);
    assert_true(unit.damaged && unit.data->pts == 7200 && unit.arrival.us == 1080000);
    assert_int_equal(unit.data->flags & AV_PKT_FLAG_CORRUPT, AV_PKT_FLAG_CORRUPT);
    /* the wall clock, from a report of another source, until one of its own comes */
    struct rtp_bytes report = rtcp_report(55, (NTP_1970 + 100) << 32, 6904);
    vg_rtp_stream_give_report(stream, report.data, report.size, (struct vg_mono_time){1200000});
    assert_true(vg_rtp_stream_wall(stream, 7200, &wall));
    assert_int_equal(wall.us, 100000000);
    report = rtcp_report(1, (NTP_1970 + 200) << 32, 6904);
    vg_rtp_stream_give_report(stream, report.data, report.size, (struct vg_mono_time){1200000});
    report = rtcp_report(55, (NTP_1970 + 300) << 32, 6904);
    vg_rtp_stream_give_report(stream, report.data, report.size, (struct vg_mono_time){1200000});
    assert_true(vg_rtp_stream_wall(stream, 7200 + 90000, &wall));
    assert_int_equal(wall.us, 201000000);
    /* another sender, 1 s after the last unit */
    give(stream, 2, 500, 77, 2080000);
    assert_int_equal(vg_rtp_stream_take(stream, &unit), VG_E_END);
    give(stream, 2, 501, 3677, 2090000);
    assert_int_equal(vg_rtp_stream_take(stream, &unit), VG_OK);
    assert_true(unit.damaged && unit.data->pts == 7200 + 90000);
    assert_int_equal(vg_rtp_stream_take(stream, &unit), VG_OK);
    assert_true(!unit.damaged && unit.data->pts == 7200 + 93600);
    assert_false(vg_rtp_stream_wall(stream, 0, &wall));
    /* it leaves; another one does as well */
    static const uint8_t bye[] = {0x82, 203, 0, 2, 0, 0, 0, 2, 0, 0, 0, 9};
    vg_rtp_stream_give_report(stream, bye, sizeof bye, (struct vg_mono_time){2100000});
    /* nonsense */
    vg_rtp_stream_give(stream, bye, 3, (struct vg_mono_time){2100000});
    vg_rtp_stream_give_report(stream, bye, 3, (struct vg_mono_time){2100000});
    const struct vg_rtp_counts counts = vg_rtp_stream_counts(stream);
    assert_true(counts.packets == 4 && counts.bytes == 60 && counts.reports == 4 &&
                counts.lost == 1 && counts.strange == 2 && counts.restarts == 1 &&
                counts.bye == 1 && counts.units == 4 && counts.damaged == 2 && counts.held == 0);
    vg_rtp_stream_close(&stream);
}

static void stream_reports(void **state)
{
    (void)state;
    const struct vg_rtp_settings settings = {VG_RTP_IN_ORDER, 0, 0x77};
    struct vg_rtp_stream *stream = NULL;
    uint8_t bytes[128];
    int64_t us = 0;
    assert_int_equal(vg_rtp_stream_open(&stream, &h264, &settings), VG_OK);
    while (vg_rtp_stream_report(stream, (struct vg_mono_time){us}, bytes, sizeof bytes) == 0)
        us += 100000;
    assert_in_range(us, 2500000, 7600000);
    assert_int_equal(bytes[0], 0x80); /* nothing was received yet */
    give(stream, 5, 10, 0, us);
    give(stream, 5, 13, 3600, us + 40000);
    const struct rtp_bytes report = rtcp_report(5, UINT64_C(0x1111222233334444), 0);
    vg_rtp_stream_give_report(stream, report.data, report.size, (struct vg_mono_time){us});
    const int64_t begin_us = us;
    while (vg_rtp_stream_report(stream, (struct vg_mono_time){us}, bytes, sizeof bytes) == 0)
        us += 100000;
    assert_memory_equal(bytes, "\x81\xc9\0\7\0\0\0\x77\0\0\0\5\x80\0\0\2\0\0\0\x0d", 20);
    assert_int_equal(vg_rtp_u32(bytes + 24), 0x22223333);
    assert_int_equal(vg_rtp_u32(bytes + 28), (us - begin_us) * 65536 / 1000000);
    vg_rtp_stream_close(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_read),
        cmocka_unit_test(reports_are_read),
        cmocka_unit_test(our_report),
        cmocka_unit_test(lost_is_cut_to_24_bits),
        cmocka_unit_test(stamps_of_64_bits),
        cmocka_unit_test(wall_clock),
        cmocka_unit_test(fraction_and_jitter),
        cmocka_unit_test(reports_are_due),
        cmocka_unit_test(stream_over_a_network),
        cmocka_unit_test(stream_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
