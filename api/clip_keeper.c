#include "api/clip_keeper.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/base/ring.h"
#include "src/base/text.h"

enum {
    RING_DEPTH = 256, /* of both: at most VG_CLIPS_ASKED of each kind are under way */
    LOOK_MS = 1000,
    WINDOW_BYTES = 1 << 20,
    SAY_EVERY_S = 60,
    LIMIT_S = 60 /* of a file or a row */
};

/* ---- what thread and loop say to each other ---- */

struct order { /* thread to loop */
    enum {
        ORDER_ASK,
        ORDER_WRITTEN /* the bytes of that number are of no more use */
    } kind;
    uint32_t number;
    struct vg_clip_due due; /* ask */
};

struct report { /* loop to thread */
    enum {
        REPORT_LOOK,
        REPORT_FETCHED
    } kind;
    uint32_t number;
    enum vg_status status;
    const uint8_t *data; /* borrowed until ORDER_WRITTEN; NULL unless status is VG_OK */
    size_t size;
};

/* ---- the loop's side ---- */

enum stage {
    STAGE_FREE,
    STAGE_ASKED, /* ingest waits for pictures */
    STAGE_READY, /* waits for its turn to be received */
    STAGE_RECEIVED,
    STAGE_WRITTEN /* by the thread, just now */
};

struct fetch {
    struct vg_media_asker asker; /* first: a fetch is found by it */
    struct vg_clip_keeper *keeper;
    enum stage stage;
    uint32_t request;
    uint64_t turn; /* who was ready first */
    uint8_t *data;
    size_t size, at;
};

/* ---- the thread's side ---- */

struct wish {
    struct vg_clip_due due; /* id "": a free place */
    bool asked, seen;       /* seen: in the last look */
    enum vg_status last;    /* how the last try ended */
    struct vg_mono_time first, next;
};

struct vg_clip_keeper {
    struct vg_clip_keeper_settings settings; /* constant */
    struct vg_ring *orders, *reports;
    pthread_t thread;
    int running;
    /* relaxed: nothing else hangs on them */
    atomic_int quit, looks; /* looks: a REPORT_LOOK is on its way */
    /* the loop's */
    struct event *ready;
    uint64_t turn;
    size_t receiving;
    uint64_t asked;
    struct fetch fetch[VG_CLIPS_ASKED];
    /* the thread's */
    struct wish wish[VG_CLIPS_ASKED]; /* same number as its fetch */
    struct vg_log_repeat late, unwritten, unread;
    struct vg_beat beat;
    /* lock: */
    pthread_mutex_t lock;
    struct vg_clip_keeper_counts counts; /* but asked */
};

struct vg_clip_keeper_settings vg_clip_keeper_defaults(void)
{
    return (struct vg_clip_keeper_settings){.before_us = 5 * VG_US_PER_S,
                                            .after_us = 5 * VG_US_PER_S,
                                            .give_up_us = 60 * VG_US_PER_S,
                                            .retry_us = 2 * VG_US_PER_S};
}

/* ---- loop: receiving ---- */

static void report(struct vg_clip_keeper *keeper, const struct fetch *fetch, enum vg_status status)
{
    const struct report said = {.kind = REPORT_FETCHED,
                                .number = (uint32_t)(fetch - keeper->fetch),
                                .status = status,
                                .data = status ? NULL : fetch->data,
                                .size = status ? 0 : fetch->size};
    /* never full: one for each fetch, and one look */
    if (vg_ring_push(keeper->reports, &said))
        vg_log(VG_LOG_ERROR, "clips: the thread was not told");
}

/* Free again; its bytes too. */
static void free_fetch(struct fetch *fetch)
{
    struct vg_clip_keeper *keeper = fetch->keeper;
    if (fetch->stage == STAGE_RECEIVED || fetch->stage == STAGE_WRITTEN)
        keeper->receiving--;
    vg_free(fetch->data);
    *fetch = (struct fetch){.stage = STAGE_FREE};
}

