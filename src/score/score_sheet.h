/* What a score says to a person: sheets of rows, translated, shown as lines or as a page; and
 * the same figures as JSON for machines. */
#ifndef VG_SCORE_SCORE_SHEET_H
#define VG_SCORE_SCORE_SHEET_H

#include <jansson.h>
#include <stdio.h>

#include "src/score/average_precision.h"
#include "src/score/event_score.h"
#include "src/score/event_sweep.h"
#include "src/score/track_metrics.h"

/* What is known of one case beside its times: why the rules said what they said, and a picture. */
#define VG_CASE_LINES_MAX 8
struct vg_case_note {
    size_t line_count;
    char line[VG_CASE_LINES_MAX][256]; /* translated */
    uint8_t *jpeg;                     /* NULL: none */
    size_t jpeg_size;
};

#define VG_CASES_SHOWN_MAX 200 /* beyond, the table by clip says how many there are */

/* Whether a case is shown one by one: what is missed, false or late. */
bool vg_case_shown(const struct vg_case *one);

/* All borrowed; NULL: not asked for. */
struct vg_score_results {
    const char *truth_name;
    enum vg_class class_id; /* of boxes and tracks */
    const struct vg_ap_result *boxes;
    const struct vg_track_result *tracks;
    const struct vg_event_score *events;
    const struct vg_event_truth *clips;  /* with events */
    const struct vg_alert_file *alerts;  /* with events */
    const struct vg_event_sweep *sweeps; /* of each kind */
    const struct vg_case_note *notes;    /* of each case, in the order of events->cases */
    const char *made_of;                 /* lines that say software, model, scene by their hashes */
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

/* "walk.mp4: Crossing, missed, from 10.0 to 20.0 s". */
#define VG_CASE_TITLE_SIZE (VG_SCORE_NAME_SIZE + 256)
void vg_case_title(const struct vg_score_results *results, const struct vg_case *one, char *text,
                   size_t size);

/* Fills sheets (room for VG_SHEETS_MAX) and returns how many. */
size_t vg_score_sheets(const struct vg_score_results *results, struct vg_sheet *sheets);

void vg_score_print(const struct vg_sheet *sheets, size_t count, FILE *out);

/* What was missed, false or late, with its reasons; nothing where all was well. */
void vg_score_print_cases(const struct vg_score_results *results, FILE *out);

/* One object; given (json_decref). NULL without memory. Figures that can not be said are null. */
json_t *vg_score_json(const struct vg_score_results *results) VG_MUST_USE;

/* A page of its own, without anything from outside; *html given (vg_free). VG_E_MEMORY. */
enum vg_status vg_score_html(const struct vg_score_results *results, const struct vg_sheet *sheets,
                             size_t count, char **html, size_t *size) VG_MUST_USE;

#endif
