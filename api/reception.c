#include "api/reception.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "api/accept_language.h"
#include "api/body.h"
#include "api/clip_keeper.h"
#include "api/event_stream.h"
#include "api/handlers.h"
#include "api/https_server.h"
#include "api/live_stream.h"
#include "api/media_link.h"
#include "api/metrics_text.h"
#include "api/openapi.h"
#include "api/session_table.h"
#include "api/throttle.h"
#include "gen/vg_console_files.h"
#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/version.h"

enum {
    ACCOUNTS_CHECK_S = 2,
    LANE_LIMIT_S = 60, /* of an answer: Redis has a deadline of seconds, the disk has none */
    LANE_ENDS_S = 600,
    CLIPS_OUT_MAX = 8,   /* being read or sent: each is up to VG_CLIP_BYTES_MAX */
    LENT_LEAST = 1 << 16 /* bytes: larger bodies are sent from where they are */
};

/* Codes that are answered, each counted; the last row takes the rest. */
static const int codes[] = {200, 201, 204, 206, 304, 400, 401, 403, 404, 405,
                            409, 412, 413, 415, 416, 422, 429, 500, 503, 0};
enum {
    CODES = sizeof codes / sizeof *codes
};

struct vg_reception {
    struct vg_lane *lane[VG_LANE_COUNT];
    struct vg_beats beats;     /* of the threads beside the loop */
    enum vg_beats_found found; /* at the last look */
    bool archive_late;         /* its own thread, then */
    struct vg_archive_thread *archive;
    struct vg_streams *streams;
    struct vg_media_links *links;
    struct vg_clip_keeper *clips;
    struct vg_lives *lives;
    size_t clips_out;
    struct event *check; /* of the accounts behind the sessions */
    const struct vg_https *https;
    int checking, closing;
    int telling, tell_again; /* vigie:config is on its way; it changed once more meanwhile */
    struct vg_parts parts;   /* as the supervisor last said */
    uint64_t answered[CODES], sign_ins_failed;
    struct vg_sessions sessions;
    struct vg_throttle throttle;
};

/* ---- answers -------------------------------------------------------------------------------- */

/* Same-origin only, no inline code, nothing embedded: facts in docs/decisions. */
static const char content_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'";

static void count_code(struct vg_reception *reception, int code)
{
    size_t i = 0;
    while (codes[i] != 0 && codes[i] != code)
        i++;
    reception->answered[i]++;
}

static const char *reason_of(int code)
{
    switch (code) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    default:
        return "Error";
    }
}

static void add_headers(struct evhttp_request *http, const struct vg_reply *reply)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
    char number[32];
    const struct {
        const char *name, *value;
    } rows[] = {
        {"Content-Type", reply->code == 204 ? "" : reply->type},
        {"Cache-Control", reply->cacheable ? "no-cache" : "no-store"},
        {"Content-Security-Policy", content_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Allow", reply->allow},
        {"Location", reply->location},
        {"Set-Cookie", reply->cookie},
        {"Content-Disposition", reply->disposition},
        {"Content-Range", reply->range},
        {"Accept-Ranges", reply->takes_ranges ? "bytes" : ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value && rows[i].value[0])
            (void)evhttp_add_header(headers, rows[i].name, rows[i].value);
    if (reply->retry_after_s > 0) {
        (void)snprintf(number, sizeof number, "%u", reply->retry_after_s);
        (void)evhttp_add_header(headers, "Retry-After", number);
    }
    if (reply->has_version) {
        (void)snprintf(number, sizeof number, "\"%llu\"", (unsigned long long)reply->version);
        (void)evhttp_add_header(headers, "ETag", number);
    }
}

/* A body that is sent from where it is. */
struct lent {
    struct vg_reception *reception;
    char *body;
    bool is_clip;
};

static void on_sent(const void *data, size_t size, void *argument)
{
    (void)data, (void)size;
    struct lent *lent = argument;
    lent->reception->clips_out -= lent->is_clip;
    vg_free(lent->body);
    vg_free(lent);
}

/* Gives a large body to the connection instead of a copy; false: it is as it was. */
static bool lend(struct vg_reception *reception, struct vg_exchange *exchange, struct evbuffer *out)
{
    struct vg_reply *reply = &exchange->reply;
    if (!reply->body || reply->size < LENT_LEAST)
        return false;
    struct lent *lent = vg_alloc(sizeof *lent);
    if (!lent)
        return false;
    *lent = (struct lent){reception, reply->body, exchange->holds_clip};
    if (evbuffer_add_reference(out, reply->body, reply->size, on_sent, lent)) {
        vg_free(lent);
        return false;
    }
    reply->body = NULL;
    exchange->holds_clip = false;
    return true;
}

static void send_reply(struct vg_reception *reception, struct vg_exchange *exchange)
{
    struct evhttp_request *http = exchange->http;
    const struct vg_reply *reply = &exchange->reply;
    count_code(reception, reply->code);
    if (!http)
        return;
    add_headers(http, reply);
    struct evbuffer *body = evbuffer_new();
    if (reply->code != 204 && evhttp_request_get_command(http) == EVHTTP_REQ_HEAD) {
        char size[24];
        (void)snprintf(size, sizeof size, "%zu", reply->size);
        (void)evhttp_add_header(evhttp_request_get_output_headers(http), "Content-Length", size);
    } else if (body && reply->code != 204 && reply->size > 0 && !lend(reception, exchange, body)) {
        (void)evbuffer_add(body, reply->body ? reply->body : reply->fixed, reply->size);
    }
    evhttp_send_reply(http, reply->code, reason_of(reply->code), body);
    if (body)
        evbuffer_free(body);
}

static void free_exchange(struct vg_reception *reception, struct vg_exchange *exchange)
{
    reception->clips_out -= exchange->holds_clip;
    vg_reply_release(&exchange->reply);
    vg_free(exchange->request.body);
    vg_free(exchange);
}

static void answer(struct vg_reception *reception, struct vg_exchange *exchange)
{
    send_reply(reception, exchange);
    free_exchange(reception, exchange);
}

/* ---- who asks ------------------------------------------------------------------------------- */

static void read_peer(struct evhttp_request *http, struct vg_identity *identity)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(http);
    char *address = NULL;
    uint16_t port = 0;
    evhttp_connection_get_peer(connection, &address, &port);
    const char *text = address ? address : "";
    if (strncmp(text, "::ffff:", 7) == 0)
        text += 7;
    (void)snprintf(identity->from, sizeof identity->from, "%s", text);
    identity->loopback = strncmp(text, "127.", 4) == 0 || strcmp(text, "::1") == 0;
}