static void fail(struct fetch *fetch, enum vg_status status)
{
    struct vg_clip_keeper *keeper = fetch->keeper;
    report(keeper, fetch, status);
    free_fetch(fetch);
}

/* Lets ingest send those whose turn it is. */
static void receive_next(struct vg_clip_keeper *keeper)
{
    while (keeper->receiving < VG_CLIPS_RECEIVED) {
        struct fetch *next = NULL;
        for (size_t i = 0; i < VG_CLIPS_ASKED; i++) {
            struct fetch *fetch = &keeper->fetch[i];
            if (fetch->stage == STAGE_READY && (!next || fetch->turn < next->turn))
                next = fetch;
        }
        if (!next)
            return;
        next->data = vg_alloc(next->size);
        if (!next->data) {
            vg_media_links_stop(keeper->settings.links, next->request);
            fail(next, VG_E_MEMORY);
            continue;
        }
        next->stage = STAGE_RECEIVED;
        keeper->receiving++;
        vg_media_links_more(keeper->settings.links, next->request, WINDOW_BYTES);
    }
}

static void on_about(struct vg_media_asker *asker, const struct vg_wire_about *about)
{
    struct fetch *fetch = (struct fetch *)(void *)asker;
    struct vg_clip_keeper *keeper = fetch->keeper;
    if (about->size == 0 || about->size > VG_CLIP_BYTES_MAX) {
        vg_media_links_stop(keeper->settings.links, fetch->request);
        fail(fetch, VG_E_FULL);
        return;
    }
    fetch->size = (size_t)about->size;
    fetch->stage = STAGE_READY;
    fetch->turn = keeper->turn++;
    receive_next(keeper);
}

static void on_piece(struct vg_media_asker *asker, const struct vg_media_piece *piece)
{
    struct fetch *fetch = (struct fetch *)(void *)asker;
    struct vg_clip_keeper *keeper = fetch->keeper;
    if (fetch->stage != STAGE_RECEIVED || piece->size > fetch->size - fetch->at) {
        vg_media_links_stop(keeper->settings.links, fetch->request);
        fail(fetch, VG_E_INTEGRITY);
        receive_next(keeper);
        return;
    }
    memcpy(fetch->data + fetch->at, piece->data, piece->size);
    fetch->at += piece->size;
    vg_media_links_more(keeper->settings.links, fetch->request, piece->size);
}

static void on_ended(struct vg_media_asker *asker, enum vg_status status)
{
    struct fetch *fetch = (struct fetch *)(void *)asker;
    struct vg_clip_keeper *keeper = fetch->keeper;
    if (status == VG_OK && (fetch->stage != STAGE_RECEIVED || fetch->at != fetch->size))
        status = VG_E_INTEGRITY;
    if (status) {
        fail(fetch, status);
        receive_next(keeper);
        return;
    }
    fetch->stage = STAGE_WRITTEN;
    report(keeper, fetch, VG_OK);
}

static void ask(struct vg_clip_keeper *keeper, const struct order *order)
{
    struct fetch *fetch = &keeper->fetch[order->number];
    const int64_t at_us = order->due.time.us;
    /* no window: it is received when its turn has come */
    struct vg_wire_clip clip = {.from_us = at_us - keeper->settings.before_us,
                                .to_us = at_us + keeper->settings.after_us,
                                .bytes_max = VG_CLIP_BYTES_MAX};
    *fetch = (struct fetch){
        .asker = {on_about, on_piece, on_ended}, .keeper = keeper, .stage = STAGE_ASKED};
    keeper->asked++;
    (void)snprintf(clip.flux, sizeof clip.flux, "%s", order->due.flux);
    const enum vg_status status =
        clip.from_us < 0
            ? VG_E_END
            : vg_media_links_clip(keeper->settings.links, &clip, &fetch->asker, &fetch->request);
    if (status)
        fail(fetch, status);
}

