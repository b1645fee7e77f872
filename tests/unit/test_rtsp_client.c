/* labels: threads waits
 * The RTSP client against a server that plays a script: every status of an opening, deadlines and a
 * cancel in each phase, users and passwords, redirects, media interleaved with messages, UDP,
 * multicast, keep-alives. TLS is in test_rtsp_tls.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/media/rtsp_client.h"
#include "src/media/rtsp_sockets.h"
#include "tests/unit/rtsp_server.h"

/* a row leaves out what does not matter to it */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define SDP                                                                       \
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n" \
    "a=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
#define SDP_CONTROL(session, control)                                              \
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:" session "\r\n" \
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:" control "\r\n"

#define ANSWER(code, headers) "RTSP/1.0 " code "\r\nCSeq: {cseq}\r\n" headers
#define OK(headers)           ANSWER("200 OK", headers)
#define PUBLIC                "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
#define TCP_SETUP \
    OK("Session: 4711;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n")

#define OPTIONS_STEP                                     \
    {                                                    \
        .method = "OPTIONS", .answer = OK(PUBLIC "\r\n") \
    }
#define DESCRIBE_STEP                                                      \
    {                                                                      \
        .method = "DESCRIBE", .answer = OK("Server: Test \x01 1\r\n{sdp}") \
    }
#define SETUP_STEP                             \
    {                                          \
        .method = "SETUP", .answer = TCP_SETUP \
    }
#define PLAY_STEP                                               \
    {                                                           \
        .method = "PLAY", .answer = OK("Session: 4711\r\n\r\n") \
    }
#define GOOD_STEPS OPTIONS_STEP, DESCRIBE_STEP, SETUP_STEP, PLAY_STEP

#define DIGEST       "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n\r\n"
#define DIGEST_STALE "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", stale=true\r\n\r\n"
#define BASIC        "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"

#define DEADLINE_US 200000
#define SLACK_US    1500000 /* of a loaded machine */

enum visit {
    VISIT_NONE, /* no callback */
    VISIT_NOTHING,
    VISIT_ALL
};

struct row {
    const char *name;
    struct rtsp_step steps[RTSP_STEPS_MAX];
    enum vg_status want;
    const char *place;          /* of the fault; NULL: not looked at */
    const char *has[3], *lacks; /* what the server must, must not have been sent */
    enum vg_rtsp_transport transport;
    const char *user, *sdp, *path;
    enum visit visit;
    int connections; /* 0: not looked at */
    int64_t open_us; /* 0: 5 s */
};

static bool may_visit(const void *context, const char *host, uint16_t port)
{
    const enum visit *visit = context;
    return *visit == VISIT_ALL && host[0] != '\0' && port != 0;
}

