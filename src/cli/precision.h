/* --precision f32|f16|int8|auto and --lane, the same for every command that runs a net. */
#ifndef VG_CLI_PRECISION_H
#define VG_CLI_PRECISION_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device_lane.h"
#include "src/engine/engine.h"

/* text: NULL is auto. VG_E_CALL names the option. */
enum vg_status vg_option_precision(const char *text, enum vg_engine_precision *precision,
                                   struct vg_fault *fault) VG_MUST_USE;

/* cpu|any|nvidia|amd|intel: which device's kernels, whatever the device. NULL: nothing is done.
 * VG_E_CALL. */
enum vg_status vg_option_lane(const char *text, struct vg_lane_settings *lane,
                              struct vg_fault *fault) VG_MUST_USE;

#endif
