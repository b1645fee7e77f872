/* A connection to the private Redis by its unix socket (hiredis 0.14), every wait bounded.
 *
 * It dials when it must. A command whose answer did not come may have been run or not: the
 * caller sends the same command again, with the same id, later; all commands of this project
 * are made so that this is harmless. One link per thread. */
#ifndef VG_STORE_REDIS_LINK_H
#define VG_STORE_REDIS_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_REDIS_PATH_MAX 104  /* bytes of a socket's path with its end: the kernel's bound */
#define VG_REDIS_ARGS_MAX 2048 /* of one command */
#define VG_REDIS_SOCKET   "redis/redis.sock" /* in the data folder */

struct redisReply; /* hiredis */
struct vg_redis_link;

struct vg_redis_settings {
    const char *path; /* of the socket; copied */
    int dial_ms;      /* 500 */
    int answer_ms;    /* 2000; a blocking read must ask for less */
};
struct vg_redis_settings vg_redis_defaults(const char *path);

/* Does not dial yet. VG_E_INPUT: the path is too long for a socket. */
enum vg_status vg_redis_open(struct vg_redis_link **link, const struct vg_redis_settings *settings,
                             struct vg_fault *fault) VG_MUST_USE;
void vg_redis_close(struct vg_redis_link **link);

/* One argument, any bytes. */
struct vg_redis_arg {
    const void *data;
    size_t size;
};
struct vg_redis_arg vg_redis_text(const char *text); /* borrowed */

/* Sends a command and waits for its answer. *reply given; vg_redis_reply_free it.
 * VG_E_CLOSED    no connection, or it broke, or the server is not ready (loading, busy, its
 *                disk is full): the same command again later
 * VG_E_FULL      the server's memory is full: later
 * VG_E_INPUT     the server refused the command: place has its words
 * VG_E_CALL      no argument, or more than VG_REDIS_ARGS_MAX
 * VG_E_MEMORY */
enum vg_status vg_redis_command(struct vg_redis_link *link, const struct vg_redis_arg *args,
                                size_t count, struct redisReply **reply,
                                struct vg_fault *fault) VG_MUST_USE;
void vg_redis_reply_free(struct redisReply **reply);

/* PING: whether the server answers now. */
enum vg_status vg_redis_ping(struct vg_redis_link *link, struct vg_fault *fault) VG_MUST_USE;

/* Dropped now; the next command dials again. */
void vg_redis_drop(struct vg_redis_link *link);

#endif
