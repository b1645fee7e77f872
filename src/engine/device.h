/* OpenCL devices: which there are, choosing one by VIGIE_DEVICE's words, and one open: context
 * and queue. One thread at a time uses an open device. */
#ifndef VG_ENGINE_DEVICE_H
#define VG_ENGINE_DEVICE_H

#include <CL/cl.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_DEVICES_MAX      16
#define VG_DEVICE_TEXT_SIZE 256

enum vg_device_kind {
    VG_DEVICE_CPU,
    VG_DEVICE_GPU,
    VG_DEVICE_OTHER
};

/* Whose processor it is, whoever wrote the driver. */
enum vg_vendor {
    VG_VENDOR_OTHER,
    VG_VENDOR_NVIDIA,
    VG_VENDOR_AMD,
    VG_VENDOR_INTEL
};

struct vg_device_info {
    uint32_t index; /* over all platforms, in their order */
    enum vg_device_kind kind;
    enum vg_vendor vendor;
    char name[VG_DEVICE_TEXT_SIZE];
    char driver[VG_DEVICE_TEXT_SIZE]; /* platform and driver version */
    char platform[VG_DEVICE_TEXT_SIZE];
    /* what compiled programs depend on besides: of OpenCL, of the compiler, of the target */
    char version[VG_DEVICE_TEXT_SIZE], platform_version[VG_DEVICE_TEXT_SIZE];
    uint32_t compute_units;
    uint32_t float_width; /* native vector width of float */
    uint64_t memory_bytes, allocation_bytes_max, local_bytes;
    cl_device_id id;
};

/* Lists the devices of all platforms into devices (room for VG_DEVICES_MAX); *count may be 0.
 * VG_E_DEVICE when the loader fails otherwise than by having none. */
enum vg_status vg_device_list(struct vg_device_info *devices, uint32_t *count,
                              struct vg_fault *fault) VG_MUST_USE;

/* Threads of a device that is the processor, for this process; 0: the device's choice. Only before the
 * first use of OpenCL in the process: each of them has so many. Of PoCL's devices; another driver does
 * not obey, and its compute units say so. Sets a variable of the environment: no other thread may set
 * one meanwhile. VG_E_MEMORY. */
enum vg_status vg_device_limit(uint32_t threads, struct vg_fault *fault) VG_MUST_USE;

/* Chooses: `word` is an index, "cpu", "gpu" or a part of a name (any case); NULL or "": the
 * variable VIGIE_DEVICE up to its first comma, else the first. threads: as vg_device_limit.
 * VG_E_LACK, place the word: no such device, or none at all. */
enum vg_status vg_device_find(const char *word, uint32_t threads, struct vg_device_info *device,
                              struct vg_fault *fault) VG_MUST_USE;

struct vg_device {
    struct vg_device_info info;
    cl_context context;
    cl_command_queue queue; /* in order, with times */
};

/* Opens the device found by `word`. VG_E_LACK, VG_E_DEVICE. */
enum vg_status vg_device_open(struct vg_device *device, const char *word, uint32_t threads,
                              struct vg_fault *fault) VG_MUST_USE;
/* Takes what open made; all zero is allowed. */
void vg_device_close(struct vg_device *device);

/* VG_OK for CL_SUCCESS, else VG_E_DEVICE with the call and the code in the place (VG_E_MEMORY
 * when that is what the device lacks). In device_health.c, which has it for running work too. */
enum vg_status vg_device_check(cl_int code, const char *call, struct vg_fault *fault) VG_MUST_USE;

#endif
