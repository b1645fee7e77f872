/* Moves alerts from the queue to the archive: read, insert, commit, acknowledge.
 *
 * Killed between any two of these, it or another does it again: the archive ignores what it
 * has. For a thread of its own of the api process (a step may wait block_ms). */
#ifndef VG_STORE_ARCHIVER_H
#define VG_STORE_ARCHIVER_H

#include <stdint.h>

#include "src/store/archive.h"
#include "src/store/queue.h"

struct vg_archiver;

struct vg_archiver_settings {
    const char *redis;    /* path of the socket; copied */
    const char *consumer; /* name of this reader: the node's, the same after a restart; copied */
    int block_ms;         /* 200 */
    int idle_ms;          /* 1000: after so long what a dead reader left is taken over */
};
struct vg_archiver_settings vg_archiver_defaults(const char *redis, const char *consumer);

struct vg_archiver_counts {
    uint64_t archived, before, refused; /* fates (archive.h) */
    uint64_t queue_failures, archive_failures;
};

/* database is borrowed until close and used by the calling thread alone. VG_E_INPUT. */
enum vg_status vg_archiver_open(struct vg_archiver **archiver, struct vg_database *database,
                                const struct vg_archiver_settings *settings,
                                struct vg_fault *fault) VG_MUST_USE;
void vg_archiver_close(struct vg_archiver **archiver);

/* Moves at most one page; *moved says how many alerts are new in the archive (the api then tells
 * its clients). Waits at most block_ms and the link's bounds; when Redis or the archive fails it
 * returns at once and the next steps wait, 0.1 to 2 s, before they try again (each step returns
 * within about a second all the same). Failures are counted, and logged once per minute.
 * VG_E_CLOSED: Redis is away; VG_E_LACK, VG_E_TIMEOUT, VG_E_IO: the archive is. */
enum vg_status vg_archiver_step(struct vg_archiver *archiver, uint32_t *moved,
                                struct vg_fault *fault) VG_MUST_USE;

/* When the picture of an alert that a step moved had arrived, by the monotonic clock; 0: not known,
 * or long ago, or asked before. */
struct vg_mono_time vg_archiver_take_arrival(struct vg_archiver *archiver, const char *id);

void vg_archiver_read_counts(const struct vg_archiver *archiver, struct vg_archiver_counts *counts);

#endif
