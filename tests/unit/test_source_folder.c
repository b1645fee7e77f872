/* A watched folder: files that come one after the other, in order, each once. */
#include "tests/given_fixture.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/media/source.h"

struct rig {
    struct media_folder folder;
    char h264[512], mpeg4[512];
};

static void put_copy(const struct rig *rig, const char *clip, const char *name, int64_t age_s)
{
    char to[512];
    const struct timespec then = {.tv_sec = (time_t)(vg_wall_now().us / S - age_s)};
    const struct timespec times[2] = {then, then};
    folder_file(&rig->folder, name, to, sizeof to);
    const char *const argv[] = {"cp", clip, to, NULL};
    assert_int_equal(run_command(argv), 0);
    assert_int_equal(utimensat(AT_FDCWD, to, times, 0), 0);
}

static void expect_file(struct vg_source *source, enum AVCodecID codec, int packets)
{
    struct vg_packet packet;
    const uint32_t before = vg_source_about(source).codec_version;
    for (int i = 0; i < packets; i++) {
        assert_int_equal(next(source, &packet), VG_OK);
        assert_int_equal(packet.restarted, i == 0);
    }
    assert_int_equal(vg_source_about(source).codec->codec_id, codec);
    assert_true(vg_source_about(source).codec_version > before);
}

static void a_folder_is_read_in_order_and_once(void **state)
{
    const struct rig *rig = *state;
    static const char *const paths[] = {"in", "in/half.mp4.part", "in/half.mp4"};
    char path[3][512], url[600];
    for (size_t i = 0; i < 3; i++)
        folder_file(&rig->folder, paths[i], path[i], sizeof path[i]);
    assert_int_equal(mkdir(path[0], 0700), 0);
    (void)snprintf(url, sizeof url, "folder:%s", path[0]);
    const struct vg_source_settings settings = live(url);
    struct vg_source *source = open_live(&settings);
    expect_nothing(source);
    put_copy(rig, rig->mpeg4, "in/a_second.mp4", 90);
    put_copy(rig, "/proc/version", "in/damaged.mp4", 95);
    put_copy(rig, rig->h264, "in/b_first.mp4", 100);
    put_copy(rig, rig->h264, "in/half.mp4.part", 80);
    put_copy(rig, rig->h264, "in/.hidden.mp4", 80);
    put_copy(rig, rig->h264, "in/settling.mp4", 0); /* changed just now */
    expect_file(source, AV_CODEC_ID_H264, 10);
    expect_file(source, AV_CODEC_ID_MPEG4, 10);
    assert_int_equal(rename(path[1], path[2]), 0);
    expect_file(source, AV_CODEC_ID_H264, 10);
    expect_file(source, AV_CODEC_ID_H264, 10); /* settled by now */
    expect_nothing(source);
    vg_source_close(&source);
}

/* Opens the folder behind a mark, reads `files` of it and says how far it came. */
static struct vg_folder_mark read_behind(const char *url, struct vg_folder_mark mark, int files)
{
    struct vg_source_settings settings = live(url);
    settings.played = mark;
    struct vg_source *source = open_live(&settings);
    assert_int_equal(vg_source_played(source).folder, 0);
    for (int i = 0; i < files; i++) {
        expect_file(source, AV_CODEC_ID_H264, 10);
        expect_nothing(source); /* its end */
    }
    const struct vg_folder_mark played = vg_source_played(source);
    vg_source_close(&source);
    return played;
}

static void what_was_played_is_not_played_again(void **state)
{
    const struct rig *rig = *state;
    const struct vg_folder_mark none = {.folder = 0};
    char path[2][512], url[2][600], file[512];
    static const char *const folders[] = {"again", "other"};
    for (size_t i = 0; i < 2; i++) {
        folder_file(&rig->folder, folders[i], path[i], sizeof path[i]);
        assert_int_equal(mkdir(path[i], 0700), 0);
        (void)snprintf(url[i], sizeof url[i], "folder:%s", path[i]);
    }
    put_copy(rig, rig->h264, "other/x.mp4", 300);
    put_copy(rig, rig->h264, "again/a.mp4", 100);
    put_copy(rig, rig->h264, "again/b.mp4", 100); /* at one time: by name */
    put_copy(rig, rig->h264, "again/c.mp4", 50);
    const struct vg_folder_mark first = read_behind(url[0], none, 1);
    assert_int_equal(first.name, vg_folder_mark_name("a.mp4"));
    const struct vg_folder_mark second = read_behind(url[0], first, 1);
    assert_int_equal(second.name, vg_folder_mark_name("b.mp4"));
    assert_int_equal(second.changed_ns, first.changed_ns);
    const struct vg_folder_mark third = read_behind(url[0], second, 1);
    assert_int_equal(third.name, vg_folder_mark_name("c.mp4"));
    assert_int_equal(read_behind(url[0], third, 0).folder, 0);
    assert_true(read_behind(url[1], third, 1).folder != third.folder); /* of another folder */
    folder_file(&rig->folder, "again/a.mp4", file, sizeof file);
    assert_int_equal(unlink(file), 0); /* who takes out what was played loses nothing */
    assert_int_equal(read_behind(url[0], first, 1).name, second.name);
}

