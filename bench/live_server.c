#include "bench/live_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench_folder.h"
#include "scheduler/analysis.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"
#include "src/store/accounts.h"
#include "src/store/config.h"
#include "src/store/redis_link.h"
#include "src/store/site.h"
#include "src/supervise/lock.h"
#include "src/supervise/spawn.h"

#define STOP_US        (20 * VG_US_PER_S)
#define LOG_TAIL_BYTES 16384
#define OWN_VARIABLES  4
#define DEPTH_MAX      16 /* of folders */

extern char **environ; /* POSIX has it, unistd.h declares it for GNU only */

struct vg_live_server {
    char folder[VG_BENCH_FOLDER_SIZE];
    pid_t pid; /* 0: none, or it has been waited for */
    struct vg_redis_link *link;
    char word[400];
};

/* ---- its configuration ---- */

double vg_live_server_phase(uint32_t number)
{
    return fmod((double)number * 0.6180339887498949, 1);
}

static enum vg_status url_of(const struct vg_load_flux *from, uint32_t number,
                             char url[VG_FLUX_URL_SIZE], struct vg_fault *fault)
{
    const char *mark = from->url ? strstr(from->url, "{}") : NULL;
    char path[PATH_MAX];
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, url, VG_FLUX_URL_SIZE);
    if (mark)
        vg_text_add(&out, "%.*s%u%s", (int)(mark - from->url), from->url, number, mark + 2);
    else if (from->url)
        vg_text_add(&out, "%s", from->url);
    else if (realpath(from->clip, path))
        vg_text_add(&out, "file:%s#t=%.3f", path, vg_live_server_phase(number) * from->clip_s);
    if (out.size > 0)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("the address is too long"), NULL, "%.400s",
                        from->url ? from->url : from->clip);
}

/* What the addresses name is declared as the site's. */
static enum vg_status declare_sources(struct vg_database *database, const char *address,
                                      struct vg_fault *fault)
{
    struct vg_source_url url;
    struct vg_site *site = vg_alloc(sizeof *site);
    enum vg_status status =
        site ? vg_source_url_read(address, strlen(address), &url, fault)
             : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench pipeline");
    if (!status)
        status = vg_site_get(database, site, fault);
    if (!status && vg_source_url_networked(&url)) {
        json_t *object = json_pack("{s:[{s:s}]}", "sources", "host", url.host.text);
        status = vg_site_settings_read(object, &site->settings, fault);
        json_decref(object);
        if (!status)
            status = vg_site_put(database, NULL, site, NULL, VG_VERSION_ANY, fault);
    }
    vg_free(site);
    return status;
}

static enum vg_status put_flux(struct vg_database *database,
                               const struct vg_live_server_settings *settings, uint32_t number,
                               struct vg_fault *fault)
{
    const struct vg_load_flux *from = &settings->from[number];
    struct vg_flux_config flux;
    char id[VG_SERVER_ID_SIZE];
    (void)snprintf(id, sizeof id, "f%u", number);
    vg_flux_defaults(&flux, id);
    flux.rate_fps = from->rate_fps;
    flux.clear_accepted = from->url != NULL;
    flux.active = !from->idle;
    enum vg_status status = url_of(from, number, flux.url, fault);
    if (!status && number == 0)
        status = declare_sources(database, flux.url, fault);
    if (!status)
        status = vg_config_flux_put(database, NULL, &flux, NULL, VG_VERSION_NEW, fault);
    if (!status)
        status = vg_config_scene_put(database, id, from->scene, strlen(from->scene), VG_VERSION_NEW,
                                     NULL, fault);
    return status;
}

static enum vg_status configure(const char *folder, const struct vg_live_server_settings *settings,
                                struct vg_fault *fault)
{
    /* a password of chance that lives as long as the folder is not to be guessed either way */
    const struct vg_argon_cost cheap = {1, 8, 1};
    struct vg_database *database = NULL;
    struct vg_config_site site;
    enum vg_status status = vg_database_open(&database, folder, VG_DATABASE_CREATE, fault);
    if (!status)
        status = vg_database_begin(database, fault); /* one commit for all */
    if (!status)
        status = vg_config_site_get(database, &site, fault);
    if (!status) {
        (void)snprintf(site.model, sizeof site.model, "%s", settings->model);
        status = vg_config_site_put(database, &site, fault);
    }
    for (uint32_t i = 0; i < settings->flux && !status; i++)
        status = put_flux(database, settings, i, fault);
    if (!status)
        status = vg_database_commit(database, fault);
    if (!status && settings->account)
        status = vg_account_create(database, settings->account, VG_ROLE_TECHNICAL,
                                   settings->password, cheap, vg_wall_now(), fault);
    vg_database_close(&database);
    return status;
}

/* ---- its process ---- */

