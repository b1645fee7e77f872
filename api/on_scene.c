/* The scene of a flux: checked here, stored as it was written. */
#include <stdio.h>
#include <string.h>

#include "api/fit.h"
#include "api/handlers.h"
#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/scene/scene.h"
#include "src/scene/zone_sizes.h"
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

/* Pictures of a camera, if nobody knows better: of another shape persons take more of the input. */
#define SHAPE_WIDTH  16
#define SHAPE_HEIGHT 9

/* What the site's model knows and how large its input is; zeros: the scene does not depend on it,
 * or nobody knows. */
static void ask_model(const struct vg_desk *desk, const struct vg_scene *scene, vg_class_set *known,
                      struct vg_eye *eye)
{
    struct vg_config_site site;
    struct vg_fault fault = {0};
    struct vg_model *model = NULL;
    vg_class_set needs = 0;
    *known = 0;
    *eye = (struct vg_eye){SHAPE_WIDTH, SHAPE_HEIGHT, 0, 0};
    for (uint32_t i = 0; i < scene->rule_count; i++)
        needs |= vg_scene_rule_needs(&scene->rule[i]);
    const bool sized = scene->terrain.measured || scene->terrain.sized;
    if ((!needs && !sized) || vg_config_site_get(desk->database, &site, &fault) ||
        vg_model_find(site.model, &model, &fault))
        return;
    *known = vg_model_classes(model);
    eye->net_width = (double)model->input_width;
    eye->net_height = (double)model->input_height;
    vg_model_close(&model);
}

/* Its number among the zones, as they stand in the scene's text. */
static uint32_t zone_number(const struct vg_scene *scene, int place)
{
    uint32_t number = 0;
    for (int i = 0; i < place; i++)
        number += scene->place[i].kind == VG_PLACE_ZONE;
    return number;
}

static json_t *warning_json(const struct vg_scene *scene, const struct vg_scene_warning *warning,
                            enum vg_language language)
{
    char where[32];
    if (warning->place >= 0)
        (void)snprintf(where, sizeof where, "/zones/%u", zone_number(scene, warning->place));
    else
        (void)snprintf(where, sizeof where, "/rules/%u", warning->rule);
    json_t *object =
        json_pack("{s:s, s:s, s:s}", "where", where, "message", vg_text_in(language, warning->what),
                  "remedy", vg_text_in(language, warning->remedy));
    if (warning->detail[0])
        (void)json_object_set_new(object, warning->place >= 0 ? "detail" : "part",
                                  json_string(warning->detail));
    return object;
}

/* NULL: nothing to warn of. */
static json_t *warnings_of(const struct vg_desk *desk, const struct vg_scene *scene,
                           enum vg_language language)
{
    struct vg_scene_warning warnings[VG_SCENE_WARNINGS_MAX];
    vg_class_set known;
    struct vg_eye eye;
    ask_model(desk, scene, &known, &eye);
    uint32_t count = vg_scene_warnings(scene, known, warnings, VG_SCENE_WARNINGS_MAX);
    count += vg_zone_warnings(scene, &eye, warnings + count, VG_SCENE_WARNINGS_MAX - count);
    json_t *list = count ? json_array() : NULL;
    for (uint32_t i = 0; i < count; i++)
        (void)json_array_append_new(list, warning_json(scene, &warnings[i], language));
    return list ? json_pack("{s:o}", "warnings", list) : NULL;
}

/* ---- put ---------------------------------------------------------------------------------- */

/* Stores the text. said: NULL for nothing. */
static void put_text(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                     const struct vg_flux_config *flux, const struct vg_fit *fit, json_t *said)
{
    struct vg_fault fault = {0};
    uint64_t expected = VG_VERSION_NEW, version = 0;
    const bool given = vg_request_if_match(request, &expected);
    if ((request->if_match[0] && !given) || (!given && flux->has_scene)) {
        vg_reply_error(reply, request->language, 412, "no_if_match",
                       N_("send the ETag that the change is based on as If-Match"), "");
        return;
    }
    enum vg_status status =
        vg_config_scene_put(desk->database, request->id, (const char *)request->body,
                            request->body_size, expected, &version, &fault);
    if (!status)
        status = vg_fit_declare(desk, request->id, fit, &fault);
    if (status == VG_E_MISSING) {
        reply_missing(desk, request, reply);
    } else if (status == VG_E_STATE || status == VG_E_EXISTS) {
        vg_reply_error(reply, request->language, 412, "changed",
                       N_("someone else changed it meanwhile: read it again"), "");
    } else if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    } else {
        reply->code = 204;
        if (said)
            vg_reply_json(reply, 200, json_incref(said));
        reply->version = version;
        reply->has_version = true;
    }
}

/* An answer that is not the one that is hoped for is told beside the warnings. */
static json_t *with_fit(json_t *warnings, const struct vg_fit *fit)
{
    const char *verdict = json_string_value(json_object_get(fit->answer, "verdict"));
    if (!verdict || !fit->declared || strcmp(verdict, "held") == 0)
        return warnings;
    json_t *said = warnings ? warnings : json_pack("{s:[]}", "warnings");
    (void)json_object_set(said, "admission", fit->answer);
    return said;
}

void vg_on_scene_put(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    struct vg_flux_config flux;
    struct vg_scene *scene = NULL;
    struct vg_fit fit;
    const char *text = (const char *)request->body;
    if (vg_config_flux_get(desk->database, request->id, &flux, &fault)) {
        reply_missing(desk, request, reply);
        return;
    }
    if (vg_scene_parse("body", text, request->body_size, &scene, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_scene", &fault);
        return;
    }
    const struct vg_fit_change change = {&flux, scene};
    if (vg_fit_admits(desk, request, reply, &change, VG_FIT_TO_SAVE, &fit)) {
        json_t *said = with_fit(warnings_of(desk, scene, request->language), &fit);
        put_text(desk, request, reply, &flux, &fit, said);
        json_decref(said);
        vg_fit_release(&fit);
    }
    vg_scene_close(&scene);
}
