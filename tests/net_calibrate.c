#include "tests/net_calibrate.h"

#include <stdlib.h>

#include "models/calibrate.h"
#include "src/base/random.h"
#include "tests/model_reference.h"

static void require(int holds)
{
    if (!holds)
        abort();
}

float *net_input(uint64_t seed, uint32_t width, uint32_t height)
{
    struct vg_random random;
    const size_t count = (size_t)3 * width * height;
    float *input = malloc(count * sizeof *input);
    require(input != NULL);
    vg_random_seed(&random, seed);
    for (size_t i = 0; i < count; i++)
        input[i] = (float)(3.8 * vg_random_unit(&random) - 1.9);
    return input;
}

static void feed(struct vg_calibration *calibration, const struct vg_model *model,
                 const struct vg_reference *reference)
{
    for (uint32_t t = 0; t < model->tensor_count; t++) {
        const struct vg_size size = reference->size[t];
        const struct vg_tensor_layout layout = {size.width, size.height, 1,
                                                (size_t)size.width * size.height, size.width};
        if (vg_calibration_wants(calibration, t))
            require(!vg_calibration_feed(calibration, t, reference->tensor[t], &layout, NULL));
    }
}

void net_calibrate(struct vg_model *model, uint64_t seed, uint32_t width, uint32_t height)
{
    struct vg_range_settings settings = vg_range_settings_defaults();
    struct vg_calibration *calibration = NULL;
    struct vg_reference *reference = calloc(1, sizeof *reference);
    float *input = net_input(seed, width, height);
    settings.noise_max = 1; /* nothing stays float: these nets are for the arithmetic */
    require(reference != NULL);
    require(!vg_calibration_open(model, &calibration, NULL));
    require(!vg_reference_run(model, width, height, input, reference, NULL));
    feed(calibration, model, reference);
    require(!vg_calibration_finish(calibration, &settings, model, NULL));
    require(!vg_model_check(model, NULL));
    vg_calibration_close(&calibration);
    vg_reference_release(reference);
    free(reference);
    free(input);
}