/* The value of the cookie `vigie`, its 64 digits, or "". */
static void read_token(struct evhttp_request *http, char token[VG_SESSION_TOKEN_TEXT])
{
    const char *p = evhttp_find_header(evhttp_request_get_input_headers(http), "Cookie");
    token[0] = '\0';
    while (p && *p) {
        p += strspn(p, " ;");
        const size_t size = strcspn(p, ";");
        if (strncmp(p, "vigie=", 6) == 0 && size == 6 + VG_SESSION_TOKEN_TEXT - 1) {
            memcpy(token, p + 6, VG_SESSION_TOKEN_TEXT - 1);
            token[VG_SESSION_TOKEN_TEXT - 1] = '\0';
            return;
        }
        p += size;
    }
}

/* The session, or NULL. Looking at the health is what an unattended page does: no use. */
static const struct vg_session *read_identity(struct vg_reception *reception,
                                              struct evhttp_request *http,
                                              struct vg_exchange *exchange)
{
    struct vg_identity *identity = &exchange->request.identity;
    char token[VG_SESSION_TOKEN_TEXT];
    read_peer(http, identity);
    read_token(http, token);
    if (!token[0])
        return NULL;
    const enum vg_session_touch touch =
        exchange->route && exchange->route->lane == VG_LANE_LOOP ? VG_SESSION_LOOK : VG_SESSION_USE;
    const struct vg_session *session =
        vg_session_find(&reception->sessions, token, touch, vg_mono_now());
    if (!session)
        return NULL;
    identity->signed_in = true;
    identity->role = session->role;
    (void)snprintf(identity->name, sizeof identity->name, "%s", session->name);
    exchange->session = session->number;
    return session;
}

/* ---- taking --------------------------------------------------------------------------------- */

static enum vg_method method_of(struct evhttp_request *http)
{
    static const struct {
        enum evhttp_cmd_type type;
        enum vg_method method;
    } rows[] = {{EVHTTP_REQ_GET, VG_METHOD_GET},     {EVHTTP_REQ_HEAD, VG_METHOD_GET},
                {EVHTTP_REQ_POST, VG_METHOD_POST},   {EVHTTP_REQ_PUT, VG_METHOD_PUT},
                {EVHTTP_REQ_PATCH, VG_METHOD_PATCH}, {EVHTTP_REQ_DELETE, VG_METHOD_DELETE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == evhttp_request_get_command(http))
            return rows[i].method;
    return VG_METHOD_NONE;
}

static void refuse(struct vg_exchange *exchange, int code, const char *name, const char *message,
                   const char *where)
{
    vg_reply_error(&exchange->reply, exchange->request.language, code, name, message, where);
}

static int read_query(struct vg_exchange *exchange, const char *text)
{
    struct evkeyvalq pairs;
    struct vg_request *request = &exchange->request;
    if (!text || !text[0])
        return 0;
    if (evhttp_parse_query_str(text, &pairs)) {
        refuse(exchange, 400, "bad_query", N_("the query is not well-formed"), "");
        return -1;
    }
    for (struct evkeyval *pair = pairs.tqh_first; pair && !exchange->reply.code;
         pair = pair->next.tqe_next) {
        struct vg_query *query = &request->query[request->query_count];
        if (!vg_route_takes(exchange->route, pair->key)) {
            refuse(exchange, 400, "bad_query", N_("this parameter is unknown"), pair->key);
        } else if (vg_request_query(request, pair->key)) {
            refuse(exchange, 400, "bad_query", N_("this parameter is given twice"), pair->key);
        } else if (!vg_text_sound(pair->value)) {
            refuse(exchange, 400, "bad_query", N_("this value cannot be read"), pair->key);
        } else if (request->query_count == VG_REQUEST_QUERY_MAX ||
                   strlen(pair->value) >= sizeof query->value) {
            refuse(exchange, 400, "bad_query", N_("the value is too long"), pair->key);
        } else {
            (void)snprintf(query->name, sizeof query->name, "%s", pair->key);
            (void)snprintf(query->value, sizeof query->value, "%s", pair->value);
            request->query_count++;
        }
    }
    evhttp_clear_headers(&pairs);
    return exchange->reply.code ? -1 : 0;
}

static int read_body(struct vg_exchange *exchange, struct evhttp_request *http)
{
    struct vg_request *request = &exchange->request;
    if (!exchange->route->body)
        return 0;
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(http), "Content-Type");
    if (!type || strncmp(type, "application/json", 16) != 0 ||
        (type[16] != '\0' && type[16] != ';' && type[16] != ' ')) {
        refuse(exchange, 415, "bad_type", N_("the body must be application/json"), "");
        return -1;
    }
    struct evbuffer *input = evhttp_request_get_input_buffer(http);
    request->body_size = evbuffer_get_length(input);
    request->body = vg_alloc(request->body_size + 1);
    if (!request->body) {
        refuse(exchange, 503, "no_memory", N_("no memory left"), "");
        return -1;
    }
    (void)evbuffer_remove(input, request->body, request->body_size);
    return 0;
}

