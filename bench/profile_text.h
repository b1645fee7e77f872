/* A profile as an aligned table in the process's language, for a terminal. */
#ifndef VG_BENCH_PROFILE_TEXT_H
#define VG_BENCH_PROFILE_TEXT_H

#include <stdio.h>

#include "bench/profile_show.h"

/* Heading, a line for each step, one for each kernel, the sum. Errors of the stream stay in it:
 * ask ferror. VG_E_MEMORY. */
enum vg_status vg_profile_text(const struct vg_profile *profile,
                               const struct vg_profile_heading *heading,
                               enum vg_profile_order order, FILE *out,
                               struct vg_fault *fault) VG_MUST_USE;

#endif
