/* vigie bench ingest: N flux received and decoded as `vigie serve` does it, in one process, nothing
 * analysed: processor time, memory, how soon they open, what is lost. */
#ifndef VG_CLI_BENCH_INGEST_H
#define VG_CLI_BENCH_INGEST_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_ingest(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
