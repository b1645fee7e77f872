/* The scene of a flux: checked here, stored as it was written. */
#include <stdio.h>

#include "api/handlers.h"
#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
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

/* ---- warnings ----------------------------------------------------------------------------- */

/* The classes of the site's model; 0: the scene needs none of its own, or nobody knows. */
static vg_class_set known_classes(const struct vg_desk *desk, const struct vg_scene *scene)
{
    struct vg_config_site site;
    struct vg_fault fault = {0};
    struct vg_model *model = NULL;
    vg_class_set needs = 0, known = 0;
    for (uint32_t i = 0; i < scene->rule_count; i++)
        needs |= vg_scene_rule_needs(&scene->rule[i]);
    if (!needs || vg_config_site_get(desk->database, &site, &fault) ||
        vg_model_find(site.model, &model, &fault))
        return 0;
    known = vg_model_classes(model);
    vg_model_close(&model);
    return known;
}

static json_t *warning_json(const struct vg_scene_warning *warning, enum vg_language language)
{
    char where[32];
    (void)snprintf(where, sizeof where, "/rules/%u", warning->rule);
    json_t *object =
        json_pack("{s:s, s:s, s:s}", "where", where, "message", vg_text_in(language, warning->what),
                  "remedy", vg_text_in(language, warning->remedy));
    if (warning->detail[0])
        (void)json_object_set_new(object, "part", json_string(warning->detail));
    return object;
}

/* NULL: nothing to warn of. */
static json_t *warnings_of(const struct vg_desk *desk, const struct vg_scene *scene,
                           enum vg_language language)
{
    struct vg_scene_warning warnings[VG_SCENE_WARNINGS_MAX];
    const uint32_t count =
        vg_scene_warnings(scene, known_classes(desk, scene), warnings, VG_SCENE_WARNINGS_MAX);
    json_t *list = count ? json_array() : NULL;
    for (uint32_t i = 0; i < count; i++)
        (void)json_array_append_new(list, warning_json(&warnings[i], language));
    return list ? json_pack("{s:o}", "warnings", list) : NULL;
}

/* ---- put ---------------------------------------------------------------------------------- */

/* Stores the text. warnings: NULL for none. */
static void put_text(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                     const struct vg_flux_config *flux, json_t *warnings)
{
    struct vg_fault fault = {0};
    uint64_t expected = VG_VERSION_NEW, version = 0;
    const bool given = vg_request_if_match(request, &expected);
    if ((request->if_match[0] && !given) || (!given && flux->has_scene)) {
        vg_reply_error(reply, request->language, 412, "no_if_match",
                       N_("send the ETag that the change is based on as If-Match"), "");
        return;
    }
    const enum vg_status status =
        vg_config_scene_put(desk->database, request->id, (const char *)request->body,
                            request->body_size, expected, &version, &fault);
    if (status == VG_E_MISSING) {
        reply_missing(desk, request, reply);
    } else if (status == VG_E_STATE || status == VG_E_EXISTS) {
        vg_reply_error(reply, request->language, 412, "changed",
                       N_("someone else changed it meanwhile: read it again"), "");
    } else if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    } else {
        reply->code = 204;
        if (warnings)
            vg_reply_json(reply, 200, json_incref(warnings));
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
    if (vg_config_flux_get(desk->database, request->id, &flux, &fault)) {
        reply_missing(desk, request, reply);
        return;
    }
    if (vg_scene_parse("body", text, request->body_size, &scene, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_scene", &fault);
        return;
    }
    json_t *warnings = warnings_of(desk, scene, request->language);
    vg_scene_close(&scene);
    put_text(desk, request, reply, &flux, warnings);
    json_decref(warnings);
}