/* Ours with `own` over it; given, one block. */
static const char **environment_with(char own[OWN_VARIABLES][PATH_MAX + 32])
{
    size_t inherited = 0, count = 0;
    while (environ[inherited])
        inherited++;
    const char **list = vg_alloc_array(inherited + OWN_VARIABLES + 1, sizeof *list);
    for (size_t i = 0; list && i < OWN_VARIABLES; i++)
        if (own[i][0])
            list[count++] = own[i];
    const size_t own_count = count;
    for (size_t i = 0; list && i < inherited; i++) {
        const size_t name = strcspn(environ[i], "=") + 1;
        bool replaced = false;
        for (size_t k = 0; k < own_count; k++)
            replaced = replaced || strncmp(environ[i], list[k], name) == 0;
        if (!replaced)
            list[count++] = environ[i];
    }
    return list;
}

static enum vg_status spawn(struct vg_live_server *server,
                            const struct vg_live_server_settings *settings, int log,
                            struct vg_fault *fault)
{
    char own[OWN_VARIABLES][PATH_MAX + 32] = {"", "", "", ""}, models[PATH_MAX] = "";
    const char *argv[] = {"/proc/self/exe", "serve",    "--data",
                          server->folder,   "--listen", "127.0.0.1:0",
                          "--precision",    "auto",     NULL};
    if (settings->precision)
        argv[7] = settings->precision;
    (void)snprintf(own[0], sizeof own[0], "VIGIE_DATA=%s", server->folder);
    /* the models lie in our data folder, not in its */
    if (vg_folder_path(VG_FOLDER_MODELS, models, sizeof models) == VG_OK)
        (void)snprintf(own[1], sizeof own[1], "VIGIE_MODELS=%s", models);
    if (settings->device)
        (void)snprintf(own[2], sizeof own[2], "VIGIE_DEVICE=%s", settings->device);
    (void)snprintf(own[3], sizeof own[3], "%s=%s", VG_RATES_VARIABLE,
                   settings->steady ? "wanted" : "");
    const char **environment = environment_with(own);
    enum vg_status status =
        environment ? vg_spawn(argv, environment, NULL, 0, log, &server->pid) : VG_E_MEMORY;
    vg_free(environment);
    return status ? vg_fault_set(fault, status, N_("the server cannot be started"), NULL, "%s",
                                 "vigie serve")
                  : VG_OK;
}

static enum vg_status start(struct vg_live_server *server,
                            const struct vg_live_server_settings *settings, struct vg_fault *fault)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/server.log", server->folder);
    const int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return vg_fault_set(fault, VG_E_LACK, N_("the data folder cannot be used"), NULL, "%s: %s",
                            path, strerror(errno));
    const enum vg_status status = spawn(server, settings, log, fault);
    (void)close(log);
    (void)snprintf(path, sizeof path, "%s/%s", server->folder, VG_REDIS_SOCKET);
    const struct vg_redis_settings redis = vg_redis_defaults(path);
    return status ? status : vg_redis_open(&server->link, &redis, fault);
}

static sigset_t our_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    return set;
}

