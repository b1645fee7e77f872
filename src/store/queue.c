/* The queue's scripts and the reading of their answers. Each script may be run twice with the
 * same arguments and has the effect of once. */
#include "src/store/queue.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "src/base/mono_stamp.h"
#include "src/base/text.h"

#define SENT_TTL     "86400"   /* seconds a sent id is remembered while it is in the stream */
#define ARCHIVED_TTL "2592000" /* seconds after which a node that never came back is forgotten */
#define KEY_SIZE     128

/* KEYS stream, sent:ID, archived:NODE   ARGV id, key, node, alert, picture, ttl, arrival
 * -> 2 archived already, 1 in the stream. */
static const char send_script[] =
    "if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 then return 2 end "
    "local n = redis.call('GET', KEYS[2]) "
    "if n and #redis.call('XRANGE', KEYS[1], n, n) == 1 then return 1 end "
    "n = redis.call('XADD', KEYS[1], '*', 'alert', ARGV[4], 'picture', ARGV[5], 'id', ARGV[1], "
    "'key', ARGV[2], 'node', ARGV[3], 'arrival', ARGV[7]) "
    "redis.call('SET', KEYS[2], n, 'EX', ARGV[6]) "
    "return 1";

/* KEYS stream, archived:NODE   ARGV ids -> for each 0 unknown, 1 in the stream, 2 archived. */
static const char ask_script[] =
    "local w = {} "
    "for i, id in ipairs(ARGV) do "
    "  w[i] = 0 "
    "  if redis.call('SISMEMBER', KEYS[2], id) == 1 then w[i] = 2 else "
    "    local n = redis.call('GET', 'vigie:sent:' .. id) "
    "    if n and #redis.call('XRANGE', KEYS[1], n, n) == 1 then w[i] = 1 end "
    "  end "
    "end "
    "return w";

/* KEYS stream, archived   ARGV group, ttl, then number, id, node of each entry.
 * Acknowledged, deleted and noted as one: a reader killed in between would leave entries that
 * nobody owns. */
static const char done_script[] =
    "for i = 3, #ARGV, 3 do "
    "  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i]) "
    "  redis.call('XDEL', KEYS[1], ARGV[i]) "
    "  local id, node = ARGV[i + 1], ARGV[i + 2] "
    "  if id ~= '' then "
    "    redis.call('DEL', 'vigie:sent:' .. id) "
    "    local last = redis.call('HGET', KEYS[2], node) "
    "    if not last or last < id then redis.call('HSET', KEYS[2], node, id) end "
    "    redis.call('SADD', KEYS[2] .. ':' .. node, id) "
    "    redis.call('EXPIRE', KEYS[2] .. ':' .. node, ARGV[2]) "
    "  end "
    "end "
    "return 1";

static enum vg_status odd_answer(struct vg_fault *fault, const char *what)
{
    return vg_fault_set(fault, VG_E_INPUT, N_("Redis gave an answer that was not expected"), NULL,
                        "%s", what);
}

static void archived_key(char key[KEY_SIZE], const char *node)
{
    (void)snprintf(key, KEY_SIZE, "vigie:archived:%.63s", node);
}

enum vg_status vg_queue_send(struct vg_redis_link *link, const struct vg_queue_message *message,
                             enum vg_queue_where *where, struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    char sent[KEY_SIZE], archived[KEY_SIZE], arrival[VG_MONO_STAMP_SIZE];
    const struct vg_boot_mark boot = vg_boot_mark_read(VG_BOOT_FILE);
    (void)snprintf(sent, sizeof sent, "vigie:sent:%.63s", message->id);
    vg_mono_stamp(message->arrival, &boot, arrival);
    archived_key(archived, message->node);
    const struct vg_redis_arg args[] = {
        vg_redis_text("EVAL"),
        vg_redis_text(send_script),
        vg_redis_text("3"),
        vg_redis_text(VG_QUEUE_STREAM),
        vg_redis_text(sent),
        vg_redis_text(archived),
        vg_redis_text(message->id),
        vg_redis_text(message->key),
        vg_redis_text(message->node),
        {message->alert, message->alert_size},
        {message->picture, message->picture_size},
        vg_redis_text(SENT_TTL),
        vg_redis_text(arrival),
    };
    enum vg_status status = vg_redis_command(link, args, sizeof args / sizeof *args, &reply, fault);
    if (status == VG_OK && reply->type != REDIS_REPLY_INTEGER)
        status = odd_answer(fault, "send");
    if (status == VG_OK)
        *where = reply->integer == 2 ? VG_QUEUE_ARCHIVED : VG_QUEUE_QUEUED;
    vg_redis_reply_free(&reply);
    return status;
}

