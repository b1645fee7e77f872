/* Requests of RTSP 1.0 (RFC 2326) and what the camera answers. */
#define _GNU_SOURCE /* memmem */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/camera/camera.h"

#define URL_SIZE  1024
#define WORD_SIZE 512
#define TRACK     "streamid=0"

struct request {
    const char *text; /* the whole of it */
    char method[32], url[URL_SIZE], cseq[32];
};

/* The value of a header line, "" when there is none. */
static void header(const char *request, const char *name, char *value, size_t size)
{
    const size_t length = strlen(name);
    value[0] = '\0';
    for (const char *p = strstr(request, "\r\n"); p; p = strstr(p, "\r\n")) {
        p += 2;
        if (strncasecmp(p, name, length) != 0 || p[length] != ':')
            continue;
        p += length + 1;
        p += strspn(p, " ");
        vg_camera_add(value, size, "%.*s", (int)strcspn(p, "\r"), p);
        return;
    }
}

/* ---- answering ---- */

static void reply(struct vg_session *session, const struct request *request, const char *result,
                  const char *lines, const char *body)
{
    char text[16384] = "";
    vg_camera_add(text, sizeof text, "RTSP/1.0 %s\r\nCSeq: %s\r\nServer: test camera\r\n%s", result,
                  request->cseq, lines);
    if (*body)
        vg_camera_add(text, sizeof text, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n",
                      strlen(body));
    vg_camera_add(text, sizeof text, "\r\n%s", body);
    const struct iovec part = {text, strlen(text)};
    vg_wire_put(&session->wire, &part, 1);
}

static void reply_code(struct vg_session *session, const struct request *request, int code)
{
    static const struct {
        int code;
        const char *result;
    } rows[] = {
        {200, "200 OK"},
        {302, "302 Found"},
        {400, "400 Bad Request"},
        {401, "401 Unauthorized"},
        {403, "403 Forbidden"},
        {404, "404 Not Found"},
        {405, "405 Method Not Allowed"},
        {453, "453 Not Enough Bandwidth"},
        {454, "454 Session Not Found"},
        {455, "455 Method Not Valid in This State"},
        {459, "459 Aggregate Operation Not Allowed"},
        {461, "461 Unsupported Transport"},
        {500, "500 Internal Server Error"},
        {501, "501 Not Implemented"},
        {503, "503 Service Unavailable"},
    };
    char other[32] = "";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code) {
            reply(session, request, rows[i].result, "", "");
            return;
        }
    vg_camera_add(other, sizeof other, "%d Said So", code);
    reply(session, request, other, "", "");
}

/* ---- the methods: false closes the connection ---- */

static bool on_options(struct vg_session *session, const struct request *request)
{
    if (session->faults.nooptions <= 0)
        reply(session, request, "200 OK",
              "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n", "");
    return true;
}

static void redirect(struct vg_session *session, const struct request *request)
{
    const char *own = session->camera->program->options.redirect;
    char lines[WORD_SIZE] = "";
    vg_camera_add(lines, sizeof lines, "Location: %s\r\n", own ? own : session->faults.redirect);
    reply(session, request, "302 Found", lines, "");
}

static bool on_describe(struct vg_session *session, const struct request *request)
{
    const struct vg_camera_faults *faults = &session->faults;
    const int length = (int)strcspn(request->url, "?");
    char sdp[8192], lines[URL_SIZE + 64] = "", control[URL_SIZE + 64] = "";
    if (faults->nodescribe > 0)
        return true;
    if (*faults->redirect) {
        redirect(session, request);
        return true;
    }
    if (*faults->othercontrol)
        vg_camera_add(control, sizeof control, "rtsp://%s/other/" TRACK, faults->othercontrol);
    else if (faults->abscontrol > 0)
        vg_camera_add(control, sizeof control, "%.*s/" TRACK, length, request->url);
    else
        vg_camera_add(control, sizeof control, TRACK);
    const struct vg_clip_words words = {.sets = faults->nosprop > 0 ? VG_SDP_NO_SETS : VG_SDP_SETS,
                                        .session_control = faults->noaggregate > 0 ? "" : "*",
                                        .control = control,
                                        .address = "0.0.0.0"};
    vg_clip_describe(&session->camera->program->clip, &words, sdp, sizeof sdp);
    vg_camera_add(lines, sizeof lines, "Content-Base: %.*s/\r\n", length, request->url);
    reply(session, request, "200 OK", lines, sdp);
    return true;
}

