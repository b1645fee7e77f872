/* Holds the place of the engine's own way to time its steps. */
#include "src/base/text.h"
#include "src/engine/profile.h"

enum vg_status vg_engine_profile(struct vg_engine *engine, uint32_t runs,
                                 struct vg_profile *profile, struct vg_fault *fault)
{
    (void)engine;
    (void)profile;
    return vg_fault_set(fault, VG_E_STATE, N_("the engine cannot time its steps yet"), NULL, "%u",
                        runs);
}
