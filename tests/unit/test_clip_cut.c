/* Clips cut out of a ring: four codecs, with and without pictures shown later than decoded, sets in
 * band or apart, stamps that jump; every one decodes whole and begins with a key. */
#include "tests/encode_fixture.h"

#include "src/base/alloc.h"
#include "src/media/clip_cut.h"

#define S       VG_US_PER_S
#define WALL_US (1700000000 * S)
#define MONO_US (5000 * S)

#define GROUP_S 2
#define FPS     25

static struct vg_packet_ring *ring_with(const struct encoded *encoded)
{
    struct vg_packet_ring *ring = NULL;
    struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    settings.keep_us = settings.held_us; /* the whole clip at once */
    assert_int_equal(vg_packet_ring_open(&ring, &settings), VG_OK);
    vg_packet_ring_describe(ring, encoded->codec, 1, TICKS_PER_S);
    return ring;
}

/* As it would come: in the order of decoding, one period apart, 20 ms late; the wall clock is that
 * of what is shown. */
static void push(struct vg_packet_ring *ring, const struct encoded *encoded, size_t i)
{
    const AVPacket *packet = encoded->packet[i];
    const int64_t shown =
        packet->pts == AV_NOPTS_VALUE ? (int64_t)i * TICKS_PER_S / FPS : packet->pts;
    const int64_t shown_us = shown * S / TICKS_PER_S;
    const struct vg_ring_push one = {.data = packet,
                                     .arrival = {MONO_US + (int64_t)i * S / FPS + 20000},
                                     .wall = {WALL_US + shown_us},
                                     .media = {shown_us},
                                     .key = (packet->flags & AV_PKT_FLAG_KEY) != 0};
    vg_packet_ring_push(ring, &one);
}

static void push_all(struct vg_packet_ring *ring, const struct encoded *encoded)
{
    for (size_t i = 0; i < encoded->count; i++)
        push(ring, encoded, i);
}

static struct vg_ring_range wall_s(double from, double to)
{
    return (struct vg_ring_range){.by = VG_RING_BY_WALL,
                                  .from_us = WALL_US + (int64_t)(from * (double)S),
                                  .to_us = WALL_US + (int64_t)(to * (double)S)};
}

static void near(double got, double want, double within)
{
    if (got < want - within || got > want + within)
        fail_msg("%.3f, expected %.3f within %.3f", got, want, within);
}

/* 5 s before and after 7.3 s: from the key at 2 s. */
static const struct {
    const char *name;
    struct encode_row row;
    enum AVCodecID codec;
    uint32_t pictures; /* from the key to 12.3 s, both included */
} kinds[] = {
    {"H.264, sets in band", {"libx264", NULL, 160, 120, FPS, 50, 0, false}, AV_CODEC_ID_H264, 258},
    {"H.264, sets apart", {"libx264", NULL, 160, 120, FPS, 50, 0, true}, AV_CODEC_ID_H264, 258},
    {"H.264, 2 B-frames", {"libx264", NULL, 176, 144, FPS, 50, 2, false}, AV_CODEC_ID_H264, 0},
    {"H.264, 3 B-frames, pyramid, sets apart",
     {"libx264", "x264-params=b-pyramid=normal:b-adapt=0", 176, 144, FPS, 50, 3, true},
     AV_CODEC_ID_H264,
     0},
    {"H.264, open groups",
     {"libx264",
      "x264-params=open-gop=1:b-adapt=0:b-pyramid=none:keyint=50:min-keyint=50:scenecut=0", 176,
      144, FPS, 50, 3, false},
     AV_CODEC_ID_H264,
     0},
    {"H.265, sets in band", {"libx265", NULL, 160, 128, FPS, 50, 0, false}, AV_CODEC_ID_HEVC, 258},
    {"H.265, B-frames, sets apart",
     {"libx265", NULL, 160, 128, FPS, 50, 3, true},
     AV_CODEC_ID_HEVC,
     0},
    {"H.265, open groups",
     {"libx265",
      "x265-params=log-level=none:pools=none:frame-threads=1:open-gop=1:keyint=50:min-keyint=50:"
      "scenecut=0:bframes=3",
      160, 128, FPS, 50, 3, false},
     AV_CODEC_ID_HEVC,
     0},
    {"MPEG-4, sets in band", {"mpeg4", NULL, 160, 120, FPS, 50, 0, false}, AV_CODEC_ID_MPEG4, 258},
    {"MPEG-4, B-frames, sets apart",
     {"mpeg4", NULL, 160, 120, FPS, 50, 2, true},
     AV_CODEC_ID_MPEG4,
     0},
    {"MJPEG", {"mjpeg", NULL, 160, 120, FPS, 1, 0, false}, AV_CODEC_ID_MJPEG, 251},
};

