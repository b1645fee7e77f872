/* hiredis in its blocking form, each wait bounded; a broken context is freed and dialled anew by
 * the next command. */
#include "src/store/redis_link.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

struct vg_redis_link {
    redisContext *context; /* NULL: not connected */
    int dial_ms, answer_ms;
    char path[VG_REDIS_PATH_MAX];
    const char *argv[VG_REDIS_ARGS_MAX];
    size_t lengths[VG_REDIS_ARGS_MAX];
};

struct vg_redis_settings vg_redis_defaults(const char *path)
{
    return (struct vg_redis_settings){.path = path, .dial_ms = 500, .answer_ms = 2000};
}

struct vg_redis_arg vg_redis_text(const char *text)
{
    return (struct vg_redis_arg){.data = text, .size = strlen(text)};
}

enum vg_status vg_redis_open(struct vg_redis_link **link, const struct vg_redis_settings *settings,
                             struct vg_fault *fault)
{
    *link = NULL;
    if (strlen(settings->path) >= VG_REDIS_PATH_MAX)
        return vg_fault_set(fault, VG_E_INPUT, N_("the path of the Redis socket is too long"),
                            N_("choose a data folder with a shorter path"), "%s", settings->path);
    struct vg_redis_link *opened = vg_alloc(sizeof *opened);
    if (!opened)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", settings->path);
    opened->dial_ms = settings->dial_ms;
    opened->answer_ms = settings->answer_ms;
    (void)snprintf(opened->path, sizeof opened->path, "%s", settings->path);
    *link = opened;
    return VG_OK;
}

void vg_redis_drop(struct vg_redis_link *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
}

void vg_redis_close(struct vg_redis_link **link)
{
    if (!*link)
        return;
    vg_redis_drop(*link);
    vg_free(*link);
    *link = NULL;
}

void vg_redis_reply_free(struct redisReply **reply)
{
    if (*reply)
        freeReplyObject(*reply);
    *reply = NULL;
}

static struct timeval in_ms(int ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static enum vg_status away(const struct vg_redis_link *link, const char *words,
                           struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_CLOSED, N_("Redis does not answer"),
                        N_("alerts wait in the spool until it does"), "%s: %s", link->path, words);
}

static enum vg_status dial(struct vg_redis_link *link, struct vg_fault *fault)
{
    redisContext *context = redisConnectUnixWithTimeout(link->path, in_ms(link->dial_ms));
    if (!context)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", link->path);
    if (context->err || redisSetTimeout(context, in_ms(link->answer_ms)) != REDIS_OK) {
        const enum vg_status status = away(link, context->errstr, fault);
        redisFree(context);
        return status;
    }
    link->context = context;
    return VG_OK;
}

/* What the server's refusal means for the caller, by the word it begins with. */
static enum vg_status read_error(const struct vg_redis_link *link, const char *words,
                                 struct vg_fault *fault)
{
    static const char *const later[] = {"LOADING", "MISCONF", "BUSY ", "MASTERDOWN", "READONLY"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strncmp(words, later[i], strlen(later[i])) == 0)
            return away(link, words, fault);
    if (strncmp(words, "OOM", 3) == 0)
        return vg_fault_set(fault, VG_E_FULL, N_("the memory of Redis is full"),
                            N_("alerts wait in the spool until the archive has taken some"), "%s",
                            link->path);
    return vg_fault_set(fault, VG_E_INPUT, N_("Redis refused a command"), NULL, "%s: %.200s",
                        link->path, words);
}

enum vg_status vg_redis_command(struct vg_redis_link *link, const struct vg_redis_arg *args,
                                size_t count, struct redisReply **reply, struct vg_fault *fault)
{
    *reply = NULL;
    if (count == 0 || count > VG_REDIS_ARGS_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("a command has too many arguments"), NULL, "%zu",
                            count);
    if (!link->context) {
        const enum vg_status status = dial(link, fault);
        if (status != VG_OK)
            return status;
    }
    for (size_t i = 0; i < count; i++) {
        link->argv[i] = args[i].data ? args[i].data : "";
        link->lengths[i] = args[i].data ? args[i].size : 0;
    }
    redisReply *got = redisCommandArgv(link->context, (int)count, link->argv, link->lengths);
    if (!got) { /* run or not: nobody knows; the context is dead */
        const enum vg_status status = away(link, link->context->errstr, fault);
        vg_redis_drop(link);
        return status;
    }
    if (got->type == REDIS_REPLY_ERROR) {
        const enum vg_status status = read_error(link, got->str, fault);
        freeReplyObject(got);
        return status;
    }
    *reply = got;
    return VG_OK;
}

enum vg_status vg_redis_ping(struct vg_redis_link *link, struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    const struct vg_redis_arg args[] = {vg_redis_text("PING")};
    const enum vg_status status = vg_redis_command(link, args, 1, &reply, fault);
    vg_redis_reply_free(&reply);
    return status;
}
