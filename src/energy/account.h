/* What runs used: joules for each analysed picture, watts for each flux, with idle and without it, and
 * how sure that is. Pure: no clock, no meter, any thread.
 *
 * An account stands for one scope (energy_scope.h); there is no function that adds two. Formulas are
 * those of MLPerf's way of measuring (mlcommons/inference_policies power_measurement.adoc): energy and
 * speed out of the same run, the loaded phase alone. */
#ifndef VG_ENERGY_ACCOUNT_H
#define VG_ENERGY_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "src/energy/energy_scope.h"

#define VG_ENERGY_COVER_LEAST  0.95 /* share of a stretch that its joules must stand for */
#define VG_ENERGY_DRIFT_MOST   0.03 /* idle after against idle before */
#define VG_ENERGY_BLOCKS_LEAST 10

enum vg_energy_status {
    VG_ENERGY_MEASURED,
    VG_ENERGY_ESTIMATED, /* only when somebody asked for it, with what was assumed */
    VG_ENERGY_NOT_MEASURED
};

/* "measured", "estimated", "not_measured". */
const char *vg_energy_status_name(enum vg_energy_status status);

/* A stretch of time on a meter: two readings of it, and the clock's. */
struct vg_energy_stretch {
    double joules;
    double covered_s; /* that the joules stand for */
    double whole_s;   /* of the stretch; 0: it was not measured */
};

/* One repetition. before, after: the machine at rest, nothing of the work running. */
struct vg_energy_run {
    struct vg_energy_stretch before, load, after;
    uint64_t pictures; /* analysed to the end of their rules; not those decoded or received */
    uint32_t flux;
};

/* A mean over repetitions and its 95 % interval, by Student's t with count - 1 degrees of freedom:
 * mean -+ t(count - 1, 0.975) * s / sqrt(count). */
struct vg_energy_figure {
    double mean, low, high;
    uint32_t count; /* 0: not known, all is 0; 1: no interval, low and high are the mean */
};

struct vg_energy_account {
    enum vg_energy_status status;
    const char *why; /* msgid, of VG_ENERGY_NOT_MEASURED, else NULL */
    enum vg_energy_scope scope;
    uint32_t runs, left_out; /* repetitions that count, and those that do not */
    /* of each run: E joules in T seconds (E = W * T, where W is the mean over what was covered),
     * I watts of idle, the mean of before and after; N pictures, n flux */
    struct vg_energy_figure gross_w;            /* W */
    struct vg_energy_figure idle_w;             /* I */
    struct vg_energy_figure net_w;              /* W - I */
    struct vg_energy_figure gross_j;            /* E */
    struct vg_energy_figure net_j;              /* E - I * T */
    struct vg_energy_figure j_per_picture;      /* E / N: what sizes a purchase */
    struct vg_energy_figure net_j_per_picture;  /* (E - I * T) / N: what compares two versions */
    struct vg_energy_figure w_per_flux;         /* W / n */
    struct vg_energy_figure net_w_per_flux;     /* (W - I) / n */
    struct vg_energy_figure kwh_per_day;        /* W * 24 / 1000 */
    struct vg_energy_figure kwh_per_deployment; /* W * 24 * days / 1000 */
    double days;
    double drift;     /* the greatest |after - before| / mean of both; 0 where idle is not known */
    bool idle_drifts; /* by more than VG_ENERGY_DRIFT_MOST: the net figures are doubtful */
    double cover_least; /* of the loads that count */
};

/* days: of the deployment, 0 and more. A run counts if its load is covered (VG_ENERGY_COVER_LEAST),
 * its pictures and flux are not 0 and its numbers are finite; idle counts where it is covered so, and
 * the net figures stand on the runs that have it. None counts, or `count` is 0: not measured. */
void vg_energy_account_make(struct vg_energy_account *account, enum vg_energy_scope scope,
                            const struct vg_energy_run *runs, uint32_t count, double days);

/* There is no meter, or none that works. why: msgid. */
void vg_energy_account_none(struct vg_energy_account *account, const char *why);

/* What somebody assumes of a machine that has no meter: between idle and full it draws in proportion to
 * how busy it is (Fan, Weber, Barroso: Power provisioning for a warehouse-sized computer, ISCA 2007). */
struct vg_energy_assumption {
    double idle_w, full_w; /* 0 <= idle_w <= full_w */
    double busy;           /* 0 to 1, of the machine during the load */
};

/* One load of whole_s seconds. Figures have no interval. Not measured, with its reason, when the
 * assumption or the load makes no sense. */
void vg_energy_account_assume(struct vg_energy_account *account, enum vg_energy_scope scope,
                              const struct vg_energy_assumption *assumption, double whole_s,
                              uint64_t pictures, uint32_t flux, double days);

/* The interval within one run, cut into equal blocks of 30 s and more, VG_ENERGY_BLOCKS_LEAST at least:
 * R = sum E / sum N, variance sum (E - R N)^2 / (B (B - 1) mean(N)^2), -+ t(B - 1, 0.975).
 * Source: Cochran, Sampling Techniques, 3rd ed., 2.11 (ratio estimator). count: B, or 0 when there
 * are fewer blocks or no pictures. */
struct vg_energy_figure vg_energy_blocks(const double *joules, const double *pictures,
                                         uint32_t count);

/* The blocks of a load: what each drew, how long it was and what was analysed in it. */
struct vg_energy_block_list {
    const double *joules, *seconds, *pictures; /* borrowed */
    uint32_t count;
};

/* Gives the figures of an account of one run their intervals, about the means of the whole (the blocks
 * leave its last part out): watts, joules and kWh by the joules for each second of the blocks, those of
 * pictures by the joules for each picture, net ones by what is above idle. What is net is less sure by
 * half of what idle changed by, since that is how far off the mean of its two ends may be. Nothing
 * changes where the account is of no or several runs, or the blocks are too few. */
void vg_energy_account_within(struct vg_energy_account *account,
                              const struct vg_energy_block_list *blocks);

/* The mean of values and its interval, as above. Values are finite. */
struct vg_energy_figure vg_energy_mean(const double *values, uint32_t count);

/* t(freedom, 0.975), of a table: freedom between two rows takes the lesser one, whose t is greater.
 * freedom: 1 and more. */
double vg_student_t(uint32_t freedom);

#endif
