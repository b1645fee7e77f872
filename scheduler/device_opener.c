#include "scheduler/device_opener.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

struct vg_device_opener {
    struct vg_device_order order;
    struct vg_open_device opened;
    enum vg_status status;
    struct vg_fault fault;
    pthread_t thread;
    atomic_bool done;
};

void vg_open_device_close(struct vg_open_device *device)
{
    if (!vg_device_thread_close(&device->thread)) {
        *device = (struct vg_open_device){0};
        return;
    }
    vg_engine_close(&device->engine);
    vg_model_close(&device->model);
    *device = (struct vg_open_device){0};
}

static enum vg_status open_engine(struct vg_device_opener *o)
{
    struct vg_open_device *opened = &o->opened;
    enum vg_status status = vg_model_find(o->order.model, &opened->model, &o->fault);
    if (status)
        return status;
    if (memcmp(opened->model->digest, o->order.digest, sizeof o->order.digest) != 0)
        return vg_fault_set(&o->fault, VG_E_INTEGRITY,
                            N_("the model's file is not what the analysis has loaded"), NULL,
                            "%.100s", o->order.model);
    o->order.engine.device = o->order.word;
    o->order.engine.weights_from = opened->model;
    status = vg_engine_open(&opened->engine, opened->model, &o->order.engine, &o->fault);
    if (status)
        return status;
    opened->unit = vg_device_unit_engine(opened->engine);
    opened->map_maker = vg_map_trial_open(&opened->map_trial, o->order.data, o->order.number,
                                          vg_engine_device_name(opened->engine), vg_wall_now());
    return VG_OK;
}

static enum vg_status open_all(struct vg_device_opener *o)
{
    enum vg_status status = VG_OK;
    vg_open_device_close(&o->order.old);
    o->opened.unit = o->order.thread.unit;
    if (!o->opened.unit.run)
        status = open_engine(o);
    if (status)
        return status;
    o->order.thread.unit = o->opened.unit;
    status = vg_device_thread_open(&o->opened.thread, &o->order.thread);
    return status ? vg_fault_set(&o->fault, status, vg_status_text(status), NULL, "%s",
                                 o->opened.unit.name(o->opened.unit.self))
                  : VG_OK;
}

static void *opener_main(void *user)
{
    struct vg_device_opener *o = user;
    (void)prctl(PR_SET_NAME, "vg-opener");
    o->status = open_all(o);
    if (o->status)
        vg_open_device_close(&o->opened);
    atomic_store_explicit(&o->done, true, memory_order_release);
    return NULL;
}

enum vg_status vg_device_opener_start(struct vg_device_opener **opener,
                                      const struct vg_device_order *order)
{
    struct vg_device_opener *o = vg_alloc(sizeof *o);
    *opener = NULL;
    if (!o)
        return VG_E_MEMORY;
    o->order = *order;
    if (pthread_create(&o->thread, NULL, opener_main, o) != 0) {
        vg_free(o);
        return VG_E_LACK;
    }
    *opener = o;
    return VG_OK;
}

bool vg_device_opener_done(const struct vg_device_opener *opener)
{
    return atomic_load_explicit(&opener->done, memory_order_acquire);
}

enum vg_status vg_device_opener_take(struct vg_device_opener **opener,
                                     struct vg_open_device *device, struct vg_fault *fault)
{
    struct vg_device_opener *o = *opener;
    (void)pthread_join(o->thread, NULL);
    *device = o->opened;
    const enum vg_status status = o->status;
    if (fault)
        *fault = o->fault;
    vg_free(o);
    *opener = NULL;
    return status;
}
