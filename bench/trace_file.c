#include "bench/trace_file.h"

#include "src/base/json_write.h"

enum {
    PROCESS = 1,
    RUNS_TRACK = 1, /* the runs, above the queues */
    QUEUES_FROM = 2
};

/* An event of kind "M": what a process or a track is called, or its place in the picture. */
static void meta_text(struct vg_json_writer *w, const char *what, uint32_t track, const char *name)
{
    vg_json_write_break(w);
    vg_json_object_open(w, NULL);
    vg_json_write_text(w, "name", what);
    vg_json_write_text(w, "ph", "M");
    vg_json_write_integer(w, "pid", PROCESS);
    vg_json_write_integer(w, "tid", track);
    vg_json_object_open(w, "args");
    vg_json_write_text(w, "name", name);
    vg_json_object_close(w);
    vg_json_object_close(w);
}

static void event_open(struct vg_json_writer *w, const char *name, const char *category,
                       uint32_t track)
{
    vg_json_write_break(w);
    vg_json_object_open(w, NULL);
    vg_json_write_text(w, "name", name);
    vg_json_write_text(w, "cat", category);
    vg_json_write_text(w, "ph", "X");
    vg_json_write_integer(w, "pid", PROCESS);
    vg_json_write_integer(w, "tid", track);
}

/* Trace viewers take doubles, but nine digits of a long trace are too few: three decimals. */
static void times(struct vg_json_writer *w, double start_us, double us)
{
    vg_json_write_fixed(w, "ts", start_us, 3);
    vg_json_write_fixed(w, "dur", us, 3);
}

static void span_write(struct vg_json_writer *w, const struct vg_profile *p,
                       const struct vg_step_span *span)
{
    const struct vg_step_time *step = &p->step[span->step];
    event_open(w, step->name, step->kernel, QUEUES_FROM + span->queue);
    times(w, span->start_us, span->us);
    vg_json_object_open(w, "args");
    vg_json_write_integer(w, "step", span->step);
    vg_json_write_integer(w, "run", span->run);
    vg_json_write_text(w, "kernel", step->kernel);
    vg_json_write_number(w, "gflop_per_s", span->us > 0 ? 1e6 * step->gflop / span->us : 0);
    vg_json_write_number(w, "gbyte_per_s", span->us > 0 ? 1e3 * step->mbytes / span->us : 0);
    vg_json_object_close(w);
    vg_json_object_close(w);
}

/* A run lasts from its first span's start to its last one's end; spans stand in order of runs. */
static uint32_t run_write(struct vg_json_writer *w, const struct vg_profile *p, uint32_t first)
{
    const uint32_t run = p->span[first].run;
    double start_us = p->span[first].start_us, end_us = start_us;
    uint32_t i = first;
    for (; i < p->span_count && p->span[i].run == run; i++) {
        const struct vg_step_span *span = &p->span[i];
        if (span->start_us < start_us)
            start_us = span->start_us;
        if (span->start_us + span->us > end_us)
            end_us = span->start_us + span->us;
    }
    char name[32];
    (void)snprintf(name, sizeof name, "run %u", run);
    event_open(w, name, "run", RUNS_TRACK);
    times(w, start_us, end_us - start_us);
    vg_json_object_open(w, "args");
    vg_json_write_integer(w, "pictures", p->batch);
    vg_json_object_close(w);
    vg_json_object_close(w);
    return i;
}

static void names_write(struct vg_json_writer *w, const struct vg_profile *p,
                        const struct vg_profile_heading *h)
{
    char name[512];
    uint32_t queues = 0;
    (void)snprintf(name, sizeof name, "%s %ux%u %s, %s", h->model, h->width, h->height,
                   h->precision, h->device);
    meta_text(w, "process_name", 0, name);
    meta_text(w, "thread_name", RUNS_TRACK, "runs");
    for (uint32_t i = 0; i < p->span_count; i++)
        if (p->span[i].queue >= queues)
            queues = p->span[i].queue + 1;
    for (uint32_t q = 0; q < queues; q++) {
        (void)snprintf(name, sizeof name, "queue %u", q);
        meta_text(w, "thread_name", QUEUES_FROM + q, name);
    }
}

void vg_trace_print(const struct vg_profile *profile, const struct vg_profile_heading *heading,
                    FILE *out)
{
    struct vg_json_writer w;
    vg_json_writer_init(&w, out);
    vg_json_object_open(&w, NULL);
    vg_json_write_text(&w, "displayTimeUnit", "ms");
    vg_json_array_open(&w, "traceEvents");
    names_write(&w, profile, heading);
    for (uint32_t i = 0; i < profile->span_count;)
        i = run_write(&w, profile, i);
    for (uint32_t i = 0; i < profile->span_count; i++)
        span_write(&w, profile, &profile->span[i]);
    vg_json_array_close(&w);
    vg_json_object_close(&w);
    (void)fputc('\n', out);
}
