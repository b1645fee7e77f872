/* What the other processes have put into Redis as vigie:metrics:PART, and the archive's counts. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "api/metrics_text.h"
#include "src/store/archive.h"

enum {
    SCANS_MAX = 64,
    COUNTS_MAX = 64
};

static void add_part(struct vg_desk *desk, struct vg_metrics *metrics, const redisReply *key)
{
    struct redisReply *value = NULL;
    const struct vg_redis_arg command[] = {vg_redis_text("GET"), {key->str, key->len}};
    if (vg_redis_command(desk->link, command, 2, &value, NULL) == VG_OK &&
        value->type == REDIS_REPLY_STRING)
        vg_metrics_add(metrics, value->str, value->len);
    vg_redis_reply_free(&value);
}

/* Whether Redis gave all its keys. */
static bool add_parts(struct vg_desk *desk, struct vg_metrics *metrics)
{
    char cursor[32] = "0";
    for (int scan = 0; scan < SCANS_MAX; scan++) {
        struct redisReply *page = NULL;
        const struct vg_redis_arg command[] = {
            vg_redis_text("SCAN"),  vg_redis_text(cursor),
            vg_redis_text("MATCH"), vg_redis_text("vigie:metrics:*"),
            vg_redis_text("COUNT"), vg_redis_text("1000")};
        if (vg_redis_command(desk->link, command, 6, &page, NULL))
            return false;
        const bool sound = page->type == REDIS_REPLY_ARRAY && page->elements == 2 &&
                           page->element[0]->type == REDIS_REPLY_STRING;
        const redisReply *keys = sound ? page->element[1] : NULL;
        for (size_t i = 0; keys && i < keys->elements; i++)
            if (keys->element[i]->type == REDIS_REPLY_STRING)
                add_part(desk, metrics, keys->element[i]);
        (void)snprintf(cursor, sizeof cursor, "%s", sound ? page->element[0]->str : "0");
        vg_redis_reply_free(&page);
        if (strcmp(cursor, "0") == 0)
            return sound;
    }
    return false;
}

static void add_alerts(struct vg_desk *desk, struct vg_metrics *metrics)
{
    struct vg_archive_count counts[COUNTS_MAX];
    size_t count = 0;
    if (vg_desk_database(desk, NULL) ||
        vg_archive_counts(desk->database, counts, COUNTS_MAX, &count, NULL))
        return;
    vg_metrics_line(metrics, "# HELP vigie_alerts_total Alerts in the archive.");
    vg_metrics_line(metrics, "# TYPE vigie_alerts_total counter");
    for (size_t i = 0; i < count; i++)
        vg_metrics_line(metrics, "vigie_alerts_total{event=\"%s\",severity=\"%s\"} %llu",
                        counts[i].event, counts[i].severity, (unsigned long long)counts[i].alerts);
}

void vg_on_metrics(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_metrics *metrics = vg_metrics_open();
    size_t size = 0;
    char *text = NULL;
    if (metrics) {
        const bool redis = vg_desk_link(desk, NULL) == VG_OK && add_parts(desk, metrics);
        vg_metrics_line(metrics, "# TYPE vigie_redis_answers gauge");
        vg_metrics_line(metrics, "vigie_redis_answers %d", redis);
        add_alerts(desk, metrics);
        vg_metrics_end(metrics,
                       "archive"); /* whose desk this is; the whole has a line of its own */
        text = vg_metrics_text(metrics, &size);
    }
    vg_metrics_close(&metrics);
    if (text)
        vg_reply_text(reply, 200, "text/plain", text, size);
    else
        vg_reply_error(reply, request->language, 503, "no_memory", N_("no memory left"), "");
}
