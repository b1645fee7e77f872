/* The scene of a flux: checked here, stored as it was written. */
#include "api/handlers.h"
#include "src/base/alloc.h"
#include "src/scene/scene.h"
#include "src/store/config.h"

static void reply_missing(struct vg_desk *desk, const struct vg_request *request,
                          struct vg_reply *reply)
{
    struct vg_flux_config flux;
    struct vg_fault fault = {0};
    if (vg_config_flux_get(desk->database, request->id, &flux, &fault) == VG_OK)
        vg_reply_error(reply, request->language, 404, "no_scene", N_("this flux has no scene"), "");
    else
        vg_reply_error(reply, request->language, 404, "no_flux", N_("there is no such flux"), "");
}

void vg_on_scene_get(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    char *text = NULL;
    size_t size = 0;
    uint64_t version = 0;
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_scene_get(desk->database, request->id, &text, &size, &version, &fault);
    if (status == VG_E_MISSING) {
        reply_missing(desk, request, reply);
    } else if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    } else {
        vg_reply_text(reply, 200, "application/json", text, size);
        reply->version = version;
        reply->has_version = true;
    }
}

void vg_on_scene_put(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    struct vg_flux_config flux;
    struct vg_scene *scene = NULL;
    const char *text = (const char *)request->body;
    uint64_t expected = VG_VERSION_NEW, version = 0;
    if (vg_config_flux_get(desk->database, request->id, &flux, &fault)) {
        reply_missing(desk, request, reply);
        return;
    }
    if (vg_scene_parse("body", text, request->body_size, &scene, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_scene", &fault);
        return;
    }
    vg_scene_close(&scene);
    const bool given = vg_request_if_match(request, &expected);
    if ((request->if_match[0] && !given) || (!given && flux.has_scene)) {
        vg_reply_error(reply, request->language, 412, "no_if_match",
                       N_("send the ETag that the change is based on as If-Match"), "");
        return;
    }
    const enum vg_status status = vg_config_scene_put(
        desk->database, request->id, text, request->body_size, expected, &version, &fault);
    if (status == VG_E_MISSING) {
        reply_missing(desk, request, reply);
    } else if (status == VG_E_STATE || status == VG_E_EXISTS) {
        vg_reply_error(reply, request->language, 412, "changed",
                       N_("someone else changed it meanwhile: read it again"), "");
    } else if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    } else {
        reply->code = 204;
        reply->version = version;
        reply->has_version = true;
    }
}
