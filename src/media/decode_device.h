/* The decoding hardware of the machine: VA-API render nodes and CUDA devices, each opened once in
 * a process when first asked for, shared by all flux of it, the least used one given first.
 *
 * A device that cannot be opened, or that failed while decoding, is barred for a back-off; when
 * its last user has gone it is closed, so that the next one meets it fresh. What a device decodes
 * is known only by trying. Any thread.
 *
 * Opening may never return when a driver hangs. Either who takes a device opens it, under a deadline
 * that another thread watches (see decode_ladder.h), or a thread of its own does, and nobody waits:
 * what it does not achieve in time it is left alone with, and the device is barred. */
#ifndef VG_MEDIA_DECODE_DEVICE_H
#define VG_MEDIA_DECODE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/media/decode_steps.h"

struct AVBufferRef;

#define VG_DECODE_DEVICES_MAX     16
#define VG_DECODE_DEVICE_NAME_MAX 64

enum vg_decode_opening {
    VG_DECODE_OPEN_HERE,  /* by who takes it */
    VG_DECODE_OPEN_BESIDE /* by a thread of its own */
};

struct vg_decode_devices_settings {
    enum vg_decode_opening opening;
    /* "/dev/dri/renderD128", ":97" (an X display), "cuda:0"; borrowed for the call, NULL: all
     * render nodes and NVIDIA devices of the machine. Beyond VG_DECODE_DEVICES_MAX: left out. */
    const char *const *names;
    size_t count; /* of names; names given and count 0: no hardware */
    int64_t bar_us_min, bar_us_max;
    int64_t wait_us; /* how long one waits for another who is opening it; beside: for the thread */
};
/* Here; 10 s to 10 min, 5 s. */
struct vg_decode_devices_settings vg_decode_devices_defaults(void);

struct vg_decode_devices;
struct vg_decode_device;

/* Begins to open no device yet. VG_E_MEMORY. */
enum vg_status vg_decode_devices_open(struct vg_decode_devices **devices,
                                      const struct vg_decode_devices_settings *settings)
    VG_MUST_USE;
/* After all that was taken has been given back. */
void vg_decode_devices_close(struct vg_decode_devices **devices);

/* Adds a device opened elsewhere, such as a display made by hand in a test; a reference is kept.
 * VG_E_FULL; VG_E_CALL: neither VA-API nor CUDA. */
enum vg_status vg_decode_device_from(struct vg_decode_devices *devices,
                                     const struct AVBufferRef *context,
                                     const char *name) VG_MUST_USE;

/* Whether the machine may have a device for this step. */
bool vg_decode_devices_has(const struct vg_decode_devices *devices, enum vg_decode_step step);

/* Begins to open all of them beside; nothing where they are opened by who takes them. */
void vg_decode_devices_warm(struct vg_decode_devices *devices, struct vg_mono_time now);

/* What taking one for this step would come to, without waiting for any driver: VG_OK, VG_E_STATE
 * (being opened beside: ask again), VG_E_MISSING, VG_E_LACK, VG_E_DEVICE. Begins to open one beside. */
enum vg_status vg_decode_devices_offer(struct vg_decode_devices *devices, enum vg_decode_step step,
                                       struct vg_mono_time now) VG_MUST_USE;

/* The least used device for this step that is not barred, opened if it must be. VG_E_MISSING:
 * there is none; VG_E_LACK: none opens; VG_E_DEVICE: all are barred, one of them because it failed under
 * a user that it had, which says nothing of who asks now; VG_E_TIMEOUT: someone else has been opening
 * it for wait_us; VG_E_STATE: as vg_decode_devices_offer has it. */
enum vg_status vg_decode_device_take(struct vg_decode_devices *devices, enum vg_decode_step step,
                                     struct vg_mono_time now,
                                     struct vg_decode_device **device) VG_MUST_USE;

enum vg_decode_verdict {
    VG_DECODE_DEVICE_FINE, /* nothing is known against it */
    VG_DECODE_DEVICE_FAILED
};
void vg_decode_device_give_back(struct vg_decode_device **device, enum vg_decode_verdict verdict,
                                struct vg_mono_time now);

/* It has decoded for a good while: its failures are forgotten. */
void vg_decode_device_trust(struct vg_decode_device *device);

/* Borrowed as long as it is taken. */
struct AVBufferRef *vg_decode_device_context(const struct vg_decode_device *device);
const char *vg_decode_device_name(const struct vg_decode_device *device);

struct vg_decode_device_about {
    char name[VG_DECODE_DEVICE_NAME_MAX];
    enum vg_decode_step step;
    uint32_t users, failures; /* in a row */
    bool open;
    struct vg_mono_time barred; /* until then */
};
/* Of device number `index`; VG_E_MISSING: there are no more. */
enum vg_status vg_decode_devices_about(struct vg_decode_devices *devices, size_t index,
                                       struct vg_decode_device_about *about) VG_MUST_USE;

#endif