static void marks(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "folder 1 5 6",
                                      "folder 1 5 6 7",
                                      "folder 1 5 6 7\n\n",
                                      "folder 2 5 6 7\n",
                                      "folder 1 0 6 7\n",
                                      "folder 1 5 -6 7\n",
                                      "folder 1 5 6 99999999999999999999\n",
                                      "folder 1  5 6 7\n"};
    assert_int_equal(vg_folder_mark_watch("/srv/in", 0), vg_folder_mark_name("/srv/in"));
    const int64_t watch[] = {
        vg_folder_mark_watch("/srv/in", 0),          vg_folder_mark_watch("/srv/in", 7),
        vg_folder_mark_watch("/srv/in", 8),          vg_folder_mark_watch("/srv/in", 7 << 8),
        vg_folder_mark_watch("/srv/in", 1ull << 40), vg_folder_mark_watch("/srv/in/", 7)};
    for (size_t i = 0; i < sizeof watch / sizeof *watch; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(watch[i] > 0 && watch[i] != watch[k]);
    /* what another flux of that place or name has finished is not this one's */
    const struct vg_folder_mark others = {watch[1], 1000, 1}, ours = {watch[2], 500, 2};
    assert_true(vg_folder_mark_same(vg_folder_mark_newer(others, ours, watch[2]), ours));
    assert_true(vg_folder_mark_same(vg_folder_mark_newer(ours, others, watch[2]), ours));
    assert_int_equal(vg_folder_mark_newer(others, others, watch[2]).folder, 0);
    const struct vg_folder_mark mark = {INT64_MAX, INT64_MAX - 1, 1}, older = {5, 1, 1},
                                newer = {5, 2, 1};
    struct vg_folder_mark read;
    char text[VG_FOLDER_MARK_BYTES];
    int64_t figure[VG_FIGURE_COUNT] = {0};
    assert_int_equal(vg_folder_mark_parse(text, vg_folder_mark_write(mark, text), &read), VG_OK);
    assert_true(vg_folder_mark_same(mark, read));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(vg_folder_mark_parse(bad[i], strlen(bad[i]), &read), VG_E_INPUT);
    assert_true(vg_folder_mark_same(vg_folder_mark_newer(older, newer, 5), newer));
    assert_true(vg_folder_mark_same(vg_folder_mark_newer(newer, older, 5), newer));
    assert_int_equal(vg_folder_mark_newer(older, newer, 6).folder, 0);
    assert_int_equal(vg_folder_mark_of(figure).folder, 0);
    figure[VG_FIGURE_FOLDER] = 5;
    figure[VG_FIGURE_FOLDER_TIME] = -1;
    figure[VG_FIGURE_FOLDER_NAME] = 7;
    assert_int_equal(vg_folder_mark_of(figure).folder, 0);
    figure[VG_FIGURE_FOLDER_TIME] = 6;
    assert_int_equal(vg_folder_mark_of(figure).changed_ns, 6);
}

int main(void)
{
    static struct rig rig;
    static const char *const h264[] = {"-c:v", "libx264", "-preset", "ultrafast", "-g", "5", NULL};
    static const char *const mpeg4[] = {"-c:v", "mpeg4", "-g", "5", NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_folder_is_read_in_order_and_once, &rig),
        cmocka_unit_test_prestate(what_was_played_is_not_played_again, &rig),
        cmocka_unit_test(marks),
    };
    folder_open(&rig.folder);
    make_clip(&rig.folder, "h264.mp4", "testsrc2=s=64x48:r=25:d=0.4", h264);
    make_clip(&rig.folder, "mpeg4.mp4", "testsrc2=s=64x48:r=25:d=0.4", mpeg4);
    folder_file(&rig.folder, "h264.mp4", rig.h264, sizeof rig.h264);
    folder_file(&rig.folder, "mpeg4.mp4", rig.mpeg4, sizeof rig.mpeg4);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_close(&rig.folder);
    return failed;
}
