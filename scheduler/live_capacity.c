#include "scheduler/live_capacity.h"

#include <stdio.h>

#include "scheduler/live_warnings.h"

/* Asked once a second, now somewhat sooner and now later: none of these is to be left out. */
#define STEP_US (VG_US_PER_S * 3 / 4)
/* A batch counts half after forty seconds with batches. */
#define FADE (1.0 - 1.0 / 60)

static void take_in(struct vg_capacity_line *line, const struct vg_batch_sums *sums)
{
    const struct vg_batch_sums *b = &line->before;
    struct vg_batch_time *m = &line->minute;
    if (sums->count <= b->count)
        return;
    m->weight = m->weight * FADE + sums->count - b->count;
    m->n = m->n * FADE + sums->jobs - b->jobs;
    m->nn = m->nn * FADE + sums->jobs_squared - b->jobs_squared;
    m->t = m->t * FADE + (sums->ms - b->ms) * 1000;
    m->nt = m->nt * FADE + (sums->ms_jobs - b->ms_jobs) * 1000;
    line->before = *sums;
    vg_batch_time_draw(m);
}

static uint32_t at_most(double value, uint32_t least, uint32_t most)
{
    return value > least ? value < most ? (uint32_t)(value + 0.5) : most : least;
}

static void tell_flux(struct vg_admission_known *known, const struct vg_live_view *view,
                      double job_us, uint32_t decode_us)
{
    const struct vg_live_flux *flux = view->flux;
    const double jobs = job_us > 0 && flux->share.cost_us > 0 ? (double)flux->share.cost_us / job_us
                                                              : 1; /* not looked at yet */
    (void)snprintf(known->id, sizeof known->id, "%s", flux->config.id);
    known->jobs_milli = at_most(jobs * 1000, 1, VG_ADMISSION_JOBS_MAX);
    known->source_milli = at_most(vg_live_decoded_fps(&view->state) * 1000, 0, 1000000);
    known->decode_us = decode_us;
}

static void tell_devices(struct vg_live_capacity *capacity, const struct vg_capacity_look *look)
{
    struct vg_admission_model *model = &capacity->model;
    const struct vg_host_share share = vg_live_host_share(&capacity->host);
    model->device_count = 0;
    for (uint32_t i = 0; i < look->device_count && i < VG_DEVICES_MAX; i++) {
        struct vg_capacity_line *line = &capacity->line[i];
        take_in(line, look->device[i].sums);
        if (!look->device[i].well || line->before.count < VG_CAPACITY_BATCHES_MIN)
            continue;
        const struct vg_batch_time *m = &line->minute;
        const bool shared = look->device[i].processor;
        model->had_milli[model->device_count] = shared ? share.had_milli : 0;
        model->device[model->device_count++] =
            (struct vg_sim_device){.start_us = m->start_us,
                                   .job_us = m->job_us > 1 ? m->job_us : 1,
                                   .batch_max = at_most(look->batch_max, 1, VG_SIM_BATCH_MAX),
                                   .last = look->device[i].last,
                                   .cores_milli = shared ? share.could_milli : 0};
    }
}

size_t vg_live_capacity_step(struct vg_live_capacity *capacity, const struct vg_capacity_look *look,
                             int64_t now_us)
{
    struct vg_admission_model *model = &capacity->model;
    struct vg_text_buffer out;
    if (capacity->step_us && now_us - capacity->step_us < STEP_US)
        return 0;
    capacity->step_us = now_us;
    if (look->point)
        vg_live_host_step(&capacity->host, look->point, look->view, look->view_count);
    tell_devices(capacity, look);
    model->flux_count =
        look->view_count < VG_ADMISSION_MODEL_MAX ? look->view_count : VG_ADMISSION_MODEL_MAX;
    for (uint32_t i = 0; i < model->flux_count; i++)
        tell_flux(&model->flux[i], &look->view[i], look->job_us,
                  vg_live_host_decode_us(&capacity->host, i));
    model->host = vg_live_host_tell(&capacity->host);
    vg_text_buffer_init(&out, capacity->text, sizeof capacity->text);
    vg_admission_model_write(model, &out);
    return out.left_out ? 0 : out.size;
}
