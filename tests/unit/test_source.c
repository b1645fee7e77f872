/* Sources: addresses, files played live, and the test camera with each of its faults.
 * labels: threads waits */
#include "tests/media_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "src/base/clock.h"
#include "src/media/decoder.h"
#include "src/media/source.h"

#define S      VG_US_PER_S
#define SLOW_S (20 * S) /* what is no matter of time takes less on any machine */

struct rig {
    struct media_folder folder;
    struct camera_child camera, guarded;
    char clip[512];
};

static struct vg_source_settings live(const char *url)
{
    struct vg_source_settings settings = vg_source_defaults();
    settings.kind = VG_SOURCE_LIVE;
    settings.url = url;
    settings.open_us = settings.read_us = SLOW_S;
    return settings;
}

static void schemes_are_few(void **state)
{
    (void)state;
    static const char *const rows[] = {"http://127.0.0.1/x", "srt://h:1", "tcp://h:1",
                                       "concat://x"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source *source = NULL;
        struct vg_fault fault;
        const struct vg_source_settings settings = live(rows[i]);
        assert_int_equal(vg_source_open(&source, &settings, &fault), VG_E_INPUT);
        assert_null(source);
        assert_null(strstr(fault.place, "127.0.0.1"));
    }
}

/* A clip of 10 pictures at 25 a second, played live: at its rate, over and over. */
static void a_live_file_keeps_its_rate(void **state)
{
    struct rig *rig = *state;
    static const char *const options[] = {"-c:v", "libx264", "-bf", "2", "-g", "5", NULL};
    static const struct {
        const char *before, *name;
        int packets;
    } rows[] = {{"file:", "short.mp4", 25},
                {"file://", "short.mp4", 2},
                {"", "short.mp4", 2},
                {"", "short.mkv", 12},
                {"", "short.ts", 12}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_source *source = NULL;
        struct vg_packet packet;
        int64_t first_us = 0;
        char path[512], url[600];
        print_message("%s%s\n", rows[r].before, rows[r].name);
        make_clip(&rig->folder, rows[r].name, "testsrc2=s=64x48:r=25:d=0.4", options);
        folder_file(&rig->folder, rows[r].name, path, sizeof path);
        (void)snprintf(url, sizeof url, "%s%s", rows[r].before, path);
        const struct vg_source_settings settings = live(url);
        assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
        for (int i = 0; i < rows[r].packets; i++) {
            assert_int_equal(vg_source_read(source, &packet), VG_OK);
            if (i == 0)
                first_us = packet.arrival.us;
            /* never early; late only when the machine is */
            assert_true(packet.arrival.us - first_us >= 40000 * i - 1000);
            assert_true(packet.arrival.us - first_us < 40000 * i + S);
            assert_int_equal(packet.restarted, i == 10 || i == 20);
            assert_int_equal(packet.key, i % 5 == 0);
            assert_false(packet.early);
        }
        vg_source_close(&source);
    }
}

/* Who is busy for a while finds what came meanwhile, each with the time when it came: a wait before a
 * decoder is no smaller for being ours. */
static void what_waits_has_come_in_time(void **state)
{
    struct rig *rig = *state;
    static const char *const options[] = {"-c:v", "libx264", "-bf", "0", "-g", "5", NULL};
    struct vg_source *source = NULL;
    struct vg_packet packet;
    char path[512];
    make_clip(&rig->folder, "wait.mp4", "testsrc2=s=64x48:r=25:d=2", options);
    folder_file(&rig->folder, "wait.mp4", path, sizeof path);
    const struct vg_source_settings settings = live(path);
    assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
    assert_int_equal(vg_source_read(source, &packet), VG_OK);
    const int64_t first_us = packet.arrival.us;
    vg_pause_us(200000);
    for (int i = 1; i < 8; i++) {
        assert_int_equal(vg_source_read(source, &packet), VG_OK);
        assert_in_range(packet.arrival.us - first_us, 40000 * i - 1000, 40000 * i + 1000);
        assert_true(packet.arrival.us <= vg_mono_now().us);
    }
    vg_source_close(&source);
}

/* Its first round from the key frame before the place on, at the rate from the place on; the next
 * ones whole. */
