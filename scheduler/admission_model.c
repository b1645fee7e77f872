#include "scheduler/admission_model.h"

#include <string.h>

#include "scheduler/decide_rate.h"
#include "src/base/json.h"
#include "src/base/text.h"

enum {
    TIME_MAX_US = 60 * 1000000,
    JITTER_MILLI = 100, /* of a device: batches of one size differ by so much */
    JOB_MILLI = 1000,
    SEED = 15
};
#define FPS_MAX 1000.0

/* ---- the text ------------------------------------------------------------------------------- */

static enum vg_status read_number(const struct vg_json *json, const json_t *object,
                                  const char *pointer, const char *key, int64_t least, int64_t most,
                                  int64_t *out)
{
    return vg_json_integer(json, object, pointer, key, VG_JSON_REQUIRED, least, most, out);
}

static enum vg_status read_device(const struct vg_json *json, const json_t *object,
                                  struct vg_sim_device *device)
{
    static const char *const keys[] = {"start_us", "job_us", "batch_max", "last", NULL};
    int64_t batch_max = 0;
    *device = (struct vg_sim_device){.jitter_milli = JITTER_MILLI};
    enum vg_status status = vg_json_keys(json, object, "/devices", keys);
    if (!status)
        status =
            read_number(json, object, "/devices", "start_us", 0, TIME_MAX_US, &device->start_us);
    if (!status)
        status = read_number(json, object, "/devices", "job_us", 1, TIME_MAX_US, &device->job_us);
    if (!status)
        status =
            read_number(json, object, "/devices", "batch_max", 1, VG_SIM_BATCH_MAX, &batch_max);
    if (!status)
        status = vg_json_flag(json, object, "/devices", "last", VG_JSON_OPTIONAL, &device->last);
    device->batch_max = (uint32_t)batch_max;
    return status;
}

static enum vg_status read_flux(const struct vg_json *json, const json_t *object,
                                struct vg_admission_known *flux)
{
    static const char *const keys[] = {"id", "jobs_milli", "source_milli", NULL};
    int64_t jobs = 0, source = 0;
    enum vg_status status = vg_json_keys(json, object, "/flux", keys);
    if (!status)
        status = vg_json_string(json, object, "/flux", "id", VG_JSON_REQUIRED, flux->id,
                                sizeof flux->id);
    if (!status)
        status = read_number(json, object, "/flux", "jobs_milli", 1, VG_ADMISSION_JOBS_MAX, &jobs);
    if (!status)
        status = read_number(json, object, "/flux", "source_milli", 0,
                             (int64_t)(FPS_MAX * JOB_MILLI), &source);
    flux->jobs_milli = (uint32_t)jobs;
    flux->source_milli = (uint32_t)source;
    return status;
}

static enum vg_status read_all(const struct vg_json *json, struct vg_admission_model *model)
{
    static const char *const keys[] = {"devices", "flux", NULL};
    json_t *devices = NULL, *flux = NULL;
    enum vg_status status = vg_json_keys(json, json->root, "", keys);
    if (!status)
        status = vg_json_array(json, json->root, "", "devices", VG_JSON_REQUIRED, VG_DEVICES_MAX,
                               &devices);
    if (!status)
        status = vg_json_array(json, json->root, "", "flux", VG_JSON_REQUIRED,
                               VG_ADMISSION_MODEL_MAX, &flux);
    model->device_count = (uint32_t)json_array_size(devices);
    model->flux_count = (uint32_t)json_array_size(flux);
    for (uint32_t i = 0; !status && i < model->device_count; i++)
        status = read_device(json, json_array_get(devices, i), &model->device[i]);
    for (uint32_t i = 0; !status && i < model->flux_count; i++)
        status = read_flux(json, json_array_get(flux, i), &model->flux[i]);
    return status;
}

enum vg_status vg_admission_model_read(const char *text, size_t size,
                                       struct vg_admission_model *model, struct vg_fault *fault)
{
    struct vg_json json;
    enum vg_status status =
        vg_json_open(&json, "capacity", text, size, VG_ADMISSION_TEXT_MAX, fault);
    if (!status)
        status = read_all(&json, model);
    vg_json_close(&json);
    return status;
}

/* Letters of ids as the configuration takes them need no quoting. */
static bool plain(const char *id)
{
    for (; *id; id++)
        if ((unsigned char)*id <= ' ' || *id == '"' || *id == '\\' || *id == 0x7f)
            return false;
    return true;
}

