/* The thread that moves alerts from Redis to the archive and tells the loop what is new there:
 * alerts and verdicts in the order of their change numbers, from whichever process they came. */
#ifndef VG_API_ARCHIVE_THREAD_H
#define VG_API_ARCHIVE_THREAD_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/store/archiver.h"

struct event_base;
struct vg_beat; /* src/base/beat.h */
struct vg_archive_thread;

/* One new alert or verdict, as it goes to clients; given to the one who is told (vg_free). */
struct vg_news {
    uint64_t change;
    struct vg_mono_time arrival; /* of a new alert's picture; 0: not known, or nothing new */
    size_t size;
    char frame[]; /* a whole server-sent event, size bytes */
};

/* The server-sent event for a row of the archive; NULL without memory. Pure but for memory. */
struct vg_news *vg_news_make(const struct vg_archive_row *row);

/* Loop's thread. Takes `news`. */
typedef void vg_news_tell(void *user, struct vg_news *news);

struct vg_archive_state {
    enum vg_status last; /* of the last try: VG_OK, VG_E_STATE (none yet), VG_E_CLOSED (Redis is
                            away), others: the archive cannot be written */
    struct vg_archiver_counts counts;
};

/* data, redis_socket, consumer: borrowed until close. VG_E_MEMORY, VG_E_LACK. The stores may be
 * away: it tries again until they are there. */
enum vg_status vg_archive_thread_open(struct vg_archive_thread **thread, struct event_base *base,
                                      const char *data, const char *redis_socket,
                                      const char *consumer, vg_news_tell *tell, void *user,
                                      struct vg_fault *fault) VG_MUST_USE;
/* Waits for the step under way, about a second. */
void vg_archive_thread_close(struct vg_archive_thread **thread);

/* Begins anew with each step; lives as long as the thread. */
struct vg_beat *vg_archive_thread_beat(struct vg_archive_thread *thread);

/* Any thread. */
struct vg_archive_state vg_archive_thread_state(struct vg_archive_thread *thread);

#endif
