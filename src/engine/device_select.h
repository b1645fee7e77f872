/* Which devices one analysis works on, and which of them come last. */
#ifndef VG_ENGINE_DEVICE_SELECT_H
#define VG_ENGINE_DEVICE_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"

struct vg_device_selection {
    uint32_t count;
    uint32_t index[VG_DEVICES_MAX]; /* of the devices that there are, the first one first */
    bool last[VG_DEVICES_MAX];      /* a processor beside others: it decodes, too */
};

/* All that can be used of `there`: the GPUs, each once (of a vendor those of the first platform that
 * shows any), then one processor, however many drivers show it; none of these: the first device.
 * Pure. */
void vg_device_select_all(const struct vg_device_info *there, uint32_t count,
                          struct vg_device_selection *selection);

/* Keeps so many, the first ones, and `devices` beside them; a processor that comes last stays, in the
 * place of the last card that would. Returns how many are left out. Pure. */
uint32_t vg_device_select_keep(struct vg_device_selection *selection,
                               struct vg_device_info *devices, uint32_t most);

/* `words`: of vg_device_find, parted by commas, a device for each, none twice; NULL or "": the
 * variable VIGIE_DEVICE, else all that can be used. devices: room for VG_DEVICES_MAX, in the order of
 * the selection. threads: as vg_device_limit. VG_E_LACK, place the word: no such device, or none at all; VG_E_CALL: twice,
 * or more than VG_DEVICES_MAX. */
enum vg_status vg_device_select(const char *words, uint32_t threads, struct vg_device_info *devices,
                                struct vg_device_selection *selection,
                                struct vg_fault *fault) VG_MUST_USE;

#endif
