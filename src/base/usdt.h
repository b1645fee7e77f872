/* Static probes of provider `vigie`: places where perf, bpftrace or SystemTap may look in while the
 * program runs (docs/profiling.md). Where nobody looks a probe is one nop; built without sys/sdt.h
 * (Debian: systemtap-sdt-dev) it is nothing. Names and arguments are part of the contract. Times are
 * whole microseconds: probes have no floats. Any thread. */
#ifndef VG_BASE_USDT_H
#define VG_BASE_USDT_H

#include <stdint.h>

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#define VG_HAS_PROBES 1
#endif
#endif

#ifdef VG_HAS_PROBES
#include <sys/sdt.h>

/* A batch of `count` pictures goes to a device. */
static inline void vg_probe_batch_begin(const char *device, uint32_t count)
{
    DTRACE_PROBE2(vigie, batch_begin, device, count);
}

/* ... and is answered. */
static inline void vg_probe_batch_end(const char *device, uint32_t count, int64_t us)
{
    DTRACE_PROBE3(vigie, batch_end, device, count, us);
}

/* A step of the plan, by its index there. */
static inline void vg_probe_step_begin(uint32_t step)
{
    DTRACE_PROBE1(vigie, step_begin, step);
}
static inline void vg_probe_step_end(uint32_t step, int64_t us)
{
    DTRACE_PROBE2(vigie, step_end, step, us);
}

/* A picture of flux `flux` (its place in the process) ends without being analysed; cause: the
 * contract's word for its fate. */
static inline void vg_probe_picture_drop(uint32_t flux, const char *cause)
{
    DTRACE_PROBE2(vigie, picture_drop, flux, cause);
}

/* An alert is promised: it stands in the spool. */
static inline void vg_probe_alert(const char *id)
{
    DTRACE_PROBE1(vigie, alert, id);
}

#else

static inline void vg_probe_batch_begin(const char *device, uint32_t count)
{
    (void)device, (void)count;
}
static inline void vg_probe_batch_end(const char *device, uint32_t count, int64_t us)
{
    (void)device, (void)count, (void)us;
}
static inline void vg_probe_step_begin(uint32_t step)
{
    (void)step;
}
static inline void vg_probe_step_end(uint32_t step, int64_t us)
{
    (void)step, (void)us;
}
static inline void vg_probe_picture_drop(uint32_t flux, const char *cause)
{
    (void)flux, (void)cause;
}
static inline void vg_probe_alert(const char *id)
{
    (void)id;
}

#endif
#endif
