/* Back-off and watchdog of one child; see the header. */
#include "src/supervise/decide_restart.h"

#include "src/base/text.h"

static const char *const state_names[] = {
    [VG_PART_WAITING] = "waiting",
    [VG_PART_STARTING] = "starting",
    [VG_PART_UP] = "up",
    [VG_PART_STOPPED] = "stopped",
};

static const struct {
    const char *name, *text;
} causes[] = {
    [VG_END_NONE] = {"none", N_("nothing happened")},
    [VG_END_EXIT] = {"exit", N_("it ended by itself")},
    [VG_END_REFUSED] = {"refused", N_("it refused what it was given")},
    [VG_END_SIGNAL] = {"signal", N_("it was killed by a signal")},
    [VG_END_SILENT] = {"silent", N_("it gave no sign of life and was killed")},
    [VG_END_START] = {"start", N_("it was not ready in time and was killed")},
    [VG_END_NONSENSE] = {"nonsense", N_("it sent what is not a message and was killed")},
    [VG_END_SPAWN] = {"spawn", N_("it could not be started")},
    [VG_END_PLANNED] = {"planned", N_("it was started again with new settings")},
};

const char *vg_part_state_name(enum vg_part_state state)
{
    return state_names[state];
}

const char *vg_end_cause_name(enum vg_end_cause cause)
{
    return causes[cause].name;
}

const char *vg_end_cause_text(enum vg_end_cause cause)
{
    return causes[cause].text;
}

void vg_restart_init(struct vg_restart *restart, struct vg_mono_time now)
{
    *restart = (struct vg_restart){.state = VG_PART_WAITING, .due = now};
}

int64_t vg_restart_delay_us(uint32_t failures, enum vg_end_cause cause)
{
    const int64_t most =
        cause == VG_END_REFUSED ? VG_RESTART_REFUSED_US_MOST : VG_RESTART_DELAY_US_MOST;
    int64_t delay = VG_RESTART_DELAY_US_LEAST;
    for (uint32_t i = 1; i < failures && delay < most; i++)
        delay *= 2;
    return delay < most ? delay : most;
}

void vg_restart_on_start(struct vg_restart *restart, struct vg_mono_time now)
{
    restart->state = VG_PART_STARTING;
    restart->started = now;
    restart->sign = now;
    restart->starts++;
    restart->news = false;
}

void vg_restart_on_sign(struct vg_restart *restart, struct vg_mono_time now)
{
    restart->sign = now;
}

void vg_restart_on_up(struct vg_restart *restart, struct vg_mono_time now)
{
    restart->sign = now;
    restart->refused = false;
    if (restart->state == VG_PART_STARTING)
        restart->state = VG_PART_UP;
}

void vg_restart_on_end(struct vg_restart *restart, enum vg_end_cause cause, struct vg_mono_time now)
{
    const bool refused = cause == VG_END_REFUSED, opened = restart->state == VG_PART_UP;
    restart->state = VG_PART_WAITING;
    restart->due = now;
    if (cause == VG_END_PLANNED)
        return;
    if (now.us - restart->started.us >= VG_RESTART_STABLE_US && (opened || !refused))
        restart->failures = 0; /* to open for long what is refused then is no stable life */
    restart->failures += restart->failures < UINT32_MAX;
    restart->refused = refused;
    restart->due.us = now.us + vg_restart_delay_us(restart->failures, cause);
    if (restart->news)
        vg_restart_on_news(restart, now);
}

void vg_restart_on_news(struct vg_restart *restart, struct vg_mono_time now)
{
    restart->news = restart->state == VG_PART_STARTING;
    if (restart->state != VG_PART_WAITING || !restart->refused)
        return;
    restart->failures = 0;
    restart->due = now;
}

void vg_restart_on_stop(struct vg_restart *restart)
{
    restart->state = VG_PART_STOPPED;
}

int64_t vg_restart_due_us(const struct vg_restart *restart, struct vg_mono_time now)
{
    if (restart->state != VG_PART_WAITING)
        return -1;
    return restart->due.us > now.us ? restart->due.us - now.us : 0;
}

enum vg_end_cause vg_restart_unwell(const struct vg_restart *restart, struct vg_mono_time last_look,
                                    struct vg_mono_time now)
{
    if (now.us - last_look.us >= VG_RESTART_LOOK_LATE_US)
        return VG_END_NONE;
    if (restart->state == VG_PART_UP && now.us - restart->sign.us >= VG_RESTART_SILENT_US)
        return VG_END_SILENT;
    if (restart->state == VG_PART_STARTING && now.us - restart->sign.us >= VG_RESTART_START_US)
        return VG_END_START;
    return VG_END_NONE;
}
