/* A publisher goes through three steps, ANNOUNCED, SET UP, RECORDING, within the time of one opening.
 * A stream beside the video (sound) is set up too when it is interleaved, since publishers give up
 * else, and its frames are thrown away. */
#include "src/media/rtsp_listen.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/media/net_interface.h"
#include "src/media/net_link.h"
#include "src/media/net_stamp.h"
#include "src/media/rtsp_auth.h"
#include "src/media/rtsp_dialogue.h"
#include "src/media/rtsp_sockets.h"
#include "src/media/rtsp_transport.h"
#include "src/media/rtsp_url.h"

#define BACKLOG    8
#define TEXT_SIZE  256
#define PATH_SIZE  256
#define TRIES_MAX  4 /* requests without the right credentials in one connection */
#define GATHER_MS  2
#define REALM      "Vigie"
#define REPLY_SIZE 2048

struct vg_rtsp_listen {
    struct vg_rtsp_listen_settings settings; /* its texts not kept */
    char address[64], path[PATH_SIZE], user[TEXT_SIZE], password[TEXT_SIZE];
    int fd;
    struct vg_rtsp_listen_counts counts;
    /* of the publisher */
    struct vg_rtsp_dialogue *dialogue;
    struct vg_rtsp_sockets *sockets; /* NULL: interleaved */
    enum {
        NOBODY,
        CONNECTED,
        ANNOUNCED,
        SET_UP,
        RECORDING
    } step;
    bool over;
    struct vg_mono_time within; /* it must have come to RECORD */
    uint32_t tries;
    struct vg_rtsp_challenge challenge;
    char session[33];
    uint8_t channels[2];
    struct vg_sdp_video video;
    struct vg_mono_time last_media, read_at;
    struct vg_net_span span; /* of what came interleaved */
};

struct vg_rtsp_listen_settings vg_rtsp_listen_defaults(void)
{
    return (struct vg_rtsp_listen_settings){.open_us = 5 * VG_US_PER_S,
                                            .read_us = 5 * VG_US_PER_S / 2};
}

/* ---- life ---- */

static bool keep(char *kept, size_t size, const char *text)
{
    const int length = snprintf(kept, size, "%s", text ? text : "");
    return length >= 0 && (size_t)length < size;
}

static int listening_socket(const char *address, uint16_t port)
{
    struct sockaddr_storage at;
    const int one = 1;
    if (!vg_net_address_read(address[0] ? address : "0.0.0.0", port, &at))
        return -1;
    const int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)&at, vg_net_address_size(&at)) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

enum vg_status vg_rtsp_listen_open(struct vg_rtsp_listen **listen,
                                   const struct vg_rtsp_listen_settings *settings,
                                   struct vg_fault *fault)
{
    struct vg_rtsp_listen *opened = vg_alloc(sizeof *opened);
    *listen = NULL;
    if (!opened)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", "");
    opened->fd = -1;
    opened->settings = *settings;
    opened->settings.address = opened->settings.path = NULL;
    opened->settings.user = opened->settings.password = NULL;
    enum vg_status status = VG_OK;
    if (!settings->path || settings->path[0] != '/' ||
        !keep(opened->path, sizeof opened->path, settings->path) ||
        !keep(opened->address, sizeof opened->address, settings->address) ||
        !keep(opened->user, sizeof opened->user, settings->user) ||
        !keep(opened->password, sizeof opened->password, settings->password))
        status = vg_fault_set(fault, VG_E_INPUT, N_("the address of the flux is not right"),
                              N_("write rtsp://host/path, user and password apart"), "%s", "");
    if (status == VG_OK)
        status = vg_rtsp_dialogue_open(&opened->dialogue, NULL, NULL, fault);
    if (status == VG_OK)
        opened->fd = listening_socket(opened->address, settings->port);
    if (status == VG_OK && opened->fd < 0)
        status = vg_fault_set(fault, VG_E_LACK,
                              N_("no publisher can be awaited at this address and port"),
                              N_("give a numeric address of this machine and a port that is free"),
                              "%.64s:%u", opened->address, (unsigned)settings->port);
    if (status)
        vg_rtsp_listen_close(&opened);
    *listen = opened;
    return status;
}

static void drop_publisher(struct vg_rtsp_listen *listen)
{
    struct vg_net_link *none = NULL;
    vg_rtsp_sockets_close(&listen->sockets);
    vg_rtsp_dialogue_take(listen->dialogue, &none);
    listen->step = NOBODY;
    listen->over = false;
    listen->tries = 0;
    listen->session[0] = '\0';
}

