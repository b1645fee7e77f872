#include "src/media/ingest_flux.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/random.h"
#include "src/media/decoder.h"
#include "src/media/source.h"

/* A look-up of a name cannot be interrupted; the resolver gives up by itself within this. */
#define NAME_US  (30 * VG_US_PER_S)
#define SLACK_US (3 * VG_US_PER_S) /* decoding one packet, a slow machine */
#define REST_US  VG_US_PER_S       /* how often a resting thread says that it lives */
#define LOG_US   (60 * VG_US_PER_S)

struct vg_ingest_flux {
    struct vg_ingest_flux_settings settings; /* constant */
    pthread_t thread;

    pthread_mutex_t lock; /* of the three fields below */
    pthread_cond_t changed;
    struct vg_ingest_flux_config wish;
    enum vg_ingest_leave leave;
    bool quit;

    /* Atomic. Grows under the lock with each change of the above (release, so that who sees it
     * takes the lock only to read them); the source's cancel compares it (relaxed). */
    _Atomic uint32_t generation;
    _Atomic int64_t due_us; /* relaxed: the thread shows up again by then */
    _Atomic bool ended;     /* release: the thread touches nothing any more */

    /* the thread's own */
    uint32_t seen; /* generation in force */
    struct vg_ingest_flux_config now;
    enum vg_ingest_leave leave_now;
    bool quit_now;
    struct vg_random random;
    struct vg_log_repeat losses;
    uint32_t attempt;
    bool was_live;        /* since it was configured so */
    enum vg_status cause; /* of the last loss, until pictures come */
    struct vg_source *source;
    struct vg_decoder *decoder;
    struct vg_timeline timeline;
    struct vg_mono_time last_arrival;
    uint32_t epoch, width, height, fps_milli;
    bool live; /* this session has given a picture */
};

int64_t vg_ingest_back_off_us(uint32_t attempt, double random)
{
    const int64_t least = VG_US_PER_S / 2;
    const int64_t most = attempt < 2 ? least << attempt : 4 * least;
    return least + (int64_t)((double)(most - least) * random);
}

static void promise(struct vg_ingest_flux *flux, int64_t within_us)
{
    atomic_store_explicit(&flux->due_us, vg_mono_now().us + within_us + SLACK_US,
                          memory_order_relaxed);
}

static bool overtaken(const struct vg_ingest_flux *flux)
{
    return atomic_load_explicit(&flux->generation, memory_order_relaxed) != flux->seen;
}

static void set_connection(struct vg_ingest_flux *flux, enum vg_connection connection,
                           enum vg_status cause)
{
    vg_slots_set_connection(flux->settings.slots, flux->settings.place, connection, cause);
}

static void next_epoch(struct vg_ingest_flux *flux)
{
    flux->epoch = vg_slots_next_epoch(flux->settings.slots, flux->settings.place);
}

static void count(struct vg_ingest_flux *flux, enum vg_fate fate)
{
    vg_slots_count(flux->settings.slots, flux->settings.place, fate);
}

/* ---- pictures ---- */

static void tell_reader(const struct vg_ingest_flux *flux)
{
    const uint64_t one = 1;
    ssize_t written = 0;
    do
        written = write(flux->settings.event_fd, &one, sizeof one);
    while (written < 0 && errno == EINTR);
    /* EAGAIN: the counter is full, so the reader has been told; anything else ends with us */
}

static void note_format(struct vg_ingest_flux *flux, const struct vg_decoded *decoded)
{
    if (flux->live && flux->width == decoded->width && flux->height == decoded->height)
        return;
    const uint32_t told = vg_source_about(flux->source).fps_milli;
    flux->fps_milli = told ? told : vg_decoder_fps_milli(flux->decoder);
    flux->width = decoded->width;
    flux->height = decoded->height;
    vg_slots_set_format(flux->settings.slots, flux->settings.place, flux->width, flux->height,
                        flux->fps_milli);
}

/* The first picture of a session: the source is back. */
static void note_live(struct vg_ingest_flux *flux)
{
    if (flux->live)
        return;
    flux->live = true;
    flux->attempt = 0;
    if (flux->was_live && flux->cause) { /* and not only after a stop */
        vg_slots_count_reconnect(flux->settings.slots, flux->settings.place);
        vg_log(VG_LOG_INFO, "flux %s: its source is back", flux->now.id);
    }
    flux->was_live = true;
    flux->cause = VG_OK;
    set_connection(flux, VG_CONNECTION_LIVE, VG_OK);
}

