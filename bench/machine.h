/* What a report says of the machine it was made on: processor, memory, kernel, OpenCL devices with
 * their drivers, decoding hardware. No host name, no serial number, no address. */
#ifndef VG_BENCH_MACHINE_H
#define VG_BENCH_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"
#include "src/media/decode_device.h"

#define VG_MACHINE_TEXT_SIZE 128

struct vg_machine {
    char cpu[VG_MACHINE_TEXT_SIZE]; /* "": not known */
    uint32_t cores;                 /* that are cores of their own */
    uint32_t threads;               /* logical processors that are on */
    uint32_t usable;                /* of them, those that this process may run on */
    uint32_t usable_milli;          /* thousandths of a core that it may use, by a quota too */
    uint64_t memory_bytes;
    char kernel[VG_MACHINE_TEXT_SIZE]; /* "Linux 6.1.0 x86_64" */
    bool is_virtual;                   /* the processor says that it runs under a hypervisor */
    uint32_t device_count;
    struct vg_device_info device[VG_DEVICES_MAX];
    uint32_t decoder_count;
    struct vg_decode_device_about decoder[VG_DECODE_DEVICES_MAX]; /* found; not tried */
};

/* `root`: "" , or a folder that holds proc/ as it should be read (tests). OpenCL must not be in use
 * by another thread. What cannot be found out stays empty. VG_E_MEMORY. */
enum vg_status vg_machine_read(struct vg_machine *machine, const char *root,
                               struct vg_fault *fault) VG_MUST_USE;

/* Given. */
json_t *vg_machine_json(const struct vg_machine *machine);

#endif
