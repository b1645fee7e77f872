#include "scheduler/forecast/admission_model.h"

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

/* What need not be there: 0 then. */
static enum vg_status read_perhaps(const struct vg_json *json, const json_t *object,
                                   const char *pointer, const char *key, int64_t most, int64_t *out)
{
    return vg_json_integer(json, object, pointer, key, VG_JSON_OPTIONAL, 0, most, out);
}

static enum vg_status read_device(const struct vg_json *json, const json_t *object,
                                  struct vg_sim_device *device, uint32_t *had_milli)
{
    static const char *const keys[] = {"start_us",    "job_us",    "batch_max", "last",
                                       "cores_milli", "had_milli", NULL};
    int64_t batch_max = 0, cores = 0, had = 0;
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
    if (!status)
        status =
            read_perhaps(json, object, "/devices", "cores_milli", VG_ADMISSION_CORES_MAX, &cores);
    if (!status)
        status = read_perhaps(json, object, "/devices", "had_milli", VG_ADMISSION_CORES_MAX, &had);
    device->batch_max = (uint32_t)batch_max;
    device->cores_milli = (uint32_t)cores;
    *had_milli = (uint32_t)had;
    return status;
}

static enum vg_status read_host(const struct vg_json *json, const json_t *object,
                                struct vg_admission_host *host)
{
    static const char *const keys[] = {"cores_milli", "rest_milli", "workers",
                                       "decode_us",   "follow_us",  NULL};
    int64_t value[5] = {0};
    static const int64_t most[] = {VG_ADMISSION_CORES_MAX, VG_ADMISSION_CORES_MAX,
                                   VG_SIM_WORKERS_MAX, VG_ADMISSION_PICTURE_US_MAX,
                                   VG_ADMISSION_PICTURE_US_MAX};
    enum vg_status status = vg_json_keys(json, object, "/host", keys);
    for (int i = 0; keys[i] && !status; i++)
        status = read_number(json, object, "/host", keys[i], 0, most[i], &value[i]);
    *host = (struct vg_admission_host){(uint32_t)value[0], (uint32_t)value[1], (uint32_t)value[2],
                                       (uint32_t)value[3], (uint32_t)value[4]};
    return status;
}

static enum vg_status read_flux(const struct vg_json *json, const json_t *object,
                                struct vg_admission_known *flux)
{
    static const char *const keys[] = {"id", "jobs_milli", "source_milli", "decode_us", NULL};
    int64_t jobs = 0, source = 0, decode = 0;
    enum vg_status status = vg_json_keys(json, object, "/flux", keys);
    if (!status)
        status = vg_json_string(json, object, "/flux", "id", VG_JSON_REQUIRED, flux->id,
                                sizeof flux->id);
    if (!status)
        status = read_number(json, object, "/flux", "jobs_milli", 1, VG_ADMISSION_JOBS_MAX, &jobs);
    if (!status)
        status = read_number(json, object, "/flux", "source_milli", 0,
                             (int64_t)(FPS_MAX * JOB_MILLI), &source);
    if (!status)
        status =
            read_perhaps(json, object, "/flux", "decode_us", VG_ADMISSION_PICTURE_US_MAX, &decode);
    flux->decode_us = (uint32_t)decode;
    flux->jobs_milli = (uint32_t)jobs;
    flux->source_milli = (uint32_t)source;
    return status;
}