static void on_orders(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_clip_keeper *keeper = argument;
    struct order order;
    vg_ring_drain(keeper->orders);
    while (vg_ring_pop(keeper->orders, &order) == VG_OK) {
        if (order.kind == ORDER_ASK)
            ask(keeper, &order);
        else
            free_fetch(&keeper->fetch[order.number]);
    }
    receive_next(keeper);
}

void vg_clip_keeper_look(struct vg_clip_keeper *keeper)
{
    const struct report look = {.kind = REPORT_LOOK};
    if (atomic_exchange_explicit(&keeper->looks, 1, memory_order_relaxed) == 0 &&
        vg_ring_push(keeper->reports, &look))
        atomic_store_explicit(&keeper->looks, 0, memory_order_relaxed);
}

/* ---- thread: deciding, writing ---- */

static void count(struct vg_clip_keeper *keeper, uint64_t *counter, uint64_t more)
{
    (void)pthread_mutex_lock(&keeper->lock);
    *counter += more;
    (void)pthread_mutex_unlock(&keeper->lock);
}

static void forget(struct wish *wish)
{
    *wish = (struct wish){.last = VG_OK};
}

static void say_store(struct vg_clip_keeper *keeper, const struct vg_fault *fault)
{
    const uint64_t times =
        vg_log_repeat_due(&keeper->unread, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_WARN, "clips: %s (%llu times)",
               fault->what ? fault->what : vg_status_text(fault->status),
               (unsigned long long)times);
}

/* A row that cannot be written stays due, and is looked at again. */
static void note_missing(struct vg_clip_keeper *keeper, struct vg_database *database,
                         struct wish *wish, enum vg_clip_missing why)
{
    struct vg_fault fault = {0};
    if (vg_clip_note_missing(database, wish->due.id, why, &fault)) {
        say_store(keeper, &fault);
        wish->next.us = vg_mono_now().us + keeper->settings.retry_us;
        return;
    }
    count(keeper, &keeper->counts.missing[why], 1);
    vg_log(VG_LOG_DEBUG, "alert %s has no clip: %s", wish->due.id, vg_clip_missing_name(why));
    forget(wish);
}

static void note_late(struct vg_clip_keeper *keeper, struct vg_database *database,
                      struct wish *wish)
{
    note_missing(keeper, database, wish, VG_CLIP_TOO_LATE);
    const uint64_t times =
        vg_log_repeat_due(&keeper->late, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_WARN,
               "alerts came in when their pictures were no more kept: they get no clip "
               "(%llu since this was last said)",
               (unsigned long long)times);
}

static void keep(struct vg_clip_keeper *keeper, struct vg_database *database, struct wish *wish,
                 const struct report *said)
{
    struct vg_fault fault = {0};
    const enum vg_status status =
        vg_clip_put(database, wish->due.id, said->data, said->size, &fault);
    if (status == VG_OK) {
        count(keeper, &keeper->counts.kept, 1);
        count(keeper, &keeper->counts.bytes, said->size);
        if (keeper->unwritten.count)
            vg_log(VG_LOG_INFO, "clips: can be written again");
        keeper->unwritten = (struct vg_log_repeat){.count = 0};
        forget(wish);
        return;
    }
    if (status == VG_E_TIMEOUT || status == VG_E_MEMORY) { /* the file may be there already */
        say_store(keeper, &fault);
        wish->next.us = vg_mono_now().us + keeper->settings.retry_us;
        return;
    }
    const uint64_t times =
        vg_log_repeat_due(&keeper->unwritten, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_ERROR, "a clip could not be written: %s (%llu times)",
               fault.what ? fault.what : vg_status_text(status), (unsigned long long)times);
    note_missing(keeper, database, wish, VG_CLIP_NOT_WRITTEN);
}

/* After a try that failed: again, unless that is of no use. */
static void try_again(struct vg_clip_keeper *keeper, struct vg_database *database,
                      struct wish *wish, enum vg_status status)
{
    wish->last = status;
    wish->next.us = vg_mono_now().us + keeper->settings.retry_us;
    if (status == VG_E_END)
        note_missing(keeper, database, wish, VG_CLIP_NOT_KEPT);
    else if (status == VG_E_INPUT)
        note_missing(keeper, database, wish, VG_CLIP_NOT_CARRIED);
}

