#include "scheduler/save_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/text.h"

enum {
    PATH_BYTES = 512,
    LIMIT_S = 120, /* a disk that hangs for so long is said */
    SAY_EVERY_S = 60
};

enum act {
    ACT_NONE,
    ACT_WRITE,
    ACT_REMOVE
};

struct job {
    enum act act;
    enum vg_save_need need;
    void *bytes; /* owned */
    size_t size;
};

struct vg_save_file {
    struct vg_save_thread *thread;
    struct vg_save_file *next;      /* of all */
    struct vg_save_file *next_turn; /* valid when queued */
    uint32_t users;                 /* 0: goes when nothing is left to do */
    bool queued;
    bool busy;           /* being written */
    struct job waiting;  /* the newest */
    struct job underway; /* valid when busy; no act: by the owner of the bytes, in his thread */
    char path[PATH_BYTES];
};

struct turns {
    struct vg_save_file *first, *last;
};

struct vg_save_thread {
    pthread_t thread;
    bool locks, running;
    pthread_mutex_t lock; /* of all below and of the files; never held while a file is written */
    pthread_cond_t given; /* to the thread */
    pthread_cond_t done;  /* a file is busy no more */
    bool quit;
    struct vg_save_file *files;
    struct turns soon, whole;
    struct vg_save_counts counts;
    struct vg_log_repeat trouble; /* the thread's own */
    struct vg_beat beat;
};

/* ---- turns, all under the lock ------------------------------------------------------------- */

static void queue(struct vg_save_file *file)
{
    struct vg_save_thread *t = file->thread;
    struct turns *turns = file->waiting.need == VG_SAVE_SOON ? &t->soon : &t->whole;
    if (file->queued || file->busy) /* who is done with it queues it */
        return;
    file->queued = true;
    file->next_turn = NULL;
    if (turns->last)
        turns->last->next_turn = file;
    else
        turns->first = file;
    turns->last = file;
    (void)pthread_cond_signal(&t->given);
}

static struct vg_save_file *take_turn(struct turns *turns)
{
    struct vg_save_file *file = turns->first;
    if (!file)
        return NULL;
    turns->first = file->next_turn;
    if (!turns->first)
        turns->last = NULL;
    file->queued = false;
    return file;
}

/* Out of the line: it is to stand in another, or in none. */
static void leave_turn(struct turns *turns, struct vg_save_file *file)
{
    struct vg_save_file *before = NULL;
    for (struct vg_save_file *at = turns->first; at; before = at, at = at->next_turn) {
        if (at != file)
            continue;
        *(before ? &before->next_turn : &turns->first) = at->next_turn;
        turns->last = turns->last == at ? before : turns->last;
        file->queued = false;
        return;
    }
}

static void drop_job(struct job *job)
{
    vg_free(job->bytes);
    *job = (struct job){.act = ACT_NONE};
}

/* Nobody has it open and nothing is to be done: it is no more. */
static void let_go(struct vg_save_file *file)
{
    struct vg_save_file **at = &file->thread->files;
    if (file->users || file->queued || file->busy || file->waiting.act)
        return;
    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    vg_free(file);
}

/* The file is busy no more. */
static void free_file(struct vg_save_file *file)
{
    file->busy = false;
    (void)pthread_cond_broadcast(&file->thread->done);
    if (file->waiting.act)
        queue(file);
    let_go(file);
}

/* ---- the thread ---------------------------------------------------------------------------- */

static enum vg_status act_on(const char *path, const struct job *job, struct vg_fault *fault)
{
    if (job->act == ACT_WRITE)
        return vg_file_write(path, job->bytes, job->size, 0600,
                             job->need == VG_SAVE_SOON ? VG_FILE_SYNCED : VG_FILE_WHOLE, fault);
    if (unlink(path) == 0 || errno == ENOENT)
        return VG_OK;
    return vg_fault_set(fault, VG_E_IO, N_("the file cannot be removed"), NULL, "%s", path);
}

static void say_failed(struct vg_save_thread *t, const struct vg_fault *fault)
{
    const uint64_t times = vg_log_repeat_due(&t->trouble, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_WARN, "state: %llu files were not written (%s): %s",
               (unsigned long long)times, fault->what, fault->place);
}

