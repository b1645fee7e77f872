/* Live viewers: what they are given plays from its first byte on, whoever is slow loses groups and
 * no memory, and what browsers do not play becomes pictures. */
#include "tests/encode_fixture.h"

#include "src/base/alloc.h"
#include "src/media/live_mux.h"

#define S        VG_US_PER_S
#define FPS      25
#define FILE_MAX (8u << 20)

struct viewer {
    struct vg_live *live;
    uint8_t *file; /* all parts since the last init segment */
    size_t size;
    uint32_t inits, fragments, pictures;
    uint64_t next_dts; /* where the last fragment ended */
    uint32_t gaps;     /* fragments that begin elsewhere */
    char codec[VG_CODEC_STRING_BYTES];
};

static struct vg_packet_ring *ring_with(const struct encoded *encoded)
{
    struct vg_packet_ring *ring = NULL;
    struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    settings.keep_us = settings.held_us; /* the whole clip at once */
    assert_int_equal(vg_packet_ring_open(&ring, &settings), VG_OK);
    vg_packet_ring_describe(ring, encoded->codec, 1, TICKS_PER_S);
    return ring;
}

static void push(struct vg_packet_ring *ring, const struct encoded *encoded, size_t i, int64_t us)
{
    const struct vg_ring_push one = {.data = encoded->packet[i],
                                     .arrival = {us},
                                     .wall = {us},
                                     .media = {us},
                                     .key = (encoded->packet[i]->flags & AV_PKT_FLAG_KEY) != 0};
    vg_packet_ring_push(ring, &one);
}

static void viewer_open(struct viewer *viewer, struct vg_packet_ring *ring, unsigned plays,
                        struct vg_jpeg_post *post)
{
    struct vg_live_settings settings = vg_live_defaults();
    memset(viewer, 0, sizeof *viewer);
    settings.ring = ring;
    settings.plays = plays;
    settings.post = post;
    assert_int_equal(vg_live_open(&viewer->live, &settings), VG_OK);
    viewer->file = vg_alloc(FILE_MAX);
    assert_non_null(viewer->file);
}

static void viewer_close(struct viewer *viewer)
{
    vg_live_close(&viewer->live);
    vg_free(viewer->file);
}

static uint64_t number_at(const uint8_t *data, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | data[i];
    return number;
}

/* tfdt and the duration in trun stand at fixed places of the fragments. */
static void note_times(struct viewer *viewer, const struct vg_live_part *part)
{
    assert_memory_equal(part->data + 4, "moof", 4);
    assert_memory_equal(part->data + 52, "tfdt", 4);
    assert_memory_equal(part->data + 72, "trun", 4);
    const uint64_t dts = number_at(part->data + 60, 8);
    if (viewer->fragments > 0)
        viewer->gaps += dts != viewer->next_dts;
    assert_true(viewer->fragments == 0 || dts >= viewer->next_dts);
    viewer->next_dts = dts + number_at(part->data + 88, 4);
}

static enum vg_status take(struct viewer *viewer, struct vg_live_part *part)
{
    const struct vg_mono_time now = {0};
    const enum vg_status status = vg_live_next(viewer->live, now, part);
    if (status)
        return status;
    assert_true(viewer->size + part->size <= FILE_MAX);
    switch (part->kind) {
    case VG_LIVE_INIT:
        viewer->inits++;
        viewer->size = 0;
        memcpy(viewer->codec, part->codec, sizeof viewer->codec);
        break;
    case VG_LIVE_FRAGMENT:
        assert_true(viewer->inits > 0);
        assert_true(viewer->fragments > 0 || part->key);
        note_times(viewer, part);
        viewer->fragments++;
        break;
    case VG_LIVE_PICTURE:
        viewer->pictures++;
        return VG_OK;
    }
    memcpy(viewer->file + viewer->size, part->data, part->size);
    viewer->size += part->size;
    return VG_OK;
}

static uint32_t take_all(struct viewer *viewer)
{
    struct vg_live_part part;
    uint32_t count = 0;
    enum vg_status status = VG_OK;
    while ((status = take(viewer, &part)) == VG_OK)
        count++;
    assert_int_equal(status, VG_E_END);
    return count;
}

/* ---- what can be played ---- */

static const struct {
    const char *name, *codec;
    struct encode_row row;
} kinds[] = {
    {"H.264, sets in band", "avc1.", {"libx264", NULL, 160, 120, FPS, 50, 0, false}},
    {"H.264, sets apart", "avc1.", {"libx264", NULL, 160, 120, FPS, 50, 0, true}},
    {"H.264, B-frames", "avc1.", {"libx264", NULL, 160, 120, FPS, 50, 2, false}},
    {"H.264, pyramid",
     "avc1.",
     {"libx264", "x264-params=b-pyramid=normal:b-adapt=0", 160, 120, FPS, 50, 3, false}},
    {"H.265", "hvc1.1.", {"libx265", NULL, 160, 128, FPS, 50, 0, false}},
    {"H.265, B-frames, sets apart", "hvc1.1.", {"libx265", NULL, 160, 128, FPS, 50, 3, true}},
};

