#include "bench/profile_text.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

enum {
    COLUMNS = 8,
    CELL_SIZE = 320 /* the longest %f */
};

enum side {
    LEFT,
    RIGHT
};

static const struct {
    const char *title; /* msgid */
    enum side side;
    int least_width;
} columns[COLUMNS] = {
    {N_("step"), RIGHT, 4}, {N_("what"), LEFT, 24}, {N_("kernel"), LEFT, 12},
    {"us", RIGHT, 9},       {"%", RIGHT, 5},        {"GFLOP/s", RIGHT, 8},
    {"GB/s", RIGHT, 7},     {N_("peak"), RIGHT, 6},
};

struct row {
    char cell[COLUMNS][CELL_SIZE];
};

/* Characters of UTF-8 text, not bytes: the terms are French. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void row_print(const struct row *row, const int *width, FILE *out)
{
    int behind = 0; /* blanks that are owed: none stand at the end of a line */
    for (unsigned c = 0; c < COLUMNS; c++) {
        const int rest = width[c] - width_of(row->cell[c]);
        const int before = behind + (columns[c].side == RIGHT ? rest : 0);
        if (row->cell[c][0]) {
            (void)fprintf(out, "%*s%s", before, "", row->cell[c]);
            behind = columns[c].side == LEFT ? rest : 0;
        } else {
            behind += width[c];
        }
        behind += 2;
    }
    (void)fputc('\n', out);
}

static void widen(const struct row *row, int *width)
{
    for (unsigned c = 0; c < COLUMNS; c++)
        if (width_of(row->cell[c]) > width[c])
            width[c] = width_of(row->cell[c]);
}

/* operations and bytes over a time; "-" where there are none */
static void rate(char *cell, double amount, double us, double factor)
{
    if (amount > 0 && us > 0)
        (void)snprintf(cell, CELL_SIZE, "%.1f", factor * amount / us);
    else
        (void)snprintf(cell, CELL_SIZE, "-");
}

static void rates_fill(struct row *row, const struct vg_profile *p, const struct vg_step_time *sum)
{
    const double all = vg_profile_steps_us(p);
    (void)snprintf(row->cell[3], CELL_SIZE, "%.1f", sum->us);
    (void)snprintf(row->cell[4], CELL_SIZE, "%.1f", all > 0 ? 100 * sum->us / all : 0);
    rate(row->cell[5], sum->gflop, sum->us, 1e6);
    rate(row->cell[6], sum->mbytes, sum->us, 1e3);
}

static void share_fill(struct row *row, double share_frac)
{
    if (share_frac > 0)
        (void)snprintf(row->cell[7], CELL_SIZE, "%.0f %%", 100 * share_frac);
    else
        (void)snprintf(row->cell[7], CELL_SIZE, "-");
}

static void step_fill(struct row *row, const struct vg_profile *p, uint32_t index)
{
    const struct vg_step_time *step = &p->step[index];
    (void)snprintf(row->cell[0], CELL_SIZE, "%u", index);
    (void)snprintf(row->cell[1], CELL_SIZE, "%s", step->name);
    (void)snprintf(row->cell[2], CELL_SIZE, "%s", step->kernel);
    rates_fill(row, p, step);
    share_fill(row, vg_step_share_frac(p, step));
}

/* The sum of all steps (kernel NULL) or of one kernel's. Its share: of its bounds' sum. */
static void sum_fill(struct row *row, const struct vg_profile *p, const char *kernel)
{
    struct vg_step_time sum = {.us = 0};
    double bound_us = 0;
    for (uint32_t i = 0; i < p->step_count; i++) {
        if (kernel && strcmp(p->step[i].kernel, kernel) != 0)
            continue;
        sum.us += p->step[i].us;
        sum.gflop += p->step[i].gflop;
        sum.mbytes += p->step[i].mbytes;
        bound_us += vg_step_bound_us(p, &p->step[i]);
    }
    rates_fill(row, p, &sum);
    share_fill(row, sum.us > 0 ? bound_us / sum.us : 0);
}

static void families_print(const struct vg_profile *p, const int *width, FILE *out)
{
    struct vg_profile_family family[VG_PROFILE_FAMILIES_MAX];
    const uint32_t count = vg_profile_families(p, family);
    for (uint32_t i = 0; i < count; i++) {
        struct row row = {0};
        (void)snprintf(row.cell[0], CELL_SIZE, "%ux", family[i].steps);
        (void)snprintf(row.cell[2], CELL_SIZE, "%s",
                       family[i].kernel ? family[i].kernel : _("others"));
        if (family[i].kernel)
            sum_fill(&row, p, family[i].kernel);
        else
            rates_fill(&row, p, &(struct vg_step_time){.us = family[i].us});
        row_print(&row, width, out);
    }
}

static void heading_print(const struct vg_profile *p, const struct vg_profile_heading *h, FILE *out)
{
    (void)fprintf(out, _("%s %ux%u, batch %u, %u threads, %s, %s\n"), h->model, h->width, h->height,
                  p->batch, h->threads, h->precision, h->device);
    if (p->peak_gflop_s > 0 && p->peak_gbyte_s > 0)
        (void)fprintf(out, _("measured peak: %.0f GFLOP/s, %.1f GB/s; median of %u runs\n"),
                      p->peak_gflop_s, p->peak_gbyte_s, p->runs);
    else
        (void)fprintf(out, _("peak not measured; median of %u runs\n"), p->runs);
}

static void table_print(const struct vg_profile *p, const struct row *rows, FILE *out)
{
    struct row title = {0}, sum = {0};
    int width[COLUMNS];
    for (unsigned c = 0; c < COLUMNS; c++) {
        width[c] = columns[c].least_width;
        (void)snprintf(title.cell[c], CELL_SIZE, "%s", _(columns[c].title));
    }
    (void)snprintf(sum.cell[1], CELL_SIZE, "%s", _("all steps"));
    sum_fill(&sum, p, NULL);
    widen(&title, width);
    widen(&sum, width);
    for (uint32_t i = 0; i < p->step_count; i++)
        widen(&rows[i], width);
    row_print(&title, width, out);
    for (uint32_t i = 0; i < p->step_count; i++)
        row_print(&rows[i], width, out);
    (void)fputc('\n', out);
    families_print(p, width, out);
    row_print(&sum, width, out);
    (void)fprintf(out,
                  _("whole run on the host's clock: %.1f us, %.1f of them outside the steps\n"),
                  p->whole_us, p->whole_us - vg_profile_steps_us(p));
}

enum vg_status vg_profile_text(const struct vg_profile *profile,
                               const struct vg_profile_heading *heading,
                               enum vg_profile_order order, FILE *out, struct vg_fault *fault)
{
    uint32_t *index = NULL;
    struct row *rows = NULL;
    enum vg_status status = vg_profile_sort(profile, order, &index, fault);
    if (status)
        return status;
    rows = vg_alloc_array(profile->step_count, sizeof *rows);
    if (!rows) {
        status =
            vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u", profile->step_count);
        goto done;
    }
    for (uint32_t i = 0; i < profile->step_count; i++)
        step_fill(&rows[i], profile, index[i]);
    heading_print(profile, heading, out);
    table_print(profile, rows, out);
done:
    vg_free(rows);
    vg_free(index);
    return status;
}
