/* Whole clips of many containers end well; cut at 92 % of their bytes they give what they have and
 * say so. The clips are made by the ffmpeg command. */
#include "tests/media_fixture.h"

#include "src/media/clip.h"
#include "src/media/file_end.h"

#define PICTURES "testsrc2=s=160x120:r=25:d=4"
#define SOUND    "-f", "lavfi", "-i", "sine=d=9" /* longer than the pictures */

static const struct row {
    const char *name, *lavfi;
    const char *options[16];
    unsigned pictures;
} rows[] = {
    {"fast.mp4", PICTURES, {"-c:v", "libx264", "-bf", "3", "-movflags", "+faststart"}, 100},
    {"sound.mp4", PICTURES, {SOUND, "-c:v", "libx264", "-movflags", "+faststart"}, 100},
    {"parts.mp4", PICTURES, {"-c:v", "libx264", "-movflags", "+frag_keyframe+empty_moov"}, 100},
    {"plain.mkv", PICTURES, {"-c:v", "libx264", "-bf", "3"}, 100},
    {"sound.mkv", PICTURES, {SOUND, "-c:v", "libx264"}, 100},
    {"exact.mkv", PICTURES, {SOUND, "-c:v", "libx264", "-fflags", "+bitexact"}, 100},
    {"open.mkv", PICTURES, {"-c:v", "libx264", "-live", "1"}, 100},
    {"plain.avi", PICTURES, {"-c:v", "libx264", "-bf", "0"}, 100},
    {"sound.avi", PICTURES, {SOUND, "-c:v", "mpeg4", "-bf", "2"}, 100},
    {"plain.ts", PICTURES, {"-c:v", "libx264", "-bf", "3"}, 100},
    {"sound.ts", PICTURES, {SOUND, "-c:v", "libx264"}, 100},
    {"clock.ts", PICTURES, {"-c:v", "libx264", "-mpegts_m2ts_mode", "1"}, 100},
    {"plain.flv", PICTURES, {"-c:v", "libx264"}, 100},
    /* three of ten pictures: AVI fills the holes with empty chunks, which are no pictures */
    {"holes.avi",
     PICTURES ",select='lt(mod(n,10),3)'",
     {"-vsync", "passthrough", "-c:v", "libx264", "-bf", "0"},
     30},
    {"holes.mkv", PICTURES ",select='lt(mod(n,10),3)'", {"-vsync", "vfr", "-c:v", "libx264"}, 30},
    /* the last picture lasts 5 s */
    {"slow.mp4", "testsrc2=s=64x48:r=1/5:d=20", {"-c:v", "libx264", "-movflags", "+faststart"}, 4},
    {"slow.mkv", "testsrc2=s=64x48:r=1/5:d=20", {"-c:v", "libx264"}, 4},
    {"slow.avi", "testsrc2=s=64x48:r=1/5:d=20", {"-c:v", "mpeg4"}, 4},
};

#define ROWS (sizeof rows / sizeof *rows)

static const struct media_folder *folder_of(void **state)
{
    return *state;
}

static int set_up(void **state)
{
    static struct media_folder folder;
    folder_open(&folder);
    for (size_t i = 0; i < ROWS; i++)
        make_clip(&folder, rows[i].name, rows[i].lavfi, rows[i].options);
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_close(folder_of(state));
    return 0;
}

/* Reads the clip to its end, which is the result. */
static enum vg_status play(const struct media_folder *folder, const char *name, unsigned *count)
{
    char path[512];
    struct vg_clip *clip = NULL;
    struct vg_clip_picture picture;
    struct vg_fault fault = {.what = "", .place = ""};
    enum vg_status status = VG_OK;
    folder_file(folder, name, path, sizeof path);
    *count = 0;
    if (vg_clip_open(&clip, path, &fault))
        fail_msg("%s: %s", name, fault.what);
    while ((status = vg_clip_next(clip, &picture, &fault)) == VG_OK)
        (*count)++;
    if (status == VG_E_IO)
        assert_string_equal(fault.what, "the clip is cut or damaged");
    vg_clip_close(&clip);
    return status;
}