static enum vg_status read_all(const struct vg_json *json, struct vg_admission_model *model)
{
    static const char *const keys[] = {"devices", "host", "flux", NULL};
    const json_t *host = json_object_get(json->root, "host");
    json_t *devices = NULL, *flux = NULL;
    enum vg_status status = vg_json_keys(json, json->root, "", keys);
    if (!status)
        status = vg_json_array(json, json->root, "", "devices", VG_JSON_REQUIRED, VG_DEVICES_MAX,
                               &devices);
    if (!status)
        status = vg_json_array(json, json->root, "", "flux", VG_JSON_REQUIRED,
                               VG_ADMISSION_MODEL_MAX, &flux);
    model->host = (struct vg_admission_host){0};
    if (!status && host)
        status = read_host(json, host, &model->host);
    model->device_count = (uint32_t)json_array_size(devices);
    model->flux_count = (uint32_t)json_array_size(flux);
    for (uint32_t i = 0; !status && i < model->device_count; i++)
        status =
            read_device(json, json_array_get(devices, i), &model->device[i], &model->had_milli[i]);
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
        vg_text_add(text,
                    "%s{\"start_us\":%lld,\"job_us\":%lld,\"batch_max\":%u,\"last\":%s,"
                    "\"cores_milli\":%u,\"had_milli\":%u}",
                    i ? "," : "", (long long)model->device[i].start_us,
                    (long long)model->device[i].job_us, model->device[i].batch_max,
                    model->device[i].last ? "true" : "false", model->device[i].cores_milli,
                    model->had_milli[i]);
    const struct vg_admission_host *host = &model->host;
    vg_text_add(text,
                "],\"host\":{\"cores_milli\":%u,\"rest_milli\":%u,\"workers\":%u,"
                "\"decode_us\":%u,\"follow_us\":%u},\"flux\":[",
                host->cores_milli, host->rest_milli, host->workers, host->decode_us,
                host->follow_us);
    for (uint32_t i = 0; i < model->flux_count; i++) {
        const struct vg_admission_known *flux = &model->flux[i];
        if (!flux->id[0] || !plain(flux->id))
            continue;
        vg_text_add(text,
                    "%s{\"id\":\"%s\",\"jobs_milli\":%u,\"source_milli\":%u,\"decode_us\":%u}",
                    comma, flux->id, flux->jobs_milli, flux->source_milli, flux->decode_us);
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
                                .jobs = jobs,
                                .decode_us = known && known->decode_us ? known->decode_us
                                                                       : model->host.decode_us};
}

/* A batch takes the same of the processor however long it lasts: its time alone is what it took, by
 * what it had of the cores. */
static struct vg_sim_device device_alone(const struct vg_admission_model *model, uint32_t i)
{
    struct vg_sim_device device = model->device[i];
    const uint32_t had = model->had_milli[i];
    if (device.cores_milli > model->host.cores_milli)
        device.cores_milli = model->host.cores_milli;
    if (device.cores_milli == 0 || had == 0 || had >= device.cores_milli)
        return device;
    device.start_us = device.start_us * had / device.cores_milli;
    device.job_us = device.job_us * had / device.cores_milli;
    device.job_us = device.job_us > 0 ? device.job_us : 1;
    return device;
}

/* Other programs get no more than their half: the cores are shared out evenly to who wants them. */
static struct vg_sim_host host_of(const struct vg_admission_host *host)
{
    const uint32_t half = host->cores_milli / 2;
    const uint32_t rest = host->rest_milli < half ? host->rest_milli : half;
    return (struct vg_sim_host){.cores_milli = host->cores_milli - rest,
                                .workers = host->workers > 0 ? host->workers : 1,
                                .follow_us = host->follow_us > 0 ? host->follow_us : 1};
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
    if (model->host.cores_milli == 0 || model->host.decode_us == 0)
        return vg_fault_set(fault, VG_E_STATE,
                            N_("nothing was measured of the processor's cores yet"), NULL,
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
    for (uint32_t i = 0; i < model->device_count; i++)
        plan->device[i] = device_alone(model, i);
    const struct vg_admission_known *known = find(model, asked->id);
    plan->decode_assumed = !known || !known->decode_us;
    ask->flux = flux_of(model, asked);
    ask->site = (struct vg_sim_settings){.flux = plan->flux,
                                         .device = plan->device,
                                         .flux_count = count,
                                         .device_count = model->device_count,
                                         .host = host_of(&model->host),
                                         .seed = SEED};
    return VG_OK;
}