static const struct row rows[] = {
    {"opens",
     {GOOD_STEPS},
     VG_OK,
     NULL,
     {"DESCRIBE rtsp://127.0.0.1:", "/cam/trackID=1 RTSP/1.0\r\n", "Range: npt=0.000-\r\n"},
     "Authorization"},
    {"404",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("404 Not Found", "\r\n")}},
     VG_E_MISSING,
     "DESCRIBE 404"},
    {"403",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("403 Forbidden", "\r\n")}},
     VG_E_DENIED,
     "DESCRIBE 403"},
    {"500", {OPTIONS_STEP, {"DESCRIBE", ANSWER("500 Oops", "\r\n")}}, VG_E_IO, "DESCRIBE 500"},
    {"415", {OPTIONS_STEP, {"DESCRIBE", ANSWER("415 What", "\r\n")}}, VG_E_INPUT, "DESCRIBE 415"},
    {"461",
     {OPTIONS_STEP, DESCRIBE_STEP, {"SETUP", ANSWER("461 Unsupported", "\r\n")}},
     VG_E_STATE,
     "SETUP 461"},
    {"454",
     {OPTIONS_STEP, DESCRIBE_STEP, SETUP_STEP, {"PLAY", ANSWER("454 Gone", "\r\n")}},
     VG_E_CLOSED,
     "PLAY 454"},
    {"453",
     {OPTIONS_STEP, DESCRIBE_STEP, {"SETUP", ANSWER("453 Full", "\r\n")}},
     VG_E_LACK,
     "SETUP 453"},
    {"another transport than asked for",
     {OPTIONS_STEP,
      DESCRIBE_STEP,
      {"SETUP", OK("Session: 1\r\nTransport: RTP/AVP;unicast;server_port=2-3\r\n\r\n")}},
     VG_E_STATE,
     "SETUP 461"},
    {"no transport",
     {OPTIONS_STEP, DESCRIBE_STEP, {"SETUP", OK("Session: 1\r\n\r\n")}},
     VG_E_IO,
     "SETUP"},
    {"a session that would break a line",
     {OPTIONS_STEP,
      DESCRIBE_STEP,
      {"SETUP", OK("Session: a\tb\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n")}},
     VG_E_IO,
     "SETUP"},
    {"no video",
     {GOOD_STEPS},
     VG_E_INPUT,
     NULL,
     {NULL},
     "SETUP",
     .sdp = "v=0\r\nm=audio 0 RTP/AVP 0\r\n"},
    {"not a description", {GOOD_STEPS}, VG_E_INPUT, NULL, {NULL}, "SETUP", .sdp = "<html>"},
    {"not RTSP",
     {{"OPTIONS", "HTTP/1.0 400 Bad\r\n\r\n"}, {"DESCRIBE", "HTTP/1.0 400 Bad\r\n\r\n"}},
     VG_E_IO,
     "DESCRIBE"},
    {"closes at DESCRIBE", {OPTIONS_STEP, {"DESCRIBE", NULL, THEN_CLOSE}}, VG_E_CLOSED, "DESCRIBE"},
    /* OPTIONS answered badly */
    {"OPTIONS refused", {{"OPTIONS", ANSWER("501 No", "\r\n")}, GOOD_STEPS}, VG_OK},
    {"OPTIONS closes", {{"OPTIONS", NULL, THEN_CLOSE}, GOOD_STEPS}, VG_OK, .connections = 2},
    {"OPTIONS is nonsense", {{"OPTIONS", "hello\r\n\r\n"}, GOOD_STEPS}, VG_OK, .connections = 2},
    {"OPTIONS not answered",
     {DESCRIBE_STEP, SETUP_STEP, PLAY_STEP},
     VG_OK,
     .connections = 1,
     .open_us = 900000},
    {"no number in the answers",
     {{"OPTIONS", "RTSP/1.0 200 OK\r\n\r\n"},
      {"DESCRIBE", "RTSP/1.0 200 OK\r\n{sdp}"},
      SETUP_STEP,
      PLAY_STEP},
     VG_OK},
    {"no session",
     {OPTIONS_STEP,
      DESCRIBE_STEP,
      {"SETUP", OK("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n")},
      PLAY_STEP},
     VG_OK,
     .lacks = "Session:"},
    {"no range",
     {OPTIONS_STEP,
      DESCRIBE_STEP,
      SETUP_STEP,
      {"PLAY", ANSWER("457 Invalid Range", "\r\n"), THEN_GO_ON, 1},
      PLAY_STEP},
     VG_OK,
     NULL,
     {"PLAY rtsp"}},
    {"not the whole",
     {OPTIONS_STEP,
      DESCRIBE_STEP,
      SETUP_STEP,
      {"PLAY", ANSWER("459 Aggregate", "\r\n"), THEN_GO_ON, 1},
      PLAY_STEP},
     VG_OK,
     NULL,
     {"/cam RTSP/1.0\r\nCSeq: 4", "/cam/trackID=1 RTSP/1.0\r\nCSeq: 5"}},
    {"another answer before ours",
     {OPTIONS_STEP,
      {"DESCRIBE",
       "RTSP/1.0 404 Old\r\nCSeq: 9999\r\n\r\nRTSP/1.0 100 Wait\r\nCSeq: {cseq}\r\n\r\n" OK(
           "{sdp}")},
      SETUP_STEP,
      PLAY_STEP},
     VG_OK},
    {"the server asks in between",
     {OPTIONS_STEP,
      {"DESCRIBE", "OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 77\r\n\r\nRECORD rtsp://x/ "
                   "RTSP/1.0\r\nCSeq: 78\r\n\r\n" OK("{sdp}")},
      SETUP_STEP,
      PLAY_STEP},
     VG_OK,
     NULL,
     {"RTSP/1.0 200 OK\r\nCSeq: 77\r\n", "RTSP/1.0 501 Not Implemented\r\nCSeq: 78\r\n"}},
    /* controls */
    {"Content-Base",
     {OPTIONS_STEP,
      {"DESCRIBE", OK("Content-Base: rtsp://127.0.0.1:{port}/base/\r\n{sdp}")},
      SETUP_STEP,
      PLAY_STEP},
     VG_OK,
     NULL,
     {"/base/trackID=1 RTSP", "/base/ RTSP"}},
    {"Content-Location",
     {OPTIONS_STEP,
      {"DESCRIBE", OK("Content-Location: rtsp://127.0.0.1:{port}/place\r\n{sdp}")},
      SETUP_STEP,
      PLAY_STEP},
     VG_OK,
     NULL,
     {"/place/trackID=1 RTSP", "/place RTSP"}},
    {"Content-Base of another host is passed over",
     {OPTIONS_STEP,
      {"DESCRIBE", OK("Content-Base: rtsp://10.9.8.7/base/\r\n{sdp}")},
      SETUP_STEP,
      PLAY_STEP},
     VG_OK,
     NULL,
     {"/cam/trackID=1 RTSP"},
     "10.9.8.7"},
    {"control of another host",
     {GOOD_STEPS},
     VG_E_INPUT,
     "SETUP",
     {NULL},
     "SETUP",
     .sdp = SDP_CONTROL("*", "rtsp://10.9.8.7/cam/1")},
    {"absolute control",
     {GOOD_STEPS},
     VG_OK,
     NULL,
     {"SETUP rtsp://127.0.0.1/other/1 RTSP", "PLAY rtsp://127.0.0.1:"},
     .sdp = SDP_CONTROL("*", "rtsp://127.0.0.1/other/1")},
    {"control of the session",
     {GOOD_STEPS},
     VG_OK,
     NULL,
     {"/cam/all/1 RTSP", "/cam/all RTSP"},
     .sdp = SDP_CONTROL("all", "1")},
    {"the session is the video",
     {GOOD_STEPS},
     VG_OK,
     NULL,
     {"/cam RTSP"},
     "/cam/",
     .sdp = SDP_CONTROL("*", "*")},
    /* user and password */
    {"401 without a user",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("401 No", DIGEST)}},
     VG_E_DENIED,
     "DESCRIBE 401",
     {NULL},
     "Authorization"},
    {"digest",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("401 No", DIGEST), THEN_GO_ON, 1}, GOOD_STEPS},
     VG_OK,
     NULL,
     {"Authorization: Digest username=\"user\", realm=\"r\", nonce=\"n1\""},
     "Basic",
     .user = "user"},
    {"wrong password",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("401 No", DIGEST)}},
     VG_E_DENIED,
     "DESCRIBE 401",
     {"Authorization: Digest"},
     .user = "user"},
    {"stale once",
     {OPTIONS_STEP,
      {"DESCRIBE", ANSWER("401 No", DIGEST), THEN_GO_ON, 1},
      {"DESCRIBE", ANSWER("401 No", DIGEST_STALE), THEN_GO_ON, 1},
      GOOD_STEPS},
     VG_OK,
     NULL,
     {"nonce=\"n1\"", "nonce=\"n2\""},
     .user = "user"},
    {"stale for ever",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("401 No", DIGEST_STALE)}},
     VG_E_DENIED,
     "DESCRIBE 401",
     {"CSeq: 4\r\n"},
     "CSeq: 5\r\n",
     .user = "user"},
    {"a new nonce for each method",
     {{"OPTIONS", ANSWER("401 No", DIGEST), THEN_GO_ON, 1},
      OPTIONS_STEP,
      DESCRIBE_STEP,
      {"SETUP", ANSWER("401 No", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n3\"\r\n\r\n"),
       THEN_GO_ON, 1},
      SETUP_STEP,
      PLAY_STEP},
     VG_OK,
     NULL,
     {"nonce=\"n3\""},
     .user = "user"},
    {"basic alone",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("401 No", BASIC), THEN_GO_ON, 1}, GOOD_STEPS},
     VG_OK,
     NULL,
     {"Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"},
     .user = "user"},
    {"from digest to basic",
     {OPTIONS_STEP,
      {"DESCRIBE", ANSWER("401 No", DIGEST), THEN_GO_ON, 1},
      DESCRIBE_STEP,
      {"SETUP", ANSWER("401 No", BASIC)}},
     VG_E_DENIED,
     "SETUP 401",
     {"Digest"},
     "Basic",
     .user = "user"},
    /* elsewhere */
    {"redirect, nobody asked",
     {OPTIONS_STEP,
      {"DESCRIBE", ANSWER("302 Moved", "Location: rtsp://127.0.0.1:{port}/new\r\n\r\n"), THEN_GO_ON,
       1},
      GOOD_STEPS},
     VG_E_DENIED,
     "DESCRIBE 302",
     {NULL},
     "/new"},
    {"redirect refused",
     {OPTIONS_STEP,
      {"DESCRIBE", ANSWER("302 Moved", "Location: rtsp://127.0.0.1:{port}/new\r\n\r\n"), THEN_GO_ON,
       1},
      GOOD_STEPS},
     VG_E_DENIED,
     "DESCRIBE 302",
     {NULL},
     "/new",
     .visit = VISIT_NOTHING},
    {"redirect followed",
     {OPTIONS_STEP,
      {"DESCRIBE", ANSWER("302 Moved", "Location: rtsp://127.0.0.1:{port}/new\r\n\r\n"), THEN_GO_ON,
       1},
      GOOD_STEPS},
     VG_OK,
     NULL,
     {"DESCRIBE rtsp://127.0.0.1:", "/new/trackID=1 RTSP"},
     .visit = VISIT_ALL,
     .connections = 2},
    {"redirect without a place",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("301 Moved", "\r\n")}},
     VG_E_IO,
     "DESCRIBE 301",
     .visit = VISIT_ALL},
    {"redirect to another scheme",
     {OPTIONS_STEP, {"DESCRIBE", ANSWER("301 Moved", "Location: http://127.0.0.1/\r\n\r\n")}},
     VG_E_IO,
     NULL,
     .visit = VISIT_ALL},
    {"redirects without end",
     {OPTIONS_STEP,
      {"DESCRIBE", ANSWER("302 Moved", "Location: rtsp://127.0.0.1:{port}/new\r\n\r\n")}},
     VG_E_IO,
     NULL,
     .visit = VISIT_ALL,
     .connections = 4},
    {"credentials stay at home", /* another name of the same machine */
     {OPTIONS_STEP,
      {"DESCRIBE", ANSWER("401 No", DIGEST), THEN_GO_ON, 1},
      {"DESCRIBE", ANSWER("302 Moved", "Location: rtsp://localhost:{port}/new\r\n\r\n"), THEN_GO_ON,
       1},
      {"DESCRIBE", ANSWER("401 No", BASIC)}},
     VG_E_DENIED,
     "DESCRIBE 401",
     {"/new RTSP", "Digest"},
     "Basic",
     .user = "user",
     .visit = VISIT_ALL},
    /* addresses */
    {"credentials in the address", {GOOD_STEPS}, VG_E_INPUT, "", .path = "rtsp://a:b@127.0.0.1/"},
    {"another scheme", {GOOD_STEPS}, VG_E_INPUT, "", .path = "http://127.0.0.1/"},
    {"rtsps by UDP",
     {GOOD_STEPS},
     VG_E_INPUT,
     "",
     .path = "rtsps://127.0.0.1/",
     .transport = VG_RTSP_UDP},
    {"a name that is not known", {GOOD_STEPS}, VG_E_MISSING, NULL, .path = "rtsp://-.invalid/"},
};

