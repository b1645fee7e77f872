/* Whether a live stream may begin: what is asked for can be read and exists. The audit names every
 * flux that is about to be seen. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "api/live_stream.h"
#include "src/store/config.h"

static_assert(VG_WIRE_FLUX_SIZE == VG_FLUX_ID_SIZE, "one size for the id of a flux");

/* Adds one more to the names; false: it does not fit. */
static bool add_name(char *names, size_t size, const char *name)
{
    const size_t used = strlen(names), comma = used != 0, more = strlen(name);
    if (used + comma + more >= size)
        return false;
    if (comma)
        names[used] = ',';
    memcpy(names + used + comma, name, more + 1);
    return true;
}

/* A row holds a few ids: more rows then. The last is written by who called us. */
static enum vg_status audit_flux(struct vg_desk *desk, const struct vg_request *request,
                                 const struct vg_live_wish *wish, struct vg_reply *reply,
                                 struct vg_fault *fault)
{
    const struct vg_audit_entry row = {.who = request->identity.name,
                                       .from = request->identity.from,
                                       .what = "live.open",
                                       .object = reply->object,
                                       .result = "ok"};
    enum vg_status status = VG_OK;
    for (size_t i = 0; status == VG_OK && i < wish->count; i++) {
        if (add_name(reply->object, sizeof reply->object, wish->flux[i]))
            continue;
        status = vg_audit_append(desk->database, &row, vg_wall_now(), fault);
        (void)snprintf(reply->object, sizeof reply->object, "%s", wish->flux[i]);
    }
    return status;
}

void vg_on_live(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_live_wish wish;
    struct vg_fault fault = {0};
    struct vg_flux_config flux;
    const char *wrong = vg_live_wish_read(vg_request_query(request, "flux"),
                                          vg_request_query(request, "plays"), &wish);
    if (wrong) {
        vg_reply_error(reply, request->language, 400, "bad_query",
                       strcmp(wrong, "flux") == 0
                           ? N_("flux is one to 18 different ids with commas between them")
                           : N_("plays is a list of h264, h265 and jpeg"),
                       wrong);
        return;
    }
    enum vg_status status = vg_desk_database(desk, &fault);
    for (size_t i = 0; status == VG_OK && i < wish.count; i++) {
        status = vg_config_flux_get(desk->database, wish.flux[i], &flux, &fault);
        if (status != VG_E_MISSING)
            continue;
        (void)snprintf(reply->object, sizeof reply->object, "%s", wish.flux[i]);
        vg_reply_error(reply, request->language, 404, "no_flux", N_("there is no such flux"),
                       wish.flux[i]);
        return;
    }
    if (status == VG_OK)
        status = audit_flux(desk, request, &wish, reply, &fault);
    if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
        return;
    }
    reply->code = 200;
    reply->type = "application/octet-stream";
}
