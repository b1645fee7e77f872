#include "src/media/ingest.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/base/clock.h"
#include "src/base/cores.h"
#include "src/base/log.h"
#include "src/base/message.h"
#include "src/base/random.h"
#include "src/base/stop.h"
#include "src/base/thread_look.h"
#include "src/media/decode_watch.h"
#include "src/media/ingest_budget.h"
#include "src/media/ingest_config.h"
#include "src/media/ingest_flux.h"
#include "src/media/ingest_heap.h"
#include "src/media/media_desk.h"
#include "src/media/slots.h"

#define CONFIG_BYTES (1u << 20) /* 64 flux of 12 KB with their certificates, the site's 200 KB */
#define WATCH_US     (VG_US_PER_S / 4)
#define ALIVE_US     VG_US_PER_S
#define CORES_US     (10 * VG_US_PER_S)
#define END_US       (4 * VG_US_PER_S)
#define LOG_US       (60 * VG_US_PER_S)
#define THREADS      (2 * VG_SLOTS_FLUX_MAX)

/* Of the main thread alone. */
struct ingest {
    struct vg_ingest_settings settings;
    struct vg_slots *slots;
    uint32_t flux_max;
    /* by place; then, VG_SLOTS_FLUX_MAX further on, those that receive its stream for evidence */
    struct vg_ingest_flux *flux[THREADS];
    struct vg_packet_ring *ring[THREADS]; /* each has one writer: its thread */
    struct vg_jpeg_post *post[VG_SLOTS_FLUX_MAX];
    struct vg_ingest_config *config; /* NULL before the first one */
    struct vg_ingest_site *site;     /* of it */
    struct vg_decode_devices *devices;
    struct vg_stagger *stagger;
    struct vg_media_desk *desk; /* NULL: nobody asks */
    struct vg_cores_place cores_place;
    struct vg_cores cores; /* as they were at next_cores' last time */
    struct vg_ingest_budget budget;
    struct vg_decode_watch drivers;
    struct vg_beats beats; /* of the threads that are no flux */
    struct vg_stop stop;
    struct vg_random random;
    struct vg_message_reader reader;
    struct vg_log_repeat stop_errors;
    struct vg_mono_time next_watch, next_alive, next_tidy, next_cores;
    bool over;
};

struct vg_ingest_settings vg_ingest_defaults(void)
{
    return (struct vg_ingest_settings){.control_fd = VG_MESSAGE_CONTROL_FD,
                                       .slots_fd = 4,
                                       .event_fd = 5,
                                       .media_fd = 6,
                                       .open_us = 5 * VG_US_PER_S,
                                       .read_us = 5 * VG_US_PER_S / 2,
                                       .seed = 1};
}

/* ---- stop and authorisation ---- */

/* Whether what this thread keeps may be shown as the flux's: a thread that has not yet come to a
 * stop, or to another flux in its place, still keeps what was before. */
static bool may_show(const struct vg_ingest_flux *flux, uint64_t tag, enum vg_ingest_leave leave)
{
    const uint64_t kept = flux ? vg_ingest_flux_keeps(flux) : 0;
    return kept == 0 || (kept == tag && leave == VG_INGEST_MAY_RUN);
}

static void tell_desk(struct ingest *ingest, uint32_t place, enum vg_ingest_leave leave)
{
    const struct vg_ingest_flux_config *config = &ingest->config->flux[place];
    const uint32_t thread = config->evidence_url[0] ? VG_SLOTS_FLUX_MAX + place : place;
    const uint64_t tag = vg_slots_tag(config->id);
    struct vg_packet_ring *ring = ingest->ring[thread]; /* NULL: its thread could not be started */
    if (!ingest->desk)
        return;
    const bool shown = config->present && ring && may_show(ingest->flux[place], tag, leave) &&
                       may_show(ingest->flux[VG_SLOTS_FLUX_MAX + place], tag, leave);
    vg_media_desk_set_flux(ingest->desk, place, shown ? config->id : NULL, ring,
                           ingest->post[place]);
}

/* Each flux gets its settings and its leave together, so that no flux ever runs by the leave of
 * the one that had its place before. Who finds nothing changed does not notice. */
