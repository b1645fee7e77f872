/* What the pictures of a profile share: heading, order of the steps, families of kernels. Pure. */
#ifndef VG_BENCH_PROFILE_SHOW_H
#define VG_BENCH_PROFILE_SHOW_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/profile.h"

/* What was measured, for the heading; all borrowed. */
struct vg_profile_heading {
    const char *model, *precision, *device;
    uint32_t width, height;
    uint32_t threads; /* compute units of the device */
};

enum vg_profile_order {
    VG_PROFILE_AS_RUN,
    VG_PROFILE_BY_TIME /* the longest first, equals as run */
};

/* Indices of the steps in that order. *index given (vg_free), step_count of them. VG_E_MEMORY. */
enum vg_status vg_profile_sort(const struct vg_profile *profile, enum vg_profile_order order,
                               uint32_t **index, struct vg_fault *fault) VG_MUST_USE;

#define VG_PROFILE_FAMILIES_MAX 8

/* Steps of one kernel together; the last of too many is that of all other kernels. */
struct vg_profile_family {
    const char *kernel; /* borrowed of the profile; NULL: other kernels */
    uint32_t steps;
    double us;
};

/* Families by falling time into `families` (room for VG_PROFILE_FAMILIES_MAX); how many. */
uint32_t vg_profile_families(const struct vg_profile *profile, struct vg_profile_family *families);

/* Which of them a step belongs to. */
uint32_t vg_profile_family_of(const struct vg_profile_family *families, uint32_t count,
                              const struct vg_step_time *step);

#endif
