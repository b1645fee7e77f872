#include "src/media/ingest_flux.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/random.h"
#include "src/base/source_url.h"

#define REST_US VG_US_PER_S /* how often a resting thread says that it lives */
#define LOG_US  (60 * VG_US_PER_S)

struct vg_ingest_flux {
    struct vg_ingest_flux_settings settings; /* constant */
    pthread_t thread;

    pthread_mutex_t lock; /* of the three fields below */
    pthread_cond_t changed;
    struct vg_ingest_flux_config wish;
    struct vg_ingest_site *wish_site; /* a reference, or NULL */
    enum vg_ingest_leave leave;
    bool quit;

    /* Atomic. Grows under the lock with each change of the above (release, so that who sees it
     * takes the lock only to read them); the source's cancel compares it (relaxed). */
    _Atomic uint32_t generation;
    _Atomic int64_t due_us; /* relaxed: the thread shows up again by then */
    _Atomic uint64_t keeps; /* release: set before anything is kept, 0 after it was let go */
    _Atomic bool ended;     /* release: the thread touches nothing any more */

    /* the thread's own */
    uint32_t seen; /* generation in force */
    struct vg_ingest_flux_config now;
    struct vg_ingest_site *site; /* a reference, or NULL */
    enum vg_ingest_leave leave_now;
    bool quit_now;
    struct vg_random random;
    struct vg_log_repeat losses;
    uint32_t attempt;
    struct vg_ingest_session session; /* with what other threads may ask of it */
};

int64_t vg_ingest_back_off_us(enum vg_status cause, uint32_t attempt, double random)
{
    if (cause == VG_E_DENIED)
        return 20 * VG_US_PER_S + (int64_t)(10e6 * random);
    const int64_t least = VG_US_PER_S / 2;
    const int64_t most = attempt < 2 ? least << attempt : 4 * least;
    return least + (int64_t)((double)(most - least) * random);
}

static bool overtaken(const struct vg_ingest_flux *flux)
{
    return atomic_load_explicit(&flux->generation, memory_order_relaxed) != flux->seen;
}

static void set_connection(struct vg_ingest_flux *flux, enum vg_connection connection,
                           enum vg_status cause)
{
    if (flux->settings.purpose == VG_INGEST_ANALYSIS)
        vg_slots_set_connection(flux->settings.slots, flux->settings.place, connection, cause);
}

static void withdraw(struct vg_ingest_flux *flux, enum vg_fate fate)
{
    if (flux->settings.purpose == VG_INGEST_ANALYSIS)
        vg_slots_withdraw(flux->settings.slots, flux->settings.place, fate);
}

static void forget(struct vg_ingest_flux *flux)
{
    vg_ingest_session_forget(&flux->session);
    atomic_store_explicit(&flux->keeps, 0, memory_order_release);
}

/* ---- the thread ---- */

/* Sleeps until something changes or the time is over. */
static void rest(struct vg_ingest_flux *flux, int64_t for_us)
{
    const int64_t until = vg_mono_now().us + for_us;
    const struct timespec at = {.tv_sec = (time_t)(until / VG_US_PER_S),
                                .tv_nsec = (long)(until % VG_US_PER_S) * 1000};
    vg_ingest_session_promise(&flux->session, for_us);
    (void)pthread_mutex_lock(&flux->lock);
    while (!overtaken(flux) &&
           pthread_cond_timedwait(&flux->changed, &flux->lock, &at) != ETIMEDOUT)
        ;
    (void)pthread_mutex_unlock(&flux->lock);
}

static bool config_same(const struct vg_ingest_flux_config *a,
                        const struct vg_ingest_flux_config *b)
{
    return a->present == b->present && a->active == b->active && a->transport == b->transport &&
           a->source == b->source && strcmp(a->id, b->id) == 0 && strcmp(a->url, b->url) == 0 &&
           strcmp(a->evidence_url, b->evidence_url) == 0 && strcmp(a->user, b->user) == 0 &&
           strcmp(a->password, b->password) == 0 && strcmp(a->interface, b->interface) == 0 &&
           strcmp(a->tls_name, b->tls_name) == 0 && strcmp(a->ca_pem, b->ca_pem) == 0;
}

