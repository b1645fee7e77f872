/* Flux, their live state, and the word that the configuration has changed. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/fit.h"
#include "api/handlers.h"
#include "src/base/alloc.h"
#include "src/base/source_url.h"
#include "src/scene/scene.h"
#include "src/store/config.h"
#include "src/store/site.h"

/* true: by TLS; false: in the clear; null: it comes by no network. */
static json_t *encrypted_json(const struct vg_flux_config *flux)
{
    struct vg_source_url url, evidence;
    if (vg_source_url_read(flux->url, strlen(flux->url), &url, NULL))
        return json_false(); /* of an older version, and not started */
    const bool second =
        vg_source_url_read(flux->evidence_url, strlen(flux->evidence_url), &evidence, NULL) == 0;
    const bool networked = vg_source_url_networked(&url);
    const bool second_networked = second && vg_source_url_networked(&evidence);
    if (!networked && !second_networked)
        return json_null();
    return json_boolean((!networked || vg_source_url_encrypted(&url)) &&
                        (!second_networked || vg_source_url_encrypted(&evidence)));
}

/* All but the password; a list is without the authorities' certificates. */
static json_t *flux_json(const struct vg_flux_config *flux)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:f,s:I,s:b,s:b,s:o,s:b,s:b,s:b,s:I}", "id",
                     flux->id, "label", flux->label, "url", flux->url, "evidence_url",
                     flux->evidence_url, "user", flux->user, "transport",
                     vg_transport_name(flux->transport), "tls_name", flux->tls_name, "interface",
                     flux->interface, "rate_fps", flux->rate_fps, "priority",
                     (json_int_t)flux->priority, "active", (int)flux->active, "clear_accepted",
                     (int)flux->clear_accepted, "encrypted", encrypted_json(flux), "has_password",
                     (int)flux->has_password, "has_ca", (int)flux->has_ca, "has_scene",
                     (int)flux->has_scene, "version", (json_int_t)flux->version);
}

/* admission: NULL if it was not asked. */
static void reply_flux(struct vg_desk *desk, struct vg_reply *reply, int code,
                       const struct vg_flux_config *flux, json_t *admission)
{
    char *pem = NULL;
    json_t *json = flux_json(flux);
    if (admission)
        (void)json_object_set(json, "admission", admission);
    if (flux->has_ca && vg_config_flux_ca(desk->database, flux->id, &pem, NULL) == VG_OK)
        (void)json_object_set_new(json, "ca_pem", json_string(pem));
    vg_free(pem);
    vg_reply_json(reply, code, json);
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
        reply_flux(desk, reply, 200, &flux, NULL);
}

/* Whether the site's settings admit the flux, or the answer that says why not. */
static bool declared(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                     const struct vg_flux_config *flux)
{
    struct vg_fault fault = {0};
    struct vg_site *site = vg_alloc(sizeof *site);
    const enum vg_status status =
        site ? vg_site_get(desk->database, site, &fault)
             : vg_fault_set(&fault, VG_E_MEMORY, N_("no memory left"), NULL, "site");
    const enum vg_site_verdict verdict =
        status ? VG_SITE_ADMITS : vg_site_judge_flux(&site->settings, flux, &fault);
    vg_free(site);
    if (status)
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    else if (verdict != VG_SITE_ADMITS)
        vg_reply_fault(reply, request->language, 422, vg_site_verdict_name(verdict), &fault);
    return !status && verdict == VG_SITE_ADMITS;
}

/* That a person agreed to video in the clear is a row of its own, beside that of the change. */
static enum vg_status note_clear(struct vg_desk *desk, const struct vg_request *request,
                                 const struct vg_flux_config *flux, struct vg_fault *fault)
{
    const struct vg_audit_entry entry = {.who = request->identity.name,
                                         .from = request->identity.from,
                                         .what = "flux.clear_accepted",
                                         .object = flux->id,
                                         .result = "ok"};
    if (!flux->clear_accepted) /* the store keeps it only where it is needed */
        return VG_OK;
    return vg_audit_append(desk->database, &entry, vg_wall_now(), fault);
}

