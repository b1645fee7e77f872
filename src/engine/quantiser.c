#include "src/engine/quantiser.h"

#include "models/calibrate.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/engine.h"

struct vg_quantiser {
    struct vg_model *model; /* borrowed */
    struct vg_quantiser_settings settings;
    struct vg_calibration *calibration;
    struct vg_engine *engine; /* of the float net, every tensor in memory */
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    float *values; /* room for the largest tensor */
    struct vg_answer *answer;
    uint32_t pictures;
};

struct vg_quantiser_settings vg_quantiser_defaults(void)
{
    return (struct vg_quantiser_settings){.range = vg_range_settings_defaults()};
}

static enum vg_status no_memory(const struct vg_quantiser *q, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                        q->model->name);
}

static enum vg_status engine_open(struct vg_quantiser *q, struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.device = q->settings.device;
    settings.width = q->settings.width;
    settings.height = q->settings.height;
    settings.picture_width_max = VG_PICTURE_WIDTH_MAX;
    settings.picture_height_max = VG_PICTURE_HEIGHT_MAX;
    settings.tensors = VG_TENSORS_EVERY;
    settings.precision = VG_ENGINE_F32;
    return vg_engine_open(&q->engine, q->model, &settings, fault);
}

static enum vg_status rooms_make(struct vg_quantiser *q, struct vg_fault *fault)
{
    uint32_t width, height;
    size_t most = 0;
    vg_engine_input_size(q->engine, &width, &height);
    const enum vg_status status = vg_model_sizes(q->model, width, height, q->size, fault);
    if (status)
        return status;
    for (uint32_t t = 0; t < q->model->tensor_count; t++) {
        const size_t count =
            (size_t)q->size[t].width * q->size[t].height * q->model->tensor[t].channels;
        most = count > most ? count : most;
    }
    q->values = vg_alloc_array(most, sizeof *q->values);
    q->answer = vg_alloc(sizeof *q->answer);
    return q->values && q->answer ? VG_OK : no_memory(q, fault);
}

enum vg_status vg_quantiser_open(struct vg_quantiser **out, struct vg_model *model,
                                 const struct vg_quantiser_settings *settings,
                                 struct vg_fault *fault)
{
    struct vg_quantiser *q = vg_alloc(sizeof *q);
    *out = NULL;
    if (!q)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                            model->name);
    q->model = model;
    q->settings = *settings;
    enum vg_status status = vg_calibration_open(model, &q->calibration, fault);
    if (!status)
        status = engine_open(q, fault);
    if (!status)
        status = rooms_make(q, fault);
    if (status)
        vg_quantiser_close(&q);
    *out = q;
    return status;
}

void vg_quantiser_close(struct vg_quantiser **quantiser)
{
    struct vg_quantiser *q = *quantiser;
    if (!q)
        return;
    vg_engine_close(&q->engine);
    vg_calibration_close(&q->calibration);
    vg_free(q->values);
    vg_free(q->answer);
    vg_free(q);
    *quantiser = NULL;
}

enum vg_status vg_quantiser_add(struct vg_quantiser *q, const struct vg_picture *picture,
                                struct vg_fault *fault)
{
    const struct vg_job job = {.picture = picture, .threshold = 1, .nms = 1};
    enum vg_status status = vg_engine_run(q->engine, &job, 1, q->answer, fault);
    for (uint32_t t = 0; t < q->model->tensor_count && !status; t++) {
        const struct vg_size size = q->size[t];
        const struct vg_tensor_layout layout = {size.width, size.height, 1,
                                                (size_t)size.width * size.height, size.width};
        if (!vg_calibration_wants(q->calibration, t))
            continue;
        status = vg_engine_read_tensor(q->engine, t, q->values, fault);
        if (!status)
            status = vg_calibration_feed(q->calibration, t, q->values, &layout, fault);
    }
    q->pictures += !status;
    return status;
}

enum vg_status vg_quantiser_finish(struct vg_quantiser *q, struct vg_fault *fault)
{
    if (q->pictures < VG_QUANTISER_PICTURES_MIN)
        return vg_fault_set(fault, VG_E_CALL, N_("too few pictures to know a net's values by"),
                            N_("give pictures of the cameras that the net will see"), "%u < %d",
                            q->pictures, VG_QUANTISER_PICTURES_MIN);
    vg_engine_close(&q->engine); /* the model changes */
    return vg_calibration_finish(q->calibration, &q->settings.range, q->model, fault);
}