static void copy_header(struct evhttp_request *http, const char *name, char *out, size_t size)
{
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(http), name);
    (void)snprintf(out, size, "%s", value ? value : "");
}

/* Fills the exchange; a reply with a code means that it ends here. The order matters: who has no
 * right learns nothing about the body. */
static void examine(struct vg_reception *reception, struct vg_exchange *exchange)
{
    struct evhttp_request *http = exchange->http;
    struct vg_request *request = &exchange->request;
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    request->language = vg_accept_language(evhttp_find_header(headers, "Accept-Language"));
    request->method = method_of(http);

    const enum vg_route_match match =
        vg_route_find(request->method, path && path[0] ? path : "/", &exchange->route, request->id,
                      exchange->reply.allow);
    if (match == VG_ROUTE_NO_PATH) {
        refuse(exchange, 404, "not_found", N_("there is nothing at this path"), "");
        return;
    }
    if (match == VG_ROUTE_NO_METHOD) {
        char allow[sizeof exchange->reply.allow];
        memcpy(allow, exchange->reply.allow, sizeof allow);
        refuse(exchange, 405, "bad_method", N_("this path does not take this method"), "");
        memcpy(exchange->reply.allow, allow, sizeof allow);
        return;
    }
    exchange->reply.allow[0] = '\0';
    const struct vg_route *route = exchange->route;
    const struct vg_session *session = read_identity(reception, http, exchange);
    if (!vg_permission_holds(route->permission, &request->identity)) {
        if (!request->identity.signed_in)
            refuse(exchange, 401, "not_signed_in", N_("sign in first"), "");
        else
            refuse(exchange, 403, "forbidden", N_("your role does not permit this"), "");
        return;
    }
    if (request->method != VG_METHOD_GET && route->permission != VG_PERMIT_PUBLIC &&
        (!session || !vg_session_csrf(session, evhttp_find_header(headers, "X-CSRF-Token")))) {
        refuse(exchange, 403, "bad_csrf",
               N_("the header X-CSRF-Token is missing or not that of the session"), "");
        return;
    }
    copy_header(http, "If-Match", request->if_match, sizeof request->if_match);
    copy_header(http, "Last-Event-ID", request->last_event, sizeof request->last_event);
    copy_header(http, "Range", request->range, sizeof request->range);
    copy_header(http, "If-Range", request->if_range, sizeof request->if_range);
    if (read_query(exchange, evhttp_uri_get_query(uri)) || read_body(exchange, http))
        return;
    if (route->before && route->before(reception, exchange) && !exchange->reply.code)
        refuse(exchange, 500, "failed", N_("it went wrong while working"), "");
}

static void submit(struct vg_reception *reception, struct vg_exchange *exchange,
                   enum vg_lane_kind lane)
{
    if (vg_lane_submit(reception->lane[lane], exchange) == VG_OK)
        return;
    refuse(exchange, lane == VG_LANE_GUARD ? 429 : 503, "busy",
           N_("too many requests at once: come again in a moment"), "");
    answer(reception, exchange);
}

void vg_reception_take(void *argument, struct evhttp_request *http)
{
    struct vg_reception *reception = argument;
    struct vg_exchange *exchange = vg_alloc(sizeof *exchange);
    if (!exchange) {
        evhttp_send_error(http, 503, NULL);
        return;
    }
    exchange->http = http;
    if (reception->closing) /* lanes and streams are gone */
        refuse(exchange, 503, "closing", N_("the server is stopping"), "");
    else
        examine(reception, exchange);
    const struct vg_route *route = exchange->route;
    /* the refusal of a change, or of a look at a picture, belongs to the audit too; not that of
     * the unknown, who could fill it */
    const bool audit_refusal = exchange->reply.code == 403 && route && route->action;
    if (exchange->reply.code && !audit_refusal) {
        answer(reception, exchange);
    } else if (route->lane == VG_LANE_LOOP) {
        route->finish(reception, exchange);
        answer(reception, exchange);
    } else {
        submit(reception, exchange, route->lane);
    }
}

/* ---- back from a lane ----------------------------------------------------------------------- */

static void on_accounts_checked(struct vg_reception *reception, const struct vg_exchange *exchange)
{
    reception->checking = 0;
    if (exchange->reply.code != 200)
        return;
    const void *accounts = exchange->reply.body;
    vg_sessions_check(&reception->sessions, accounts,
                      exchange->reply.size / sizeof(struct vg_account));
    vg_streams_check(reception->streams);
    vg_lives_check(reception->lives);
}