static void apply(struct ingest *ingest)
{
    const struct vg_wall_time now = vg_wall_now();
    for (uint32_t i = 0; ingest->config && i < ingest->flux_max; i++) {
        const struct vg_ingest_flux_config *config = &ingest->config->flux[i];
        const bool may =
            vg_stop_permits(&ingest->stop, &ingest->config->authorisation, config->id, NULL, now);
        const enum vg_ingest_leave leave = may ? VG_INGEST_MAY_RUN : VG_INGEST_STOPPED;
        for (uint32_t thread = i; thread < THREADS; thread += VG_SLOTS_FLUX_MAX)
            if (ingest->flux[thread])
                vg_ingest_flux_configure(ingest->flux[thread], config, ingest->site, leave);
        tell_desk(ingest, i, leave);
    }
}

static void watch_stop(struct ingest *ingest)
{
    struct vg_fault fault = {.place = ""};
    /* a file that cannot be read has stopped all: said, once per minute */
    if (vg_stop_read(ingest->settings.data, &ingest->stop, &fault) &&
        vg_log_repeat_due(&ingest->stop_errors, vg_mono_now(), LOG_US))
        vg_log(VG_LOG_ERROR, "the stop file cannot be read, every flux is stopped: %s",
               fault.place);
    apply(ingest);
}

/* ---- the supervisor's messages ---- */

static enum vg_status start_flux(struct ingest *ingest, uint32_t place,
                                 enum vg_ingest_purpose purpose)
{
    enum vg_status status = VG_OK;
    const uint32_t thread = purpose == VG_INGEST_ANALYSIS ? place : VG_SLOTS_FLUX_MAX + place;
    const struct vg_packet_ring_settings ring = vg_packet_ring_defaults();
    if (!ingest->ring[thread])
        status = vg_packet_ring_open(&ingest->ring[thread], &ring);
    if (!status && !ingest->post[place])
        status = vg_jpeg_post_open(&ingest->post[place]);
    if (status)
        return status;
    const struct vg_ingest_flux_settings settings = {
        .purpose = purpose,
        .slots = ingest->slots,
        .place = place,
        .event_fd = ingest->settings.event_fd,
        .data = ingest->settings.data,
        .open_us = ingest->settings.open_us,
        .read_us = ingest->settings.read_us,
        .seed = (uint64_t)vg_random_u32(&ingest->random) << 32 | place,
        .devices = ingest->devices,
        .ring = ingest->ring[thread],
        .post = purpose == VG_INGEST_ANALYSIS ? ingest->post[place] : NULL,
        .stagger = ingest->stagger,
    };
    return vg_ingest_flux_open(&ingest->flux[thread], &settings);
}

static void start_what_is_new(struct ingest *ingest, uint32_t place)
{
    const struct vg_ingest_flux_config *flux = &ingest->config->flux[place];
    enum vg_status status = VG_OK;
    if (flux->present && !ingest->flux[place])
        status = start_flux(ingest, place, VG_INGEST_ANALYSIS);
    if (!status && flux->present && flux->evidence_url[0] &&
        !ingest->flux[VG_SLOTS_FLUX_MAX + place])
        status = start_flux(ingest, place, VG_INGEST_EVIDENCE);
    if (status)
        vg_log(VG_LOG_ERROR, "flux %s cannot be started: %s", flux->id, vg_status_name(status));
}

static bool devices_same(const struct vg_site_settings *a, const struct vg_site_settings *b)
{
    return a->decode_device_count == b->decode_device_count &&
           memcmp(a->decode_device, b->decode_device, sizeof a->decode_device) == 0;
}

/* The devices are those of the first configuration: another choice wants another process. */
static enum vg_status open_devices(struct ingest *ingest)
{
    const struct vg_site_settings *site = &ingest->config->site.settings;
    const char *names[VG_SITE_DEVICES_MAX];
    struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    if (ingest->devices)
        return VG_OK;
    for (uint32_t i = 0; i < site->decode_device_count; i++)
        names[i] = site->decode_device[i];
    if (site->decode_device_count) {
        settings.names = names;
        settings.count = site->decode_device_count;
    }
    settings.opening = VG_DECODE_OPEN_BESIDE;
    const enum vg_status status = vg_decode_devices_open(&ingest->devices, &settings);
    if (status == VG_OK)
        vg_decode_devices_warm(ingest->devices, vg_mono_now());
    return status;
}