/* Whether settings and devices admit it; false: answered. */
static bool admitted(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                     const struct vg_flux_config *flux, struct vg_fit *fit)
{
    const struct vg_fit_change change = {flux, NULL};
    *fit = (struct vg_fit){0};
    return declared(desk, request, reply, flux) &&
           vg_fit_admits(desk, request, reply, &change, VG_FIT_TO_SAVE, fit);
}

static enum vg_status put_flux(struct vg_desk *desk, const struct vg_request *request,
                               struct vg_body_flux *body, uint64_t expected,
                               const struct vg_fit *fit, struct vg_fault *fault)
{
    enum vg_status status = body->has_password ? vg_desk_secret(desk, fault) : VG_OK;
    if (!status)
        status = vg_config_flux_put(desk->database, desk->secret, &body->flux,
                                    body->has_password ? body->password : NULL, expected, fault);
    if (!status)
        status = vg_fit_declare(desk, body->flux.id, fit, fault);
    return status ? status : note_clear(desk, request, &body->flux, fault);
}

void vg_on_flux_create(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply)
{
    struct vg_body_flux body;
    struct vg_fit fit;
    struct vg_fault fault = {0};
    vg_flux_defaults(&body.flux, "");
    if (vg_body_flux(request->body, request->body_size, VG_BODY_NEW, &body, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_flux", &fault);
        return;
    }
    (void)snprintf(reply->object, sizeof reply->object, "%s", body.flux.id);
    if (!admitted(desk, request, reply, &body.flux, &fit)) {
        vg_secret_wipe(body.password, sizeof body.password);
        return;
    }
    const enum vg_status status = put_flux(desk, request, &body, VG_VERSION_NEW, &fit, &fault);
    vg_secret_wipe(body.password, sizeof body.password);
    if (status == VG_E_EXISTS) {
        vg_reply_error(reply, request->language, 409, "exists",
                       N_("there is a flux of this id already"), "/id");
    } else if (status) {
        reply_store(reply, request, &fault);
    } else {
        reply_flux(desk, reply, 201, &body.flux, fit.answer);
        (void)snprintf(reply->location, sizeof reply->location, "/api/v1/flux/%s", body.flux.id);
    }
    vg_fit_release(&fit);
}

/* Whether an address leads to scheme, host and port of one of those before; "" leads nowhere. */
static bool leads_where_before(const char *address, const struct vg_flux_config *before)
{
    const char *const known[] = {before->url, before->evidence_url};
    struct vg_source_url url, other;
    if (address[0] == '\0')
        return true;
    if (vg_source_url_read(address, strlen(address), &url, NULL))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (vg_source_url_read(known[i], strlen(known[i]), &other, NULL) == VG_OK &&
            vg_source_url_same_peer(&url, &other))
            return true;
    return false;
}

static bool leads_elsewhere(const struct vg_flux_config *before, const struct vg_body_flux *body)
{
    return !leads_where_before(body->flux.url, before) ||
           !leads_where_before(body->flux.evidence_url, before);
}

/* The stored password is for the server it was given with: who may change an address must not
 * get it sent to a host of their own. */
static bool password_goes_elsewhere(const struct vg_flux_config *before,
                                    const struct vg_body_flux *body)
{
    return before->has_password && !body->has_password && leads_elsewhere(before, body);
}

/* So is an agreement to video in the clear. */
static void forget_agreement(const struct vg_flux_config *before, struct vg_body_flux *body)
{
    if (!body->has_agreement && leads_elsewhere(before, body))
        body->flux.clear_accepted = false;
}

void vg_on_flux_change(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply)
{
    struct vg_body_flux body;
    struct vg_flux_config before;
    struct vg_fit fit;
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
    forget_agreement(&before, &body);
    if (!admitted(desk, request, reply, &body.flux, &fit)) {
        vg_secret_wipe(body.password, sizeof body.password);
        return;
    }
    const enum vg_status status = put_flux(desk, request, &body, expected, &fit, &fault);
    vg_secret_wipe(body.password, sizeof body.password);
    if (status)
        reply_store(reply, request, &fault);
    else
        reply_flux(desk, reply, 200, &body.flux, fit.answer);
    vg_fit_release(&fit);
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
    struct vg_flux_config flux;
    const struct vg_fit_change change = {&flux, NULL};
    struct vg_fit fit;
    struct vg_fault fault = {0};
    bool active;
    if (vg_body_flag(request->body, request->body_size, &active, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_flag", &fault);
        return;
    }
    if (vg_config_flux_get(desk->database, request->id, &flux, &fault)) {
        reply_store(reply, request, &fault);
        return;
    }
    flux.active = active;
    if (!vg_fit_admits(desk, request, reply, &change, VG_FIT_TO_SAVE, &fit))
        return;
    enum vg_status status = vg_config_flux_activate(desk->database, request->id, active, &fault);
    if (!status)
        status = vg_fit_declare(desk, request->id, &fit, &fault);
    if (status)
        reply_store(reply, request, &fault);
    else
        vg_reply_json(reply, 200, json_boolean(active));
    vg_fit_release(&fit);
}

/* ---- will it fit? --------------------------------------------------------------------------- */

/* As it would be: as it is, or as it begins, but for what the body names. */
static bool read_asked(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply, const struct vg_body_admission *body,
                       struct vg_flux_config *flux)
{
    struct vg_fault fault = {0};
    enum vg_status status = vg_desk_database(desk, &fault);
    vg_flux_defaults(flux, body->flux);
    if (!status && body->flux[0]) {
        status = vg_config_flux_get(desk->database, body->flux, flux, &fault);
        if (status == VG_E_MISSING) {
            status = VG_OK; /* it is to be added */
            vg_flux_defaults(flux, body->flux);
        }
    }
    if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
        return false;
    }
    flux->rate_fps = body->rate_fps > 0 ? body->rate_fps : flux->rate_fps;
    flux->priority = body->priority <= 9 ? body->priority : flux->priority;
    flux->active = true;
    return true;
}

/* A fault of the scene within the question: the pointer is the question's, lines are nobody's. */
static void place_in_question(struct vg_fault *fault)
{
    char where[sizeof fault->place], detail[sizeof fault->place];
    vg_fault_where(fault->place, where, sizeof where, detail, sizeof detail);
    (void)snprintf(fault->place, sizeof fault->place, "/scene%.*s", (int)sizeof where - 8,
                   where[0] == '/' ? where : "");
}

void vg_on_admission(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_body_admission body;
    struct vg_flux_config flux;
    struct vg_scene *scene = NULL;
    struct vg_fit fit;
    struct vg_fault fault = {0};
    if (vg_body_admission(request->body, request->body_size, &body, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_question", &fault);
        return;
    }
    if (body.scene && vg_scene_parse("body", body.scene, strlen(body.scene), &scene, &fault)) {
        place_in_question(&fault);
        vg_reply_fault(reply, request->language, 422, "bad_scene", &fault);
    } else if (read_asked(desk, request, reply, &body, &flux)) {
        const struct vg_fit_change change = {&flux, scene};
        if (vg_fit_admits(desk, request, reply, &change, VG_FIT_TO_KNOW, &fit))
            vg_reply_json(reply, 200, json_incref(fit.answer));
        vg_fit_release(&fit);
    }
    vg_scene_close(&scene);
    vg_free(body.scene);
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

/* Says of a flux that the site's settings no longer admit that it is not started, and why. Read
 * from the settings themselves: the words do not expire, and need no other process. True: said. */
static bool reply_refused(struct vg_desk *desk, struct vg_reply *reply,
                          const struct vg_flux_config *flux)
{
    struct vg_site *site = vg_alloc(sizeof *site);
    enum vg_site_verdict verdict = VG_SITE_ADMITS;
    if (site && vg_site_get(desk->database, site, NULL) == VG_OK)
        verdict = vg_site_judge_flux(&site->settings, flux, NULL);
    vg_free(site);
    if (verdict == VG_SITE_ADMITS || verdict == VG_SITE_CLEAR_NOT_ACCEPTED)
        return false;
    vg_reply_json(reply, 200,
                  json_pack("{s:s,s:s,s:s}", "flux", flux->id, "state", "refused", "reason",
                            vg_site_verdict_name(verdict)));
    return true;
}

/* The flux of the path; false: answered. */
static bool find_flux(struct vg_desk *desk, const struct vg_request *request,
                      struct vg_reply *reply, struct vg_flux_config *flux)
{
    struct vg_fault fault = {0};
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_flux_get(desk->database, request->id, flux, &fault);
    if (status)
        reply_store(reply, request, &fault);
    return !status;
}

/* What analysis told last of the flux, given; NULL: answered. */
static json_t *live_state(struct vg_desk *desk, const struct vg_request *request,
                          struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    struct redisReply *hash = NULL;
    char key[32 + VG_FLUX_ID_SIZE];
    (void)snprintf(key, sizeof key, "vigie:flux:%s", request->id);
    const struct vg_redis_arg command[] = {vg_redis_text("HGETALL"), vg_redis_text(key)};
    enum vg_status status = vg_desk_link(desk, &fault);
    if (!status)
        status = vg_redis_command(desk->link, command, 2, &hash, &fault);
    if (status) {
        vg_reply_error(reply, request->language, 503, "redis_away",
                       N_("the live state is not available: Redis is away"), "");
        reply->retry_after_s = 2;
        return NULL;
    }
    json_t *state = state_json(request->id, hash);
    vg_redis_reply_free(&hash);
    return state;
}

void vg_on_flux_state(struct vg_desk *desk, const struct vg_request *request,
                      struct vg_reply *reply)
{
    struct vg_flux_config flux;
    if (!find_flux(desk, request, reply, &flux) || reply_refused(desk, reply, &flux))
        return;
    json_t *state = live_state(desk, request, reply);
    if (state)
        vg_reply_json(reply, 200, state);
}

/* ---- the view ------------------------------------------------------------------------------ */

static json_t *taken(const json_t *state, const char *key)
{
    json_t *value = json_object_get(state, key);
    return value ? json_incref(value) : json_null();
}

static json_t *measures_json(const json_t *state)
{
    static const char *const names[] = {"kept",      "gone", "dark",  "flat",
                                        "sharpness", "same", "shift", "inliers"};
    json_t *measures = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "view_%s", names[i]);
        (void)json_object_set_new(measures, names[i], taken(state, key));
    }
    return measures;
}

/* Three rows of three, or null. */
static json_t *homography_json(const json_t *state)
{
    static const char *const keys[] = {"view_row_1", "view_row_2", "view_row_3"};
    json_t *rows = json_array();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = json_string_value(json_object_get(state, keys[i]));
        double x, y, z;
        if (!text || sscanf(text, "%lf %lf %lf", &x, &y, &z) != 3) {
            json_decref(rows);
            return json_null();
        }
        (void)json_array_append_new(rows, json_pack("[f,f,f]", x, y, z));
    }
    return rows;
}

