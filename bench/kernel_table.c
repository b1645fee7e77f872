#include "bench/kernel_table.h"

#include <stdlib.h>
#include <string.h>

#include "bench/profile_json.h"
#include "src/base/alloc.h"
#include "src/base/json_write.h"
#include "src/base/text.h"

const char *vg_kernel_part_name(enum vg_kernel_part part)
{
    static const char *const names[] = {"prepare", "net", "boxes", "maps"};
    return names[part];
}

enum {
    CELL_SIZE = 320 /* the longest %f */
};

/* ---- families ---- */

static struct vg_kernel_family *family_of(struct vg_kernel_family *families, uint32_t *count,
                                          const struct vg_kernel_times *times, uint32_t step)
{
    const char *kernel = times->profile.step[step].kernel;
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(families[i].kernel, kernel) == 0)
            return &families[i];
    families[*count] =
        (struct vg_kernel_family){.kernel = kernel, .part = vg_kernel_times_part(times, step)};
    return &families[(*count)++];
}

static int longest_first(const void *a, const void *b)
{
    const struct vg_kernel_family *x = a, *y = b;
    if (x->median_us > y->median_us || x->median_us < y->median_us)
        return x->median_us > y->median_us ? -1 : 1;
    return strcmp(x->kernel, y->kernel);
}

enum vg_status vg_kernel_families(const struct vg_kernel_times *times,
                                  struct vg_kernel_family **families, uint32_t *count,
                                  struct vg_fault *fault)
{
    const struct vg_profile *p = &times->profile;
    const double all_us = vg_profile_steps_us(p);
    *count = 0;
    *families = vg_alloc_array(p->step_count, sizeof **families);
    if (!*families)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u", p->step_count);
    for (uint32_t i = 0; i < p->step_count; i++) {
        struct vg_kernel_family *family = family_of(*families, count, times, i);
        family->steps++;
        family->median_us += p->step[i].us;
        family->least_us += times->least_us[i];
        family->gflop += p->step[i].gflop;
        family->mbytes += p->step[i].mbytes;
        family->peak_frac += vg_step_bound_us(p, &p->step[i]);
    }
    for (uint32_t i = 0; i < *count; i++) {
        struct vg_kernel_family *family = &(*families)[i];
        family->peak_frac = family->median_us > 0 ? family->peak_frac / family->median_us : 0;
        family->picture_share = all_us > 0 ? family->median_us / all_us : 0;
    }
    qsort(*families, *count, sizeof **families, longest_first);
    return VG_OK;
}

/* Those that were asked for; a name that none has is refused with those that there are. */
static enum vg_status families_wanted(const struct vg_kernel_table *table,
                                      struct vg_kernel_family **families, uint32_t *count,
                                      struct vg_fault *fault)
{
    enum vg_status status = vg_kernel_families(table->times, families, count, fault);
    if (status || !table->kernel)
        return status;
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp((*families)[i].kernel, table->kernel) == 0) {
            (*families)[0] = (*families)[i];
            *count = 1;
            return VG_OK;
        }
    vg_free(*families);
    *families = NULL;
    return vg_fault_set(fault, VG_E_CALL, N_("this picture needs no kernel of that name"),
                        N_("without --kernel those that there are are listed"), "--kernel %.100s",
                        table->kernel);
}

static bool step_wanted(const struct vg_kernel_table *table, uint32_t step)
{
    return table->kernel && strcmp(table->times->profile.step[step].kernel, table->kernel) == 0;
}

/* ---- text ---- */

struct line {
    const char *name, *part; /* msgid of neither: names are English */
    uint32_t steps;
    double median_us, least_us, gflop, mbytes, peak_frac, picture_share;
};

static void number(char cell[CELL_SIZE], double value, double factor)
{
    if (value > 0)
        (void)snprintf(cell, CELL_SIZE, "%.1f", value * factor);
    else
        (void)snprintf(cell, CELL_SIZE, "-");
}

static void line_print(const struct line *line, FILE *out)
{
    char gflop_s[CELL_SIZE], gbyte_s[CELL_SIZE], peak[CELL_SIZE];
    const double us = line->median_us;
    number(gflop_s, us > 0 ? line->gflop / us : 0, 1e6);
    number(gbyte_s, us > 0 ? line->mbytes / us : 0, 1e3);
    number(peak, line->peak_frac, 100);
    (void)fprintf(out, "%-40s %-8s %5u %11.1f %11.1f %9s %8s %7s %7.2f\n", line->name, line->part,
                  line->steps, us, line->least_us, gflop_s, gbyte_s, peak,
                  100 * line->picture_share);
}

static void steps_print(const struct vg_kernel_table *table, FILE *out)
{
    const struct vg_profile *p = &table->times->profile;
    const double all_us = vg_profile_steps_us(p);
    for (uint32_t i = 0; i < p->step_count; i++) {
        const struct vg_step_time *step = &p->step[i];
        if (!step_wanted(table, i))
            continue;
        const struct line line = {.name = step->name,
                                  .part = "",
                                  .steps = 1,
                                  .median_us = step->us,
                                  .least_us = table->times->least_us[i],
                                  .gflop = step->gflop,
                                  .mbytes = step->mbytes,
                                  .peak_frac = vg_step_share_frac(p, step),
                                  .picture_share = all_us > 0 ? step->us / all_us : 0};
        line_print(&line, out);
    }
}