static void publish(struct vg_ingest_flux *flux, const struct vg_decoded *decoded,
                    const struct vg_picture *about)
{
    struct vg_slots *slots = flux->settings.slots;
    const uint32_t place = flux->settings.place;
    const struct vg_slots_settings most = vg_slots_geometry(slots);
    struct vg_slots_room room;
    uint32_t width = 0, height = 0;
    vg_pixels_fit(decoded->width, decoded->height, most.width_max, most.height_max, &width,
                  &height);
    if (vg_slots_begin(slots, place, width, height, &room)) {
        count(flux, VG_FATE_POOL);
        return;
    }
    if (vg_decoder_convert(flux->decoder, &room.pixels)) {
        vg_slots_abandon(slots, place, &room);
        count(flux, VG_FATE_DECODER);
        return;
    }
    vg_slots_publish(slots, place, &room, about);
    tell_reader(flux);
}

/* Every picture passes here once and meets one fate, or is published. */
static void take_picture(struct vg_ingest_flux *flux, const struct vg_decoded *decoded)
{
    struct vg_slots *slots = flux->settings.slots;
    const uint32_t place = flux->settings.place;
    const int64_t pts_us = vg_source_stamp_us(flux->source, decoded->stamp);
    struct vg_picture about = {
        .matrix = decoded->matrix, .range = decoded->range, .arrival = decoded->arrival};
    note_format(flux, decoded);
    note_live(flux);
    const int64_t since_us =
        flux->last_arrival.us ? decoded->arrival.us - flux->last_arrival.us : 0;
    flux->last_arrival = decoded->arrival;
    if (vg_timeline_next(&flux->timeline, pts_us, since_us, &about.media) == VG_TIMELINE_JUMP) {
        vg_slots_count_jump(slots, place);
        next_epoch(flux);
    }
    about.epoch = flux->epoch;
    about.sequence = vg_slots_count_decoded(slots, place, decoded->arrival);
    if (overtaken(flux)) {
        count(flux, VG_FATE_STOPPED); /* stopped, changed or ending: not shown any more */
        return;
    }
    if (vg_slots_wanted_us(slots, place) > decoded->arrival.us) {
        count(flux, VG_FATE_RATE);
        return;
    }
    if (decoded->corrupt) {
        count(flux, VG_FATE_CORRUPT);
        return;
    }
    about.wall = vg_source_wall(flux->source, pts_us, vg_wall_now());
    publish(flux, decoded, &about);
}

/* ---- a session: from open to loss ---- */

/* A picture that never came out of the decoder is counted in, so that it can have its fate. */
static void count_refused(struct vg_ingest_flux *flux, struct vg_mono_time arrival)
{
    (void)vg_slots_count_decoded(flux->settings.slots, flux->settings.place, arrival);
    count(flux, VG_FATE_DECODER);
}

static enum vg_status take_pictures(struct vg_ingest_flux *flux)
{
    struct vg_decoded decoded;
    for (;;) {
        enum vg_status status = vg_decoder_receive(flux->decoder, &decoded);
        if (status == VG_OK)
            take_picture(flux, &decoded);
        else if (status == VG_E_IO)
            count_refused(flux, vg_mono_now());
        else
            return status == VG_E_END ? VG_OK : status;
    }
}

static enum vg_status decode(struct vg_ingest_flux *flux, const struct AVPacket *packet,
                             struct vg_mono_time arrival)
{
    enum vg_status status = vg_decoder_send(flux->decoder, packet, arrival);
    if (status == VG_E_IO)
        count_refused(flux, arrival);
    else if (status)
        return status;
    return take_pictures(flux);
}

/* A live file began again: the pictures that the decoder holds back first. */
static enum vg_status begin_again(struct vg_ingest_flux *flux)
{
    enum vg_status status = decode(flux, NULL, vg_mono_now());
    vg_decoder_flush(flux->decoder);
    vg_timeline_restart(&flux->timeline);
    next_epoch(flux);
    return status;
}

static enum vg_status open_session(struct vg_ingest_flux *flux)
{
    struct vg_source_settings settings = vg_source_defaults();
    settings.kind = VG_SOURCE_LIVE;
    settings.url = flux->now.url;
    settings.user = flux->now.user;
    settings.password = flux->now.password;
    settings.transport = flux->now.transport;
    settings.open_us = flux->settings.open_us;
    settings.read_us = flux->settings.read_us;
    settings.cancel = (struct vg_cancel){&flux->generation, flux->seen};
    promise(flux, flux->settings.open_us + NAME_US);
    enum vg_status status = vg_source_open(&flux->source, &settings, NULL);
    if (status == VG_OK)
        status = vg_decoder_open(&flux->decoder, vg_source_about(flux->source).codec, NULL);
    flux->live = false;
    vg_timeline_restart(&flux->timeline);
    next_epoch(flux);
    return status;
}

static enum vg_status run_session(struct vg_ingest_flux *flux)
{
    struct vg_packet packet;
    vg_alloc_seal(); /* from here on a picture allocates nothing of ours */
    enum vg_status status = VG_OK;
    while (status == VG_OK && !overtaken(flux)) {
        promise(flux, flux->settings.read_us);
        status = vg_source_read(flux->source, &packet);
        if (status == VG_OK && packet.restarted)
            status = begin_again(flux);
        if (status == VG_OK && !packet.early)
            status = decode(flux, packet.data, packet.arrival);
    }
    vg_alloc_unseal();
    return status;
}

