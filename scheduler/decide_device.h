/* Which device takes which flux. Pure.
 *
 * A flux stays on one device, where its maps are. It goes to the device that is the least full by
 * its own speed; the processor (`last`) takes what no other one has room for. Of a device that
 * failed all flux are moved, the first priorities first. While nothing fails one flux is moved a
 * call at most, and only where that helps: a move costs the flux its background. */
#ifndef VG_SCHEDULER_DECIDE_DEVICE_H
#define VG_SCHEDULER_DECIDE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#define VG_DEVICES_MAX 16
#define VG_DEVICE_NONE UINT32_MAX

/* Two devices are even when their loads differ by less than so many hundredths of their room. */
#define VG_DEVICE_EVEN 15

/* All times in the time of one device, taken as the measure of all. */
struct vg_device_state {
    bool well;           /* false: it failed, or is not there */
    bool last;           /* shares its cores with the decoders: taken when no other one has room */
    int64_t capacity_us; /* what it can do in a second */
    int64_t load_us;     /* set by vg_device_place: what its flux take */
};

struct vg_placed_flux {
    int64_t need_us; /* device time a second */
    uint32_t priority;
    uint32_t device; /* VG_DEVICE_NONE: not placed yet */
};

/* The device for a flux that needs so much, or VG_DEVICE_NONE: none is well. */
uint32_t vg_device_choose(const struct vg_device_state *device, uint32_t count, int64_t need_us);

struct vg_placing {
    struct vg_device_state *device;
    struct vg_placed_flux *flux;
    uint32_t devices, flux_count;
};

/* Gives every flux a device that is well, if there is one, and evens out by one flux at most.
 * Returns how many have another device now. */
uint32_t vg_device_place(const struct vg_placing *placing);

#endif
