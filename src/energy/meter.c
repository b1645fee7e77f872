/* The thread and its meter's state have two owners, the thread and who opened it: the last one to leave
 * frees it. So a thread that a driver never lets go of holds up nobody. */
#include "src/energy/meter.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/energy/machine_load.h"
#include "src/energy/meter_source.h"
#include "src/energy/sys_file.h"

enum {
    CLOSE_WAIT_US = 200000 /* for a thread that is not kept waiting */
};

struct vg_meter {
    struct vg_meter_settings settings; /* fixed since open */
    struct vg_meter_about about;
    const struct vg_meter_source *source;
    int64_t period_us, deadline_us;
    pthread_t thread;

    /* the thread's */
    void *state;
    struct vg_machine_load load;
    struct vg_mono_time load_at;

    pthread_mutex_t lock; /* of all below; never held while the meter is asked */
    pthread_cond_t changed;
    struct vg_tally tally;
    struct vg_fault fault;
    enum vg_status status; /* of the last reading, or of opening */
    struct vg_mono_time at;
    struct vg_mono_time busy_since; /* 0: no reading is under way */
    uint64_t asked, answered;       /* samples asked for; those begun after the ask and done */
    bool opened, quit, ended, closed;
};

static void meter_free(struct vg_meter *m)
{
    (void)pthread_cond_destroy(&m->changed);
    (void)pthread_mutex_destroy(&m->lock);
    vg_free(m);
}

static struct timespec moment(int64_t us)
{
    return (struct timespec){.tv_sec = us / VG_US_PER_S, .tv_nsec = us % VG_US_PER_S * 1000};
}

/* ---- the thread ---- */

/* Of a board or strip that shows no load the load says nothing: the machine's own is meant. Looked at
 * once a second at most. */
static double load_now(struct vg_meter *m)
{
    char path[320], text[512];
    const struct vg_mono_time now = vg_mono_now();
    if (m->about.form != VG_METER_POWER || m->about.scope == VG_ENERGY_GPU ||
        now.us - m->load_at.us < VG_US_PER_S)
        return -1;
    m->load_at = now;
    (void)snprintf(path, sizeof path, "%s/proc/stat", m->settings.root);
    struct vg_fault ignored;
    const enum vg_status status = vg_sys_text(path, text, sizeof text, &ignored);
    if (status && status != VG_E_FULL) /* the file goes on */
        return -1;
    text[sizeof text - 1] = '\0';
    const struct vg_machine_load before = m->load;
    m->load = vg_machine_load_parse(text);
    return vg_machine_load_between(&before, &m->load);
}

static void take_sample(struct vg_meter *m)
{
    struct vg_meter_sample sample = {.watts = 0};
    struct vg_fault fault = {.what = ""};
    (void)pthread_mutex_lock(&m->lock);
    const uint64_t asked = m->asked;
    m->busy_since = vg_mono_now();
    (void)pthread_mutex_unlock(&m->lock);
    const enum vg_status status = m->source->read(m->state, &sample, &fault);
    const double load = load_now(m);
    const struct vg_mono_time now = vg_mono_now();
    (void)pthread_mutex_lock(&m->lock);
    if (status)
        vg_tally_fail(&m->tally);
    else
        vg_tally_add(&m->tally, &sample, load, now);
    m->status = status;
    m->fault = fault;
    m->at = status ? m->at : now;
    m->busy_since.us = 0;
    m->answered = asked;
    (void)pthread_cond_broadcast(&m->changed);
    (void)pthread_mutex_unlock(&m->lock);
}

/* Until the next sample is due or asked for; false: end. */
static bool rest(struct vg_meter *m, int64_t due_us)
{
    const struct timespec due = moment(due_us);
    (void)pthread_mutex_lock(&m->lock);
    while (!m->quit && m->asked == m->answered &&
           pthread_cond_timedwait(&m->changed, &m->lock, &due) == 0) {
    }
    const bool goes_on = !m->quit;
    (void)pthread_mutex_unlock(&m->lock);
    return goes_on;
}