void vg_rtsp_listen_close(struct vg_rtsp_listen **listen)
{
    struct vg_rtsp_listen *closed = *listen;
    *listen = NULL;
    if (!closed)
        return;
    if (closed->dialogue)
        drop_publisher(closed);
    vg_rtsp_dialogue_close(&closed->dialogue);
    if (closed->fd >= 0)
        (void)close(closed->fd);
    explicit_bzero(closed->user, sizeof closed->user);
    explicit_bzero(closed->password, sizeof closed->password);
    vg_free(closed);
}

uint16_t vg_rtsp_listen_port(const struct vg_rtsp_listen *listen)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    memset(&at, 0, sizeof at);
    return getsockname(listen->fd, (struct sockaddr *)&at, &size) == 0 ? vg_net_address_port(&at)
                                                                       : 0;
}

const struct vg_sdp_video *vg_rtsp_listen_video(const struct vg_rtsp_listen *listen)
{
    return &listen->video;
}

void vg_rtsp_listen_set_read(struct vg_rtsp_listen *listen, int64_t read_us)
{
    listen->settings.read_us = read_us;
}

bool vg_rtsp_listen_by_udp(const struct vg_rtsp_listen *listen)
{
    return listen->sockets != NULL;
}

struct vg_rtsp_listen_counts vg_rtsp_listen_counts(const struct vg_rtsp_listen *listen)
{
    return listen->counts;
}

/* ---- requests ---- */

static void make_hex(char *text, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[16];
    vg_random_bytes(random, sizeof random);
    for (size_t i = 0; i < bytes; i++) {
        text[i * 2] = digits[random[i] >> 4];
        text[i * 2 + 1] = digits[random[i] & 15];
    }
    text[bytes * 2] = '\0';
}

static struct vg_rtsp_writer begin_reply(const struct vg_rtsp_message *request, uint32_t code,
                                         char text[REPLY_SIZE])
{
    static const struct {
        uint32_t code;
        const char *reason;
    } rows[] = {{200, "OK"},
                {401, "Unauthorized"},
                {404, "Not Found"},
                {415, "Unsupported Media Type"},
                {454, "Session Not Found"},
                {455, "Method Not Valid In This State"},
                {461, "Unsupported Transport"},
                {501, "Not Implemented"}};
    const char *reason = "Internal Server Error";
    struct vg_rtsp_text cseq = vg_rtsp_header_find(request, "CSeq", 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            reason = rows[i].reason;
    if (cseq.size > 32)
        cseq.at = NULL;
    return vg_rtsp_write_response(text, REPLY_SIZE, code, reason, cseq);
}

static enum vg_status reply(struct vg_rtsp_listen *listen, const struct vg_rtsp_message *request,
                            uint32_t code)
{
    char text[REPLY_SIZE];
    struct vg_rtsp_writer writer = begin_reply(request, code, text);
    if (vg_rtsp_text_is(request->method, "OPTIONS"))
        vg_rtsp_write_header(&writer, "Public",
                             "OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, TEARDOWN");
    if (code == 200 && listen->session[0])
        vg_rtsp_write_header(&writer, "Session", listen->session);
    return vg_rtsp_dialogue_reply(listen->dialogue, &writer);
}

/* MD5 last: clients that know but one take the last. */
static enum vg_status ask_credentials(struct vg_rtsp_listen *listen,
                                      const struct vg_rtsp_message *request)
{
    static const enum vg_rtsp_scheme schemes[] = {VG_RTSP_AUTH_SHA256, VG_RTSP_AUTH_MD5};
    char text[REPLY_SIZE], value[1024];
    struct vg_rtsp_writer writer = begin_reply(request, 401, text);
    listen->counts.denied++;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        listen->challenge.scheme = schemes[i];
        const enum vg_status status =
            vg_rtsp_challenge_offer(&listen->challenge, value, sizeof value);
        if (status)
            return status;
        vg_rtsp_write_header(&writer, "WWW-Authenticate", value);
    }
    const enum vg_status status = vg_rtsp_dialogue_reply(listen->dialogue, &writer);
    return status == VG_OK && ++listen->tries >= TRIES_MAX ? VG_E_DENIED : status;
}

static bool has_credentials(const struct vg_rtsp_listen *listen,
                            const struct vg_rtsp_message *request)
{
    char method[33], uri[1024];
    if (listen->user[0] == '\0')
        return true;
    if (!vg_rtsp_text_copy(request->method, method, sizeof method) ||
        !vg_rtsp_text_copy(request->uri, uri, sizeof uri))
        return false;
    const struct vg_rtsp_credentials credentials = {
        .user = listen->user, .password = listen->password, .method = method, .uri = uri};
    return vg_rtsp_challenge_holds(&listen->challenge, &credentials,
                                   vg_rtsp_header_find(request, "Authorization", 0));
}

