/* What `vigie batch` writes for one clip: DIR/STEM/ and the files of the contract in it. */
#ifndef VG_CLI_BATCH_FILES_H
#define VG_CLI_BATCH_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "models/detection.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/events/watcher.h"
#include "src/scene/scene.h"
#include "src/track/tracker.h"

enum vg_batch_file {
    VG_BATCH_ALERTS,     /* alerts.jsonl, always */
    VG_BATCH_DETECTIONS, /* detections.csv */
    VG_BATCH_TRACKS,     /* tracks.csv */
    VG_BATCH_MEASURES,   /* measures.csv */
    VG_BATCH_EXPLAIN,    /* explain.jsonl */
    VG_BATCH_COVERAGE,   /* coverage.csv, always */
    VG_BATCH_FILE_COUNT
};

struct vg_batch_files;

/* The folder names of a run's clips: each clip's name without folder and ending; one met twice
 * gets "-2", "-3". Pure. */
#define VG_BATCH_STEM_SIZE 128
void vg_batch_stems(char *const *clips, uint32_t count, char stems[][VG_BATCH_STEM_SIZE]);

/* Makes DIR/STEM and opens the files whose bit 1 << file is set. They are written beside their
 * names and take them at close, so that a run that is killed never leaves half a file under a
 * full name. VG_E_IO, VG_E_LACK (disk full), place is the path. */
enum vg_status vg_batch_files_open(struct vg_batch_files **files, const char *dir, const char *stem,
                                   uint32_t wanted, struct vg_fault *fault) VG_MUST_USE;

/* The clip's folder. Borrowed. */
const char *vg_batch_files_folder(const struct vg_batch_files *files);

/* Each does nothing for a file that is not wanted. Errors are kept and said at close. */
void vg_batch_write_line(struct vg_batch_files *files, enum vg_batch_file file, const char *text);
void vg_batch_write_detection(struct vg_batch_files *files, uint64_t frame,
                              const struct vg_detection *detection);
void vg_batch_write_measures(struct vg_batch_files *files, const struct vg_scene *scene,
                             struct vg_media_time time, const struct vg_watch_output *watched);
enum vg_status vg_batch_add_tracks(struct vg_batch_files *files, uint64_t frame,
                                   const struct vg_track *const *tracks,
                                   uint32_t count) VG_MUST_USE;

/* Says, for each rule and track, why it does not hold, when that changes, and each second in which
 * the value it is about has moved. */
struct vg_explainer vg_batch_explainer(struct vg_batch_files *files);
void vg_batch_explain_at(struct vg_batch_files *files, const struct vg_scene *scene,
                         struct vg_media_time time);

/* Writes what is left and closes; the first error of any write is returned. Frees. */
enum vg_status vg_batch_files_close(struct vg_batch_files **files,
                                    struct vg_fault *fault) VG_MUST_USE;

#endif
