/* Clips of many kinds: colours, odd sizes, uneven rates, and what cannot be read. The clips are
 * made here by the ffmpeg command. */
#include "tests/media_fixture.h"

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/media/clip.h"
#include "src/media/decoder.h"
#include "src/media/fate.h"
#include "src/media/source.h"

static struct media_folder *folder_of(void **state)
{
    return *state;
}

static struct vg_clip *open_clip(const struct media_folder *folder, const char *name)
{
    char path[512];
    struct vg_clip *clip = NULL;
    struct vg_fault fault;
    folder_file(folder, name, path, sizeof path);
    if (vg_clip_open(&clip, path, &fault))
        fail_msg("%s: %s", name, fault.what);
    return clip;
}

struct mean {
    double luma, u, v;
};

static struct mean mean_of(const struct vg_picture *picture)
{
    struct mean mean = {0, 0, 0};
    for (uint32_t y = 0; y < picture->height; y++)
        for (uint32_t x = 0; x < picture->width; x++)
            mean.luma += picture->luma[(size_t)y * picture->luma_stride + x];
    for (uint32_t y = 0; y < picture->height / 2; y++)
        for (uint32_t x = 0; x < picture->width / 2; x++) {
            mean.u += picture->chroma[(size_t)y * picture->chroma_stride + 2 * (size_t)x];
            mean.v += picture->chroma[(size_t)y * picture->chroma_stride + 2 * (size_t)x + 1];
        }
    const double pixels = (double)picture->width * picture->height;
    return (struct mean){mean.luma / pixels, mean.u * 4 / pixels, mean.v * 4 / pixels};
}

static void near(double got, double want, double within)
{
    if (got < want - within || got > want + within)
        fail_msg("%.2f, expected %.2f within %.2f", got, want, within);
}

/* Red is far apart in all of these: BT.601 limited 81.5 90.2 240, BT.709 limited 62.6 102.3 240,
 * BT.601 full 76.2 85.0 255 (from the matrices of the two recommendations). */
static const struct colour_row {
    const char *name, *lavfi;
    const char *options[10];
    enum vg_matrix matrix;
    enum vg_range range;
    double luma, u, v;
    uint32_t width, height;
} colours[] = {
    {"601.mkv",
     "color=red:s=64x48:r=5:d=1,scale=out_color_matrix=bt601:out_range=tv,format=yuv420p",
     {"-c:v", "libx264", "-qp", "0", "-colorspace", "smpte170m", "-color_range", "tv"},
     VG_MATRIX_BT601,
     VG_RANGE_LIMITED,
     81.5,
     90.2,
     240,
     64,
     48},
    {"709.mkv",
     "color=red:s=64x48:r=5:d=1,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
     {"-c:v", "libx264", "-qp", "0", "-colorspace", "bt709", "-color_range", "tv"},
     VG_MATRIX_BT709,
     VG_RANGE_LIMITED,
     62.6,
     102.3,
     240,
     64,
     48},
    {"full.mkv",
     "color=red:s=64x48:r=5:d=1,scale=out_color_matrix=bt601:out_range=pc,format=yuv420p",
     {"-c:v", "libx264", "-qp", "0", "-colorspace", "bt470bg", "-color_range", "pc"},
     VG_MATRIX_BT601,
     VG_RANGE_FULL,
     76.2,
     85.0,
     255,
     64,
     48},
    {"untold576.mkv",
     "color=red:s=64x576:r=5:d=1,scale=out_color_matrix=bt601,format=yuv420p",
     {"-c:v", "libx264", "-qp", "0"},
     VG_MATRIX_BT601,
     VG_RANGE_LIMITED,
     81.5,
     90.2,
     240,
     64,
     576},
    {"untold578.mkv",
     "color=red:s=64x578:r=5:d=1,scale=out_color_matrix=bt709,format=yuv420p",
     {"-c:v", "libx264", "-qp", "0", "-color_range", "tv"},
     VG_MATRIX_BT709,
     VG_RANGE_LIMITED,
     62.6,
     102.3,
     240,
     64,
     578},
    /* JPEG: full range by its format, 4:2:2, so it goes through the scaler */
    {"motion.avi",
     "color=red:s=64x48:r=5:d=1,scale=out_color_matrix=bt601:out_range=pc,format=yuvj422p",
     {"-c:v", "mjpeg", "-q:v", "2"},
     VG_MATRIX_BT601,
     VG_RANGE_FULL,
     76.2,
     85.0,
     255,
     64,
     48},
    {"ten.mkv",
     "color=red:s=64x48:r=5:d=1,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p10le",
     {"-c:v", "ffv1", "-colorspace", "bt709", "-color_range", "tv"},
     VG_MATRIX_BT709,
     VG_RANGE_LIMITED,
     62.6,
     102.3,
     240,
     64,
     48},
    {"rgb.mkv",
     "color=red:s=64x48:r=5:d=1,format=bgr0",
     {"-c:v", "ffv1"},
     VG_MATRIX_BT601,
     VG_RANGE_LIMITED,
     81.5,
     90.2,
     240,
     64,
     48},
    {"gray.mkv",
     "color=gray:s=64x48:r=5:d=1,format=gray",
     {"-c:v", "ffv1", "-color_range", "tv"},
     VG_MATRIX_BT601,
     VG_RANGE_LIMITED,
     126,
     128,
     128,
     64,
     48},
    {"odd.mkv",
     "color=red:s=67x49:r=5:d=1,scale=out_color_matrix=bt601:out_range=tv,format=yuv420p",
     {"-c:v", "ffv1"},
     VG_MATRIX_BT601,
     VG_RANGE_LIMITED,
     81.5,
     90.2,
     240,
     66,
     48},
    {"odd422.mkv",
     "color=red:s=67x49:r=5:d=1,scale=out_color_matrix=bt601:out_range=tv,format=yuv422p",
     {"-c:v", "ffv1"},
     VG_MATRIX_BT601,
     VG_RANGE_LIMITED,
     81.5,
     90.2,
     240,
     66,
     48},
};

