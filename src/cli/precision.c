#include "src/cli/precision.h"

#include <string.h>

#include "src/base/text.h"

static const struct {
    const char *text;
    enum vg_engine_precision precision;
} rows[] = {{"auto", VG_ENGINE_AUTO},
            {"f32", VG_ENGINE_F32},
            {"f16", VG_ENGINE_F16},
            {"int8", VG_ENGINE_INT8}};

enum vg_status vg_option_precision(const char *text, enum vg_engine_precision *precision,
                                   struct vg_fault *fault)
{
    *precision = VG_ENGINE_AUTO;
    for (size_t i = 0; text && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(text, rows[i].text) == 0) {
            *precision = rows[i].precision;
            return VG_OK;
        }
    if (!text)
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("there is no such precision"),
                        N_("give f32, f16, int8 or auto"), "--precision %.100s", text);
}

enum vg_status vg_option_lane(const char *text, struct vg_lane_settings *lane,
                              struct vg_fault *fault)
{
    if (!text || vg_lane_read(text, lane))
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("there is no such lane"),
                        N_("give cpu, any, nvidia, amd or intel"), "--lane %.100s", text);
}
