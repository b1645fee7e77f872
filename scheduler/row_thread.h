/* Writes rows of a ledger: what the loop gives goes through a bounded ring to a thread of its own,
 * since a disk may stall for seconds. Rows that find no place in the ring (the disk stalled for
 * minutes) or none on the disk are counted and logged once per while; analysis goes on. Once a
 * day the days that are too old are removed. */
#ifndef VG_SCHEDULER_ROW_THREAD_H
#define VG_SCHEDULER_ROW_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_beat; /* src/base/beat.h */
struct vg_row_thread;

struct vg_row_settings {
    const char *name;   /* "coverage": in the log; static */
    size_t note_bytes;  /* what is given at once; its first byte is not 0 */
    uint32_t ring;      /* of notes; a power of two */
    const char *data;   /* data folder; copied */
    uint32_t keep_days; /* 1 and more */
    void *user;         /* of write; borrowed */
    /* The two are called by the thread alone. sweep: *removed days that are older than keep_days
     * before today (days since 1970-01-01 UTC). */
    enum vg_status (*write)(void *user, const char *data, const void *note, struct vg_fault *fault);
    enum vg_status (*sweep)(const char *data, int64_t today, int64_t keep_days, uint32_t *removed,
                            struct vg_fault *fault);
};

/* VG_E_MEMORY, VG_E_LACK; VG_E_CALL: the folder's name is too long, or keep_days is 0. */
enum vg_status vg_row_thread_open(struct vg_row_thread **thread,
                                  const struct vg_row_settings *settings) VG_MUST_USE;
/* Ends after what was given. */
void vg_row_thread_close(struct vg_row_thread **thread);

enum vg_row_need {
    VG_ROW_MAY, /* a better one follows: given up when a quarter of the ring is full */
    VG_ROW_MUST /* dropped, counted and said when all of it is */
};

/* The loop's thread; never waits. Copies the note. VG_E_FULL: it was not taken. */
enum vg_status vg_row_thread_give(struct vg_row_thread *thread, const void *note,
                                  enum vg_row_need need) VG_MUST_USE;

/* The name into a note's field, zeros behind it; false: it is longer than the field. */
bool vg_row_name(char *field, size_t size, const char *name) VG_MUST_USE;

/* Busy with one row, or with the days that are too old; for the watchdog. */
struct vg_beat *vg_row_thread_beat(struct vg_row_thread *thread);

/* Rows, since the start; any thread. */
struct vg_row_counts {
    uint64_t written, failed;
    uint64_t dropped; /* no place in the ring */
};
struct vg_row_counts vg_row_thread_counts(const struct vg_row_thread *thread);

#endif
