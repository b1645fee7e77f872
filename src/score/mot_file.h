/* Boxes by picture in MOTChallenge columns, without header: detections, tracks, or a truth.
 *
 *   9 columns, ours:   frame,id,left,top,width,height,score,class,visibility (class a name)
 *   10 columns, truth: frame,id,left,top,width,height and four that are ignored: every row
 *                      counts and is of whatever class is asked for
 *
 * Which of the two is decided by the first row; the others must have as many columns. */
#ifndef VG_SCORE_MOT_FILE_H
#define VG_SCORE_MOT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "models/detection.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_MOT_FRAME_MAX 10000000
#define VG_MOT_ROWS_MAX  ((size_t)1 << 24)

struct vg_mot_row {
    uint32_t frame;    /* from 1 */
    uint32_t line;     /* of the file, from 1 */
    int64_t id;        /* -1: none */
    struct vg_box box; /* pixels */
    float score;
    enum vg_class class_id; /* VG_CLASS_NONE: any (a truth of 10 columns) */
};

struct vg_mot_file {
    size_t count;
    struct vg_mot_row *row; /* in the order of the file */
    uint32_t frame_max;
};

/* Pure but for memory. name is for messages. *file is given: close it; empty on a failure.
 * VG_E_INPUT with line and column, VG_E_FULL, VG_E_MEMORY. An empty text is an empty file. */
enum vg_status vg_mot_parse(const char *name, const uint8_t *data, size_t size,
                            struct vg_mot_file *file, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_mot_open(const char *path, struct vg_mot_file *file,
                           struct vg_fault *fault) VG_MUST_USE;
void vg_mot_close(struct vg_mot_file *file);

/* Leaves only rows of this class (and those of any). */
void vg_mot_keep_class(struct vg_mot_file *file, enum vg_class class_id);

/* Refuses a file in which an id is missing or stands twice in one picture: then it can not be
 * scored as tracks. Sorts the rows by frame, then id. */
enum vg_status vg_mot_check_tracks(const char *name, struct vg_mot_file *file,
                                   struct vg_fault *fault) VG_MUST_USE;

/* Intersection over union in double, so that no pair hangs on a float's last bit; 0 when either
 * box has no area. */
double vg_mot_iou(struct vg_box a, struct vg_box b);

#endif
