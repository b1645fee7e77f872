/* The watchdog of analysis: reads the stop file twice a second (so that stopping works while
 * the loop, Redis or the disk of the spool is stuck), watches the other threads' deadlines and
 * tells the supervisor once a second that the process lives. A thread that missed its deadline
 * is named in the log; past the one of the process no more sign of life is given, and the supervisor
 * kills it. */
#ifndef VG_SCHEDULER_WATCH_THREAD_H
#define VG_SCHEDULER_WATCH_THREAD_H

#include "src/base/attr.h"
#include "src/base/beat.h"
#include "src/base/stop.h"

struct vg_watch_thread;

struct vg_watch_settings {
    const char *data; /* data folder; borrowed */
    int control_fd;   /* for signs of life; -1: none */
};

enum vg_status vg_watch_thread_open(struct vg_watch_thread **thread,
                                    const struct vg_watch_settings *settings) VG_MUST_USE;
void vg_watch_thread_close(struct vg_watch_thread **thread);

/* Watches one more thread; beat is borrowed until close. Any thread. VG_E_FULL. */
enum vg_status vg_watch_thread_add(struct vg_watch_thread *thread,
                                   struct vg_beat *beat) VG_MUST_USE;

/* Does not watch that one any more, if it did: it is not used once this returned. Any thread. */
void vg_watch_thread_remove(struct vg_watch_thread *thread, const struct vg_beat *beat);

/* Copies the stop file's state as last read (all stopped before the first reading) and returns
 * its generation. Any thread; a short lock, never held while reading the file. */
uint64_t vg_watch_thread_stop(struct vg_watch_thread *thread, struct vg_stop *stop);

/* Grows when the stop file's state changes; cheap, for each picture. Any thread. */
uint64_t vg_watch_thread_generation(const struct vg_watch_thread *thread);

/* A sentence for `health` about something unwell that the process lives with; msgid, static;
 * NULL: all is well. Any thread. */
void vg_watch_thread_note(struct vg_watch_thread *thread, const char *msgid);

/* From now on the process does its work: until then it says of itself that it opens what it needs,
 * and may be refused yet. Any thread. */
void vg_watch_thread_opened(struct vg_watch_thread *thread);

#endif