struct session {
    struct rtsp_server server;
    struct vg_rtsp_client *client;
    struct vg_fault fault;
    enum visit visit;
    enum vg_status status;
    int64_t took_us;
};

static void start(struct session *session, const struct rtsp_step *steps, const char *sdp)
{
    memset(session, 0, sizeof *session);
    memcpy(session->server.steps, steps, sizeof session->server.steps);
    session->server.sdp = sdp ? sdp : SDP;
    rtsp_server_start(&session->server);
}

static struct vg_rtsp_settings settings_of(const struct session *session, char *url, size_t size)
{
    struct vg_rtsp_settings settings = vg_rtsp_defaults();
    (void)snprintf(url, size, "rtsp://127.0.0.1:%u/cam", session->server.port);
    settings.url = url;
    settings.cancel.generation = &session->server.generation;
    return settings;
}

static void open_with(struct session *session, const struct vg_rtsp_settings *settings)
{
    const int64_t before = vg_mono_now().us;
    session->status = vg_rtsp_client_open(&session->client, settings, &session->fault);
    session->took_us = vg_mono_now().us - before;
}

static void end(struct session *session)
{
    vg_rtsp_client_close(&session->client);
    rtsp_server_stop(&session->server);
}

static void check_log(const struct row *row, const char *log)
{
    for (size_t i = 0; i < sizeof row->has / sizeof *row->has && row->has[i]; i++)
        if (!strstr(log, row->has[i]))
            fail_msg("%s: \"%s\" was not sent:\n%s", row->name, row->has[i], log);
    if (row->lacks && strstr(log, row->lacks))
        fail_msg("%s: \"%s\" was sent:\n%s", row->name, row->lacks, log);
}