/* Comes in at 3 s, in the middle of a group, which it is given from its key on. */
static void plays(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct encoded encoded;
        struct viewer viewer;
        struct mp4_about about;
        print_message("  %s\n", kinds[k].name);
        encode(&kinds[k].row, 8 * FPS, &encoded);
        struct vg_packet_ring *ring = ring_with(&encoded);
        viewer_open(&viewer, ring, VG_LIVE_PLAYS_H264 | VG_LIVE_PLAYS_H265, NULL);
        assert_int_equal(take_all(&viewer), 0);
        for (size_t i = 0; i < 75; i++)
            push(ring, &encoded, i, (int64_t)(i + 1) * S / FPS);
        assert_int_equal(take_all(&viewer), 1 + 25); /* the head, and the group from 2 s on */
        for (size_t i = 75; i < encoded.count; i++) {
            push(ring, &encoded, i, (int64_t)(i + 1) * S / FPS);
            assert_int_equal(take_all(&viewer), 1); /* each at once */
        }
        assert_int_equal(viewer.inits, 1);
        assert_int_equal(viewer.gaps, 0);
        assert_int_equal(viewer.fragments, 6 * FPS);
        assert_memory_equal(viewer.codec, kinds[k].codec, strlen(kinds[k].codec));
        look_at_mp4(viewer.file, viewer.size, &about);
        assert_int_equal(about.packets, 6 * FPS);
        assert_int_equal(about.pictures, 6 * FPS);
        assert_true(about.step_s_max < 0.045);
        const struct vg_live_counts counts = vg_live_counts(viewer.live);
        assert_int_equal(counts.pictures, 6 * FPS);
        assert_int_equal(counts.skipped, 0);
        viewer_close(&viewer);
        vg_packet_ring_close(&ring);
        encoded_free(&encoded);
    }
}

/* ---- who is slow ---- */

static void slow_reader(void **state)
{
    (void)state;
    static const struct encode_row row = {"libx264", NULL, 96, 64, FPS, 25, 2, false};
    struct encoded encoded;
    struct viewer viewer;
    struct vg_live_part part;
    struct mp4_about about;
    encode(&row, 20 * FPS, &encoded);
    struct vg_packet_ring *ring = ring_with(&encoded);
    viewer_open(&viewer, ring, VG_LIVE_PLAYS_H264, NULL);
    push(ring, &encoded, 0, S);
    assert_int_equal(take(&viewer, &part), VG_OK);
    const uint64_t held = vg_alloc_held();
    for (size_t i = 1; i < encoded.count; i++) { /* takes one of three */
        push(ring, &encoded, i, S + (int64_t)i * S / FPS);
        if (i % 3 == 0)
            (void)take(&viewer, &part);
    }
    assert_true(vg_alloc_held() - held <= (64u << 10)); /* one part */
    const struct vg_live_counts counts = vg_live_counts(viewer.live);
    assert_true(counts.skips >= 5);
    assert_true(counts.skipped >= 250);
    assert_int_equal(counts.pictures, viewer.fragments);
    look_at_mp4(viewer.file, viewer.size, &about); /* and what it got is whole */
    assert_int_equal(about.pictures, viewer.fragments);
    (void)take_all(&viewer); /* now it is quick: near to the end at once */
    push(ring, &encoded, 475, 30 * S);
    assert_int_equal(take_all(&viewer), 1);
    viewer_close(&viewer);
    vg_packet_ring_close(&ring);
    encoded_free(&encoded);
}

static void too_large(void **state)
{
    (void)state;
    static const struct encode_row row = {"libx264", "qp=1", 320, 240, FPS, 25, 0, false};
    struct encoded encoded;
    struct vg_live *live = NULL;
    struct vg_live_part part;
    struct vg_live_settings settings = vg_live_defaults();
    encode(&row, FPS, &encoded);
    struct vg_packet_ring *ring = ring_with(&encoded);
    settings.ring = ring;
    settings.part_bytes_max = 4096;
    assert_int_equal(vg_live_open(&live, &settings), VG_OK);
    for (size_t i = 0; i < encoded.count; i++)
        push(ring, &encoded, i, (int64_t)(i + 1) * S / FPS);
    assert_int_equal(vg_live_next(live, (struct vg_mono_time){0}, &part), VG_OK);
    assert_int_equal(part.kind, VG_LIVE_INIT);
    assert_int_equal(vg_live_next(live, (struct vg_mono_time){0}, &part), VG_E_END);
    assert_int_equal(vg_live_counts(live).left_out, FPS);
    vg_live_close(&live);
    vg_packet_ring_close(&ring);
    encoded_free(&encoded);
}

