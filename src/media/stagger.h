/* Connections to one host one after the other: a server of 200 flux that comes back is not met by 200
 * connections at once. Flux of one host are in several processes, which trust each other with nothing:
 * each has the moments of the machine's clock that are its own, in turn,
 *
 *   process  0   1   2   0   1   2   0 ...      one step from each to the next
 *
 * and keeps its own flux apart within them. A process that is alone has no need to wait for one. Any
 * thread. */
#ifndef VG_MEDIA_STAGGER_H
#define VG_MEDIA_STAGGER_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"

struct vg_stagger;

#define VG_STAGGER_HOSTS_MAX 64

/* VG_E_MEMORY. */
enum vg_status vg_stagger_open(struct vg_stagger **stagger) VG_MUST_USE;
void vg_stagger_close(struct vg_stagger **stagger);

struct vg_stagger_pace {
    int64_t step_us;    /* between two connections to one host, whoever makes them; 0: any */
    uint32_t process;   /* this one, 0 to processes - 1 */
    uint32_t processes; /* 0 and 1: alone */
};

/* How long the caller is to wait before it connects to `host`; it has taken that turn. Of more hosts
 * than VG_STAGGER_HOSTS_MAX at once, those that waited least share a turn. */
int64_t vg_stagger_turn_us(struct vg_stagger *stagger, const char *host,
                           const struct vg_stagger_pace *pace, struct vg_mono_time now);

#endif