static void a_live_file_begins_where_it_is_told(void **state)
{
    struct rig *rig = *state;
    static const char *const options[] = {"-c:v", "libx264", "-bf", "0", "-g", "5", NULL};
    static const struct {
        const char *mark;
        int skipped; /* pictures */
        int hurried; /* that come before the place */
    } rows[] = {{"#t=0.28", 5, 2}, {"#t=0.2", 5, 0}, {"#t=0", 0, 0}, {"#t=7", 5, 5}};
    char path[512], url[600];
    make_clip(&rig->folder, "begin.mp4", "testsrc2=s=64x48:r=25:d=0.4", options);
    folder_file(&rig->folder, "begin.mp4", path, sizeof path);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_source *source = NULL;
        struct vg_packet packet;
        int64_t first_us = 0;
        print_message("%s\n", rows[r].mark);
        (void)snprintf(url, sizeof url, "file:%s%s", path, rows[r].mark);
        const struct vg_source_settings settings = live(url);
        assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
        const int left = 10 - rows[r].skipped;
        for (int i = 0; i < left + 3; i++) {
            assert_int_equal(vg_source_read(source, &packet), VG_OK);
            if (i == 0)
                first_us = packet.arrival.us;
            const int paced = i > rows[r].hurried ? i - rows[r].hurried : 0;
            assert_true(packet.arrival.us - first_us >= 40000 * paced - 1000);
            assert_true(packet.arrival.us - first_us < 40000 * paced + S);
            assert_int_equal(packet.restarted, i == left);
            assert_int_equal(packet.key, (i + rows[r].skipped) % 5 == 0);
        }
        vg_source_close(&source);
    }
    static const char *const odd[] = {"#t=", "#t=x", "#t=-1", "#t=nan", "#t=1x", "#x"};
    for (size_t r = 0; r < sizeof odd / sizeof *odd; r++) {
        struct vg_source *source = NULL;
        (void)snprintf(url, sizeof url, "file:%s%s", path, odd[r]);
        const struct vg_source_settings settings = live(url);
        assert_int_equal(vg_source_open(&source, &settings, NULL), VG_E_MISSING);
    }
}

/* Half a group after its key: what lies between came before, also where no DTS says so. */
static void a_live_file_begins_within_a_group(void **state)
{
    struct rig *rig = *state;
    static const char *const options[] = {"-c:v", "libx264", "-bf", "2", "-g", "25", NULL};
    static const char *const names[] = {"group.mkv", "group.mp4"};
    for (size_t r = 0; r < sizeof names / sizeof *names; r++) {
        struct vg_source *source = NULL;
        struct vg_packet packet;
        char path[512], url[600];
        int64_t first_us = 0;
        int hurried = 0;
        make_clip(&rig->folder, names[r], "testsrc2=s=64x48:r=25:d=3", options);
        folder_file(&rig->folder, names[r], path, sizeof path);
        (void)snprintf(url, sizeof url, "file:%s#t=1.5", path);
        const struct vg_source_settings settings = live(url);
        assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
        for (int i = 0; i < 20; i++) {
            assert_int_equal(vg_source_read(source, &packet), VG_OK);
            assert_int_equal(packet.key, i == 0);
            first_us = i == 0 ? packet.arrival.us : first_us;
            hurried += i > 0 && packet.arrival.us == first_us;
        }
        print_message("%s: %d\n", names[r], hurried);
        assert_in_range(hurried, 10, 15);
        vg_source_close(&source);
    }
}

/* As from a camera: by the kernel's stamps, the wait in a socket is told. */
static void what_waits_in_a_socket_has_come_in_time(void **state)
{
    struct rig *rig = *state;
    static const enum vg_transport transports[] = {VG_TRANSPORT_TCP, VG_TRANSPORT_UDP};
    for (size_t i = 0; i < 2; i++) {
        struct vg_source *source = NULL;
        struct vg_packet packet;
        char url[128];
        camera_url(&rig->camera, "x", url, sizeof url);
        struct vg_source_settings settings = live(url);
        settings.transport = transports[i];
        assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
        for (int n = 0; n < 5; n++)
            assert_int_equal(vg_source_read(source, &packet), VG_OK);
        const int64_t paused_us = vg_mono_now().us;
        vg_pause_us(400000);
        int64_t most_us = 0, before_us = packet.arrival.us;
        for (int n = 0; n < 3; n++) {
            assert_int_equal(vg_source_read(source, &packet), VG_OK);
            const int64_t age_us = vg_mono_now().us - packet.arrival.us;
            most_us = age_us > most_us ? age_us : most_us;
            assert_true(packet.arrival.us >= before_us);
            before_us = packet.arrival.us;
        }
        print_message("waited %lld us\n", (long long)most_us);
        assert_true(most_us > 200000 && most_us <= vg_mono_now().us - paused_us + 100000);
        vg_source_close(&source);
    }
}