/* ---- another format, a source that was lost ---- */

static void format_changes(void **state)
{
    (void)state;
    static const struct encode_row first = {"libx264", NULL, 96, 64, FPS, 25, 2, false},
                                   other = {"libx264", NULL, 128, 96, FPS, 25, 0, true};
    struct encoded before, after;
    struct viewer viewer;
    struct mp4_about about;
    encode(&first, 2 * FPS, &before);
    encode(&other, 2 * FPS, &after);
    struct vg_packet_ring *ring = ring_with(&before);
    viewer_open(&viewer, ring, VG_LIVE_PLAYS_H264, NULL);
    for (size_t i = 0; i < before.count; i++) {
        push(ring, &before, i, S + (int64_t)i * S / FPS);
        (void)take_all(&viewer);
    }
    look_at_mp4(viewer.file, viewer.size, &about);
    assert_int_equal(about.width, 96);
    const uint64_t ended = viewer.next_dts;
    vg_packet_ring_describe(ring, before.codec, 1, TICKS_PER_S); /* lost and back, the same */
    for (size_t i = 0; i < before.count; i++) {
        push(ring, &before, i, 10 * S + (int64_t)i * S / FPS);
        (void)take_all(&viewer);
    }
    assert_int_equal(viewer.inits, 1);
    assert_true(viewer.next_dts > ended + 7 * TICKS_PER_S);
    assert_int_equal(viewer.gaps, 1);
    vg_packet_ring_describe(ring, after.codec, 1, TICKS_PER_S);
    for (size_t i = 0; i < after.count; i++) {
        push(ring, &after, i, 20 * S + (int64_t)i * S / FPS);
        (void)take_all(&viewer);
    }
    assert_int_equal(viewer.inits, 2);
    assert_int_equal(viewer.fragments, 6 * FPS); /* and time never went back: note_times */
    look_at_mp4(viewer.file, viewer.size, &about);
    assert_int_equal(about.width, 128);
    assert_int_equal(about.pictures, 2 * FPS);
    viewer_close(&viewer);
    vg_packet_ring_close(&ring);
    encoded_free(&before);
    encoded_free(&after);
}

/* ---- pictures ---- */

static void motion_jpeg(void **state)
{
    (void)state;
    static const struct encode_row row = {"mjpeg", NULL, 96, 64, FPS, 1, 0, false};
    struct encoded encoded;
    struct viewer viewer;
    struct vg_live_part part;
    encode(&row, 4 * FPS, &encoded);
    struct vg_packet_ring *ring = ring_with(&encoded);
    viewer_open(&viewer, ring, VG_LIVE_PLAYS_H264, NULL);
    for (size_t i = 0; i < encoded.count; i++) {
        push(ring, &encoded, i, S + (int64_t)i * S / FPS);
        if (take(&viewer, &part))
            continue;
        assert_int_equal(part.kind, VG_LIVE_PICTURE);
        assert_int_equal(part.size, encoded.packet[i]->size);
        assert_memory_equal(part.data, encoded.packet[i]->data, part.size);
    }
    assert_int_equal(viewer.inits, 0);
    assert_int_equal(viewer.pictures, 20); /* 5 a second */
    viewer_close(&viewer);
    vg_packet_ring_close(&ring);
    encoded_free(&encoded);
}

static void post_grey(struct vg_jpeg_post *post, uint8_t luma, int64_t now_us)
{
    struct vg_pixels pixels;
    const struct vg_picture about = {
        .matrix = VG_MATRIX_BT601, .range = VG_RANGE_LIMITED, .wall = {now_us}};
    assert_int_equal(vg_jpeg_post_begin(post, 1920, 1080, &pixels), VG_OK);
    assert_int_equal(pixels.width, VG_JPEG_POST_WIDTH);
    for (uint32_t y = 0; y < pixels.height; y++)
        memset(pixels.luma + (size_t)y * pixels.luma_stride, luma, pixels.width);
    for (uint32_t y = 0; y < pixels.height / 2; y++)
        memset(pixels.chroma + (size_t)y * pixels.chroma_stride, 128, pixels.width);
    assert_int_equal(vg_jpeg_post_put(post, &about, (struct vg_mono_time){now_us}), VG_OK);
}

