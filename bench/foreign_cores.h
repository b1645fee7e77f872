/* Cores that other programs keep busy while something is measured, of those that this process may use. */
#ifndef VG_BENCH_FOREIGN_CORES_H
#define VG_BENCH_FOREIGN_CORES_H

#include "src/base/cores.h"
#include "src/energy/machine_load.h"

/* What the machine has done so far, and what was taken of a quota. */
struct vg_cores_taken {
    struct vg_machine_load machine;
    struct vg_cores cores;
};

/* Of now; zeroed parts where the kernel does not tell. */
struct vg_cores_taken vg_cores_taken_now(void);

/* own_cores: kept busy by what is measured. At least 0; -1: not known, as of a part of the machine
 * without a quota. Pure. */
double vg_foreign_cores(const struct vg_cores_taken *before, const struct vg_cores_taken *after,
                        double seconds, double own_cores);

#endif