/* Tells Redis the configuration's version, beside the way of the change: nobody waits for it. At
 * most one is under way; what changes meanwhile is told after it. */
static void tell_config(struct vg_reception *reception)
{
    if (reception->closing)
        return;
    reception->tell_again = reception->telling;
    if (reception->telling)
        return;
    struct vg_exchange *exchange = vg_alloc(sizeof *exchange);
    if (!exchange)
        return;
    exchange->handle = vg_on_config_tell;
    reception->telling = vg_lane_submit(reception->lane[VG_LANE_LIVE], exchange) == VG_OK;
    if (!reception->telling)
        free_exchange(reception, exchange);
}

static void on_own_done(struct vg_reception *reception, const struct vg_exchange *exchange)
{
    if (exchange->handle == vg_on_accounts) {
        on_accounts_checked(reception, exchange);
        return;
    }
    reception->telling = 0;
    if (reception->tell_again)
        tell_config(reception);
}

static void on_done(void *argument, struct vg_exchange *exchange)
{
    struct vg_reception *reception = argument;
    if (!exchange->route) {
        on_own_done(reception, exchange);
        free_exchange(reception, exchange);
        return;
    }
    if (exchange->route->audit == VG_AUDIT_WITH_CHANGE && exchange->reply.code < 400)
        tell_config(reception);
    if (exchange->route->finish)
        exchange->route->finish(reception, exchange);
    if (exchange->http)
        answer(reception, exchange);
    else /* a stream has taken the connection */
        free_exchange(reception, exchange);
}

/* Whether the accounts still are what the sessions were opened with. */
static void on_check(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_reception *reception = argument;
    if (reception->checking || reception->closing)
        return;
    struct vg_exchange *exchange = vg_alloc(sizeof *exchange);
    if (!exchange)
        return;
    exchange->handle = vg_on_accounts;
    reception->checking = vg_lane_submit(reception->lane[VG_LANE_STORE], exchange) == VG_OK;
    if (!reception->checking)
        free_exchange(reception, exchange);
}

/* ---- sessions ------------------------------------------------------------------------------- */

bool vg_before_sign_in(struct vg_reception *reception, struct vg_exchange *exchange)
{
    struct vg_body_sign_in body;
    const struct vg_request *request = &exchange->request;
    /* a bad body is refused by the handler, with its words */
    if (vg_body_sign_in(request->body, request->body_size, &body, NULL) == VG_OK)
        (void)snprintf(exchange->reply.object, sizeof exchange->reply.object, "%s", body.name);
    vg_secret_wipe(&body, sizeof body);
    const struct vg_mono_time now = vg_mono_now();
    const int64_t name_us =
        vg_throttle_wait_us(&reception->throttle, VG_THROTTLE_NAME, exchange->reply.object, now);
    const int64_t address_us =
        vg_throttle_wait_us(&reception->throttle, VG_THROTTLE_ADDRESS, request->identity.from, now);
    const int64_t wait_us = name_us > address_us ? name_us : address_us;
    if (wait_us <= 0)
        return false;
    refuse(exchange, 429, "too_many_failures", N_("too many failures: wait and try again"), "");
    exchange->reply.retry_after_s = (uint32_t)((wait_us + VG_US_PER_S - 1) / VG_US_PER_S);
    return true;
}

static void reply_session(struct vg_reply *reply, const struct vg_session *session)
{
    vg_reply_json(reply, 200,
                  json_pack("{s:s,s:s,s:s}", "name", session->name, "role",
                            vg_role_name(session->role), "csrf", session->csrf));
}

void vg_finish_sign_in(struct vg_reception *reception, struct vg_exchange *exchange)
{
    struct vg_reply *reply = &exchange->reply;
    const struct vg_mono_time now = vg_mono_now();
    if (reply->code == 401) {
        reception->sign_ins_failed++;
        vg_throttle_failed(&reception->throttle, VG_THROTTLE_NAME, reply->object, now);
        vg_throttle_failed(&reception->throttle, VG_THROTTLE_ADDRESS,
                           exchange->request.identity.from, now);
    }
    if (reply->code != 200)
        return;
    char token[VG_SESSION_TOKEN_TEXT];
    vg_throttle_passed(&reception->throttle, reply->account.name);
    if (exchange->session) /* signed in anew: the old one is of no more use */
        vg_session_end(&reception->sessions, exchange->session);
    const struct vg_session *session =
        vg_session_open(&reception->sessions, &reply->account, now, token);
    reply_session(reply, session);
    (void)snprintf(reply->cookie, sizeof reply->cookie,
                   "vigie=%s; Path=/; HttpOnly; Secure; SameSite=Strict", token);
    vg_secret_wipe(token, sizeof token);
}

static const struct vg_session *session_of(struct vg_reception *reception, uint64_t number)
{
    for (size_t i = 0; i < VG_SESSIONS_MAX; i++)
        if (number && reception->sessions.session[i].number == number)
            return &reception->sessions.session[i];
    return NULL;
}

