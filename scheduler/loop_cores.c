/* The machine's cores: which the analysis may use, how they are divided between decoders and a device
 * that is the processor (docs/decisions/0053), and what they have done. */
#include <string.h>

#include "scheduler/loop.h"
#include "src/base/log.h"
#include "src/energy/sys_file.h"

static struct vg_cores cores_now(const struct vg_loop *a)
{
    struct vg_cores cores;
    vg_cores_read(&a->cores, &cores);
    return cores;
}

static uint32_t divide(const struct vg_loop *a, const struct vg_live_config *config)
{
    const struct vg_cores cores = cores_now(a);
    return vg_cores_for_device(&cores, a->settings->device_cores, config->decode_milli);
}

void vg_loop_divide_cores(struct vg_loop *a, const struct vg_live_config *config)
{
    vg_cores_find(&a->cores, "");
    const struct vg_cores cores = cores_now(a);
    if (vg_cores_limited(&cores))
        vg_log(VG_LOG_INFO,
               "%g of the machine's %u cores may be used (affinity %u, quota %g; 0: none)",
               vg_cores_usable_milli(&cores) / 1000.0, cores.online, cores.allowed,
               cores.quota_milli / 1000.0);
    a->device_threads = divide(a, config);
    a->decode_milli = config->decode_milli;
}

void vg_loop_compare_cores(struct vg_loop *a, const struct vg_live_config *config)
{
    bool shared = false;
    for (uint32_t i = 0; i < a->device_count; i++)
        shared |= vg_loop_device_cores(&a->device[i]) > 0;
    if (shared && config->decode_milli != a->decode_milli && divide(a, config) != a->device_threads)
        vg_log(VG_LOG_INFO,
               "other cores are for decoding now: the device takes its part of them when the "
               "analysis starts again");
    a->decode_milli = config->decode_milli;
}

uint32_t vg_loop_workers_of_cores(const struct vg_loop *a)
{
    const struct vg_cores cores = cores_now(a);
    return (vg_cores_usable_milli(&cores) + 3000) / 4000;
}

uint32_t vg_loop_device_cores(const struct vg_loop_device *d)
{
    return d->open.engine && strcmp(vg_engine_lane(d->open.engine), "cpu") == 0
               ? vg_engine_compute_units(d->open.engine)
               : 0;
}

void vg_loop_tell_device_cores(const struct vg_loop_device *d)
{
    const struct vg_cores cores = cores_now(d->loop);
    const uint32_t has = vg_loop_device_cores(d), may = d->loop->device_threads;
    if (has == 0)
        return;
    vg_log(VG_LOG_INFO, "device %s works with %u of %g cores", d->name, has,
           vg_cores_usable_milli(&cores) / 1000.0);
    if (may > 0 && has > may)
        vg_log(VG_LOG_WARN, "device %s: its driver takes more than the %u cores that are its part",
               d->name, may);
}

/* What all of them can use together: the most is taken, they are seldom two. */
static uint32_t most_of_devices(const struct vg_loop *a)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < a->device_count; i++) {
        const struct vg_loop_device *d = &a->device[i];
        const uint32_t has = d->state == VG_LOOP_DEVICE_WELL ? vg_loop_device_cores(d) : 0;
        most = has > most ? has : most;
    }
    return most;
}

struct vg_host_point vg_loop_host_point(const struct vg_loop *a, struct vg_mono_time now)
{
    const struct vg_cores cores = cores_now(a);
    struct vg_host_point point = {.now_us = now.us,
                                  .process_us = vg_cpu_time_us(),
                                  .loop_us = vg_thread_cpu_time_us(),
                                  .pictures = a->totals.analysed,
                                  .processors = cores.online,
                                  .cores_milli = vg_cores_usable_milli(&cores),
                                  .device_cores = most_of_devices(a),
                                  .used_us = cores.used_us,
                                  .workers = a->worker_count};
    char text[256];
    struct vg_fault ignored;
    const enum vg_status status = vg_sys_text("/proc/stat", text, sizeof text, &ignored);
    text[sizeof text - 1] = '\0';
    if (!status || status == VG_E_FULL) /* its first line is there */
        point.machine = vg_machine_load_parse(text);
    for (uint32_t i = 0; i < a->worker_count; i++)
        point.workers_us += vg_worker_thread_cpu_us(a->worker[i]);
    for (uint32_t i = 0; i < a->device_count; i++) {
        const struct vg_loop_device *d = &a->device[i];
        if (d->state == VG_LOOP_DEVICE_WELL && vg_loop_device_cores(d) > 0)
            point.shared_busy_us += d->busy_before_us + vg_device_thread_busy_us(d->open.thread);
    }
    return point;
}