void vg_live_server_hold_signals(void)
{
    const sigset_t set = our_signals();
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

enum vg_status vg_live_server_open(struct vg_live_server **server,
                                   const struct vg_live_server_settings *settings,
                                   struct vg_fault *fault)
{
    struct vg_live_server *s = vg_alloc(sizeof *s);
    *server = s;
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench pipeline");
    enum vg_status status = vg_bench_folder_make(s->folder, fault);
    if (!status)
        status = configure(s->folder, settings, fault);
    if (!status)
        status = start(s, settings, fault);
    if (status)
        vg_live_server_close(server);
    return status;
}

int vg_live_server_next_signal(int64_t us)
{
    const sigset_t set = our_signals();
    const struct timespec most = {.tv_sec = (time_t)(us / VG_US_PER_S),
                                  .tv_nsec = (long)(us % VG_US_PER_S) * 1000};
    const int number = sigtimedwait(&set, NULL, &most);
    return number > 0 ? number : 0;
}

/* Whether it is over; it is waited for then. */
static bool has_ended(struct vg_live_server *server)
{
    if (server->pid > 0 && waitpid(server->pid, NULL, WNOHANG) == server->pid)
        server->pid = 0;
    return server->pid == 0;
}

static void stop(struct vg_live_server *server)
{
    const int64_t until_us = vg_mono_now().us + STOP_US;
    (void)kill(server->pid, SIGTERM);
    while (!has_ended(server)) {
        const int64_t left_us = until_us - vg_mono_now().us;
        const int number = left_us > 0 ? vg_live_server_next_signal(left_us) : SIGTERM;
        if (number == SIGCHLD || number == 0)
            continue;
        (void)kill(server->pid, SIGKILL); /* its children end with it */
        (void)waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

void vg_live_server_close(struct vg_live_server **server)
{
    struct vg_live_server *s = *server;
    if (!s)
        return;
    vg_redis_close(&s->link);
    if (s->pid > 0)
        stop(s);
    vg_bench_folder_remove(s->folder);
    vg_free(s);
    *server = NULL;
}

/* ---- what it tells ---- */

enum vg_status vg_live_server_wait(struct vg_live_server *server, int64_t us,
                                   struct vg_fault *fault)
{
    const int64_t until_us = vg_mono_now().us + us;
    for (;;) {
        const int64_t left_us = until_us - vg_mono_now().us;
        if (left_us <= 0)
            return VG_OK;
        const int number = vg_live_server_next_signal(left_us);
        if (number != 0 && number != SIGCHLD)
            return vg_fault_set(fault, VG_E_INTERRUPTED, vg_status_text(VG_E_INTERRUPTED), NULL,
                                "%s", "bench pipeline");
        if (has_ended(server))
            return vg_fault_set(fault, VG_E_DEVICE, N_("the server ended while it was measured"),
                                NULL, "%s", vg_live_server_last_word(server));
    }
}

enum vg_status vg_live_server_rest(int64_t us, struct vg_fault *fault)
{
    const int64_t until_us = vg_mono_now().us + us;
    for (int64_t left_us = us; left_us > 0; left_us = until_us - vg_mono_now().us) {
        const int number = vg_live_server_next_signal(left_us);
        if (number != 0 && number != SIGCHLD)
            return vg_fault_set(fault, VG_E_INTERRUPTED, vg_status_text(VG_E_INTERRUPTED), NULL,
                                "%s", "bench");
    }
    return VG_OK;
}

enum vg_status vg_live_server_counts(struct vg_live_server *server, struct vg_server_counts *counts,
                                     struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    const struct vg_redis_arg get[] = {vg_redis_text("GET"),
                                       vg_redis_text("vigie:metrics:analysis")};
    enum vg_status status = vg_redis_command(server->link, get, 2, &reply, NULL);
    if (status || reply->type != REDIS_REPLY_STRING)
        status = VG_E_STATE;
    else
        status = vg_server_counts_read(counts, reply->str, reply->len, fault);
    vg_redis_reply_free(&reply);
    return status;
}

struct vg_tree_load vg_live_server_load(const struct vg_live_server *server)
{
    return vg_process_tree_load(server->pid);
}

struct vg_board_watch *vg_live_server_boards(const struct vg_live_server *server)
{
    return vg_board_watch_begin(server->pid, "/proc", NULL);
}

static double bytes_in(int parent, const char *name, int depth)
{
    struct stat about;
    double sum = 0;
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        return 0;
    }
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(dir), e->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        sum += S_ISDIR(about.st_mode) ? bytes_in(dirfd(dir), e->d_name, depth + 1)
                                      : (double)about.st_blocks * 512;
    }
    (void)closedir(dir);
    return sum;
}

double vg_live_server_disk_bytes(const struct vg_live_server *server)
{
    return bytes_in(AT_FDCWD, server->folder, 0);
}

const char *vg_live_server_folder(const struct vg_live_server *server)
{
    return server->folder;
}

struct vg_tree_load vg_live_server_api_load(const struct vg_live_server *server)
{
    const pid_t api = vg_process_tree_child(server->pid, "api");
    return api > 0 ? vg_process_tree_load(api) : (struct vg_tree_load){0};
}

struct vg_redis_link *vg_live_server_redis(struct vg_live_server *server)
{
    return server->link;
}

/* As the lock says it: "127.0.0.1:41234". */
enum vg_status vg_live_server_port(const struct vg_live_server *server, uint16_t *port)
{
    char path[PATH_MAX];
    uint8_t *text = NULL;
    size_t size = 0;
    unsigned number = 0;
    (void)snprintf(path, sizeof path, "%s/" VG_LOCK_FILE, server->folder);
    if (vg_file_read(path, 4096, &text, &size, NULL))
        return VG_E_STATE;
    const char *listen = strstr((char *)text, "\"listen\":\"127.0.0.1:");
    const bool found = listen && sscanf(listen, "\"listen\":\"127.0.0.1:%5u\"", &number) == 1 &&
                       number > 0 && number <= UINT16_MAX;
    *port = (uint16_t)number;
    vg_free(text);
    return found ? VG_OK : VG_E_STATE;
}

/* The line without its end, cut at the room. */
static void keep_word(struct vg_live_server *server, const char *line)
{
    size_t n = strcspn(line, "\n");
    n = n < sizeof server->word ? n : sizeof server->word - 1;
    memcpy(server->word, line, n);
    server->word[n] = '\0';
}

const char *vg_live_server_last_word(struct vg_live_server *server)
{
    char path[PATH_MAX], text[LOG_TAIL_BYTES];
    server->word[0] = '\0';
    (void)snprintf(path, sizeof path, "%s/server.log", server->folder);
    FILE *file = fopen(path, "re");
    if (file && fseek(file, -(long)sizeof text, SEEK_END) != 0)
        rewind(file);
    while (file && fgets(text, sizeof text, file))
        if (strstr(text, " error ") || strncmp(text, "vigie: ", 7) == 0)
            keep_word(server, text);
    if (file)
        (void)fclose(file);
    return server->word;
}

/* The supervisor's line (src/supervise/children.c); not translated, as all of the log. */
enum vg_status vg_live_server_refuses(struct vg_live_server *server, struct vg_fault *fault)
{
    const char *word = vg_live_server_last_word(server);
    if (!strstr(word, "analysis ended: it refused "))
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("the server's analysis refuses to work"),
                        N_("repair what it names, or choose another model or precision"), "%s",
                        word);
}
