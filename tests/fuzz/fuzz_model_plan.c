/* Plans of a model file of any bytes, in floats and in 8 bits: ranges, steps and zero points are of
 * the file.
 *
 * Must never happen: a read or write outside, a hang, a plan of a tensor of bytes whose step is no
 * number or 0. Size and digest are made right first, so that what was changed comes through. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/engine/plan.h"

#define SIDE_MAX 128 /* of a net's input: larger ones only take longer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void plan(const struct vg_model *model, enum vg_plan_precision precision)
{
    const struct vg_plan_settings settings = {.width = model->input_width,
                                              .height = model->input_height,
                                              .batch_max = 2,
                                              .lane = VG_LANE_CPU,
                                              .fusion = VG_FUSION_ALL,
                                              .precision = precision,
                                              .int8_lane = VG_INT8_AVX512_VNNI,
                                              .block = 16,
                                              .float_width = 16,
                                              .compute_units = 2,
                                              .local_bytes = 1 << 16};
    struct vg_plan *made = NULL;
    struct vg_fault fault = {.place = ""};
    const enum vg_status status = vg_plan_open(&made, model, &settings, &fault);
    require((status == VG_OK) == (made != NULL));
    for (uint32_t i = 0; made && i < made->place_count; i++)
        if (made->place[i].value_bytes == 1 && !made->place[i].pixels)
            require(isfinite(made->place[i].step) && made->place[i].step > 0);
    vg_plan_close(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_model *model = NULL;
    struct vg_fault fault = {.place = ""};
    if (size < 512 + VG_SHA256_BYTES || size > (1u << 20))
        return 0;
    uint8_t *right = malloc(size);
    if (!right)
        return 0;
    memcpy(right, data, size);
    for (unsigned i = 0; i < 8; i++)
        right[16 + i] = (uint8_t)((uint64_t)size >> (8 * i));
    vg_sha256(right, size - VG_SHA256_BYTES, right + size - VG_SHA256_BYTES);
    const enum vg_status status = vg_model_parse("fuzz", right, size, &model, &fault);
    free(right);
    if (status || model->input_width > SIDE_MAX || model->input_height > SIDE_MAX) {
        vg_model_close(&model);
        return 0;
    }
    plan(model, VG_PRECISION_F32);
    if (model->range)
        plan(model, VG_PRECISION_INT8);
    vg_model_close(&model);
    return 0;
}