/* confirmed: by the configuration. A confirmation is pending until analysis tells of it. */
static json_t *view_json(const json_t *state, uint64_t confirmed)
{
    const json_t *view = json_object_get(state, "view");
    const uint64_t done = (uint64_t)json_integer_value(json_object_get(state, "view_confirmed"));
    return json_pack("{s:O,s:s,s:o,s:o,s:o,s:b,s:o,s:o}", "flux", json_object_get(state, "flux"),
                     "state", view ? json_string_value(view) : "unknown", "since",
                     taken(state, "view_since"), "reason", taken(state, "view_reason"),
                     "referenced", taken(state, "view_referenced"), "pending",
                     (int)(view && done != confirmed), "measures", measures_json(state),
                     "homography", homography_json(state));
}

void vg_on_view_get(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_flux_config flux;
    if (!find_flux(desk, request, reply, &flux))
        return;
    json_t *state = live_state(desk, request, reply);
    if (state)
        vg_reply_json(reply, 200, view_json(state, flux.view_confirmed));
    json_decref(state);
}

void vg_on_view_confirm(struct vg_desk *desk, const struct vg_request *request,
                        struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    uint64_t confirmed;
    if (vg_body_confirm(request->body, request->body_size, &fault))
        vg_reply_fault(reply, request->language, 422, "bad_confirmation", &fault);
    else if (vg_config_view_confirm(desk->database, request->id, &confirmed, &fault))
        reply_store(reply, request, &fault);
    else
        vg_reply_json(
            reply, 200,
            json_pack("{s:s,s:I}", "flux", request->id, "confirmed", (json_int_t)confirmed));
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
