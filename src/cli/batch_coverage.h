/* The ledger of coverage of a clip: coverage.csv, a row per minute of the clip. The same decisions
 * as live, on the time of the pictures; a clip is never short of time, so what is missing is the
 * clip's: damaged pictures are `corrupt`, what the decoder refuses `decoder`, time without a
 * picture and the end that a cut clip lacks `lost`. */
#ifndef VG_CLI_BATCH_COVERAGE_H
#define VG_CLI_BATCH_COVERAGE_H

#include "scheduler/decide_coverage.h"
#include "src/cli/batch_files.h"
#include "src/media/clip.h"

/* What further minutes have is in the sum and not in the file. */
#define VG_BATCH_COVERAGE_MINUTES_MAX (31 * VG_COVERAGE_DAY_MINUTE)

struct vg_batch_coverage {
    struct vg_coverage_taker taker; /* first: rows are taken by it */
    struct vg_batch_files *files;   /* borrowed */
    struct vg_coverage coverage;
    struct vg_coverage_input input;
    int64_t last_us, source_period_us;
    uint64_t lines;
};

/* rate_fps 0: every picture is wanted. Opens the file's lines with their head. */
void vg_batch_coverage_begin(struct vg_batch_coverage *coverage, struct vg_batch_files *files,
                             double rate_fps, uint32_t source_fps_milli);

enum vg_batch_picture {
    VG_BATCH_PICTURE_ANALYSED,
    VG_BATCH_PICTURE_UNWANTED, /* by the rate */
    VG_BATCH_PICTURE_CORRUPT,
    VG_BATCH_PICTURE_REFUSED /* it could not be converted */
};
struct vg_batch_cover {
    struct vg_media_time media;
    enum vg_batch_picture picture;
    uint64_t lost; /* vg_clip_lost so far */
};
/* Each decoded picture, in order. view: what it shows, as far as is known with it. */
void vg_batch_coverage_add(struct vg_batch_coverage *coverage, const struct vg_batch_cover *cover,
                           enum vg_coverage_view view);

/* The end of the clip, one period after its last picture; or of what its head promised
 * (promised_us, 0: nothing), if it is cut before. */
void vg_batch_coverage_end(struct vg_batch_coverage *coverage, int64_t promised_us);

#endif