static void opens_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct session session;
        const struct row *row = &rows[i];
        char url[128];
        print_message("%s\n", row->name);
        start(&session, row->steps, row->sdp);
        struct vg_rtsp_settings settings = settings_of(&session, url, sizeof url);
        session.visit = row->visit;
        settings.url = row->path ? row->path : url;
        settings.transport = row->transport;
        settings.user = row->user;
        settings.password = row->user ? "secret" : NULL;
        settings.may_visit = row->visit == VISIT_NONE ? NULL : may_visit;
        settings.visit_context = &session.visit;
        settings.open_us = row->open_us ? row->open_us : settings.open_us;
        open_with(&session, &settings);
        if (session.status != row->want)
            fail_msg("%s: %s, %s", row->name, vg_status_name(session.status), session.fault.place);
        if (row->want != VG_OK) {
            assert_null(session.client);
            assert_non_null(session.fault.what);
            assert_int_equal(session.fault.status, row->want);
            assert_null(strstr(session.fault.place, "127.0.0.1"));
        }
        if (row->place)
            assert_string_equal(session.fault.place, row->place);
        end(&session);
        check_log(row, session.server.log);
        if (row->connections)
            assert_int_equal(session.server.connections, row->connections);
    }
}

static void tells_about_itself(void **state)
{
    static struct session session;
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {GOOD_STEPS};
    char url[128];
    (void)state;
    start(&session, steps, NULL);
    const struct vg_rtsp_settings settings = settings_of(&session, url, sizeof url);
    open_with(&session, &settings);
    assert_int_equal(session.status, VG_OK);
    const struct vg_rtsp_about about = vg_rtsp_client_about(session.client);
    assert_int_equal(about.transport, VG_RTSP_TCP);
    assert_false(about.encrypted);
    assert_string_equal(about.tls_version, "");
    assert_string_equal(about.server, "Test  1");
    assert_int_equal(vg_rtsp_client_video(session.client)->codec, VG_RTP_H264);
    end(&session);
    assert_non_null(strstr(session.server.log, "TEARDOWN rtsp://127.0.0.1:"));
}

/* ---- deadlines and cancelling ---- */

static const char *const phases[] = {"OPTIONS", "DESCRIBE", "SETUP", "PLAY"};

