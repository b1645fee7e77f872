/* When calls into drivers are taken for hung. Nothing interrupts a driver: the process ends for one that
 * hangs, so a call that a busy machine merely delays must not be taken for it.
 *
 * A call past its deadline hangs if its thread waits, and no other call into a driver is held by a thread
 * that would run if it had a processor (the one may hold what the other waits for); four deadlines long, it
 * hangs in any case. When the look itself comes late, the whole process was kept from running: nothing is
 * said then. Pure: no clock, no I/O; one thread. */
#ifndef VG_MEDIA_DECODE_WATCH_H
#define VG_MEDIA_DECODE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/media/decode_ladder.h"

#define VG_DECODE_WATCH_US (VG_US_PER_S / 4) /* from look to look, when nothing is due before */

struct vg_decode_watch {
    struct vg_mono_time next; /* look; 0: at once */
};

/* Whether a thread would run: vg_thread_can_run, or a test's. */
typedef bool vg_can_run(int32_t thread);

/* One look at all calls under way (due 0: none), and the time of the next one. Returns the number of the
 * call that hangs, `count`: none. Asked is only about threads in a call, when one is past its deadline. */
size_t vg_decode_watch_look(struct vg_decode_watch *watch, const struct vg_ladder_call *calls,
                            size_t count, struct vg_mono_time now, vg_can_run *can_run);

#endif