/* Under the lock. */
static void count(struct vg_save_thread *t, enum vg_status status)
{
    t->counts.written += !status;
    t->counts.failed += status != VG_OK;
    t->counts.failing = status != VG_OK;
}

/* Under the lock, which is not held meanwhile. */
static void serve(struct vg_save_thread *t, struct vg_save_file *file)
{
    struct vg_fault fault = {.what = ""};
    if (!file->waiting.act || file->busy) {
        let_go(file);
        return;
    }
    file->busy = true;
    file->underway = file->waiting;
    file->waiting = (struct job){.act = ACT_NONE};
    (void)pthread_mutex_unlock(&t->lock);
    vg_beat_begin(&t->beat, vg_mono_now());
    const enum vg_status status = act_on(file->path, &file->underway, &fault);
    vg_beat_end(&t->beat);
    if (status)
        say_failed(t, &fault);
    (void)pthread_mutex_lock(&t->lock);
    count(t, status);
    drop_job(&file->underway);
    free_file(file);
}

static void *save_main(void *user)
{
    struct vg_save_thread *t = user;
    (void)prctl(PR_SET_NAME, "vg-save"); /* the bench tells threads apart by it */
    (void)pthread_mutex_lock(&t->lock);
    for (;;) {
        struct vg_save_file *file = take_turn(&t->soon);
        if (!file)
            file = take_turn(&t->whole);
        if (file)
            serve(t, file);
        else if (t->quit)
            break;
        else
            (void)pthread_cond_wait(&t->given, &t->lock);
    }
    (void)pthread_mutex_unlock(&t->lock);
    return NULL;
}

static bool open_locks(struct vg_save_thread *t)
{
    if (pthread_mutex_init(&t->lock, NULL))
        return false;
    if (pthread_cond_init(&t->given, NULL)) {
        (void)pthread_mutex_destroy(&t->lock);
        return false;
    }
    if (pthread_cond_init(&t->done, NULL)) {
        (void)pthread_cond_destroy(&t->given);
        (void)pthread_mutex_destroy(&t->lock);
        return false;
    }
    return true;
}

enum vg_status vg_save_thread_open(struct vg_save_thread **thread)
{
    struct vg_save_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    t->beat.name = "save";
    /* never the end: pictures go on; an alert has the worker's deadline */
    t->beat.limit_us = LIMIT_S * VG_US_PER_S;
    t->locks = open_locks(t);
    t->running = t->locks && pthread_create(&t->thread, NULL, save_main, t) == 0;
    *thread = t;
    if (t->running)
        return VG_OK;
    vg_save_thread_close(thread);
    return VG_E_LACK;
}

void vg_save_thread_close(struct vg_save_thread **thread)
{
    struct vg_save_thread *t = *thread;
    if (!t)
        return;
    if (t->running) {
        (void)pthread_mutex_lock(&t->lock);
        t->quit = true;
        (void)pthread_cond_signal(&t->given);
        (void)pthread_mutex_unlock(&t->lock);
        (void)pthread_join(t->thread, NULL);
    }
    if (t->locks) {
        (void)pthread_cond_destroy(&t->done);
        (void)pthread_cond_destroy(&t->given);
        (void)pthread_mutex_destroy(&t->lock);
    }
    vg_free(t);
    *thread = NULL;
}

struct vg_beat *vg_save_thread_beat(struct vg_save_thread *t)
{
    return &t->beat;
}

struct vg_save_counts vg_save_thread_counts(struct vg_save_thread *t)
{
    (void)pthread_mutex_lock(&t->lock);
    const struct vg_save_counts counts = t->counts;
    (void)pthread_mutex_unlock(&t->lock);
    return counts;
}

/* ---- files --------------------------------------------------------------------------------- */

static struct vg_save_file *find(struct vg_save_thread *t, const char *path)
{
    struct vg_save_file *file = t->files;
    while (file && strcmp(file->path, path) != 0)
        file = file->next;
    return file;
}