enum vg_status vg_queue_ask(struct vg_redis_link *link, const char *node, const char *const *ids,
                            size_t count, enum vg_queue_where *where, struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    char archived[KEY_SIZE];
    struct vg_redis_arg args[5 + VG_QUEUE_BATCH_MAX];
    if (count > VG_QUEUE_BATCH_MAX)
        return VG_E_CALL;
    archived_key(archived, node);
    args[0] = vg_redis_text("EVAL");
    args[1] = vg_redis_text(ask_script);
    args[2] = vg_redis_text("2");
    args[3] = vg_redis_text(VG_QUEUE_STREAM);
    args[4] = vg_redis_text(archived);
    for (size_t i = 0; i < count; i++)
        args[5 + i] = vg_redis_text(ids[i]);
    enum vg_status status = vg_redis_command(link, args, 5 + count, &reply, fault);
    if (status == VG_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements != count))
        status = odd_answer(fault, "ask");
    for (size_t i = 0; status == VG_OK && i < count; i++) {
        const long long n = reply->element[i]->integer;
        where[i] = n == 2 ? VG_QUEUE_ARCHIVED : n == 1 ? VG_QUEUE_QUEUED : VG_QUEUE_UNKNOWN;
    }
    vg_redis_reply_free(&reply);
    return status;
}

enum vg_status vg_queue_forget(struct vg_redis_link *link, const char *node, const char *const *ids,
                               size_t count, struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    char archived[KEY_SIZE];
    struct vg_redis_arg args[2 + VG_QUEUE_BATCH_MAX];
    if (count == 0)
        return VG_OK;
    if (count > VG_QUEUE_BATCH_MAX)
        return VG_E_CALL;
    archived_key(archived, node);
    args[0] = vg_redis_text("SREM");
    args[1] = vg_redis_text(archived);
    for (size_t i = 0; i < count; i++)
        args[2 + i] = vg_redis_text(ids[i]);
    const enum vg_status status = vg_redis_command(link, args, 2 + count, &reply, fault);
    vg_redis_reply_free(&reply);
    return status;
}

static void read_field(struct vg_queue_entry *entry, const struct vg_boot_mark *boot,
                       const redisReply *name, const redisReply *value)
{
    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
        return;
    if (strcmp(name->str, "alert") == 0) {
        entry->alert = value->str;
        entry->alert_size = value->len;
    } else if (strcmp(name->str, "picture") == 0 && value->len > 0) {
        entry->picture = (const uint8_t *)value->str;
        entry->picture_size = value->len;
    } else if (strcmp(name->str, "id") == 0) {
        entry->id = value->str;
    } else if (strcmp(name->str, "node") == 0) {
        entry->node = value->str;
    } else if (strcmp(name->str, "arrival") == 0) {
        entry->arrival = vg_mono_stamp_read(value->str, boot);
    }
}

/* [[number, [name, value, ...]], ...] */
static void read_entries(const redisReply *list, struct vg_queue_page *page)
{
    const struct vg_boot_mark boot = vg_boot_mark_read(VG_BOOT_FILE);
    if (!list || list->type != REDIS_REPLY_ARRAY)
        return;
    for (size_t i = 0; i < list->elements && page->count < VG_QUEUE_BATCH_MAX; i++) {
        const redisReply *one = list->element[i];
        if (one->type != REDIS_REPLY_ARRAY || one->elements != 2 ||
            one->element[0]->type != REDIS_REPLY_STRING)
            continue;
        struct vg_queue_entry *entry = &page->entry[page->count++];
        *entry = (struct vg_queue_entry){
            .number = one->element[0]->str, .id = "", .node = "", .alert = ""};
        const redisReply *fields = one->element[1];
        if (fields->type != REDIS_REPLY_ARRAY)
            continue;
        for (size_t k = 0; k + 1 < fields->elements; k += 2)
            read_field(entry, &boot, fields->element[k], fields->element[k + 1]);
    }
}

static enum vg_status make_group(struct vg_redis_link *link, struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    const struct vg_redis_arg args[] = {
        vg_redis_text("XGROUP"),       vg_redis_text("CREATE"), vg_redis_text(VG_QUEUE_STREAM),
        vg_redis_text(VG_QUEUE_GROUP), vg_redis_text("0"),      vg_redis_text("MKSTREAM"),
    };
    enum vg_status status = vg_redis_command(link, args, sizeof args / sizeof *args, &reply, fault);
    vg_redis_reply_free(&reply);
    return status == VG_E_INPUT ? VG_OK : status; /* BUSYGROUP: another made it meanwhile */
}

