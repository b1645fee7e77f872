/* A Redis of a test's own: its folder, its socket, every write on disk. Found in PATH; a test
 * that wants one is skipped (77) where there is none. */
#ifndef VG_TESTS_PRIVATE_REDIS_H
#define VG_TESTS_PRIVATE_REDIS_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/store/redis_link.h"

#define PRIVATE_REDIS_DEADLINE_US (20 * VG_US_PER_S)

struct private_redis {
    char folder[80], socket[VG_REDIS_PATH_MAX];
    pid_t pid; /* 0: not running */
};

static inline bool private_redis_there(void)
{
    static const char *const paths[] = {"/usr/bin/redis-server", "/usr/local/bin/redis-server"};
    return access(paths[0], X_OK) == 0 || access(paths[1], X_OK) == 0;
}

/* folder: there already. */
static inline void private_redis_place(struct private_redis *redis, const char *folder)
{
    redis->pid = 0;
    (void)snprintf(redis->folder, sizeof redis->folder, "%.79s", folder);
    if (vg_path_join(redis->socket, sizeof redis->socket, folder, "redis.sock") != VG_OK)
        abort();
}

/* Starts it; does not wait until it answers. memory: "0" without a bound. */
static inline void private_redis_start(struct private_redis *redis, const char *memory)
{
    const pid_t parent = getpid();
    redis->pid = fork();
    if (redis->pid != 0)
        return;
    const int null = open("/dev/null", O_RDWR);
    (void)dup2(null, 0);
    (void)dup2(null, 1);
    (void)dup2(null, 2);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it never outlives its test */
    if (getppid() != parent)
        _exit(1);
    (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis->socket,
                 "--unixsocketperm", "700", "--dir", redis->folder, "--save", "", "--appendonly",
                 "yes", "--appendfsync", "always", "--maxmemory", memory, "--maxmemory-policy",
                 "noeviction", "--databases", "1", (char *)NULL);
    _exit(127);
}

/* Waits until it answers; false after the deadline. */
static inline bool private_redis_wait(const struct private_redis *redis)
{
    const struct vg_redis_settings settings = vg_redis_defaults(redis->socket);
    struct vg_redis_link *link = NULL;
    bool well = false;
    if (vg_redis_open(&link, &settings, NULL) != VG_OK)
        return false;
    const int64_t deadline = vg_mono_now().us + PRIVATE_REDIS_DEADLINE_US;
    while (!well && vg_mono_now().us < deadline) {
        well = vg_redis_ping(link, NULL) == VG_OK;
        if (!well)
            vg_pause_us(10000);
    }
    vg_redis_close(&link);
    return well;
}

static inline void private_redis_stop(struct private_redis *redis)
{
    if (redis->pid <= 0)
        return;
    (void)kill(redis->pid, SIGKILL);
    (void)waitpid(redis->pid, NULL, 0);
    redis->pid = 0;
}

#endif
