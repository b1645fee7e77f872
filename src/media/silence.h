/* How long a source may say nothing before it is taken for lost. Most send a picture every 40 ms, and
 * 2.5 s are long; one that sends a key frame every 2 s, or bursts, would be lost by a delay of
 * half a second. So each has twice the interval that is usual with it: the third longest of the
 * last minute, since one or two may be a fault of the network. Pure. */
#ifndef VG_MEDIA_SILENCE_H
#define VG_MEDIA_SILENCE_H

#include <stdint.h>

#include "src/base/clock.h"

#define VG_SILENCE_MOST_US (10 * VG_US_PER_S)
#define VG_SILENCE_USUAL   3u /* so often in a minute an interval is usual */

/* Zeroed: nothing is known. */
struct vg_silence {
    struct {
        int64_t longest[VG_SILENCE_USUAL]; /* intervals that ended in it, falling */
    } part[7];                             /* 10 s each: a minute, and the one begun */
    uint32_t at;
    int64_t part_us; /* when it began; 0: none has */
    int64_t last_us; /* the last arrival of the session; 0: none */
    uint32_t known;  /* intervals ever, up to VG_SILENCE_USUAL */
};

/* A session begins: what was usual in the one before still is. */
void vg_silence_begin(struct vg_silence *silence);

void vg_silence_take(struct vg_silence *silence, struct vg_mono_time arrival);

/* At least least_us; at most VG_SILENCE_MOST_US, unless that is less. While a source has sent
 * something, but too little to know it, twice least_us. */
int64_t vg_silence_allowed_us(const struct vg_silence *silence, int64_t least_us);

#endif
