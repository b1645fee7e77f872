/* labels: threads waits
 * A publisher pushes to us: in order and out of it, with and without credentials, by TCP and UDP, two
 * at a time, from whom it is not permitted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/media/rtsp_auth.h"
#include "src/media/rtsp_listen.h"

#define SLACK_US 3000000
#define SDP                                                                      \
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n" \
    "a=control:streamid=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" \
    "a=control:streamid=1\r\n"
#define URL "rtsp://127.0.0.1/in/gate"
#define ANNOUNCE_TO(url, sdp)                                                   \
    "ANNOUNCE " url " RTSP/1.0\r\nCSeq: 2\r\nContent-Type: application/sdp\r\n" \
    "Content-Length: {size}\r\n\r\n" sdp
#define ANNOUNCE ANNOUNCE_TO(URL "?x=y", SDP)
#define SETUP(stream, transport) \
    "SETUP " URL "/streamid=" stream " RTSP/1.0\r\nCSeq: 3\r\nTransport: " transport "\r\n\r\n"
#define TCP(channels) "RTP/AVP/TCP;unicast;interleaved=" channels ";mode=record"
#define RECORD        "RECORD " URL " RTSP/1.0\r\nCSeq: 4\r\n\r\n"
#define TEARDOWN      "TEARDOWN " URL " RTSP/1.0\r\nCSeq: 5\r\n\r\n"

/* Sends its words, reads until the other side closes; NUL bytes of frames are written "^". */
struct publisher {
    uint16_t port;
    const char *words, *user;
    pthread_t thread;
    char heard[8192];
    size_t heard_size;
};

static int dial(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        abort();
    return fd;
}

static void say(int fd, const char *words)
{
    char text[8192], number[16];
    size_t used = 0;
    (void)snprintf(number, sizeof number, "%zu", strlen(SDP));
    for (; *words; words++) {
        if (strncmp(words, "{size}", 6) == 0) {
            memcpy(text + used, number, strlen(number));
            used += strlen(number);
            words += 5;
            continue;
        }
        text[used++] = *words == '^' ? '\0' : *words;
    }
    (void)send(fd, text, used, MSG_NOSIGNAL);
}

/* Answers the challenge that was heard. */
static void say_who(struct publisher *publisher, int fd)
{
    struct vg_rtsp_message message;
    char value[VG_RTSP_AUTH_VALUE_SIZE], text[8192];
    say(fd, publisher->words);
    while (vg_rtsp_message_read((const uint8_t *)publisher->heard, publisher->heard_size,
                                &message) != VG_RTSP_COMPLETE) {
        const ssize_t got = recv(fd, publisher->heard + publisher->heard_size,
                                 sizeof publisher->heard - 1 - publisher->heard_size, 0);
        if (got <= 0)
            return;
        publisher->heard_size += (size_t)got;
    }
    struct vg_rtsp_challenge challenge = vg_rtsp_challenge_read(&message);
    const struct vg_rtsp_credentials given = {.user = publisher->user,
                                              .password = "secret",
                                              .method = "ANNOUNCE",
                                              .uri = URL "?x=y",
                                              .cnonce = "0a1b"};
    if (vg_rtsp_challenge_answer(&challenge, &given, value, sizeof value) != VG_OK)
        return;
    (void)snprintf(text, sizeof text,
                   "ANNOUNCE " URL "?x=y RTSP/1.0\r\nCSeq: 9\r\nAuthorization: %s\r\n"
                   "Content-Length: {size}\r\n\r\n%s",
                   value, SDP);
    say(fd, text);
}

static void *publish(void *opaque)
{
    struct publisher *publisher = opaque;
    const int fd = dial(publisher->port);
    ssize_t got;
    if (publisher->user)
        say_who(publisher, fd);
    else
        say(fd, publisher->words);
    while ((got = recv(fd, publisher->heard + publisher->heard_size,
                       sizeof publisher->heard - 1 - publisher->heard_size, 0)) > 0)
        publisher->heard_size += (size_t)got;
    (void)close(fd);
    return NULL;
}

static void start(struct publisher *publisher, const struct vg_rtsp_listen *listen,
                  const char *words, const char *user)
{
    memset(publisher, 0, sizeof *publisher);
    publisher->port = vg_rtsp_listen_port(listen);
    publisher->words = words;
    publisher->user = user;
    assert_int_equal(pthread_create(&publisher->thread, NULL, publish, publisher), 0);
}

static void stop(struct publisher *publisher)
{
    (void)pthread_join(publisher->thread, NULL);
}

static struct vg_mono_time in_us(int64_t us)
{
    return (struct vg_mono_time){vg_mono_now().us + us};
}

static struct vg_rtsp_listen *listen_with(const struct vg_rtsp_listen_settings *settings)
{
    struct vg_rtsp_listen *listen;
    struct vg_fault fault;
    assert_int_equal(vg_rtsp_listen_open(&listen, settings, &fault), VG_OK);
    assert_true(vg_rtsp_listen_port(listen) != 0);
    return listen;
}