static void heading_print(const struct vg_kernel_table *table, FILE *out)
{
    const struct vg_profile_heading *h = table->heading;
    const struct vg_profile *p = &table->times->profile;
    (void)fprintf(out, _("%s %ux%u, batch %u, %u threads, %s, %s\n"), h->model, h->width, h->height,
                  p->batch, h->threads, h->precision, h->device);
    (void)fprintf(out,
                  _("each kernel alone, %u runs on pictures of %s, of noise (seed %llu); measured "
                    "peak: %.0f GFLOP/s, %.1f GB/s\n"),
                  p->runs, table->pictures, (unsigned long long)table->seed, p->peak_gflop_s,
                  p->peak_gbyte_s);
    (void)fprintf(out, "%-40s %-8s %5s %11s %11s %9s %8s %7s %7s\n", _("kernel"), _("part"),
                  _("steps"), _("median us"), _("least us"), "GFLOP/s", "GB/s", _("peak %"),
                  _("share %"));
}

enum vg_status vg_kernel_table_text(const struct vg_kernel_table *table, FILE *out,
                                    struct vg_fault *fault)
{
    struct vg_kernel_family *families = NULL;
    uint32_t count;
    const enum vg_status status = families_wanted(table, &families, &count, fault);
    if (status)
        return status;
    heading_print(table, out);
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_kernel_family *f = &families[i];
        const struct line line = {.name = f->kernel,
                                  .part = vg_kernel_part_name(f->part),
                                  .steps = f->steps,
                                  .median_us = f->median_us,
                                  .least_us = f->least_us,
                                  .gflop = f->gflop,
                                  .mbytes = f->mbytes,
                                  .peak_frac = f->peak_frac,
                                  .picture_share = f->picture_share};
        line_print(&line, out);
    }
    steps_print(table, out);
    (void)fprintf(out, _("all kernels of a picture: %.1f us\n"),
                  vg_profile_steps_us(&table->times->profile));
    vg_free(families);
    return VG_OK;
}

/* ---- JSON ---- */

static void known_write(struct vg_json_writer *w, const char *key, double value)
{
    if (value > 0)
        vg_json_write_number(w, key, value);
    else
        vg_json_write_null(w, key); /* not counted, or not measured */
}

static void rates_write(struct vg_json_writer *w, double us, double gflop, double mbytes)
{
    known_write(w, "gflop_per_s", us > 0 ? 1e6 * gflop / us : 0);
    known_write(w, "gbyte_per_s", us > 0 ? 1e3 * mbytes / us : 0);
}

static void step_write(const struct vg_kernel_table *table, uint32_t index,
                       struct vg_json_writer *w)
{
    const struct vg_step_time *step = &table->times->profile.step[index];
    vg_json_write_break(w);
    vg_json_object_open(w, NULL);
    vg_json_write_text(w, "name", step->name);
    vg_json_write_number(w, "median_us", step->us);
    vg_json_write_number(w, "least_us", table->times->least_us[index]);
    rates_write(w, step->us, step->gflop, step->mbytes);
    known_write(w, "peak_frac", vg_step_share_frac(&table->times->profile, step));
    vg_json_object_close(w);
}

static void family_write(const struct vg_kernel_table *table, const struct vg_kernel_family *f,
                         struct vg_json_writer *w)
{
    const struct vg_profile *p = &table->times->profile;
    vg_json_write_break(w);
    vg_json_object_open(w, NULL);
    vg_json_write_text(w, "kernel", f->kernel);
    vg_json_write_text(w, "part", vg_kernel_part_name(f->part));
    vg_json_write_integer(w, "steps", f->steps);
    vg_json_write_number(w, "median_us", f->median_us);
    vg_json_write_number(w, "least_us", f->least_us);
    vg_json_write_number(w, "gflop", f->gflop);
    vg_json_write_number(w, "mbytes", f->mbytes);
    rates_write(w, f->median_us, f->gflop, f->mbytes);
    known_write(w, "peak_frac", f->peak_frac);
    vg_json_write_number(w, "picture_share", f->picture_share);
    vg_json_array_open(w, "shapes");
    for (uint32_t i = 0; i < p->step_count; i++)
        if (strcmp(p->step[i].kernel, f->kernel) == 0)
            step_write(table, i, w);
    vg_json_array_close(w);
    vg_json_object_close(w);
}

enum vg_status vg_kernel_table_json(const struct vg_kernel_table *table, FILE *out,
                                    struct vg_fault *fault)
{
    const struct vg_profile *p = &table->times->profile;
    struct vg_kernel_family *families = NULL;
    struct vg_json_writer w;
    uint32_t count;
    const enum vg_status status = families_wanted(table, &families, &count, fault);
    if (status)
        return status;
    vg_json_writer_init(&w, out);
    vg_json_object_open(&w, NULL);
    vg_profile_json_heading(table->heading, p->batch, &w);
    vg_json_write_integer(&w, "runs", p->runs);
    vg_json_write_text(&w, "pictures", table->pictures);
    vg_json_write_integer(&w, "seed", (int64_t)table->seed);
    known_write(&w, "peak_gflop_per_s", p->peak_gflop_s);
    known_write(&w, "peak_gbyte_per_s", p->peak_gbyte_s);
    vg_json_write_number(&w, "kernels_us", vg_profile_steps_us(p));
    vg_json_array_open(&w, "kernels");
    for (uint32_t i = 0; i < count; i++)
        family_write(table, &families[i], &w);
    vg_json_array_close(&w);
    vg_json_object_close(&w);
    (void)fputc('\n', out);
    vg_free(families);
    return VG_OK;
}
