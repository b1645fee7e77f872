/* What a score says to a person: sheets of rows, translated, shown as lines or as a page; and
 * the same figures as JSON for machines. */
#ifndef VG_SCORE_SCORE_SHEET_H
#define VG_SCORE_SCORE_SHEET_H

#include <jansson.h>
#include <stdio.h>

#include "src/score/average_precision.h"
#include "src/score/event_score.h"
#include "src/score/track_metrics.h"

/* All borrowed; NULL: not asked for. */
struct vg_score_results {
    const char *truth_name;
    enum vg_class class_id; /* of boxes and tracks */
    const struct vg_ap_result *boxes;
    const struct vg_track_result *tracks;
    const struct vg_event_score *events;
    const struct vg_event_truth *clips; /* with events */
    const struct vg_alert_file *alerts; /* with events */
};

#define VG_SHEET_ROWS_MAX 24
#define VG_SHEETS_MAX     (VG_SCORE_EVENTS + 4)

struct vg_sheet_row {
    const char *label; /* translated */
    char value[48];    /* "-" when it can not be said */
    char note[160];    /* an interval or a remark, "" if none */
};

struct vg_sheet {
    char title[128];
    size_t count;
    struct vg_sheet_row row[VG_SHEET_ROWS_MAX];
    size_t remark_count;
    char remark[6][256]; /* sentences below the table */
};

/* Fills sheets (room for VG_SHEETS_MAX) and returns how many. */
size_t vg_score_sheets(const struct vg_score_results *results, struct vg_sheet *sheets);

void vg_score_print(const struct vg_sheet *sheets, size_t count, FILE *out);

/* One object; given (json_decref). NULL without memory. Figures that can not be said are null. */
json_t *vg_score_json(const struct vg_score_results *results) VG_MUST_USE;

/* A page of its own, without anything from outside; *html given (vg_free). VG_E_MEMORY. */
enum vg_status vg_score_html(const struct vg_score_results *results, const struct vg_sheet *sheets,
                             size_t count, char **html, size_t *size) VG_MUST_USE;

#endif