static void colours_are_kept(void **state)
{
    const struct media_folder *folder = folder_of(state);
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
        const struct colour_row *row = &colours[i];
        struct vg_clip_picture found;
        struct vg_picture picture;
        struct vg_fault fault;
        print_message("%s\n", row->name);
        make_clip(folder, row->name, row->lavfi, row->options);
        struct vg_clip *clip = open_clip(folder, row->name);
        assert_int_equal(vg_clip_next(clip, &found, &fault), VG_OK);
        assert_int_equal(found.matrix, row->matrix);
        assert_int_equal(found.range, row->range);
        assert_int_equal(found.width, row->width);
        assert_int_equal(found.height, row->height);
        assert_false(found.corrupt);
        uint8_t *memory = vg_alloc(vg_pixels_bytes(found.width, found.height));
        const struct vg_pixels pixels = vg_pixels_over(memory, found.width, found.height);
        assert_int_equal(vg_clip_convert(clip, &pixels, &picture), VG_OK);
        const struct mean mean = mean_of(&picture);
        near(mean.luma, row->luma, 2);
        near(mean.u, row->u, 2);
        near(mean.v, row->v, 2);
        vg_free(memory);
        vg_clip_close(&clip);
    }
}

/* Rows and columns stay where they are: a ramp, copied and scaled. */
static void pixels_stay_in_place(void **state)
{
    const struct media_folder *folder = folder_of(state);
    static const char *const options[] = {"-c:v", "ffv1", "-pix_fmt", "yuv420p", NULL};
    struct vg_clip_picture found;
    struct vg_picture picture;
    struct vg_fault fault;
    make_clip(folder, "ramp.mkv", "nullsrc=s=64x48:r=5:d=1,geq=lum='2*X+Y':cb='X':cr='200-Y'",
              options);
    struct vg_clip *clip = open_clip(folder, "ramp.mkv");
    assert_int_equal(vg_clip_next(clip, &found, &fault), VG_OK);
    uint8_t *memory = vg_alloc(vg_pixels_bytes(64, 48));
    const struct vg_pixels pixels = vg_pixels_over(memory, 64, 48);
    assert_int_equal(vg_clip_convert(clip, &pixels, &picture), VG_OK);
    for (uint32_t y = 0; y < 48; y++)
        for (uint32_t x = 0; x < 64; x++)
            assert_int_equal(picture.luma[y * picture.luma_stride + x], 2 * x + y);
    for (uint32_t y = 0; y < 24; y++)
        for (uint32_t x = 0; x < 32; x++) {
            assert_int_equal(picture.chroma[y * picture.chroma_stride + 2 * x], x);
            assert_int_equal(picture.chroma[y * picture.chroma_stride + 2 * x + 1], 200 - y);
        }
    const struct vg_pixels wrong = vg_pixels_over(memory, 32, 24);
    assert_int_equal(vg_clip_convert(clip, &wrong, &picture), VG_E_CALL);
    vg_free(memory);
    vg_clip_close(&clip);
}

