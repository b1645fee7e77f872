/* A data folder for the time of a measure. */
#ifndef VG_BENCH_BENCH_FOLDER_H
#define VG_BENCH_BENCH_FOLDER_H

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_BENCH_FOLDER_SIZE 64 /* the path of a socket in it must stay short */

/* In TMPDIR, or /tmp. VG_E_LACK: then it is "". */
enum vg_status vg_bench_folder_make(char folder[VG_BENCH_FOLDER_SIZE],
                                    struct vg_fault *fault) VG_MUST_USE;

/* With all that is in it; follows no link. "": nothing. */
void vg_bench_folder_remove(const char *folder);

#endif
