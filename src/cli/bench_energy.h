/* vigie bench energy: the meters of energy of this machine, why the others are not there, and, for as
 * long as is asked, what the machine draws. */
#ifndef VG_CLI_BENCH_ENERGY_H
#define VG_CLI_BENCH_ENERGY_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_energy(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