/* The same ramp through the decoder alone, scaled to half, as for a slot that is too small. */
static void large_pictures_are_scaled(void **state)
{
    const struct media_folder *folder = folder_of(state);
    struct vg_source_settings settings = vg_source_defaults();
    struct vg_source *source = NULL;
    struct vg_decoder *decoder = NULL;
    struct vg_decoded decoded;
    struct vg_packet packet;
    struct vg_fault fault;
    char path[512];
    folder_file(folder, "ramp.mkv", path, sizeof path);
    settings.url = path;
    assert_int_equal(vg_source_open(&source, &settings, &fault), VG_OK);
    assert_int_equal(vg_decoder_open(&decoder, vg_source_about(source).codec, &fault), VG_OK);
    assert_int_equal(vg_source_read(source, &packet), VG_OK);
    assert_int_equal(vg_decoder_send(decoder, packet.data, packet.arrival), VG_OK);
    assert_int_equal(vg_decoder_receive(decoder, &decoded), VG_OK);
    assert_true(decoded.arrival.us == packet.arrival.us);
    uint8_t *memory = vg_alloc(vg_pixels_bytes(32, 24));
    const struct vg_pixels pixels = vg_pixels_over(memory, 32, 24);
    assert_int_equal(vg_decoder_convert(decoder, &pixels), VG_OK);
    for (uint32_t y = 4; y < 20; y++)
        for (uint32_t x = 4; x < 28; x++) /* the mean of 2 x 2: 2 (2x + 1/2) + (2y + 1/2) */
            near(pixels.luma[y * pixels.luma_stride + x], 4.0 * x + 2.0 * y + 1.5, 1.1);
    vg_free(memory);
    vg_decoder_close(&decoder);
    vg_source_close(&source);
}

static void sizes_fit(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height, width_max, height_max, want_width, want_height;
    } rows[] = {
        {704, 576, 1920, 1088, 704, 576},     {1920, 1080, 1920, 1088, 1920, 1080},
        {67, 49, 1920, 1088, 66, 48},         {3840, 2160, 1920, 1088, 1920, 1080},
        {1080, 1920, 1920, 1088, 612, 1088},  {2592, 1944, 1920, 1088, 1450, 1088},
        {100000, 10, 1920, 1088, 1920, 2},    {10, 100000, 1920, 1088, 2, 1088},
        {1921, 1080, 1920, 1088, 1920, 1078}, {2, 2, 16, 16, 2, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t width = 0, height = 0;
        vg_pixels_fit(rows[i].width, rows[i].height, rows[i].width_max, rows[i].height_max, &width,
                      &height);
        assert_int_equal(width, rows[i].want_width);
        assert_int_equal(height, rows[i].want_height);
    }
}

/* Uneven stamps become media times; every picture has its number. */
static void uneven_rates_are_true(void **state)
{
    const struct media_folder *folder = folder_of(state);
    static const char *const options[] = {
        "-vsync", "passthrough", "-enc_time_base", "1/1000", "-c:v", "libx264", "-bf", "0", NULL};
    static const int64_t want_ms[] = {0, 100, 500, 2500, 2540, 2580};
    struct vg_clip_picture found;
    struct vg_fault fault;
    make_clip(folder, "uneven.mkv",
              "testsrc2=s=64x48:r=25:d=0.24,settb=1/1000,"
              "setpts='1000+if(eq(N,0),0,if(eq(N,1),100,if(eq(N,2),500,2500+40*(N-3))))'",
              options);
    struct vg_clip *clip = open_clip(folder, "uneven.mkv");
    for (size_t i = 0; i < sizeof want_ms / sizeof *want_ms; i++) {
        assert_int_equal(vg_clip_next(clip, &found, &fault), VG_OK);
        assert_int_equal(found.sequence, i);
        assert_int_equal(found.media.us / 1000, want_ms[i]);
        assert_int_equal(found.epoch, 0);
    }
    assert_int_equal(vg_clip_next(clip, &found, &fault), VG_E_END);
    assert_int_equal(vg_clip_next(clip, &found, &fault), VG_E_END);
    vg_clip_close(&clip);
}