/* Its path, without query and without what a stream's control adds. */
static bool names_our_path(const struct vg_rtsp_listen *listen, struct vg_rtsp_text uri)
{
    struct vg_rtsp_url url;
    char text[VG_RTSP_URL_SIZE];
    const size_t size = strlen(listen->path);
    if (!vg_rtsp_text_copy(uri, text, sizeof text) || vg_rtsp_url_read(text, &url) != VG_OK ||
        strncmp(url.text + url.authority, listen->path, size) != 0)
        return false;
    const char next = url.text[url.authority + size];
    return next == '\0' || next == '/' || next == '?';
}

static uint32_t announce(struct vg_rtsp_listen *listen, const struct vg_rtsp_message *request)
{
    struct vg_fault fault;
    if (listen->step != CONNECTED)
        return 455;
    if (!names_our_path(listen, request->uri))
        return 404;
    if (vg_sdp_read(request->body.at, request->body.size, &listen->video, &fault) != VG_OK)
        return 415;
    listen->step = ANNOUNCED;
    make_hex(listen->session, 8);
    return 200;
}

/* The uri ends with the video's control. */
static bool is_video(const struct vg_rtsp_listen *listen, struct vg_rtsp_text uri)
{
    const char *control = listen->video.control;
    const size_t size = strlen(control);
    if (size == 0 || strcmp(control, "*") == 0)
        return true;
    return uri.size >= size && memcmp(uri.at + uri.size - size, control, size) == 0;
}

static bool open_pair(struct vg_rtsp_listen *listen, const struct vg_rtsp_transport_answer *asked)
{
    const struct sockaddr_storage peer = vg_net_peer(vg_rtsp_dialogue_link(listen->dialogue));
    const bool any = strcmp(listen->address, "0.0.0.0") == 0 || strcmp(listen->address, "::") == 0;
    const struct vg_rtsp_pair pair = {.family = peer.ss_family,
                                      .interface = any ? NULL : listen->address,
                                      .port_first = listen->settings.port_first,
                                      .port_last = listen->settings.port_last};
    struct vg_fault fault;
    vg_rtsp_sockets_close(&listen->sockets);
    if (asked->client_ports[0] == 0 ||
        vg_rtsp_sockets_pair(&listen->sockets, &pair, &fault) != VG_OK)
        return false;
    vg_rtsp_sockets_expect(listen->sockets, &peer, asked->client_ports[0], asked->client_ports[1]);
    vg_rtsp_sockets_punch(listen->sockets);
    return true;
}

static enum vg_status set_up(struct vg_rtsp_listen *listen, const struct vg_rtsp_message *request)
{
    struct vg_rtsp_transport_answer asked;
    char text[REPLY_SIZE], transport[160];
    const bool video = is_video(listen, request->uri);
    if (listen->step != ANNOUNCED && listen->step != SET_UP)
        return reply(listen, request, 455);
    if (!vg_rtsp_transport_read(vg_rtsp_header_find(request, "Transport", 0), &asked) ||
        asked.multicast || (!asked.tcp && !video) || (!asked.tcp && !open_pair(listen, &asked)))
        return reply(listen, request, 461);
    if (video) {
        memcpy(listen->channels, asked.channels, sizeof listen->channels);
        listen->step = SET_UP;
    }
    if (asked.tcp)
        (void)snprintf(transport, sizeof transport,
                       "RTP/AVP/TCP;unicast;interleaved=%u-%u;mode=record", asked.channels[0],
                       asked.channels[1]);
    else
        (void)snprintf(transport, sizeof transport,
                       "RTP/AVP/UDP;unicast;client_port=%u-%u;server_port=%u-%u;mode=record",
                       asked.client_ports[0], asked.client_ports[1],
                       vg_rtsp_sockets_port(listen->sockets),
                       vg_rtsp_sockets_port(listen->sockets) + 1U);
    struct vg_rtsp_writer writer = begin_reply(request, 200, text);
    vg_rtsp_write_header(&writer, "Session", listen->session);
    vg_rtsp_write_header(&writer, "Transport", transport);
    return vg_rtsp_dialogue_reply(listen->dialogue, &writer);
}

