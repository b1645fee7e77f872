/* Sources that are given to us: pushed by RTSP; from whom it is permitted, and what happens when it
 * ends; and what is refused of all that are given.
 * labels: threads waits */
#include "tests/given_fixture.h"

#include <stdatomic.h>

#include "src/media/source.h"

struct rig {
    struct media_folder folder;
    char h264[512], mpeg4[512];
};

/* A publisher that is not let in gives up; the source waits all the while. */
static void expect_refused(struct vg_source *source, const char *url, const char *clip)
{
    const char *const options[] = {"--push", url, NULL};
    const int64_t until = vg_mono_now().us + PATIENCE;
    struct camera_child camera;
    struct vg_packet packet;
    int status = 0;
    camera_spawn_with(&camera, options, clip);
    while (waitpid(camera.pid, &status, WNOHANG) == 0) {
        assert_int_equal(vg_source_read(source, &packet), VG_E_STATE);
        assert_true(vg_mono_now().us < until);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    (void)close(camera.in);
    (void)close(camera.out);
}

static void a_publisher_goes_and_another_comes(void **state)
{
    const struct rig *rig = *state;
    static const struct {
        const char *how;
        enum vg_transport transport;
    } rows[] = {{NULL, VG_TRANSPORT_TCP}, {"--push-udp", VG_TRANSPORT_UDP}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned port = free_port(SOCK_STREAM);
        char ours[128], theirs[128];
        struct camera_child camera;
        struct vg_packet packet;
        (void)snprintf(ours, sizeof ours, "rtsp-listen://127.0.0.1:%u/in/gate?x=y", port);
        (void)snprintf(theirs, sizeof theirs, "rtsp://127.0.0.1:%u/in/gate", port);
        const char *const options[] = {"--push", theirs, rows[i].how, NULL};
        const struct vg_source_settings settings = live(ours);
        struct vg_source *source = open_live(&settings);
        assert_null(vg_source_about(source).codec);
        expect_nothing(source);
        camera_spawn_with(&camera, options, rig->h264);
        expect_video(source, AV_CODEC_ID_H264, 8);
        const struct vg_source_link link = vg_source_link(source);
        assert_int_equal(link.transport, rows[i].transport);
        assert_true(link.packets > 8 && link.lost == 0 && !link.encrypted);
        camera_kill(&camera);
        assert_int_equal(read_out(source), VG_E_CLOSED);
        expect_nothing(source);
        const uint32_t version = vg_source_about(source).codec_version;
        camera_spawn_with(&camera, options, rig->mpeg4); /* and with another codec */
        assert_int_equal(next(source, &packet), VG_OK);
        assert_true(packet.restarted);
        assert_true(vg_source_about(source).codec_version != version);
        if (packet.early)
            expect_video(source, AV_CODEC_ID_MPEG4, 5);
        assert_int_equal(vg_source_about(source).codec->codec_id, AV_CODEC_ID_MPEG4);
        assert_int_equal(kill(camera.pid, SIGSTOP), 0); /* says nothing any more */
        assert_int_equal(read_out(source), VG_E_TIMEOUT);
        camera_kill(&camera);
        vg_source_close(&source);
    }
}

static void a_second_publisher_is_sent_away(void **state)
{
    const struct rig *rig = *state;
    const unsigned port = free_port(SOCK_STREAM);
    char ours[128], theirs[128];
    struct camera_child first, second;
    struct vg_packet packet;
    int status = 0;
    (void)snprintf(ours, sizeof ours, "rtsp-listen://127.0.0.1:%u/x", port);
    (void)snprintf(theirs, sizeof theirs, "rtsp://127.0.0.1:%u/x", port);
    const char *const options[] = {"--push", theirs, NULL};
    const struct vg_source_settings settings = live(ours);
    struct vg_source *source = open_live(&settings);
    camera_spawn_with(&first, options, rig->h264);
    expect_video(source, AV_CODEC_ID_H264, 5);
    camera_spawn_with(&second, options, rig->mpeg4);
    while (waitpid(second.pid, &status, WNOHANG) == 0)
        assert_int_equal(vg_source_read(source, &packet), VG_OK);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    assert_int_equal(vg_source_read(source, &packet), VG_OK);
    assert_false(packet.restarted);
    (void)close(second.in);
    (void)close(second.out);
    camera_kill(&first);
    vg_source_close(&source);
}

static void only_who_may_publishes(void **state)
{
    const struct rig *rig = *state;
    static const struct {
        const char *before, *path;
        bool (*may)(const void *context, const char *host, uint16_t port);
        bool let_in;
    } rows[] = {{"gate:secret@", "in/gate", loopback, true},
                {"gate:secret@", "in/gates", loopback, false},
                {"gate:wrong@", "in/gate", loopback, false},
                {"", "in/gate", loopback, false},
                {"gate:secret@", "in/gate", nobody, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned port = free_port(SOCK_STREAM);
        char ours[128], theirs[128];
        print_message("%s %s\n", rows[i].before, rows[i].path);
        (void)snprintf(ours, sizeof ours, "rtsp-listen://127.0.0.1:%u/in/gate", port);
        (void)snprintf(theirs, sizeof theirs, "rtsp://%s127.0.0.1:%u/%s", rows[i].before, port,
                       rows[i].path);
        struct vg_source_settings settings = live(ours);
        settings.user = "gate";
        settings.password = "secret";
        settings.network.may_visit = rows[i].may;
        struct vg_source *source = open_live(&settings);
        if (rows[i].let_in) {
            const char *const options[] = {"--push", theirs, NULL};
            struct camera_child camera;
            camera_spawn_with(&camera, options, rig->h264);
            expect_video(source, AV_CODEC_ID_H264, 5);
            camera_kill(&camera);
        } else {
            expect_refused(source, theirs, rig->h264);
        }
        vg_source_close(&source);
    }
}

/* ---- what is refused ---- */

static void what_is_not_declared_is_refused(void **state)
{
    const struct rig *rig = *state;
    static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 239.255.7.7/1\r\n"
                              "t=0 0\r\nm=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
    char path[512], url[600];
    put_file(&rig->folder, "group.sdp", sdp, sizeof sdp - 1);
    folder_file(&rig->folder, "group.sdp", path, sizeof path);
    (void)snprintf(url, sizeof url, "sdp:%s", path);
    const struct {
        const char *url;
        enum vg_status status;
    } rows[] = {{url, VG_E_DENIED},
                {"mpegts://239.255.7.7:5004", VG_E_DENIED},
                {"mpegts://192.0.2.1:5004", VG_E_LACK},
                {"rtsp-listen://192.0.2.1:8554/x", VG_E_LACK},
                {"mpegts://239.255.7.7", VG_E_INPUT},
                {"rtsp-listen://host:8554/x", VG_E_INPUT},
                {"folder:/no/such/folder", VG_E_MISSING}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source *source = NULL;
        struct vg_source_settings settings = live(rows[i].url);
        settings.network.may_visit = nobody;
        print_message("%s\n", rows[i].url);
        assert_int_equal(vg_source_open(&source, &settings, NULL), rows[i].status);
        assert_null(source);
    }
}

static void a_cancel_ends_the_wait(void **state)
{
    (void)state;
    char urls[2][128];
    (void)snprintf(urls[0], sizeof urls[0], "rtsp-listen://127.0.0.1:%u/x", free_port(SOCK_STREAM));
    (void)snprintf(urls[1], sizeof urls[1], "mpegts://127.0.0.1:%u", free_port(SOCK_DGRAM));
    for (size_t i = 0; i < 2; i++) {
        _Atomic uint32_t generation = 1;
        struct vg_packet packet;
        struct vg_source_settings settings = live(urls[i]);
        settings.read_us = 60 * S;
        settings.cancel = (struct vg_cancel){&generation, 1};
        struct vg_source *source = open_live(&settings);
        atomic_fetch_add(&generation, 1);
        assert_int_equal(vg_source_read(source, &packet), VG_E_INTERRUPTED);
        vg_source_close(&source);
    }
}

static void make_clips(struct rig *rig)
{
    static const char *const h264[] = {"-c:v", "libx264", "-preset", "ultrafast", "-g", "10", NULL};
    static const char *const mpeg4[] = {"-c:v", "mpeg4", "-g", "10", NULL};
    make_clip(&rig->folder, "h264.mp4", "testsrc2=s=320x240:r=25:d=0.4", h264);
    make_clip(&rig->folder, "mpeg4.mp4", "testsrc2=s=320x240:r=25:d=0.4", mpeg4);
    folder_file(&rig->folder, "h264.mp4", rig->h264, sizeof rig->h264);
    folder_file(&rig->folder, "mpeg4.mp4", rig->mpeg4, sizeof rig->mpeg4);
}

int main(void)
{
    static struct rig rig;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_publisher_goes_and_another_comes, &rig),
        cmocka_unit_test_prestate(a_second_publisher_is_sent_away, &rig),
        cmocka_unit_test_prestate(only_who_may_publishes, &rig),
        cmocka_unit_test_prestate(what_is_not_declared_is_refused, &rig),
        cmocka_unit_test_prestate(a_cancel_ends_the_wait, &rig),
    };
    folder_open(&rig.folder);
    make_clips(&rig);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_close(&rig.folder);
    return failed;
}