/* The script up to this phase, which then does `then` and answers nothing. */
static void start_until(struct session *session, size_t phase, enum rtsp_then then)
{
    const struct rtsp_step good[] = {GOOD_STEPS};
    struct rtsp_step steps[RTSP_STEPS_MAX] = {{0}};
    memcpy(steps, good, phase * sizeof *steps);
    steps[phase] = (struct rtsp_step){.method = phases[phase], .then = then};
    start(session, steps, NULL);
}

static void opening_ends_at_its_deadline(void **state)
{
    (void)state;
    for (size_t phase = 0; phase < sizeof phases / sizeof *phases; phase++) {
        static struct session session;
        char url[128];
        start_until(&session, phase, THEN_GO_ON);
        struct vg_rtsp_settings settings = settings_of(&session, url, sizeof url);
        settings.open_us = DEADLINE_US;
        open_with(&session, &settings);
        assert_int_equal(session.status, VG_E_TIMEOUT);
        assert_string_equal(session.fault.place, phase == 0 ? "DESCRIBE" : phases[phase]);
        assert_in_range(session.took_us, DEADLINE_US, DEADLINE_US + SLACK_US);
        end(&session);
    }
}

static void opening_ends_when_cancelled(void **state)
{
    (void)state;
    for (size_t phase = 0; phase < sizeof phases / sizeof *phases; phase++) {
        static struct session session;
        char url[128];
        start_until(&session, phase, THEN_CANCEL);
        struct vg_rtsp_settings settings = settings_of(&session, url, sizeof url);
        settings.open_us = 30 * VG_US_PER_S;
        open_with(&session, &settings);
        assert_int_equal(session.status, VG_E_INTERRUPTED);
        assert_in_range(session.took_us, 0, SLACK_US);
        end(&session);
    }
}

/* A listener whose queue is full answers no further connection. */
static void connecting_ends(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct vg_rtsp_settings settings = vg_rtsp_defaults();
    struct vg_rtsp_client *client;
    struct vg_fault fault;
    _Atomic uint32_t generation = 0;
    uint16_t port;
    char url[64];
    int queued[4];
    (void)state;
    const int listener = rtsp_bound(SOCK_STREAM, 0, &port);
    assert_true(listener >= 0 && listen(listener, 0) == 0);
    at.sin_port = htons(port);
    for (size_t i = 0; i < 4; i++) {
        queued[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(queued[i], (const struct sockaddr *)&at, sizeof at);
    }
    (void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%u/", port);
    settings.url = url;
    settings.open_us = DEADLINE_US;
    settings.cancel.generation = &generation;
    int64_t before = vg_mono_now().us;
    assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_E_TIMEOUT);
    assert_in_range(vg_mono_now().us - before, DEADLINE_US, DEADLINE_US + SLACK_US);
    assert_string_equal(fault.place, "connect");
    generation = 1;
    before = vg_mono_now().us;
    assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_E_INTERRUPTED);
    assert_in_range(vg_mono_now().us - before, 0, SLACK_US);
    for (size_t i = 0; i < 4; i++)
        (void)close(queued[i]);
    (void)close(listener);
    generation = 0;
    assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_E_IO); /* nobody there */
}

/* ---- receiving ---- */

static struct vg_mono_time in_us(int64_t us)
{
    return (struct vg_mono_time){vg_mono_now().us + us};
}

static void expect_data(struct session *session, const char *text, int kind)
{
    struct vg_rtsp_data data = {0};
    assert_int_equal(vg_rtsp_client_receive(session->client, in_us(SLACK_US), &data), VG_OK);
    assert_int_equal(data.kind, kind);
    assert_int_equal(data.size, strlen(text));
    assert_memory_equal(data.data, text, data.size);
}

static void expect_end(struct session *session, int64_t within_us, enum vg_status want)
{
    struct vg_rtsp_data data;
    assert_int_equal(vg_rtsp_client_receive(session->client, in_us(within_us), &data), want);
}

static void open_good(struct session *session, int64_t read_us, enum vg_rtsp_transport transport)
{
    char url[128];
    struct vg_rtsp_settings settings = settings_of(session, url, sizeof url);
    settings.read_us = read_us;
    settings.transport = transport;
    open_with(session, &settings);
    if (session->status != VG_OK)
        fail_msg("%s: %s", vg_status_name(session->status), session->fault.place);
}

/* Frames before the answer to PLAY are not lost, messages between frames are no media. */
static void receives_interleaved(void **state)
{
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {
        OPTIONS_STEP,
        DESCRIBE_STEP,
        SETUP_STEP,
        {"PLAY",
         "{rtp:one}{other:x}" OK("\r\n") "{rtp:two}SET_PARAMETER * RTSP/1.0\r\nCSeq: 5\r\n"
                                         "Content-Length: 4\r\n\r\n$abc{rtcp:three}\r\nRTSP/1.0 "
                                         "200 OK\r\nCSeq: 1\r\n\r\n{rtp:}"
                                         "{rtp:four}",
         THEN_CLOSE}};
    (void)state;
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        static struct session session;
        start(&session, steps, NULL);
        session.server.bytewise = bytewise == 1;
        open_good(&session, VG_US_PER_S, VG_RTSP_TCP);
        expect_data(&session, "one", VG_RTSP_RTP);
        expect_data(&session, "two", VG_RTSP_RTP);
        expect_data(&session, "three", VG_RTSP_RTCP);
        expect_data(&session, "four", VG_RTSP_RTP);
        expect_end(&session, SLACK_US, VG_E_CLOSED);
        expect_end(&session, SLACK_US, VG_E_CLOSED);
        end(&session);
    }
}

