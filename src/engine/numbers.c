#include "src/engine/numbers.h"

#include <math.h>
#include <stdio.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/engine_inside.h"
#include "src/engine/step_cost.h"

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

/* ---- an engine's steps ---- */

struct name {
    char text[96];
};

/* What the step writes, if it is a tensor that can be read. */
static int step_take(const struct vg_plan *plan, const struct vg_model *model, uint32_t index,
                     struct vg_numbers_step *step, struct name *name)
{
    struct vg_step_time time;
    const uint32_t node = plan->step[index].node;
    if (node == VG_PLAN_NO_NODE)
        return 0;
    const uint32_t tensor = model->node[node].out;
    const struct vg_place *place = &plan->place[tensor];
    if (!place->pixel || place->last_step != index)
        return 0;
    vg_step_cost(plan, index, 1, &time);
    (void)snprintf(name->text, sizeof name->text, "node %u, %s", node, time.name);
    *step = (struct vg_numbers_step){.tensor = tensor,
                                     .channels = place->channels,
                                     .height = place->height,
                                     .width = place->width,
                                     .name = name->text};
    return 1;
}

enum vg_status vg_numbers_engine_check(struct vg_engine *engine, const struct vg_model *model,
                                       struct vg_fault *fault)
{
    const struct vg_plan *plan = vg_engine_plan(engine);
    struct vg_numbers_engine of;
    size_t count = 0;
    enum vg_status status;
    struct vg_numbers_step *steps = vg_alloc_array(plan->step_count, sizeof *steps);
    struct name *names = vg_alloc_array(plan->step_count, sizeof *names);
    vg_numbers_engine_init(&of, engine);
    for (uint32_t i = plan->net_first; steps && names && i < plan->net_end; i++)
        count += (size_t)step_take(plan, model, i, &steps[count], &names[count]);
    if (!steps || !names)
        status =
            vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", model->name);
    else
        status = vg_numbers_check(&of.source, steps, count, fault);
    vg_free(names);
    vg_free(steps);
    return status;
}