static bool set_up_udp(struct vg_session *session, const char *transport, char *lines, size_t size)
{
    struct vg_camera *camera = session->camera;
    struct vg_stream_way *way = &session->stream.way;
    const char *ports = strstr(transport, "client_port=");
    char *end = NULL;
    if (!ports || !vg_camera_open_udp(camera))
        return false;
    const unsigned long rtp = strtoul(ports + strlen("client_port="), &end, 10);
    const unsigned long rtcp = *end == '-' ? strtoul(end + 1, NULL, 10) : rtp + 1;
    way->to_size = sizeof way->rtp_to;
    if (rtp < 1 || rtp > 65534 || rtcp > 65535 ||
        getpeername(session->wire.fd, (struct sockaddr *)&way->rtp_to, &way->to_size) != 0)
        return false;
    way->rtcp_to = way->rtp_to;
    /* the port stands at the same place in both families */
    ((struct sockaddr_in *)(void *)&way->rtp_to)->sin_port = htons((uint16_t)rtp);
    ((struct sockaddr_in *)(void *)&way->rtcp_to)->sin_port = htons((uint16_t)rtcp);
    way->rtp_fd = camera->rtp.fd;
    way->rtcp_fd = camera->rtcp.fd;
    vg_camera_add(lines, size, "Transport: RTP/AVP;unicast;client_port=%lu-%lu;server_port=%u-%u",
                  rtp, rtcp, camera->udp_port, camera->udp_port + 1);
    return true;
}

static bool set_up_tcp(struct vg_session *session, const char *transport, char *lines, size_t size)
{
    const char *channels = strstr(transport, "interleaved=");
    const long channel = channels ? strtol(channels + strlen("interleaved="), NULL, 10) : 0;
    if (channel < 0 || channel > 254)
        return false;
    session->stream.way.wire = &session->wire;
    session->stream.way.channel = (int)channel;
    vg_camera_add(lines, size, "Transport: RTP/AVP/TCP;unicast;interleaved=%ld-%ld", channel,
                  channel + 1);
    return true;
}

static bool set_up_multicast(const struct vg_session *session, char *lines, size_t size)
{
    const struct vg_camera_options *options = &session->camera->program->options;
    const unsigned port = vg_camera_group_port(session->camera);
    vg_camera_add(lines, size, "Transport: RTP/AVP;multicast;destination=%s;port=%u-%u;ttl=%u",
                  options->group, port, port + 1, options->ttl);
    return true;
}

static bool on_setup(struct vg_session *session, const struct request *request)
{
    struct vg_program *program = session->camera->program;
    const struct vg_camera_faults *faults = &session->faults;
    char transport[WORD_SIZE], lines[WORD_SIZE] = "";
    bool agreed = false;
    header(request->text, "Transport", transport, sizeof transport);
    if (faults->nosetup > 0)
        return true;
    if (session->playing) {
        reply_code(session, request, 455);
        return true;
    }
    vg_stream_init(&session->stream, &program->clip,
                   program->second.picture_count ? &program->second : NULL, &session->faults,
                   ++program->sessions_made);
    if (strstr(transport, "TCP")) {
        session->way = VG_WAY_TCP;
        agreed = faults->notcp <= 0 && set_up_tcp(session, transport, lines, sizeof lines);
    } else if (strstr(transport, "multicast")) {
        session->way = VG_WAY_MULTICAST;
        agreed = faults->nomulticast <= 0 && !session->wire.ssl && program->options.group &&
                 set_up_multicast(session, lines, sizeof lines);
    } else {
        session->way = VG_WAY_UDP;
        agreed = faults->noudp <= 0 && !session->wire.ssl &&
                 set_up_udp(session, transport, lines, sizeof lines);
    }
    if (!agreed) {
        session->way = VG_WAY_NONE;
        reply_code(session, request, 461);
        return true;
    }
    session->id = session->stream.ssrc | 1; /* any number but 0 */
    vg_camera_add(lines, sizeof lines, ";ssrc=%08X\r\nSession: %08x;timeout=%u\r\n",
                  session->stream.ssrc, session->id,
                  program->options.timeout_s ? program->options.timeout_s : 60);
    reply(session, request, "200 OK", lines, "");
    return true;
}