static void hear(struct vg_clip_keeper *keeper, struct vg_database *database,
                 const struct report *said)
{
    if (said->kind == REPORT_LOOK) {
        atomic_store_explicit(&keeper->looks, 0, memory_order_relaxed);
        return;
    }
    struct wish *wish = &keeper->wish[said->number];
    wish->asked = false;
    if (said->status) {
        try_again(keeper, database, wish, said->status);
        return;
    }
    keep(keeper, database, wish, said);
    const struct order written = {.kind = ORDER_WRITTEN, .number = said->number};
    if (vg_ring_push(keeper->orders, &written)) /* never full, as above */
        vg_log(VG_LOG_ERROR, "clips: the loop was not told");
}

/* One whose turn it is, and that nobody works on. */
static void pursue(struct vg_clip_keeper *keeper, struct vg_database *database, struct wish *wish)
{
    struct vg_fault fault = {0};
    bool found = false;
    const struct vg_mono_time now = vg_mono_now();
    if (now.us < wish->next.us)
        return;
    if (vg_clip_adopt(database, wish->due.id, &found, &fault)) {
        say_store(keeper, &fault);
        wish->next.us = now.us + keeper->settings.retry_us;
    } else if (found) {
        count(keeper, &keeper->counts.kept, 1);
        forget(wish);
    } else if (vg_wall_now().us - wish->due.time.us > keeper->settings.give_up_us &&
               wish->last == VG_OK) {
        note_late(keeper, database, wish);
    } else if (now.us - wish->first.us > keeper->settings.give_up_us) {
        note_missing(keeper, database, wish,
                     wish->last == VG_E_FULL ? VG_CLIP_NOT_CARRIED : VG_CLIP_UNREACHABLE);
    } else {
        const struct order order = {
            .kind = ORDER_ASK, .number = (uint32_t)(wish - keeper->wish), .due = wish->due};
        wish->asked = vg_ring_push(keeper->orders, &order) == VG_OK;
    }
}

static struct wish *wish_for(struct vg_clip_keeper *keeper, const struct vg_clip_due *due)
{
    struct wish *place = NULL;
    for (size_t i = 0; i < VG_CLIPS_ASKED; i++) {
        struct wish *wish = &keeper->wish[i];
        if (strcmp(wish->due.id, due->id) == 0)
            return wish;
        if (!place && !wish->due.id[0])
            place = wish;
    }
    if (place)
        *place = (struct wish){.due = *due, .first = vg_mono_now()};
    return place;
}

static void look(struct vg_clip_keeper *keeper, struct vg_database *database)
{
    struct vg_clip_due due[VG_CLIPS_ASKED];
    struct vg_fault fault = {0};
    size_t found = 0;
    vg_beat_begin(&keeper->beat, vg_mono_now());
    if (vg_clips_due(database, due, VG_CLIPS_ASKED, &found, &fault)) {
        say_store(keeper, &fault);
        return;
    }
    for (size_t i = 0; i < VG_CLIPS_ASKED; i++)
        keeper->wish[i].seen = false;
    for (size_t i = 0; i < found; i++) {
        struct wish *wish = wish_for(keeper, &due[i]);
        if (wish)
            wish->seen = true;
    }
    for (size_t i = 0; i < VG_CLIPS_ASKED; i++) {
        struct wish *wish = &keeper->wish[i];
        if (!wish->due.id[0] || wish->asked)
            continue;
        vg_beat_begin(&keeper->beat, vg_mono_now());
        if (wish->seen)
            pursue(keeper, database, wish);
        else
            forget(wish); /* another has settled it */
    }
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->counts.due = (uint32_t)found;
    (void)pthread_mutex_unlock(&keeper->lock);
}

