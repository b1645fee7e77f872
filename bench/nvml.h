/* Energy of an NVIDIA board by NVML, its management library, opened while running: nothing of
 * CUDA is needed to build this. One thread at a time. */
#ifndef VG_BENCH_NVML_H
#define VG_BENCH_NVML_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_nvml;

enum vg_nvml_source {
    VG_NVML_COUNTER, /* the board's own energy counter, millijoules (Volta and later) */
    VG_NVML_POWER    /* no counter: power at each reading, watts, summed over the time between */
};

/* Opens `library` (NULL: libnvidia-ml.so.1) and the board at the PCI address "0000:3b:00.0"; NULL:
 * the only board. VG_E_LACK: no library, no board, several of them, or no energy to be had;
 * VG_E_MEMORY. */
enum vg_status vg_nvml_open(struct vg_nvml **nvml, const char *library, const char *pci,
                            struct vg_fault *fault) VG_MUST_USE;
void vg_nvml_close(struct vg_nvml **nvml);

/* Joules since open. With VG_NVML_POWER: read it some ten times a second, or peaks are missed.
 * VG_E_DEVICE. */
enum vg_status vg_nvml_joules(struct vg_nvml *nvml, double *joules,
                              struct vg_fault *fault) VG_MUST_USE;
enum vg_nvml_source vg_nvml_source(const struct vg_nvml *nvml);

#endif
