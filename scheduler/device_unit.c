#include "scheduler/device_unit.h"

static enum vg_status run(void *self, const struct vg_job *jobs, uint32_t count,
                          struct vg_answer *answers, struct vg_fault *fault)
{
    return vg_engine_run(self, jobs, count, answers, fault);
}

static enum vg_status run_gated(void *self, const struct vg_job *jobs, uint32_t count,
                                struct vg_engine_gate *gate, struct vg_answer *answers,
                                struct vg_fault *fault)
{
    return vg_engine_run_gated(self, jobs, count, gate, answers, fault);
}

static struct vg_engine_times last_times(const void *self)
{
    return vg_engine_last_times(self);
}

static enum vg_status weights_digest(void *self, uint8_t digest[VG_SHA256_BYTES],
                                     struct vg_fault *fault)
{
    return vg_engine_weights_digest(self, digest, fault);
}

static const char *name(const void *self)
{
    return vg_engine_device_name(self);
}

struct vg_device_unit vg_device_unit_engine(struct vg_engine *engine)
{
    return (struct vg_device_unit){.self = engine,
                                   .run = run,
                                   .run_gated = run_gated,
                                   .last_times = last_times,
                                   .weights_digest = weights_digest,
                                   .name = name,
                                   .precision = vg_engine_precision(engine),
                                   .plan = vg_engine_plan_hash(engine)};
}