static void a_whole_clip_raises_no_alarm(void **state)
{
    for (size_t i = 0; i < ROWS; i++) {
        unsigned count = 0;
        print_message("%s\n", rows[i].name);
        assert_int_equal(play(folder_of(state), rows[i].name, &count), VG_E_END);
        assert_int_equal(count, rows[i].pictures);
    }
}

static void a_clip_cut_near_its_end_is_told(void **state)
{
    static uint8_t data[2 << 20];
    for (size_t i = 0; i < ROWS; i++) {
        unsigned count = 0;
        size_t size = get_file(folder_of(state), rows[i].name, data, sizeof data);
        assert_true(size < sizeof data);
        print_message("%s\n", rows[i].name);
        size = size * 92 / 100;
        size += size % 188 == 0 || size % 192 == 0; /* between two packets nobody could tell */
        put_file(folder_of(state), "cut", data, size);
        assert_int_equal(play(folder_of(state), "cut", &count), VG_E_IO);
        assert_in_range(count, rows[i].pictures / 2, rows[i].pictures);
    }
}

/* A copy that was broken off in a file of the full size: zeros stand at the end. The sizes hold,
 * the promise of the head does not. */
static void a_clip_that_ends_in_zeros_is_told(void **state)
{
    static const char *const names[] = {"plain.mkv", "sound.mkv", "plain.avi", "fast.mp4"};
    static uint8_t data[2 << 20];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned count = 0;
        const size_t size = get_file(folder_of(state), names[i], data, sizeof data);
        const size_t good = size * 6 / 10;
        print_message("%s\n", names[i]);
        memset(data + good, 0, size - good);
        put_file(folder_of(state), "zeros", data, size);
        assert_int_equal(play(folder_of(state), "zeros", &count), VG_E_IO);
        assert_true(count > 10);
    }
}

/* What declares nothing, or nonsense, is not called cut. */
static void in_doubt_nothing_is_said(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[24];
        size_t size;
        bool cut;
    } files[] = {
        {"short", "ftyp", 4, false},
        {"words", "These are words, no clip", 24, false},
        {"box too large",
         "\0\0\0\x19"
         "ftyp",
         24, true},
        {"box that fits",
         "\0\0\0\x18"
         "ftyp",
         24, false},
        {"box to the end",
         "\0\0\0\0"
         "mdat",
         24, false},
        {"box smaller than its head",
         "\0\0\0\7"
         "ftyp",
         24, false},
        {"long box",
         "\0\0\0\1"
         "mdat"
         "\0\0\0\0\0\0\0\x19",
         24, true},
        {"long box of all bits",
         "\0\0\0\1"
         "mdat"
         "\xff\xff\xff\xff\xff\xff\xff\xff",
         24, true},
        {"segment too large", "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x8f", 24, true},
        {"segment that fits", "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x8e", 24, false},
        {"open segment", "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff", 24, false},
        {"element of no length", "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x00", 24, false},
        {"RIFF too large", "RIFF\x19\0\0\0AVI ", 24, true},
        {"RIFF that fits", "RIFF\x10\0\0\0AVI ", 24, false},
        {"RIFF that counts its head", "RIFF\x18\0\0\0AVI ", 24, false},
        {"RIFF left open", "RIFF\0\0\0\0AVI ", 24, false},
    };
    char path[512];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        print_message("%s\n", files[i].name);
        put_file(folder_of(state), "bytes", files[i].bytes, files[i].size);
        folder_file(folder_of(state), "bytes", path, sizeof path);
        assert_int_equal(vg_file_is_cut(path), files[i].cut);
    }
    assert_false(vg_file_is_cut("/no/such/file"));
    assert_false(vg_file_is_cut(folder_of(state)->path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_clip_raises_no_alarm),
        cmocka_unit_test(a_clip_cut_near_its_end_is_told),
        cmocka_unit_test(a_clip_that_ends_in_zeros_is_told),
        cmocka_unit_test(in_doubt_nothing_is_said),
    };
    return cmocka_run_group_tests_name("decode_cut", tests, set_up, tear_down);
}
