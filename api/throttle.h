/* How often a sign-in may fail: by name and by address, each with its own patience.
 *
 * Pure: time is an argument. Owner: the loop thread. A name that does not exist is counted like
 * any other, so that the answers do not tell which names exist. */
#ifndef VG_API_THROTTLE_H
#define VG_API_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"

#define VG_THROTTLE_KEYS 512 /* at the bound the one that failed longest ago is forgotten */

enum vg_throttle_kind {
    VG_THROTTLE_NAME,   /* 5 failures are free, then 1, 2, 4 ... 60 s */
    VG_THROTTLE_ADDRESS /* 20 are free, then 1, 2, 4 ... 300 s */
};

struct vg_throttle_key {
    uint8_t hash[16]; /* of kind and text */
    uint32_t failures;
    struct vg_mono_time last, until; /* until: no attempt before */
};

struct vg_throttle {
    size_t count;
    struct vg_throttle_key key[VG_THROTTLE_KEYS];
};

/* Microseconds to wait before the next attempt, 0: now. */
int64_t vg_throttle_wait_us(const struct vg_throttle *throttle, enum vg_throttle_kind kind,
                            const char *text, struct vg_mono_time now);

/* One more failure; an hour without one forgets the earlier ones. */
void vg_throttle_failed(struct vg_throttle *throttle, enum vg_throttle_kind kind, const char *text,
                        struct vg_mono_time now);

/* It went well: the failures of that name are forgotten (an address keeps its own: one good
 * account must not open the way to guess at others). */
void vg_throttle_passed(struct vg_throttle *throttle, const char *name);

#endif
