/* A number that was measured with each picture (how many persons at a place), over a minute: how
 * high it stood on average, at least and at most. Pure; any thread. */
#ifndef VG_BASE_MEASURE_ROW_H
#define VG_BASE_MEASURE_ROW_H

#include <stdbool.h>
#include <stdint.h>

/* Greater than any number of things: keeps sums finite. */
#define VG_MEASURE_VALUE_MAX 1e12

struct vg_measure_row {
    int64_t minute;    /* the first of its time, since 1970-01-01 UTC */
    uint32_t pictures; /* 0: nothing was measured, and the rest does not count */
    double sum, least, greatest;
};

/* A picture's number. One that is none, or too great, is no measure and is left out. */
void vg_measure_row_add(struct vg_measure_row *row, double value);
/* Puts the pictures of another row to it; the minute stays. */
void vg_measure_row_join(struct vg_measure_row *row, const struct vg_measure_row *other);
/* Between least and greatest; 0 without pictures. */
double vg_measure_row_mean(const struct vg_measure_row *row);
/* Whether it can have been made by the two above: for what comes from a file. */
bool vg_measure_row_holds(const struct vg_measure_row *row);

#endif
