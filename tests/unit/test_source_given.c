/* Sources that are given to us: pushed by RTSP, sent as MPEG-TS, put into a folder; from whom it is
 * permitted, and what happens when it ends.
 * labels: threads */
#include "tests/media_fixture.h"

#include <arpa/inet.h>
#include <libavcodec/codec_par.h>
#include <libavcodec/packet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "src/base/clock.h"
#include "src/media/source.h"

#define S        VG_US_PER_S
#define PATIENCE (5 * S)

struct rig {
    struct media_folder folder;
    char h264[512], mpeg4[512], ts[512], wrapping[512], sound[512];
};

static struct vg_source_settings live(const char *url)
{
    struct vg_source_settings settings = vg_source_defaults();
    settings.kind = VG_SOURCE_LIVE;
    settings.url = url;
    settings.open_us = 2 * S;
    settings.read_us = S / 4;
    return settings;
}

static struct sockaddr_in at_port(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A port of this kind of socket that nobody has. */
static unsigned free_port(int type)
{
    struct sockaddr_in at = at_port(0);
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

static struct vg_source *open_live(const struct vg_source_settings *settings)
{
    struct vg_source *source = NULL;
    assert_int_equal(vg_source_open(&source, settings, NULL), VG_OK);
    return source;
}

/* Until something else than "nothing yet" is read. */
static enum vg_status next(struct vg_source *source, struct vg_packet *packet)
{
    const int64_t until = vg_mono_now().us + PATIENCE;
    enum vg_status status = VG_E_STATE;
    while (status == VG_E_STATE && vg_mono_now().us < until)
        status = vg_source_read(source, packet);
    return status;
}

/* Until a key frame, then some more. */
static void expect_video(struct vg_source *source, enum AVCodecID codec, int packets)
{
    struct vg_packet packet;
    do
        assert_int_equal(next(source, &packet), VG_OK);
    while (packet.early);
    assert_true(packet.key);
    for (int i = 0; i < packets; i++) {
        assert_int_equal(vg_source_read(source, &packet), VG_OK);
        assert_false(packet.early || packet.restarted);
    }
    assert_int_equal(vg_source_about(source).codec->codec_id, codec);
}

/* Reads what is still there, until it is over. */
static enum vg_status read_out(struct vg_source *source)
{
    struct vg_packet packet;
    enum vg_status status = VG_OK;
    while (status == VG_OK)
        status = vg_source_read(source, &packet);
    return status;
}

/* While nobody comes who may: it waits, no longer than it should. */
static void expect_nothing(struct vg_source *source)
{
    struct vg_packet packet;
    const int64_t start_us = vg_mono_now().us;
    assert_int_equal(vg_source_read(source, &packet), VG_E_STATE);
    assert_true(vg_mono_now().us - start_us < 2 * S);
}

static void camera_kill(struct camera_child *camera)
{
    assert_int_equal(kill(camera->pid, SIGKILL), 0);
    assert_int_equal(waitpid(camera->pid, NULL, 0), camera->pid);
    (void)close(camera->in);
    (void)close(camera->out);
}

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

static bool nobody(const void *context, const char *host, uint16_t port)
{
    (void)context, (void)host, (void)port;
    return false;
}

static bool loopback(const void *context, const char *host, uint16_t port)
{
    (void)context;
    return strcmp(host, "127.0.0.1") == 0 && port == 0;
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

/* ---- MPEG-TS ---- */

static void a_sender_goes_and_another_comes(void **state)
{
    const struct rig *rig = *state;
    const unsigned port = free_port(SOCK_DGRAM);
    char ours[128], theirs[128];
    struct camera_child camera;
    struct vg_packet packet;
    (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
    (void)snprintf(theirs, sizeof theirs, "udp://127.0.0.1:%u?pkt_size=1316", port);
    const char *const options[] = {"--push", theirs, NULL};
    struct vg_source_settings settings = live(ours);
    settings.network.may_visit = loopback;
    struct vg_source *source = open_live(&settings);
    expect_nothing(source);
    const int64_t start_us = vg_mono_now().us;
    camera_start_with(&camera, options, rig->h264);
    expect_video(source, AV_CODEC_ID_H264, 0);
    assert_true(vg_mono_now().us - start_us < 2 * S);
    for (int i = 0; i < 10; i++)
        assert_int_equal(vg_source_read(source, &packet), VG_OK);
    const struct vg_source_link link = vg_source_link(source);
    assert_int_equal(link.transport, VG_TRANSPORT_UDP);
    assert_true(link.packets > 20 && link.lost == 0);
    camera_kill(&camera);
    assert_int_equal(read_out(source), VG_E_TIMEOUT);
    const uint32_t version = vg_source_about(source).codec_version;
    assert_int_equal(vg_source_read(source, &packet), VG_E_TIMEOUT); /* still */
    camera_start_with(&camera, options, rig->mpeg4);
    assert_int_equal(next(source, &packet), VG_OK);
    assert_true(packet.restarted);
    assert_true(vg_source_about(source).codec_version != version);
    assert_int_equal(vg_source_about(source).codec->codec_id, AV_CODEC_ID_MPEG4);
    camera_kill(&camera);
    vg_source_close(&source);
}

enum wrapping {
    PLAIN,
    WITHIN_RTP
};

struct sender {
    int fd;
    struct sockaddr_in to;
    uint16_t sequence;
};

static void send_datagram(struct sender *sender, enum wrapping wrapping, const uint8_t *data,
                          size_t size)
{
    uint8_t packet[12 + 7 * 188] = {0x80, 33, (uint8_t)(sender->sequence >> 8),
                                    (uint8_t)sender->sequence};
    const size_t head = wrapping == WITHIN_RTP ? 12 : 0;
    memcpy(packet + head, data, size);
    sender->sequence++;
    assert_int_equal(sendto(sender->fd, packet, head + size, 0,
                            (const struct sockaddr *)&sender->to, sizeof sender->to),
                     head + size);
}

/* The file in datagrams: the one numbered `lost` left out, that numbered `late` after the next. */
static void send_file(struct sender *sender, enum wrapping wrapping, const char *path, int lost,
                      int late)
{
    uint8_t data[7 * 188], kept[7 * 188];
    size_t size = 0, kept_size = 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (int i = 0; (size = fread(data, 1, sizeof data, file)) > 0; i++) {
        if (i == late) {
            memcpy(kept, data, size);
            kept_size = size;
            sender->sequence++;
        } else if (i == lost) {
            sender->sequence++;
        } else {
            send_datagram(sender, wrapping, data, size);
        }
        if (i == late + 1 && kept_size) {
            sender->sequence = (uint16_t)(sender->sequence - 2);
            send_datagram(sender, wrapping, kept, kept_size);
            sender->sequence++;
        }
    }
    (void)fclose(file);
}

static void a_transport_stream_is_read_whole(void **state)
{
    const struct rig *rig = *state;
    const struct {
        const char *name, *file;
        enum wrapping wrapping;
        int lost, late;
        bool loses;
    } rows[] = {{"plain", rig->ts, PLAIN, -1, -9, false},
                {"within RTP", rig->ts, WITHIN_RTP, -1, -9, false},
                {"the stamps wrap", rig->wrapping, PLAIN, -1, -9, false},
                {"out of order", rig->ts, WITHIN_RTP, -1, 6, false},
                {"one lost of RTP", rig->ts, WITHIN_RTP, 6, -9, true},
                {"one lost", rig->ts, PLAIN, 6, -9, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned port = free_port(SOCK_DGRAM);
        struct sender sender = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .to = at_port(port)};
        struct vg_packet packet;
        char ours[128];
        int packets = 0, damaged = 0, steps = 0;
        int64_t last = VG_PTS_NONE;
        print_message("%s\n", rows[i].name);
        (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
        const struct vg_source_settings settings = live(ours);
        struct vg_source *source = open_live(&settings);
        send_datagram(&sender, PLAIN, (const uint8_t *)"no transport stream", 19);
        sender.sequence = 65530;
        send_file(&sender, rows[i].wrapping, rows[i].file, rows[i].lost, rows[i].late);
        enum vg_status status = next(source, &packet);
        for (; status == VG_OK; status = vg_source_read(source, &packet)) {
            assert_true(packet.key == (packets == 0 || packets % 10 == 0) || rows[i].loses);
            steps += last != VG_PTS_NONE && packet.data->pts - last == 3600;
            last = packet.data->pts;
            damaged += packet.damaged;
            packets++;
        }
        assert_int_equal(status, VG_E_TIMEOUT);
        const struct vg_source_link link = vg_source_link(source);
        assert_true((link.lost > 0) == rows[i].loses);
        assert_true((damaged > 0) == rows[i].loses);
        if (rows[i].wrapping == WITHIN_RTP)
            assert_int_equal(link.lost, rows[i].loses);
        if (!rows[i].loses) {
            assert_int_equal(packets, 50);
            assert_int_equal(steps, 49);
        }
        vg_source_close(&source);
        (void)close(sender.fd);
    }
}

static void what_is_no_video_is_none(void **state)
{
    const struct rig *rig = *state;
    const unsigned port = free_port(SOCK_DGRAM);
    struct sender sender = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .to = at_port(port)};
    static const uint8_t nothing[188] = {0x47, 0x1f, 0xff, 0x10};
    struct vg_source *other = NULL;
    struct vg_packet packet;
    char ours[128];
    (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
    struct vg_source_settings settings = live(ours);
    struct vg_source *source = open_live(&settings);
    assert_int_equal(vg_source_open(&other, &settings, NULL), VG_E_LACK); /* the port is taken */
    send_datagram(&sender, PLAIN, nothing, sizeof nothing); /* packets, but no programs */
    assert_int_equal(next(source, &packet), VG_E_INPUT);
    send_file(&sender, PLAIN, rig->sound, -1, -9);
    assert_int_equal(next(source, &packet), VG_E_TIMEOUT);
    send_file(&sender, PLAIN, rig->ts, -1, -9);
    assert_int_equal(next(source, &packet), VG_OK);
    vg_source_close(&source);
    settings.network.may_visit = nobody; /* a stranger */
    source = open_live(&settings);
    send_file(&sender, PLAIN, rig->ts, -1, -9);
    expect_nothing(source);
    vg_source_close(&source);
    (void)close(sender.fd);
}

struct flood {
    struct sender sender;
    const char *file; /* again and again; NULL: nonsense */
    _Atomic bool over;
    pthread_t thread;
};

static void *pour(void *arg)
{
    struct flood *flood = arg;
    while (!flood->over)
        if (flood->file)
            send_file(&flood->sender, PLAIN, flood->file, -1, -9);
        else
            send_datagram(&flood->sender, PLAIN, (const uint8_t *)"nonsense", 8);
    return NULL;
}

/* However much comes that is of no use, a read ends in time. */
static void a_flood_does_not_hold_a_read_up(void **state)
{
    const struct rig *rig = *state;
    const struct {
        const char *file;
        enum vg_status status;
    } rows[] = {{NULL, VG_E_STATE}, {rig->sound, VG_E_TIMEOUT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned port = free_port(SOCK_DGRAM);
        struct flood flood = {.sender = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .to = at_port(port)},
                              .file = rows[i].file};
        struct vg_packet packet;
        char ours[128];
        (void)snprintf(ours, sizeof ours, "mpegts://127.0.0.1:%u", port);
        const struct vg_source_settings settings = live(ours);
        struct vg_source *source = open_live(&settings);
        assert_int_equal(pthread_create(&flood.thread, NULL, pour, &flood), 0);
        const int64_t start_us = vg_mono_now().us;
        enum vg_status status = vg_source_read(source, &packet);
        if (status == VG_E_STATE && rows[i].file) /* it has begun */
            status = vg_source_read(source, &packet);
        assert_int_equal(status, rows[i].status);
        assert_true(vg_mono_now().us - start_us < 2 * S);
        flood.over = true;
        (void)pthread_join(flood.thread, NULL);
        vg_source_close(&source);
        (void)close(flood.sender.fd);
    }
}

/* ---- folder ---- */

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
    struct vg_source_settings settings = live(url);
    struct vg_source *source = open_live(&settings);
    expect_nothing(source);
    put_copy(rig, rig->mpeg4, "in/a_second.mp4", 90);
    put_copy(rig, "/proc/version", "in/damaged.mp4", 95);
    put_copy(rig, rig->h264, "in/b_first.mp4", 100);
    put_copy(rig, rig->h264, "in/half.mp4.part", 80);
    put_copy(rig, rig->h264, "in/.hidden.mp4", 80);
    put_copy(rig, rig->h264, "in/settling.mp4", 0); /* changed just now */
    settings.read_us = S;
    expect_file(source, AV_CODEC_ID_H264, 10);
    expect_file(source, AV_CODEC_ID_MPEG4, 10);
    assert_int_equal(rename(path[1], path[2]), 0);
    expect_file(source, AV_CODEC_ID_H264, 10);
    expect_file(source, AV_CODEC_ID_H264, 10); /* settled by now */
    expect_nothing(source);
    vg_source_close(&source);
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
    static const char *const h264[] = {"-c:v", "libx264", "-preset", "ultrafast", "-bf",
                                       "0",    "-g",      "10",      NULL};
    static const char *const mpeg4[] = {"-c:v", "mpeg4", "-bf", "0", "-g", "10", NULL};
    static const char *const wrap[] = {"-c:v", "libx264", "-preset", "ultrafast",         "-bf",
                                       "0",    "-g",      "10",      "-output_ts_offset", "95441.5",
                                       NULL};
    static const char *const sound[] = {"-c:a", "mp2", NULL};
    make_clip(&rig->folder, "h264.mp4", "testsrc2=s=320x240:r=25:d=0.4", h264);
    make_clip(&rig->folder, "mpeg4.mp4", "testsrc2=s=320x240:r=25:d=0.4", mpeg4);
    make_clip(&rig->folder, "plain.ts", "testsrc2=s=128x96:r=25:d=2", h264);
    make_clip(&rig->folder, "wrapping.ts", "testsrc2=s=128x96:r=25:d=2", wrap);
    make_clip(&rig->folder, "sound.ts", "sine=d=1", sound);
    folder_file(&rig->folder, "h264.mp4", rig->h264, sizeof rig->h264);
    folder_file(&rig->folder, "mpeg4.mp4", rig->mpeg4, sizeof rig->mpeg4);
    folder_file(&rig->folder, "plain.ts", rig->ts, sizeof rig->ts);
    folder_file(&rig->folder, "wrapping.ts", rig->wrapping, sizeof rig->wrapping);
    folder_file(&rig->folder, "sound.ts", rig->sound, sizeof rig->sound);
}

int main(void)
{
    static struct rig rig;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_publisher_goes_and_another_comes, &rig),
        cmocka_unit_test_prestate(a_second_publisher_is_sent_away, &rig),
        cmocka_unit_test_prestate(only_who_may_publishes, &rig),
        cmocka_unit_test_prestate(a_sender_goes_and_another_comes, &rig),
        cmocka_unit_test_prestate(a_transport_stream_is_read_whole, &rig),
        cmocka_unit_test_prestate(what_is_no_video_is_none, &rig),
        cmocka_unit_test_prestate(a_flood_does_not_hold_a_read_up, &rig),
        cmocka_unit_test_prestate(a_folder_is_read_in_order_and_once, &rig),
        cmocka_unit_test_prestate(what_is_not_declared_is_refused, &rig),
        cmocka_unit_test_prestate(a_cancel_ends_the_wait, &rig),
    };
    folder_open(&rig.folder);
    make_clips(&rig);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_close(&rig.folder);
    return failed;
}
