#include "api/archive_thread.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
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
    NEWS_DEPTH = 1024,
    NEWS_PAGE = 64,
    LIMIT_S = 60, /* of a step: Redis and SQLite have deadlines of seconds, the disk has none */
    ENDS_S = 600
};

struct vg_archive_thread {
    /* fixed after open */
    const char *data, *redis_socket, *consumer;
    vg_news_tell *tell;
    void *user;
    struct vg_ring *news; /* of struct vg_news *, thread to loop */
    /* the loop's */
    struct event *ready;
    pthread_t thread;
    int running;
    /* the thread's */
    uint64_t told; /* last change number told */
    int knows_head;
    struct vg_beat beat;
    /* lock: */
    pthread_mutex_t lock;
    struct vg_archive_state state;
    /* set by the loop, read by the thread between steps; nothing else hangs on it: relaxed */
    atomic_int quit;
};

struct vg_news *vg_news_make(const struct vg_archive_row *row)
{
    const char *kind = row->judged ? "verdict" : "alert";
    const size_t json_size = strlen(row->json);
    const size_t room = json_size + 96;
    struct vg_news *news = vg_alloc(sizeof *news + room);
    if (!news)
        return NULL;
    news->change = row->change;
    const int head = snprintf(news->frame, room,
                              "id: %llu\nevent: %s\ndata: ", (unsigned long long)row->change, kind);
    char *at = news->frame + head;
    for (size_t i = 0; i < json_size; i++) /* outside of strings, where JSON may have them */
        *at++ = row->json[i] == '\n' || row->json[i] == '\r' ? ' ' : row->json[i];
    *at++ = '\n';
    *at++ = '\n';
    news->size = (size_t)(at - news->frame);
    return news;
}

/* Tells what came since; what does not fit in the ring is told after the next step. */
static void tell_news(struct vg_archive_thread *t, struct vg_database *database,
                      struct vg_archiver *archiver)
{
    struct vg_archive_row *rows = NULL;
    size_t count = 0;
    struct vg_fault fault = {0};
    if (!t->knows_head) {
        /* what is older than this process is for the lists */
        t->knows_head = vg_archive_head(database, &t->told, &fault) == VG_OK;
        return;
    }
    if (vg_archive_changes(database, t->told, NEWS_PAGE, &rows, &count, &fault))
        return;
    for (size_t i = 0; i < count; i++) {
        struct vg_news *news = vg_news_make(&rows[i]);
        if (news && archiver)
            news->arrival = vg_archiver_take_arrival(archiver, rows[i].id);
        if (!news || vg_ring_push(t->news, &news)) {
            vg_free(news);
            break;
        }
        t->told = rows[i].change;
    }
    vg_archive_rows_free(&rows, count);
}

/* A step that only waits for its next try says "away" of both: it counts no failure, and what the
 * last try found stays. */
static void note_state(struct vg_archive_thread *t, enum vg_status status,
                       const struct vg_archiver *archiver)
{
    struct vg_archiver_counts counts = {0};
    if (archiver)
        vg_archiver_read_counts(archiver, &counts);
    (void)pthread_mutex_lock(&t->lock);
    const bool waits = archiver && status == VG_E_CLOSED &&
                       counts.queue_failures == t->state.counts.queue_failures;
    if (!waits)
        t->state.last = status;
    if (archiver)
        t->state.counts = counts;
    (void)pthread_mutex_unlock(&t->lock);
}

static int quits(struct vg_archive_thread *t)
{
    return atomic_load_explicit(&t->quit, memory_order_relaxed);
}

