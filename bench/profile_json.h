/* A profile as JSON, for machines. */
#ifndef VG_BENCH_PROFILE_JSON_H
#define VG_BENCH_PROFILE_JSON_H

#include "bench/profile_show.h"
#include "src/base/json_write.h"

/* Members of an object that is open: runs, batch, whole_us, steps_us, peak and the steps as run. */
void vg_profile_json(const struct vg_profile *profile, struct vg_json_writer *writer);

/* The same as an object of its own with its heading, one step a line, and a line feed. */
void vg_profile_json_print(const struct vg_profile *profile,
                           const struct vg_profile_heading *heading, FILE *out);

/* model, size, batch, threads, precision, device: the members that every bench prints. */
void vg_profile_json_heading(const struct vg_profile_heading *heading, uint32_t batch,
                             struct vg_json_writer *writer);

#endif