/* The flux keep the site that they know while it says the same. */
static enum vg_status renew_site(struct ingest *ingest)
{
    const struct vg_ingest_site_settings *settings = &ingest->config->site;
    if (ingest->site && vg_ingest_site_says(ingest->site, settings))
        return VG_OK;
    vg_ingest_site_unref(&ingest->site);
    return vg_ingest_site_open(&ingest->site, settings);
}

static void take_config(struct ingest *ingest, struct vg_ingest_config *config)
{
    if (ingest->config && !devices_same(&ingest->config->site.settings, &config->site.settings)) {
        vg_log(VG_LOG_INFO, "other decoding devices were chosen: ingest begins anew with them");
        ingest->over = true;
    }
    vg_ingest_config_free(&ingest->config);
    ingest->config = config;
    if (renew_site(ingest) || open_devices(ingest))
        vg_log(VG_LOG_ERROR, "there is no memory for the site's settings or its devices");
    for (uint32_t i = 0; i < ingest->flux_max; i++)
        start_what_is_new(ingest, i);
    watch_stop(ingest);
}

static void take_message(struct ingest *ingest, const char *text, size_t size)
{
    const char *type = NULL;
    struct vg_fault fault = {.place = ""};
    struct vg_ingest_config *config = NULL;
    json_t *message = vg_message_parse(text, size, &type);
    if (message && strcmp(type, "quit") == 0)
        ingest->over = true;
    else if (message && strcmp(type, "config") == 0 &&
             vg_ingest_config_read(message, ingest->flux_max, &config, &fault) == VG_OK)
        take_config(ingest, config);
    else /* the former configuration stands */
        vg_log(VG_LOG_ERROR, "a message of the supervisor is refused: %s", fault.place);
    json_decref(message);
}

static enum vg_status take_messages(struct ingest *ingest)
{
    for (;;) {
        const char *text = NULL;
        size_t size = 0;
        const enum vg_status status =
            vg_message_take(&ingest->reader, ingest->settings.control_fd, &text, &size);
        if (status == VG_E_END)
            return VG_OK;
        if (status == VG_E_CLOSED) {
            ingest->over = true;
            return VG_OK;
        }
        if (status)
            return status;
        take_message(ingest, text, size);
        /* it may hold passwords */
        explicit_bzero(ingest->reader.buffer, size);
    }
}

/* ---- signs of life ---- */

static bool all_alive(const struct ingest *ingest, struct vg_mono_time now)
{
    bool alive = true;
    for (uint32_t i = 0; i < THREADS; i++)
        if (ingest->flux[i] && !vg_ingest_flux_alive(ingest->flux[i], now)) {
            vg_log(VG_LOG_ERROR, "the thread of flux %s misses its deadline",
                   ingest->config ? ingest->config->flux[i % VG_SLOTS_FLUX_MAX].id : "?");
            alive = false;
        }
    return alive;
}

/* A supervisor that does not read loses it: what is due here, the look at the stop file above all,
 * waits for nobody. */
static enum vg_status say_alive(const struct ingest *ingest, enum vg_beats_found found)
{
    const char *note = vg_beats_note(found);
    char text[256] = "{\"type\":\"alive\",\"note\":null}";
    if (note)
        (void)snprintf(text, sizeof text, "{\"type\":\"alive\",\"note\":\"%s\"}", note);
    const enum vg_status status =
        vg_message_try_write(ingest->settings.control_fd, text, strlen(text));
    if (status == VG_E_FULL || status == VG_E_CLOSED) /* closed: the read side tells, and ends us */
        return VG_OK;
    return status;
}

/* ---- decoders ---- */