static void every_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct encoded encoded;
        struct vg_clip_file file;
        struct mp4_about about;
        print_message("  %s\n", kinds[i].name);
        encode(&kinds[i].row, 15 * FPS, &encoded);
        struct vg_packet_ring *ring = ring_with(&encoded);
        push_all(ring, &encoded);
        const struct vg_ring_range range = wall_s(2.3, 12.3);
        assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), VG_OK);
        assert_false(file.cut_short);
        look_at_mp4(file.data, file.size, &about);
        assert_int_equal(about.codec, kinds[i].codec);
        assert_int_equal(about.width, kinds[i].row.width);
        assert_int_equal(about.height, kinds[i].row.height);
        assert_int_equal(about.packets, file.pictures);
        assert_int_equal(about.pictures, file.pictures);
        if (kinds[i].pictures)
            assert_int_equal(about.pictures, kinds[i].pictures);
        /* all that is shown in the range is there: from its key before, to its end or a little on */
        const double from_s = (double)(file.from.us - WALL_US) / (double)S;
        assert_true(from_s <= 2.3 && from_s >= 2.3 - GROUP_S);
        near(from_s + about.last_s - about.first_s, 12.3, 0.17);
        near(about.first_s, 0, 0.001);
        /* the last ones may be shown after some that are beyond the range */
        near(about.step_s_max, 0.04, kinds[i].row.b_frames ? 0.17 : 0.001);
        near((double)about.duration_us / (double)S, about.last_s + 0.04, 0.05);
        assert_memory_equal(file.data + 4, "ftyp", 4);
        vg_free(file.data);
        vg_packet_ring_close(&ring);
        encoded_free(&encoded);
    }
}

/* ---- where ranges begin and end ---- */

static const struct {
    double from, to;
    enum vg_status status;
    double begins, ends; /* shown, seconds of the wall clock */
    bool cut_short;
} ranges[] = {
    {3.0, 5.0, VG_OK, 2.0, 5.0, false},   /* inside a group */
    {4.0, 5.0, VG_OK, 4.0, 5.0, false},   /* on a key */
    {3.99, 4.01, VG_OK, 2.0, 4.0, false}, /* right before one */
    {5.0, 5.0, VG_OK, 4.0, 5.0, false},   /* a moment */
    {-0.5, 3.0, VG_OK, 0.0, 3.0, false},  /* hardly before the oldest */
    {-5.0, 3.0, VG_OK, 0.0, 3.0, true},   /* well before */
    {8.0, 10.5, VG_OK, 8.0, 9.96, false}, /* hardly beyond the newest */
    {8.0, 30.0, VG_OK, 8.0, 9.96, true},  /* well beyond */
    {-9.0, 99.0, VG_OK, 0.0, 9.96, true}, /* all */
    {-9.0, -1.0, VG_E_END, 0, 0, false},  /* before all */
    {10.0, 12.0, VG_E_END, 0, 0, false},  /* after all */
    {5.0, 4.0, VG_E_CALL, 0, 0, false},   /* the wrong way round */
};

