#include "api/routes.h"

#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/fit.h"
#include "api/handlers.h"
#include "api/reception.h"
#include "src/base/log.h"
#include "src/store/audit.h"

#define V1 "/api/v1"

const struct vg_route vg_routes[] = {
    {.method = VG_METHOD_POST,
     .pattern = V1 "/session",
     .permission = VG_PERMIT_PUBLIC,
     .lane = VG_LANE_GUARD,
     .audit = VG_AUDIT_BEFORE_ANSWER,
     .action = "session.open",
     .body = "SignIn",
     .answer = "Session",
     .success = 200,
     .summary = "Sign in",
     .handle = vg_on_sign_in,
     .before = vg_before_sign_in,
     .finish = vg_finish_sign_in},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/session",
     .permission = VG_PERMIT_SIGNED,
     .lane = VG_LANE_LOOP,
     .answer = "Session",
     .success = 200,
     .summary = "Who am I",
     .finish = vg_finish_who},
    {.method = VG_METHOD_DELETE,
     .pattern = V1 "/session",
     .permission = VG_PERMIT_SIGNED,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_IF_POSSIBLE,
     .action = "session.close",
     .success = 204,
     .summary = "Sign out",
     .handle = vg_on_sign_out,
     .finish = vg_finish_sign_out},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/flux",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "FluxList",
     .success = 200,
     .query = "limit,after",
     .summary = "Flux by id",
     .handle = vg_on_flux_list},
    {.method = VG_METHOD_POST,
     .pattern = V1 "/flux",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "flux.create",
     .body = "FluxNew",
     .answer = "Flux",
     .success = 201,
     .tagged = true,
     .query = "admit",
     .conflict = "there is a flux of this id already, or there are too many; or the devices have "
                 "no time for it: `admission` says what would fall, and `admit=degraded` saves it "
                 "all the same",
     .summary = "Add a flux",
     .prepare = vg_fit_prepare,
     .handle = vg_on_flux_create},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/flux/{id}",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "Flux",
     .success = 200,
     .tagged = true,
     .summary = "One flux; the password is never answered",
     .handle = vg_on_flux_get},
    {.method = VG_METHOD_PATCH,
     .pattern = V1 "/flux/{id}",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "flux.change",
     .body = "FluxChange",
     .answer = "Flux",
     .success = 200,
     .basis = VG_BASIS_REQUIRED,
     .tagged = true,
     .query = "admit",
     .conflict = "the devices have no time for it: `admission` says what would fall; "
                 "`admit=degraded` saves it all the same",
     .summary = "Change a flux; wants If-Match",
     .prepare = vg_fit_prepare,
     .handle = vg_on_flux_change},
    {.method = VG_METHOD_DELETE,
     .pattern = V1 "/flux/{id}",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "flux.delete",
     .success = 204,
     .basis = VG_BASIS_REQUIRED,
     .summary = "Delete a flux and its scene; wants If-Match; its alerts stay",
     .handle = vg_on_flux_delete},
    {.method = VG_METHOD_PUT,
     .pattern = V1 "/flux/{id}/active",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "flux.active",
     .body = "Flag",
     .success = 200,
     .answer = "Flag",
     .query = "admit",
     .conflict = "the devices have no time for it: `admission` says what would fall; "
                 "`admit=degraded` saves it all the same",
     .summary = "Switch a flux on or off",
     .prepare = vg_fit_prepare,
     .handle = vg_on_flux_activate},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/flux/{id}/state",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_LIVE,
     .answer = "FluxState",
     .success = 200,
     .summary = "Live state of a flux",
     .handle = vg_on_flux_state},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/flux/{id}/view",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_LIVE,
     .answer = "View",
     .success = 200,
     .summary = "What the camera's view is worth, and by what",
     .handle = vg_on_view_get},
    {.method = VG_METHOD_PUT,
     .pattern = V1 "/flux/{id}/view",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "view.confirm",
     .body = "ViewConfirm",
     .answer = "ViewConfirmed",
     .success = 200,
     .summary = "Confirm that the view of now is the one that the scene is drawn for",
     .handle = vg_on_view_confirm},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/flux/{id}/coverage",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "Coverage",
     .success = 200,
     .query = "from,to,step,gap_s,format",
     .summary = "How much of the time was analysed, and why not; the last day by hours unless "
                "asked otherwise, gaps of gap_s or more; format=csv: a table",
     .handle = vg_on_flux_coverage},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/flux/{id}/heat",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "Heat",
     .success = 200,
     .query = "from,to,format",
     .summary =
         "Where persons were in the pictures of a flux: seconds of persons in the cells of a "
         "coarse grid, over whole hours (the last day unless asked otherwise, 31 days at "
         "most); format=png: a clear picture to be laid over the camera's",
     .handle = vg_on_flux_heat},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/measures",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "Measures",
     .success = 200,
     .query = "flux,place,measure,from,to,step",
     .missing = "there is no such flux",
     .summary = "What the events of a flux measure at its places, as curves; the last day by five "
                "minutes unless asked otherwise, at most 10,000 points; an empty place is the "
                "whole picture",
     .handle = vg_on_measures},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/flux/{id}/scene",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "Scene",
     .success = 200,
     .tagged = true,
     .summary = "The scene of a flux, as it was put",
     .handle = vg_on_scene_get},
    {.method = VG_METHOD_PUT,
     .pattern = V1 "/flux/{id}/scene",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "scene.change",
     .body = "Scene",
     .success = 204,
     .warned = "Warnings",
     .basis = VG_BASIS_IF_THERE,
     .tagged = true,
     .query = "admit",
     .conflict = "the devices have no time for it: `admission` says what would fall; "
                 "`admit=degraded` saves it all the same",
     .summary = "Put a scene; wants If-Match when there is one",
     .prepare = vg_fit_prepare,
     .handle = vg_on_scene_put},
    {.method = VG_METHOD_POST,
     .pattern = V1 "/admission",
     .permission = VG_PERMIT_TECHNICAL,
     .audit = VG_AUDIT_BEFORE_ANSWER, /* it tells of all flux */
     .action = "admission.ask",
     .lane = VG_LANE_STORE,
     .body = "AdmissionAsk",
     .answer = "Admission",
     .success = 200,
     .summary =
         "Will it fit? What a flux, a rate or a scene would do to all flux; nothing is saved",
     .handle = vg_on_admission},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/site",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .answer = "Site",
     .success = 200,
     .tagged = true,
     .summary = "What is declared for all flux; the private key is never answered",
     .handle = vg_on_site_get},
    {.method = VG_METHOD_PUT,
     .pattern = V1 "/site",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "site.change",
     .body = "SiteChange",
     .answer = "Site",
     .success = 200,
     .basis = VG_BASIS_REQUIRED,
     .tagged = true,
     .summary = "Declare for all flux; what is not named stays as it is; wants If-Match",
     .handle = vg_on_site_put},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/alerts",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .query = "flux,event,rule,severity,state,from,to,limit,after",
     .answer = "AlertList",
     .success = 200,
     .summary = "Alerts, newest first",
     .handle = vg_on_alert_list},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/alerts/stream",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "EventStream",
     .success = 200,
     .header = "Last-Event-ID",
     .summary = "Server-sent events `alert` and `verdict`, an alert again when its clip is there; "
                "Last-Event-ID honoured",
     .handle = vg_on_stream,
     .before = vg_before_stream,
     .finish = vg_finish_stream},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/alerts/{id}",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "Alert",
     .success = 200,
     .summary = "One alert",
     .handle = vg_on_alert_get},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/alerts/{id}/picture",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_BEFORE_ANSWER,
     .action = "alert.picture",
     .answer = "Picture",
     .success = 200,
     .summary = "The still picture of an alert",
     .handle = vg_on_alert_picture},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/alerts/{id}/clip",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_CLIPS,
     .audit = VG_AUDIT_BEFORE_ANSWER,
     .action = "alert.clip",
     .answer = "Clip",
     .success = 200,
     .crowded = "too many clips are being sent",
     .pending = "`clip_pending`: the clip is on its way",
     .tagged = true,
     .ranged = true,
     .summary = "The clip of an alert, from 5 s before to 5 s after, as the camera sent it; "
                "`no_clip` says in `where` why there is none",
     .handle = vg_on_alert_clip,
     .before = vg_before_clip},
    {.method = VG_METHOD_PUT,
     .pattern = V1 "/alerts/{id}/verdict",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_BY_STORE,
     .action = "alert.verdict",
     .body = "Verdict",
     .answer = "Alert",
     .success = 200,
     .conflict = "seen: it is confirmed or refuted already",
     .summary = "Judge an alert",
     .handle = vg_on_verdict},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/live",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_BEFORE_ANSWER,
     .action = "live.open",
     .query = "flux,plays",
     .answer = "Live",
     .success = 200,
     .missing = "there is no flux of one of these ids",
     .crowded = "too many are watching",
     .summary = "Live pictures of up to 18 flux in one answer (docs/api-live.md); plays: what "
                "the client plays, of `h264` and `h265`, by default `h264`: other codecs come as "
                "JPEG pictures",
     .handle = vg_on_live,
     .before = vg_before_live,
     .finish = vg_finish_live},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/stop",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_URGENT,
     .answer = "Stop",
     .success = 200,
     .summary = "What is stopped",
     .handle = vg_on_stop_get},
    {.method = VG_METHOD_PUT,
     .pattern = V1 "/stop",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_URGENT,
     .audit = VG_AUDIT_IF_POSSIBLE,
     .action = "stop.change",
     .body = "Stop",
     .answer = "Stop",
     .success = 200,
     .summary = "Stop or let go on: all, flux, events; what is not named stays as it is",
     .handle = vg_on_stop_put},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/authorisation",
     .permission = VG_PERMIT_OPERATOR,
     .lane = VG_LANE_STORE,
     .answer = "Authorisation",
     .success = 200,
     .tagged = true,
     .summary = "The order within whose bounds analysis runs; null if none was put",
     .handle = vg_on_authorisation_get},
    {.method = VG_METHOD_PUT,
     .pattern = V1 "/authorisation",
     .permission = VG_PERMIT_TECHNICAL,
     .lane = VG_LANE_STORE,
     .audit = VG_AUDIT_WITH_CHANGE,
     .action = "authorisation.change",
     .body = "Authorisation",
     .answer = "Authorisation",
     .success = 200,
     .basis = VG_BASIS_IF_THERE,
     .tagged = true,
     .summary = "Put the authorisation, or null to take it away",
     .handle = vg_on_authorisation_put},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/health",
     .permission = VG_PERMIT_PUBLIC,
     .lane = VG_LANE_LOOP,
     .answer = "Health",
     .success = 200,
     .unwell = "Health",
     .summary = "Which part is unwell; reasons for those who are signed in",
     .finish = vg_finish_health},
    {.method = VG_METHOD_GET,
     .pattern = V1 "/version",
     .permission = VG_PERMIT_PUBLIC,
     .lane = VG_LANE_LOOP,
     .answer = "Version",
     .success = 200,
     .summary = "Name and version of the program",
     .finish = vg_finish_version},
    {.method = VG_METHOD_GET,
     .pattern = "/metrics",
     .permission = VG_PERMIT_LOCAL,
     .lane = VG_LANE_LIVE,
     .answer = "Metrics",
     .success = 200,
     .summary = "Prometheus text",
     .handle = vg_on_metrics,
     .finish = vg_finish_metrics},
    {.method = VG_METHOD_GET,
     .pattern = "/openapi.json",
     .permission = VG_PERMIT_PUBLIC,
     .lane = VG_LANE_LOOP,
     .answer = "OpenApi",
     .success = 200,
     .summary = "This description",
     .finish = vg_finish_openapi},
    {.method = VG_METHOD_GET,
     .pattern = "/",
     .permission = VG_PERMIT_PUBLIC,
     .lane = VG_LANE_LOOP,
     .answer = "Page",
     .success = 200,
     .summary = "The console",
     .finish = vg_finish_console},
    {.method = VG_METHOD_GET,
     .pattern = "/console/{id}",
     .permission = VG_PERMIT_PUBLIC,
     .lane = VG_LANE_LOOP,
     .answer = "File",
     .success = 200,
     .summary = "A file of the console",
     .finish = vg_finish_console},
    {.pattern = NULL},
};

