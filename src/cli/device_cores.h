/* How many cores a device that is the processor is to take: what the environment says, and the same
 * limit for a command that measures such a device beside the server. */
#ifndef VG_CLI_DEVICE_CORES_H
#define VG_CLI_DEVICE_CORES_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

/* VIGIE_DEVICE_CORES; 0: it says nothing. VG_E_CALL names it. */
enum vg_status vg_device_cores_told(uint32_t *cores, struct vg_fault *fault) VG_MUST_USE;

/* Of this process, as the server limits its own while no camera's decoding is told of; before the first
 * call of OpenCL. VG_E_CALL, VG_E_MEMORY. */
enum vg_status vg_device_cores_limit(struct vg_fault *fault) VG_MUST_USE;

#endif
