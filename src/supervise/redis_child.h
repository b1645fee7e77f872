/* The private Redis: its configuration file, its child, and whether it answers.
 *
 * No TCP port; one socket in the data folder that only this user may open; every write on disk
 * before it is answered; when its memory is full it refuses instead of forgetting. */
#ifndef VG_SUPERVISE_REDIS_CHILD_H
#define VG_SUPERVISE_REDIS_CHILD_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/store/redis_link.h"

#define VG_REDIS_FOLDER    "redis" /* in the data folder */
#define VG_REDIS_TEXT_SIZE 512

struct event_base;

/* Where everything of the private Redis is. */
struct vg_redis_place {
    char program[VG_REDIS_TEXT_SIZE];
    char config[VG_REDIS_TEXT_SIZE];
    char log[VG_REDIS_TEXT_SIZE]; /* what it writes by itself */
    char socket[VG_REDIS_PATH_MAX];
};

/* Finds redis-server, makes DATA/redis and writes redis.conf in it. data: an absolute path.
 * VG_E_LACK: no redis-server, disk full; VG_E_INPUT: the path is too long for a socket; VG_E_IO. */
enum vg_status vg_redis_prepare(const char *data, struct vg_redis_place *place,
                                struct vg_fault *fault) VG_MUST_USE;

/* The text of redis.conf for the folder and socket given, into text. VG_E_INPUT when a path
 * holds a control character; VG_E_FULL. Pure. */
enum vg_status vg_redis_config(const char *folder, const char *socket, char *text,
                               size_t size) VG_MUST_USE;

/* The socket's path out of "unix:PATH" of --redis. VG_E_CALL: another kind of URL, a path that
 * is not absolute; VG_E_INPUT: too long. Pure. */
enum vg_status vg_redis_url(const char *url, char socket[VG_REDIS_PATH_MAX],
                            struct vg_fault *fault) VG_MUST_USE;

enum vg_redis_answer {
    VG_REDIS_NOTHING, /* no connection, or no answer within a second */
    VG_REDIS_BUSY,    /* it lives but does not serve yet: loading, or an error */
    VG_REDIS_PONG
};

/* Who is told; embedded in its owner. */
struct vg_redis_watch_listener {
    void (*answered)(struct vg_redis_watch_listener *listener, enum vg_redis_answer answer);
};

struct vg_redis_watch;

/* Sends PING on the socket every second (five times a second until the first PONG and after a
 * loss), each on a connection of its own, and reports each answer. listener: borrowed until
 * close. Thread of the base. VG_E_INPUT (path too long), VG_E_MEMORY. */
enum vg_status vg_redis_watch_open(struct vg_redis_watch **watch, struct event_base *base,
                                   const char *socket,
                                   struct vg_redis_watch_listener *listener) VG_MUST_USE;
void vg_redis_watch_close(struct vg_redis_watch **watch);

#endif
