#include "src/media/decode_device.h"

#include <glob.h>
#include <libavutil/buffer.h>
#include <libavutil/error.h>
#include <libavutil/hwcontext.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "src/base/alloc.h"
#include "src/base/log.h"

#define CUDA_PREFIX "cuda:"

struct vg_decode_device {
    /* constant */
    struct vg_decode_devices *home;
    char name[VG_DECODE_DEVICE_NAME_MAX];
    enum vg_decode_step step;
    bool fixed; /* opened elsewhere: never closed, never opened again */
    /* by the lock of `home`; `context` is constant while there are users */
    AVBufferRef *context;
    uint32_t users, failures;
    int64_t barred_us;
    bool opening;
    bool stale; /* failed: to be closed with its last user */
};

struct vg_decode_devices {
    int64_t bar_us_min, bar_us_max, wait_us; /* constant */
    pthread_mutex_t lock;
    pthread_cond_t opened;
    /* by the lock; only grows */
    size_t count;
    struct vg_decode_device device[VG_DECODE_DEVICES_MAX];
};

struct vg_decode_devices_settings vg_decode_devices_defaults(void)
{
    return (struct vg_decode_devices_settings){.bar_us_min = 10 * VG_US_PER_S,
                                               .bar_us_max = 600 * VG_US_PER_S,
                                               .wait_us = 5 * VG_US_PER_S};
}

/* ---- what there is ---- */

static enum AVHWDeviceType type_of(enum vg_decode_step step)
{
    return step == VG_DECODE_CUDA ? AV_HWDEVICE_TYPE_CUDA : AV_HWDEVICE_TYPE_VAAPI;
}

static bool library_has(enum AVHWDeviceType wanted)
{
    enum AVHWDeviceType type = AV_HWDEVICE_TYPE_NONE;
    while ((type = av_hwdevice_iterate_types(type)) != AV_HWDEVICE_TYPE_NONE)
        if (type == wanted)
            return true;
    return false;
}

static struct vg_decode_device *add(struct vg_decode_devices *devices, enum vg_decode_step step,
                                    const char *name)
{
    if (devices->count == VG_DECODE_DEVICES_MAX)
        return NULL;
    struct vg_decode_device *device = &devices->device[devices->count++];
    device->home = devices;
    device->step = step;
    (void)snprintf(device->name, sizeof device->name, "%s", name);
    return device;
}

static void add_named(struct vg_decode_devices *devices, const char *name)
{
    const bool cuda = strncmp(name, CUDA_PREFIX, strlen(CUDA_PREFIX)) == 0;
    const enum vg_decode_step step = cuda ? VG_DECODE_CUDA : VG_DECODE_VAAPI;
    if (!library_has(type_of(step)) || strlen(name) >= VG_DECODE_DEVICE_NAME_MAX)
        vg_log(VG_LOG_WARN, "decoding device %.60s: left out, libavutil does not know its kind",
               name);
    else if (!add(devices, step, name))
        vg_log(VG_LOG_WARN, "decoding device %s: left out, there are %d already", name,
               VG_DECODE_DEVICES_MAX);
}

static void add_found(struct vg_decode_devices *devices, enum vg_decode_step step,
                      const char *pattern)
{
    glob_t found;
    if (!library_has(type_of(step)) || glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[VG_DECODE_DEVICE_NAME_MAX];
        if (step == VG_DECODE_CUDA) /* CUDA counts its devices itself */
            (void)snprintf(name, sizeof name, CUDA_PREFIX "%zu", i);
        else
            (void)snprintf(name, sizeof name, "%.60s", found.gl_pathv[i]);
        (void)add(devices, step, name);
    }
    globfree(&found);
}