static void begins_and_ends(void **state)
{
    (void)state;
    static const struct encode_row row = {"libx264", NULL, 96, 64, FPS, 50, 0, false};
    struct encoded encoded;
    encode(&row, 10 * FPS, &encoded);
    struct vg_packet_ring *ring = ring_with(&encoded);
    push_all(ring, &encoded);
    for (size_t i = 0; i < 2 * (sizeof ranges / sizeof *ranges); i++) {
        const size_t r = i / 2;
        struct vg_clip_file file;
        struct mp4_about about;
        struct vg_ring_range range = wall_s(ranges[r].from, ranges[r].to);
        if (i % 2) { /* the same by media time */
            range.by = VG_RING_BY_MEDIA;
            range.from_us -= WALL_US;
            range.to_us -= WALL_US;
        }
        assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), ranges[r].status);
        if (ranges[r].status) {
            assert_null(file.data);
            continue;
        }
        assert_int_equal(file.cut_short, ranges[r].cut_short);
        assert_int_equal(file.from.us, WALL_US + (int64_t)(ranges[r].begins * (double)S));
        near((double)(file.to.us - WALL_US) / (double)S, ranges[r].ends, 0.001);
        look_at_mp4(file.data, file.size, &about);
        near(about.last_s, ranges[r].ends - ranges[r].begins, 0.001);
        vg_free(file.data);
    }
    vg_packet_ring_close(&ring);
    encoded_free(&encoded);
}

/* ---- stamps that cannot be trusted ---- */

/* At picture 100 the stamps go on elsewhere. */
static void jumps(void **state)
{
    (void)state;
    static const int64_t jump_s[] = {3600, -3600, -2, 7, 1000000};
    static const int b_frames[] = {0, 2};
    for (size_t i = 0; i < 2 * (sizeof jump_s / sizeof *jump_s); i++) {
        struct encoded encoded;
        struct vg_clip_file file;
        struct mp4_about about;
        const struct encode_row row = {"libx264", NULL, 96, 64, FPS, 50, b_frames[i % 2], false};
        encode(&row, 10 * FPS, &encoded);
        struct vg_packet_ring *ring = ring_with(&encoded);
        for (size_t p = 0; p < encoded.count; p++) {
            AVPacket *packet = encoded.packet[p];
            const int64_t wall_us = packet->pts * S / TICKS_PER_S;
            if (packet->pts >= 100 * TICKS_PER_S / FPS)
                packet->pts += jump_s[i / 2] * TICKS_PER_S;
            const struct vg_ring_push one = {.data = packet,
                                             .arrival = {MONO_US + (int64_t)p * S / FPS},
                                             .wall = {WALL_US + wall_us},
                                             .media = {INT64_MIN},
                                             .key = (packet->flags & AV_PKT_FLAG_KEY) != 0};
            vg_packet_ring_push(ring, &one);
        }
        const struct vg_ring_range range = wall_s(0, 10);
        assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), VG_OK);
        look_at_mp4(file.data, file.size, &about);
        assert_int_equal(about.packets, 250);
        assert_int_equal(about.pictures, 250);
        near(about.last_s, 9.96, 0.3);
        assert_true(about.step_s_max < 0.3);
        vg_free(file.data);
        vg_packet_ring_close(&ring);
        encoded_free(&encoded);
    }
}

/* The first packet of libavformat's RTSP has no stamp; some have the same; some have only that of
 * decoding. */
static void stamps_missing_or_twice(void **state)
{
    (void)state;
    static const struct encode_row row = {"libx264", NULL, 96, 64, FPS, 25, 0, false};
    struct encoded encoded;
    struct vg_clip_file file;
    struct mp4_about about;
    encode(&row, 4 * FPS, &encoded);
    encoded.packet[0]->pts = AV_NOPTS_VALUE;
    encoded.packet[40]->pts = encoded.packet[39]->pts;
    encoded.packet[60]->dts = encoded.packet[60]->pts;
    encoded.packet[60]->pts = AV_NOPTS_VALUE;
    struct vg_packet_ring *ring = ring_with(&encoded);
    push_all(ring, &encoded);
    assert_int_equal(vg_packet_ring_counts(ring).unkept, 25); /* the first group has no key */
    const struct vg_ring_range range = wall_s(-1, 5);
    assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), VG_OK);
    assert_int_equal(file.pictures, 75);
    look_at_mp4(file.data, file.size, &about);
    assert_int_equal(about.packets, 75);
    vg_free(file.data);
    vg_packet_ring_close(&ring);
    encoded_free(&encoded);
}

