/* vigie bench sizing: the largest number of flux of a profile that this machine holds, and what
 * that says of each tier. */
#ifndef VG_CLI_BENCH_SIZING_H
#define VG_CLI_BENCH_SIZING_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_sizing(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