static void passes_over_stray_bytes(void **state)
{
    static struct session session;
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {
        OPTIONS_STEP,
        DESCRIBE_STEP,
        SETUP_STEP,
        {"PLAY",
         OK("\r\n") "{rtp:\x80 a first one}\xff\xfe$\x01$Wrong{rtp:\x80 another "
                    "one}\x80\x60xx{rtcp:\x80\xc8 a report}",
         THEN_CLOSE}};
    (void)state;
    start(&session, steps, NULL);
    open_good(&session, VG_US_PER_S, VG_RTSP_TCP);
    expect_data(&session, "\x80 a first one", VG_RTSP_RTP);
    expect_data(&session, "\x80 another one", VG_RTSP_RTP);
    expect_data(&session, "\x80\xc8 a report", VG_RTSP_RTCP);
    expect_end(&session, SLACK_US, VG_E_CLOSED);
    end(&session);
}

static void ends_a_silence(void **state)
{
    static const struct {
        const char *after;
        enum rtsp_then then;
        int64_t until_us;
        enum vg_status want;
    } ends[] = {
        {"", THEN_GO_ON, SLACK_US, VG_E_TIMEOUT},
        {"", THEN_GO_ON, 50000, VG_E_END},
        {"", THEN_GO_ON, -1, VG_E_END},
        {"{rtcp:alive}", THEN_GO_ON, SLACK_US, VG_E_TIMEOUT}, /* reports are no media */
        {"", THEN_CLOSE, SLACK_US, VG_E_CLOSED},
        {"nonsense", THEN_GO_ON, SLACK_US, VG_E_TIMEOUT},
        {"not one{rtcp:\x80\xc8 seven bytes}", THEN_GO_ON, SLACK_US, VG_E_TIMEOUT},
        {"TEARDOWN rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n", THEN_GO_ON, SLACK_US, VG_E_CLOSED},
        {"RTSP/1.0 454 Gone\r\nCSeq: 1\r\n\r\n", THEN_GO_ON, SLACK_US, VG_E_CLOSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        static struct session session;
        struct rtsp_step steps[RTSP_STEPS_MAX] = {OPTIONS_STEP, DESCRIBE_STEP, SETUP_STEP};
        char answer[512];
        (void)snprintf(answer, sizeof answer, "%s{rtp:first}%s", OK("\r\n"), ends[i].after);
        steps[3] = (struct rtsp_step){.method = "PLAY", .answer = answer};
        steps[3].then = ends[i].then;
        start(&session, steps, NULL);
        open_good(&session, DEADLINE_US, VG_RTSP_TCP);
        expect_data(&session, "first", VG_RTSP_RTP);
        struct vg_rtsp_data data;
        enum vg_status got = VG_OK;
        while (got == VG_OK) /* the report */
            got = vg_rtsp_client_receive(session.client, in_us(ends[i].until_us), &data);
        assert_int_equal(got, ends[i].want);
        end(&session);
    }
}

static void keeps_the_session_alive(void **state)
{
    static const struct {
        struct rtsp_step alive[3];
        const char *public;
        const char *has;
        enum vg_status want;
        int64_t within_us; /* one is due each 500 ms */
    } ways[] = {
        {{{"GET_PARAMETER", OK("\r\n")}}, PUBLIC, "GET_PARAMETER rtsp://", VG_E_END, 700000},
        {{{"GET_PARAMETER", NULL}}, PUBLIC, "GET_PARAMETER rtsp://", VG_E_END, 700000},
        {{{"GET_PARAMETER", ANSWER("454 Session Not Found", "\r\n")}},
         PUBLIC,
         "GET_PARAMETER",
         VG_E_CLOSED,
         SLACK_US},
        {{{"GET_PARAMETER", ANSWER("501 No", "\r\n")}},
         PUBLIC,
         "OPTIONS rtsp://",
         VG_E_END,
         1200000},
        {{{NULL}}, "Public: PLAY\r\n", "Session: 4711\r\n", VG_E_END, 700000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        static struct session session;
        char options[256];
        (void)snprintf(options, sizeof options, "%s%s\r\n", OK(""), ways[i].public);
        struct rtsp_step steps[RTSP_STEPS_MAX] = {
            {"OPTIONS", options},
            DESCRIBE_STEP,
            {"SETUP",
             OK("Session: 4711;timeout=1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n")},
            PLAY_STEP};
        memcpy(steps + 4, ways[i].alive, sizeof ways[i].alive);
        start(&session, steps, NULL);
        open_good(&session, 30 * VG_US_PER_S, VG_RTSP_TCP);
        expect_end(&session, ways[i].within_us, ways[i].want);
        end(&session);
        const char *after = strstr(session.server.log, "PLAY rtsp");
        assert_non_null(after);
        assert_non_null(strstr(after, ways[i].has));
    }
}

/* The server changes the generation when it sees the keep-alive. */
static void receiving_ends_when_cancelled(void **state)
{
    static struct session session;
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {
        OPTIONS_STEP,
        DESCRIBE_STEP,
        {"SETUP", OK("Session: 4711;timeout=1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n")},
        PLAY_STEP,
        {"GET_PARAMETER", NULL, THEN_CANCEL}};
    (void)state;
    start(&session, steps, NULL);
    open_good(&session, 30 * VG_US_PER_S, VG_RTSP_TCP);
    const int64_t before = vg_mono_now().us;
    expect_end(&session, 30 * VG_US_PER_S, VG_E_INTERRUPTED);
    assert_in_range(vg_mono_now().us - before, 0, 500000 + SLACK_US);
    end(&session);
}

static void reports(void **state)
{
    static struct session session;
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {
        OPTIONS_STEP,
        DESCRIBE_STEP,
        {"SETUP", OK("Session: 4711\r\nTransport: RTP/AVP/TCP;interleaved=4-5\r\n\r\n")},
        PLAY_STEP};
    uint8_t large[2000] = {0};
    (void)state;
    start(&session, steps, NULL);
    open_good(&session, VG_US_PER_S, VG_RTSP_TCP);
    vg_rtsp_client_report(session.client, large, sizeof large); /* too large: not sent */
    vg_rtsp_client_report(session.client, (const uint8_t *)"heard", 5);
    expect_end(&session, 0, VG_E_END);
    end(&session);
    assert_non_null(strstr(session.server.log, "$\x05.\x05heard"));
}

/* ---- UDP and multicast ---- */

static void receives_by_udp(void **state)
{
    static struct session session;
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {
        OPTIONS_STEP,
        DESCRIBE_STEP,
        {"SETUP", OK("Session: 4711\r\nTransport: RTP/AVP;unicast;server_port={udp}\r\n\r\n")},
        {"PLAY", OK("\r\n"), THEN_SEND_UDP},
        {"GET_PARAMETER", NULL, THEN_CLOSE}};
    struct vg_rtsp_data data;
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    char punched[64];
    int kinds[2] = {0, 0};
    (void)state;
    start(&session, steps, NULL);
    open_good(&session, DEADLINE_US, VG_RTSP_UDP);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vg_rtsp_client_receive(session.client, in_us(SLACK_US), &data), VG_OK);
        const char *want = data.kind == VG_RTSP_RTP ? "media" : "report";
        assert_int_equal(data.size, strlen(want));
        assert_memory_equal(data.data, want, data.size);
        kinds[data.kind]++;
    }
    assert_int_equal(kinds[VG_RTSP_RTP], 1);
    assert_int_equal(session.server.client_port % 2, 0);
    /* what we sent so that firewalls let theirs in, and a report */
    assert_int_equal(recvfrom(session.server.udp[0], punched, sizeof punched, MSG_DONTWAIT,
                              (struct sockaddr *)&from, &size),
                     12);
    assert_int_equal(ntohs(from.sin_port), session.server.client_port);
    vg_rtsp_client_report(session.client, (const uint8_t *)"heard", 5);
    ssize_t got;
    do
        got = recv(session.server.udp[1], punched, sizeof punched, MSG_DONTWAIT);
    while (got == 8);
    assert_int_equal(got, 5);
    expect_end(&session, SLACK_US, VG_E_TIMEOUT); /* and nothing of the stranger's */
    end(&session);
}

