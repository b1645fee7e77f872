#include "src/engine/plan_pin.h"

#include <string.h>

#include "src/base/text.h"
#include "src/engine/conv_variants.h"

static const char make_one[] =
    N_("make one: `vigie device tune MODEL --file FILE`, with the size that is used");

enum vg_status vg_plan_pin_device(const struct vg_tune *pin, const char *device, const char *driver,
                                  const char *file, struct vg_fault *fault)
{
    struct vg_tune own; /* its names, as the file would write them */
    vg_tune_init(&own, device, driver);
    if (strcmp(own.device, pin->device) == 0 && strcmp(own.driver, pin->driver) == 0)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("the plan was made on another device or driver"),
                        make_one, "%.200s: %.120s, %.80s", file, pin->device, pin->driver);
}

/* What the plan takes at any place of the need. Places of one need may differ in what fits: the
 * tuner leaves the table's choice to those where its own does not. */
static int is_taken(const struct vg_plan *plan, const struct vg_tune_row *row,
                    const struct vg_tune *pin)
{
    for (uint32_t i = 0; i < plan->choice_count; i++)
        if (vg_tune_nearest(pin, &plan->choice[i].need) == row &&
            strcmp(vg_conv_row(plan->choice[i].row)->name, row->variant) == 0)
            return 1;
    return 0;
}

enum vg_status vg_plan_pin_check(const struct vg_plan *plan, const struct vg_tune *pin,
                                 const char *file, struct vg_fault *fault)
{
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct vg_plan_choice *choice = &plan->choice[i];
        const struct vg_tune_row *row = vg_tune_nearest(pin, &choice->need);
        char need[VG_TUNE_LINE_SIZE];
        vg_tune_need_text(&choice->need, need);
        if (!row)
            return vg_fault_set(fault, VG_E_INPUT, N_("the plan says nothing of a need of the net"),
                                make_one, "%.200s: %s, node %u", file, need, choice->node);
        if (!is_taken(plan, row, pin))
            return vg_fault_set(fault, VG_E_INPUT,
                                N_("the plan's kernel cannot be taken on this device"), make_one,
                                "%.200s: %s, node %u: %s", file, need, choice->node, row->variant);
    }
    return VG_OK;
}