/* What each flux knows is left for the next process, which will not climb so high at once. */
static enum vg_status watch_drivers(struct ingest *ingest, struct vg_mono_time now)
{
    struct vg_ladder_call calls[VG_SLOTS_FLUX_MAX] = {{.due = {0}}};
    for (uint32_t i = 0; i < ingest->flux_max; i++)
        if (ingest->flux[i])
            calls[i] = vg_ingest_session_call(vg_ingest_flux_session(ingest->flux[i]));
    const size_t held =
        vg_decode_watch_look(&ingest->drivers, calls, ingest->flux_max, now, vg_thread_can_run);
    if (held == ingest->flux_max)
        return VG_OK;
    for (uint32_t i = 0; i < ingest->flux_max; i++)
        if (ingest->flux[i])
            vg_ingest_session_leave_hung(vg_ingest_flux_session(ingest->flux[i]), now);
    vg_log(VG_LOG_ERROR, "flux %s: the decoder's driver does not come back; ingest ends for it",
           ingest->config->flux[held].id);
    return VG_E_TIMEOUT;
}

static double cores_of(const struct ingest *ingest)
{
    const double told = ingest->config->site.settings.decode_cores;
    const double usable = vg_cores_usable_milli(&ingest->cores) / 1000.0;
    return (told > 0 ? told : usable) * ingest->config->share;
}

static void share_cores(struct ingest *ingest, struct vg_mono_time now)
{
    struct vg_ingest_load loads[VG_SLOTS_FLUX_MAX];
    size_t count = 0;
    if (now.us >= ingest->next_cores.us) { /* a container's quota may change any time */
        ingest->next_cores.us = now.us + CORES_US;
        vg_cores_read(&ingest->cores_place, &ingest->cores);
    }
    for (uint32_t i = 0; ingest->config && i < ingest->flux_max; i++) {
        struct vg_slots_state state;
        if (!ingest->flux[i])
            continue;
        vg_slots_state(ingest->slots, i, &state);
        struct vg_ingest_load *load = &loads[count++];
        *load = (struct vg_ingest_load){
            .place = i,
            .tag = state.tag,
            .priority = ingest->config->flux[i].priority,
            .width = state.width,
            .height = state.height,
            .fps_milli = (uint32_t)state.figure[VG_FIGURE_INPUT_RATE],
            .key_interval = (uint32_t)state.figure[VG_FIGURE_KEY_INTERVAL],
        };
        vg_ingest_session_ladder(vg_ingest_flux_session(ingest->flux[i]), &load->ladder);
    }
    if (!count || !vg_ingest_budget_share(&ingest->budget, cores_of(ingest), loads, count, now))
        return;
    for (size_t i = 0; i < count; i++)
        vg_ingest_session_allow(vg_ingest_flux_session(ingest->flux[loads[i].place]),
                                loads[i].given);
}

static enum vg_status do_what_is_due(struct ingest *ingest, struct vg_mono_time now)
{
    if (now.us >= ingest->next_watch.us) {
        ingest->next_watch.us = now.us + WATCH_US;
        watch_stop(ingest);
        share_cores(ingest, now);
        vg_ingest_heap_tidy(&ingest->next_tidy, now);
    }
    if (now.us >= ingest->drivers.next.us) {
        const enum vg_status status = watch_drivers(ingest, now);
        if (status)
            return status;
    }
    if (now.us < ingest->next_alive.us)
        return VG_OK;
    ingest->next_alive.us = now.us + ALIVE_US;
    const enum vg_beats_found found = vg_beats_look(&ingest->beats, now);
    return all_alive(ingest, now) && found != VG_BEATS_END ? say_alive(ingest, found) : VG_OK;
}

static int64_t next_due_us(const struct ingest *ingest)
{
    const int64_t due[] = {ingest->next_watch.us, ingest->next_alive.us, ingest->drivers.next.us};
    int64_t next = due[0];
    for (size_t i = 1; i < sizeof due / sizeof *due; i++)
        next = due[i] < next ? due[i] : next;
    return next;
}

static enum vg_status loop(struct ingest *ingest)
{
    enum vg_status status = VG_OK;
    while (status == VG_OK && !ingest->over) {
        const struct vg_mono_time now = vg_mono_now();
        status = do_what_is_due(ingest, now);
        const int64_t wait_us = next_due_us(ingest) - vg_mono_now().us;
        struct pollfd control = {.fd = ingest->settings.control_fd, .events = POLLIN};
        const int ready = poll(&control, 1, wait_us > 0 ? (int)((wait_us + 999) / 1000) : 0);
        if (ready < 0 && errno != EINTR)
            status = VG_E_IO;
        if (status == VG_OK && ready > 0)
            status = take_messages(ingest);
    }
    return status;
}

