#include "src/media/decode_watch.h"

#define PATIENCE 4 /* deadlines, for a thread that is not seen to wait */

static bool is_overdue(const struct vg_ladder_call *call, struct vg_mono_time now)
{
    return call->due.us != 0 && now.us > call->due.us;
}

/* Past all patience, whatever its thread does. */
static bool is_given_up(const struct vg_ladder_call *call, struct vg_mono_time now)
{
    return is_overdue(call, now) &&
           now.us > call->entered.us + PATIENCE * (call->due.us - call->entered.us);
}

static bool any_can_run(const struct vg_ladder_call *calls, size_t count, vg_can_run *can_run)
{
    for (size_t i = 0; i < count; i++)
        if (calls[i].due.us != 0 && can_run(calls[i].thread))
            return true;
    return false;
}

/* The soonest deadline still to come, so that it is looked at right then. */
static struct vg_mono_time next_look(const struct vg_ladder_call *calls, size_t count,
                                     struct vg_mono_time now)
{
    struct vg_mono_time next = {now.us + VG_DECODE_WATCH_US};
    for (size_t i = 0; i < count; i++)
        if (calls[i].due.us >= now.us && calls[i].due.us < next.us)
            next.us = calls[i].due.us + 1;
    return next;
}

size_t vg_decode_watch_look(struct vg_decode_watch *watch, const struct vg_ladder_call *calls,
                            size_t count, struct vg_mono_time now, vg_can_run *can_run)
{
    const bool late = watch->next.us != 0 && now.us - watch->next.us > VG_DECODE_WATCH_US;
    size_t overdue = count;
    watch->next = next_look(calls, count, now);
    for (size_t i = 0; i < count && !late; i++) {
        if (is_given_up(&calls[i], now))
            return i;
        if (overdue == count && is_overdue(&calls[i], now))
            overdue = i;
    }
    if (overdue < count && any_can_run(calls, count, can_run))
        return count;
    return overdue;
}
