/* vigie bench stages: what each stage of a picture costs, from the decoder to the rules, by running
 * a clip through the code of the product, one stage after the other, and reading the processor's
 * time between them. */
#ifndef VG_CLI_BENCH_STAGES_H
#define VG_CLI_BENCH_STAGES_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_stages(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
