/* RTP unpackers: known packets made by hand for each codec, and clips packed by libavformat's
 * muxer, whose units come out as they went in. */
#include "tests/rtp_clip.h"

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/media/rtp_jpeg_head.h"
#include "src/media/rtp_stream.h"

#define SSRC    0x11223344u
#define STEP_US 40000

static const struct vg_rtp_settings in_order = {VG_RTP_IN_ORDER, 0, 7};

/* ---- by hand ---- */

enum {
    PACKETS_MAX = 8,
    UNITS_MAX = 4,
    M = 1,    /* marker */
    GAP = 2,  /* a packet is missing before it */
    NEXT = 4, /* of another time than the one before */
    KEY = 1,
    DAMAGED = 2
};

static const struct vector {
    const char *name;
    enum vg_rtp_codec codec;
    const char *parameters; /* of the description */
    uint32_t don_diff_max;
    struct {
        const char *payload;
        int flags;
    } packets[PACKETS_MAX];
    struct {
        const char *unit;
        int flags;
    } units[UNITS_MAX];
    uint64_t strange, dropped;
} vectors[] = {
    {"h264: a NAL unit", VG_RTP_H264, "", 0, {{"65 88 01", M}}, {{"00000001 65 88 01", KEY}}, 0, 0},
    {"h264: two slices, one unit",
     VG_RTP_H264,
     "",
     0,
     {{"41 9a 01", 0}, {"41 1a 02", M}},
     {{"00000001 41 9a 01 00000001 41 1a 02", 0}},
     0,
     0},
    {"h264: the description's sets stand before a key unit alone",
     VG_RTP_H264,
     "00000001 67 42 00000001 68 ce",
     0,
     {{"65 88", M}, {"41 9a", M | NEXT}},
     {{"00000001 67 42 00000001 68 ce 00000001 65 88", KEY}, {"00000001 41 9a", 0}},
     0,
     0},
    {"h264: sets in band stay, and hold from then on",
     VG_RTP_H264,
     "00000001 67 42 00000001 68 ce",
     0,
     {{"18 0002 6743 0002 68cf 0002 6588", M}, {"65 89", M | NEXT}},
     {{"00000001 67 43 00000001 68 cf 00000001 65 88", KEY},
      {"00000001 67 43 00000001 68 cf 00000001 65 89", KEY}},
     0,
     0},
    {"h264: sets with a marker and a time of their own",
     VG_RTP_H264,
     "",
     0,
     {{"67 42", M}, {"68 ce", M}, {"65 88", M | NEXT}},
     {{"00000001 67 42 00000001 68 ce 00000001 65 88", KEY}},
     0,
     0},
    {"h264: the marker is forgotten",
     VG_RTP_H264,
     "",
     0,
     {{"65 88", 0}, {"41 9a", NEXT}, {"41 9b", NEXT | M}},
     {{"00000001 65 88", KEY}, {"00000001 41 9a", 0}, {"00000001 41 9b", 0}},
     0,
     0},
    {"h264: STAP-A",
     VG_RTP_H264,
     "",
     0,
     {{"78 0002 0910 0003 419a01 0000 0002 411b", M}},
     {{"00000001 09 10 00000001 41 9a 01 00000001 41 1b", 0}},
     0,
     0},
    {"h264: STAP-B has a number",
     VG_RTP_H264,
     "",
     0,
     {{"79 1234 0002 419a 0002 411b", M}},
     {{"00000001 41 9a 00000001 41 1b", 0}},
     0,
     0},
    {"h264: STAP-A that reaches beyond the packet",
     VG_RTP_H264,
     "",
     0,
     {{"78 0002 419a 0009 41", M}},
     {{"00000001 41 9a", DAMAGED}},
     1,
     0},
    {"h264: FU-A",
     VG_RTP_H264,
     "",
     0,
     {{"7c 85 88 01", 0}, {"7c 05 02 03", 0}, {"7c 45 04", M}},
     {{"00000001 65 88 01 02 03 04", KEY}},
     0,
     0},
    {"h264: FU-B has a number",
     VG_RTP_H264,
     "",
     0,
     {{"7d 85 0001 88 01", 0}, {"7c 45 02", M}},
     {{"00000001 65 88 01 02", KEY}},
     0,
     0},
    {"h264: FU-A without an end, then another",
     VG_RTP_H264,
     "",
     0,
     {{"7c 85 88", 0}, {"7c 05 01", 0}, {"7c 85 89", 0}, {"7c 45 02", M}},
     {{"00000001 65 88 01 00000001 65 89 02", KEY}},
     0,
     0},
    {"h264: the middle of a slice is lost: its begin stays",
     VG_RTP_H264,
     "",
     0,
     {{"7c 85 88 01", 0}, {"7c 05 02", GAP}, {"7c 45 03", M}, {"41 9a", M | NEXT}},
     {{"00000001 65 88 01", KEY | DAMAGED}, {"00000001 41 9a", 0}},
     0,
     0},
    {"h264: a set cut short goes",
     VG_RTP_H264,
     "",
     0,
     {{"7c 87 42 01", 0}, {"65 88", GAP | M}},
     {{"00000001 65 88", KEY | DAMAGED}},
     0,
     0},
    {"h264: nothing is left, the next one tells",
     VG_RTP_H264,
     "",
     0,
     {{"65 88", M},
      {"5c 01 02", NEXT | GAP},
      {"5c 41 03", M},
      {"41 9b", NEXT | M},
      {"41 9c", NEXT | M}},
     {{"00000001 65 88", KEY}, {"00000001 41 9b", DAMAGED}, {"00000001 41 9c", 0}},
     0,
     1},
    {"h264: a loss between units tells on the next one",
     VG_RTP_H264,
     "",
     0,
     {{"65 88", M}, {"41 9b", GAP | NEXT | M}, {"41 9c", NEXT | M}},
     {{"00000001 65 88", KEY}, {"00000001 41 9b", DAMAGED}, {"00000001 41 9c", 0}},
     0,
     0},
    {"h264: a loss without a marker before it tells on both",
     VG_RTP_H264,
     "",
     0,
     {{"65 88", 0}, {"41 9b", GAP | NEXT | M}, {"41 9c", NEXT | M}},
     {{"00000001 65 88", KEY | DAMAGED}, {"00000001 41 9b", DAMAGED}, {"00000001 41 9c", 0}},
     0,
     0},
    {"h264: a session that begins within a slice",
     VG_RTP_H264,
     "",
     0,
     {{"7c 05 02", 0}, {"7c 45 04", M}, {"65 88", NEXT | M}},
     {{"00000001 65 88", KEY | DAMAGED}},
     0,
     1},
    {"h264: MTAP and what has no meaning",
     VG_RTP_H264,
     "",
     0,
     {{"1a 0000 0002 00 0000 4101", 0},
      {"1b 0001", 0},
      {"1e", 0},
      {"00", 0},
      {"7c", 0},
      {"41 9a", M}},
     {{"00000001 41 9a", DAMAGED}},
     5,
     0},
    {"h264: a packet without a payload",
     VG_RTP_H264,
     "",
     0,
     {{"41 9a", 0}, {"", M}},
     {{"00000001 41 9a", 0}},
     0,
     0},
    {"h265: NAL units",
     VG_RTP_H265,
     "00000001 40 01 0a 00000001 42 01 0b 00000001 44 01 0c",
     0,
     {{"26 01 aa", M}, {"02 01 bb", M | NEXT}},
     {{"00000001 40 01 0a 00000001 42 01 0b 00000001 44 01 0c 00000001 26 01 aa", KEY},
      {"00000001 02 01 bb", 0}},
     0,
     0},
    {"h265: IRAP begins at 16 and ends at 21",
     VG_RTP_H265,
     "",
     0,
     {{"1e 01 aa", M}, {"20 01 aa", M | NEXT}, {"2a 01 aa", M | NEXT}, {"2c 01 aa", M | NEXT}},
     {{"00000001 1e 01 aa", 0},
      {"00000001 20 01 aa", KEY},
      {"00000001 2a 01 aa", KEY},
      {"00000001 2c 01 aa", 0}},
     0,
     0},
    {"h265: AP, and sets in band",
     VG_RTP_H265,
     "",
     0,
     {{"60 01 0003 40010a 0003 42010b 0003 44010c 0003 2601aa", M}, {"28 01 dd", M | NEXT}},
     {{"00000001 40 01 0a 00000001 42 01 0b 00000001 44 01 0c 00000001 26 01 aa", KEY},
      {"00000001 40 01 0a 00000001 42 01 0b 00000001 44 01 0c 00000001 28 01 dd", KEY}},
     0,
     0},
    {"h265: FU",
     VG_RTP_H265,
     "",
     0,
     {{"62 01 93 aa", 0}, {"62 01 13 bb", 0}, {"62 01 53 cc", M}},
     {{"00000001 26 01 aa bb cc", KEY}},
     0,
     0},
    {"h265: numbers in single, AP and FU",
     VG_RTP_H265,
     "",
     1,
     {{"02 01 0001 aa", M},
      {"60 01 0002 0003 0201bb 05 0003 0201cc", M | NEXT},
      {"62 01 81 0003 dd", NEXT},
      {"62 01 41 ee", M}},
     {{"00000001 02 01 aa", 0},
      {"00000001 02 01 bb 00000001 02 01 cc", 0},
      {"00000001 02 01 dd ee", 0}},
     0,
     0},
    {"h265: a fragment is lost",
     VG_RTP_H265,
     "",
     0,
     {{"62 01 81 aa", 0}, {"62 01 41 cc", GAP | M}},
     {{"00000001 02 01 aa", DAMAGED}},
     0,
     0},
    {"h265: PACI, too short",
     VG_RTP_H265,
     "",
     0,
     {{"64 01 00 00", 0}, {"02", 0}, {"62 01", 0}, {"02 01 aa", M}},
     {{"00000001 02 01 aa", DAMAGED}},
     3,
     0},
    {"mpeg4: cut anywhere",
     VG_RTP_MPEG4,
     "000001b0 01 000001b5 09 00000100 00000120 00",
     0,
     {{"000001b6 10 aa", 0}, {"bb cc", M}, {"000001b6 50 dd", M | NEXT}},
     {{"000001b0 01 000001b5 09 00000100 00000120 00 000001b6 10 aa bb cc", KEY},
      {"000001b6 50 dd", 0}},
     0,
     0},
    {"mpeg4: the layer in band",
     VG_RTP_MPEG4,
     "00000120 00",
     0,
     {{"00000120 01 000001b3 00 000001b6 10", M}, {"000001b6 11", M | NEXT}},
     {{"00000120 01 000001b3 00 000001b6 10", KEY}, {"00000120 01 000001b6 11", KEY}},
     0,
     0},
    {"mpeg4: a session that begins within a picture",
     VG_RTP_MPEG4,
     "",
     0,
     {{"aa bb", M}, {"000001b6 10", NEXT | M}},
     {{"000001b6 10", KEY | DAMAGED}},
     0,
     1},
    {"h264: sets after a loss stay, the loss is told",
     VG_RTP_H264,
     "",
     0,
     {{"41 9a", M}, {"67 42", M | NEXT | GAP}, {"", M | NEXT}, {"68 ce", M}, {"65 88", M | NEXT}},
     {{"00000001 41 9a", 0}, {"00000001 67 42 00000001 68 ce 00000001 65 88", KEY | DAMAGED}},
     0,
     0},
    {"h264: a loss before an empty packet is told",
     VG_RTP_H264,
     "",
     0,
     {{"41 9a", M}, {"", M | NEXT | GAP}, {"41 9b", M | NEXT}},
     {{"00000001 41 9a", 0}, {"00000001 41 9b", DAMAGED}},
     0,
     0},
    {"mpeg4: the begin is lost",
     VG_RTP_MPEG4,
     "",
     0,
     {{"000001b6 10", M}, {"aa bb", NEXT | GAP | M}, {"000001b6 50", NEXT | M}},
     {{"000001b6 10", KEY}, {"000001b6 50", DAMAGED}},
     0,
     1},
};