/* ---- a source that was lost and is back ---- */

/* With the same parameters the clip goes on over the gap; with others it is the longer part. */
static void over_a_gap(void **state)
{
    (void)state;
    static const struct encode_row first = {"libx264", NULL, 96, 64, FPS, 25, 2, false},
                                   other = {"libx264", NULL, 128, 96, FPS, 25, 0, false};
    for (int changed = 0; changed < 2; changed++) {
        struct encoded before, after;
        struct vg_clip_file file;
        struct mp4_about about;
        encode(&first, 4 * FPS, &before);
        encode(changed ? &other : &first, 2 * FPS, &after);
        struct vg_packet_ring *ring = ring_with(&before);
        push_all(ring, &before);
        vg_packet_ring_describe(ring, after.codec, 1, TICKS_PER_S);
        for (size_t i = 0; i < after.count; i++) {
            const int64_t us = 7 * S + (int64_t)i * S / FPS;
            const struct vg_ring_push one = {.data = after.packet[i],
                                             .arrival = {MONO_US + us},
                                             .wall = {WALL_US + us},
                                             .media = {us},
                                             .key =
                                                 (after.packet[i]->flags & AV_PKT_FLAG_KEY) != 0};
            vg_packet_ring_push(ring, &one);
        }
        const struct vg_ring_range range = wall_s(0, 8.9);
        assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), VG_OK);
        assert_int_equal(file.cut_short, changed);
        look_at_mp4(file.data, file.size, &about);
        assert_int_equal(about.width, 96);
        assert_int_equal(about.pictures, changed ? 100 : 148);
        if (!changed)
            near(about.step_s_max, 3.04, 0.2);
        vg_free(file.data);
        vg_packet_ring_close(&ring);
        encoded_free(&before);
        encoded_free(&after);
    }
}

/* ---- refusals ---- */

static void refusals(void **state)
{
    (void)state;
    static const struct encode_row row = {"libx264", NULL, 96, 64, FPS, 25, 0, true};
    struct encoded encoded;
    struct vg_clip_file file;
    const struct vg_ring_range range = wall_s(0, 5);
    encode(&row, 2 * FPS, &encoded);
    struct vg_packet_ring *ring = ring_with(&encoded);
    assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), VG_E_END);
    push_all(ring, &encoded);
    assert_int_equal(vg_clip_cut(ring, &range, 1000, &file), VG_E_FULL);
    assert_null(file.data);
    for (uint32_t n = 1; n < 8; n++) {
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_clip_cut(ring, &range, 64 << 20, &file);
        vg_alloc_fail_at(0);
        assert_true(status == VG_E_MEMORY || status == VG_OK);
        vg_free(file.data);
    }
    vg_packet_ring_close(&ring);
    av_freep(&encoded.codec->extradata); /* neither in band nor apart */
    encoded.codec->extradata_size = 0;
    ring = ring_with(&encoded);
    push_all(ring, &encoded);
    assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), VG_E_MISSING);
    assert_null(file.data);
    encoded.codec->codec_id = AV_CODEC_ID_FLV1; /* no place in MP4 */
    encoded.codec->width = 96;
    encoded.codec->height = 64;
    vg_packet_ring_clear(ring);
    vg_packet_ring_describe(ring, encoded.codec, 1, TICKS_PER_S);
    push_all(ring, &encoded);
    assert_int_equal(vg_clip_cut(ring, &range, 64 << 20, &file), VG_E_INPUT);
    vg_packet_ring_close(&ring);
    encoded_free(&encoded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind), cmocka_unit_test(begins_and_ends),
        cmocka_unit_test(jumps),      cmocka_unit_test(stamps_missing_or_twice),
        cmocka_unit_test(over_a_gap), cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