enum vg_status vg_decode_devices_open(struct vg_decode_devices **devices,
                                      const struct vg_decode_devices_settings *settings)
{
    pthread_condattr_t attributes;
    struct vg_decode_devices *d = vg_alloc(sizeof *d);
    *devices = d;
    if (!d)
        return VG_E_MEMORY;
    d->bar_us_min = settings->bar_us_min;
    d->bar_us_max = settings->bar_us_max;
    d->wait_us = settings->wait_us;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&d->opened, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    for (size_t i = 0; settings->names && i < settings->count; i++)
        add_named(d, settings->names[i]);
    if (!settings->names) {
        add_found(d, VG_DECODE_VAAPI, "/dev/dri/renderD*");
        add_found(d, VG_DECODE_CUDA, "/dev/nvidia[0-9]");
    }
    return VG_OK;
}

void vg_decode_devices_close(struct vg_decode_devices **devices)
{
    struct vg_decode_devices *d = *devices;
    if (!d)
        return;
    for (size_t i = 0; i < d->count; i++)
        av_buffer_unref(&d->device[i].context);
    (void)pthread_cond_destroy(&d->opened);
    (void)pthread_mutex_destroy(&d->lock);
    vg_free(d);
    *devices = NULL;
}

enum vg_status vg_decode_device_from(struct vg_decode_devices *devices,
                                     const struct AVBufferRef *context, const char *name)
{
    const enum AVHWDeviceType type = ((const AVHWDeviceContext *)(const void *)context->data)->type;
    enum vg_status status = VG_E_FULL;
    if (type != AV_HWDEVICE_TYPE_VAAPI && type != AV_HWDEVICE_TYPE_CUDA)
        return VG_E_CALL;
    (void)pthread_mutex_lock(&devices->lock);
    struct vg_decode_device *device =
        add(devices, type == AV_HWDEVICE_TYPE_CUDA ? VG_DECODE_CUDA : VG_DECODE_VAAPI, name);
    if (device) {
        device->fixed = true;
        device->context = av_buffer_ref(context);
        status = device->context ? VG_OK : VG_E_MEMORY;
    }
    (void)pthread_mutex_unlock(&devices->lock);
    return status;
}

bool vg_decode_devices_has(const struct vg_decode_devices *devices, enum vg_decode_step step)
{
    for (size_t i = 0; devices && i < devices->count; i++)
        if (devices->device[i].step == step)
            return true;
    return false;
}

/* ---- taking one ---- */

/* With the lock held: the least used of those not barred. */
static struct vg_decode_device *choose(struct vg_decode_devices *devices, enum vg_decode_step step,
                                       struct vg_mono_time now)
{
    struct vg_decode_device *best = NULL;
    for (size_t i = 0; i < devices->count; i++) {
        struct vg_decode_device *device = &devices->device[i];
        if (device->step == step && now.us >= device->barred_us &&
            (!best || device->users < best->users))
            best = device;
    }
    return best;
}

/* With the lock held. */
static void bar(struct vg_decode_device *device, struct vg_mono_time now)
{
    const struct vg_decode_steps_settings back_off = {.retry_us_min = device->home->bar_us_min,
                                                      .retry_us_max = device->home->bar_us_max};
    if (device->failures < UINT32_MAX)
        device->failures++;
    device->barred_us = now.us + vg_decode_steps_retry_us(&back_off, device->failures, 0);
}

/* Without the lock: this may take long, or for ever. */
static AVBufferRef *open_context(const struct vg_decode_device *device)
{
    AVBufferRef *context = NULL;
    const char *name =
        device->step == VG_DECODE_CUDA ? device->name + strlen(CUDA_PREFIX) : device->name;
    const int error = av_hwdevice_ctx_create(&context, type_of(device->step), name, NULL, 0);
    if (error >= 0) {
        vg_log(VG_LOG_INFO, "decoding device %s: open", device->name);
        return context;
    }
    char words[AV_ERROR_MAX_STRING_SIZE] = "";
    (void)av_strerror(error, words, sizeof words);
    vg_log(VG_LOG_WARN, "decoding device %s: cannot be opened (%s)", device->name, words);
    return NULL;
}