struct canceller {
    _Atomic uint32_t generation;
    pthread_t thread;
};

static void *cancel_soon(void *arg)
{
    struct canceller *canceller = arg;
    vg_pause_us(100000);
    atomic_fetch_add(&canceller->generation, 1);
    return NULL;
}

/* Whatever the source is doing, a cancel ends it. */
static void a_cancel_ends_any_call(void **state)
{
    struct rig *rig = *state;
    static const struct {
        const char *path;
        enum vg_status open;
    } rows[] = {{"nodescribe", VG_E_INTERRUPTED},
                {"noplay", VG_E_INTERRUPTED},
                {"nodata", VG_OK},
                {"freeze=0.001", VG_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct canceller canceller = {.generation = 3};
        struct vg_source *source = NULL;
        struct vg_packet packet;
        char path[64], url[128];
        (void)snprintf(path, sizeof path, "x?%s", rows[i].path);
        camera_url(&rig->camera, path, url, sizeof url);
        struct vg_source_settings settings = live(url);
        settings.open_us = settings.read_us = 60 * S;
        settings.cancel = (struct vg_cancel){&canceller.generation, 3};
        const int64_t start_us = vg_mono_now().us;
        assert_int_equal(pthread_create(&canceller.thread, NULL, cancel_soon, &canceller), 0);
        enum vg_status status = vg_source_open(&source, &settings, NULL);
        assert_int_equal(status, rows[i].open);
        while (status == VG_OK)
            status = vg_source_read(source, &packet);
        assert_int_equal(status, VG_E_INTERRUPTED);
        assert_true(vg_mono_now().us - start_us < SLOW_S);
        assert_int_equal(pthread_join(canceller.thread, NULL), 0);
        vg_source_close(&source);
    }
}

/* Each fault of a camera: how the opening ends, then how reading ends, and when. */
static void faults_are_met_in_time(void **state)
{
    struct rig *rig = *state;
    static const struct {
        const char *query;
        enum vg_status open, read;
    } rows[] = {
        {"x?nodescribe", VG_E_TIMEOUT, VG_OK}, {"x?nosetup", VG_E_TIMEOUT, VG_OK},
        {"x?noplay", VG_E_TIMEOUT, VG_OK},     {"missing", VG_E_MISSING, VG_OK},
        {"x?nodata", VG_OK, VG_E_TIMEOUT},     {"x?freeze=0.3", VG_OK, VG_E_TIMEOUT},
        {"x?close=0.3", VG_OK, VG_E_CLOSED},   {"x?reset=0.3", VG_OK, VG_E_CLOSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source *source = NULL;
        struct vg_packet packet;
        struct vg_fault fault = {0};
        char url[128];
        print_message("%s\n", rows[i].query);
        camera_url(&rig->camera, rows[i].query, url, sizeof url);
        struct vg_source_settings settings = live(url);
        if (rows[i].open == VG_E_TIMEOUT)
            settings.open_us = 6 * S / 10;
        if (rows[i].read == VG_E_TIMEOUT)
            settings.read_us = 6 * S / 10;
        const int64_t start_us = vg_mono_now().us;
        enum vg_status status = vg_source_open(&source, &settings, &fault);
        assert_int_equal(status, rows[i].open);
        if (status) {
            assert_null(source);
            assert_null(strstr(fault.place, "127.0.0.1"));
        }
        while (status == VG_OK)
            status = vg_source_read(source, &packet);
        if (rows[i].open == VG_OK)
            assert_int_equal(status, rows[i].read);
        assert_true(vg_mono_now().us - start_us < SLOW_S / 2); /* 0.6 s of deadline, and slack */
        vg_source_close(&source);
    }
}

static void nobody_there(void **state)
{
    (void)state;
    struct vg_source *source = NULL;
    const struct vg_source_settings settings = live("rtsp://127.0.0.1:1/x");
    assert_int_equal(vg_source_open(&source, &settings, NULL), VG_E_IO);
    assert_null(source);
}

/* The first picture comes without a second of probing, with and without parameter sets in the
 * announcement; what comes before a key frame is marked. */
static void the_first_picture_is_soon_there(void **state)
{
    struct rig *rig = *state;
    static const struct {
        const char *query;
        bool early;
    } rows[] = {{"x", false}, {"x?nosprop", false}, {"x?startnokey", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source *source = NULL;
        struct vg_decoder *decoder = NULL;
        struct vg_decoded decoded = {0};
        struct vg_packet packet;
        char url[128];
        unsigned early = 0;
        enum vg_status status = VG_E_END;
        print_message("%s\n", rows[i].query);
        camera_url(&rig->camera, rows[i].query, url, sizeof url);
        const struct vg_source_settings settings = live(url);
        assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
        assert_int_equal(vg_decoder_open(&decoder, vg_source_about(source).codec, NULL), VG_OK);
        while (status == VG_E_END) {
            assert_int_equal(vg_source_read(source, &packet), VG_OK);
            early += packet.early ? 1 : 0;
            if (packet.early)
                continue;
            assert_int_equal(vg_decoder_send(decoder, packet.data, packet.arrival), VG_OK);
            status = vg_decoder_receive(decoder, &decoded);
        }
        assert_int_equal(status, VG_OK);
        assert_int_equal(decoded.width, 160);
        assert_int_equal(decoded.height, 120);
        assert_true(decoded.key && !decoded.corrupt);
        assert_int_equal(early > 0, rows[i].early);
        vg_decoder_close(&decoder);
        vg_source_close(&source);
    }
}

/* Lost packets: the pictures that suffer are marked until a key frame heals. */
static void a_loss_is_marked(void **state)
{
    struct rig *rig = *state;
    struct vg_source *source = NULL;
    struct vg_decoder *decoder = NULL;
    struct vg_decoded decoded;
    struct vg_packet packet;
    char url[128];
    unsigned corrupt = 0, sound = 0;
    camera_url(&rig->camera, "x?lose=30", url, sizeof url);
    const struct vg_source_settings settings = live(url);
    assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
    assert_int_equal(vg_decoder_open(&decoder, vg_source_about(source).codec, NULL), VG_OK);
    for (int i = 0; i < 60 && (corrupt == 0 || sound == 0); i++) {
        assert_int_equal(vg_source_read(source, &packet), VG_OK);
        const enum vg_status status = vg_decoder_send(decoder, packet.data, packet.arrival);
        assert_true(status == VG_OK || status == VG_E_IO);
        while (vg_decoder_receive(decoder, &decoded) == VG_OK) {
            corrupt += decoded.corrupt ? 1 : 0;
            sound += decoded.corrupt ? 0 : 1;
        }
    }
    assert_true(corrupt > 0);
    assert_true(sound > 0);
    vg_decoder_close(&decoder);
    vg_source_close(&source);
}

/* op:p@ss/é in base64 is what the camera wants; it reaches it unspoilt. */
static void credentials_reach_the_camera(void **state)
{
    struct rig *rig = *state;
    static const struct {
        const char *user, *password;
        enum vg_status want;
    } rows[] = {
        {"op", "p@ss/\xc3\xa9", VG_OK}, {"op", "wrong", VG_E_DENIED}, {"", "", VG_E_DENIED}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source *source = NULL;
        struct vg_fault fault = {0};
        char url[128];
        camera_url(&rig->guarded, "x", url, sizeof url);
        struct vg_source_settings settings = live(url);
        settings.user = rows[i].user;
        settings.password = rows[i].password;
        assert_int_equal(vg_source_open(&source, &settings, &fault), rows[i].want);
        vg_source_close(&source);
    }
}

/* The wall clock of a picture is the source's when that can be believed. */
static void wall_clocks(void **state)
{
    struct rig *rig = *state;
    struct vg_source *source = NULL;
    const struct vg_wall_time now = {INT64_C(1790000000) * S};
    const struct vg_source_settings settings = live(rig->clip);
    assert_int_equal(vg_source_open(&source, &settings, NULL), VG_OK);
    assert_true(vg_source_wall(source, 5 * S, now).us == now.us); /* a file does not say */
    assert_true(vg_source_stamp_us(source, VG_PTS_NONE) == VG_PTS_NONE);
    vg_source_close(&source);
}

/* Sends packets of a payload type that nobody described, until it is told to end; a reader that
 * hears nothing but them for 20 s is cancelled. */
struct babbler {
    int fd;
    struct sockaddr_in to;
    _Atomic uint32_t generation; /* of the reader */
    _Atomic bool over;
    pthread_t thread;
};

static void *babble(void *arg)
{
    struct babbler *babbler = arg;
    const int64_t until_us = vg_mono_now().us + SLOW_S;
    uint8_t packet[64] = {0x80, 99, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0x65};
    while (!atomic_load(&babbler->over)) {
        packet[3]++;
        (void)sendto(babbler->fd, packet, sizeof packet, 0, (struct sockaddr *)&babbler->to,
                     sizeof babbler->to);
        vg_pause_us(20000);
        if (vg_mono_now().us > until_us)
            atomic_store(&babbler->generation, 2);
    }
    return NULL;
}

/* What comes, but is no video, does not hold a read up beyond its deadline. */
static void sound_alone_is_silence(void **state)
{
    struct rig *rig = *state;
    struct babbler babbler = {.generation = 1, .to = {.sin_family = AF_INET}};
    struct vg_source *source = NULL;
    struct vg_packet packet;
    char sdp[256], url[600], path[512];
    const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof babbler.to;
    babbler.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(babbler.fd, (struct sockaddr *)&babbler.to, size), 0);
    assert_int_equal(getsockname(babbler.fd, (struct sockaddr *)&babbler.to, &size), 0);
    if (setsockopt(babbler.fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback) != 0)
        skip();
    /* an even port that nobody uses: ours, by the parity of pairs */
    const unsigned port = (ntohs(babbler.to.sin_port) ^ 2U) & ~1U;
    babbler.to.sin_port = htons((uint16_t)port);
    assert_int_equal(inet_pton(AF_INET, "239.255.77.9", &babbler.to.sin_addr), 1);
    const int length =
        snprintf(sdp, sizeof sdp,
                 "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 239.255.77.9/1\r\n"
                 "t=0 0\r\nm=video %u RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
                 port);
    put_file(&rig->folder, "group.sdp", sdp, (size_t)length);
    folder_file(&rig->folder, "group.sdp", path, sizeof path);
    (void)snprintf(url, sizeof url, "sdp:%s", path);
    struct vg_source_settings settings = live(url);
    settings.network.interface = "127.0.0.1";
    settings.read_us = S;
    settings.cancel = (struct vg_cancel){&babbler.generation, 1};
    const enum vg_status opened = vg_source_open(&source, &settings, NULL);
    if (opened) { /* no multicast on this machine */
        (void)close(babbler.fd);
        skip();
    }
    assert_int_equal(pthread_create(&babbler.thread, NULL, babble, &babbler), 0);
    assert_int_equal(vg_source_read(source, &packet), VG_E_TIMEOUT);
    atomic_store(&babbler.over, true);
    assert_int_equal(pthread_join(babbler.thread, NULL), 0);
    vg_source_close(&source);
    (void)close(babbler.fd);
}

static int set_up(void **state)
{
    static struct rig rig;
    static const char *const options[] = {"-c:v", "libx264", "-bf", "0", "-g", "12", NULL};
    folder_open(&rig.folder);
    make_clip(&rig.folder, "camera.mp4", "testsrc2=s=160x120:r=25:d=2,noise=alls=40:allf=t",
              options);
    folder_file(&rig.folder, "camera.mp4", rig.clip, sizeof rig.clip);
    camera_start(&rig.camera, rig.clip, NULL);
    camera_start(&rig.guarded, rig.clip, "b3A6cEBzcy/DqQ==");
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    camera_stop(&rig->guarded);
    camera_stop(&rig->camera);
    folder_close(&rig->folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemes_are_few),
        cmocka_unit_test(a_live_file_keeps_its_rate),
        cmocka_unit_test(what_waits_has_come_in_time),
        cmocka_unit_test(what_waits_in_a_socket_has_come_in_time),
        cmocka_unit_test(a_live_file_begins_where_it_is_told),
        cmocka_unit_test(a_live_file_begins_within_a_group),
        cmocka_unit_test(the_first_picture_is_soon_there),
        cmocka_unit_test(faults_are_met_in_time),
        cmocka_unit_test(a_cancel_ends_any_call),
        cmocka_unit_test(a_loss_is_marked),
        cmocka_unit_test(credentials_reach_the_camera),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(sound_alone_is_silence),
        cmocka_unit_test(wall_clocks),
    };
    return cmocka_run_group_tests_name("source", tests, set_up, tear_down);
}