const char *vg_permission_name(enum vg_permission permission)
{
    static const char *const names[] = {"public", "signed", "local", "operator", "technical"};
    return names[permission];
}

bool vg_permission_holds(enum vg_permission permission, const struct vg_identity *identity)
{
    const bool technical = identity->signed_in && identity->role == VG_ROLE_TECHNICAL;
    const bool operates = technical || (identity->signed_in && identity->role == VG_ROLE_OPERATOR);
    switch (permission) {
    case VG_PERMIT_PUBLIC:
        return true;
    case VG_PERMIT_SIGNED:
        return identity->signed_in;
    case VG_PERMIT_LOCAL:
        return identity->loopback || operates;
    case VG_PERMIT_OPERATOR:
        return operates;
    case VG_PERMIT_TECHNICAL:
        return technical;
    }
    return false;
}

/* ---- finding -------------------------------------------------------------------------------- */

/* One segment of a path, decoded. False for what must never name a thing. */
static bool decode_segment(const char *raw, size_t size, char out[VG_REQUEST_ID_SIZE])
{
    char whole[3 * VG_REQUEST_ID_SIZE];
    if (size == 0 || size >= sizeof whole)
        return false;
    memcpy(whole, raw, size);
    whole[size] = '\0';
    size_t length = 0;
    char *text = evhttp_uridecode(whole, 0, &length);
    bool good = text && length < VG_REQUEST_ID_SIZE && strlen(text) == length;
    for (size_t i = 0; good && i < length; i++)
        good = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f && text[i] != '/';
    good = good && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 && vg_text_sound(text);
    if (good)
        memcpy(out, text, length + 1);
    free(text);
    return good;
}

