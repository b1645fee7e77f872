#include "src/store/heat_query.h"

#include "src/base/alloc.h"
#include "src/base/text.h"

#define HOUR_US (INT64_C(3600) * VG_US_PER_S)

static int64_t hour_of(int64_t us)
{
    const int64_t hour = us / HOUR_US;
    return us % HOUR_US < 0 ? hour - 1 : hour;
}

static enum vg_status prepare(const struct vg_heat_ask *ask, struct vg_heat_answer *answer,
                              struct vg_fault *fault)
{
    const int64_t to_us = ask->to.us < ask->now.us ? ask->to.us : ask->now.us;
    if (ask->from.us >= to_us)
        return vg_fault_set(fault, VG_E_CALL, N_("the time to begin is not before the end"), NULL,
                            "from");
    const int64_t from = hour_of(ask->from.us), to = hour_of(to_us - 1) + 1;
    if (to - from > VG_HEAT_ASK_HOURS_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("too long: ask for 31 days at most"), NULL,
                            "from");
    answer->from.us = from * HOUR_US;
    answer->to.us = to * HOUR_US;
    return VG_OK;
}

static enum vg_status add_day(const struct vg_heat_ask *ask, struct vg_heat_answer *answer,
                              int64_t number, struct vg_heat_grid *grid, struct vg_fault *fault)
{
    uint8_t *bytes;
    size_t size = 0;
    struct vg_heat_day day;
    const enum vg_status status =
        vg_heat_read(ask->data, ask->flux, number, &bytes, &size, &day, fault);
    if (status == VG_E_MISSING || status == VG_E_INPUT) {
        answer->damaged += status == VG_E_INPUT;
        return VG_OK;
    }
    if (status)
        return status;
    for (uint32_t h = 0; h < VG_HEAT_HOURS; h++) {
        const int64_t us = (number * VG_HEAT_HOURS + h) * HOUR_US;
        if (us < answer->from.us || us >= answer->to.us)
            continue;
        const enum vg_heat_place place = vg_heat_hour(bytes, size, &day, h, grid);
        answer->damaged += place == VG_HEAT_DAMAGED;
        if (place != VG_HEAT_GOOD)
            continue;
        answer->hours++;
        vg_heat_sum_add(&answer->sum, grid);
    }
    vg_free(bytes);
    return VG_OK;
}

enum vg_status vg_heat_query(const struct vg_heat_ask *ask, struct vg_heat_answer **answer,
                             struct vg_fault *fault)
{
    struct vg_heat_answer *a = vg_alloc(sizeof *a);
    struct vg_heat_grid *grid = vg_alloc(sizeof *grid);
    *answer = NULL;
    enum vg_status status =
        a && grid ? prepare(ask, a, fault)
                  : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", ask->flux);
    const int64_t end = status ? 0 : vg_day_of((a->to.us - 1) / (60 * VG_US_PER_S));
    const int64_t begin = status ? 1 : vg_day_of(a->from.us / (60 * VG_US_PER_S));
    for (int64_t d = begin; !status && d <= end; d++)
        status = add_day(ask, a, d, grid, fault);
    vg_free(grid);
    if (status)
        vg_free(a);
    else
        *answer = a;
    return status;
}