struct feed {
    struct vg_rtp_stream *stream;
    uint32_t sequence, stamp;
    int64_t now_us;
};

static void feed_open(struct feed *feed, const struct vg_sdp_video *video)
{
    *feed = (struct feed){.sequence = 65534, .stamp = 4294967000u, .now_us = STEP_US};
    assert_int_equal(vg_rtp_stream_open(&feed->stream, video, &in_order), VG_OK);
}

static void feed_payload(struct feed *feed, const uint8_t *payload, size_t size, int flags)
{
    feed->sequence += flags & GAP ? 2 : 1;
    feed->stamp += flags & NEXT ? 3600 : 0;
    const struct rtp_bytes packet = rtp_make(&(struct rtp_spec){.ssrc = SSRC,
                                                                .stamp = feed->stamp,
                                                                .sequence = feed->sequence,
                                                                .payload_type = 96,
                                                                .marker = flags & M,
                                                                .payload = payload,
                                                                .size = size});
    feed->now_us += 1000;
    vg_rtp_stream_give(feed->stream, packet.data, packet.size, (struct vg_mono_time){feed->now_us});
}

/* ends what has no marker */
static void feed_marker(struct feed *feed)
{
    feed_payload(feed, NULL, 0, M);
}

static void expect_unit(struct vg_rtp_stream *stream, const char *name, const char *hex, int flags)
{
    struct vg_rtp_unit unit;
    uint8_t want[512];
    const size_t size = from_hex(hex, want, sizeof want);
    const enum vg_status status = vg_rtp_stream_take(stream, &unit);
    if (status || (size_t)unit.data->size != size || memcmp(unit.data->data, want, size) != 0)
        fail_msg("%s: another unit than %s", name, hex);
    if (unit.key != ((flags & KEY) != 0) || unit.damaged != ((flags & DAMAGED) != 0))
        fail_msg("%s: key %d damaged %d of %s", name, unit.key, unit.damaged, hex);
    for (int i = 0; i < AV_INPUT_BUFFER_PADDING_SIZE; i++)
        assert_int_equal(unit.data->data[unit.data->size + i], 0);
}

