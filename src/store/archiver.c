/* One page from the queue into the archive per step, with a back-off while either is away. */
#include "src/store/archiver.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/text.h"

#define PAGE_ENTRIES  16 /* of up to a few hundred KB each */
#define CLAIM_US      (VG_US_PER_S / 2)
#define BACKOFF_LEAST (VG_US_PER_S / 10)
#define BACKOFF_MOST  (2 * VG_US_PER_S)
#define SAY_EVERY_US  (60 * VG_US_PER_S)

#define MOVED_SIZE 256 /* alerts whose arrival is kept for who asks after a step */

/* An alert that is new in the archive, and when its picture had arrived. */
struct moved {
    char id[VG_ARCHIVE_ID_SIZE];
    struct vg_mono_time arrival;
};

struct vg_archiver {
    struct vg_database *database; /* borrowed */
    struct vg_redis_link *link;
    char consumer[VG_QUEUE_NAME_SIZE];
    int block_ms, idle_ms;
    struct vg_mono_time next_claim, next_try;
    int64_t backoff_us; /* 0: all is well */
    struct vg_archiver_counts counts;
    struct vg_log_repeat said;
    struct moved moved[MOVED_SIZE]; /* a ring: the oldest is overwritten */
    size_t moved_next;
};

struct vg_archiver_settings vg_archiver_defaults(const char *redis, const char *consumer)
{
    return (struct vg_archiver_settings){
        .redis = redis, .consumer = consumer, .block_ms = 200, .idle_ms = 1000};
}

enum vg_status vg_archiver_open(struct vg_archiver **archiver, struct vg_database *database,
                                const struct vg_archiver_settings *settings, struct vg_fault *fault)
{
    const struct vg_redis_settings redis = vg_redis_defaults(settings->redis);
    struct vg_archiver *opened = vg_alloc(sizeof *opened);
    *archiver = NULL;
    if (!opened)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "archiver");
    const enum vg_status status = vg_redis_open(&opened->link, &redis, fault);
    if (status != VG_OK) {
        vg_free(opened);
        return status;
    }
    opened->database = database;
    opened->block_ms = settings->block_ms;
    opened->idle_ms = settings->idle_ms;
    (void)snprintf(opened->consumer, sizeof opened->consumer, "%s", settings->consumer);
    *archiver = opened;
    return VG_OK;
}

void vg_archiver_close(struct vg_archiver **archiver)
{
    if (!*archiver)
        return;
    vg_redis_close(&(*archiver)->link);
    vg_free(*archiver);
    *archiver = NULL;
}

void vg_archiver_read_counts(const struct vg_archiver *archiver, struct vg_archiver_counts *counts)
{
    *counts = archiver->counts;
}

static void keep_arrival(struct vg_archiver *archiver, const struct vg_queue_entry *entry)
{
    struct moved *moved = &archiver->moved[archiver->moved_next++ % MOVED_SIZE];
    (void)snprintf(moved->id, sizeof moved->id, "%s", entry->id);
    moved->arrival = entry->arrival;
}

struct vg_mono_time vg_archiver_take_arrival(struct vg_archiver *archiver, const char *id)
{
    struct vg_mono_time arrival = {0};
    for (size_t i = 0; i < MOVED_SIZE; i++) {
        if (id[0] == '\0' || strcmp(archiver->moved[i].id, id) != 0)
            continue;
        arrival = archiver->moved[i].arrival;
        archiver->moved[i].id[0] = '\0';
    }
    return arrival;
}

