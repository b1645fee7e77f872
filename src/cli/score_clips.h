/* The clips of a score analysed first, so that one command gives the report: `vigie batch` in a
 * process of its own, its words on the standard error stream. */
#ifndef VG_CLI_SCORE_CLIPS_H
#define VG_CLI_SCORE_CLIPS_H

#include "src/base/attr.h"
#include "src/base/fault.h"

/* As given on the command line; NULL: batch's own default. */
struct vg_score_clips {
    const char *clips; /* a folder, or one clip */
    const char *scene, *out;
    const char *rate, *model, *jobs, *device;
};

/* Removes what an earlier run left of these clips in `out`, then analyses them with --explain.
 * *code: batch's exit code: its words were said. What a clip that failed lacks is the score's to
 * say: only where nothing can be scored it is a failure here. VG_E_INTERRUPTED, or of the call. */
enum vg_status vg_score_clips_run(const struct vg_score_clips *run, int *code,
                                  struct vg_fault *fault) VG_MUST_USE;

#endif