static enum vg_status record(struct vg_rtsp_listen *listen, const struct vg_rtsp_message *request)
{
    if (listen->step != SET_UP)
        return reply(listen, request, 455);
    const enum vg_status status = reply(listen, request, 200);
    if (status == VG_OK)
        listen->step = RECORDING;
    listen->last_media = listen->read_at = vg_mono_now();
    vg_net_span_read(&listen->span, listen->read_at, listen->read_at);
    return status;
}

/* VG_E_CLOSED: it says good-bye; VG_E_DENIED: too many wrong passwords. */
static enum vg_status serve(struct vg_rtsp_listen *listen, const struct vg_rtsp_message *request)
{
    if (request->kind != VG_RTSP_REQUEST)
        return VG_OK;
    if (vg_rtsp_text_is(request->method, "OPTIONS"))
        return reply(listen, request, 200);
    if (!has_credentials(listen, request))
        return ask_credentials(listen, request);
    if (vg_rtsp_text_is(request->method, "ANNOUNCE"))
        return reply(listen, request, announce(listen, request));
    if (vg_rtsp_text_is(request->method, "SETUP"))
        return set_up(listen, request);
    if (vg_rtsp_text_is(request->method, "RECORD"))
        return record(listen, request);
    if (vg_rtsp_text_is(request->method, "GET_PARAMETER") ||
        vg_rtsp_text_is(request->method, "SET_PARAMETER"))
        return reply(listen, request, 200);
    if (!vg_rtsp_text_is(request->method, "TEARDOWN"))
        return reply(listen, request, 501);
    const enum vg_status status = reply(listen, request, 200);
    return status ? status : VG_E_CLOSED;
}

/* ---- waiting for one ---- */

static bool permitted(const struct vg_rtsp_listen *listen, const struct sockaddr_storage *peer)
{
    char host[NI_MAXHOST];
    if (!listen->settings.may_publish)
        return true;
    return getnameinfo((const struct sockaddr *)peer, vg_net_address_size(peer), host, sizeof host,
                       NULL, 0, NI_NUMERICHOST) == 0 &&
           listen->settings.may_publish(listen->settings.publish_context, host);
}

/* Takes one from the queue. VG_E_END: there is none, or it was sent away. */
static enum vg_status accept_one(struct vg_rtsp_listen *listen)
{
    struct sockaddr_storage peer;
    struct vg_net_link *link;
    socklen_t size = sizeof peer;
    memset(&peer, 0, sizeof peer);
    const int fd = accept(listen->fd, (struct sockaddr *)&peer, &size);
    if (fd < 0)
        return VG_E_END;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    const bool stranger = !permitted(listen, &peer);
    listen->counts.strangers += stranger;
    listen->counts.refused += !stranger && listen->step != NOBODY;
    if (stranger || listen->step != NOBODY) {
        (void)close(fd);
        return VG_E_END;
    }
    const enum vg_status status = vg_net_adopt(&link, fd, &peer, &listen->settings.cancel);
    if (status)
        return status;
    vg_rtsp_dialogue_take(listen->dialogue, &link);
    listen->step = CONNECTED;
    listen->within.us = vg_mono_now().us + listen->settings.open_us;
    (void)snprintf(listen->challenge.realm, sizeof listen->challenge.realm, "%s", REALM);
    make_hex(listen->challenge.nonce, 16);
    return VG_OK;
}

/* Until the publisher records. Frames before that are thrown away. */
static enum vg_status negotiate(struct vg_rtsp_listen *listen, struct vg_mono_time until)
{
    struct vg_rtsp_message message;
    enum vg_status status = VG_OK;
    while (status == VG_OK && listen->step != RECORDING) {
        status = vg_rtsp_dialogue_next(listen->dialogue, &message);
        if (status == VG_OK) {
            status = serve(listen, &message);
            continue;
        }
        if (status == VG_E_END)
            status = vg_net_wait(vg_rtsp_dialogue_link(listen->dialogue), until);
        if (status == VG_OK && vg_mono_now().us >= until.us)
            status = VG_E_TIMEOUT;
        if (status == VG_OK)
            status = vg_rtsp_dialogue_fill(listen->dialogue);
    }
    return status;
}

static enum vg_status await_one(struct vg_rtsp_listen *listen, struct vg_mono_time until)
{
    for (;;) {
        struct pollfd waited = {.fd = listen->fd, .events = POLLIN};
        enum vg_status status = vg_net_poll(&waited, 1, until, &listen->settings.cancel);
        if (status)
            return status;
        status = accept_one(listen);
        if (status != VG_E_END)
            return status;
        if (vg_mono_now().us >= until.us)
            return VG_E_TIMEOUT;
    }
}

