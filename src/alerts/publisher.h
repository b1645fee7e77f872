/* From the workers to Redis, by way of the spool; and the live state beside it.
 *
 *   workers --rings--> keeper thread --spool (promise)--> sender thread --script--> Redis
 *
 * The keeper does nothing but promise, so that a Redis that hangs delays no promise. The sender
 * sends what waits, oldest first, asks what the archive has, and lets the spool forget it. Redis
 * away: it tries again after 0.1 to 2 s, with jitter, for ever; alerts wait in the spool.
 *
 * An alert given is either promised or refused (spool or disk full): counted, and logged. A
 * promised one that the disk does not give back stays where it is and holds up no other.
 *
 * The disk may stall for seconds: no function here but open, close and give_and_wait (up to its
 * timeout) waits for the disk or for Redis. */
#ifndef VG_ALERTS_PUBLISHER_H
#define VG_ALERTS_PUBLISHER_H

#include "src/alerts/alert_json.h"
#include "src/alerts/spool.h"
#include "src/base/clock.h"
#include "src/base/time_metric.h"

#define VG_PUBLISHER_LANES_MAX  64
#define VG_PUBLISHER_FLUX_MAX   512
#define VG_PUBLISHER_FIELDS_MAX 48
/* 200 flux of the longest names (63 bytes) come to 5.9 KB each, 2 KB more with every cause of coverage,
 * and 0.2 KB for each meter of energy, of which there are 32 at most: 2.9 MB, counted by test_live_parts.
 * Pages that no text reaches cost no memory, and what goes to Redis is the text alone. */
#define VG_PUBLISHER_METRICS_MAX (4u << 20)

/* What a worker fills; about 1.1 MB, from a pool made at the start. */
struct vg_publisher_item {
    char id[VG_ULID_TEXT];
    char key[VG_ALERT_KEY_TEXT];
    struct vg_mono_time arrival; /* of the picture's last packet: latency counts from there */
    uint32_t alert_bytes;        /* 0: the item is only handed back */
    uint32_t picture_bytes;      /* 0: none */
    char alert[VG_ALERT_JSON_MAX];
    uint8_t picture[VG_SPOOL_PICTURE_MAX];
};

struct vg_publisher_settings {
    struct vg_spool_settings spool;
    const char *redis;       /* path of the socket; copied */
    const char *node;        /* copied */
    uint32_t lanes;          /* one per worker */
    uint32_t items_per_lane; /* power of two; 4: an alert needs one for about 5 ms */
    int linger_ms;           /* at close: so long is tried to send what waits; 500 */
    int live_s;              /* live state and metrics expire after; 10 */
    int retry_s;             /* an alert that could not be read is tried again after; 30 */
    /* from the arrival of an alert's picture to the answer of Redis, at the first send, or to when more
     * than 256 waited behind it; borrowed until close, NULL: not told */
    struct vg_time_metric *latency;
};
struct vg_publisher_settings vg_publisher_defaults(const char *spool_folder, const char *redis,
                                                   const char *node);

struct vg_beat; /* src/base/beat.h */
struct vg_publisher;

/* Opens the spool and starts the two threads. Redis may be away. The process must ignore
 * SIGPIPE. Statuses of vg_spool_open and vg_redis_open. */
enum vg_status vg_publisher_open(struct vg_publisher **publisher,
                                 const struct vg_publisher_settings *settings,
                                 struct vg_spool_found *found, struct vg_fault *fault) VG_MUST_USE;

/* All given is promised first; then linger_ms for sending. Within 5 s. */
void vg_publisher_close(struct vg_publisher **publisher);

/* Worker's thread, its own lane: an item to fill, or NULL when all are on their way: try again,
 * or give the alert up with vg_publisher_count_refused. No allocation. */
struct vg_publisher_item *vg_publisher_take(struct vg_publisher *publisher, uint32_t lane);
/* Worker's thread: taken. Every item taken is given, in any order. Never blocks. */
void vg_publisher_give(struct vg_publisher *publisher, uint32_t lane,
                       struct vg_publisher_item *item);

/* The same, and waits until the alert is promised (VG_OK) or refused (the status of
 * vg_spool_append: VG_E_FULL, VG_E_LACK, VG_E_IO, VG_E_INPUT); either is counted. VG_E_TIMEOUT:
 * not known after timeout_ms (below 0: for ever); it will be promised or refused later, and is
 * counted then. An item without an alert is handed back: VG_E_INPUT, not counted. */
enum vg_status vg_publisher_give_and_wait(struct vg_publisher *publisher, uint32_t lane,
                                          struct vg_publisher_item *item,
                                          int timeout_ms) VG_MUST_USE;

/* An alert was given up before it was given: no item came free, or it could not be written.
 * Counted as given and refused. Any thread. */
void vg_publisher_count_refused(struct vg_publisher *publisher);

/* Live state of a flux, to vigie:flux:ID; the newest replaces one that is not yet sent. Names
 * shorter than 24 bytes, values than 64 (cut else); at most VG_PUBLISHER_FIELDS_MAX. A flux
 * beyond VG_PUBLISHER_FLUX_MAX takes the place of the one whose state is the oldest, if that is
 * older than live_s; else it has no live state, which is logged once. Any thread. */
struct vg_live_field {
    const char *name, *value; /* borrowed for the call */
};
void vg_publisher_flux(struct vg_publisher *publisher, const char *flux,
                       const struct vg_live_field *fields, size_t count);

/* Metrics text of this process, to vigie:metrics:PART; as above. Longer texts are refused whole
 * (VG_E_FULL). part: of at most 31 bytes, the same at each call. */
enum vg_status vg_publisher_metrics(struct vg_publisher *publisher, const char *part,
                                    const char *text, size_t size) VG_MUST_USE;

/* What the devices of this node can do (scheduler/forecast/admission_model.h), to vigie:capacity:NODE; as
 * above. */
#define VG_PUBLISHER_CAPACITY_MAX (1u << 17)
enum vg_status vg_publisher_capacity(struct vg_publisher *publisher, const char *text,
                                     size_t size) VG_MUST_USE;

struct vg_publisher_counts {
    uint64_t given; /* = promised + refused */
    uint64_t promised;
    uint64_t refused;        /* spool or disk full, not acceptable, or given up before */
    uint64_t unreadable;     /* now: promised, but the disk does not give them; they wait */
    uint64_t damaged;        /* promised, but no longer whole on the disk: lost */
    uint64_t sent;           /* acknowledged by Redis; more than once after a restart of it */
    uint64_t archived;       /* known to be in the archive */
    uint64_t redis_failures; /* tries that failed */
    struct vg_spool_numbers spool;
    bool redis_well; /* the last try succeeded */
};
/* All of one moment. Any thread. */
void vg_publisher_read_counts(struct vg_publisher *publisher, struct vg_publisher_counts *counts);

#define VG_PUBLISHER_THREADS 2
/* Of the keeper, which begins anew with each alert, and of the sender, with each alert and each few
 * commands. When they are late, alerts wait in the spool, or are refused to who waits for the
 * promise. Live as long as the publisher. */
struct vg_beat *vg_publisher_beat(struct vg_publisher *publisher, uint32_t thread);

#endif
