/* How far long work has come: a bar on a terminal, a plain line every 5 s elsewhere. */
#ifndef VG_BASE_PROGRESS_H
#define VG_BASE_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

#include "src/base/clock.h"

/* What is counted. */
enum vg_progress_unit {
    VG_PROGRESS_PICTURES,
    VG_PROGRESS_SOURCES,
    VG_PROGRESS_SECONDS
};

struct vg_progress {
    FILE *out;
    int terminal;
    enum vg_progress_unit unit; /* pictures after init; the caller may change it */
    struct vg_mono_time start, last;
};

/* out: usually stderr. Draws nothing yet. */
void vg_progress_init(struct vg_progress *progress, FILE *out);

/* label: what is being worked on (borrowed for the call); total 0 when unknown. Draws at most
 * ten times a second. */
void vg_progress_show(struct vg_progress *progress, const char *label, uint64_t done,
                      uint64_t total);

/* Draws the last state and ends the line. */
void vg_progress_end(struct vg_progress *progress, const char *label, uint64_t done,
                     uint64_t total);

#endif
