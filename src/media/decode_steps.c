#include "src/media/decode_steps.h"

static const char *const names[VG_DECODE_STEP_COUNT] = {"vaapi", "cuda", "software", "keys",
                                                        "none"};

const char *vg_decode_step_name(enum vg_decode_step step)
{
    return (unsigned)step < VG_DECODE_STEP_COUNT ? names[step] : "?";
}

bool vg_decode_step_is_hardware(enum vg_decode_step step)
{
    return (unsigned)step < VG_DECODE_HARDWARE_COUNT;
}

void vg_decode_steps_init(struct vg_decode_steps *steps,
                          const struct vg_decode_steps_settings *settings)
{
    *steps = (struct vg_decode_steps){.settings = *settings, .ceiling = VG_DECODE_VAAPI};
    for (int i = 0; i < VG_DECODE_HARDWARE_COUNT; i++)
        steps->hardware[i].not_before_us = INT64_MIN;
}

int64_t vg_decode_steps_retry_us(const struct vg_decode_steps_settings *settings, uint32_t failures,
                                 double spread)
{
    int64_t us = settings->retry_us_min;
    for (uint32_t i = 1; i < failures && us < settings->retry_us_max; i++)
        us *= 2;
    if (us > settings->retry_us_max)
        us = settings->retry_us_max;
    return us + (int64_t)((double)us * spread / 4);
}

enum vg_decode_step vg_decode_steps_best(const struct vg_decode_steps *steps,
                                         struct vg_mono_time now)
{
    for (unsigned i = 0; i < VG_DECODE_HARDWARE_COUNT; i++) {
        const bool below_ceiling = i >= (unsigned)steps->ceiling || now.us >= steps->ceiling_us;
        if (steps->settings.present[i] && below_ceiling &&
            now.us >= steps->hardware[i].not_before_us)
            return (enum vg_decode_step)i;
    }
    return steps->settings.software;
}

void vg_decode_steps_begun(struct vg_decode_steps *steps, enum vg_decode_step step,
                           struct vg_mono_time now)
{
    if (vg_decode_step_is_hardware(step))
        steps->hardware[step].begun_us = now.us;
}

void vg_decode_steps_failed(struct vg_decode_steps *steps, enum vg_decode_step step,
                            struct vg_mono_time now, double spread)
{
    if (!vg_decode_step_is_hardware(step))
        return;
    if (steps->hardware[step].failures < UINT32_MAX)
        steps->hardware[step].failures++;
    steps->hardware[step].not_before_us =
        now.us + vg_decode_steps_retry_us(&steps->settings, steps->hardware[step].failures, spread);
}

void vg_decode_steps_postpone(struct vg_decode_steps *steps, enum vg_decode_step step,
                              struct vg_mono_time until)
{
    if (vg_decode_step_is_hardware(step))
        steps->hardware[step].not_before_us = until.us;
}

bool vg_decode_steps_trust(struct vg_decode_steps *steps, enum vg_decode_step step,
                           struct vg_mono_time now)
{
    if (!vg_decode_step_is_hardware(step) ||
        now.us - steps->hardware[step].begun_us < steps->settings.stable_us)
        return false;
    steps->hardware[step].failures = 0;
    return true;
}

struct vg_mono_time vg_decode_steps_retry(const struct vg_decode_steps *steps,
                                          enum vg_decode_step step)
{
    int64_t first_us = INT64_MAX;
    for (unsigned i = 0; i < VG_DECODE_HARDWARE_COUNT && i < (unsigned)step; i++) {
        if (!steps->settings.present[i])
            continue;
        int64_t us = steps->hardware[i].not_before_us;
        if (i < (unsigned)steps->ceiling && us < steps->ceiling_us)
            us = steps->ceiling_us;
        if (us < first_us)
            first_us = us;
    }
    return (struct vg_mono_time){first_us};
}
