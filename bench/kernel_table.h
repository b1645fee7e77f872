/* The kernels of a picture as families (all steps of one kernel together), as a table for a terminal
 * and as JSON for machines. Shares of the peak as in src/engine/profile.h; a family's is its bounds'
 * sum over its times' sum. Data; any thread. */
#ifndef VG_BENCH_KERNEL_TABLE_H
#define VG_BENCH_KERNEL_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "bench/profile_show.h"
#include "src/engine/kernel_times.h"

struct vg_kernel_family {
    const char *kernel; /* borrowed of the times */
    enum vg_kernel_part part;
    uint32_t steps;
    double median_us, least_us; /* sums of its steps' */
    double gflop, mbytes;
    double peak_frac;     /* 0: not known */
    double picture_share; /* of the sum of all medians: 0 to 1 */
};

/* By falling time. *families given (vg_free), *count of them. VG_E_MEMORY. */
enum vg_status vg_kernel_families(const struct vg_kernel_times *times,
                                  struct vg_kernel_family **families, uint32_t *count,
                                  struct vg_fault *fault) VG_MUST_USE;

/* "prepare", "net", "boxes", "maps" */
const char *vg_kernel_part_name(enum vg_kernel_part part);

struct vg_kernel_table {
    const struct vg_kernel_times *times;
    const struct vg_profile_heading *heading;
    const char *pictures; /* their size, "704x576" */
    uint64_t seed;        /* of their noise */
    const char *kernel;   /* this family alone, with its steps; NULL: all */
};

/* All borrowed for the call. VG_E_CALL: no family of that name; VG_E_MEMORY. */
enum vg_status vg_kernel_table_text(const struct vg_kernel_table *table, FILE *out,
                                    struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_kernel_table_json(const struct vg_kernel_table *table, FILE *out,
                                    struct vg_fault *fault) VG_MUST_USE;

#endif
