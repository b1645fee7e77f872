/* Flux, their live state, and the word that the configuration has changed. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/body.h"
#include "api/handlers.h"
#include "src/base/alloc.h"
#include "src/store/config.h"

/* All but the password. */
static json_t *flux_json(const struct vg_flux_config *flux)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:f,s:I,s:b,s:b,s:b,s:I}", "id", flux->id, "label",
                     flux->label, "url", flux->url, "user", flux->user, "transport",
                     vg_transport_name(flux->transport), "rate_fps", flux->rate_fps, "priority",
                     (json_int_t)flux->priority, "active", flux->active, "has_password",
                     flux->has_password, "has_scene", flux->has_scene, "version",
                     (json_int_t)flux->version);
}

static void reply_flux(struct vg_reply *reply, int code, const struct vg_flux_config *flux)
{
    vg_reply_json(reply, code, flux_json(flux));
    reply->version = flux->version;
    reply->has_version = true;
}

/* What the store says of a flux that is named in the path. */
static void reply_store(struct vg_reply *reply, const struct vg_request *request,
                        const struct vg_fault *fault)
{
    if (fault->status == VG_E_MISSING)
        vg_reply_error(reply, request->language, 404, "no_flux", N_("there is no such flux"), "");
    else if (fault->status == VG_E_STATE)
        vg_reply_error(reply, request->language, 412, "changed",
                       N_("someone else changed it meanwhile: read it again"), "");
    else if (fault->status == VG_E_INPUT)
        vg_reply_fault(reply, request->language, 422, "bad_flux", fault);
    else
        vg_reply_fault(reply, request->language, 0, NULL, fault);
}

/* The version that the change is based on, or an answer. */
static bool based_on(const struct vg_request *request, struct vg_reply *reply, uint64_t *version)
{
    if (vg_request_if_match(request, version))
        return true;
    vg_reply_error(reply, request->language, 412, "no_if_match",
                   N_("send the ETag that the change is based on as If-Match"), "");
    return false;
}

/* The page of a list by id: what comes after `after`, at most limit. */
static json_t *page_json(const struct vg_flux_config *flux, size_t count, const char *after,
                         uint32_t limit)
{
    json_t *items = json_array();
    size_t i = 0;
    while (i < count && after && strcmp(flux[i].id, after) <= 0)
        i++;
    const size_t end = count - i > limit ? i + limit : count;
    for (; i < end; i++)
        (void)json_array_append_new(items, flux_json(&flux[i]));
    return json_pack("{s:o,s:s?}", "items", items, "next", end < count ? flux[end - 1].id : NULL);
}

void vg_on_flux_list(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_flux_config *flux = NULL;
    size_t count = 0;
    struct vg_fault fault = {0};
    const char *after = vg_request_query(request, "after");
    uint32_t limit;
    if (!vg_request_limit(request, &limit)) {
        vg_reply_bad_limit(reply, request->language);
        return;
    }
    if (after && !vg_flux_id_valid(after)) {
        vg_reply_error(reply, request->language, 400, "bad_query", N_("this value cannot be read"),
                       "after");
        return;
    }
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_flux_list(desk->database, &flux, &count, &fault);
    if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
        return;
    }
    vg_reply_json(reply, 200, page_json(flux, count, after, limit));
    vg_free(flux);
}

void vg_on_flux_get(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_flux_config flux;
    struct vg_fault fault = {0};
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_flux_get(desk->database, request->id, &flux, &fault);
    if (status)
        reply_store(reply, request, &fault);
    else
        reply_flux(reply, 200, &flux);
}

static enum vg_status put_flux(struct vg_desk *desk, struct vg_body_flux *body, uint64_t expected,
                               struct vg_fault *fault)
{
    const enum vg_status status = body->has_password ? vg_desk_secret(desk, fault) : VG_OK;
    if (status)
        return status;
    return vg_config_flux_put(desk->database, desk->secret, &body->flux,
                              body->has_password ? body->password : NULL, expected, fault);
}