/* Takes over what was asked for. */
static void catch_up(struct vg_ingest_flux *flux)
{
    (void)pthread_mutex_lock(&flux->lock);
    flux->seen = atomic_load_explicit(&flux->generation, memory_order_relaxed);
    const bool same = config_same(&flux->now, &flux->wish);
    const bool other = strcmp(flux->now.id, flux->wish.id) != 0;
    flux->now = flux->wish;
    vg_ingest_site_unref(&flux->site);
    flux->site = vg_ingest_site_ref(flux->wish_site);
    flux->leave_now = flux->leave;
    flux->quit_now = flux->quit;
    (void)pthread_mutex_unlock(&flux->lock);
    if (same)
        return;
    if (flux->settings.purpose == VG_INGEST_ANALYSIS)
        vg_slots_assign(flux->settings.slots, flux->settings.place,
                        flux->now.present ? vg_slots_tag(flux->now.id) : 0);
    flux->attempt = 0;
    flux->losses = (struct vg_log_repeat){0};
    vg_ingest_session_reset(&flux->session, other ? VG_INGEST_OTHER_FLUX : VG_INGEST_SAME_FLUX);
    if (other)
        forget(flux);
}

static void tell_loss(struct vg_ingest_flux *flux, enum vg_status cause)
{
    const uint64_t times = vg_log_repeat_due(&flux->losses, vg_mono_now(), LOG_US);
    if (times)
        vg_log(VG_LOG_WARN,
               "flux %s: its source%s is lost or not reached (%s), %llu times since the "
               "last such line; trying again",
               flux->now.id, flux->settings.purpose == VG_INGEST_ANALYSIS ? "" : " of evidence",
               vg_status_name(cause), (unsigned long long)times);
}

static const char *address_of(const struct vg_ingest_flux *flux)
{
    return flux->settings.purpose == VG_INGEST_ANALYSIS ? flux->now.url : flux->now.evidence_url;
}

static struct vg_stagger_pace pace_of(const struct vg_ingest_flux *flux)
{
    if (!flux->site)
        return (struct vg_stagger_pace){.step_us = 0};
    const struct vg_ingest_site_settings *site = vg_ingest_site_settings(flux->site);
    return (struct vg_stagger_pace){.step_us = (int64_t)site->settings.stagger_ms * 1000,
                                    .process = site->process,
                                    .processes = site->processes};
}

/* Connections to one host come one after the other. */
static void wait_for_turn(struct vg_ingest_flux *flux)
{
    struct vg_source_url url;
    if (!flux->settings.stagger ||
        vg_source_url_read(address_of(flux), strlen(address_of(flux)), &url, NULL) ||
        !vg_source_url_networked(&url) || vg_source_url_listens(&url))
        return;
    const struct vg_stagger_pace pace = pace_of(flux);
    const int64_t wait =
        vg_stagger_turn_us(flux->settings.stagger, url.host.text, &pace, vg_mono_now());
    if (wait <= 0)
        return;
    if (!flux->session.cause) /* else it is lost, until it is its turn */
        set_connection(flux, VG_CONNECTION_CONNECTING, VG_OK);
    rest(flux, wait);
}

static void step(struct vg_ingest_flux *flux)
{
    if (!flux->now.present || !flux->now.active || !address_of(flux)[0]) {
        withdraw(flux, VG_FATE_STOPPED);
        forget(flux);
        set_connection(flux, VG_CONNECTION_OFF, VG_OK);
        rest(flux, REST_US);
        return;
    }
    if (flux->leave_now == VG_INGEST_STOPPED) {
        withdraw(flux, VG_FATE_STOPPED);
        forget(flux);
        set_connection(flux, VG_CONNECTION_STOPPED, VG_OK);
        rest(flux, REST_US);
        return;
    }
    wait_for_turn(flux);
    if (overtaken(flux))
        return;
    atomic_store_explicit(&flux->keeps, vg_slots_tag(flux->now.id), memory_order_release);
    const enum vg_status cause = vg_ingest_session_run(
        &flux->session, &flux->now, flux->site ? vg_ingest_site_settings(flux->site) : NULL,
        (struct vg_cancel){&flux->generation, flux->seen});
    if (overtaken(flux)) /* ended by us: no loss; one from before stands until pictures come */
        return;
    if (flux->session.live)
        flux->attempt = 0;
    flux->session.cause = cause;
    set_connection(flux, VG_CONNECTION_LOST, cause);
    tell_loss(flux, cause);
    rest(flux, vg_ingest_back_off_us(cause, flux->attempt++, vg_random_unit(&flux->random)));
}