static void known_packets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct vector *v = &vectors[i];
        struct vg_sdp_video video = {.codec = v->codec,
                                     .payload_type = 96,
                                     .clock_hz = 90000,
                                     .don_diff_max = v->don_diff_max};
        struct feed feed;
        struct vg_rtp_unit unit;
        uint64_t units = 0;
        video.parameter_bytes =
            (uint32_t)from_hex(v->parameters, video.parameters, sizeof video.parameters);
        feed_open(&feed, &video);
        for (size_t p = 0; p < PACKETS_MAX && v->packets[p].payload; p++) {
            uint8_t payload[256];
            const size_t size = from_hex(v->packets[p].payload, payload, sizeof payload);
            feed_payload(&feed, payload, size, v->packets[p].flags);
        }
        for (; units < UNITS_MAX && v->units[units].unit; units++)
            expect_unit(feed.stream, v->name, v->units[units].unit, v->units[units].flags);
        if (vg_rtp_stream_take(feed.stream, &unit) != VG_E_END)
            fail_msg("%s: one unit more", v->name);
        const struct vg_rtp_counts counts = vg_rtp_stream_counts(feed.stream);
        if (counts.strange != v->strange || counts.dropped != v->dropped || counts.units != units)
            fail_msg("%s: %lu strange, %lu dropped", v->name, (unsigned long)counts.strange,
                     (unsigned long)counts.dropped);
        vg_rtp_stream_close(&feed.stream);
        assert_null(feed.stream);
    }
}

static const struct vg_sdp_video h264 = {
    .codec = VG_RTP_H264, .payload_type = 96, .clock_hz = 90000};

static void give_hex(struct feed *feed, const char *hex, int flags)
{
    uint8_t payload[512];
    feed_payload(feed, payload, from_hex(hex, payload, sizeof payload), flags);
}

/* Intra refresh: no IDR ever, recovery points by SEI. */
static void recovery_points(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    feed_open(&feed, &h264);
    for (int i = 1; i <= 320; i++) {
        /* another message before it, and a byte that keeps start codes out */
        give_hex(&feed, "06 05 05 000003 0001 aa 06 01 84 80", NEXT);
        give_hex(&feed, "41 9a", M);
        assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
        assert_int_equal(unit.key, i >= 300);
    }
    give_hex(&feed, "65 88", M | NEXT);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    assert_true(unit.key);
    give_hex(&feed, "06 06 01 84 80", NEXT);
    give_hex(&feed, "41 9a", M);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    assert_false(unit.key);
    vg_rtp_stream_close(&feed.stream);
}

