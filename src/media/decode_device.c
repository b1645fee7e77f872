#include "src/media/decode_device.h"

#include <glob.h>
#include <libavutil/buffer.h>
#include <libavutil/error.h>
#include <libavutil/hwcontext.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "src/base/alloc.h"
#include "src/base/log.h"

#define CUDA_PREFIX "cuda:"

enum {
    ATTEMPTS_MAX = 8
};

/* One opening by a thread of its own. Who turns RUNS into something else by an exchange has it: the
 * thread when it is done, the table when the time is over. */
enum attempt_state {
    ATTEMPT_FREE,
    ATTEMPT_RUNS,
    ATTEMPT_DONE,     /* `context` says how it went */
    ATTEMPT_ABANDONED /* the thread, should it ever return, closes what it has */
};
struct attempt {
    const struct vg_decode_device *device;
    AVBufferRef *context; /* written before DONE */
    int64_t begun_us;     /* by the lock */
    _Atomic int state;    /* enum attempt_state; acq_rel */
};

enum bar_cause {
    BAR_NOT_OPENED,
    BAR_FAILED /* under one of its users */
};

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
    enum bar_cause barred_for;
    bool opening;
    bool stale;              /* failed: to be closed with its last user */
    struct attempt *attempt; /* under way; NULL: none */
    struct attempt attempts[ATTEMPTS_MAX];
};