/* Opens the stores and works until they cannot be opened, or the end. */
static void archive(struct vg_archive_thread *t)
{
    struct vg_database *database = NULL;
    struct vg_archiver *archiver = NULL;
    struct vg_fault fault = {0};
    const struct vg_archiver_settings settings = vg_archiver_defaults(t->redis_socket, t->consumer);
    enum vg_status status = vg_database_open(&database, t->data, VG_DATABASE_EXISTING, &fault);
    if (!status)
        tell_news(t, database, NULL);
    if (!status)
        status = vg_archiver_open(&archiver, database, &settings, &fault);
    if (status) {
        vg_log(VG_LOG_ERROR, "the archiver cannot start: %s",
               fault.what ? fault.what : vg_status_text(status));
        note_state(t, status, NULL);
        vg_pause_us(VG_US_PER_S);
    }
    while (!status && !quits(t)) {
        uint32_t moved = 0;
        vg_beat_begin(&t->beat, vg_mono_now());
        note_state(t, vg_archiver_step(archiver, &moved, &fault), archiver);
        tell_news(t, database, archiver);
    }
    vg_archiver_close(&archiver);
    vg_database_close(&database);
}

static void *run(void *argument)
{
    struct vg_archive_thread *t = argument;
    (void)prctl(PR_SET_NAME, "vg-archive");
    while (!quits(t)) {
        vg_beat_begin(&t->beat, vg_mono_now());
        archive(t);
    }
    return NULL;
}

static void on_ready(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_archive_thread *t = argument;
    struct vg_news *news;
    vg_ring_drain(t->news);
    while (vg_ring_pop(t->news, &news) == VG_OK)
        t->tell(t->user, news);
}

enum vg_status vg_archive_thread_open(struct vg_archive_thread **thread, struct event_base *base,
                                      const char *data, const char *redis_socket,
                                      const char *consumer, vg_news_tell *tell, void *user,
                                      struct vg_fault *fault)
{
    *thread = NULL;
    struct vg_archive_thread *t = vg_alloc(sizeof *t);
    if (!t)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "archive");
    t->data = data;
    t->redis_socket = redis_socket;
    t->consumer = consumer;
    t->tell = tell;
    t->user = user;
    t->state.last = VG_E_STATE; /* no step yet */
    t->beat.name = "archive";
    t->beat.limit_us = LIMIT_S * VG_US_PER_S;
    t->beat.ends_us = ENDS_S * VG_US_PER_S; /* without it no alert is seen */
    (void)pthread_mutex_init(&t->lock, NULL);
    enum vg_status status = vg_ring_open(&t->news, NEWS_DEPTH, sizeof(struct vg_news *));
    if (!status) {
        t->ready = event_new(base, vg_ring_fd(t->news), EV_READ | EV_PERSIST, on_ready, t);
        if (!t->ready || event_add(t->ready, NULL) || pthread_create(&t->thread, NULL, run, t))
            status = VG_E_LACK;
        else
            t->running = 1;
    }
    if (status) {
        vg_archive_thread_close(&t);
        return vg_fault_set(fault, status, N_("a thread could not be started"),
                            N_("free memory or raise the limits of the service"), "archive");
    }
    *thread = t;
    return VG_OK;
}

void vg_archive_thread_close(struct vg_archive_thread **thread)
{
    struct vg_archive_thread *t = *thread;
    if (!t)
        return;
    if (t->running) {
        atomic_store_explicit(&t->quit, 1, memory_order_relaxed);
        (void)pthread_join(t->thread, NULL);
    }
    struct vg_news *news;
    while (t->news && vg_ring_pop(t->news, &news) == VG_OK)
        vg_free(news);
    if (t->ready)
        event_free(t->ready);
    vg_ring_close(&t->news);
    (void)pthread_mutex_destroy(&t->lock);
    vg_free(t);
    *thread = NULL;
}

struct vg_beat *vg_archive_thread_beat(struct vg_archive_thread *thread)
{
    return &thread->beat;
}

struct vg_archive_state vg_archive_thread_state(struct vg_archive_thread *thread)
{
    (void)pthread_mutex_lock(&thread->lock);
    const struct vg_archive_state state = thread->state;
    (void)pthread_mutex_unlock(&thread->lock);
    return state;
}