static bool thread_open(struct vg_meter *m)
{
    struct vg_fault fault = {.what = ""};
    const enum vg_status status = m->source->open(&m->state, &m->settings, &m->about, &fault);
    if (!status)
        take_sample(m);
    (void)pthread_mutex_lock(&m->lock);
    if (status) {
        m->status = status;
        m->fault = fault;
    }
    m->opened = true;
    (void)pthread_cond_broadcast(&m->changed);
    (void)pthread_mutex_unlock(&m->lock);
    return !status;
}

static void *meter_main(void *user)
{
    struct vg_meter *m = user;
    int64_t due_us = vg_mono_now().us;
    for (bool goes_on = thread_open(m); goes_on;) {
        due_us += m->period_us;
        const int64_t now_us = vg_mono_now().us;
        due_us = due_us < now_us ? now_us + m->period_us : due_us;
        goes_on = rest(m, due_us);
        if (goes_on)
            take_sample(m);
    }
    m->source->close(m->state);
    (void)pthread_mutex_lock(&m->lock);
    m->ended = true;
    const bool closed = m->closed;
    (void)pthread_cond_broadcast(&m->changed);
    (void)pthread_mutex_unlock(&m->lock);
    if (closed)
        meter_free(m);
    return NULL;
}

/* ---- who opened it ---- */

static struct vg_meter *meter_new(const struct vg_meter_settings *settings,
                                  const struct vg_meter_about *about)
{
    pthread_condattr_t clock;
    struct vg_meter *m = vg_alloc(sizeof *m);
    if (!m)
        return NULL;
    m->settings = *settings;
    m->about = *about;
    m->source = vg_meter_source(about->kind);
    m->period_us = settings->period_us ? settings->period_us : about->period_us;
    m->deadline_us = settings->deadline_us ? settings->deadline_us : VG_METER_DEADLINE_US;
    struct vg_tally_settings tally = vg_tally_defaults(about->form, about->parts);
    memcpy(tally.wrap_uj, about->wrap_uj, sizeof tally.wrap_uj);
    if (settings->stall_us)
        tally.stall_us = tally.same_us = settings->stall_us;
    if (tally.gap_us < 3 * m->period_us)
        tally.gap_us = 3 * m->period_us;
    if (tally.stall_us < 3 * m->period_us)
        tally.stall_us = 3 * m->period_us;
    vg_tally_init(&m->tally, &tally);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&m->lock, NULL);
    (void)pthread_cond_init(&m->changed, &clock);
    (void)pthread_condattr_destroy(&clock);
    return m;
}

static bool thread_start(struct vg_meter *m)
{
    sigset_t all, before;
    (void)sigfillset(&all); /* signals are for the threads that expect them */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool made = pthread_create(&m->thread, NULL, meter_main, m) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return made;
}

/* Opened and read once, within the deadline of each. */
static enum vg_status wait_opened(struct vg_meter *m, struct vg_fault *fault)
{
    const struct timespec until = moment(vg_mono_now().us + 2 * m->deadline_us);
    (void)pthread_mutex_lock(&m->lock);
    while (!m->opened && pthread_cond_timedwait(&m->changed, &m->lock, &until) == 0) {
    }
    const bool opened = m->opened;
    const enum vg_status status = m->status;
    if (opened && status && fault)
        *fault = m->fault;
    (void)pthread_mutex_unlock(&m->lock);
    return opened ? status
                  : vg_fault_set(fault, VG_E_TIMEOUT, N_("the meter does not answer"), NULL, "%s",
                                 m->about.name);
}

enum vg_status vg_meter_open(struct vg_meter **meter, const struct vg_meter_settings *settings,
                             const struct vg_meter_about *about, struct vg_fault *fault)
{
    *meter = meter_new(settings, about);
    if (!*meter)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", about->name);
    if (!thread_start(*meter)) {
        meter_free(*meter);
        *meter = NULL;
        return vg_fault_set(fault, VG_E_LACK, N_("no thread can be started"), NULL, "%s",
                            about->name);
    }
    const enum vg_status status = wait_opened(*meter, fault);
    if (status)
        vg_meter_close(meter);
    return status;
}

