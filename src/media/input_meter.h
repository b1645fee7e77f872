/* What a source really sends: pictures a second by their arrival, and pictures from key to key. Pure. */
#ifndef VG_MEDIA_INPUT_METER_H
#define VG_MEDIA_INPUT_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

#define VG_INPUT_METER_US (2 * VG_US_PER_S) /* a rate is measured over at least this */

struct vg_input_meter {
    uint32_t fps_milli;    /* thousandths of a picture a second; 0: not known yet */
    uint32_t key_interval; /* pictures; 0: no two keys yet */
    /* inside */
    int64_t begin_us; /* arrival of the first picture of the window */
    uint32_t count;   /* pictures since */
    uint32_t since_key;
    bool begun, key_seen;
};

/* Begins a session: nothing is known. */
void vg_input_meter_reset(struct vg_input_meter *meter);

/* One picture received. True: the rate was measured anew. */
bool vg_input_meter_take(struct vg_input_meter *meter, struct vg_mono_time arrival, bool key);

#endif