/* A camera that marks each slice: after three pictures its stamps tell. */
static void markers_that_lie(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    size_t sizes[64], count = 0;
    feed_open(&feed, &h264);
    for (int i = 0; i < 10; i++) {
        give_hex(&feed, "41 9a", M | NEXT);
        give_hex(&feed, "41 1b", M);
        while (vg_rtp_stream_take(feed.stream, &unit) == VG_OK)
            sizes[count++] = (size_t)unit.data->size;
    }
    assert_int_equal(count, 3 * 2 + 6);
    assert_int_equal(sizes[0], 6);
    for (size_t i = 6; i < count; i++)
        assert_int_equal(sizes[i], 12);
    /* but where the stamps stand still, the markers count again */
    for (int i = 0; i < 1000; i++) {
        give_hex(&feed, "41 9a", M);
        while (vg_rtp_stream_take(feed.stream, &unit) == VG_OK)
            count++;
    }
    assert_in_range(count, 700, 800);
    vg_rtp_stream_close(&feed.stream);
}

/* Two pictures of one stamp, now and then, are chance: each comes out with its marker. */
static void markers_that_do_not(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    feed_open(&feed, &h264);
    for (int i = 0; i < 100; i++) {
        give_hex(&feed, "41 9a", i % 10 == 9 ? M : M | NEXT);
        assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    }
    vg_rtp_stream_close(&feed.stream);
}

static void too_large(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    uint8_t payload[1400] = {0x7c, 0x85};
    feed_open(&feed, &h264);
    feed_payload(&feed, payload, sizeof payload, NEXT);
    payload[1] = 0x05;
    for (size_t sent = 0; sent <= VG_RTP_UNIT_BYTES_MAX; sent += sizeof payload - 2)
        feed_payload(&feed, payload, sizeof payload, 0);
    feed_marker(&feed);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_E_END);
    give_hex(&feed, "65 88", M | NEXT);
    expect_unit(feed.stream, "after it", "00000001 65 88", KEY | DAMAGED);
    assert_int_equal(vg_rtp_stream_counts(feed.stream).dropped, 1);
    vg_rtp_stream_close(&feed.stream);
}

/* Nobody takes: the oldest go, and the one that is left tells. */
static void nobody_takes(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    uint64_t count = 0;
    feed_open(&feed, &h264);
    for (int i = 0; i < 2000; i++)
        give_hex(&feed, "41 9a", M | NEXT);
    for (; vg_rtp_stream_take(feed.stream, &unit) == VG_OK; count++)
        assert_int_equal(unit.damaged, count == 0);
    const struct vg_rtp_counts counts = vg_rtp_stream_counts(feed.stream);
    assert_in_range(count, 2, 1000);
    assert_int_equal(count + counts.dropped, 2000);
    give_hex(&feed, "41 9a", M | NEXT); /* left inside when it closes */
    vg_rtp_stream_close(&feed.stream);
}

static void a_reference_keeps_it(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    AVPacket *kept = av_packet_alloc();
    feed_open(&feed, &h264);
    give_hex(&feed, "41 9a 01 02", M);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    assert_int_equal(unit.arrival.us, feed.now_us);
    assert_int_equal(av_packet_ref(kept, unit.data), 0);
    give_hex(&feed, "41 9b 03 04", M | NEXT);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    vg_rtp_stream_close(&feed.stream);
    assert_int_equal(kept->size, 8);
    assert_memory_equal(kept->data, "\0\0\0\1\x41\x9a\1\2", 8);
    av_packet_free(&kept);
}

/* ---- MJPEG by hand ---- */

/* where a marker's segment begins, behind its length; NULL: none */
static const uint8_t *segment(const AVPacket *jpeg, int marker)
{
    for (int at = 2; at + 4 <= jpeg->size && jpeg->data[at] == 0xff;) {
        if (jpeg->data[at + 1] == marker)
            return jpeg->data + at + 4;
        at += 2 + (jpeg->data[at + 2] << 8 | jpeg->data[at + 3]);
    }
    return NULL;
}

static const char table_8[] = "0101010101010101010101010101010101010101010101010101010101010101"
                              "0101010101010101010101010101010101010101010101010101010101010102";

static const struct {
    const char *name;
    const char *head; /* of the first packet, without the scan */
    int tables;       /* how many of table_8 follow it */
    uint32_t width, height;
    uint32_t announced_width, announced_height;
    int sampling, restart, last_quantiser; /* expected; -1: no unit */
} jpegs[] = {
    {"4:2:2", "00 000000 00 32 28 1e", 0, 320, 240, 0, 0, 0x21, 0, 99},
    {"4:2:0", "00 000000 01 32 28 1e", 0, 320, 240, 0, 0, 0x22, 0, 99},
    {"Q 1", "00 000000 01 01 28 1e", 0, 320, 240, 0, 0, 0x22, 0, 255},
    {"Q 99", "00 000000 01 63 28 1e", 0, 320, 240, 0, 0, 0x22, 0, 2},
    {"Q 0", "00 000000 01 00 28 1e", 0, 0, 0, 0, 0, -1, 0, 0},
    {"Q 100", "00 000000 01 64 28 1e", 0, 0, 0, 0, 0, -1, 0, 0},
    {"restart intervals", "00 000000 41 32 28 1e 0014 ffff", 0, 320, 240, 0, 0, 0x22, 20, 99},
    {"tables in band", "00 000000 01 ff 28 1e 00 00 0080", 2, 320, 240, 0, 0, 0x22, 0, 2},
    {"one table", "00 000000 01 80 28 1e 00 00 0040", 1, 320, 240, 0, 0, 0x22, 0, 2},
    {"remembered", "00 000000 01 80 28 1e 00 00 0000", 0, 320, 240, 0, 0, 0x22, 0, 2},
    {"never sent", "00 000000 01 81 28 1e 00 00 0000", 0, 0, 0, 0, 0, -1, 0, 0},
    {"255 is never remembered", "00 000000 01 ff 28 1e 00 00 0000", 0, 0, 0, 0, 0, -1, 0, 0},
    {"tables beyond the packet", "00 000000 01 ff 28 1e 00 00 ff00", 1, 0, 0, 0, 0, -1, 0, 0},
    {"no table is whole", "00 000000 01 ff 28 1e 00 01 0040", 1, 0, 0, 0, 0, -1, 0, 0},
    {"a type that is not known", "00 000000 02 32 28 1e", 0, 0, 0, 0, 0, -1, 0, 0},
    {"1080 of 1088", "00 000000 01 32 f0 87", 0, 1920, 1080, 0, 0, 0x22, 0, 99},
    {"odd, as announced", "00 000000 01 32 28 1e", 0, 317, 233, 317, 233, 0x22, 0, 99},
    {"another size than announced", "00 000000 01 32 28 1e", 0, 320, 240, 640, 480, 0x22, 0, 99},
    {"large, as announced", "00 000000 01 32 00 00", 0, 2592, 1944, 2592, 1944, 0x22, 0, 99},
    {"large, not announced", "00 000000 01 32 00 00", 0, 0, 0, 0, 0, -1, 0, 0},
    {"cut short", "00 000000 01", 0, 0, 0, 0, 0, -1, 0, 0},
};

