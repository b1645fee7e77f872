/* The order of an opening: connect, OPTIONS, DESCRIBE (again elsewhere after a redirect that may be
 * followed), SETUP of the one video, PLAY. Then the connection and the sockets are looked at by one
 * poll(), and the packets of a picture are let come for 2 ms before they are read together. */
#include "src/media/rtsp_client.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/net_interface.h"
#include "src/media/net_stamp.h"
#include "src/media/rtsp_dialogue.h"
#include "src/media/rtsp_sockets.h"
#include "src/media/rtsp_transport.h"
#include "src/media/rtsp_url.h"

#define JOINED_SIZE   (VG_RTSP_URL_SIZE + 2 * VG_SDP_CONTROL_SIZE + 2)
#define REDIRECTS_MAX 3
#define GATHER_MS     2
#define STRAY_MAX     (256 << 10) /* bytes that are nothing, between two packets of media */
#define ALIVE_MIN_US  (VG_US_PER_S / 2)

struct vg_rtsp_client {
    struct vg_rtsp_dialogue *dialogue;
    struct vg_rtsp_sockets *sockets; /* NULL: interleaved */
    struct vg_rtsp_url url;          /* after redirects */
    char base[VG_RTSP_URL_SIZE];     /* of the description */
    char aggregate[JOINED_SIZE];     /* of the whole session */
    char stream[JOINED_SIZE];        /* of the video */
    struct vg_rtsp_session session;
    uint8_t channels[2];
    struct vg_rtsp_about about;
    struct vg_sdp_video video;
    /* after the opening */
    struct vg_cancel cancel;
    int64_t read_us;
    struct vg_mono_time last_media, read_at, alive_due;
    struct vg_net_span span; /* of what came interleaved */
    const char *alive_method;
    uint32_t alive_cseq;
    enum {
        ALIVE_QUIET,
        ALIVE_SENT,
        ALIVE_SENT_AGAIN /* after a 401 */
    } alive;
    size_t stray;        /* bytes passed over since the last media */
    enum vg_status over; /* the connection is of no use any more */
};

struct opening {
    struct vg_rtsp_client *client;
    const struct vg_rtsp_settings *settings;
    struct vg_mono_time until;
    struct vg_tls_trust trust; /* without our certificate once elsewhere */
    struct vg_fault *fault;
    bool skip_options;
    char location[VG_RTSP_URL_SIZE]; /* of a redirect; "": none */
};

struct vg_rtsp_settings vg_rtsp_defaults(void)
{
    return (struct vg_rtsp_settings){
        .transport = VG_RTSP_TCP, .open_us = 5 * VG_US_PER_S, .read_us = 5 * VG_US_PER_S / 2};
}

/* ---- refusals ---- */

static enum vg_status refuse_address(struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INPUT, N_("the address of the flux is not right"),
                        N_("write rtsp://host/path, user and password apart"), "%s", "");
}

static enum vg_status refuse_answer(const struct opening *opening, const char *method)
{
    return vg_fault_set(opening->fault, VG_E_IO, N_("the camera does not answer as RTSP wants"),
                        N_("check the address of the flux"), "%s", method);
}