static void udp_ends_with_its_connection(void **state)
{
    static struct session session;
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {
        OPTIONS_STEP,
        DESCRIBE_STEP,
        {"SETUP", OK("Session: 4711\r\nTransport: RTP/AVP;unicast;server_port={udp}\r\n\r\n")},
        {"PLAY", OK("\r\n"), THEN_CLOSE}};
    (void)state;
    start(&session, steps, NULL);
    open_good(&session, 30 * VG_US_PER_S, VG_RTSP_UDP);
    expect_end(&session, 10 * VG_US_PER_S, VG_E_CLOSED);
    end(&session);
}

static void keeps_to_its_ports(void **state)
{
    struct vg_rtsp_sockets *one, *other;
    struct vg_fault fault;
    uint16_t port;
    struct vg_rtsp_pair pair = {.family = AF_INET, .interface = "127.0.0.1"};
    (void)state;
    assert_int_equal(vg_rtsp_sockets_pair(&one, &pair, &fault), VG_OK);
    port = vg_rtsp_sockets_port(one);
    assert_int_equal(port % 2, 0);
    pair.port_first = port;
    pair.port_last = (uint16_t)(port + 1);
    assert_int_equal(vg_rtsp_sockets_pair(&other, &pair, &fault), VG_E_LACK); /* taken */
    assert_null(other);
    vg_rtsp_sockets_close(&one);
    assert_int_equal(vg_rtsp_sockets_pair(&other, &pair, &fault), VG_OK);
    assert_int_equal(vg_rtsp_sockets_port(other), port);
    vg_rtsp_sockets_close(&other);
    pair.port_last = port; /* no room for two */
    assert_int_equal(vg_rtsp_sockets_pair(&other, &pair, &fault), VG_E_LACK);
    pair.interface = "none0";
    assert_int_equal(vg_rtsp_sockets_pair(&other, &pair, &fault), VG_E_LACK);
}