void vg_on_flux_create(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply)
{
    struct vg_body_flux body;
    struct vg_fault fault = {0};
    vg_flux_defaults(&body.flux, "");
    if (vg_body_flux(request->body, request->body_size, VG_BODY_NEW, &body, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_flux", &fault);
        return;
    }
    (void)snprintf(reply->object, sizeof reply->object, "%s", body.flux.id);
    const enum vg_status status = put_flux(desk, &body, VG_VERSION_NEW, &fault);
    vg_secret_wipe(body.password, sizeof body.password);
    if (status == VG_E_EXISTS) {
        vg_reply_error(reply, request->language, 409, "exists",
                       N_("there is a flux of this id already"), "/id");
    } else if (status) {
        reply_store(reply, request, &fault);
    } else {
        reply_flux(reply, 201, &body.flux);
        (void)snprintf(reply->location, sizeof reply->location, "/api/v1/flux/%s", body.flux.id);
    }
}

/* Bytes of the part of an address that says to whom a password would be sent: scheme, host and
 * port. 0: a file, to which none is. */
static size_t peer_size(const char *url)
{
    const char *host = strstr(url, "//");
    return host ? (size_t)(host - url) + 2 + strcspn(host + 2, "/?#") : 0;
}

/* The stored password is for the camera it was given with: who may change an address must not
 * get it sent to a host of their own. */
static bool password_goes_elsewhere(const struct vg_flux_config *before,
                                    const struct vg_body_flux *body)
{
    const size_t size = peer_size(body->flux.url);
    return before->has_password && !body->has_password &&
           (size != peer_size(before->url) || strncasecmp(before->url, body->flux.url, size) != 0);
}

void vg_on_flux_change(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply)
{
    struct vg_body_flux body;
    struct vg_flux_config before;
    struct vg_fault fault = {0};
    uint64_t expected;
    if (vg_config_flux_get(desk->database, request->id, &before, &fault)) {
        reply_store(reply, request, &fault);
        return;
    }
    if (!based_on(request, reply, &expected))
        return;
    body.flux = before;
    if (vg_body_flux(request->body, request->body_size, VG_BODY_CHANGE, &body, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_flux", &fault);
        return;
    }
    if (password_goes_elsewhere(&before, &body)) {
        vg_reply_error(reply, request->language, 422, "bad_flux",
                       N_("the password must be given again when the host changes"), "/password");
        return;
    }
    const enum vg_status status = put_flux(desk, &body, expected, &fault);
    vg_secret_wipe(body.password, sizeof body.password);
    if (status)
        reply_store(reply, request, &fault);
    else
        reply_flux(reply, 200, &body.flux);
}

void vg_on_flux_delete(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply)
{
    struct vg_flux_config flux;
    struct vg_fault fault = {0};
    uint64_t expected;
    if (vg_config_flux_get(desk->database, request->id, &flux, &fault)) {
        reply_store(reply, request, &fault);
        return;
    }
    if (!based_on(request, reply, &expected))
        return;
    if (vg_config_flux_delete(desk->database, request->id, expected, &fault))
        reply_store(reply, request, &fault);
    else
        reply->code = 204;
}

void vg_on_flux_activate(struct vg_desk *desk, const struct vg_request *request,
                         struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    bool active;
    if (vg_body_flag(request->body, request->body_size, &active, &fault))
        vg_reply_fault(reply, request->language, 422, "bad_flag", &fault);
    else if (vg_config_flux_activate(desk->database, request->id, active, &fault))
        reply_store(reply, request, &fault);
    else
        vg_reply_json(reply, 200, json_boolean(active));
}

/* A field of the hash as JSON: numbers and flags as such, the rest as text. */
static json_t *field_json(const char *text, size_t size)
{
    char copy[64];
    if (size > 0 && size < sizeof copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
        json_t *value = json_loads(copy, JSON_DECODE_ANY, NULL);
        if (json_is_number(value) || json_is_boolean(value) || json_is_null(value))
            return value;
        json_decref(value);
    }
    return json_stringn(text, size);
}

static json_t *state_json(const char *id, const redisReply *hash)
{
    json_t *state = json_pack("{s:s}", "flux", id);
    const size_t pairs = hash->type == REDIS_REPLY_ARRAY ? hash->elements / 2 : 0;
    for (size_t i = 0; i < pairs; i++) {
        const redisReply *key = hash->element[2 * i], *value = hash->element[2 * i + 1];
        if (key->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING)
            (void)json_object_set_new(state, key->str, field_json(value->str, value->len));
    }
    if (!json_object_get(state, "state")) /* it expires when nobody writes it */
        (void)json_object_set_new(state, "state", json_string("unknown"));
    return state;
}

void vg_on_flux_state(struct vg_desk *desk, const struct vg_request *request,
                      struct vg_reply *reply)
{
    struct vg_flux_config flux;
    struct vg_fault fault = {0};
    struct redisReply *hash = NULL;
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_flux_get(desk->database, request->id, &flux, &fault);
    if (status) {
        reply_store(reply, request, &fault);
        return;
    }
    char key[32 + VG_FLUX_ID_SIZE];
    (void)snprintf(key, sizeof key, "vigie:flux:%s", flux.id);
    const struct vg_redis_arg command[] = {vg_redis_text("HGETALL"), vg_redis_text(key)};
    status = vg_desk_link(desk, &fault);
    if (!status)
        status = vg_redis_command(desk->link, command, 2, &hash, &fault);
    if (status) {
        vg_reply_error(reply, request->language, 503, "redis_away",
                       N_("the live state is not available: Redis is away"), "");
        reply->retry_after_s = 2;
        return;
    }
    vg_reply_json(reply, 200, state_json(flux.id, hash));
    vg_redis_reply_free(&hash);
}

void vg_on_config_tell(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply)
{
    static const char *const verbs[] = {"SET", "PUBLISH"};
    struct vg_fault fault = {0};
    uint64_t version = 0;
    char text[24];
    (void)request;
    /* read here, not brought along: what is told last is then the newest */
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_version(desk->database, &version, &fault);
    if (!status)
        status = vg_desk_link(desk, &fault);
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)version);
    for (size_t i = 0; !status && i < sizeof verbs / sizeof *verbs; i++) {
        struct redisReply *answer = NULL;
        const struct vg_redis_arg command[] = {vg_redis_text(verbs[i]),
                                               vg_redis_text("vigie:config"), vg_redis_text(text)};
        status = vg_redis_command(desk->link, command, 3, &answer, &fault);
        vg_redis_reply_free(&answer);
    }
    reply->code = status ? 503 : 200;
}