static bool quits(struct vg_clip_keeper *keeper)
{
    return atomic_load_explicit(&keeper->quit, memory_order_relaxed) != 0;
}

static void *run(void *argument)
{
    struct vg_clip_keeper *keeper = argument;
    struct vg_database *database = NULL;
    struct vg_fault fault = {0};
    struct report said;
    (void)prctl(PR_SET_NAME, "vg-clips");
    while (!quits(keeper)) {
        vg_beat_begin(&keeper->beat, vg_mono_now());
        if (!database &&
            vg_database_open(&database, keeper->settings.data, VG_DATABASE_EXISTING, &fault)) {
            say_store(keeper, &fault);
            vg_pause_us(VG_US_PER_S / 2);
            continue;
        }
        while (!quits(keeper) && vg_ring_pop(keeper->reports, &said) == VG_OK) {
            vg_beat_begin(&keeper->beat, vg_mono_now());
            hear(keeper, database, &said);
        }
        look(keeper, database);
        if (!quits(keeper))
            (void)!vg_ring_wait(keeper->reports, LOOK_MS);
    }
    vg_database_close(&database);
    return NULL;
}

/* ---- life ---- */

enum vg_status vg_clip_keeper_open(struct vg_clip_keeper **keeper, struct event_base *base,
                                   const struct vg_clip_keeper_settings *settings,
                                   struct vg_fault *fault)
{
    *keeper = NULL;
    struct vg_clip_keeper *k = vg_alloc(sizeof *k);
    if (!k)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "clips");
    k->settings = *settings;
    k->beat.name = "clips";
    k->beat.limit_us = LIMIT_S * VG_US_PER_S; /* never the end: alerts do not wait for clips */
    (void)pthread_mutex_init(&k->lock, NULL);
    enum vg_status status = vg_ring_open(&k->orders, RING_DEPTH, sizeof(struct order));
    if (!status)
        status = vg_ring_open(&k->reports, RING_DEPTH, sizeof(struct report));
    if (!status) {
        k->ready = event_new(base, vg_ring_fd(k->orders), EV_READ | EV_PERSIST, on_orders, k);
        if (!k->ready || event_add(k->ready, NULL) || pthread_create(&k->thread, NULL, run, k))
            status = VG_E_LACK;
        else
            k->running = 1;
    }
    if (status) {
        vg_clip_keeper_close(&k);
        return vg_fault_set(fault, status, N_("a thread could not be started"),
                            N_("free memory or raise the limits of the service"), "clips");
    }
    *keeper = k;
    return VG_OK;
}

void vg_clip_keeper_close(struct vg_clip_keeper **keeper)
{
    struct vg_clip_keeper *k = *keeper;
    const struct report last = {.kind = REPORT_LOOK};
    if (!k)
        return;
    if (k->running) {
        atomic_store_explicit(&k->quit, 1, memory_order_relaxed);
        (void)!vg_ring_push(k->reports, &last); /* wakes it; at worst it wakes by itself */
        (void)pthread_join(k->thread, NULL);
    }
    for (size_t i = 0; i < VG_CLIPS_ASKED; i++) {
        struct fetch *fetch = &k->fetch[i];
        if (fetch->stage != STAGE_FREE && fetch->stage != STAGE_WRITTEN)
            vg_media_links_stop(k->settings.links, fetch->request);
        vg_free(fetch->data);
    }
    if (k->ready)
        event_free(k->ready);
    vg_ring_close(&k->orders);
    vg_ring_close(&k->reports);
    (void)pthread_mutex_destroy(&k->lock);
    vg_free(k);
    *keeper = NULL;
}

struct vg_beat *vg_clip_keeper_beat(struct vg_clip_keeper *keeper)
{
    return &keeper->beat;
}

struct vg_clip_keeper_counts vg_clip_keeper_counts(struct vg_clip_keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->lock);
    struct vg_clip_keeper_counts counts = keeper->counts;
    (void)pthread_mutex_unlock(&keeper->lock);
    counts.asked = keeper->asked;
    return counts;
}
