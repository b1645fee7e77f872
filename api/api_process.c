/* One event loop: the server and the control socket. Everything slow is in lanes. */
#include "api/api_process.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>

#include "api/https_server.h"
#include "api/reception.h"
#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/message.h"
#include "src/base/text.h"
#include "src/store/database.h"
#include "src/store/secret.h"

enum {
    CONTROL_BUFFER_BYTES = 1 << 20,
    GOODBYE_TURNS = 20
};

struct api {
    const struct vg_api_settings *settings;
    struct event_base *base;
    struct vg_reception *reception;
    struct vg_https *https;
    struct event *heard, *second;
    struct vg_message_reader reader;
    char *buffer; /* of reader */
};

/* ---- the supervisor ------------------------------------------------------------------------- */

/* Takes `message`. A supervisor that does not read is dead: the loop ends. */
static void say(struct api *api, json_t *message)
{
    if (api->settings->control_fd >= 0 && message &&
        vg_message_write_json(api->settings->control_fd, message) && api->base)
        (void)event_base_loopbreak(api->base);
    json_decref(message);
}

static void obey(struct api *api, const char *type, const json_t *message)
{
    if (strcmp(type, "quit") == 0)
        (void)event_base_loopbreak(api->base);
    else if (strcmp(type, "health") == 0)
        vg_reception_hear(api->reception, message);
}

static void on_heard(evutil_socket_t fd, short what, void *argument)
{
    (void)what;
    struct api *api = argument;
    for (;;) {
        const char *text = NULL, *type = NULL;
        size_t size = 0;
        const enum vg_status status = vg_message_take(&api->reader, fd, &text, &size);
        if (status == VG_E_END)
            return;
        if (status) { /* closed, or nothing after it can be trusted */
            (void)event_base_loopbreak(api->base);
            return;
        }
        json_t *message = vg_message_parse(text, size, &type);
        if (message)
            obey(api, type, message);
        json_decref(message);
    }
}

static void on_second(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct api *api = argument;
    if (!vg_reception_in_time(api->reception, vg_mono_now()))
        return; /* no sign of life: the supervisor starts another one */
    say(api, json_pack("{s:s,s:s?}", "type", "alive", "note", vg_reception_note(api->reception)));
}

/* ---- life ----------------------------------------------------------------------------------- */

/* The database and the key, made at the first start. */
static enum vg_status prepare_stores(const char *data, struct vg_fault *fault)
{
    struct vg_database *database = NULL;
    enum vg_status status = vg_database_open(&database, data, VG_DATABASE_CREATE, fault);
    vg_database_close(&database);
    if (status)
        return status;
    status = vg_secret_make(data, fault);
    return status == VG_E_EXISTS ? VG_OK : status;
}

static enum vg_status open_control(struct api *api, struct vg_fault *fault)
{
    const struct timeval every = {1, 0};
    const int fd = api->settings->control_fd;
    if (fd < 0)
        return VG_OK;
    api->buffer = vg_alloc(CONTROL_BUFFER_BYTES);
    api->heard = event_new(api->base, fd, EV_READ | EV_PERSIST, on_heard, api);
    api->second = event_new(api->base, -1, EV_PERSIST, on_second, api);
    if (!api->buffer || !api->heard || !api->second || event_add(api->heard, NULL) ||
        event_add(api->second, &every))
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "control");
    vg_message_reader_init(&api->reader, api->buffer, CONTROL_BUFFER_BYTES);
    return VG_OK;
}

static enum vg_status open_all(struct api *api, struct vg_fault *fault)
{
    const struct vg_api_settings *settings = api->settings;
    const struct vg_reception_settings reception = {
        .data = settings->data,
        .redis_socket = settings->redis_socket,
        .consumer = settings->consumer ? settings->consumer : "api",
        .media_fds = settings->media_fds,
        .media_count = settings->media_count};
    struct vg_https_settings https;
    vg_https_defaults(&https);
    https.address = settings->address;
    https.port = settings->port;
    https.data = settings->data;

    enum vg_status status = prepare_stores(settings->data, fault);
    if (status)
        return status;
    api->base = event_base_new();
    if (!api->base)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "api");
    status = vg_reception_open(&api->reception, api->base, &reception, fault);
    if (!status)
        status =
            vg_https_open(&api->https, api->base, &https, vg_reception_take, api->reception, fault);
    if (!status)
        status = open_control(api, fault);
    if (!status)
        vg_reception_set_server(api->reception, api->https);
    return status;
}

static void close_all(struct api *api)
{
    if (api->heard)
        event_free(api->heard);
    if (api->second)
        event_free(api->second);
    if (api->reception)
        vg_reception_drain(api->reception);
    /* the last answers leave */
    for (int turn = 0; api->base && turn < GOODBYE_TURNS; turn++)
        (void)event_base_loop(api->base, EVLOOP_NONBLOCK);
    if (api->reception)
        vg_reception_set_server(api->reception, NULL);
    vg_https_close(&api->https);
    vg_reception_close(&api->reception);
    if (api->base)
        event_base_free(api->base);
    vg_free(api->buffer);
}

enum vg_status vg_api_run(const struct vg_api_settings *settings)
{
    struct api api = {.settings = settings};
    struct vg_fault fault = {0};
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes by write(2) */
    enum vg_status status = open_all(&api, &fault);
    if (!status) {
        const unsigned port = vg_https_port(api.https);
        vg_log(VG_LOG_INFO, "listening on %s:%u", settings->address, port);
        say(&api, json_pack("{s:s,s:i}", "type", "listening", "port", (int)port));
        on_second(-1, 0, &api);
        if (event_base_dispatch(api.base) < 0)
            status = vg_fault_set(&fault, VG_E_IO, N_("the event loop failed"), NULL, "api");
    }
    if (status) {
        vg_fault_print(&fault);
        if (settings->control_fd >= 0)
            say(&api, json_pack("{s:s,s:s?,s:s?,s:s}", "type", "fault", "what", fault.what,
                                "remedy", fault.remedy, "place", fault.place));
    }
    close_all(&api);
    return status;
}