static bool path_matches(const char *pattern, const char *path, char id[VG_REQUEST_ID_SIZE])
{
    for (;;) {
        if (*pattern != '/' || *path != '/')
            return *pattern == '\0' && *path == '\0';
        const char *want = pattern + 1, *have = path + 1;
        const size_t want_size = strcspn(want, "/"), have_size = strcspn(have, "/");
        if (want_size == 4 && strncmp(want, "{id}", 4) == 0) {
            if (!decode_segment(have, have_size, id))
                return false;
        } else if (want_size != have_size || strncmp(want, have, want_size) != 0) {
            return false;
        }
        pattern = want + want_size;
        path = have + have_size;
    }
}

static void add_method(char allow[48], const char *name)
{
    const size_t used = strlen(allow);
    (void)snprintf(allow + used, 48 - used, "%s%s", used ? ", " : "", name);
}

enum vg_route_match vg_route_find(enum vg_method method, const char *path,
                                  const struct vg_route **route, char id[VG_REQUEST_ID_SIZE],
                                  char allow[48])
{
    const struct vg_route *first = NULL;
    allow[0] = '\0';
    *route = NULL;
    for (const struct vg_route *r = vg_routes; r->pattern; r++) {
        id[0] = '\0';
        /* a path belongs to the first pattern it fits: "/alerts/stream" is not an alert */
        if (first ? strcmp(first->pattern, r->pattern) != 0 : !path_matches(r->pattern, path, id))
            continue;
        first = first ? first : r;
        if (r->method == method)
            *route = r;
        add_method(allow, vg_method_name(r->method));
        if (r->method == VG_METHOD_GET)
            add_method(allow, "HEAD");
    }
    if (!first)
        return VG_ROUTE_NO_PATH;
    id[0] = '\0';
    (void)path_matches(first->pattern, path, id);
    return *route ? VG_ROUTE_FOUND : VG_ROUTE_NO_METHOD;
}