/* B pictures come out in display order, all of them. */
static void all_pictures_in_order(void **state)
{
    const struct media_folder *folder = folder_of(state);
    static const char *const containers[] = {"whole.mp4", "whole.mkv", "whole.avi", "whole.ts"};
    static const char *const options[] = {"-c:v", "libx264", "-bf", "3", "-g", "25", NULL};
    static const char *const plain[] = {"-c:v", "libx264", "-bf", "0", "-g", "25", NULL};
    for (size_t i = 0; i < 4; i++) {
        struct vg_clip_picture found;
        struct vg_fault fault;
        unsigned count = 0;
        enum vg_status status = VG_OK;
        print_message("%s\n", containers[i]);
        make_clip(folder, containers[i], "testsrc2=s=64x48:r=25:d=4", i == 2 ? plain : options);
        struct vg_clip *clip = open_clip(folder, containers[i]);
        while ((status = vg_clip_next(clip, &found, &fault)) == VG_OK) {
            near((double)found.media.us, 40000.0 * count, 1000);
            count++;
        }
        assert_int_equal(status, VG_E_END);
        assert_int_equal(count, 100);
        assert_int_equal(vg_clip_lost(clip), 0);
        const struct vg_clip_about about = vg_clip_about(clip);
        assert_int_equal(about.fps_milli, 25000);
        near((double)about.duration_us, 4e6, 1e5);
        near((double)about.pictures, 100, 2);
        vg_clip_close(&clip);
    }
}

/* What can be decoded of a cut clip is given, and the end says that it was cut and where. */
static void a_cut_clip_gives_what_it_has(void **state)
{
    const struct media_folder *folder = folder_of(state);
    static const struct {
        const char *whole, *cut;
    } rows[] = {{"fast.mp4", "cut.mp4"}, {"whole.mkv", "cut.mkv"}, {"whole.avi", "cut.avi"}};
    static const char *const options[] = {"-c:v",      "libx264",    "-g", "25",
                                          "-movflags", "+faststart", NULL};
    static uint8_t data[1 << 20];
    make_clip(folder, "fast.mp4", "testsrc2=s=160x120:r=25:d=4", options);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_clip_picture found = {0};
        struct vg_fault fault;
        unsigned count = 0;
        enum vg_status status = VG_OK;
        print_message("%s\n", rows[i].cut);
        const size_t size = get_file(folder, rows[i].whole, data, sizeof data);
        put_file(folder, rows[i].cut, data, size / 2);
        struct vg_clip *clip = open_clip(folder, rows[i].cut);
        while ((status = vg_clip_next(clip, &found, &fault)) == VG_OK)
            count++;
        assert_int_equal(status, VG_E_IO);
        assert_in_range(count, 10, 90);
        assert_non_null(strstr(fault.place, rows[i].cut));
        assert_non_null(strstr(fault.place, " s"));
        assert_int_equal(vg_clip_next(clip, &found, &fault), VG_E_IO);
        vg_clip_close(&clip);
    }
}

/* Bytes spoilt in the middle: no crash, damaged pictures marked, the end tells. */
static void a_damaged_clip_is_told(void **state)
{
    const struct media_folder *folder = folder_of(state);
    static uint8_t data[1 << 20];
    struct vg_random random;
    const size_t size = get_file(folder, "fast.mp4", data, sizeof data);
    vg_random_seed(&random, 7);
    for (size_t i = size / 2; i < size / 2 + 200; i++)
        data[i] = (uint8_t)vg_random_u32(&random);
    put_file(folder, "damaged.mp4", data, size);
    struct vg_clip *clip = open_clip(folder, "damaged.mp4");
    struct vg_clip_picture found;
    struct vg_fault fault;
    unsigned count = 0, corrupt = 0;
    enum vg_status status = VG_OK;
    while ((status = vg_clip_next(clip, &found, &fault)) == VG_OK) {
        count++;
        corrupt += found.corrupt ? 1 : 0;
    }
    assert_int_equal(status, VG_E_IO);
    assert_true(corrupt > 0);
    assert_true(count + vg_clip_lost(clip) > 90);
    vg_clip_close(&clip);
}