static enum vg_status take_once(struct vg_redis_link *link, const struct vg_queue_reader *reader,
                                enum vg_queue_read what, struct vg_queue_page *page,
                                struct vg_fault *fault)
{
    char most[16], block[16], idle[16];
    (void)snprintf(most, sizeof most, "%u",
                   reader->most && reader->most <= VG_QUEUE_BATCH_MAX ? reader->most
                                                                      : VG_QUEUE_BATCH_MAX);
    (void)snprintf(block, sizeof block, "%d", reader->block_ms > 0 ? reader->block_ms : 1);
    (void)snprintf(idle, sizeof idle, "%d", reader->idle_ms);
    const struct vg_redis_arg fresh[] = {
        vg_redis_text("XREADGROUP"),     vg_redis_text("GROUP"), vg_redis_text(VG_QUEUE_GROUP),
        vg_redis_text(reader->consumer), vg_redis_text("COUNT"), vg_redis_text(most),
        vg_redis_text("BLOCK"),          vg_redis_text(block),   vg_redis_text("STREAMS"),
        vg_redis_text(VG_QUEUE_STREAM),  vg_redis_text(">"),
    };
    const struct vg_redis_arg left[] = {
        vg_redis_text("XAUTOCLAIM"),   vg_redis_text(VG_QUEUE_STREAM),
        vg_redis_text(VG_QUEUE_GROUP), vg_redis_text(reader->consumer),
        vg_redis_text(idle),           vg_redis_text("0-0"),
        vg_redis_text("COUNT"),        vg_redis_text(most),
    };
    const enum vg_status status =
        what == VG_QUEUE_NEW
            ? vg_redis_command(link, fresh, sizeof fresh / sizeof *fresh, &page->reply, fault)
            : vg_redis_command(link, left, sizeof left / sizeof *left, &page->reply, fault);
    if (status != VG_OK || page->reply->type != REDIS_REPLY_ARRAY)
        return status; /* nil: nothing came */
    const redisReply *list = NULL;
    if (what == VG_QUEUE_LEFT) /* [next, entries, deleted ids] */
        list = page->reply->elements >= 2 ? page->reply->element[1] : NULL;
    else if (page->reply->elements >= 1 && page->reply->element[0]->elements == 2)
        list = page->reply->element[0]->element[1]; /* [[stream, entries]] */
    read_entries(list, page);
    return VG_OK;
}

enum vg_status vg_queue_take(struct vg_redis_link *link, const struct vg_queue_reader *reader,
                             enum vg_queue_read what, struct vg_queue_page *page,
                             struct vg_fault *fault)
{
    struct vg_fault refusal = {.status = VG_OK};
    page->reply = NULL;
    page->count = 0;
    enum vg_status status = take_once(link, reader, what, page, &refusal);
    if (status == VG_E_INPUT && strstr(refusal.place, "NOGROUP")) {
        status = make_group(link, &refusal);
        if (status == VG_OK)
            status = take_once(link, reader, what, page, &refusal);
    }
    if (status != VG_OK && fault)
        *fault = refusal;
    return status;
}

void vg_queue_page_free(struct vg_queue_page *page)
{
    vg_redis_reply_free(&page->reply);
    page->count = 0;
}

enum vg_status vg_queue_done(struct vg_redis_link *link, const struct vg_queue_page *page,
                             struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    struct vg_redis_arg args[7 + 3 * VG_QUEUE_BATCH_MAX];
    size_t n = 0;
    if (page->count == 0)
        return VG_OK;
    args[n++] = vg_redis_text("EVAL");
    args[n++] = vg_redis_text(done_script);
    args[n++] = vg_redis_text("2");
    args[n++] = vg_redis_text(VG_QUEUE_STREAM);
    args[n++] = vg_redis_text("vigie:archived");
    args[n++] = vg_redis_text(VG_QUEUE_GROUP);
    args[n++] = vg_redis_text(ARCHIVED_TTL);
    for (size_t i = 0; i < page->count; i++) {
        args[n++] = vg_redis_text(page->entry[i].number);
        args[n++] = vg_redis_text(page->entry[i].id);
        args[n++] = vg_redis_text(page->entry[i].node);
    }
    const enum vg_status status = vg_redis_command(link, args, n, &reply, fault);
    vg_redis_reply_free(&reply);
    return status;
}

enum vg_status vg_queue_length(struct vg_redis_link *link, uint64_t *entries,
                               struct vg_fault *fault)
{
    struct redisReply *reply = NULL;
    const struct vg_redis_arg args[] = {vg_redis_text("XLEN"), vg_redis_text(VG_QUEUE_STREAM)};
    enum vg_status status = vg_redis_command(link, args, 2, &reply, fault);
    if (status == VG_OK && (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0))
        status = odd_answer(fault, "XLEN");
    if (status == VG_OK)
        *entries = (uint64_t)reply->integer;
    vg_redis_reply_free(&reply);
    return status;
}