bool vg_route_takes(const struct vg_route *route, const char *name)
{
    const size_t size = strlen(name);
    for (const char *p = route->query; p && *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        if (n == size && strncmp(p, name, n) == 0)
            return true;
        p += n;
    }
    return false;
}

/* ---- calling -------------------------------------------------------------------------------- */

static enum vg_status write_audit(struct vg_desk *desk, const struct vg_route *route,
                                  const struct vg_request *request, const struct vg_reply *reply,
                                  struct vg_fault *fault)
{
    enum vg_status status = vg_desk_database(desk, fault);
    if (status)
        return status;
    const char *who = request->identity.name[0] ? request->identity.name : reply->object;
    const struct vg_audit_entry entry = {
        .who = who,
        .from = request->identity.from,
        .what = route->action,
        .object = reply->object[0] ? reply->object : request->id,
        .result = reply->error[0] ? reply->error : "ok",
    };
    return vg_audit_append(desk->database, &entry, vg_wall_now(), fault);
}

static void unaudited(const struct vg_route *route, const struct vg_fault *fault)
{
    vg_log(VG_LOG_ERROR, "the audit could not be written for %s: %s", route->action, fault->what);
}

static void call_in_transaction(struct vg_desk *desk, const struct vg_route *route,
                                const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_database_begin(desk->database, &fault);
    if (status) {
        vg_reply_fault(reply, request->language, 503, NULL, &fault);
        return;
    }
    route->handle(desk, request, reply);
    if (reply->code < 400) {
        status = write_audit(desk, route, request, reply, &fault);
        if (!status)
            status = vg_database_commit(desk->database, &fault);
        if (!status)
            return;
        vg_database_rollback(desk->database);
        unaudited(route, &fault);
        vg_reply_fault(reply, request->language, 503, NULL, &fault);
        return;
    }
    vg_database_rollback(desk->database);
    if (write_audit(desk, route, request, reply, &fault))
        unaudited(route, &fault);
}

void vg_route_call(struct vg_desk *desk, const struct vg_route *route,
                   const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    const enum vg_audit_manner manner = route->audit;
    if (reply->code == 0 && route->body && vg_body_check(request->body, request->body_size, &fault))
        vg_reply_fault(reply, request->language, 400, "bad_json", &fault);
    if (reply->code == 0 && manner == VG_AUDIT_WITH_CHANGE) {
        if (route->prepare)
            route->prepare(desk);
        call_in_transaction(desk, route, request, reply);
        vg_fit_forget(desk);
        return;
    }
    if (reply->code == 0)
        route->handle(desk, request, reply);
    if (manner == VG_AUDIT_NONE || (manner == VG_AUDIT_BY_STORE && reply->code < 400))
        return;
    if (!write_audit(desk, route, request, reply, &fault))
        return;
    unaudited(route, &fault);
    if (manner == VG_AUDIT_BEFORE_ANSWER && reply->code < 400)
        vg_reply_fault(reply, request->language, 503, "no_audit", &fault);
}