static enum vg_status archive_page(struct vg_archiver *archiver, const struct vg_queue_page *page,
                                   uint32_t *moved, struct vg_fault *fault)
{
    struct vg_archive_item items[VG_QUEUE_BATCH_MAX];
    enum vg_archive_fate fates[VG_QUEUE_BATCH_MAX];
    for (size_t i = 0; i < page->count; i++)
        items[i] = (struct vg_archive_item){.alert = page->entry[i].alert,
                                            .alert_size = page->entry[i].alert_size,
                                            .picture = page->entry[i].picture,
                                            .picture_size = page->entry[i].picture_size};
    const enum vg_status status =
        vg_archive_put(archiver->database, items, page->count, fates, fault);
    if (status != VG_OK) {
        archiver->counts.archive_failures++;
        return status;
    }
    for (size_t i = 0; i < page->count; i++) {
        switch (fates[i]) {
        case VG_ARCHIVED_NOW:
            archiver->counts.archived++;
            keep_arrival(archiver, &page->entry[i]);
            (*moved)++;
            break;
        case VG_ARCHIVED_BEFORE:
            archiver->counts.before++;
            break;
        case VG_ARCHIVE_REFUSED:
            archiver->counts.refused++;
            vg_log(VG_LOG_ERROR, "archive: entry %s of the queue is not an alert: put aside",
                   page->entry[i].number);
            break;
        }
    }
    return VG_OK;
}

static enum vg_status move_page(struct vg_archiver *archiver, uint32_t *moved,
                                struct vg_fault *fault)
{
    const struct vg_mono_time now = vg_mono_now();
    const struct vg_queue_reader reader = {.consumer = archiver->consumer,
                                           .block_ms = archiver->block_ms,
                                           .idle_ms = archiver->idle_ms,
                                           .most = PAGE_ENTRIES};
    const bool claim = now.us >= archiver->next_claim.us;
    struct vg_queue_page page = {.count = 0};
    enum vg_status status =
        vg_queue_take(archiver->link, &reader, claim ? VG_QUEUE_LEFT : VG_QUEUE_NEW, &page, fault);
    if (status == VG_OK && claim && page.count < PAGE_ENTRIES)
        archiver->next_claim.us = now.us + CLAIM_US;
    if (status == VG_OK && page.count > 0) {
        status = archive_page(archiver, &page, moved, fault);
        if (status == VG_OK) /* on disk first, acknowledged after; a failure brings them back */
            status = vg_queue_done(archiver->link, &page, fault);
    }
    vg_queue_page_free(&page);
    return status;
}

static void back_off(struct vg_archiver *archiver, const struct vg_fault *fault)
{
    const struct vg_mono_time now = vg_mono_now();
    archiver->backoff_us = archiver->backoff_us == 0 ? BACKOFF_LEAST : 2 * archiver->backoff_us;
    if (archiver->backoff_us > BACKOFF_MOST)
        archiver->backoff_us = BACKOFF_MOST;
    archiver->next_try.us = now.us + archiver->backoff_us;
    const uint64_t times = vg_log_repeat_due(&archiver->said, now, SAY_EVERY_US);
    if (times > 0)
        vg_log(VG_LOG_WARN, "archive: %s: %s (%llu times)", fault->what ? fault->what : "failed",
               fault->place, (unsigned long long)times);
}

enum vg_status vg_archiver_step(struct vg_archiver *archiver, uint32_t *moved,
                                struct vg_fault *fault)
{
    struct vg_fault local = {.status = VG_OK};
    *moved = 0;
    const int64_t left_us = archiver->next_try.us - vg_mono_now().us;
    if (archiver->backoff_us > 0 && left_us > 0) {
        const int64_t most_us = (int64_t)archiver->block_ms * 1000;
        vg_pause_us(left_us < most_us ? left_us : most_us);
        if (left_us > most_us)
            return vg_fault_set(fault, VG_E_CLOSED, N_("Redis or the archive is away"),
                                N_("it is tried again by itself"), "%s", archiver->consumer);
    }
    const enum vg_status status = move_page(archiver, moved, &local);
    if (status == VG_OK) {
        if (archiver->backoff_us > 0)
            vg_log(VG_LOG_INFO, "archive: works again");
        archiver->backoff_us = 0;
        archiver->said = (struct vg_log_repeat){.count = 0};
        return VG_OK;
    }
    if (status == VG_E_CLOSED || status == VG_E_FULL || status == VG_E_INPUT)
        archiver->counts.queue_failures++;
    back_off(archiver, &local);
    if (fault)
        *fault = local;
    return status;
}
