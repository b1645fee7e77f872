#include "scheduler/forecast/admission_cores.h"

#define SOURCE_MILLI 25000
#define BUSY         (VG_SIM_BUSY_MILLI / 1000.0)

/* Of the whole processor, a second. */
static double per_second(uint32_t milli, int64_t us)
{
    return milli / 1000.0 * (double)us / (double)VG_US_PER_S;
}

/* A job of a full batch: of two on the way each has half of the flux at most (simulation.c). */
static double job_us(const struct vg_sim_settings *site, const struct vg_sim_device *device)
{
    const uint32_t half = (site->flux_count / site->device_count + 1) / 2;
    const uint32_t full = half < 1 ? 1 : half < device->batch_max ? half : device->batch_max;
    const double us = (double)device->start_us / full + (double)device->job_us;
    return us > 1 ? us : 1;
}

/* Boards of their own are filled first. What is left costs cores, on devices that are the processor. */
static void add_devices(const struct vg_sim_settings *site, struct vg_admission_need *need)
{
    double board = 0, shared = 0, core_s = 0;
    for (uint32_t d = 0; d < site->device_count; d++) {
        const struct vg_sim_device *device = &site->device[d];
        const double rate = BUSY * (double)VG_US_PER_S / job_us(site, device);
        *(device->cores_milli ? &shared : &board) += rate;
        core_s += rate * job_us(site, device) / (double)VG_US_PER_S * device->cores_milli / 1000;
    }
    const double left = need->jobs > board ? need->jobs - board : 0;
    need->jobs_most = board + shared;
    need->cores += shared > 0 ? left * core_s / shared : 0;
}

struct vg_admission_need vg_admission_need(const struct vg_sim_settings *site)
{
    struct vg_admission_need need = {.cores_most = BUSY * site->host.cores_milli / 1000};
    const int64_t alert_us = site->host.alert_us * site->host.alerts_ppm / 1000000;
    for (uint32_t i = 0; i < site->flux_count; i++) {
        const struct vg_sim_flux *f = &site->flux[i];
        const uint32_t source = f->source_milli ? f->source_milli : SOURCE_MILLI;
        const uint32_t asked = f->wanted_milli > f->floor_milli ? f->wanted_milli : f->floor_milli;
        const uint32_t wanted = asked && asked < source ? asked : source;
        need.jobs += wanted / 1000.0 * (f->jobs ? f->jobs : 1);
        need.cores +=
            per_second(source, f->decode_us) +
            (site->host.workers ? per_second(wanted, site->host.follow_us + alert_us) : 0);
    }
    add_devices(site, &need);
    return need;
}
