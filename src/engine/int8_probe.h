/* Which lane of the 8-bit kernels a device may take: what its processor says of itself, and whether
 * the kernel then agrees with its twin to the last bit. */
#ifndef VG_ENGINE_INT8_PROBE_H
#define VG_ENGINE_INT8_PROBE_H

#include <stddef.h>

#include "kernels/int8_weights.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"
#include "src/engine/program.h"

/* Lanes as bits: 1u << enum vg_int8_lane. */
#define VG_INT8_LANE_BIT(lane) (1u << (unsigned)(lane))

/* The lanes that the words of /proc/cpuinfo allow ("flags" of its first processor); VG_INT8_PLAIN
 * always. Pure: for tests. */
unsigned vg_int8_lanes_of_text(const char *cpuinfo);

/* The lanes that the device's processor claims: those of this machine's processor when the device
 * is PoCL on it, else VG_INT8_PLAIN alone. */
unsigned vg_int8_lanes_claimed(const struct vg_device_info *device);

/* The best lane that is claimed, builds, and gives the twin's bytes; VG_INT8_PLAIN when there is
 * none: then a net runs faster in floats. A lane that is claimed but fails is logged once.
 * VG_E_MEMORY. */
enum vg_status vg_int8_probe(struct vg_programs *programs, enum vg_int8_lane *lane,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