static bool on_play(struct vg_session *session, const struct request *request)
{
    const size_t length = strcspn(request->url, "?");
    char lines[URL_SIZE + WORD_SIZE] = "";
    if (session->faults.noplay > 0)
        return true;
    if (session->faults.noaggregate > 0 && !strstr(request->url, TRACK)) {
        reply_code(session, request, 459);
        return true;
    }
    if (session->way == VG_WAY_NONE) {
        reply_code(session, request, 455);
        return true;
    }
    vg_camera_add(lines, sizeof lines, "Session: %08x\r\nRange: npt=now-\r\n", session->id);
    if (session->way != VG_WAY_MULTICAST) /* the group's stream runs already, perhaps */
        vg_camera_add(lines, sizeof lines, "RTP-Info: url=%.*s;seq=%u;rtptime=%u\r\n", (int)length,
                      request->url, session->stream.sequence, session->stream.stamp);
    reply(session, request, "200 OK", lines, "");
    if (session->playing)
        return true;
    session->playing = true;
    vg_stream_start(&session->stream, vg_camera_now_us());
    session->camera->program->due_us[session - session->camera->program->session] = 0;
    return session->way != VG_WAY_MULTICAST || vg_camera_join_group(session->camera);
}

static bool on_get_parameter(struct vg_session *session, const struct request *request)
{
    char lines[64] = "";
    vg_camera_add(lines, sizeof lines, "Session: %08x\r\n", session->id);
    reply(session, request, "200 OK", lines, "");
    return true;
}

static bool on_teardown(struct vg_session *session, const struct request *request)
{
    reply(session, request, "200 OK", "", "");
    (void)vg_wire_flush(&session->wire, vg_camera_now_us());
    return false;
}

static const struct {
    const char *method;
    bool (*answer)(struct vg_session *session, const struct request *request);
    size_t refusal; /* the fault that holds a code to answer instead */
    enum {
        OPEN_TO_ALL,
        GUARDED
    } guard;
    enum {
        ANY_SESSION,
        OWN_SESSION
    } session;
} methods[] = {
#define REFUSAL(field) offsetof(struct vg_camera_faults, field)
    {"OPTIONS", on_options, REFUSAL(options), OPEN_TO_ALL, ANY_SESSION},
    {"DESCRIBE", on_describe, REFUSAL(describe), GUARDED, ANY_SESSION},
    {"SETUP", on_setup, REFUSAL(setup), GUARDED, ANY_SESSION},
    {"PLAY", on_play, REFUSAL(play), GUARDED, OWN_SESSION},
    {"GET_PARAMETER", on_get_parameter, REFUSAL(get_parameter), GUARDED, OWN_SESSION},
    {"TEARDOWN", on_teardown, REFUSAL(teardown), GUARDED, OWN_SESSION},
#undef REFUSAL
};

/* ---- who may, what is there ---- */

static void challenge(struct vg_session *session, const struct request *request,
                      enum vg_auth_answer answer)
{
    static const char *const bad[] = {"", "WWW-Authenticate: NTLM\r\n", "",
                                      "WWW-Authenticate: Digest realm=\"test, nonce=,,=\"\r\n"};
    const double kind = session->faults.badauth;
    char lines[WORD_SIZE] = "";
    if (kind >= 2 && kind < 5)
        vg_camera_add(lines, sizeof lines, "%s", bad[(int)kind - 1]);
    else
        vg_auth_challenge(&session->camera->program->options.auth, &session->nonce, answer, lines,
                          sizeof lines);
    reply(session, request, "401 Unauthorized", lines, "");
}

static bool may(struct vg_session *session, const struct request *request)
{
    char given[2 * WORD_SIZE];
    header(request->text, "Authorization", given, sizeof given);
    enum vg_auth_answer answer =
        vg_auth_judge(&session->camera->program->options.auth, &session->nonce, request->method,
                      request->url, given);
    if (session->faults.stale > 0 && answer == VG_AUTH_GOOD && !session->refused_once) {
        session->refused_once = true;
        answer = VG_AUTH_STALE;
    }
    if (session->faults.badauth > 0)
        answer = VG_AUTH_BAD;
    if (answer == VG_AUTH_GOOD)
        return true;
    challenge(session, request, answer);
    return false;
}

