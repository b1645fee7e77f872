/* vigie bench scheduler: N synthetic flux through the real scheduler on a device of known times. */
#ifndef VG_CLI_BENCH_SCHEDULER_H
#define VG_CLI_BENCH_SCHEDULER_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_scheduler(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