/* Appendix A at Q 50 is annex K itself, in zigzag order. */
static void jpeg_tables(void **state)
{
    (void)state;
    uint8_t tables[128];
    vg_rtp_jpeg_tables(50, tables);
    assert_memory_equal(tables, "\x10\x0b\x0c\x0e\x0c\x0a\x10\x0e\x0d\x0e\x12\x11\x10\x13\x18\x28",
                        16);
    assert_memory_equal(tables + 64,
                        "\x11\x12\x12\x18\x15\x18\x2f\x1a\x1a\x2f\x63\x42\x38\x42\x63\x63", 16);
    vg_rtp_jpeg_tables(25, tables);
    assert_true(tables[0] == 32 && tables[63] == 198);
    vg_rtp_jpeg_tables(75, tables);
    assert_true(tables[0] == 8 && tables[1] == 6 && tables[63] == 50);
}

static void jpeg_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof jpegs / sizeof *jpegs; i++) {
        const struct vg_sdp_video video = {.codec = VG_RTP_MJPEG,
                                           .payload_type = 96,
                                           .clock_hz = 90000,
                                           .width = jpegs[i].announced_width,
                                           .height = jpegs[i].announced_height};
        struct feed feed;
        struct vg_rtp_unit unit;
        char hex[1024];
        feed_open(&feed, &video);
        if (strcmp(jpegs[i].name, "remembered") == 0) { /* the one before it, with its table */
            (void)snprintf(hex, sizeof hex, "%s %s aa", jpegs[i - 1].head, table_8);
            give_hex(&feed, hex, M);
            assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
        }
        (void)snprintf(hex, sizeof hex, "%s %s %s 11 22", jpegs[i].head,
                       jpegs[i].tables > 0 ? table_8 : "", jpegs[i].tables > 1 ? table_8 : "");
        give_hex(&feed, hex, NEXT);
        /* of the second one only the offset, the type and restart matter */
        give_hex(&feed,
                 jpegs[i].restart ? "00 000002 41 32 28 1e 0014 ffff 33"
                                  : "00 000002 01 32 28 1e 33",
                 M);
        const enum vg_status status = vg_rtp_stream_take(feed.stream, &unit);
        if (status != (jpegs[i].sampling < 0 ? VG_E_END : VG_OK))
            fail_msg("%s: status %d", jpegs[i].name, status);
        if (status == VG_OK) {
            const uint8_t *frame = segment(unit.data, 0xc0), *table = segment(unit.data, 0xdb);
            const uint8_t *restart = segment(unit.data, 0xdd);
            assert_non_null(frame);
            assert_non_null(table);
            if ((uint32_t)(frame[1] << 8 | frame[2]) != jpegs[i].height ||
                (uint32_t)(frame[3] << 8 | frame[4]) != jpegs[i].width ||
                frame[7] != jpegs[i].sampling || table[64] != jpegs[i].last_quantiser)
                fail_msg("%s: %d x %d, sampling %x, last %d", jpegs[i].name,
                         frame[3] << 8 | frame[4], frame[1] << 8 | frame[2], frame[7], table[64]);
            assert_int_equal(restart ? restart[0] << 8 | restart[1] : 0, jpegs[i].restart);
            assert_true(unit.key && !unit.damaged);
            assert_memory_equal(unit.data->data + unit.data->size - 5, "\x11\x22\x33\xff\xd9", 5);
        }
        vg_rtp_stream_close(&feed.stream);
    }
}

static const struct vg_sdp_video mjpeg = {
    .codec = VG_RTP_MJPEG, .payload_type = 96, .clock_hz = 90000};

static void jpeg_losses(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    feed_open(&feed, &mjpeg);
    give_hex(&feed, "00 000000 01 32 28 1e 11 22", 0);
    give_hex(&feed, "00 000003 01 32 28 1e 44", GAP);
    give_hex(&feed, "00 000004 01 32 28 1e 55 ff d9", M);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    assert_true(unit.damaged);
    assert_memory_equal(unit.data->data + unit.data->size - 4, "\x11\x22\xff\xd9", 4);
    give_hex(&feed, "00 000002 01 32 28 1e 33", GAP | NEXT | M); /* the first is lost */
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_E_END);
    give_hex(&feed, "00 000000 01 32 28 1e 11 ff d9", NEXT | M);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    assert_true(unit.damaged);
    assert_memory_equal(unit.data->data + unit.data->size - 3, "\x11\xff\xd9", 3);
    give_hex(&feed, "00 000000 01 32 28 1e 11", NEXT | M);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    assert_false(unit.damaged);
    /* a head without a scan is no picture, and the next one is */
    give_hex(&feed, "00 000000 01 32 28 1e", NEXT | M);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_E_END);
    give_hex(&feed, "00 000000 01 32 28 1e 11", NEXT | M);
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    assert_true(unit.damaged);
    vg_rtp_stream_close(&feed.stream);
}