/* The luma of a JPEG's first pixel. */
static int luma_of(const struct vg_live_part *part)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG));
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
    assert_int_equal(av_new_packet(packet, (int)part->size), 0);
    memcpy(packet->data, part->data, part->size);
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
    const int luma = frame->data[0][0];
    assert_int_equal(frame->width, VG_JPEG_POST_WIDTH);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
    return luma;
}

/* A browser that does not play H.265: the flux encodes pictures while somebody asks. */
static void pictures_of_others(void **state)
{
    (void)state;
    static const struct encode_row row = {"libx265", NULL, 96, 64, FPS, 25, 0, false};
    struct encoded encoded;
    struct viewer viewer;
    struct vg_live_part part;
    struct vg_jpeg_post *post = NULL;
    encode(&row, FPS, &encoded);
    struct vg_packet_ring *ring = ring_with(&encoded);
    assert_int_equal(vg_jpeg_post_open(&post), VG_OK);
    assert_false(vg_jpeg_post_due(post, (struct vg_mono_time){S}));
    viewer_open(&viewer, ring, VG_LIVE_PLAYS_H264, post);
    push(ring, &encoded, 0, S);
    assert_int_equal(vg_live_next(viewer.live, (struct vg_mono_time){S}, &part), VG_E_END);
    assert_true(vg_jpeg_post_due(post, (struct vg_mono_time){S}));
    post_grey(post, 16, S);
    assert_false(vg_jpeg_post_due(post, (struct vg_mono_time){S + 100000}));
    assert_true(vg_jpeg_post_due(post, (struct vg_mono_time){S + 200000}));
    assert_false(vg_jpeg_post_due(post, (struct vg_mono_time){3 * S}));
    assert_int_equal(vg_live_next(viewer.live, (struct vg_mono_time){S}, &part), VG_OK);
    assert_int_equal(part.kind, VG_LIVE_PICTURE);
    assert_int_equal(part.wall.us, S);
    assert_in_range(luma_of(&part), 0, 2); /* black of the limited range is 0 of the full */
    assert_int_equal(vg_live_next(viewer.live, (struct vg_mono_time){S}, &part), VG_E_END);
    post_grey(post, 235, 2 * S);
    assert_int_equal(vg_live_next(viewer.live, (struct vg_mono_time){S}, &part), VG_OK);
    assert_in_range(luma_of(&part), 253, 255);
    post_grey(post, 100, 3 * S);
    vg_jpeg_post_clear(post);
    assert_int_equal(vg_live_next(viewer.live, (struct vg_mono_time){S}, &part), VG_E_END);
    viewer_close(&viewer);
    vg_jpeg_post_close(&post);
    vg_packet_ring_close(&ring);
    encoded_free(&encoded);
}

/* ---- names ---- */

static void names(void **state)
{
    (void)state;
    /* of files in the wild: the SPS of a camera; hvcC of main, level 3.1; main 10 with constraints */
    static const uint8_t sps[] = {0, 0, 0, 1, 0x67, 0x64, 0x00, 0x1E, 0xAC},
                         avcc[] = {1, 0x42, 0xC0, 0x1F},
                         hvcc[] = {1, 0x01, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93},
                         ten[] = {0, 0,    1, 0x42, 0x01, 0x01, 0x22, 0x20, 0, 0,  3,
                                  0, 0x90, 0, 0,    3,    0,    0,    3,    0, 153};
    static const struct {
        int codec;
        const uint8_t *sets;
        size_t size;
        const char *name; /* NULL: none */
    } rows[] = {{AV_CODEC_ID_H264, sps, sizeof sps, "avc1.64001E"},
                {AV_CODEC_ID_H264, avcc, sizeof avcc, "avc1.42C01F"},
                {AV_CODEC_ID_HEVC, hvcc, sizeof hvcc, "hvc1.1.6.L93.B0"},
                {AV_CODEC_ID_HEVC, ten, sizeof ten, "hvc1.2.4.H153.90"},
                {AV_CODEC_ID_H264, sps, 4, NULL},
                {AV_CODEC_ID_H264, sps, 7, NULL},
                {AV_CODEC_ID_H264, NULL, 0, NULL},
                {AV_CODEC_ID_HEVC, hvcc, 12, NULL},
                {AV_CODEC_ID_HEVC, ten, 12, NULL},
                {AV_CODEC_ID_MPEG4, sps, sizeof sps, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[VG_CODEC_STRING_BYTES];
        assert_int_equal(vg_codec_string(rows[i].codec, rows[i].sets, rows[i].size, text),
                         rows[i].name ? VG_OK : VG_E_INPUT);
        assert_string_equal(text, rows[i].name ? rows[i].name : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays),       cmocka_unit_test(slow_reader),
        cmocka_unit_test(too_large),   cmocka_unit_test(format_changes),
        cmocka_unit_test(motion_jpeg), cmocka_unit_test(pictures_of_others),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