/* ---- begin and end ---- */

/* Asks all, then waits for all, within one bound. */
static enum vg_status end_flux(struct ingest *ingest)
{
    const int64_t until = vg_mono_now().us + END_US;
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < THREADS; i++)
        if (ingest->flux[i])
            vg_ingest_flux_quit(ingest->flux[i]);
    for (uint32_t i = 0; i < THREADS; i++) {
        if (!ingest->flux[i])
            continue;
        while (!vg_ingest_flux_ended(ingest->flux[i]) && vg_mono_now().us < until)
            vg_pause_us(2000);
        if (vg_ingest_flux_ended(ingest->flux[i]))
            vg_ingest_flux_close(&ingest->flux[i]);
        else
            status = VG_E_TIMEOUT;
    }
    return status;
}

static enum vg_status begin(struct ingest *ingest)
{
    struct vg_fault fault;
    enum vg_status status = vg_slots_open(&ingest->slots, ingest->settings.slots_fd, &fault);
    if (status)
        return status;
    ingest->flux_max = vg_slots_geometry(ingest->slots).flux_max;
    const uint64_t lost = vg_slots_recover_writer(ingest->slots);
    if (lost)
        vg_log(VG_LOG_WARN, "%llu pictures were in hand when the last ingest ended",
               (unsigned long long)lost);
    char *buffer = vg_alloc(CONFIG_BYTES);
    if (!buffer)
        return VG_E_MEMORY;
    vg_message_reader_init(&ingest->reader, buffer, CONFIG_BYTES);
    vg_random_seed(&ingest->random, ingest->settings.seed);
    vg_cores_find(&ingest->cores_place, "");
    vg_ingest_budget_init(&ingest->budget);
    return vg_stagger_open(&ingest->stagger);
}

/* Without it there are no clips and no live pictures; the analysis goes on. */
static void open_desk(struct ingest *ingest)
{
    struct vg_media_desk_settings settings = vg_media_desk_defaults();
    if (ingest->settings.media_fd < 0)
        return;
    settings.fd = ingest->settings.media_fd;
    if (vg_media_desk_open(&ingest->desk, &settings))
        vg_log(VG_LOG_ERROR, "clips and live pictures cannot be given");
    else
        (void)!vg_beats_add(&ingest->beats, vg_media_desk_beat(ingest->desk)); /* the only one */
}

enum vg_status vg_ingest_run(const struct vg_ingest_settings *settings)
{
    struct ingest *ingest = vg_alloc(sizeof *ingest);
    if (!ingest)
        return VG_E_MEMORY;
    ingest->settings = *settings;
    ingest->stop.all = true;
    vg_beats_init(&ingest->beats);
    enum vg_status status = begin(ingest);
    if (status == VG_OK) {
        open_desk(ingest);
        status = loop(ingest);
    }
    if (status == VG_E_TIMEOUT) /* a thread is in a driver and will not come back */
        return status;
    const enum vg_status ended = end_flux(ingest);
    if (ended) /* a thread still uses all this: leave it to the end of the process */
        return ended;
    if (ingest->reader.buffer) /* a message may have come in part */
        explicit_bzero(ingest->reader.buffer, CONFIG_BYTES);
    vg_free(ingest->reader.buffer);
    vg_media_desk_close(&ingest->desk);
    vg_beats_clear(&ingest->beats);
    for (uint32_t i = 0; i < THREADS; i++)
        vg_packet_ring_close(&ingest->ring[i]);
    for (uint32_t i = 0; i < VG_SLOTS_FLUX_MAX; i++)
        vg_jpeg_post_close(&ingest->post[i]);
    vg_decode_devices_close(&ingest->devices);
    vg_stagger_close(&ingest->stagger);
    vg_ingest_site_unref(&ingest->site);
    vg_ingest_config_free(&ingest->config);
    vg_slots_close(&ingest->slots);
    vg_free(ingest);
    return status;
}
