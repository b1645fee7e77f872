/* The stamps of packets, in the order of decoding, as one line of time: what jumps (a camera's clock
 * was set, a source came back) goes on by the clock of arrival. Unlike vg_timeline it keeps the
 * stamps of pictures that are shown in another order than decoded. Pure. */
#ifndef VG_MEDIA_STAMP_LINE_H
#define VG_MEDIA_STAMP_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct vg_stamp_line {
    int64_t num, den; /* seconds of a tick, both 1 to 2^31 - 1 */
    bool started;
    int64_t last;       /* stamp of the packet before, as it came */
    int64_t last_us;    /* its arrival */
    int64_t offset;     /* what is added to a stamp */
    int64_t highest;    /* of the line */
    int64_t step_ticks; /* the last step forward that was no jump, for guesses; 0: none yet */
};

void vg_stamp_line_init(struct vg_stamp_line *line, int32_t num, int32_t den);

/* The next packet's place on the line, ticks; 0 for the first. Lower than the one before only
 * where pictures are shown in another order than decoded, by less than 1 s. A step of more than
 * 1 s, either way, that the arrivals do not tell of is a jump. Stamps of any value. */
int64_t vg_stamp_line_next(struct vg_stamp_line *line, int64_t stamp, int64_t arrival_us);

/* Ticks in microseconds and back, rounded down, kept within +- 2^62. */
int64_t vg_stamp_line_us(const struct vg_stamp_line *line, int64_t ticks);
int64_t vg_stamp_line_ticks(const struct vg_stamp_line *line, int64_t us);

#endif