static void *run(void *arg)
{
    struct vg_ingest_flux *flux = arg;
    for (catch_up(flux); !flux->quit_now; catch_up(flux)) {
        step(flux);
        vg_ingest_session_promise(&flux->session, 0);
    }
    withdraw(flux, VG_FATE_SHUTDOWN);
    set_connection(flux, VG_CONNECTION_OFF, VG_OK);
    explicit_bzero(&flux->now, sizeof flux->now);
    atomic_store_explicit(&flux->ended, true, memory_order_release);
    return NULL;
}

/* ---- for the other threads ---- */

enum vg_status vg_ingest_flux_open(struct vg_ingest_flux **flux,
                                   const struct vg_ingest_flux_settings *settings)
{
    pthread_condattr_t attributes;
    struct vg_ingest_flux *f = vg_alloc(sizeof *f);
    *flux = NULL;
    if (!f)
        return VG_E_MEMORY;
    f->settings = *settings;
    f->leave = f->leave_now = VG_INGEST_STOPPED;
    vg_random_seed(&f->random, settings->seed);
    const struct vg_ingest_session_settings session = {
        .purpose = settings->purpose,
        .slots = settings->slots,
        .place = settings->place,
        .event_fd = settings->event_fd,
        .devices = settings->devices,
        .ring = settings->ring,
        .post = settings->post,
        .due_us = &f->due_us,
        .data = settings->data,
        .open_us = settings->open_us,
        .read_us = settings->read_us,
        .seed = settings->seed,
    };
    if (vg_ingest_session_init(&f->session, &session)) {
        vg_free(f);
        return VG_E_LACK;
    }
    vg_ingest_session_promise(&f->session, REST_US);
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&f->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&f->thread, NULL, run, f) != 0) {
        (void)pthread_cond_destroy(&f->changed);
        (void)pthread_mutex_destroy(&f->lock);
        vg_ingest_session_release(&f->session);
        vg_free(f);
        return VG_E_LACK;
    }
    *flux = f;
    return VG_OK;
}

void vg_ingest_flux_close(struct vg_ingest_flux **flux)
{
    struct vg_ingest_flux *f = *flux;
    if (!f)
        return;
    (void)pthread_join(f->thread, NULL);
    (void)pthread_cond_destroy(&f->changed);
    (void)pthread_mutex_destroy(&f->lock);
    vg_ingest_session_release(&f->session);
    explicit_bzero(&f->wish, sizeof f->wish);
    vg_ingest_site_unref(&f->wish_site);
    vg_ingest_site_unref(&f->site);
    vg_free(f);
    *flux = NULL;
}

/* With the lock held: what was changed is in force, and the thread is told. */
static void announce(struct vg_ingest_flux *flux)
{
    atomic_fetch_add_explicit(&flux->generation, 1, memory_order_release);
    (void)pthread_cond_signal(&flux->changed);
}

void vg_ingest_flux_configure(struct vg_ingest_flux *flux,
                              const struct vg_ingest_flux_config *config,
                              struct vg_ingest_site *site, enum vg_ingest_leave leave)
{
    (void)pthread_mutex_lock(&flux->lock);
    const bool differs = flux->leave != leave || !config_same(&flux->wish, config) ||
                         !vg_ingest_site_connects_alike(flux->wish_site, site);
    if (flux->wish_site != site) { /* the next session takes it */
        vg_ingest_site_unref(&flux->wish_site);
        flux->wish_site = vg_ingest_site_ref(site);
    }
    if (differs) {
        flux->wish = *config;
        flux->leave = leave;
        announce(flux);
    }
    (void)pthread_mutex_unlock(&flux->lock);
}

void vg_ingest_flux_quit(struct vg_ingest_flux *flux)
{
    (void)pthread_mutex_lock(&flux->lock);
    flux->quit = true;
    announce(flux);
    (void)pthread_mutex_unlock(&flux->lock);
}

bool vg_ingest_flux_ended(const struct vg_ingest_flux *flux)
{
    return atomic_load_explicit(&flux->ended, memory_order_acquire);
}

bool vg_ingest_flux_alive(const struct vg_ingest_flux *flux, struct vg_mono_time now)
{
    return now.us <= atomic_load_explicit(&flux->due_us, memory_order_relaxed);
}

uint64_t vg_ingest_flux_keeps(const struct vg_ingest_flux *flux)
{
    return atomic_load_explicit(&flux->keeps, memory_order_acquire);
}

struct vg_ingest_session *vg_ingest_flux_session(struct vg_ingest_flux *flux)
{
    return &flux->session;
}