static struct vg_rtsp_listen_settings usual(void)
{
    struct vg_rtsp_listen_settings settings = vg_rtsp_listen_defaults();
    settings.address = "127.0.0.1";
    settings.path = "/in/gate";
    return settings;
}

/* Those that come to nothing: what they hear, and that nobody is thought to record. */
static void refuses(void **state)
{
    static const struct {
        const char *words, *heard, *user;
    } rows[] = {
        {ANNOUNCE_TO("rtsp://127.0.0.1/in/other", SDP), "404", NULL},
        {ANNOUNCE_TO("rtsp://127.0.0.1/in/gates", SDP), "404", NULL},
        {"ANNOUNCE " URL " RTSP/1.0\r\nContent-Length: 3\r\n\r\nabc", "415", NULL},
        {RECORD, "455", NULL},
        {SETUP("1", TCP("0-1")), "455", NULL},
        {ANNOUNCE RECORD, "455", NULL},
        {ANNOUNCE ANNOUNCE, "455", NULL},
        {ANNOUNCE SETUP("1", "RTP/AVP;multicast"), "461", NULL},
        {ANNOUNCE SETUP("1", "RTP/AVP;unicast"), "461", NULL},
        {ANNOUNCE SETUP("0", "RTP/AVP;unicast;client_port=5000-5001"), "461", NULL},
        {ANNOUNCE SETUP("0", TCP("0-1")) RECORD, "455", NULL}, /* the sound alone */
        {"DESCRIBE " URL " RTSP/1.0\r\nCSeq: 1\r\n\r\n", "501", NULL},
        {"GET / HTTP/1.1\r\n\r\n", "", NULL},
        {"OPTIONS " URL " RTSP/1.0\r\nCSeq: 1\r\n\r\n", "Public: ", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct publisher publisher;
        struct vg_rtsp_listen_settings settings = usual();
        settings.open_us = 100000;
        struct vg_rtsp_listen *listen = listen_with(&settings);
        start(&publisher, listen, rows[i].words, rows[i].user);
        assert_int_equal(vg_rtsp_listen_wait(listen, in_us(200000)), VG_E_TIMEOUT);
        vg_rtsp_listen_close(&listen);
        stop(&publisher);
        if (!strstr(publisher.heard, rows[i].heard))
            fail_msg("row %zu: %s", i, publisher.heard);
    }
}

static void expect(struct vg_rtsp_listen *listen, const char *text, int kind)
{
    struct vg_rtsp_data data;
    assert_int_equal(vg_rtsp_listen_receive(listen, in_us(SLACK_US), &data), VG_OK);
    assert_int_equal(data.kind, kind);
    assert_int_equal(data.size, strlen(text));
    assert_memory_equal(data.data, text, data.size);
}

static void records(void **state)
{
    static struct publisher publisher, other;
    struct vg_rtsp_data data;
    const struct vg_rtsp_listen_settings settings = usual();
    struct vg_rtsp_listen *listen = listen_with(&settings);
    (void)state;
    for (int round = 0; round < 2; round++) { /* one after the other */
        start(&publisher, listen,
              ANNOUNCE SETUP("0", TCP("0-1")) SETUP("1", TCP("2-3")) RECORD
              "$\x02^\x03one$^^\x05sound$\x03^\x06report$\x02^\x03two",
              NULL);
        assert_int_equal(vg_rtsp_listen_wait(listen, in_us(SLACK_US)), VG_OK);
        assert_int_equal(vg_rtsp_listen_video(listen)->codec, VG_RTP_H264);
        expect(listen, "one", VG_RTSP_RTP);
        expect(listen, "report", VG_RTSP_RTCP);
        expect(listen, "two", VG_RTSP_RTP);
        start(&other, listen, ANNOUNCE, NULL); /* is sent away, and the first stays */
        assert_int_equal(vg_rtsp_listen_receive(listen, in_us(300000), &data), VG_E_END);
        stop(&other);
        assert_int_equal(other.heard_size, 0);
        if (round == 0)
            assert_int_equal(vg_rtsp_listen_wait(listen, in_us(0)), VG_E_TIMEOUT);
        else
            vg_rtsp_listen_close(&listen);
        stop(&publisher);
        assert_non_null(strstr(publisher.heard, "interleaved=2-3;mode=record"));
    }
}

static void ends(void **state)
{
    static struct publisher publisher;
    struct vg_rtsp_data data;
    struct vg_rtsp_listen_settings settings = usual();
    settings.read_us = 200000;
    struct vg_rtsp_listen *listen = listen_with(&settings);
    (void)state;
    start(&publisher, listen, ANNOUNCE SETUP("1", TCP("0-1")) RECORD TEARDOWN, NULL);
    assert_int_equal(vg_rtsp_listen_wait(listen, in_us(SLACK_US)), VG_OK);
    assert_int_equal(vg_rtsp_listen_receive(listen, in_us(SLACK_US), &data), VG_E_CLOSED);
    assert_int_equal(vg_rtsp_listen_receive(listen, in_us(SLACK_US), &data), VG_E_CLOSED);
    assert_int_equal(vg_rtsp_listen_wait(listen, in_us(0)), VG_E_TIMEOUT);
    stop(&publisher);
    start(&publisher, listen, ANNOUNCE SETUP("1", TCP("0-1")) RECORD, NULL);
    assert_int_equal(vg_rtsp_listen_wait(listen, in_us(SLACK_US)), VG_OK);
    assert_int_equal(vg_rtsp_listen_receive(listen, in_us(SLACK_US), &data), VG_E_TIMEOUT);
    vg_rtsp_listen_close(&listen);
    stop(&publisher);
}

static void wants_credentials(void **state)
{
    static struct publisher publisher;
    struct vg_rtsp_listen_settings settings = usual();
    (void)state;
    settings.user = "user";
    settings.open_us = 200000;
    for (int right = 0; right < 2; right++) {
        settings.password = right ? "secret" : "another";
        struct vg_rtsp_listen *listen = listen_with(&settings);
        start(&publisher, listen, ANNOUNCE, "user");
        assert_int_equal(vg_rtsp_listen_wait(listen, in_us(400000)), VG_E_TIMEOUT);
        assert_int_equal(vg_rtsp_listen_counts(listen).denied, right ? 1 : 2);
        vg_rtsp_listen_close(&listen);
        stop(&publisher);
        assert_non_null(strstr(publisher.heard, "algorithm=MD5"));
        assert_true((strstr(publisher.heard, "200 OK") != NULL) == (right == 1));
    }
}

static void receives_by_udp(void **state)
{
    struct vg_rtsp_data data;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    static struct publisher publisher;
    char words[2048];
    const struct vg_rtsp_listen_settings settings = usual();
    struct vg_rtsp_listen *listen = listen_with(&settings);
    (void)state;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(words, sizeof words,
                   "%sSETUP " URL "/streamid=1 RTSP/1.0\r\nCSeq: 3\r\nTransport: "
                   "RTP/AVP/UDP;unicast;client_port=%u-%u;mode=record\r\n\r\n%s",
                   ANNOUNCE, ntohs(at.sin_port), ntohs(at.sin_port) + 1U, RECORD);
    start(&publisher, listen, words, NULL);
    assert_int_equal(vg_rtsp_listen_wait(listen, in_us(SLACK_US)), VG_OK);
    /* the hole that was punched towards the publisher tells the port */
    char punched[64];
    size = sizeof at;
    assert_int_equal(recvfrom(fd, punched, sizeof punched, 0, (struct sockaddr *)&at, &size), 12);
    assert_int_equal(sendto(fd, "media", 5, 0, (const struct sockaddr *)&at, sizeof at), 5);
    expect(listen, "media", VG_RTSP_RTP);
    assert_int_equal(vg_rtsp_listen_receive(listen, in_us(0), &data), VG_E_END);
    vg_rtsp_listen_close(&listen);
    stop(&publisher);
    (void)close(fd);
}

static bool nobody(const void *context, const char *address)
{
    (void)context;
    return strcmp(address, "127.0.0.1") != 0;
}

static void knows_who_may(void **state)
{
    static struct publisher publisher;
    struct vg_rtsp_listen_settings settings = usual();
    (void)state;
    settings.may_publish = nobody;
    struct vg_rtsp_listen *listen = listen_with(&settings);
    start(&publisher, listen, ANNOUNCE, NULL);
    assert_int_equal(vg_rtsp_listen_wait(listen, in_us(200000)), VG_E_TIMEOUT);
    assert_int_equal(vg_rtsp_listen_counts(listen).strangers, 1);
    vg_rtsp_listen_close(&listen);
    stop(&publisher);
    assert_int_equal(publisher.heard_size, 0);
}

static void opens_or_not(void **state)
{
    struct vg_rtsp_listen *listen, *other;
    struct vg_fault fault;
    _Atomic uint32_t generation = 1;
    struct vg_rtsp_listen_settings settings = usual();
    (void)state;
    settings.path = "gate";
    assert_int_equal(vg_rtsp_listen_open(&other, &settings, &fault), VG_E_INPUT);
    settings = usual();
    settings.address = "192.0.2.1"; /* not of this machine */
    assert_int_equal(vg_rtsp_listen_open(&other, &settings, &fault), VG_E_LACK);
    settings = usual();
    settings.cancel.generation = &generation;
    listen = listen_with(&settings);
    settings.port = vg_rtsp_listen_port(listen);
    assert_int_equal(vg_rtsp_listen_open(&other, &settings, &fault), VG_E_LACK);
    assert_int_equal(vg_rtsp_listen_wait(listen, in_us(SLACK_US)), VG_E_INTERRUPTED);
    vg_rtsp_listen_close(&listen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(records),
        cmocka_unit_test(ends),
        cmocka_unit_test(wants_credentials),
        cmocka_unit_test(receives_by_udp),
        cmocka_unit_test(knows_who_may),
        cmocka_unit_test(opens_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