void vg_meter_close(struct vg_meter **meter)
{
    struct vg_meter *m = *meter;
    if (!m)
        return;
    *meter = NULL;
    (void)pthread_mutex_lock(&m->lock);
    m->quit = true;
    (void)pthread_cond_broadcast(&m->changed);
    const int64_t since_us = m->busy_since.us ? m->busy_since.us : vg_mono_now().us;
    const bool late = m->opened && vg_mono_now().us - since_us > m->deadline_us;
    const int64_t wait_us = late || !m->opened ? CLOSE_WAIT_US : m->deadline_us + CLOSE_WAIT_US;
    const struct timespec until = moment(vg_mono_now().us + wait_us);
    while (!m->ended && pthread_cond_timedwait(&m->changed, &m->lock, &until) == 0) {
    }
    const bool ended = m->ended;
    m->closed = !ended;
    const pthread_t thread = m->thread;
    if (!ended)
        (void)pthread_detach(thread); /* before it may free its own name */
    (void)pthread_mutex_unlock(&m->lock);
    if (!ended)
        return;
    (void)pthread_join(thread, NULL);
    meter_free(m);
}

const struct vg_meter_about *vg_meter_about(const struct vg_meter *meter)
{
    return &meter->about;
}

/* With the lock. */
static enum vg_meter_state state_of(const struct vg_meter *m, struct vg_mono_time now)
{
    const bool late = m->busy_since.us && now.us - m->busy_since.us > m->deadline_us;
    if (late)
        return VG_METER_LATE;
    if (m->status)
        return VG_METER_FAILING;
    return m->tally.stalled ? VG_METER_STALLED : VG_METER_WELL;
}

static void reading_fill(const struct vg_meter *m, struct vg_meter_reading *r)
{
    *r = (struct vg_meter_reading){.joules = m->tally.joules,
                                   .covered_us = m->tally.covered_us,
                                   .watts = m->tally.watts,
                                   .at = m->at,
                                   .state = state_of(m, vg_mono_now()),
                                   .samples = m->tally.samples,
                                   .failures = m->tally.failures,
                                   .wraps = m->tally.wraps,
                                   .resets = m->tally.resets};
    if (r->state == VG_METER_FAILING)
        r->fault = m->fault;
    if (r->state == VG_METER_LATE)
        r->watts = -1;
}

void vg_meter_read(struct vg_meter *m, struct vg_meter_reading *reading)
{
    (void)pthread_mutex_lock(&m->lock);
    reading_fill(m, reading);
    (void)pthread_mutex_unlock(&m->lock);
}

enum vg_status vg_meter_sample(struct vg_meter *m, int64_t wait_us,
                               struct vg_meter_reading *reading, struct vg_fault *fault)
{
    const struct timespec until = moment(vg_mono_now().us + wait_us);
    (void)pthread_mutex_lock(&m->lock);
    const uint64_t mine = ++m->asked;
    (void)pthread_cond_broadcast(&m->changed);
    while (m->answered < mine && pthread_cond_timedwait(&m->changed, &m->lock, &until) == 0) {
    }
    const bool answered = m->answered >= mine;
    const enum vg_status status = m->status;
    reading_fill(m, reading);
    if (answered && status && fault)
        *fault = m->fault;
    (void)pthread_mutex_unlock(&m->lock);
    if (!answered)
        return vg_fault_set(fault, VG_E_TIMEOUT, N_("the meter does not answer"), NULL, "%s",
                            m->about.name);
    return status;
}

static const struct {
    const char *name, *text;
} states[] = {
    [VG_METER_WELL] = {"well", N_("the meter answers")},
    [VG_METER_STALLED] = {"stalled", N_("the meter's value does not move")},
    [VG_METER_LATE] = {"late", N_("the meter does not answer")},
    [VG_METER_FAILING] = {"failing", N_("the meter fails")},
};

const char *vg_meter_state_name(enum vg_meter_state state)
{
    return states[state].name;
}

const char *vg_meter_state_text(enum vg_meter_state state)
{
    return states[state].text;
}