/* ONVIF: a picture too large for the head, its size in the header extension. */
static void jpeg_extension(void **state)
{
    (void)state;
    struct feed feed;
    struct vg_rtp_unit unit;
    uint8_t packet[256];
    feed_open(&feed, &mjpeg);
    const size_t size = from_hex("90 e0 0001 00000000 11223344 ffd8 0007 ffdd 0004 0010"
                                 "ffc0 0011 08 0b10 0f20 03 000000 000000 000000 000000"
                                 "00 000000 01 32 00 00 11",
                                 packet, sizeof packet);
    vg_rtp_stream_give(feed.stream, packet, size, (struct vg_mono_time){1});
    assert_int_equal(vg_rtp_stream_take(feed.stream, &unit), VG_OK);
    const uint8_t *frame = segment(unit.data, 0xc0);
    assert_non_null(frame);
    assert_memory_equal(frame, "\x08\x0b\x10\x0f\x20", 5);
    vg_rtp_stream_close(&feed.stream);
}

/* ---- round trips ---- */

static const struct round {
    const char *name;
    struct clip_settings clip;
} rounds[] = {
    {"h264, sets in band",
     {"libx264", "preset=ultrafast:tune=zerolatency:crf=24", NULL, 320, 240, 24, AV_PIX_FMT_YUV420P,
      0, 1400, 0}},
    {"h264, single NAL units, sets announced",
     {"libx264", "preset=ultrafast:tune=zerolatency:slice-max-size=900", "rtpflags=h264_mode0", 320,
      240, 24, AV_PIX_FMT_YUV420P, 1, 1400, 4294000000u}},
    {"h264, slices, B pictures",
     {"libx264", "preset=veryfast:slices=3:bf=2:crf=26", NULL, 176, 144, 40, AV_PIX_FMT_YUV420P, 1,
      600, 4294900000u}},
    {"h265",
     {"libx265", "preset=ultrafast:x265-params=log-level=none\\:pools=1\\:bframes=0", NULL, 192,
      128, 16, AV_PIX_FMT_YUV420P, 0, 500, 0}},
    {"h265, sets announced",
     {"libx265", "preset=ultrafast:x265-params=log-level=none\\:pools=1\\:bframes=0", NULL, 192,
      128, 16, AV_PIX_FMT_YUV420P, 1, 500, 4294960000u}},
    {"mpeg4", {"mpeg4", "", NULL, 320, 240, 24, AV_PIX_FMT_YUV420P, 0, 700, 0}},
    {"mpeg4, announced",
     {"mpeg4", "", NULL, 320, 240, 24, AV_PIX_FMT_YUV420P, 1, 700, 4294900000u}},
    {"mjpeg 4:2:0",
     {"mjpeg", "huffman=default:flags=+qscale:global_quality=590", NULL, 320, 240, 8,
      AV_PIX_FMT_YUVJ420P, 0, 1400, 0}},
    {"mjpeg, small packets",
     {"mjpeg", "huffman=default", NULL, 168, 120, 8, AV_PIX_FMT_YUVJ420P, 0, 400, 0}},
};

static AVCodecContext *open_decoder(enum AVCodecID codec)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(codec));
    decoder->thread_count = 1;
    assert_int_equal(avcodec_open2(decoder, decoder->codec, NULL), 0);
    return decoder;
}

/* Adds the pictures that come out to the sums. */
static void sum_pictures(AVCodecContext *decoder, uint64_t *sums, size_t *count)
{
    AVFrame *frame = av_frame_alloc();
    while (avcodec_receive_frame(decoder, frame) == 0) {
        uint64_t sum = 14695981039346656037u; /* FNV-1a */
        for (int plane = 0; plane < 3; plane++)
            for (int y = 0; y < (plane ? frame->height / 2 : frame->height); y++)
                for (int x = 0; x < (plane ? frame->width / 2 : frame->width); x++)
                    sum =
                        (sum ^ frame->data[plane][y * frame->linesize[plane] + x]) * 1099511628211u;
        assert_true(*count < CLIP_UNITS_MAX);
        sums[(*count)++] = sum;
        av_frame_unref(frame);
    }
    av_frame_free(&frame);
}

static void decode(AVCodecContext *decoder, const AVPacket *packet, uint64_t *sums, size_t *count)
{
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    sum_pictures(decoder, sums, count);
}

static size_t start_code_at(const uint8_t *p, size_t size, size_t from, size_t *length)
{
    for (size_t i = from; i + 3 <= size; i++)
        if (p[i] == 0 && p[i + 1] == 0 &&
            (p[i + 2] == 1 || (i + 4 <= size && p[i + 2] == 0 && p[i + 3] == 1))) {
            *length = p[i + 2] == 1 ? 3 : 4;
            return i;
        }
    *length = 0;
    return size;
}

/* Annex B with all start codes of 4 bytes. */
static size_t normal_form(const uint8_t *p, size_t size, uint8_t *out)
{
    size_t n = 0, code = 0;
    for (size_t at = start_code_at(p, size, 0, &code); at < size;) {
        const size_t begin = at + code;
        at = start_code_at(p, size, begin, &code);
        memcpy(out + n, "\0\0\0\1", 4);
        memcpy(out + n + 4, p + begin, at - begin);
        n += 4 + at - begin;
    }
    return n;
}