static void what_is_no_video_is_refused(void **state)
{
    const struct media_folder *folder = folder_of(state);
    static const char text[] = "Not a video, only words.\n";
    static const char list[] = "#EXTM3U\n#EXTINF:4,\nwhole.ts\n";
    static const char concat[] = "ffconcat version 1.0\nfile whole.mp4\n";
    static const struct {
        const char *name;
        enum vg_status want;
        const char *what;
    } rows[] = {
        {"missing.mp4", VG_E_MISSING, "there is no such file"},
        {"empty.mp4", VG_E_INPUT, "the file is empty"},
        {"text.txt", VG_E_INPUT, "this is not a video that can be read"},
        {"text.mp4", VG_E_INPUT, "this is not a video that can be read"},
        {"list.m3u8", VG_E_INPUT, "this is not a video that can be read"},
        {"list.txt", VG_E_INPUT, "this is not a video that can be read"},
        {"picture.png", VG_E_INPUT, "this is not a video that can be read"},
        {"sound.mp4", VG_E_INPUT, "there is no video in it"},
        {"head.mp4", VG_E_INPUT, "this is not a video that can be read"},
        {"", VG_E_INPUT, "this is not a file"}, /* the folder itself */
    };
    static const char *const none[] = {NULL};
    static const char *const one[] = {"-frames:v", "1", NULL};
    static uint8_t data[1 << 20];
    put_file(folder, "empty.mp4", "", 0);
    put_file(folder, "text.txt", text, sizeof text - 1);
    put_file(folder, "text.mp4", text, sizeof text - 1);
    put_file(folder, "list.m3u8", list, sizeof list - 1);
    put_file(folder, "list.txt", concat, sizeof concat - 1);
    make_clip(folder, "picture.png", "color=red:s=64x48", one);
    make_clip(folder, "sound.mp4", "sine=d=1", none);
    (void)get_file(folder, "whole.mp4", data, sizeof data);
    put_file(folder, "head.mp4", data, 1000); /* its table was at the end */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_clip *clip = NULL;
        struct vg_fault fault;
        char path[512];
        print_message("%s\n", rows[i].name);
        folder_file(folder, rows[i].name, path, sizeof path);
        assert_int_equal(vg_clip_open(&clip, path, &fault), rows[i].want);
        assert_null(clip);
        assert_string_equal(fault.what, rows[i].what);
        assert_non_null(strstr(fault.place, path));
    }
}

/* A path that looks like another protocol is still only a path. */
static void a_path_is_only_a_path(void **state)
{
    const struct media_folder *folder = folder_of(state);
    static const char *const rows[] = {"http://127.0.0.1:1/x.mp4", "concat:whole.mp4|whole.mp4",
                                       "pipe:0", "lavfi:testsrc"};
    static const char *const options[] = {"-f", "mp4", "-c:v", "libx264", NULL};
    struct vg_clip *clip = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_fault fault;
        assert_int_equal(vg_clip_open(&clip, rows[i], &fault), VG_E_MISSING);
    }
    make_clip(folder, "12:30.mp4", "testsrc2=s=64x48:r=25:d=1", options);
    clip = open_clip(folder, "12:30.mp4");
    vg_clip_close(&clip);
}

/* The n-th allocation of ours fails, n from 1 until it works: no leak, no crash. */
static void memory_may_fail(void **state)
{
    const struct media_folder *folder = folder_of(state);
    char path[512];
    folder_file(folder, "whole.mp4", path, sizeof path);
    for (uint32_t n = 1;; n++) {
        struct vg_clip *clip = NULL;
        struct vg_fault fault;
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_clip_open(&clip, path, &fault);
        vg_alloc_fail_at(0);
        if (status == VG_OK) {
            assert_true(n > 1);
            vg_clip_close(&clip);
            return;
        }
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(clip);
    }
}

static void fates_have_the_contract_s_names(void **state)
{
    (void)state;
    static const char *const names[] = {"analysed", "rate",  "newest",  "corrupt", "pool",
                                        "overload", "still", "stopped", "decoder", "shutdown"};
    for (int f = 0; f < VG_FATE_COUNT; f++)
        assert_string_equal(vg_fate_name((enum vg_fate)f), names[f]);
}

static int set_up(void **state)
{
    static struct media_folder folder;
    folder_open(&folder);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fates_have_the_contract_s_names),
        cmocka_unit_test(sizes_fit),
        cmocka_unit_test(colours_are_kept),
        cmocka_unit_test(pixels_stay_in_place),
        cmocka_unit_test(large_pictures_are_scaled),
        cmocka_unit_test(uneven_rates_are_true),
        cmocka_unit_test(all_pictures_in_order),
        cmocka_unit_test(a_cut_clip_gives_what_it_has),
        cmocka_unit_test(a_damaged_clip_is_told),
        cmocka_unit_test(what_is_no_video_is_refused),
        cmocka_unit_test(a_path_is_only_a_path),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests_name("decode", tests, set_up, tear_down);
}
