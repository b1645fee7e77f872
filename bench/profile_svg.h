/* A profile as a picture (SVG 1.1): a bar for each step, coloured by kernel, with a notch at the
 * least time that the measured peak allows. Readable on a light and on a dark page; in the
 * process's language. */
#ifndef VG_BENCH_PROFILE_SVG_H
#define VG_BENCH_PROFILE_SVG_H

#include <stdio.h>

#include "bench/profile_show.h"

/* Errors of the stream stay in it: ask ferror. VG_E_MEMORY. */
enum vg_status vg_profile_svg(const struct vg_profile *profile,
                              const struct vg_profile_heading *heading, enum vg_profile_order order,
                              FILE *out, struct vg_fault *fault) VG_MUST_USE;

#endif