enum vg_status vg_save_file_open(struct vg_save_file **file, struct vg_save_thread *t,
                                 const char *path)
{
    const size_t size = strlen(path) + 1;
    *file = NULL;
    if (size > PATH_BYTES)
        return VG_E_CALL;
    (void)pthread_mutex_lock(&t->lock);
    struct vg_save_file *found = find(t, path), *f = found ? found : vg_alloc(sizeof *f);
    if (f && !found) {
        f->thread = t;
        f->next = t->files;
        t->files = f;
        memcpy(f->path, path, size);
    }
    if (f)
        f->users++;
    (void)pthread_mutex_unlock(&t->lock);
    *file = f;
    return f ? VG_OK : VG_E_MEMORY;
}

void vg_save_file_close(struct vg_save_file **file)
{
    struct vg_save_file *f = *file;
    if (!f)
        return;
    struct vg_save_thread *t = f->thread;
    (void)pthread_mutex_lock(&t->lock);
    f->users--;
    let_go(f);
    (void)pthread_mutex_unlock(&t->lock);
    *file = NULL;
}

/* What it takes the place of goes. What must survive a power cut goes on to. */
static void give(struct vg_save_file *f, struct job job)
{
    struct vg_save_thread *t = f->thread;
    (void)pthread_mutex_lock(&t->lock);
    const bool was_soon = f->waiting.act && f->waiting.need == VG_SAVE_SOON;
    t->counts.replaced += f->waiting.act != ACT_NONE;
    void *old = f->waiting.bytes;
    f->waiting = job;
    if (was_soon)
        f->waiting.need = VG_SAVE_SOON;
    else if (f->queued && job.need == VG_SAVE_SOON)
        leave_turn(&t->whole, f);
    queue(f);
    (void)pthread_mutex_unlock(&t->lock);
    vg_free(old);
}

void vg_save_file_give(struct vg_save_file *f, void *bytes, size_t size, enum vg_save_need need)
{
    give(f, (struct job){.act = ACT_WRITE, .need = need, .bytes = bytes, .size = size});
}

void vg_save_file_remove(struct vg_save_file *f)
{
    give(f, (struct job){.act = ACT_REMOVE, .need = VG_SAVE_WHOLE});
}

enum vg_status vg_save_file_now(struct vg_save_file *f, const void *bytes, size_t size,
                                struct vg_fault *fault)
{
    struct vg_save_thread *t = f->thread;
    (void)pthread_mutex_lock(&t->lock);
    drop_job(&f->waiting);
    while (f->busy)
        (void)pthread_cond_wait(&t->done, &t->lock);
    f->busy = true;
    (void)pthread_mutex_unlock(&t->lock);
    const enum vg_status status = vg_file_write(f->path, bytes, size, 0600, VG_FILE_SYNCED, fault);
    (void)pthread_mutex_lock(&t->lock);
    count(t, status);
    free_file(f);
    (void)pthread_mutex_unlock(&t->lock);
    return status;
}

/* A copy of what is given; NULL: no memory. */
static uint8_t *copy_of(const struct job *job)
{
    uint8_t *copy = vg_alloc(job->size + 1);
    if (copy)
        memcpy(copy, job->bytes, job->size);
    return copy;
}

enum vg_status vg_save_file_read(struct vg_save_file *f, size_t limit, uint8_t **bytes,
                                 size_t *size, struct vg_fault *fault)
{
    struct vg_save_thread *t = f->thread;
    *bytes = NULL;
    (void)pthread_mutex_lock(&t->lock);
    const struct job *last = f->waiting.act ? &f->waiting : &f->underway;
    const enum act act = last->act;
    *size = last->size;
    if (act == ACT_WRITE && *size <= limit)
        *bytes = copy_of(last);
    (void)pthread_mutex_unlock(&t->lock);
    if (act == ACT_NONE)
        return vg_file_read(f->path, limit, bytes, size, fault);
    const enum vg_status status = act == ACT_REMOVE ? VG_E_MISSING
                                  : *size > limit   ? VG_E_FULL
                                  : *bytes          ? VG_OK
                                                    : VG_E_MEMORY;
    return status ? vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", f->path)
                  : VG_OK;
}
