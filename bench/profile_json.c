#include "bench/profile_json.h"

static void step_write(struct vg_json_writer *w, const struct vg_profile *p, uint32_t index)
{
    const struct vg_step_time *step = &p->step[index];
    vg_json_object_open(w, NULL);
    vg_json_write_integer(w, "step", index);
    vg_json_write_text(w, "name", step->name);
    vg_json_write_text(w, "kernel", step->kernel);
    vg_json_write_number(w, "us", step->us);
    vg_json_write_number(w, "gflop", step->gflop);
    vg_json_write_number(w, "mbytes", step->mbytes);
    vg_json_write_number(w, "needed_gflop", step->needed_gflop);
    vg_json_write_number(w, "gflop_per_s", step->us > 0 ? 1e6 * step->gflop / step->us : 0);
    vg_json_write_number(w, "gbyte_per_s", step->us > 0 ? 1e3 * step->mbytes / step->us : 0);
    if (p->peak_gflop_s > 0 || p->peak_gbyte_s > 0)
        vg_json_write_number(w, "peak_frac", vg_step_share_frac(p, step));
    else
        vg_json_write_null(w, "peak_frac");
    vg_json_object_close(w);
}

static void peak_write(struct vg_json_writer *w, const char *key, double value)
{
    if (value > 0)
        vg_json_write_number(w, key, value);
    else
        vg_json_write_null(w, key); /* not measured */
}

void vg_profile_json(const struct vg_profile *profile, struct vg_json_writer *writer)
{
    vg_json_write_integer(writer, "runs", profile->runs);
    vg_json_write_number(writer, "whole_us", profile->whole_us);
    vg_json_write_number(writer, "steps_us", vg_profile_steps_us(profile));
    peak_write(writer, "peak_gflop_per_s", profile->peak_gflop_s);
    peak_write(writer, "peak_gbyte_per_s", profile->peak_gbyte_s);
    vg_json_array_open(writer, "steps");
    for (uint32_t i = 0; i < profile->step_count; i++) {
        vg_json_write_break(writer);
        step_write(writer, profile, i);
    }
    vg_json_array_close(writer);
}

void vg_profile_json_heading(const struct vg_profile_heading *heading, uint32_t batch,
                             struct vg_json_writer *writer)
{
    char size[32];
    (void)snprintf(size, sizeof size, "%ux%u", heading->width, heading->height);
    vg_json_write_text(writer, "model", heading->model);
    vg_json_write_text(writer, "size", size);
    vg_json_write_integer(writer, "batch", batch);
    vg_json_write_integer(writer, "threads", heading->threads);
    vg_json_write_text(writer, "precision", heading->precision);
    vg_json_write_text(writer, "device", heading->device);
}

void vg_profile_json_print(const struct vg_profile *profile,
                           const struct vg_profile_heading *heading, FILE *out)
{
    struct vg_json_writer writer;
    vg_json_writer_init(&writer, out);
    vg_json_object_open(&writer, NULL);
    vg_profile_json_heading(heading, profile->batch, &writer);
    vg_profile_json(profile, &writer);
    vg_json_object_close(&writer);
    (void)fputc('\n', out);
}