void vg_finish_who(struct vg_reception *reception, struct vg_exchange *exchange)
{
    const struct vg_session *session = session_of(reception, exchange->session);
    if (session)
        reply_session(&exchange->reply, session);
    else
        refuse(exchange, 401, "not_signed_in", N_("sign in first"), "");
}

void vg_finish_sign_out(struct vg_reception *reception, struct vg_exchange *exchange)
{
    if (exchange->reply.code != 204)
        return;
    vg_session_end(&reception->sessions, exchange->session);
    vg_streams_check(reception->streams);
    vg_lives_check(reception->lives);
    (void)snprintf(exchange->reply.cookie, sizeof exchange->reply.cookie,
                   "vigie=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
}

/* ---- streams -------------------------------------------------------------------------------- */

/* Whether the session of a stream holds; watching is use: a post is not signed out while it is
 * being watched, and a watch ends after VG_SESSION_LIFE_US all the same. */
static bool stream_holds(void *argument, uint64_t session)
{
    struct vg_reception *reception = argument;
    return vg_session_holds(&reception->sessions, session, VG_SESSION_USE, vg_mono_now());
}

bool vg_before_stream(struct vg_reception *reception, struct vg_exchange *exchange)
{
    exchange->reply.change = vg_streams_newest(reception->streams);
    return false;
}

void vg_finish_stream(struct vg_reception *reception, struct vg_exchange *exchange)
{
    struct vg_reply *reply = &exchange->reply;
    struct evhttp_request *http = exchange->http;
    if (reply->code != 200 || evhttp_request_get_command(http) == EVHTTP_REQ_HEAD)
        return;
    if (!evhttp_request_get_connection(http) || !stream_holds(reception, exchange->session)) {
        refuse(exchange, 401, "not_signed_in", N_("sign in first"), "");
        return;
    }
    const struct vg_stream_start start = {.session = exchange->session,
                                          .replay = reply->body ? reply->body : "",
                                          .replay_size = reply->size,
                                          .after = reply->change,
                                          .more = reply->partial};
    if (vg_streams_counts(reception->streams).open >= VG_STREAMS_MAX) {
        refuse(exchange, 503, "busy", N_("too many clients are watching"), "");
        return;
    }
    add_headers(http, reply);
    count_code(reception, 200);
    exchange->http = NULL; /* the stream has it */
    if (vg_streams_join(reception->streams, http, &start))
        evhttp_send_error(http, 503, NULL); /* counted above: there was a place */
}

/* ---- clips and live pictures ---------------------------------------------------------------- */

static void refuse_crowd(struct vg_exchange *exchange, const char *message)
{
    refuse(exchange, 429, "busy", message, "");
    exchange->reply.retry_after_s = 2;
}

bool vg_before_clip(struct vg_reception *reception, struct vg_exchange *exchange)
{
    if (reception->clips_out >= CLIPS_OUT_MAX) {
        refuse_crowd(exchange, N_("too many clips are being sent: come again in a moment"));
        return true;
    }
    reception->clips_out++;
    exchange->holds_clip = true; /* until it is sent */
    return false;
}

bool vg_before_live(struct vg_reception *reception, struct vg_exchange *exchange)
{
    if (vg_lives_have_room(reception->lives))
        return false;
    refuse_crowd(exchange, N_("too many clients are watching"));
    return true;
}

void vg_finish_live(struct vg_reception *reception, struct vg_exchange *exchange)
{
    struct vg_live_wish wish;
    struct evhttp_request *http = exchange->http;
    const struct vg_request *request = &exchange->request;
    if (exchange->reply.code != 200 || evhttp_request_get_command(http) == EVHTTP_REQ_HEAD)
        return;
    if (!evhttp_request_get_connection(http) || !stream_holds(reception, exchange->session)) {
        refuse(exchange, 401, "not_signed_in", N_("sign in first"), "");
        return;
    }
    /* the handler has read it already */
    const char *wrong = vg_live_wish_read(vg_request_query(request, "flux"),
                                          vg_request_query(request, "plays"), &wish);
    if (wrong || !vg_lives_have_room(reception->lives)) {
        refuse_crowd(exchange, N_("too many clients are watching"));
        return;
    }
    add_headers(http, &exchange->reply);
    count_code(reception, 200);
    exchange->http = NULL; /* the stream has it */
    if (vg_lives_join(reception->lives, http, exchange->session, &wish))
        evhttp_send_error(http, 503, NULL);
}

static void on_news(void *argument, struct vg_news *news)
{
    struct vg_reception *reception = argument;
    vg_clip_keeper_look(reception->clips);
    vg_streams_publish(reception->streams, news);
}

/* ---- health, version, metrics, description, console ----------------------------------------- */

void vg_reception_hear(struct vg_reception *reception, const json_t *message)
{
    if (vg_parts_read(&reception->parts, message))
        vg_log(VG_LOG_WARN, "a health message of the supervisor could not be read");
}

static const char *archive_note(const struct vg_reception *reception)
{
    const enum vg_status last = vg_archive_thread_state(reception->archive).last;
    if (reception->archive_late)
        return vg_beats_note(VG_BEATS_LATE);
    if (last == VG_OK || last == VG_E_STATE)
        return NULL;
    return last == VG_E_CLOSED ? N_("Redis is away: alerts wait in the spool")
                               : N_("alerts cannot be archived: they wait in the queue");
}

const char *vg_reception_note(const struct vg_reception *reception)
{
    const char *late = vg_beats_note(reception->found);
    return late ? late : archive_note(reception);
}

bool vg_reception_in_time(struct vg_reception *reception, struct vg_mono_time now)
{
    const struct vg_beat *archive = vg_archive_thread_beat(reception->archive);
    reception->archive_late = vg_beat_busy_us(archive, now) > archive->limit_us;
    reception->found = vg_beats_look(&reception->beats, now);
    return reception->found != VG_BEATS_END;
}

/* A msgid in the reader's language, null for "". */
static json_t *words_json(const struct vg_request *request, const char *msgid)
{
    return msgid[0] ? json_string(vg_text_in(request->language, msgid)) : json_null();
}

static json_t *part_json(const struct vg_part *part, const struct vg_request *request)
{
    if (!request->identity.signed_in)
        return json_pack("{s:s,s:b}", "part", part->name, "up", part->up);
    return json_pack("{s:s,s:b,s:s,s:I,s:o,s:o}", "part", part->name, "up", part->up, "state",
                     part->state, "restarts", (json_int_t)part->restarts, "reason",
                     words_json(request, part->reason), "remedy",
                     words_json(request, part->remedy));
}

/* The supervisor's word and what this process finds itself, as one. */
static void whole_parts(const struct vg_reception *reception, struct vg_parts *whole)
{
    const char *note = archive_note(reception);
    const enum vg_status last = vg_archive_thread_state(reception->archive).last;
    const struct vg_part_finding findings[] = {
        {"redis", last != VG_E_CLOSED, N_("Redis does not answer"),
         N_("alerts wait in the spool until it does")},
        {"archive", note == NULL, note ? note : "", ""},
    };
    *whole = reception->parts;
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
        vg_parts_find(whole, &findings[i]);
}

void vg_finish_health(struct vg_reception *reception, struct vg_exchange *exchange)
{
    const struct vg_request *request = &exchange->request;
    struct vg_parts whole;
    json_t *parts = json_array();
    bool well = true;
    whole_parts(reception, &whole);
    for (size_t i = 0; i < whole.count; i++) {
        well = well && whole.part[i].up;
        (void)json_array_append_new(parts, part_json(&whole.part[i], request));
    }
    vg_reply_json(&exchange->reply, well ? 200 : 503,
                  json_pack("{s:s,s:o}", "status", well ? "ok" : "unwell", "parts", parts));
    if (!well)
        exchange->reply.retry_after_s = 5;
}

void vg_finish_version(struct vg_reception *reception, struct vg_exchange *exchange)
{
    (void)reception;
    vg_reply_json(&exchange->reply, 200,
                  json_pack("{s:s,s:s}", "name", "vigie", "version", vg_version()));
}

/* Quotes and backslashes would end the label; a sentence reads as well without. */
static void label_of(const char *words, char label[VG_PART_REASON_SIZE])
{
    (void)snprintf(label, VG_PART_REASON_SIZE, "%s", words);
    for (char *p = label; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
            *p = '\'';
}

/* Of parts with which something is wrong, be they up or not. Labels are English, as all are. */
static void add_fault(struct vg_metrics *metrics, const struct vg_part *part)
{
    char reason[VG_PART_REASON_SIZE], remedy[VG_PART_REASON_SIZE];
    label_of(part->reason, reason);
    label_of(part->remedy, remedy);
    if (reason[0])
        vg_metrics_line(metrics, "vigie_part_fault{part=\"%s\",reason=\"%s\",remedy=\"%s\"} 1",
                        part->name, reason, remedy);
}

static void add_parts(struct vg_metrics *metrics, const struct vg_reception *reception)
{
    vg_metrics_line(metrics, "# HELP vigie_up Whether a part is up.");
    vg_metrics_line(metrics, "# TYPE vigie_up gauge");
    vg_metrics_line(metrics, "# TYPE vigie_restarts_total counter");
    bool api = false;
    struct vg_parts whole;
    whole_parts(reception, &whole);
    for (size_t i = 0; i < whole.count; i++) {
        const struct vg_part *part = &whole.part[i];
        vg_metrics_line(metrics, "vigie_up{part=\"%s\"} %d", part->name, part->up);
        vg_metrics_line(metrics, "vigie_restarts_total{part=\"%s\"} %u", part->name,
                        part->restarts);
        api = api || strcmp(part->name, "api") == 0;
    }
    if (!api)
        vg_metrics_line(metrics, "vigie_up{part=\"api\"} 1");
    vg_metrics_line(metrics, "# HELP vigie_part_fault What is wrong with a part, and what to do.");
    vg_metrics_line(metrics, "# TYPE vigie_part_fault gauge");
    for (size_t i = 0; i < whole.count; i++)
        add_fault(metrics, &whole.part[i]);
}

static void add_media(struct vg_metrics *metrics, const struct vg_reception *reception)
{
    const struct vg_media_links_counts links = vg_media_links_counts(reception->links);
    const struct vg_clip_keeper_counts clips = vg_clip_keeper_counts(reception->clips);
    const struct vg_lives_counts lives = vg_lives_counts(reception->lives);
    const struct {
        const char *name, *type;
        uint64_t value;
    } rows[] = {
        {"vigie_media_links_up", "gauge", links.up},
        {"vigie_media_requests", "gauge", links.open},
        {"vigie_media_requests_total", "counter", links.asked},
        {"vigie_media_answers_total", "counter", links.answered},
        {"vigie_media_refused_total", "counter", links.refused},
        {"vigie_media_lost_total", "counter", links.lost},
        {"vigie_media_late_total", "counter", links.late},
        {"vigie_media_strange_total", "counter", links.strange},
        {"vigie_media_clips_due", "gauge", clips.due},
        {"vigie_media_clips_asked_total", "counter", clips.asked},
        {"vigie_media_clip_bytes_total", "counter", clips.bytes},
        {"vigie_media_clips_sending", "gauge", reception->clips_out},
        {"vigie_media_lives", "gauge", lives.open},
        {"vigie_media_lives_total", "counter", lives.opened},
        {"vigie_media_lives_cut_total", "counter", lives.cut},
        {"vigie_media_live_flux", "gauge", lives.flux},
        {"vigie_media_live_flux_lost_total", "counter", lives.lost},
        {"vigie_media_live_units_total", "counter", lives.units},
        {"vigie_media_live_bytes_total", "counter", lives.bytes},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vg_metrics_line(metrics, "# TYPE %s %s", rows[i].name, rows[i].type);
        vg_metrics_line(metrics, "%s %llu", rows[i].name, (unsigned long long)rows[i].value);
    }
    vg_metrics_line(metrics, "# TYPE vigie_media_clips_total counter");
    vg_metrics_line(metrics, "vigie_media_clips_total{fate=\"kept\"} %llu",
                    (unsigned long long)clips.kept);
    for (int i = 0; i < VG_CLIP_MISSING_COUNT; i++)
        vg_metrics_line(metrics, "vigie_media_clips_total{fate=\"%s\"} %llu",
                        vg_clip_missing_name((enum vg_clip_missing)i),
                        (unsigned long long)clips.missing[i]);
}

static void add_counts(struct vg_metrics *metrics, const struct vg_reception *reception)
{
    const struct vg_https_counts https =
        reception->https ? vg_https_counts(reception->https) : (struct vg_https_counts){0};
    const struct vg_streams_counts streams = vg_streams_counts(reception->streams);
    const struct vg_archive_state archive = vg_archive_thread_state(reception->archive);
    const struct {
        const char *name, *type;
        uint64_t value;
    } rows[] = {
        {"vigie_api_connections", "gauge", https.open},
        {"vigie_api_connections_total", "counter", https.accepted},
        {"vigie_api_late_total", "counter", https.late},
        {"vigie_api_malformed_total", "counter", https.own_answers},
        {"vigie_api_sign_in_failures_total", "counter", reception->sign_ins_failed},
        {"vigie_api_streams", "gauge", streams.open},
        {"vigie_api_stream_events_total", "counter", streams.sent},
        {"vigie_api_streams_cut_total", "counter", streams.cut},
        {"vigie_archived_total", "counter", archive.counts.archived},
        {"vigie_archive_repeats_total", "counter", archive.counts.before},
        {"vigie_archive_refused_total", "counter", archive.counts.refused},
        {"vigie_archive_failures_total", "counter", archive.counts.archive_failures},
        {"vigie_queue_failures_total", "counter", archive.counts.queue_failures},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vg_metrics_line(metrics, "# TYPE %s %s", rows[i].name, rows[i].type);
        vg_metrics_line(metrics, "%s %llu", rows[i].name, (unsigned long long)rows[i].value);
    }
    vg_metrics_line(metrics, "# TYPE vigie_api_requests_total counter");
    for (size_t i = 0; i < CODES; i++)
        vg_metrics_line(metrics, "vigie_api_requests_total{code=\"%d\"} %llu", codes[i],
                        (unsigned long long)reception->answered[i]);
}

/* Alerts from their picture's arrival to the watching clients. */
static void add_latency(struct vg_metrics *metrics, struct vg_reception *reception)
{
    static const char name[] = "vigie_alert_latency_seconds",
                      recent[] = "vigie_alert_latency_recent_seconds", label[] = "to=\"client\"";
    char text[4096];
    struct vg_text_buffer out;
    struct vg_time_metric *latency = vg_streams_latency(reception->streams);
    vg_text_buffer_init(&out, text, sizeof text);
    vg_text_add(&out, "# TYPE %s histogram\n", name);
    vg_time_metric_print(latency, name, label, &out);
    vg_text_add(&out, "# TYPE %s gauge\n", recent);
    vg_time_metric_print_recent(latency, recent, label, vg_mono_now(), &out);
    vg_metrics_add(metrics, text, out.size);
}

/* The reply holds what the other processes gave; ours comes to it. */
void vg_finish_metrics(struct vg_reception *reception, struct vg_exchange *exchange)
{
    struct vg_reply *reply = &exchange->reply;
    struct vg_metrics *metrics = vg_metrics_open();
    size_t size = 0;
    char *text = NULL;
    if (metrics) {
        if (reply->body)
            vg_metrics_add(metrics, reply->body, reply->size);
        add_parts(metrics, reception);
        add_counts(metrics, reception);
        add_latency(metrics, reception);
        add_media(metrics, reception);
        vg_metrics_end(metrics, "api");
        text = vg_metrics_text(metrics, &size);
    }
    vg_metrics_close(&metrics);
    if (text)
        vg_reply_text(reply, 200, "text/plain; version=0.0.4; charset=utf-8", text, size);
    else
        refuse(exchange, 503, "no_memory", N_("no memory left"), "");
}

void vg_finish_openapi(struct vg_reception *reception, struct vg_exchange *exchange)
{
    (void)reception;
    vg_reply_json(&exchange->reply, 200, vg_openapi_make());
    exchange->reply.cacheable = true;
}

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".svg", "image/svg+xml"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

void vg_finish_console(struct vg_reception *reception, struct vg_exchange *exchange)
{
    (void)reception;
    const char *name = exchange->request.id[0] ? exchange->request.id : "index.html";
    const struct vg_console_files_row *row = vg_console_files;
    while (row->name && strcmp(row->name, name) != 0)
        row++;
    if (!row->name) {
        refuse(exchange, 404, "not_found", N_("there is nothing at this path"), "");
        return;
    }
    exchange->reply.code = 200;
    exchange->reply.type = type_of(name);
    exchange->reply.fixed = row->text;
    exchange->reply.size = *row->len;
    exchange->reply.cacheable = true;
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum vg_status open_media(struct vg_reception *r, struct event_base *base,
                                 const struct vg_reception_settings *settings,
                                 struct vg_fault *fault)
{
    struct vg_clip_keeper_settings clips = vg_clip_keeper_defaults();
    enum vg_status status =
        vg_media_links_open(&r->links, base, settings->media_fds, settings->media_count);
    if (!status)
        status = vg_lives_open(&r->lives, base, r->links, stream_holds, r);
    if (status)
        return vg_fault_set(fault, status, N_("no memory left"), NULL, "media");
    clips.data = settings->data;
    clips.links = r->links;
    return vg_clip_keeper_open(&r->clips, base, &clips, fault);
}

static enum vg_status watch_threads(struct vg_reception *r, struct vg_fault *fault)
{
    enum vg_status status = vg_beats_add(&r->beats, vg_archive_thread_beat(r->archive));
    if (!status)
        status = vg_beats_add(&r->beats, vg_clip_keeper_beat(r->clips));
    for (size_t i = 0; !status && i < VG_LANE_COUNT; i++)
        status = vg_beats_add(&r->beats, vg_lane_beat(r->lane[i]));
    return status ? vg_fault_set(fault, status, N_("too many threads to watch"), NULL, "api")
                  : VG_OK;
}

enum vg_status vg_reception_open(struct vg_reception **reception, struct event_base *base,
                                 const struct vg_reception_settings *settings,
                                 struct vg_fault *fault)
{
    static const struct {
        const char *name;
        size_t depth;
    } lanes[VG_LANE_COUNT] = {[VG_LANE_STORE] = {"vg-store", 64},
                              [VG_LANE_LIVE] = {"vg-live", 32},
                              [VG_LANE_GUARD] = {"vg-guard", 8},
                              [VG_LANE_URGENT] = {"vg-urgent", 16},
                              [VG_LANE_CLIPS] = {"vg-clip-read", 16}};
    const struct timeval every = {ACCOUNTS_CHECK_S, 0};
    *reception = NULL;
    struct vg_reception *r = vg_alloc(sizeof *r);
    enum vg_status status = VG_OK;
    if (!r)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "api");
    vg_beats_init(&r->beats);
    for (size_t i = 0; !status && i < VG_LANE_COUNT; i++) {
        const struct vg_lane_settings lane = {.name = lanes[i].name,
                                              .data = settings->data,
                                              .redis_socket = settings->redis_socket,
                                              .depth = lanes[i].depth,
                                              .limit_us = LANE_LIMIT_S * VG_US_PER_S,
                                              .ends_us = LANE_ENDS_S * VG_US_PER_S};
        status = vg_lane_open(&r->lane[i], base, &lane, on_done, r, fault);
    }
    if (status)
        goto done;
    status = vg_streams_open(&r->streams, base, stream_holds, r);
    r->check = event_new(base, -1, EV_PERSIST, on_check, r);
    if (!status && (!r->check || event_add(r->check, &every)))
        status = VG_E_MEMORY;
    if (status) {
        (void)vg_fault_set(fault, status, N_("no memory left"), NULL, "api");
        goto done;
    }
    status = open_media(r, base, settings, fault);
    if (!status)
        status = vg_archive_thread_open(&r->archive, base, settings->data, settings->redis_socket,
                                        settings->consumer, on_news, r, fault);
    if (!status)
        status = watch_threads(r, fault);
done:
    if (status)
        vg_reception_close(&r);
    *reception = r;
    return status;
}

void vg_reception_drain(struct vg_reception *reception)
{
    reception->closing = 1;
    vg_archive_thread_close(&reception->archive);
    vg_clip_keeper_close(&reception->clips);
    for (size_t i = 0; i < VG_LANE_COUNT; i++)
        vg_lane_close(&reception->lane[i]);
    vg_streams_close(&reception->streams);
    vg_lives_close(&reception->lives);
    vg_media_links_close(&reception->links);
}

void vg_reception_close(struct vg_reception **reception)
{
    struct vg_reception *r = *reception;
    if (!r)
        return;
    vg_reception_drain(r);
    if (r->check)
        event_free(r->check);
    vg_beats_clear(&r->beats);
    vg_free(r);
    *reception = NULL;
}

void vg_reception_set_server(struct vg_reception *reception, const struct vg_https *https)
{
    reception->https = https;
}
