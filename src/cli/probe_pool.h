/* Several sources probed at once, each by a thread of its own, told in the order of the list.
 *
 * The caller's thread alone tells and looks at pictures: a probe that has one to be looked at copies
 * it and goes on receiving, so that a slow detector spoils no figure; the next one is left out
 * while the last one waits. */
#ifndef VG_CLI_PROBE_POOL_H
#define VG_CLI_PROBE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/cli/probe_eye.h"
#include "src/cli/probe_report.h"
#include "src/media/source_list.h"

#define VG_PROBE_JOBS_MAX 32

struct vg_probe_job {
    struct vg_source_row row; /* its password is wiped when it was used */
    struct vg_probe_report report;
    bool done; /* by the pool's lock while it runs */
};

/* All borrowed for the call of run. */
struct vg_probe_pool_settings {
    struct vg_probe_job *job;
    size_t count;
    uint32_t threads;                 /* 1 to VG_PROBE_JOBS_MAX */
    int64_t last_us;                  /* how long each source is received */
    struct vg_source_settings source; /* what all have in common */
    struct vg_probe_eye *eye;         /* NULL: nobody looks */
    /* each report, in order; and now and then how many are told */
    void (*tell)(void *context, const struct vg_probe_report *report);
    void (*wait)(void *context, size_t told);
    void *context;
};

/* VG_E_MEMORY, also where a source had none; VG_E_LACK: no thread can be had. */
enum vg_status vg_probe_pool_run(const struct vg_probe_pool_settings *settings,
                                 struct vg_fault *fault) VG_MUST_USE;

#endif
