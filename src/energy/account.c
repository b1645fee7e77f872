#include "src/energy/account.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "src/base/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *vg_energy_status_name(enum vg_energy_status status)
{
    static const char *const names[] = {"measured", "estimated", "not_measured"};
    return names[status];
}

double vg_student_t(uint32_t freedom)
{
    static const struct {
        uint32_t freedom;
        double t;
    } rows[] = {{1, 12.7062}, {2, 4.3027},  {3, 3.1824},  {4, 2.7764},  {5, 2.5706},  {6, 2.4469},
                {7, 2.3646},  {8, 2.3060},  {9, 2.2622},  {10, 2.2281}, {11, 2.2010}, {12, 2.1788},
                {13, 2.1604}, {14, 2.1448}, {15, 2.1314}, {16, 2.1199}, {17, 2.1098}, {18, 2.1009},
                {19, 2.0930}, {20, 2.0860}, {21, 2.0796}, {22, 2.0739}, {23, 2.0687}, {24, 2.0639},
                {25, 2.0595}, {26, 2.0555}, {27, 2.0518}, {28, 2.0484}, {29, 2.0452}, {30, 2.0423},
                {40, 2.0211}, {60, 2.0003}, {120, 1.9799}};
    double t = rows[0].t;
    for (size_t i = 0; i < COUNT(rows) && rows[i].freedom <= freedom; i++)
        t = rows[i].t;
    return t;
}

/* ---- means that are filled run by run ---- */

struct sums {
    double mean, squares; /* Welford's: stable for watts that differ in their last digits */
    uint32_t count;
};

static void sums_add(struct sums *s, double value)
{
    const double off = value - s->mean;
    s->count++;
    s->mean += off / s->count;
    s->squares += off * (value - s->mean);
}

static struct vg_energy_figure sums_figure(const struct sums *s)
{
    double half = 0;
    if (s->count > 1)
        half = vg_student_t(s->count - 1) * sqrt(s->squares / (s->count - 1) / s->count);
    return (struct vg_energy_figure){s->mean, s->mean - half, s->mean + half, s->count};
}

struct vg_energy_figure vg_energy_mean(const double *values, uint32_t count)
{
    struct sums s = {0, 0, 0};
    for (uint32_t i = 0; i < count; i++)
        sums_add(&s, values[i]);
    return sums_figure(&s);
}

/* Of the joules of blocks less what `idle_w` took of their seconds (NULL: nothing), for each of `by`. */
static struct vg_energy_figure ratio_of(const double *joules, const double *seconds, double idle_w,
                                        const double *by, uint32_t count)
{
    double all_j = 0, all = 0, squares = 0;
    for (uint32_t i = 0; i < count; i++) {
        all_j += joules[i] - (seconds ? idle_w * seconds[i] : 0);
        all += by[i];
    }
    if (count < VG_ENERGY_BLOCKS_LEAST || !(all > 0))
        return (struct vg_energy_figure){0, 0, 0, 0};
    const double ratio = all_j / all, mean = all / count;
    for (uint32_t i = 0; i < count; i++) {
        const double off = joules[i] - (seconds ? idle_w * seconds[i] : 0) - ratio * by[i];
        squares += off * off;
    }
    const double half =
        vg_student_t(count - 1) * sqrt(squares / ((double)count * (count - 1))) / mean;
    return (struct vg_energy_figure){ratio, ratio - half, ratio + half, count};
}

struct vg_energy_figure vg_energy_blocks(const double *joules, const double *pictures,
                                         uint32_t count)
{
    return ratio_of(joules, NULL, 0, pictures, count);
}

/* ---- the account ---- */

struct tables {
    struct sums gross_w, idle_w, net_w, gross_j, net_j, j_per_picture, net_j_per_picture,
        w_per_flux, net_w_per_flux;
};

static double cover_of(const struct vg_energy_stretch *s)
{
    return s->whole_s > 0 && s->covered_s > 0 ? s->covered_s / s->whole_s : 0;
}

static bool is_known(const struct vg_energy_stretch *s)
{
    return isfinite(s->joules) && isfinite(s->covered_s) && isfinite(s->whole_s) &&
           s->joules >= 0 && cover_of(s) >= VG_ENERGY_COVER_LEAST;
}

static double watts_of(const struct vg_energy_stretch *s)
{
    return s->joules / s->covered_s;
}

static void add_idle(struct vg_energy_account *a, struct tables *t, const struct vg_energy_run *run,
                     double gross_w)
{
    const double before_w = watts_of(&run->before), after_w = watts_of(&run->after);
    const double idle_w = 0.5 * (before_w + after_w), net_w = gross_w - idle_w;
    const double drift = idle_w > 0 ? fabs(after_w - before_w) / idle_w : 0;
    a->drift = drift > a->drift ? drift : a->drift;
    sums_add(&t->idle_w, idle_w);
    sums_add(&t->net_w, net_w);
    sums_add(&t->net_j, net_w * run->load.whole_s);
    sums_add(&t->net_j_per_picture, net_w * run->load.whole_s / (double)run->pictures);
    sums_add(&t->net_w_per_flux, net_w / run->flux);
}

static void add_run(struct vg_energy_account *a, struct tables *t, const struct vg_energy_run *run)
{
    if (!is_known(&run->load) || run->pictures == 0 || run->flux == 0) {
        a->left_out++;
        return;
    }
    const double gross_w = watts_of(&run->load), gross_j = gross_w * run->load.whole_s;
    const double cover = cover_of(&run->load);
    a->cover_least = a->runs == 0 || cover < a->cover_least ? cover : a->cover_least;
    a->runs++;
    sums_add(&t->gross_w, gross_w);
    sums_add(&t->gross_j, gross_j);
    sums_add(&t->j_per_picture, gross_j / (double)run->pictures);
    sums_add(&t->w_per_flux, gross_w / run->flux);
    if (is_known(&run->before) && is_known(&run->after))
        add_idle(a, t, run, gross_w);
}

