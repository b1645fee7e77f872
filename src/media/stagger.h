/* Connections to one host one after the other: a server of 200 flux that comes back is not met by 200
 * connections at once. Any thread. */
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

/* How long the caller is to wait before it connects to `host`: turns are step_us apart, and the caller has taken the next
 * one. Of more hosts than VG_STAGGER_HOSTS_MAX at once, those that waited least share a turn. */
int64_t vg_stagger_turn_us(struct vg_stagger *stagger, const char *host, int64_t step_us,
                           struct vg_mono_time now);

#endif
