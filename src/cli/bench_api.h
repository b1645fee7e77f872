/* vigie bench api: the API of the real server under C clients. */
#ifndef VG_CLI_BENCH_API_H
#define VG_CLI_BENCH_API_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_api(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