static enum vg_status session(struct vg_ingest_flux *flux)
{
    set_connection(flux, VG_CONNECTION_CONNECTING, flux->cause);
    enum vg_status status = open_session(flux);
    if (status == VG_OK)
        status = run_session(flux);
    promise(flux, VG_US_PER_S);
    vg_decoder_close(&flux->decoder);
    vg_source_close(&flux->source);
    return status == VG_E_END ? VG_E_CLOSED : status;
}

/* ---- the thread ---- */

/* Sleeps until something changes or the time is over. */
static void rest(struct vg_ingest_flux *flux, int64_t for_us)
{
    const int64_t until = vg_mono_now().us + for_us;
    const struct timespec at = {.tv_sec = (time_t)(until / VG_US_PER_S),
                                .tv_nsec = (long)(until % VG_US_PER_S) * 1000};
    promise(flux, for_us);
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
           strcmp(a->id, b->id) == 0 && strcmp(a->url, b->url) == 0 &&
           strcmp(a->user, b->user) == 0 && strcmp(a->password, b->password) == 0;
}

/* Takes over what was asked for. */
static void catch_up(struct vg_ingest_flux *flux)
{
    struct vg_slots *slots = flux->settings.slots;
    (void)pthread_mutex_lock(&flux->lock);
    flux->seen = atomic_load_explicit(&flux->generation, memory_order_relaxed);
    const bool same = config_same(&flux->now, &flux->wish);
    const bool other = strcmp(flux->now.id, flux->wish.id) != 0;
    flux->now = flux->wish;
    flux->leave_now = flux->leave;
    flux->quit_now = flux->quit;
    (void)pthread_mutex_unlock(&flux->lock);
    if (same)
        return;
    vg_slots_assign(slots, flux->settings.place,
                    flux->now.present ? vg_slots_tag(flux->now.id) : 0);
    flux->attempt = 0;
    flux->was_live = false;
    flux->cause = VG_OK;
    flux->losses = (struct vg_log_repeat){0};
    if (!other)
        return;
    vg_timeline_init(&flux->timeline, VG_TIMELINE_LIVE_US);
    flux->last_arrival.us = 0;
}

static void tell_loss(struct vg_ingest_flux *flux, enum vg_status cause)
{
    const uint64_t times = vg_log_repeat_due(&flux->losses, vg_mono_now(), LOG_US);
    if (times)
        vg_log(VG_LOG_WARN,
               "flux %s: its source is lost or not reached (%s), %llu times since the "
               "last such line; trying again",
               flux->now.id, vg_status_name(cause), (unsigned long long)times);
}

static void step(struct vg_ingest_flux *flux)
{
    const uint32_t place = flux->settings.place;
    if (!flux->now.present || !flux->now.active) {
        vg_slots_withdraw(flux->settings.slots, place, VG_FATE_STOPPED);
        set_connection(flux, VG_CONNECTION_OFF, VG_OK);
        rest(flux, REST_US);
        return;
    }
    if (flux->leave_now == VG_INGEST_STOPPED) {
        vg_slots_withdraw(flux->settings.slots, place, VG_FATE_STOPPED);
        set_connection(flux, VG_CONNECTION_STOPPED, VG_OK);
        rest(flux, REST_US);
        return;
    }
    const enum vg_status cause = session(flux);
    if (overtaken(flux)) /* ended by us: no loss; one from before stands until pictures come */
        return;
    flux->cause = cause;
    set_connection(flux, VG_CONNECTION_LOST, flux->cause);
    tell_loss(flux, flux->cause);
    rest(flux, vg_ingest_back_off_us(flux->attempt++, vg_random_unit(&flux->random)));
}

static void *run(void *arg)
{
    struct vg_ingest_flux *flux = arg;
    for (catch_up(flux); !flux->quit_now; catch_up(flux)) {
        step(flux);
        promise(flux, 0);
    }
    vg_slots_withdraw(flux->settings.slots, flux->settings.place, VG_FATE_SHUTDOWN);
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
    vg_timeline_init(&f->timeline, VG_TIMELINE_LIVE_US);
    promise(f, REST_US);
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&f->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&f->thread, NULL, run, f) != 0) {
        (void)pthread_cond_destroy(&f->changed);
        (void)pthread_mutex_destroy(&f->lock);
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
    explicit_bzero(&f->wish, sizeof f->wish);
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
                              enum vg_ingest_leave leave)
{
    (void)pthread_mutex_lock(&flux->lock);
    if (flux->leave != leave || !config_same(&flux->wish, config)) {
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
