/* The queue of alerts in Redis: at least once, with an effect of exactly once.
 *
 * Keys: vigie:alerts (stream: fields alert, picture, id, key, node, arrival (mono_stamp.h); group
 *       "archive"),
 *       vigie:sent:ID (the entry's number, a day), vigie:archived (hash: last archived id of
 *       each node), vigie:archived:NODE (set: ids archived that the node's spool has not yet
 *       forgotten).
 * A send is one script: an id that is queued or archived is not queued again. The archive's
 * "done" is one script too: acknowledge, delete, note as archived. Entries are never trimmed.
 *
 * Statuses: those of vg_redis_command. */
#ifndef VG_STORE_QUEUE_H
#define VG_STORE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/store/redis_link.h"

#define VG_QUEUE_STREAM    "vigie:alerts"
#define VG_QUEUE_GROUP     "archive"
#define VG_QUEUE_BATCH_MAX 64
#define VG_QUEUE_NAME_SIZE 64

enum vg_queue_where {
    VG_QUEUE_UNKNOWN, /* Redis does not know it: send it */
    VG_QUEUE_QUEUED,  /* in the stream */
    VG_QUEUE_ARCHIVED /* the archive has it */
};

/* Borrowed for the call. */
struct vg_queue_message {
    const char *id, *key, *node;
    const char *alert; /* JSON */
    size_t alert_size;
    const uint8_t *picture; /* may be NULL */
    size_t picture_size;
    struct vg_mono_time arrival; /* of the picture's last packet; 0: not known */
};

/* Sends; *where says where it is now (QUEUED, or ARCHIVED already). */
enum vg_status vg_queue_send(struct vg_redis_link *link, const struct vg_queue_message *message,
                             enum vg_queue_where *where, struct vg_fault *fault) VG_MUST_USE;

/* Where each of count ids (at most VG_QUEUE_BATCH_MAX) of the node is. */
enum vg_status vg_queue_ask(struct vg_redis_link *link, const char *node, const char *const *ids,
                            size_t count, enum vg_queue_where *where,
                            struct vg_fault *fault) VG_MUST_USE;

/* The node's spool has noted that these ids are archived: they leave the set. */
enum vg_status vg_queue_forget(struct vg_redis_link *link, const char *node, const char *const *ids,
                               size_t count, struct vg_fault *fault) VG_MUST_USE;

/* What a reader took; its texts live in `reply`. */
struct vg_queue_entry {
    const char *number; /* of the stream's entry */
    const char *id, *node;
    const char *alert;
    size_t alert_size;
    const uint8_t *picture;
    size_t picture_size;
    struct vg_mono_time arrival; /* 0: not known, or of before a restart of the machine */
};
struct vg_queue_page {
    struct redisReply *reply;
    size_t count;
    struct vg_queue_entry entry[VG_QUEUE_BATCH_MAX];
};

enum vg_queue_read {
    VG_QUEUE_NEW, /* what nobody has been given yet */
    VG_QUEUE_LEFT /* what a reader that died left behind for `idle_ms` */
};

struct vg_queue_reader {
    const char *consumer; /* name of this reader */
    int block_ms;         /* NEW: waits so long for a first entry; below the link's answer_ms */
    int idle_ms;          /* LEFT */
    uint32_t most;        /* entries, 1 to VG_QUEUE_BATCH_MAX */
};

/* Fills page (count 0: nothing came). Makes stream and group where they are missing.
 * vg_queue_page_free it in any case. */
enum vg_status vg_queue_take(struct vg_redis_link *link, const struct vg_queue_reader *reader,
                             enum vg_queue_read what, struct vg_queue_page *page,
                             struct vg_fault *fault) VG_MUST_USE;
void vg_queue_page_free(struct vg_queue_page *page);

/* All entries of the page are in the archive, committed. */
enum vg_status vg_queue_done(struct vg_redis_link *link, const struct vg_queue_page *page,
                             struct vg_fault *fault) VG_MUST_USE;

/* Entries in the stream. */
enum vg_status vg_queue_length(struct vg_redis_link *link, uint64_t *entries,
                               struct vg_fault *fault) VG_MUST_USE;

#endif