static struct vg_energy_figure times(struct vg_energy_figure f, double by)
{
    return (struct vg_energy_figure){f.mean * by, f.low * by, f.high * by, f.count};
}

static void figures(struct vg_energy_account *a, const struct tables *t)
{
    a->gross_w = sums_figure(&t->gross_w);
    a->idle_w = sums_figure(&t->idle_w);
    a->net_w = sums_figure(&t->net_w);
    a->gross_j = sums_figure(&t->gross_j);
    a->net_j = sums_figure(&t->net_j);
    a->j_per_picture = sums_figure(&t->j_per_picture);
    a->net_j_per_picture = sums_figure(&t->net_j_per_picture);
    a->w_per_flux = sums_figure(&t->w_per_flux);
    a->net_w_per_flux = sums_figure(&t->net_w_per_flux);
    a->kwh_per_day = times(a->gross_w, 24e-3);
    a->kwh_per_deployment = times(a->gross_w, 24e-3 * a->days);
    a->idle_drifts = a->drift > VG_ENERGY_DRIFT_MOST;
}

void vg_energy_account_none(struct vg_energy_account *account, const char *why)
{
    memset(account, 0, sizeof *account);
    account->status = VG_ENERGY_NOT_MEASURED;
    account->why = why;
}

void vg_energy_account_make(struct vg_energy_account *account, enum vg_energy_scope scope,
                            const struct vg_energy_run *runs, uint32_t count, double days)
{
    struct tables t;
    memset(&t, 0, sizeof t);
    vg_energy_account_none(account, count ? N_("the meter did not answer for long enough")
                                          : N_("nothing was measured"));
    account->scope = scope;
    account->days = days;
    for (uint32_t i = 0; i < count; i++)
        add_run(account, &t, &runs[i]);
    if (account->runs == 0)
        return;
    account->status = VG_ENERGY_MEASURED;
    account->why = NULL;
    figures(account, &t);
}

/* About the figure's own mean, `half` to either side; without a mean there is nothing to be unsure of. */
static void widen(struct vg_energy_figure *f, double half, uint32_t count)
{
    if (f->count == 0)
        return;
    f->low = f->mean - half;
    f->high = f->mean + half;
    f->count = count;
}

static double half_of(const struct vg_energy_figure *f)
{
    return f->high - f->mean;
}

static void widen_power(struct vg_energy_account *a, double half_w, double idle_half_w,
                        uint32_t count)
{
    const double flux = a->gross_w.mean / a->w_per_flux.mean;
    const double whole_s = a->gross_j.mean / a->gross_w.mean;
    widen(&a->net_w, half_w + idle_half_w, count);
    widen(&a->net_j, (half_w + idle_half_w) * whole_s, count);
    widen(&a->net_w_per_flux, (half_w + idle_half_w) / flux, count);
    widen(&a->gross_w, half_w, count);
    widen(&a->gross_j, half_w * whole_s, count);
    widen(&a->w_per_flux, half_w / flux, count);
    widen(&a->kwh_per_day, 24e-3 * half_w, count);
    widen(&a->kwh_per_deployment, 24e-3 * a->days * half_w, count);
}

void vg_energy_account_within(struct vg_energy_account *account,
                              const struct vg_energy_block_list *blocks)
{
    struct vg_energy_account *a = account;
    const double idle_w = a->idle_w.mean, idle_half_w = 0.5 * a->drift * idle_w;
    const struct vg_energy_figure watts = vg_energy_blocks(blocks->joules, blocks->seconds,
                                                           blocks->count),
                                  gross = vg_energy_blocks(blocks->joules, blocks->pictures,
                                                           blocks->count);
    if (a->status != VG_ENERGY_MEASURED || a->runs != 1 || watts.count == 0 ||
        !(a->gross_w.mean > 0))
        return;
    widen_power(a, half_of(&watts), idle_half_w, watts.count);
    if (gross.count == 0)
        return;
    const struct vg_energy_figure net =
        ratio_of(blocks->joules, blocks->seconds, idle_w, blocks->pictures, blocks->count);
    widen(&a->j_per_picture, half_of(&gross), gross.count);
    widen(&a->net_j_per_picture,
          half_of(&net) + idle_half_w * a->j_per_picture.mean / a->gross_w.mean, net.count);
}

void vg_energy_account_assume(struct vg_energy_account *account, enum vg_energy_scope scope,
                              const struct vg_energy_assumption *assumption, double whole_s,
                              uint64_t pictures, uint32_t flux, double days)
{
    const double idle_w = assumption->idle_w, full_w = assumption->full_w, busy = assumption->busy;
    const double watts = idle_w + (full_w - idle_w) * busy;
    const struct vg_energy_run run = {
        .before = {idle_w * whole_s, whole_s, whole_s},
        .load = {watts * whole_s, whole_s, whole_s},
        .after = {idle_w * whole_s, whole_s, whole_s},
        .pictures = pictures,
        .flux = flux,
    };
    const bool sense = idle_w >= 0 && full_w >= idle_w && busy >= 0 && busy <= 1;
    vg_energy_account_make(account, scope, &run, sense, days);
    if (account->status == VG_ENERGY_MEASURED)
        account->status = VG_ENERGY_ESTIMATED;
    else
        account->why = N_("what was assumed makes no sense");
}