/* rtsp://host:port/PATH of --paths N: 0 to N - 1. */
static bool path_exists(const struct vg_session *session, const char *url)
{
    const unsigned paths = session->camera->program->options.paths;
    const char *slashes = strstr(url, "://"), *path = slashes ? strchr(slashes + 3, '/') : NULL;
    if (strstr(url, "/missing"))
        return false;
    return paths == 0 ||
           (path && strtoul(path + 1, NULL, 10) < paths && path[1] >= '0' && path[1] <= '9');
}

static bool is_of_session(const struct vg_session *session, const struct request *request)
{
    char given[64];
    header(request->text, "Session", given, sizeof given);
    return session->id != 0 && strtoul(given, NULL, 16) == session->id;
}

static bool answer(struct vg_session *session, const char *text)
{
    struct request request = {.text = text};
    if (sscanf(text, "%31s %1023s", request.method, request.url) != 2)
        return false;
    header(text, "CSeq", request.cseq, sizeof request.cseq);
    vg_camera_log(session->camera->program, "%s %.*s %s", request.method,
                  (int)strcspn(request.url, "?"), request.url, request.cseq);
    const char *query = strchr(request.url, '?');
    if (query && !session->playing)
        vg_camera_faults_read(&session->faults, query + 1);
    session->wire.drip = session->faults.slowdrip;
    const struct vg_camera_faults *faults = &session->faults;
    if (session->playing && faults->noalive > 0 && strcmp(request.method, "TEARDOWN") != 0)
        return true;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        double code = 0;
        if (strcmp(methods[i].method, request.method) != 0)
            continue;
        memcpy(&code, (const char *)faults + methods[i].refusal, sizeof code);
        if (methods[i].guard == GUARDED && !may(session, &request))
            return true;
        if (code > 0 || !path_exists(session, request.url)) {
            reply_code(session, &request, code > 0 ? (int)code : 404);
            return true;
        }
        const bool own = is_of_session(session, &request);
        if (own)
            session->alive_us = vg_camera_now_us();
        if (!own && methods[i].session == OWN_SESSION) {
            reply_code(session, &request, 454);
            return true;
        }
        return methods[i].answer(session, &request);
    }
    reply_code(session, &request, 405);
    return true;
}

/* ---- taking what comes ---- */

/* How many bytes the first whole message in `in` takes; 0: none whole yet. */
static size_t message_size(const struct vg_session *session)
{
    const uint8_t *in = (const uint8_t *)session->in;
    char length[16], head[VG_REQUEST_MAX];
    if (session->in_count >= 4 && in[0] == '$') { /* RTCP of the client */
        const size_t size = 4 + ((size_t)in[2] << 8 | in[3]);
        return size <= session->in_count ? size : 0;
    }
    const char *end = memmem(session->in, session->in_count, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t size = (size_t)(end + 4 - session->in);
    memcpy(head, session->in, size - 1);
    head[size - 1] = '\0';
    header(head, "Content-Length", length, sizeof length);
    size += strtoul(length, NULL, 10);
    return size <= session->in_count ? size : 0;
}

bool vg_camera_take(struct vg_session *session)
{
    const size_t room = sizeof session->in - 1 - session->in_count;
    const ssize_t got =
        room > 0 ? vg_wire_take(&session->wire, session->in + session->in_count, room) : -1;
    if (got < 0)
        return false;
    session->in_count += (size_t)got;
    for (size_t size = message_size(session); size > 0; size = message_size(session)) {
        char request[VG_REQUEST_MAX];
        memcpy(request, session->in, size);
        request[size - 1] = '\0';
        session->in_count -= size;
        memmove(session->in, session->in + size, session->in_count);
        if (request[0] == '$')
            vg_camera_log(session->camera->program, "rtcp %u", (unsigned)(uint8_t)request[5]);
        else if (!answer(session, request))
            return false;
    }
    return !session->wire.gone;
}
