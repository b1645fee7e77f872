/* Alerts as JSON lines (alerts.jsonl): of each line the score takes id, flux, event, rule,
 * media_s, score and the first box. Pure but for memory and the files named. */
#ifndef VG_SCORE_ALERT_FILE_H
#define VG_SCORE_ALERT_FILE_H

#include "src/score/event_truth.h"

#define VG_ALERT_ID_SIZE  64
#define VG_RULE_ID_SIZE   64
#define VG_ALERT_LINE_MAX ((size_t)1 << 20)
#define VG_ALERTS_MAX     1000000

struct vg_raised {
    char id[VG_ALERT_ID_SIZE];
    uint32_t clip; /* index in the truth */
    int kind;      /* index in vg_event_kinds */
    double time_s; /* media_s */
    double score;
    char rule[VG_RULE_ID_SIZE]; /* "": not said */
    uint32_t subject;           /* of the first box: a track or a thing, 0: none */
    bool boxed;
    float box[4]; /* of the first box: left, top, width, height, fractions of the picture */
};

struct vg_alert_file {
    size_t count, room;
    struct vg_raised *alert;
    size_t foreign; /* alerts of clips that the truth does not name: left out */
    char first_foreign[VG_SCORE_NAME_SIZE];
    char model[160]; /* that raised the first alert that says one, "" if none does */
};

/* Adds the alerts of one text. VG_E_INPUT with line and JSON pointer: the file is as before. */
enum vg_status vg_alert_file_parse(struct vg_alert_file *file, const char *name,
                                   const uint8_t *data, size_t size,
                                   const struct vg_event_truth *truth,
                                   struct vg_fault *fault) VG_MUST_USE;

/* path: a file, or a folder as batch writes it (DIR/STEM/alerts.jsonl). In a folder the clips
 * whose alerts file is there become `analysed`, and those of unknown length get theirs from
 * DIR/STEM/coverage.csv (all of the clip but what was switched off), else measures.csv; with a single file all clips are taken as analysed.
 * On a failure close it all the same. */
enum vg_status vg_alert_file_open(const char *path, struct vg_event_truth *truth,
                                  struct vg_alert_file *file, struct vg_fault *fault) VG_MUST_USE;
void vg_alert_file_close(struct vg_alert_file *file);

#endif