/* With the lock held, released meanwhile. */
static void open_device(struct vg_decode_device *device, struct vg_mono_time now)
{
    device->opening = true;
    (void)pthread_mutex_unlock(&device->home->lock);
    AVBufferRef *context = open_context(device);
    (void)pthread_mutex_lock(&device->home->lock);
    device->opening = device->stale = false;
    device->context = context;
    if (!context)
        bar(device, now);
    (void)pthread_cond_broadcast(&device->home->opened);
}

/* With the lock held, released meanwhile. */
static enum vg_status wait_opened(struct vg_decode_device *device, const struct timespec *until)
{
    while (device->opening)
        if (pthread_cond_timedwait(&device->home->opened, &device->home->lock, until) != 0)
            return VG_E_TIMEOUT;
    return VG_OK;
}

/* With the lock held. Ends: each round opens a device, or bars one. */
static enum vg_status take(struct vg_decode_devices *devices, enum vg_decode_step step,
                           struct vg_mono_time now, struct vg_decode_device **taken)
{
    const int64_t until_us = vg_mono_now().us + devices->wait_us;
    const struct timespec until = {.tv_sec = (time_t)(until_us / VG_US_PER_S),
                                   .tv_nsec = (long)(until_us % VG_US_PER_S) * 1000};
    for (;;) {
        struct vg_decode_device *device = choose(devices, step, now);
        if (!device)
            return VG_E_LACK;
        if (device->opening) {
            if (wait_opened(device, &until))
                return VG_E_TIMEOUT;
            continue; /* it may be open now, or barred */
        }
        if (!device->context)
            open_device(device, now);
        if (!device->context)
            continue;
        device->users++;
        *taken = device;
        return VG_OK;
    }
}

enum vg_status vg_decode_device_take(struct vg_decode_devices *devices, enum vg_decode_step step,
                                     struct vg_mono_time now, struct vg_decode_device **device)
{
    *device = NULL;
    if (!vg_decode_devices_has(devices, step))
        return VG_E_MISSING;
    (void)pthread_mutex_lock(&devices->lock);
    enum vg_status status = take(devices, step, now, device);
    (void)pthread_mutex_unlock(&devices->lock);
    return status;
}

void vg_decode_device_give_back(struct vg_decode_device **device, enum vg_decode_verdict verdict,
                                struct vg_mono_time now)
{
    struct vg_decode_device *d = *device;
    AVBufferRef *last = NULL;
    if (!d)
        return;
    *device = NULL;
    (void)pthread_mutex_lock(&d->home->lock);
    d->users--;
    if (verdict == VG_DECODE_DEVICE_FAILED) {
        d->stale = true;
        bar(d, now);
    }
    if (d->users == 0 && d->stale && !d->fixed) {
        last = d->context;
        d->context = NULL;
    }
    (void)pthread_mutex_unlock(&d->home->lock);
    av_buffer_unref(&last);
}

void vg_decode_device_trust(struct vg_decode_device *device)
{
    (void)pthread_mutex_lock(&device->home->lock);
    device->failures = 0;
    (void)pthread_mutex_unlock(&device->home->lock);
}

struct AVBufferRef *vg_decode_device_context(const struct vg_decode_device *device)
{
    return device->context;
}

const char *vg_decode_device_name(const struct vg_decode_device *device)
{
    return device->name;
}

enum vg_status vg_decode_devices_about(struct vg_decode_devices *devices, size_t index,
                                       struct vg_decode_device_about *about)
{
    enum vg_status status = VG_E_MISSING;
    (void)pthread_mutex_lock(&devices->lock);
    if (index < devices->count) {
        const struct vg_decode_device *device = &devices->device[index];
        *about = (struct vg_decode_device_about){.step = device->step,
                                                 .users = device->users,
                                                 .failures = device->failures,
                                                 .open = device->context != NULL,
                                                 .barred = {device->barred_us}};
        (void)snprintf(about->name, sizeof about->name, "%s", device->name);
        status = VG_OK;
    }
    (void)pthread_mutex_unlock(&devices->lock);
    return status;
}