static void compare_units(const struct round *round, const struct clip *clip,
                          const struct vg_sdp_video *video, const AVPacket *sent,
                          const struct vg_rtp_unit *got)
{
    static uint8_t want[1 << 20], have[1 << 20];
    size_t before = got->key && round->clip.global_header ? video->parameter_bytes : 0;
    size_t want_size = (size_t)sent->size, have_size = (size_t)got->data->size;
    if (clip->codec == AV_CODEC_ID_MJPEG)
        return; /* its head is made anew: the pictures are compared */
    if (before > 0)
        assert_memory_equal(got->data->data, video->parameters, before);
    if (clip->codec == AV_CODEC_ID_MPEG4) {
        memcpy(want, sent->data, want_size);
        memcpy(have, got->data->data + before, have_size - before);
        have_size -= before;
    } else {
        want_size = normal_form(sent->data, want_size, want);
        have_size = normal_form(got->data->data + before, have_size - before, have);
    }
    if (have_size != want_size || memcmp(have, want, want_size) != 0)
        fail_msg("%s: a unit of %zu bytes came out with %zu", round->name, want_size, have_size);
}

static void round_trip(const struct round *round)
{
    static struct clip clip;
    struct vg_sdp_video video;
    struct vg_rtp_stream *stream = NULL;
    struct vg_rtp_unit unit;
    struct vg_fault fault;
    uint64_t want[CLIP_UNITS_MAX], have[CLIP_UNITS_MAX];
    size_t want_count = 0, have_count = 0, units = 0;
    int64_t now_us = 1;
    if (!clip_make(&clip, &round->clip)) {
        print_message("%s: no encoder\n", round->name);
        return;
    }
    if (vg_sdp_read(clip.sdp, strlen(clip.sdp), &video, &fault))
        fail_msg("%s: %s %s in %s", round->name, fault.what, fault.place, clip.sdp);
    assert_int_equal(video.parameter_bytes > 0,
                     round->clip.global_header && clip.codec != AV_CODEC_ID_MJPEG);
    AVCodecContext *sent = open_decoder(clip.codec), *got = open_decoder(clip.codec);
    if (round->clip.global_header) {
        sent->extradata = av_mallocz(video.parameter_bytes + AV_INPUT_BUFFER_PADDING_SIZE);
        memcpy(sent->extradata, video.parameters, video.parameter_bytes);
        sent->extradata_size = (int)video.parameter_bytes;
        AVCodecContext *with = avcodec_alloc_context3(sent->codec);
        with->thread_count = 1;
        with->extradata = sent->extradata;
        with->extradata_size = sent->extradata_size;
        sent->extradata = NULL;
        sent->extradata_size = 0;
        avcodec_free_context(&sent);
        sent = with;
        assert_int_equal(avcodec_open2(sent, sent->codec, NULL), 0);
    }
    assert_int_equal(vg_rtp_stream_open(&stream, &video, &in_order), VG_OK);
    for (size_t i = 0; i < clip.packet_count; i++) {
        const struct vg_mono_time arrival = {now_us += 1000};
        if (clip.is_report[i])
            vg_rtp_stream_give_report(stream, clip.packets[i].data, clip.packets[i].size, arrival);
        else
            vg_rtp_stream_give(stream, clip.packets[i].data, clip.packets[i].size, arrival);
        while (vg_rtp_stream_take(stream, &unit) == VG_OK) {
            assert_true(units < clip.unit_count);
            const AVPacket *unit_sent = clip.units[units++];
            assert_int_equal(unit.data->pts, (unit_sent->pts - clip.units[0]->pts) * 3600);
            assert_int_equal(unit.key, (unit_sent->flags & AV_PKT_FLAG_KEY) != 0);
            assert_false(unit.damaged);
            assert_int_equal(unit.arrival.us,
                             now_us); /* with its last packet, not the next one's */
            compare_units(round, &clip, &video, unit_sent, &unit);
            decode(sent, unit_sent, want, &want_count);
            decode(got, unit.data, have, &have_count);
        }
    }
    assert_int_equal(units, clip.unit_count);
    decode(sent, NULL, want, &want_count);
    decode(got, NULL, have, &have_count);
    assert_int_equal(want_count, clip.unit_count);
    assert_int_equal(have_count, want_count);
    assert_memory_equal(have, want, want_count * sizeof *want);
    const struct vg_rtp_counts counts = vg_rtp_stream_counts(stream);
    assert_int_equal(counts.packets + counts.reports, clip.packet_count);
    assert_true(counts.reports > 0 && counts.bye <= 1);
    assert_int_equal(counts.lost + counts.late + counts.doubled + counts.strange, 0);
    avcodec_free_context(&sent);
    avcodec_free_context(&got);
    vg_rtp_stream_close(&stream);
    clip_free(&clip);
}

static void round_trips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++)
        round_trip(&rounds[i]);
}

/* ---- losses ---- */

struct loss {
    uint64_t seed;
    enum vg_rtp_order order;
    bool lost[CLIP_PACKETS_MAX];
    bool unit_hurt[CLIP_UNITS_MAX]; /* a packet of it is lost */
    size_t at[CLIP_PACKETS_MAX];    /* the order in which they come */
    size_t count;
};

