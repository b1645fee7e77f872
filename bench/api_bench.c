#include "bench/api_bench.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bench/api_alerts.h"
#include "bench/load_profile.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/store/queue.h"

enum {
    OPEN_S = 120,    /* until the API answers */
    WELL_S = 60,     /* more, until all parts are well; then it is measured all the same */
    ARCHIVE_S = 300, /* until the archive has all */
    PEM_LIMIT = 64 << 10,
    QUEUED_MOST = 1000 /* alerts that wait in the queue while more are sent */
};
#define LOOK_US    (VG_US_PER_S / 10)
#define OLD_STEP_S 60 /* between the alerts that are there */

static const char account[] = "bench";

struct stand {
    const struct vg_api_bench *run;
    struct vg_live_server_settings settings;
    struct vg_live_server *server;
    struct vg_scene *scene;
    struct vg_api_alert alert;
    char scene_text[VG_LOAD_SCENE_SIZE];
    char password[2 * 16 + 1];
    char *ca_pem;
    char cookie[256];
    struct vg_http_settings http;
};

static double seconds_since(struct vg_mono_time start)
{
    return (double)(vg_mono_now().us - start.us) / (double)VG_US_PER_S;
}

static struct vg_mono_time in_s(int64_t seconds)
{
    return (struct vg_mono_time){vg_mono_now().us + seconds * VG_US_PER_S};
}

static void look(const struct stand *s, const char *what, double done_s, double of_s)
{
    if (s->run->look)
        s->run->look(s->run->user, what, done_s < of_s ? done_s : of_s, of_s);
}

/* ---- the server ---- */

static enum vg_status server_open(struct stand *s, struct vg_fault *fault)
{
    uint8_t chance[16];
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, s->scene_text, sizeof s->scene_text);
    vg_load_scene(vg_load_profile_defaults().class[0].events, &out);
    enum vg_status status =
        vg_scene_parse("bench", s->scene_text, strlen(s->scene_text), &s->scene, fault);
    if (status)
        return status;
    vg_random_bytes(chance, sizeof chance);
    for (size_t i = 0; i < sizeof chance; i++)
        (void)snprintf(s->password + 2 * i, 3, "%02x", chance[i]);
    s->settings.flux = s->run->flux;
    s->settings.model = s->run->model;
    s->settings.account = account;
    s->settings.password = s->password;
    for (uint32_t i = 0; i < s->run->flux; i++) /* nobody listens there, and nobody asks */
        s->settings.from[i] = (struct vg_load_flux){.url = "rtsp://127.0.0.1/{}",
                                                    .scene = s->scene_text,
                                                    .rate_fps = 5,
                                                    .wanted_fps = 5,
                                                    .idle = true};
    return vg_live_server_open(&s->server, &s->settings, fault);
}

/* The certificate is made before the port is told. */
static enum vg_status address_take(struct stand *s)
{
    char path[PATH_MAX];
    uint8_t *pem = NULL;
    size_t size;
    if (vg_live_server_port(s->server, &s->http.port))
        return VG_E_STATE;
    (void)snprintf(path, sizeof path, "%s/tls/cert.pem", vg_live_server_folder(s->server));
    if (vg_file_read(path, PEM_LIMIT, &pem, &size, NULL))
        return VG_E_STATE;
    vg_free(s->ca_pem);
    s->ca_pem = (char *)pem;
    s->http.host = "127.0.0.1";
    s->http.ca_pem = s->ca_pem;
    s->http.cookie = s->cookie;
    return VG_OK;
}

/* The code of /health; 0: it does not answer. */
static unsigned health_code(struct stand *s)
{
    struct vg_http_client *client = NULL;
    struct vg_http_answer answer = {.code = 0};
    if (address_take(s) || vg_http_open(&client, &s->http, in_s(10), NULL))
        return 0;
    const enum vg_status status =
        vg_http_call(client, "GET", "/api/v1/health", NULL, in_s(10), &answer);
    vg_http_close(&client);
    return status ? 0 : answer.code;
}

static enum vg_status wait_well(struct stand *s, struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now();
    unsigned code = 0;
    while (code != 200) {
        code = health_code(s);
        if (seconds_since(start) > (code ? WELL_S : OPEN_S))
            break;
        const enum vg_status status = vg_live_server_wait(s->server, LOOK_US, fault);
        if (status)
            return status;
        look(s, N_("starting"), seconds_since(start), OPEN_S);
    }
    if (code)
        return VG_OK;
    return vg_fault_set(fault, VG_E_TIMEOUT, N_("the API takes no connection"), NULL, "%s",
                        vg_live_server_last_word(s->server));
}

