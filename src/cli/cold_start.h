/* What a person at a terminal is told while an engine opens for the first time on a device: that
 * its kernels are compiled, and how far that is. Nothing where it takes less than a second, and
 * nothing where stderr is no terminal. */
#ifndef VG_CLI_COLD_START_H
#define VG_CLI_COLD_START_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/progress.h"
#include "src/engine/programs_listener.h"

struct vg_cold_start {
    struct vg_programs_listener listener; /* for vg_engine_settings */
    struct vg_progress progress;
    bool shown; /* and then: */
    enum vg_programs_work work;
    uint32_t total;
};

void vg_cold_start_init(struct vg_cold_start *start);

/* The engine is open, or did not open: ends the line. */
void vg_cold_start_end(struct vg_cold_start *start);

#endif
