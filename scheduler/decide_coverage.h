/* The ledger of one flux while it runs: gives every microsecond to one cause, minute by minute.
 * Pure: times come as arguments, no allocation; the same code runs live and in batch.
 *
 * A picture analysed covers the time from its arrival on, for one period and a half. What is left
 * uncovered goes to the cause that the flux's state shows. While a picture waits for its analysis
 * the line stays open behind the one before it, since that picture may cover it yet; after
 * VG_COVERAGE_LAG_US it came too late.
 *
 *   rows given | running row              | open     | now
 *              |--------- settled --------|..........|
 *
 * Lengths are monotonic; the wall clock only names the minutes. When it is set by more than
 * VG_COVERAGE_STEP_US, the running row ends there, and one begins at the new time: both say so
 * (`stepped`) and no time is lost, nor counted twice. */
#ifndef VG_SCHEDULER_DECIDE_COVERAGE_H
#define VG_SCHEDULER_DECIDE_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/base/coverage.h"

#define VG_COVERAGE_LAG_US  (3 * VG_US_PER_S)
#define VG_COVERAGE_STEP_US (VG_US_PER_S / 2)

enum vg_coverage_duty {
    VG_COVERAGE_DUTY_WATCHED,
    VG_COVERAGE_DUTY_STOPPED, /* by the stop file or the authorisation */
    VG_COVERAGE_DUTY_OFF      /* switched off */
};

enum vg_coverage_decoding {
    VG_COVERAGE_DECODES_ALL,
    VG_COVERAGE_DECODES_KEYS, /* key frames only, for lack of cores or of a decoder */
    VG_COVERAGE_DECODES_NONE  /* refuses what comes */
};

/* What pictures show of the place; all but the first make a covered time `view`. */
enum vg_coverage_view {
    VG_COVERAGE_VIEW_CLEAR,
    VG_COVERAGE_VIEW_BLACK,
    VG_COVERAGE_VIEW_FROZEN,
    VG_COVERAGE_VIEW_MASKED,
    VG_COVERAGE_VIEW_BLURRED,
    VG_COVERAGE_VIEW_MOVED
};

/* What is seen of a flux at one moment. The counters only grow; one that fell began again. */
struct vg_coverage_input {
    enum vg_coverage_duty duty;
    bool connected; /* its source gives pictures, or gave them a moment ago */
    bool waiting;   /* a picture came, or may have come, that is not analysed yet */
    enum vg_coverage_decoding decoding;
    enum vg_coverage_view view;
    int64_t period_us;        /* between two wanted pictures; 0: every one is wanted */
    int64_t source_period_us; /* by what the source declares; 0: it does not */
    uint64_t arrived;         /* pictures that came, whatever became of them */
    uint64_t corrupt;         /* of these, damaged ones that were wanted */
    uint64_t refused;         /* of these, what the decoder did not give */
    uint64_t late;            /* of these, wanted and replaced or dropped */
};

struct vg_coverage;

/* Who takes the rows: called with a row that is complete, as coverage->row, in which nothing will
 * change any more; possibly several times in one look. The caller's own struct around it. */
struct vg_coverage_taker {
    void (*take)(struct vg_coverage_taker *taker, const struct vg_coverage *coverage);
};

struct vg_coverage {
    struct vg_coverage_taker *taker; /* borrowed; NULL: nobody */
    bool begun;
    int64_t shift_us;                     /* wall clock minus monotonic */
    int64_t settled_us, covered_us;       /* monotonic */
    struct vg_coverage_input last;        /* as last looked; its counters as last settled */
    int64_t wanted_credit_us;             /* watched time that no wanted picture stands for yet */
    int64_t picture_us, interval_us[2];   /* of the source: last picture, last two distances */
    uint64_t number;                      /* of the picture analysed last */
    struct vg_coverage_row row;           /* the running one; up to settled_us */
    uint64_t row_number;                  /* grows with each row that is begun */
    int64_t total_us[VG_COVERAGE_CAUSES]; /* since begun */
};

void vg_coverage_init(struct vg_coverage *coverage, struct vg_coverage_taker *taker);

/* How the flux is now; the first look begins the line. `now` never falls; what is before the last
 * look is taken for it. */
void vg_coverage_look(struct vg_coverage *coverage, struct vg_mono_time now,
                      struct vg_wall_time wall, const struct vg_coverage_input *input);

/* A look, and before it: a picture was analysed. arrival: when it came; number: how many came
 * before it, counted as input->arrived, which is that of now. Those of a flux come in order. */
void vg_coverage_picture(struct vg_coverage *coverage, struct vg_mono_time arrival, uint64_t number,
                         struct vg_mono_time now, struct vg_wall_time wall,
                         const struct vg_coverage_input *input);

/* The last look, whatever waits; the running row is given. after: OFF when the flux leaves the
 * configuration, WATCHED when Vigie ends and the time that follows will be `down`. */
void vg_coverage_end(struct vg_coverage *coverage, struct vg_mono_time now,
                     struct vg_wall_time wall, const struct vg_coverage_input *input,
                     enum vg_coverage_duty after);

#endif
