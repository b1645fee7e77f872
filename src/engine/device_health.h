/* What an error code of OpenCL says about the device: whether the same call may do later,
 * with less, or whether nothing more can be had of the device.
 *
 * A lost device (driver restarted, card fallen off the bus, a kernel stopped by the driver's own
 * watchdog) answers, but with errors, to every call. The engine says VG_E_DEVICE for the batch;
 * whoever owns it closes it and opens another: in a new process where it is the only one, since
 * drivers keep a broken state for as long as a process lives (docs/decisions/0051). A driver that
 * hangs answers nothing: docs/decisions/0013. */
#ifndef VG_ENGINE_DEVICE_HEALTH_H
#define VG_ENGINE_DEVICE_HEALTH_H

#include <CL/cl.h>
#include <stdbool.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_device_state {
    VG_DEVICE_WELL,
    VG_DEVICE_SHORT,   /* of memory: with less it may do */
    VG_DEVICE_REFUSES, /* this call, for a reason of its own: a limit, or our mistake */
    VG_DEVICE_LOST
};

/* What the device was asked for. The same code says different things: CL_OUT_OF_RESOURCES is a
 * lack where a buffer is made, and NVIDIA's word for a dead context where work is waited for. */
enum vg_device_moment {
    VG_DEVICE_MAKING, /* contexts, buffers, programs, a kernel's first launch */
    VG_DEVICE_RUNNING /* launches, copies and waits of what has run before */
};

enum vg_device_state vg_device_judge(cl_int code, enum vg_device_moment moment);

/* Whether a code met while running says that the device is lost. */
bool vg_device_lost(cl_int code);

/* vg_device_check (device.h) for calls while running: a lost device is VG_E_DEVICE and called so,
 * a lack of memory VG_E_MEMORY, anything else VG_E_DEVICE. */
enum vg_status vg_device_check_run(cl_int code, const char *call,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
