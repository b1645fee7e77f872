#include "src/media/input_meter.h"

void vg_input_meter_reset(struct vg_input_meter *meter)
{
    *meter = (struct vg_input_meter){0};
}

static void take_key(struct vg_input_meter *meter)
{
    if (meter->key_seen)
        meter->key_interval = meter->since_key;
    meter->key_seen = true;
    meter->since_key = 0;
}

bool vg_input_meter_take(struct vg_input_meter *meter, struct vg_mono_time arrival, bool key)
{
    if (key)
        take_key(meter);
    if (meter->since_key < UINT32_MAX)
        meter->since_key++;
    if (!meter->begun) {
        meter->begun = true;
        meter->begin_us = arrival.us;
        return false;
    }
    meter->count++;
    const int64_t lasted = arrival.us - meter->begin_us;
    if (lasted < VG_INPUT_METER_US)
        return false;
    meter->fps_milli = (uint32_t)((int64_t)meter->count * 1000 * VG_US_PER_S / lasted);
    meter->begin_us = arrival.us;
    meter->count = 0;
    return true;
}
