/* What a device does at most: multiply-adds from registers, and a copy through its memory. The
 * figures that shares of the peak refer to. */
#ifndef VG_BENCH_DEVICE_PEAK_H
#define VG_BENCH_DEVICE_PEAK_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"

struct vg_device_peak {
    double gflop_s; /* float multiply-adds, each counted as two */
    double gbyte_s; /* read and written, buffers of copy_bytes each way */
    uint64_t copy_bytes;
};

/* Measures for about `ms` milliseconds each: the best of some launches after one that does not
 * count. Results are checked against the twin: VG_E_DEVICE when the device did other work than it
 * was timed for. VG_E_MEMORY. */
enum vg_status vg_device_peak_measure(const struct vg_device *device, uint32_t ms,
                                      struct vg_device_peak *peak,
                                      struct vg_fault *fault) VG_MUST_USE;

#endif
