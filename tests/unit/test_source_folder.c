/* A watched folder: files that come one after the other, in order, each once. */
#include "tests/given_fixture.h"

#include <sys/stat.h>

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

int main(void)
{
    static struct rig rig;
    static const char *const h264[] = {"-c:v", "libx264", "-preset", "ultrafast", "-g", "5", NULL};
    static const char *const mpeg4[] = {"-c:v", "mpeg4", "-g", "5", NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_folder_is_read_in_order_and_once, &rig),
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
