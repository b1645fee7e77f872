/* Why each missed, false or late case of a score came about: what its rules said around its time
 * (explain.jsonl beside the alerts), and the picture. What can not be had is left out: the score
 * stands without. */
#ifndef VG_CLI_SCORE_NOTES_H
#define VG_CLI_SCORE_NOTES_H

#include "src/scene/scene.h"
#include "src/score/score_sheet.h"

enum vg_notes_pictures {
    VG_NOTES_NO_PICTURES,
    VG_NOTES_PICTURES /* found by the truth's names: as they are, beside the truth, in `clips` */
};

/* All borrowed. */
struct vg_notes_ask {
    const struct vg_event_truth *truth;
    const struct vg_event_score *score;
    const char *results;          /* the folder that batch wrote */
    const char *truth_path;       /* */
    const char *clips;            /* folder of the clips, NULL: not known */
    const struct vg_scene *scene; /* NULL: not known: then every rule's words count */
    enum vg_notes_pictures pictures;
};

/* *notes: one for each case of the score, given; vg_score_notes_close. VG_E_MEMORY. */
enum vg_status vg_score_notes_make(const struct vg_notes_ask *ask,
                                   struct vg_case_note **notes) VG_MUST_USE;
void vg_score_notes_close(struct vg_case_note **notes, size_t count);

#endif