void vg_admission_model_write(const struct vg_admission_model *model, struct vg_text_buffer *text)
{
    const char *comma = "";
    vg_text_add(text, "{\"devices\":[");
    for (uint32_t i = 0; i < model->device_count; i++)
        vg_text_add(text, "%s{\"start_us\":%lld,\"job_us\":%lld,\"batch_max\":%u,\"last\":%s}",
                    i ? "," : "", (long long)model->device[i].start_us,
                    (long long)model->device[i].job_us, model->device[i].batch_max,
                    model->device[i].last ? "true" : "false");
    vg_text_add(text, "],\"flux\":[");
    for (uint32_t i = 0; i < model->flux_count; i++) {
        const struct vg_admission_known *flux = &model->flux[i];
        if (!flux->id[0] || !plain(flux->id))
            continue;
        vg_text_add(text, "%s{\"id\":\"%s\",\"jobs_milli\":%u,\"source_milli\":%u}", comma,
                    flux->id, flux->jobs_milli, flux->source_milli);
        comma = ",";
    }
    vg_text_add(text, "]}");
}

/* ---- the site ------------------------------------------------------------------------------- */

static const struct vg_admission_known *find(const struct vg_admission_model *model, const char *id)
{
    for (uint32_t i = 0; i < model->flux_count; i++)
        if (strcmp(model->flux[i].id, id) == 0)
            return &model->flux[i];
    return NULL;
}

static uint32_t milli(double fps)
{
    return fps > 0 ? (uint32_t)((fps < FPS_MAX ? fps : FPS_MAX) * 1000 + 0.5) : 0;
}

uint32_t vg_admission_declare(const struct vg_admission_model *model, const char *id)
{
    const struct vg_admission_known *known = find(model, id);
    return known && known->jobs_milli > JOB_MILLI ? known->jobs_milli : JOB_MILLI;
}

/* As the loop sets it (loop_config.c, loop_share.c). */
static struct vg_sim_flux flux_of(const struct vg_admission_model *model,
                                  const struct vg_admission_wish *wish)
{
    const struct vg_admission_known *known = find(model, wish->id);
    const uint32_t wanted = milli(vg_rate_choose(wish->rate_fps, wish->floor_fps, 0));
    const uint32_t jobs = (vg_admission_declare(model, wish->id) + JOB_MILLI / 2) / JOB_MILLI;
    return (struct vg_sim_flux){.wanted_milli = wanted ? wanted : 1,
                                .floor_milli = milli(wish->floor_fps),
                                .source_milli = known ? known->source_milli : 0,
                                .priority = wish->priority < 9 ? wish->priority : 9,
                                .jobs = jobs};
}

bool vg_admission_less(const struct vg_admission_wish *before,
                       const struct vg_admission_wish *after)
{
    const uint32_t had = milli(vg_rate_choose(before->rate_fps, before->floor_fps, 0));
    return milli(vg_rate_choose(after->rate_fps, after->floor_fps, 0)) <= had &&
           milli(after->floor_fps) <= milli(before->floor_fps) &&
           after->priority >= before->priority;
}

enum vg_status vg_admission_plan(const struct vg_admission_model *model,
                                 const struct vg_admission_wish *wish, uint32_t count,
                                 const struct vg_admission_wish *asked,
                                 struct vg_admission_plan *plan, struct vg_fault *fault)
{
    struct vg_admission_ask *ask = &plan->ask;
    if (model->device_count == 0)
        return vg_fault_set(fault, VG_E_STATE, N_("nothing was measured of the devices yet"), NULL,
                            "capacity");
    if (count > VG_SIM_FLUX_MAX)
        return vg_fault_set(fault, VG_E_FULL, N_("no more flux can be watched here"), NULL, "%u",
                            count);
    *ask = (struct vg_admission_ask){.replaces = VG_ADMISSION_NEW};
    for (uint32_t i = 0; i < count; i++) {
        plan->flux[i] = flux_of(model, &wish[i]);
        if (strcmp(wish[i].id, asked->id) == 0)
            ask->replaces = i;
    }
    memcpy(plan->device, model->device, sizeof plan->device);
    ask->flux = flux_of(model, asked);
    ask->site = (struct vg_sim_settings){.flux = plan->flux,
                                         .device = plan->device,
                                         .flux_count = count,
                                         .device_count = model->device_count,
                                         .seed = SEED};
    return VG_OK;
}
