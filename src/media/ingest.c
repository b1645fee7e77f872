#include "src/media/ingest.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/base/message.h"
#include "src/base/random.h"
#include "src/base/stop.h"
#include "src/media/ingest_config.h"
#include "src/media/ingest_flux.h"
#include "src/media/slots.h"

#define CONFIG_BYTES (1u << 20) /* 64 flux of 2 KB, and much more */
#define WATCH_US     (VG_US_PER_S / 2)
#define ALIVE_US     VG_US_PER_S
#define END_US       (4 * VG_US_PER_S)
#define LOG_US       (60 * VG_US_PER_S)

/* Of the main thread alone. */
struct ingest {
    struct vg_ingest_settings settings;
    struct vg_slots *slots;
    uint32_t flux_max;
    struct vg_ingest_flux *flux[VG_SLOTS_FLUX_MAX];
    struct vg_ingest_config *config; /* NULL before the first one */
    struct vg_stop stop;
    struct vg_random random;
    struct vg_message_reader reader;
    struct vg_log_repeat stop_errors;
    struct vg_mono_time next_watch, next_alive;
    bool over;
};

struct vg_ingest_settings vg_ingest_defaults(void)
{
    return (struct vg_ingest_settings){.control_fd = VG_MESSAGE_CONTROL_FD,
                                       .slots_fd = 4,
                                       .event_fd = 5,
                                       .open_us = 5 * VG_US_PER_S,
                                       .read_us = 5 * VG_US_PER_S / 2,
                                       .seed = 1};
}

/* ---- stop and authorisation ---- */

/* Each flux gets its settings and its leave together, so that no flux ever runs by the leave of
 * the one that had its place before. Who finds nothing changed does not notice. */
static void apply(struct ingest *ingest)
{
    const struct vg_wall_time now = vg_wall_now();
    if (!ingest->config)
        return;
    for (uint32_t i = 0; i < ingest->flux_max; i++) {
        const struct vg_ingest_flux_config *config = &ingest->config->flux[i];
        if (!ingest->flux[i])
            continue;
        const bool may =
            vg_stop_permits(&ingest->stop, &ingest->config->authorisation, config->id, NULL, now);
        vg_ingest_flux_configure(ingest->flux[i], config,
                                 may ? VG_INGEST_MAY_RUN : VG_INGEST_STOPPED);
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

static enum vg_status start_flux(struct ingest *ingest, uint32_t place)
{
    const struct vg_ingest_flux_settings settings = {
        .slots = ingest->slots,
        .place = place,
        .event_fd = ingest->settings.event_fd,
        .open_us = ingest->settings.open_us,
        .read_us = ingest->settings.read_us,
        .seed = (uint64_t)vg_random_u32(&ingest->random) << 32 | place,
    };
    return vg_ingest_flux_open(&ingest->flux[place], &settings);
}

static void take_config(struct ingest *ingest, struct vg_ingest_config *config)
{
    vg_ingest_config_free(&ingest->config);
    ingest->config = config;
    for (uint32_t i = 0; i < ingest->flux_max; i++) {
        if (ingest->flux[i] || !config->flux[i].present)
            continue;
        const enum vg_status status = start_flux(ingest, i);
        if (status)
            vg_log(VG_LOG_ERROR, "flux %s cannot be started: %s", config->flux[i].id,
                   vg_status_name(status));
    }
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
    for (uint32_t i = 0; i < ingest->flux_max; i++)
        if (ingest->flux[i] && !vg_ingest_flux_alive(ingest->flux[i], now)) {
            vg_log(VG_LOG_ERROR, "the thread of flux %s misses its deadline",
                   ingest->config ? ingest->config->flux[i].id : "?");
            alive = false;
        }
    return alive;
}

/* A supervisor that does not read loses it: what is due here, the look at the stop file above all,
 * waits for nobody. */
static enum vg_status say_alive(const struct ingest *ingest)
{
    static const char text[] = "{\"type\":\"alive\",\"note\":null}";
    const enum vg_status status =
        vg_message_try_write(ingest->settings.control_fd, text, sizeof text - 1);
    if (status == VG_E_FULL || status == VG_E_CLOSED) /* closed: the read side tells, and ends us */
        return VG_OK;
    return status;
}

static enum vg_status do_what_is_due(struct ingest *ingest, struct vg_mono_time now)
{
    if (now.us >= ingest->next_watch.us) {
        ingest->next_watch.us = now.us + WATCH_US;
        watch_stop(ingest);
    }
    if (now.us < ingest->next_alive.us)
        return VG_OK;
    ingest->next_alive.us = now.us + ALIVE_US;
    return all_alive(ingest, now) ? say_alive(ingest) : VG_OK;
}

static enum vg_status loop(struct ingest *ingest)
{
    enum vg_status status = VG_OK;
    while (status == VG_OK && !ingest->over) {
        const struct vg_mono_time now = vg_mono_now();
        status = do_what_is_due(ingest, now);
        const int64_t next = ingest->next_watch.us < ingest->next_alive.us ? ingest->next_watch.us
                                                                           : ingest->next_alive.us;
        const int64_t wait_us = next - vg_mono_now().us;
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
    for (uint32_t i = 0; i < ingest->flux_max; i++)
        if (ingest->flux[i])
            vg_ingest_flux_quit(ingest->flux[i]);
    for (uint32_t i = 0; i < ingest->flux_max; i++) {
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
    return VG_OK;
}

enum vg_status vg_ingest_run(const struct vg_ingest_settings *settings)
{
    struct ingest *ingest = vg_alloc(sizeof *ingest);
    if (!ingest)
        return VG_E_MEMORY;
    ingest->settings = *settings;
    ingest->stop.all = true;
    enum vg_status status = begin(ingest);
    if (status == VG_OK)
        status = loop(ingest);
    const enum vg_status ended = end_flux(ingest);
    if (ended) /* a thread still uses all this: leave it to the end of the process */
        return ended;
    vg_free(ingest->reader.buffer);
    vg_ingest_config_free(&ingest->config);
    vg_slots_close(&ingest->slots);
    vg_free(ingest);
    return status;
}
