#include "scheduler/live_config.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/text.h"

#define CORES_MOST 1024u

static enum vg_status refuse(struct vg_fault *fault, const char *place)
{
    return vg_fault_set(fault, VG_E_INPUT, N_("the configuration message was refused"), NULL, "%s",
                        place);
}

/* A short text of the object, "" when absent; false if it is of another type or too long. */
static bool take_text(const json_t *object, const char *key, char *out, size_t size)
{
    const json_t *value = json_object_get(object, key);
    out[0] = '\0';
    if (!value || json_is_null(value))
        return true;
    const char *text = json_string_value(value);
    if (!text || strlen(text) >= size)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool take_index(const json_t *object, const char *key, uint32_t most, uint32_t *out)
{
    const json_t *value = json_object_get(object, key);
    const json_int_t v = json_integer_value(value);
    if (!json_is_integer(value) || v < 0 || v > most)
        return false;
    *out = (uint32_t)v;
    return true;
}

static enum vg_status take_scene(const json_t *scene, struct vg_live_flux_config *flux)
{
    if (!scene || json_is_null(scene))
        return VG_OK;
    struct vg_fault fault;
    flux->scene_text = vg_json_text(scene);
    if (!flux->scene_text)
        return VG_E_MEMORY;
    if (vg_scene_parse(flux->id, flux->scene_text, strlen(flux->scene_text), &flux->scene,
                       &fault)) {
        char text[1024];
        vg_fault_text(&fault, text, sizeof text);
        vg_log(VG_LOG_ERROR, "flux %s: its scene is refused and not watched: %s", flux->id, text);
    }
    return VG_OK;
}

static enum vg_status take_flux(const json_t *object, struct vg_live_flux_config *flux,
                                struct vg_fault *fault)
{
    if (!take_text(object, "id", flux->id, sizeof flux->id) || flux->id[0] == '\0')
        return refuse(fault, "/flux/id");
    if (!take_index(object, "ingest", 255, &flux->ingest) ||
        !take_index(object, "slot", 63, &flux->slot) ||
        !take_index(object, "priority", 9, &flux->priority))
        return refuse(fault, flux->id);
    /* of a supervisor that does not say: nothing was declared */
    (void)take_index(object, "declared_milli", VG_LIVE_DECLARED_MAX, &flux->declared_milli);
    flux->view_source = (uint64_t)json_integer_value(json_object_get(object, "view_source"));
    flux->view_confirmed = (uint64_t)json_integer_value(json_object_get(object, "view_confirmed"));
    flux->rate_fps = json_number_value(json_object_get(object, "rate_fps"));
    if (!(flux->rate_fps > 0 && flux->rate_fps <= 120))
        return refuse(fault, flux->id);
    flux->active = json_is_true(json_object_get(object, "active"));
    return take_scene(json_object_get(object, "scene"), flux);
}

/* 0: of a supervisor that does not say, too. */
static uint32_t decode_milli_of(const json_t *message)
{
    const double cores = json_number_value(json_object_get(message, "decode_cores"));
    if (!(cores > 0))
        return 0;
    return cores < 0.001        ? 1
           : cores < CORES_MOST ? (uint32_t)(cores * 1000 + 0.5)
                                : CORES_MOST * 1000;
}

static enum vg_status take_all(const json_t *message, struct vg_live_config *config,
                               struct vg_fault *fault)
{
    const json_t *flux = json_object_get(message, "flux");
    config->version = (uint64_t)json_integer_value(json_object_get(message, "version"));
    if (!take_text(message, "model", config->model, sizeof config->model) ||
        !take_text(message, "node", config->node, sizeof config->node) ||
        !take_text(message, "phase", config->phase, sizeof config->phase))
        return refuse(fault, "/model, /node, /phase");
    config->decode_milli = decode_milli_of(message);
    const enum vg_status status = vg_authorisation_read(json_object_get(message, "authorisation"),
                                                        &config->authorisation, fault);
    if (status)
        return status;
    if (!json_is_array(flux) || json_array_size(flux) > VG_LIVE_FLUX_MAX)
        return refuse(fault, "/flux");
    for (size_t i = 0; i < json_array_size(flux); i++) {
        const enum vg_status failed =
            take_flux(json_array_get(flux, i), &config->flux[config->flux_count], fault);
        config->flux_count++;
        if (failed)
            return failed;
    }
    return VG_OK;
}

enum vg_status vg_live_config_read(const json_t *message, struct vg_live_config **config,
                                   struct vg_fault *fault)
{
    struct vg_live_config *c = vg_alloc(sizeof *c);
    *config = NULL;
    if (!c)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "config");
    const enum vg_status status = take_all(message, c, fault);
    if (status)
        vg_live_config_free(&c);
    *config = c;
    return status;
}

void vg_live_config_free(struct vg_live_config **config)
{
    struct vg_live_config *c = *config;
    if (!c)
        return;
    for (uint32_t i = 0; i < c->flux_count; i++) {
        vg_scene_close(&c->flux[i].scene);
        vg_free(c->flux[i].scene_text);
    }
    vg_free(c);
    *config = NULL;
}
