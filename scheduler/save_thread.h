/* Writes the small files that outlive the process: what a flux's rules remember, the view it is to
 * have. One thread of its own, at its own pace: a disk takes 20 ms to a second for what must be on
 * it, and no picture waits for that. Of each file the newest bytes wait, replaced by newer ones
 * while the disk is busy, so what waits is bounded by the number of files, and who gives never
 * waits. A file that cannot be written is said, once per while; its next bytes are tried again.
 *
 * Writings of one file happen in the order they were given, by whichever thread. */
#ifndef VG_SCHEDULER_SAVE_THREAD_H
#define VG_SCHEDULER_SAVE_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scheduler/live_work.h"
#include "src/base/attr.h"
#include "src/base/beat.h"
#include "src/base/fault.h"

struct vg_save_thread;

/* VG_E_MEMORY, VG_E_LACK. */
enum vg_status vg_save_thread_open(struct vg_save_thread **thread) VG_MUST_USE;
/* All that was given is written first. Every file is closed before. */
void vg_save_thread_close(struct vg_save_thread **thread);

/* Busy with one file; for the watchdog. */
struct vg_beat *vg_save_thread_beat(struct vg_save_thread *thread);

/* One file. Its functions are for one thread at a time. */
struct vg_save_file;

/* path: copied. The same path opened twice is the same file. VG_E_MEMORY; VG_E_CALL: too long. */
enum vg_status vg_save_file_open(struct vg_save_file **file, struct vg_save_thread *thread,
                                 const char *path) VG_MUST_USE;
/* What waits is written all the same. NULL is allowed. Never waits. */
void vg_save_file_close(struct vg_save_file **file);

enum vg_save_need {
    VG_SAVE_WHOLE, /* after a power cut there is the old content or the new one */
    VG_SAVE_SOON   /* before all that is only to be whole; then it survives a power cut */
};

/* Never waits. Takes the bytes over: of vg_alloc. */
void vg_save_file_give(struct vg_save_file *file, void *bytes, size_t size, enum vg_save_need need);
/* The file is to be no more. Never waits. */
void vg_save_file_remove(struct vg_save_file *file);

/* Written when it returns, and survives a power cut; in place of all that waits. By the calling
 * thread, which waits for the disk, and for nothing else. Bytes: borrowed. VG_E_IO, VG_E_LACK. */
enum vg_status vg_save_file_now(struct vg_save_file *file, const void *bytes, size_t size,
                                struct vg_fault *fault) VG_MUST_USE;

/* As vg_file_read, of what was given last. Waits for the disk if nothing was. */
enum vg_status vg_save_file_read(struct vg_save_file *file, size_t limit, uint8_t **bytes,
                                 size_t *size, struct vg_fault *fault) VG_MUST_USE;

/* Files, since the start; any thread. */
struct vg_save_counts {
    uint64_t written, failed;
    uint64_t replaced; /* by newer bytes before they were written */
    bool failing;      /* the last one was not written */
};
struct vg_save_counts vg_save_thread_counts(struct vg_save_thread *thread);

#endif
