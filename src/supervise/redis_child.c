/* Redis's configuration file, and PING by hand: one line out, one line in. */
#include "src/supervise/redis_child.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/supervise/spawn.h"

enum {
    EVERY_US = 1000000,
    SOON_US = 200000,
    PATIENCE_US = 1000000
};

/* ---- configuration ---- */

/* Appends `path` as redis.conf's quoted string; false when it does not fit or cannot be said. */
static bool add_quoted(char *text, size_t size, size_t *used, const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f || *used + 3 >= size)
            return false;
        if (c == '"' || c == '\\')
            text[(*used)++] = '\\';
        text[(*used)++] = *p;
    }
    text[*used] = '\0';
    return true;
}

enum vg_status vg_redis_config(const char *folder, const char *socket, char *text, size_t size)
{
    char quoted[2][2 * VG_REDIS_TEXT_SIZE];
    const char *const paths[2] = {folder, socket};
    for (int i = 0; i < 2; i++) {
        size_t used = 0;
        if (!add_quoted(quoted[i], sizeof quoted[i], &used, paths[i]))
            return VG_E_INPUT;
    }
    int written = snprintf(text, size,
                           "# Written at each start of the server: changes here are lost.\n"
                           "port 0\n"
                           "unixsocket \"%s\"\n"
                           "unixsocketperm 700\n"
                           "dir \"%s\"\n"
                           "daemonize no\n"
                           "supervised no\n"
                           "databases 1\n"
                           "loglevel warning\n"
                           "logfile \"\"\n"
                           "save \"\"\n"
                           "appendonly yes\n"
                           "appendfsync always\n"
                           "aof-load-truncated yes\n"
                           "aof-use-rdb-preamble yes\n"
                           "auto-aof-rewrite-percentage 100\n"
                           "auto-aof-rewrite-min-size 64mb\n"
                           "no-appendfsync-on-rewrite no\n"
                           "maxmemory 512mb\n"
                           "maxmemory-policy noeviction\n"
                           "stream-node-max-bytes 4096\n"
                           "lua-time-limit 500\n",
                           quoted[1], quoted[0]);
    return written < 0 || (size_t)written >= size ? VG_E_FULL : VG_OK;
}

static enum vg_status too_long(const char *path, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INPUT, N_("this path is too long for a Redis socket"),
                        N_("choose a data folder with a shorter path"), "%s", path);
}

enum vg_status vg_redis_prepare(const char *data, struct vg_redis_place *place,
                                struct vg_fault *fault)
{
    char folder[VG_REDIS_TEXT_SIZE], text[8 * VG_REDIS_TEXT_SIZE];
    if (vg_path_join(folder, sizeof folder, data, VG_REDIS_FOLDER) != VG_OK ||
        vg_path_join(place->socket, sizeof place->socket, folder, "redis.sock") != VG_OK ||
        vg_path_join(place->config, sizeof place->config, folder, "redis.conf") != VG_OK ||
        vg_path_join(place->log, sizeof place->log, folder, "redis.log") != VG_OK)
        return too_long(data, fault);
    if (vg_program_find("redis-server", place->program, sizeof place->program) != VG_OK)
        return vg_fault_set(fault, VG_E_LACK, N_("the program redis-server is missing"),
                            N_("install the package redis-server, or name a running Redis by "
                               "--redis unix:PATH"),
                            "redis-server");
    enum vg_status status = vg_folder_make(folder, fault);
    if (status != VG_OK)
        return status;
    if (vg_redis_config(folder, place->socket, text, sizeof text) != VG_OK)
        return vg_fault_set(fault, VG_E_INPUT, N_("the data folder's path cannot be used"),
                            N_("choose a path without control characters"), "%s", data);
    return vg_file_write(place->config, text, strlen(text), 0600, VG_FILE_PLAIN, fault);
}

enum vg_status vg_redis_url(const char *url, char socket[VG_REDIS_PATH_MAX], struct vg_fault *fault)
{
    static const char scheme[] = "unix:";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return vg_fault_set(fault, VG_E_CALL, N_("this is not the address of a local Redis"),
                            N_("write --redis unix:/path/of/redis.sock"), "--redis");
    const char *path = url + sizeof scheme - 1;
    if (strncmp(path, "//", 2) == 0)
        path += 2;
    if (path[0] != '/')
        return vg_fault_set(fault, VG_E_CALL, N_("the path of the Redis socket is not absolute"),
                            N_("write --redis unix:/path/of/redis.sock"), "%s", path);
    if (strlen(path) >= VG_REDIS_PATH_MAX)
        return too_long(path, fault);
    (void)snprintf(socket, VG_REDIS_PATH_MAX, "%s", path);
    return VG_OK;
}

