#include "src/cli/model_numbers.h"

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/cli/cold_start.h"
#include "src/engine/engine.h"
#include "src/engine/numbers.h"
#include "src/media/still.h"

static enum vg_status engine_open(const struct vg_model *model,
                                  const struct vg_model_numbers *request,
                                  const struct vg_picture *picture, struct vg_engine **engine,
                                  struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_cold_start start;
    vg_cold_start_init(&start);
    settings.listener = &start.listener;
    settings.device = request->device;
    settings.tensors = VG_TENSORS_EVERY;
    settings.picture_width_max = picture ? picture->width : 64;
    settings.picture_height_max = picture ? picture->height : 64;
    const enum vg_status status = vg_engine_open(engine, model, &settings, fault);
    vg_cold_start_end(&start);
    return status;
}

static enum vg_status picture_run(struct vg_engine *engine, const struct vg_picture *picture,
                                  struct vg_fault *fault)
{
    const struct vg_job job = {.picture = picture, .threshold = 1, .nms = 1};
    struct vg_answer *answer = vg_alloc(sizeof *answer);
    if (!answer)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%zu", sizeof *answer);
    const enum vg_status status = vg_engine_run(engine, &job, 1, answer, fault);
    vg_free(answer);
    return status;
}

/* bytes in stripes and steps, from 0 to 255, as a picture would give them */
static enum vg_status formula_run(struct vg_engine *engine, const struct vg_model *model,
                                  struct vg_fault *fault)
{
    uint32_t width, height;
    vg_engine_input_size(engine, &width, &height);
    float *input = vg_alloc_array((size_t)width * height, 3 * sizeof *input), *at = input;
    if (!input)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u x %u", width,
                            height);
    for (uint32_t c = 0; c < 3; c++)
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++) {
                const uint32_t byte = (3 * x + 5 * y + 7 * x * y / 16 + 37 * c) % 256;
                *at++ = ((float)byte - model->mean[c]) * model->scale[c];
            }
    const enum vg_status status = vg_engine_run_tensor(engine, input, fault);
    vg_free(input);
    return status;
}

enum vg_status vg_model_numbers_check(const struct vg_model *model,
                                      const struct vg_model_numbers *request,
                                      struct vg_fault *fault)
{
    struct vg_still *still = NULL;
    struct vg_engine *engine = NULL;
    enum vg_status status =
        request->picture ? vg_still_read(request->picture, &still, fault) : VG_OK;
    const struct vg_picture *picture = still ? vg_still_picture(still) : NULL;
    if (!status)
        status = engine_open(model, request, picture, &engine, fault);
    if (!status)
        status = picture ? picture_run(engine, picture, fault) : formula_run(engine, model, fault);
    if (!status)
        status = vg_numbers_engine_check(engine, model, fault);
    vg_engine_close(&engine);
    vg_still_close(&still);
    return status;
}