static enum vg_status sign_in(struct stand *s, struct vg_api_figures *figures,
                              struct vg_fault *fault)
{
    struct vg_http_client *client = NULL;
    struct vg_http_answer answer = {.code = 0};
    char body[128];
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"password\":\"%s\"}", account,
                   s->password);
    enum vg_status status = vg_http_open(&client, &s->http, in_s(10), fault);
    if (status)
        return status;
    status = vg_http_call(client, "POST", "/api/v1/session", body, in_s(30), &answer);
    if (!status && answer.code == 200)
        vg_http_header(&answer, "Set-Cookie", s->cookie, sizeof s->cookie);
    s->cookie[strcspn(s->cookie, ";")] = '\0';
    (void)snprintf(figures->tls, sizeof figures->tls, "%s", vg_http_tls_version(client));
    vg_http_close(&client);
    if (s->cookie[0])
        return VG_OK;
    return vg_fault_set(fault, VG_E_DENIED, N_("the server lets nobody sign in"), NULL, "%u",
                        answer.code);
}

/* ---- its archive ---- */

static enum vg_status wait_queue(struct stand *s, uint64_t most, struct vg_mono_time until,
                                 struct vg_fault *fault)
{
    for (;;) {
        uint64_t waiting = 0;
        enum vg_status status = vg_queue_length(vg_live_server_redis(s->server), &waiting, fault);
        if (status || waiting <= most)
            return status;
        if (vg_mono_now().us > until.us)
            return vg_fault_set(fault, VG_E_TIMEOUT, N_("the archive does not take the alerts"),
                                NULL, "%s", vg_live_server_last_word(s->server));
        status = vg_live_server_wait(s->server, LOOK_US / 5, fault);
        if (status)
            return status;
    }
}

static enum vg_status queue_one(struct stand *s, uint32_t number, struct vg_wall_time last,
                                struct vg_fault *fault)
{
    const struct vg_wall_time wall = {last.us - (int64_t)(s->run->alerts - number) * OLD_STEP_S *
                                                    VG_US_PER_S};
    enum vg_queue_where where;
    const enum vg_status status =
        vg_api_alert_make(&s->alert, s->scene, VG_API_ALERT_OLD, number, s->run->flux, wall, fault);
    if (status)
        return status;
    const struct vg_queue_message message = {.id = s->alert.id,
                                             .key = s->alert.key,
                                             .node = "bench",
                                             .alert = s->alert.json,
                                             .alert_size = s->alert.size};
    return vg_queue_send(vg_live_server_redis(s->server), &message, &where, fault);
}

static enum vg_status fill_archive(struct stand *s, struct vg_api_figures *figures,
                                   struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now(), until = in_s(ARCHIVE_S);
    const struct vg_wall_time last = vg_wall_now();
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < s->run->alerts && !status; i++) {
        status = queue_one(s, i, last, fault);
        if (!status && i % QUEUED_MOST == QUEUED_MOST - 1) {
            look(s, N_("filling the archive"), seconds_since(start), ARCHIVE_S);
            status = wait_queue(s, QUEUED_MOST, until, fault);
        }
    }
    if (!status)
        status = wait_queue(s, 0, until, fault);
    figures->archive_s = seconds_since(start);
    return status;
}

/* ---- measuring ---- */

static enum vg_status measure(struct stand *s, struct vg_api_figures *figures,
                              struct vg_fault *fault)
{
    const struct vg_api_load load = {.server = s->server,
                                     .http = s->http,
                                     .scene = s->scene,
                                     .clients = s->run->clients,
                                     .flux = s->run->flux,
                                     .alerts = s->run->alerts,
                                     .seconds = s->run->seconds};
    enum vg_status status = VG_OK;
    for (int i = 0; i < VG_API_ROUTES && !status; i++) {
        look(s, N_("measuring"), i * load.seconds, (VG_API_ROUTES + 1) * load.seconds);
        status = vg_api_load_route(&load, (enum vg_api_route)i, &figures->route[i], fault);
    }
    look(s, N_("measuring"), VG_API_ROUTES * load.seconds, (VG_API_ROUTES + 1) * load.seconds);
    if (!status)
        status = vg_api_load_stream(&load, &figures->stream, fault);
    const struct vg_tree_load taken = vg_live_server_api_load(s->server);
    figures->resident_bytes = taken.resident_bytes;
    figures->cpu_s = taken.cpu_s;
    return status;
}

enum vg_status vg_api_bench_run(const struct vg_api_bench *run, struct vg_api_figures *figures,
                                struct vg_fault *fault)
{
    struct stand *s = vg_alloc(sizeof *s);
    memset(figures, 0, sizeof *figures);
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench api");
    s->run = run;
    enum vg_status status = server_open(s, fault);
    if (!status)
        status = wait_well(s, fault);
    if (!status)
        status = sign_in(s, figures, fault);
    if (!status)
        status = fill_archive(s, figures, fault);
    if (!status)
        status = measure(s, figures, fault);
    vg_live_server_close(&s->server);
    vg_scene_close(&s->scene);
    vg_free(s->ca_pem);
    vg_free(s);
    return status;
}