/* ---- watch ---- */

struct vg_redis_watch {
    struct vg_redis_watch_listener *listener;
    struct event_base *base;
    struct event *timer, *readable;
    struct sockaddr_un address;
    int fd; /* of the PING under way, -1: none */
    bool well;
    char line[16];
    size_t have;
};

static void hang_up(struct vg_redis_watch *watch)
{
    if (watch->readable != NULL)
        event_free(watch->readable);
    if (watch->fd >= 0)
        (void)close(watch->fd);
    watch->readable = NULL;
    watch->fd = -1;
}

static void report(struct vg_redis_watch *watch, enum vg_redis_answer answer)
{
    hang_up(watch);
    watch->well = answer == VG_REDIS_PONG;
    struct timeval wait = {.tv_sec = watch->well ? EVERY_US / 1000000 : 0,
                           .tv_usec = watch->well ? 0 : SOON_US};
    (void)event_add(watch->timer, &wait);
    watch->listener->answered(watch->listener, answer);
}

static void on_answer(evutil_socket_t fd, short what, void *user)
{
    struct vg_redis_watch *watch = user;
    if ((what & EV_TIMEOUT) != 0) {
        report(watch, VG_REDIS_NOTHING);
        return;
    }
    ssize_t got =
        recv(fd, watch->line + watch->have, sizeof watch->line - watch->have, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        report(watch, VG_REDIS_NOTHING);
        return;
    }
    watch->have += (size_t)got;
    static const char pong[] = "+PONG\r\n";
    if (watch->have >= sizeof pong - 1 && memcmp(watch->line, pong, sizeof pong - 1) == 0)
        report(watch, VG_REDIS_PONG);
    else if (watch->have >= sizeof pong - 1) /* "-LOADING ...", "-NOAUTH ..." */
        report(watch, watch->line[0] == '-' ? VG_REDIS_BUSY : VG_REDIS_NOTHING);
}

static void ask(struct vg_redis_watch *watch)
{
    static const char ping[] = "PING\r\n";
    struct timeval patience = {.tv_sec = PATIENCE_US / 1000000};
    watch->have = 0;
    watch->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (watch->fd >= 0)
        watch->readable = event_new(watch->base, watch->fd, EV_READ | EV_PERSIST, on_answer, watch);
    if (watch->readable == NULL ||
        connect(watch->fd, (const struct sockaddr *)&watch->address, sizeof watch->address) != 0 ||
        send(watch->fd, ping, sizeof ping - 1, MSG_NOSIGNAL) != (ssize_t)sizeof ping - 1 ||
        event_add(watch->readable, &patience) != 0)
        report(watch, VG_REDIS_NOTHING);
}

static void on_time(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    ask(user);
}

enum vg_status vg_redis_watch_open(struct vg_redis_watch **watch, struct event_base *base,
                                   const char *path, struct vg_redis_watch_listener *listener)
{
    *watch = NULL;
    if (strlen(path) >= VG_REDIS_PATH_MAX)
        return VG_E_INPUT;
    struct vg_redis_watch *w = vg_alloc(sizeof *w);
    if (w == NULL)
        return VG_E_MEMORY;
    w->listener = listener;
    w->base = base;
    w->fd = -1;
    w->address.sun_family = AF_UNIX;
    memcpy(w->address.sun_path, path, strlen(path));
    w->timer = evtimer_new(base, on_time, w);
    struct timeval soon = {.tv_usec = SOON_US / 4};
    if (w->timer == NULL || event_add(w->timer, &soon) != 0) {
        vg_redis_watch_close(&w);
        return VG_E_MEMORY;
    }
    *watch = w;
    return VG_OK;
}

void vg_redis_watch_close(struct vg_redis_watch **watch)
{
    struct vg_redis_watch *w = *watch;
    *watch = NULL;
    if (w == NULL)
        return;
    hang_up(w);
    if (w->timer != NULL)
        event_free(w->timer);
    vg_free(w);
}
