#include "src/energy/dcmi_power.h"

#include "src/base/text.h"

enum {
    ANSWER_SIZE = 19,
    MEASURES = 0x40
};

const uint8_t vg_dcmi_power_asked[VG_DCMI_ASKED_SIZE] = {VG_DCMI_GROUP, 0x01, 0x00, 0x00};

static uint16_t two(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static enum vg_status refused(struct vg_fault *fault, unsigned code)
{
    return vg_fault_set(fault, VG_E_LACK, N_("the server's controller tells no power"),
                        N_("not every one has DCMI; see its documentation"), "DCMI 0x%02x", code);
}

enum vg_status vg_dcmi_power_parse(const uint8_t *answer, size_t size, struct vg_dcmi_power *power,
                                   struct vg_fault *fault)
{
    if (size > 0 && answer[0] != 0)
        return refused(fault, answer[0]);
    if (size < ANSWER_SIZE || answer[1] != VG_DCMI_GROUP)
        return vg_fault_set(fault, VG_E_INPUT, N_("the meter's answer is not understood"), NULL,
                            "DCMI: %zu", size);
    if (!(answer[18] & MEASURES))
        return refused(fault, 0);
    power->watts = two(answer + 2);
    power->least = two(answer + 4);
    power->most = two(answer + 6);
    power->mean = two(answer + 8);
    power->period_ms = two(answer + 14) | (uint32_t)two(answer + 16) << 16;
    return VG_OK;
}