/* What an answer's code means. */
static enum vg_status refuse_code(const struct opening *opening, const char *method, uint32_t code)
{
    static const struct {
        uint32_t code;
        enum vg_status status;
        const char *what, *remedy;
    } rows[] = {
        {403, VG_E_DENIED, N_("the camera refuses this user and password"),
         N_("check them in the flux's settings")},
        {404, VG_E_MISSING, N_("the camera does not know this path"),
         N_("check the path in the flux's address")},
        {410, VG_E_MISSING, N_("the camera does not know this path"),
         N_("check the path in the flux's address")},
        {406, VG_E_INPUT, N_("the camera has no video that can be read"),
         N_("choose H.264, H.265, MPEG-4 or MJPEG in its settings")},
        {415, VG_E_INPUT, N_("the camera has no video that can be read"),
         N_("choose H.264, H.265, MPEG-4 or MJPEG in its settings")},
        {408, VG_E_TIMEOUT, N_("the camera does not answer"),
         N_("check its address, its power and the network")},
        {453, VG_E_LACK, N_("the camera serves too many already"),
         N_("close other viewers, or ask it for a smaller video")},
        {503, VG_E_IO, N_("the camera serves too many already"),
         N_("close other viewers, or ask it for a smaller video")},
        {454, VG_E_CLOSED, N_("the camera has forgotten the session"), NULL},
        {461, VG_E_STATE, N_("the camera does not send in this way"),
         N_("choose another transport for the flux")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return vg_fault_set(opening->fault, rows[i].status, rows[i].what, rows[i].remedy,
                                "%s %u", method, (unsigned)code);
    return vg_fault_set(opening->fault, VG_E_IO, N_("the camera does not answer as RTSP wants"),
                        N_("check the address of the flux"), "%s %u", method, (unsigned)code);
}

/* ---- connecting, OPTIONS, DESCRIBE ---- */

static enum vg_status connect_to(struct opening *opening)
{
    const struct vg_rtsp_client *client = opening->client;
    const struct vg_net_settings link = {
        .host = client->url.host,
        .port = client->url.port,
        .interface = opening->settings->interface,
        .cover = client->url.secrecy == VG_RTSP_SECRET ? VG_NET_TLS : VG_NET_CLEAR,
        .trust = opening->trust,
        .until = opening->until,
        .cancel = opening->settings->cancel};
    return vg_rtsp_dialogue_connect(client->dialogue, &link, opening->fault);
}

static enum vg_status exchange(const struct opening *opening, const struct vg_rtsp_request *request,
                               struct vg_rtsp_message *answer)
{
    return vg_rtsp_dialogue_exchange(opening->client->dialogue, request, opening->until, answer,
                                     opening->fault);
}

/* Keeps what is printable. */
static void note_server(struct vg_rtsp_client *client, const struct vg_rtsp_message *answer)
{
    const struct vg_rtsp_text server = vg_rtsp_header_find(answer, "Server", 0);
    size_t used = 0;
    for (size_t i = 0; i < server.size && used + 1 < sizeof client->about.server; i++)
        if (server.at[i] >= ' ' && server.at[i] <= '~')
            client->about.server[used++] = server.at[i];
    if (server.at)
        client->about.server[used] = '\0';
}

/* What a server does with OPTIONS says little about what it does with the rest: a refusal is passed
 * over, one that says nothing gets a third of the time, one that hangs up is called again and not
 * asked. */
static enum vg_status ask_options(struct opening *opening)
{
    struct vg_rtsp_client *client = opening->client;
    struct vg_rtsp_message answer;
    const struct vg_rtsp_request request = {.method = "OPTIONS", .uri = client->url.text};
    const int64_t now = vg_mono_now().us;
    const struct vg_mono_time soon = {now + (opening->until.us - now) / 3};
    client->alive_method = "OPTIONS";
    if (opening->skip_options)
        return VG_OK;
    const enum vg_status status =
        vg_rtsp_dialogue_exchange(client->dialogue, &request, soon, &answer, opening->fault);
    if (status == VG_E_CLOSED || status == VG_E_IO) {
        opening->skip_options = true;
        client->alive_method = "GET_PARAMETER";
        return connect_to(opening);
    }
    if (status == VG_E_TIMEOUT)
        client->alive_method = "GET_PARAMETER";
    if (status)
        return status == VG_E_TIMEOUT ? VG_OK : status;
    note_server(client, &answer);
    if (vg_rtsp_list_has(vg_rtsp_header_find(&answer, "Public", 0), "GET_PARAMETER"))
        client->alive_method = "GET_PARAMETER";
    return VG_OK;
}

static bool same_words(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* The host that was asked for, or its address as it was dialled: cameras name themselves so. */
static bool is_this_host(const struct vg_rtsp_client *client, const char *host)
{
    struct sockaddr_storage said;
    const struct sockaddr_storage peer = vg_net_peer(vg_rtsp_dialogue_link(client->dialogue));
    return same_words(host, client->url.host) ||
           (vg_net_address_read(host, 0, &said) && vg_net_address_same_host(&said, &peer));
}

/* Content-Base, else Content-Location, if it names this host; else what was asked for. */
static void choose_base(struct vg_rtsp_client *client, const struct vg_rtsp_message *answer)
{
    static const char *const names[] = {"Content-Base", "Content-Location"};
    struct vg_rtsp_url url;
    char text[VG_RTSP_URL_SIZE];
    (void)snprintf(client->base, sizeof client->base, "%s", client->url.text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!vg_rtsp_text_copy(vg_rtsp_header_find(answer, names[i], 0), text, sizeof text) ||
            vg_rtsp_url_read(text, &url) != VG_OK || !is_this_host(client, url.host))
            continue;
        (void)snprintf(client->base, sizeof client->base, "%s", url.text);
        return;
    }
}

static enum vg_status describe(struct opening *opening)
{
    struct vg_rtsp_client *client = opening->client;
    struct vg_rtsp_message answer;
    const struct vg_rtsp_request request = {
        .method = "DESCRIBE", .uri = client->url.text, .extra = {{"Accept", "application/sdp"}}};
    enum vg_status status = exchange(opening, &request, &answer);
    if (status)
        return status;
    note_server(client, &answer);
    if (answer.code >= 300 && answer.code < 400 && answer.code != 304) {
        if (vg_rtsp_text_copy(vg_rtsp_header_find(&answer, "Location", 0), opening->location,
                              sizeof opening->location) &&
            opening->location[0])
            return VG_OK;
        return refuse_code(opening, "DESCRIBE", answer.code);
    }
    if (answer.code >= 300)
        return refuse_code(opening, "DESCRIBE", answer.code);
    choose_base(client, &answer);
    return vg_sdp_read(answer.body.at, answer.body.size, &client->video, opening->fault);
}

static enum vg_status refuse_redirect(const struct opening *opening)
{
    return vg_fault_set(opening->fault, VG_E_DENIED,
                        N_("the camera sends to another address, which is not permitted"),
                        N_("write the address where the video is in the flux's settings"), "%s",
                        "DESCRIBE 302");
}

/* Where to go next; credentials and our certificate are for the first host alone. */
static enum vg_status follow(struct opening *opening)
{
    struct vg_rtsp_client *client = opening->client;
    const struct vg_rtsp_settings *settings = opening->settings;
    struct vg_rtsp_url url;
    if (vg_rtsp_url_read(opening->location, &url) != VG_OK)
        return refuse_answer(opening, "DESCRIBE 302");
    opening->location[0] = '\0';
    if (!settings->may_visit || !settings->may_visit(settings->visit_context, url.host, url.port))
        return refuse_redirect(opening);
    if (client->url.secrecy == VG_RTSP_SECRET && url.secrecy == VG_RTSP_CLEAR)
        return refuse_redirect(opening);
    if (url.secrecy == VG_RTSP_SECRET && settings->transport != VG_RTSP_TCP)
        return refuse_redirect(opening);
    if (!same_words(url.host, client->url.host) || url.port != client->url.port) {
        vg_rtsp_dialogue_forget_credentials(client->dialogue);
        opening->trust.certificate_pem = opening->trust.key_pem = NULL;
    }
    client->url = url;
    return VG_OK;
}

static enum vg_status find_video(struct opening *opening)
{
    for (int hops = 0; hops <= REDIRECTS_MAX; hops++) {
        enum vg_status status = connect_to(opening);
        if (status == VG_OK)
            status = ask_options(opening);
        if (status == VG_OK)
            status = describe(opening);
        if (status || !opening->location[0])
            return status;
        status = follow(opening);
        if (status)
            return status;
    }
    return refuse_answer(opening, "DESCRIBE 302");
}

/* ---- SETUP and PLAY ---- */

/* Everything goes over the connection to the host that was asked for: a control that names another
 * would only make us say to one what is meant for the other. */
static enum vg_status resolve(const struct opening *opening, const char *base, const char *control,
                              char *joined)
{
    struct vg_rtsp_url url;
    const enum vg_status status = vg_rtsp_url_join(base, control, joined, JOINED_SIZE);
    if (status == VG_OK && !vg_rtsp_url_is_absolute(control))
        return VG_OK;
    if (status == VG_OK && vg_rtsp_url_read(control, &url) == VG_OK &&
        is_this_host(opening->client, url.host))
        return VG_OK;
    return vg_fault_set(opening->fault, VG_E_INPUT,
                        N_("the camera's description names another host"),
                        N_("give the address that the camera calls itself by"), "%s", "SETUP");
}

static enum vg_status open_pair(const struct opening *opening, char *transport, size_t size)
{
    struct vg_rtsp_client *client = opening->client;
    const struct sockaddr_storage peer = vg_net_peer(vg_rtsp_dialogue_link(client->dialogue));
    const struct vg_rtsp_pair pair = {.family = peer.ss_family,
                                      .interface = opening->settings->interface,
                                      .port_first = opening->settings->port_first,
                                      .port_last = opening->settings->port_last};
    const enum vg_status status = vg_rtsp_sockets_pair(&client->sockets, &pair, opening->fault);
    if (status)
        return status;
    const unsigned port = vg_rtsp_sockets_port(client->sockets);
    (void)snprintf(transport, size, "RTP/AVP;unicast;client_port=%u-%u", port, port + 1);
    return VG_OK;
}

/* Only from the host we speak with, whatever `source` says. */
static void expect_pair(const struct opening *opening,
                        const struct vg_rtsp_transport_answer *answer)
{
    struct vg_rtsp_client *client = opening->client;
    const struct sockaddr_storage peer = vg_net_peer(vg_rtsp_dialogue_link(client->dialogue));
    vg_rtsp_sockets_expect(client->sockets, &peer, answer->server_ports[0],
                           answer->server_ports[1]);
    vg_rtsp_sockets_punch(client->sockets);
}

/* As the answer says, else as the description does. */
static enum vg_status join(const struct opening *opening,
                           const struct vg_rtsp_transport_answer *answer)
{
    struct vg_rtsp_client *client = opening->client;
    const struct vg_sdp_video *video = &client->video;
    const bool said = answer->ports[0] != 0;
    const struct vg_rtsp_group group = {
        .address = answer->destination[0] ? answer->destination : video->address,
        .source = answer->source[0] && !video->source[0] ? answer->source : video->source,
        .interface = opening->settings->interface,
        .port = said ? answer->ports[0] : video->port,
        .rtcp_port = said ? answer->ports[1] : video->rtcp_port,
        .ttl = answer->ttl ? answer->ttl : video->ttl};
    return vg_rtsp_sockets_join(&client->sockets, &group, opening->fault);
}

static enum vg_status take_transport(const struct opening *opening,
                                     const struct vg_rtsp_message *answer)
{
    struct vg_rtsp_client *client = opening->client;
    struct vg_rtsp_transport_answer transport;
    const enum vg_rtsp_transport wanted = opening->settings->transport;
    if (!vg_rtsp_transport_read(vg_rtsp_header_find(answer, "Transport", 0), &transport))
        return refuse_answer(opening, "SETUP");
    if (transport.tcp != (wanted == VG_RTSP_TCP) ||
        transport.multicast != (wanted == VG_RTSP_MULTICAST))
        return refuse_code(opening, "SETUP", 461);
    memcpy(client->channels, transport.channels, sizeof client->channels);
    switch (wanted) {
    case VG_RTSP_TCP:
        return VG_OK;
    case VG_RTSP_UDP:
        expect_pair(opening, &transport);
        return VG_OK;
    case VG_RTSP_MULTICAST:
        break;
    }
    return join(opening, &transport);
}

static enum vg_status set_up(const struct opening *opening)
{
    struct vg_rtsp_client *client = opening->client;
    struct vg_rtsp_message answer;
    char transport[128] = "";
    enum vg_status status =
        resolve(opening, client->base, client->video.session_control, client->aggregate);
    if (status == VG_OK)
        status = resolve(opening, client->aggregate, client->video.control, client->stream);
    if (status == VG_OK && opening->settings->transport == VG_RTSP_UDP)
        status = open_pair(opening, transport, sizeof transport);
    if (status)
        return status;
    if (opening->settings->transport != VG_RTSP_UDP)
        (void)snprintf(transport, sizeof transport, "%s",
                       opening->settings->transport == VG_RTSP_TCP
                           ? "RTP/AVP/TCP;unicast;interleaved=0-1"
                           : "RTP/AVP;multicast");
    const struct vg_rtsp_request request = {
        .method = "SETUP", .uri = client->stream, .extra = {{"Transport", transport}}};
    status = exchange(opening, &request, &answer);
    if (status)
        return status;
    if (answer.code >= 300)
        return refuse_code(opening, "SETUP", answer.code);
    const struct vg_rtsp_text session = vg_rtsp_header_find(&answer, "Session", 0);
    if (!vg_rtsp_session_read(session, &client->session) && session.at)
        return refuse_answer(opening, "SETUP"); /* without one: a server that keeps none */
    return take_transport(opening, &answer);
}

static enum vg_status play(const struct opening *opening)
{
    struct vg_rtsp_client *client = opening->client;
    struct vg_rtsp_message answer;
    const char *session = client->session.id[0] ? "Session" : NULL;
    struct vg_rtsp_request request = {
        .method = "PLAY",
        .uri = client->aggregate,
        .extra = {{session, client->session.id}, {"Range", "npt=0.000-"}}};
    enum vg_status status = exchange(opening, &request, &answer);
    if (status == VG_OK && answer.code == 457) { /* it knows no range */
        request.extra[1].name = NULL;
        status = exchange(opening, &request, &answer);
    }
    if (status == VG_OK && answer.code == 459) { /* not the whole: the one stream */
        memcpy(client->aggregate, client->stream, sizeof client->aggregate);
        status = exchange(opening, &request, &answer);
    }
    if (status == VG_OK && answer.code >= 300)
        status = refuse_code(opening, "PLAY", answer.code);
    return status;
}

/* ---- life ---- */

static int64_t alive_interval(const struct vg_rtsp_client *client)
{
    const int64_t half = (int64_t)client->session.timeout_s * VG_US_PER_S / 2;
    return half > ALIVE_MIN_US ? half : ALIVE_MIN_US;
}

static void begin(struct vg_rtsp_client *client, const struct vg_rtsp_settings *settings)
{
    const struct vg_mono_time now = vg_mono_now();
    const char *version = vg_net_tls_version(vg_rtsp_dialogue_link(client->dialogue));
    client->read_us = settings->read_us;
    client->cancel = settings->cancel;
    client->last_media = client->read_at = now;
    vg_net_span_read(&client->span, now, now);
    client->alive_due.us = now.us + alive_interval(client);
    client->about.transport = settings->transport;
    client->about.encrypted = version[0] != '\0';
    (void)snprintf(client->about.tls_version, sizeof client->about.tls_version, "%s", version);
    if (client->sockets)
        vg_rtsp_sockets_punch(client->sockets);
}

static enum vg_status open_all(struct opening *opening)
{
    struct vg_rtsp_client *client = opening->client;
    const struct vg_rtsp_settings *settings = opening->settings;
    if (!settings->url || vg_rtsp_url_read(settings->url, &client->url) != VG_OK)
        return refuse_address(opening->fault);
    if (client->url.secrecy == VG_RTSP_SECRET && settings->transport != VG_RTSP_TCP)
        return vg_fault_set(opening->fault, VG_E_INPUT,
                            N_("media by UDP or multicast is not encrypted"),
                            N_("take TCP with rtsps://"), "%s", "");
    enum vg_status status = vg_rtsp_dialogue_open(&client->dialogue, settings->user,
                                                  settings->password, opening->fault);
    if (status == VG_OK)
        status = find_video(opening);
    if (status == VG_OK)
        status = set_up(opening);
    if (status == VG_OK)
        status = play(opening);
    return status;
}

enum vg_status vg_rtsp_client_open(struct vg_rtsp_client **client,
                                   const struct vg_rtsp_settings *settings, struct vg_fault *fault)
{
    struct vg_rtsp_client *opened = vg_alloc(sizeof *opened);
    *client = NULL;
    if (!opened)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", "");
    struct opening opening = {.client = opened,
                              .settings = settings,
                              .until = {vg_mono_now().us + settings->open_us},
                              .trust = settings->trust,
                              .fault = fault};
    const enum vg_status status = open_all(&opening);
    if (status)
        vg_rtsp_client_close(&opened);
    else
        begin(opened, settings);
    *client = opened;
    return status;
}

static struct vg_rtsp_request in_session(const struct vg_rtsp_client *client, const char *method)
{
    return (struct vg_rtsp_request){
        .method = method,
        .uri = client->aggregate,
        .extra = {{client->session.id[0] ? "Session" : NULL, client->session.id}}};
}

void vg_rtsp_client_close(struct vg_rtsp_client **client)
{
    struct vg_rtsp_client *closed = *client;
    uint32_t cseq;
    *client = NULL;
    if (!closed)
        return;
    if (closed->session.id[0] && closed->over == VG_OK && vg_rtsp_dialogue_link(closed->dialogue)) {
        const struct vg_rtsp_request teardown = in_session(closed, "TEARDOWN");
        const enum vg_status said =
            vg_rtsp_dialogue_send(closed->dialogue, &teardown, (struct vg_mono_time){0}, &cseq);
        (void)said; /* the server sees the connection end as well */
    }
    vg_rtsp_sockets_close(&closed->sockets);
    vg_rtsp_dialogue_close(&closed->dialogue);
    vg_free(closed);
}

const struct vg_sdp_video *vg_rtsp_client_video(const struct vg_rtsp_client *client)
{
    return &client->video;
}

struct vg_rtsp_about vg_rtsp_client_about(const struct vg_rtsp_client *client)
{
    return client->about;
}

void vg_rtsp_client_set_read(struct vg_rtsp_client *client, int64_t read_us)
{
    client->read_us = read_us;
}

/* ---- receiving ---- */

static enum vg_status keep_alive(struct vg_rtsp_client *client)
{
    const struct vg_rtsp_request request = in_session(client, client->alive_method);
    const struct vg_mono_time now = vg_mono_now();
    client->alive_due.us = now.us + alive_interval(client);
    client->alive = client->alive == ALIVE_QUIET ? ALIVE_SENT : ALIVE_SENT_AGAIN;
    if (client->sockets)
        vg_rtsp_sockets_punch(client->sockets);
    return vg_rtsp_dialogue_send(client->dialogue, &request,
                                 (struct vg_mono_time){now.us + ALIVE_MIN_US}, &client->alive_cseq);
}

/* To our keep-alive; others are of requests that nobody waits for any more. */
static enum vg_status take_response(struct vg_rtsp_client *client,
                                    const struct vg_rtsp_message *answer)
{
    uint32_t cseq;
    if (answer->code == 454)
        return VG_E_CLOSED;
    if (!vg_rtsp_text_number(vg_rtsp_header_find(answer, "CSeq", 0), UINT32_MAX, &cseq) ||
        cseq != client->alive_cseq || client->alive == ALIVE_QUIET || answer->code < 200)
        return VG_OK;
    if (answer->code == 401 && client->alive == ALIVE_SENT &&
        vg_rtsp_dialogue_challenge(client->dialogue, answer) == VG_OK)
        return keep_alive(client);
    client->alive = ALIVE_QUIET;
    if (answer->code == 405 || answer->code == 501 || answer->code == 551)
        client->alive_method = "OPTIONS";
    return VG_OK;
}

/* What is not media. VG_E_CLOSED: the server ends the session. */
static enum vg_status take_message(struct vg_rtsp_client *client,
                                   const struct vg_rtsp_message *message)
{
    if (message->kind == VG_RTSP_RESPONSE)
        return take_response(client, message);
    const enum vg_status status = vg_rtsp_dialogue_serve(client->dialogue, message);
    return status == VG_OK && vg_rtsp_text_is(message->method, "TEARDOWN") ? VG_E_CLOSED : status;
}

static bool is_media(const struct vg_rtsp_client *client, const struct vg_rtsp_message *frame,
                     struct vg_rtsp_data *data)
{
    const bool rtp = frame->channel == client->channels[0];
    if (client->sockets || frame->body.size == 0 || (!rtp && frame->channel != client->channels[1]))
        return false;
    data->kind = rtp ? VG_RTSP_RTP : VG_RTSP_RTCP;
    data->data = (const uint8_t *)frame->body.at;
    data->size = frame->body.size;
    data->arrival = vg_net_span_at(&client->span, vg_rtsp_dialogue_taken(client->dialogue));
    return true;
}

/* The next message or frame, past stray bytes, of which not too many are borne. */
static enum vg_status next_item(struct vg_rtsp_client *client, struct vg_rtsp_message *message)
{
    enum vg_status status;
    while ((status = vg_rtsp_dialogue_next(client->dialogue, message)) == VG_E_IO) {
        client->stray += vg_rtsp_dialogue_resync(client->dialogue);
        if (client->sockets || client->stray > STRAY_MAX)
            break;
    }
    return status;
}

/* Out of what was read already. VG_E_END: nothing left. */
static enum vg_status next_data(struct vg_rtsp_client *client, struct vg_rtsp_data *data)
{
    struct vg_rtsp_message message;
    enum vg_status status = VG_OK;
    if (client->sockets && vg_rtsp_sockets_next(client->sockets, data))
        return VG_OK;
    while (status == VG_OK) {
        status = next_item(client, &message);
        if (status)
            break;
        if (message.kind != VG_RTSP_FRAME)
            status = take_message(client, &message);
        else if (is_media(client, &message, data))
            return VG_OK;
    }
    return status;
}

/* The connection, and the sockets if there are. VG_E_TIMEOUT: nothing until then. */
static enum vg_status wait_and_read(struct vg_rtsp_client *client, struct vg_mono_time until)
{
    const struct vg_net_link *link = vg_rtsp_dialogue_link(client->dialogue);
    struct pollfd fds[3] = {{.fd = vg_net_fd(link), .events = POLLIN}};
    const size_t count = client->sockets ? 3 : 1;
    enum vg_status status = VG_OK;
    const bool more = vg_net_more(link);
    const struct vg_mono_time asked = vg_mono_now();
    if (client->sockets)
        vg_rtsp_sockets_watch(client->sockets, fds + 1);
    if (!more || client->sockets)
        status = vg_net_poll(fds, count, more ? (struct vg_mono_time){0} : until, &client->cancel);
    if (status && !(more && status == VG_E_TIMEOUT))
        return status;
    const struct vg_mono_time since = vg_net_span_since(asked);
    if (!more) /* the rest of the picture is on its way */
        (void)poll(NULL, 0, GATHER_MS);
    status = VG_OK;
    client->read_at = vg_mono_now();
    if (client->sockets)
        status = vg_rtsp_sockets_take(client->sockets, fds + 1);
    if (status == VG_OK && (more || fds[0].revents))
        status = vg_rtsp_dialogue_fill(client->dialogue);
    vg_net_span_read(&client->span, since, vg_net_came(link));
    return status;
}

static struct vg_mono_time sooner(struct vg_mono_time a, struct vg_mono_time b)
{
    return a.us < b.us ? a : b;
}

/* What is due though nothing came. VG_OK: go on. */
static enum vg_status look_at_clock(struct vg_rtsp_client *client, struct vg_mono_time until)
{
    const int64_t now = vg_mono_now().us;
    if (vg_cancelled(&client->cancel))
        return VG_E_INTERRUPTED;
    if (now >= client->last_media.us + client->read_us)
        return VG_E_TIMEOUT;
    if (now >= client->alive_due.us) {
        client->alive = ALIVE_QUIET; /* an answer that never came is not waited for */
        return keep_alive(client);
    }
    return now >= until.us ? VG_E_END : VG_OK;
}

enum vg_status vg_rtsp_client_receive(struct vg_rtsp_client *client, struct vg_mono_time until,
                                      struct vg_rtsp_data *data)
{
    enum vg_status status = client->over ? client->over : next_data(client, data);
    while (status == VG_E_END) {
        const struct vg_mono_time silent = {client->last_media.us + client->read_us};
        status = wait_and_read(client, sooner(until, sooner(silent, client->alive_due)));
        if (status == VG_OK)
            status = next_data(client, data);
        if (status != VG_E_END && status != VG_E_TIMEOUT)
            break;
        status = look_at_clock(client, until);
        if (status == VG_E_END || status == VG_E_TIMEOUT)
            return status;
        status = status ? status : VG_E_END; /* once more */
    }
    if (status == VG_OK && data->kind == VG_RTSP_RTP) {
        client->last_media = client->read_at; /* not when it came: we may be late */
        client->stray = 0;
    }
    if (status != VG_OK && status != VG_E_INTERRUPTED)
        client->over = status;
    return status;
}

void vg_rtsp_client_report(struct vg_rtsp_client *client, const uint8_t *data, size_t size)
{
    if (client->over)
        return;
    if (client->sockets) {
        vg_rtsp_sockets_report(client->sockets, data, size);
        return;
    }
    const enum vg_status status =
        vg_rtsp_dialogue_frame(client->dialogue, client->channels[1], data, size);
    if (status != VG_E_FULL) /* half a frame may have gone out: then nothing can follow it */
        client->over = status;
}