static uint32_t stamp_of(const struct rtp_bytes *packet)
{
    const uint8_t *p = packet->data + 4;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static size_t unit_of_packet(const struct clip *clip, size_t packet)
{
    size_t first = 0;
    while (clip->is_report[first])
        first++;
    const uint32_t ahead = stamp_of(&clip->packets[packet]) - stamp_of(&clip->packets[first]);
    for (size_t u = 0; u < clip->unit_count; u++)
        if ((clip->units[u]->pts - clip->units[0]->pts) * 3600 == (int32_t)ahead)
            return u;
    fail_msg("a packet of no unit");
    return 0;
}

/* Loses packets behind the first unit, and by UDP changes the places of neighbours. */
static void lose_some(struct loss *loss, const struct clip *clip)
{
    struct vg_random random;
    vg_random_seed(&random, loss->seed);
    loss->count = 0;
    memset(loss->unit_hurt, 0, sizeof loss->unit_hurt);
    for (size_t i = 0; i < clip->packet_count; i++) {
        if (clip->is_report[i])
            continue;
        const size_t unit = unit_of_packet(clip, i);
        if (unit > 0 && vg_random_below(&random, 100) < 4) {
            loss->unit_hurt[unit] = true;
            continue;
        }
        loss->at[loss->count++] = i;
        if (loss->order == VG_RTP_ANY_ORDER && unit > 0 && loss->count > 3 &&
            vg_random_below(&random, 3) == 0) {
            size_t *other = &loss->at[loss->count - 2 - vg_random_below(&random, 2)];
            loss->at[loss->count - 1] = *other;
            *other = i;
        }
    }
}

/* A unit that is not marked is whole; one that is marked lost something, or the one before did. */
static size_t check_lossy_unit(const struct round *round, const struct clip *clip,
                               const struct loss *loss, const struct vg_sdp_video *video,
                               const struct vg_rtp_unit *unit, size_t next)
{
    size_t u = next;
    while (u < clip->unit_count &&
           (clip->units[u]->pts - clip->units[0]->pts) * 3600 != unit->data->pts) {
        if (!loss->unit_hurt[u])
            fail_msg("%s: seed %lu: whole unit %zu is missing", round->name,
                     (unsigned long)loss->seed, u);
        u++;
    }
    assert_true(u < clip->unit_count);
    const bool before = u > 0 && loss->unit_hurt[u - 1];
    if (unit->damaged ? !loss->unit_hurt[u] && !before : loss->unit_hurt[u] || u > next)
        fail_msg("%s: seed %lu: unit %zu damaged %d", round->name, (unsigned long)loss->seed, u,
                 unit->damaged);
    if (!unit->damaged)
        compare_units(round, clip, video, clip->units[u], unit);
    return u + 1;
}

static void lossy_trip(const struct round *round, const struct clip *clip, struct loss *loss)
{
    const struct vg_rtp_settings settings = {loss->order, 60000, 7};
    struct vg_sdp_video video;
    struct vg_rtp_stream *stream = NULL;
    struct vg_rtp_unit unit;
    struct vg_mono_time now = {1};
    size_t next = 0;
    lose_some(loss, clip);
    assert_int_equal(vg_sdp_read(clip->sdp, strlen(clip->sdp), &video, NULL), VG_OK);
    assert_int_equal(vg_rtp_stream_open(&stream, &video, &settings), VG_OK);
    for (size_t i = 0; i < loss->count; i++) {
        const struct rtp_bytes *packet = &clip->packets[loss->at[i]];
        now.us += 1000;
        vg_rtp_stream_give(stream, packet->data, packet->size, now);
        while (vg_rtp_stream_take(stream, &unit) == VG_OK)
            next = check_lossy_unit(round, clip, loss, &video, &unit, next);
    }
    while (vg_rtp_stream_due_us(stream) != INT64_MAX) {
        now.us = vg_rtp_stream_due_us(stream);
        vg_rtp_stream_tick(stream, now);
        while (vg_rtp_stream_take(stream, &unit) == VG_OK)
            next = check_lossy_unit(round, clip, loss, &video, &unit, next);
    }
    const struct vg_rtp_counts counts = vg_rtp_stream_counts(stream);
    assert_int_equal(counts.packets, loss->count);
    assert_int_equal(counts.late + counts.doubled + counts.strange + counts.held, 0);
    vg_rtp_stream_close(&stream);
}

static void with_losses(void **state)
{
    (void)state;
    static struct clip clip;
    static struct loss loss;
    const char *given = getenv("VIGIE_TEST_SEED");
    const uint64_t first = given ? strtoull(given, NULL, 10) : 1;
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        if (!clip_make(&clip, &rounds[i].clip))
            continue;
        for (uint64_t seed = first; seed < first + (given ? 1 : 60); seed++) {
            loss.seed = seed;
            loss.order = seed % 2 ? VG_RTP_IN_ORDER : VG_RTP_ANY_ORDER;
            lossy_trip(&rounds[i], &clip, &loss);
        }
        clip_free(&clip);
    }
}

static void no_memory(void **state)
{
    (void)state;
    struct vg_rtp_stream *stream = NULL;
    const struct vg_rtp_settings any = {VG_RTP_ANY_ORDER, 60000, 7};
    enum vg_status status = VG_E_MEMORY;
    for (uint32_t n = 1; status; n++) {
        vg_alloc_fail_at(n);
        status = vg_rtp_stream_open(&stream, &h264, &any);
        vg_alloc_fail_at(0);
        assert_true(n < 16 && (status == VG_OK || (status == VG_E_MEMORY && !stream)));
    }
    vg_rtp_stream_close(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_packets),
        cmocka_unit_test(recovery_points),
        cmocka_unit_test(markers_that_lie),
        cmocka_unit_test(markers_that_do_not),
        cmocka_unit_test(too_large),
        cmocka_unit_test(nobody_takes),
        cmocka_unit_test(a_reference_keeps_it),
        cmocka_unit_test(jpeg_tables),
        cmocka_unit_test(jpeg_heads),
        cmocka_unit_test(jpeg_losses),
        cmocka_unit_test(jpeg_extension),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(with_losses),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