struct vg_decode_devices {
    int64_t bar_us_min, bar_us_max, wait_us; /* constant */
    enum vg_decode_opening opening;          /* constant */
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
    d->opening = settings->opening;
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

/* Whether no thread that opens a device is left; those that are will close what they get. */
static bool all_returned(struct vg_decode_devices *devices)
{
    bool all = true;
    for (size_t i = 0; i < devices->count; i++)
        for (int a = 0; a < ATTEMPTS_MAX; a++) {
            struct attempt *attempt = &devices->device[i].attempts[a];
            int state = ATTEMPT_RUNS;
            (void)atomic_compare_exchange_strong(&attempt->state, &state, ATTEMPT_ABANDONED);
            if (state == ATTEMPT_DONE)
                av_buffer_unref(&attempt->context);
            all &= state == ATTEMPT_FREE || state == ATTEMPT_DONE;
        }
    return all;
}

void vg_decode_devices_close(struct vg_decode_devices **devices)
{
    struct vg_decode_devices *d = *devices;
    if (!d)
        return;
    *devices = NULL;
    for (size_t i = 0; i < d->count; i++)
        av_buffer_unref(&d->device[i].context);
    if (!all_returned(d)) /* a thread in a driver still uses all this */
        return;
    (void)pthread_cond_destroy(&d->opened);
    (void)pthread_mutex_destroy(&d->lock);
    vg_free(d);
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

/* With the lock held: the least used of those not barred, and not being opened beside. */
static struct vg_decode_device *choose(struct vg_decode_devices *devices, enum vg_decode_step step,
                                       struct vg_mono_time now)
{
    struct vg_decode_device *best = NULL;
    for (size_t i = 0; i < devices->count; i++) {
        struct vg_decode_device *device = &devices->device[i];
        if (device->step == step && now.us >= device->barred_us && !device->attempt &&
            (!best || device->users < best->users))
            best = device;
    }
    return best;
}

/* With the lock held, when there is none to choose. */
static enum vg_status lacks(const struct vg_decode_devices *devices, enum vg_decode_step step,
                            struct vg_mono_time now)
{
    for (size_t i = 0; i < devices->count; i++) {
        const struct vg_decode_device *device = &devices->device[i];
        if (device->step == step && now.us < device->barred_us && device->barred_for == BAR_FAILED)
            return VG_E_DEVICE;
    }
    return VG_E_LACK;
}

/* With the lock held. */
static void bar(struct vg_decode_device *device, enum bar_cause cause, struct vg_mono_time now)
{
    const struct vg_decode_steps_settings back_off = {.retry_us_min = device->home->bar_us_min,
                                                      .retry_us_max = device->home->bar_us_max};
    if (device->failures < UINT32_MAX)
        device->failures++;
    device->barred_for = cause;
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

/* ---- opened beside ---- */

static void *open_beside(void *arg)
{
    struct attempt *attempt = arg;
    attempt->context = open_context(attempt->device);
    if (atomic_exchange(&attempt->state, ATTEMPT_DONE) != ATTEMPT_ABANDONED)
        return NULL;
    av_buffer_unref(&attempt->context);
    atomic_store(&attempt->state, ATTEMPT_FREE);
    return NULL;
}

/* With the lock held. Threads that never come back are not piled up: when none is free, the device
 * stays barred. */
static void begin_beside(struct vg_decode_device *device, struct vg_mono_time now)
{
    struct attempt *attempt = NULL;
    pthread_attr_t attributes;
    pthread_t thread;
    for (int i = 0; i < ATTEMPTS_MAX && !attempt; i++)
        if (atomic_load(&device->attempts[i].state) == ATTEMPT_FREE)
            attempt = &device->attempts[i];
    if (!attempt) {
        bar(device, BAR_NOT_OPENED, now);
        return;
    }
    attempt->device = device;
    attempt->begun_us = vg_mono_now().us;
    atomic_store(&attempt->state, ATTEMPT_RUNS);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, open_beside, attempt) == 0) {
        device->attempt = attempt;
    } else {
        atomic_store(&attempt->state, ATTEMPT_FREE);
        bar(device, BAR_NOT_OPENED, now);
    }
    (void)pthread_attr_destroy(&attributes);
}

/* With the lock held: what became of the attempt under way. */
static void settle(struct vg_decode_device *device, struct vg_mono_time now)
{
    struct attempt *attempt = device->attempt;
    if (!attempt)
        return;
    const bool late = vg_mono_now().us - attempt->begun_us > device->home->wait_us;
    const int state =
        late ? atomic_exchange(&attempt->state, ATTEMPT_ABANDONED) : atomic_load(&attempt->state);
    if (state == ATTEMPT_RUNS && !late)
        return;
    device->attempt = NULL;
    if (state == ATTEMPT_RUNS) {
        vg_log(VG_LOG_ERROR, "decoding device %s: its driver does not come back from opening it",
               device->name);
        bar(device, BAR_NOT_OPENED, now);
        return;
    }
    device->context = attempt->context;
    device->stale = false;
    attempt->context = NULL;
    atomic_store(&attempt->state, ATTEMPT_FREE);
    if (!device->context)
        bar(device, BAR_NOT_OPENED, now);
}

/* With the lock held: one that is open, VG_E_STATE (one is being opened), or what lacks. */
static enum vg_status offer_beside(struct vg_decode_devices *devices, enum vg_decode_step step,
                                   struct vg_mono_time now, struct vg_decode_device **offered)
{
    bool opening = false;
    for (size_t i = 0; i < devices->count; i++)
        settle(&devices->device[i], now);
    struct vg_decode_device *device = choose(devices, step, now);
    *offered = device;
    if (device && device->context)
        return VG_OK;
    if (device)
        begin_beside(device, now);
    for (size_t i = 0; i < devices->count; i++)
        opening |= devices->device[i].step == step && devices->device[i].attempt;
    return opening ? VG_E_STATE : lacks(devices, step, now);
}

void vg_decode_devices_warm(struct vg_decode_devices *devices, struct vg_mono_time now)
{
    (void)pthread_mutex_lock(&devices->lock);
    for (size_t i = 0; i < devices->count && devices->opening == VG_DECODE_OPEN_BESIDE; i++)
        if (!devices->device[i].context && !devices->device[i].attempt)
            begin_beside(&devices->device[i], now);
    (void)pthread_mutex_unlock(&devices->lock);
}

enum vg_status vg_decode_devices_offer(struct vg_decode_devices *devices, enum vg_decode_step step,
                                       struct vg_mono_time now)
{
    struct vg_decode_device *device = NULL;
    enum vg_status status = VG_OK;
    if (!vg_decode_devices_has(devices, step))
        return VG_E_MISSING;
    (void)pthread_mutex_lock(&devices->lock);
    if (devices->opening == VG_DECODE_OPEN_BESIDE)
        status = offer_beside(devices, step, now, &device);
    else if (!choose(devices, step, now))
        status = lacks(devices, step, now);
    (void)pthread_mutex_unlock(&devices->lock);
    return status;
}

/* ---- opened by who takes it ---- */

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
        bar(device, BAR_NOT_OPENED, now);
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

static enum vg_status take_beside(struct vg_decode_devices *devices, enum vg_decode_step step,
                                  struct vg_mono_time now, struct vg_decode_device **taken)
{
    struct vg_decode_device *device = NULL;
    const enum vg_status status = offer_beside(devices, step, now, &device);
    if (status)
        return status;
    device->users++;
    *taken = device;
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
            return lacks(devices, step, now);
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
    const enum vg_status status = devices->opening == VG_DECODE_OPEN_BESIDE
                                      ? take_beside(devices, step, now, device)
                                      : take(devices, step, now, device);
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
        if (now.us >=
            d->barred_us) /* else it failed under another one just before: that is one failure */
            bar(d, BAR_FAILED, now);
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