enum vg_status vg_rtsp_listen_wait(struct vg_rtsp_listen *listen, struct vg_mono_time until)
{
    if (listen->step == RECORDING)
        drop_publisher(listen);
    for (;;) {
        enum vg_status status = listen->step == NOBODY ? await_one(listen, until) : VG_OK;
        if (status)
            return status;
        status = negotiate(listen, listen->within.us < until.us ? listen->within : until);
        if (status == VG_OK || status == VG_E_INTERRUPTED)
            return status;
        if (status == VG_E_TIMEOUT && vg_mono_now().us < listen->within.us)
            return status;
        listen->counts.refused++;
        drop_publisher(listen);
    }
}

/* ---- receiving ---- */

/* Out of what was read already. VG_E_END: nothing left. */
static enum vg_status next_data(struct vg_rtsp_listen *listen, struct vg_rtsp_data *data)
{
    struct vg_rtsp_message message;
    if (listen->sockets && vg_rtsp_sockets_next(listen->sockets, data))
        return VG_OK;
    for (;;) {
        enum vg_status status = vg_rtsp_dialogue_next(listen->dialogue, &message);
        if (status == VG_OK && message.kind != VG_RTSP_FRAME)
            status = serve(listen, &message);
        if (status)
            return status == VG_E_DENIED ? VG_E_CLOSED : status;
        const bool rtp = message.channel == listen->channels[0];
        if (message.kind != VG_RTSP_FRAME || message.body.size == 0 || listen->sockets ||
            (!rtp && message.channel != listen->channels[1]))
            continue;
        data->kind = rtp ? VG_RTSP_RTP : VG_RTSP_RTCP;
        data->data = (const uint8_t *)message.body.at;
        data->size = message.body.size;
        data->arrival = vg_net_span_at(&listen->span, vg_rtsp_dialogue_taken(listen->dialogue));
        return VG_OK;
    }
}

static enum vg_status wait_and_read(struct vg_rtsp_listen *listen, struct vg_mono_time until)
{
    const struct vg_net_link *link = vg_rtsp_dialogue_link(listen->dialogue);
    struct pollfd fds[4] = {{.fd = vg_net_fd(link), .events = POLLIN},
                            {.fd = listen->fd, .events = POLLIN}};
    const bool more = vg_net_more(link);
    const struct vg_mono_time asked = vg_mono_now();
    if (listen->sockets)
        vg_rtsp_sockets_watch(listen->sockets, fds + 2);
    enum vg_status status =
        vg_net_poll(fds, listen->sockets ? 4 : 2, more ? (struct vg_mono_time){0} : until,
                    &listen->settings.cancel);
    if (status && !(more && status == VG_E_TIMEOUT))
        return status;
    status = VG_OK;
    if (fds[1].revents) {
        const enum vg_status other = accept_one(listen); /* sent away */
        (void)other;
    }
    const struct vg_mono_time since = vg_net_span_since(asked);
    if (!more) /* the rest of the picture is on its way */
        (void)poll(NULL, 0, GATHER_MS);
    listen->read_at = vg_mono_now();
    if (listen->sockets)
        status = vg_rtsp_sockets_take(listen->sockets, fds + 2);
    if (status == VG_OK && (more || fds[0].revents))
        status = vg_rtsp_dialogue_fill(listen->dialogue);
    vg_net_span_read(&listen->span, since, vg_net_came(link));
    return status;
}

enum vg_status vg_rtsp_listen_receive(struct vg_rtsp_listen *listen, struct vg_mono_time until,
                                      struct vg_rtsp_data *data)
{
    if (listen->step != RECORDING || listen->over)
        return VG_E_CLOSED;
    enum vg_status status = next_data(listen, data);
    while (status == VG_E_END) {
        const struct vg_mono_time silent = {listen->last_media.us + listen->settings.read_us};
        status = wait_and_read(listen, until.us < silent.us ? until : silent);
        if (status == VG_OK)
            status = next_data(listen, data);
        if (status != VG_E_END && status != VG_E_TIMEOUT)
            break;
        const int64_t now = vg_mono_now().us;
        if (now >= silent.us)
            return VG_E_TIMEOUT;
        if (now >= until.us)
            return VG_E_END;
        status = VG_E_END; /* once more */
    }
    if (status == VG_OK && data->kind == VG_RTSP_RTP)
        listen->last_media = listen->read_at; /* not when it came: we may be late */
    listen->over = status != VG_OK && status != VG_E_INTERRUPTED;
    return status;
}
