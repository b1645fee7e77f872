#include "src/engine/numbers.h"

#include <math.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/engine.h"

struct vg_numbers vg_numbers_scan(const float *values, size_t count)
{
    struct vg_numbers found = {0, 0};
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i]))
            continue;
        if (!found.count++)
            found.first = i;
    }
    return found;
}

static enum vg_status engine_read(struct vg_numbers_source *source, uint32_t tensor, float *values,
                                  struct vg_fault *fault)
{
    const struct vg_numbers_engine *of = (const struct vg_numbers_engine *)(void *)source;
    return vg_engine_read_tensor(of->engine, tensor, values, fault);
}

void vg_numbers_engine_init(struct vg_numbers_engine *of, struct vg_engine *engine)
{
    of->source.read = engine_read;
    of->engine = engine;
}

static enum vg_status values_room(const struct vg_numbers_step *steps, size_t count, float **values)
{
    size_t most = 0;
    *values = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t plane, all;
        if (vg_size_mul(steps[i].height, steps[i].width, &plane) ||
            vg_size_mul(plane, steps[i].channels, &all))
            return VG_E_MEMORY;
        most = all > most ? all : most;
    }
    *values = vg_alloc_array(most, sizeof **values);
    return *values ? VG_OK : VG_E_MEMORY;
}

static enum vg_status step_refuse(const struct vg_numbers_step *step, struct vg_numbers found,
                                  struct vg_fault *fault)
{
    const size_t plane = (size_t)step->height * step->width, inside = found.first % plane;
    return vg_fault_set(fault, VG_E_INPUT, N_("a value in the net is not a finite number"),
                        N_("run `vigie device test`; check the model with other inputs"),
                        "%s, tensor %u: %zu of %zu, first at channel %zu, row %zu, column %zu",
                        step->name, step->tensor, found.count, plane * step->channels,
                        found.first / plane, inside / step->width, inside % step->width);
}

enum vg_status vg_numbers_check(struct vg_numbers_source *source,
                                const struct vg_numbers_step *steps, size_t count,
                                struct vg_fault *fault)
{
    float *values = NULL;
    enum vg_status status = values_room(steps, count, &values);
    if (status)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%zu", count);
    for (size_t i = 0; i < count && !status; i++) {
        const struct vg_numbers_step *step = &steps[i];
        status = source->read(source, step->tensor, values, fault);
        if (status)
            break;
        const struct vg_numbers found =
            vg_numbers_scan(values, (size_t)step->channels * step->height * step->width);
        if (found.count)
            status = step_refuse(step, found, fault);
    }
    vg_free(values);
    return status;
}