/* From 127.0.0.1 to the group, out by the loopback interface. */
static bool send_to_group(const char *group, uint16_t port, const char *text)
{
    const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    (void)inet_pton(AF_INET, group, &to.sin_addr);
    const bool sent =
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback) == 0 &&
        sendto(fd, text, strlen(text), 0, (const struct sockaddr *)&to, sizeof to) ==
            (ssize_t)strlen(text);
    (void)close(fd);
    return sent;
}

static void joins_a_group(void **state)
{
    static const struct {
        const char *source;
        enum vg_status want;
    } sources[] = {{NULL, VG_OK}, {"127.0.0.1", VG_OK}, {"127.0.0.2", VG_E_TIMEOUT}};
    const struct vg_cancel nobody = {0};
    uint16_t port;
    (void)state;
    const int taken = rtsp_bound(SOCK_DGRAM, 0, &port); /* a number that is free elsewhere too */
    (void)close(taken);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct vg_rtsp_sockets *sockets;
        struct vg_rtsp_data data;
        struct vg_fault fault;
        const struct vg_rtsp_group group = {.address = "239.255.77.1",
                                            .source = sources[i].source,
                                            .interface = "127.0.0.1",
                                            .port = port};
        if (vg_rtsp_sockets_join(&sockets, &group, &fault) != VG_OK ||
            !send_to_group("239.255.77.1", port, "hello")) {
            vg_rtsp_sockets_close(&sockets);
            print_message("skipped: this system has no multicast on its loopback interface\n");
            skip();
        }
        assert_int_equal(vg_rtsp_sockets_receive(sockets, in_us(DEADLINE_US), &nobody, &data),
                         sources[i].want);
        if (sources[i].want == VG_OK) {
            assert_int_equal(data.size, 5);
            assert_int_equal(data.kind, VG_RTSP_RTP);
            assert_true(send_to_group("239.255.77.1", (uint16_t)(port + 1), "report"));
            assert_int_equal(vg_rtsp_sockets_receive(sockets, in_us(SLACK_US), &nobody, &data),
                             VG_OK);
            assert_int_equal(data.kind, VG_RTSP_RTCP);
        }
        vg_rtsp_sockets_close(&sockets);
    }
}

static void refuses_what_is_no_group(void **state)
{
    static const struct vg_rtsp_group groups[] = {
        {.address = "10.0.0.1", .port = 5000},
        {.address = "239.1.1.1", .port = 0},
        {.address = "cam", .port = 5000},
        {.address = "", .port = 5000},
        {.address = "239.1.1.1", .port = 5000, .source = "ff02::1"},
        {.address = "fe80::1", .port = 5000},
    };
    struct vg_rtsp_sockets *sockets;
    struct vg_fault fault;
    (void)state;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        assert_int_equal(vg_rtsp_sockets_join(&sockets, &groups[i], &fault), VG_E_INPUT);
}

/* The n-th allocation fails, n from 1 until the opening succeeds. */
static void survives_lack_of_memory(void **state)
{
    static const struct rtsp_step steps[RTSP_STEPS_MAX] = {
        OPTIONS_STEP,
        DESCRIBE_STEP,
        {"SETUP", OK("Session: 4711\r\nTransport: RTP/AVP;unicast;server_port={udp}\r\n\r\n")},
        PLAY_STEP};
    const uint64_t held = vg_alloc_held();
    (void)state;
    for (uint32_t n = 1;; n++) {
        static struct session session;
        char url[128];
        start(&session, steps, NULL);
        struct vg_rtsp_settings settings = settings_of(&session, url, sizeof url);
        settings.transport = VG_RTSP_UDP;
        vg_alloc_fail_at(n);
        open_with(&session, &settings);
        vg_alloc_fail_at(0);
        end(&session);
        assert_int_equal(vg_alloc_held(), held);
        if (session.status == VG_OK)
            break;
        assert_int_equal(session.status, VG_E_MEMORY);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_rows),
        cmocka_unit_test(tells_about_itself),
        cmocka_unit_test(opening_ends_at_its_deadline),
        cmocka_unit_test(opening_ends_when_cancelled),
        cmocka_unit_test(connecting_ends),
        cmocka_unit_test(receives_interleaved),
        cmocka_unit_test(passes_over_stray_bytes),
        cmocka_unit_test(ends_a_silence),
        cmocka_unit_test(keeps_the_session_alive),
        cmocka_unit_test(receiving_ends_when_cancelled),
        cmocka_unit_test(reports),
        cmocka_unit_test(receives_by_udp),
        cmocka_unit_test(udp_ends_with_its_connection),
        cmocka_unit_test(keeps_to_its_ports),
        cmocka_unit_test(joins_a_group),
        cmocka_unit_test(refuses_what_is_no_group),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
