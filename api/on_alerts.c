/* Alerts of the archive: lists, one, its picture, its verdict, and what a stream has missed. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/archive_thread.h"
#include "api/body.h"
#include "api/handlers.h"
#include "src/base/alloc.h"
#include "src/scene/scene.h"
#include "src/store/archive.h"

static_assert(VG_LIST_MAX == VG_ARCHIVE_PAGE_MAX, "one bound for all lists");

enum {
    REPLAY_MAX = VG_ARCHIVE_PAGE_MAX
};

static bool read_time(const struct vg_request *request, const char *name, struct vg_wall_time *time)
{
    const char *text = vg_request_query(request, name);
    return !text || vg_wall_parse(text, time) == 0;
}

/* Whether the filter can be; else the reply says which parameter cannot. A name that no alert
 * can have must not show an empty list: that looks like a quiet night. */
static bool read_filter(const struct vg_request *request, struct vg_archive_filter *filter,
                        struct vg_reply *reply)
{
    const char *bad = NULL, *message = N_("this value cannot be read");
    *filter = (struct vg_archive_filter){.flux = vg_request_query(request, "flux"),
                                         .event = vg_request_query(request, "event"),
                                         .rule = vg_request_query(request, "rule"),
                                         .severity = vg_request_query(request, "severity"),
                                         .state = vg_request_query(request, "state"),
                                         .after = vg_request_query(request, "after")};
    if (!vg_request_limit(request, &filter->limit)) {
        vg_reply_bad_limit(reply, request->language);
        return false;
    }
    if (!read_time(request, "from", &filter->from)) {
        bad = "from";
    } else if (!read_time(request, "to", &filter->to)) {
        bad = "to";
    } else if (filter->event && vg_event_parse(filter->event) == VG_EVENT_NONE) {
        bad = "event";
        message = N_("this event is unknown");
    }
    if (bad)
        vg_reply_error(reply, request->language, 400, "bad_query", message, bad);
    return !bad;
}

static char *append(char *at, const char *text)
{
    const size_t size = strlen(text);
    memcpy(at, text, size + 1);
    return at + size;
}

/* {"items":[...],"next":"..."}; rows' texts are JSON already and go as they are. */
static char *list_text(const struct vg_archive_row *rows, size_t count, const char *next)
{
    size_t room = 64 + VG_ARCHIVE_CURSOR_SIZE;
    for (size_t i = 0; i < count; i++)
        room += strlen(rows[i].json) + 1;
    char *text = vg_alloc(room);
    if (!text)
        return NULL;
    char *at = append(text, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        at = append(at, i ? "," : "");
        at = append(at, rows[i].json);
    }
    at = append(at, "],\"next\":");
    if (!next[0])
        at = append(at, "null");
    else
        at = append(append(append(at, "\""), next), "\"");
    (void)append(at, "}");
    return text;
}

static void reply_memory(const struct vg_request *request, struct vg_reply *reply)
{
    vg_reply_error(reply, request->language, 503, "no_memory", N_("no memory left"), "");
}

void vg_on_alert_list(struct vg_desk *desk, const struct vg_request *request,
                      struct vg_reply *reply)
{
    struct vg_archive_filter filter;
    struct vg_archive_row *rows = NULL;
    size_t count = 0;
    char next[VG_ARCHIVE_CURSOR_SIZE] = "";
    struct vg_fault fault = {0};
    if (!read_filter(request, &filter, reply))
        return;
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_archive_list(desk->database, &filter, &rows, &count, next, &fault);
    if (status == VG_E_CALL) {
        vg_reply_error(reply, request->language, 400, "bad_query", fault.what, fault.place);
        return;
    }
    if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
        return;
    }
    char *text = list_text(rows, count, next);
    vg_archive_rows_free(&rows, count);
    if (text)
        vg_reply_text(reply, 200, "application/json", text, strlen(text));
    else
        reply_memory(request, reply);
}

static void reply_no_alert(const struct vg_request *request, struct vg_reply *reply,
                           const struct vg_fault *fault)
{
    if (fault->status == VG_E_MISSING)
        vg_reply_error(reply, request->language, 404, "no_alert", N_("there is no such alert"), "");
    else
        vg_reply_fault(reply, request->language, 0, NULL, fault);
}

static void reply_alert(struct vg_desk *desk, const struct vg_request *request,
                        struct vg_reply *reply)
{
    struct vg_archive_row *row = NULL;
    struct vg_fault fault = {0};
    if (vg_archive_get(desk->database, request->id, &row, &fault)) {
        reply_no_alert(request, reply, &fault);
        return;
    }
    char *text = vg_alloc_text(row->json);
    vg_archive_rows_free(&row, 1);
    if (text)
        vg_reply_text(reply, 200, "application/json", text, strlen(text));
    else
        reply_memory(request, reply);
}

void vg_on_alert_get(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    if (vg_desk_database(desk, &fault))
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    else
        reply_alert(desk, request, reply);
}

void vg_on_alert_picture(struct vg_desk *desk, const struct vg_request *request,
                         struct vg_reply *reply)
{
    struct vg_fault fault = {0};
    uint8_t *jpeg = NULL;
    size_t size = 0;
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_archive_picture(desk->database, request->id, &jpeg, &size, &fault);
    if (status == VG_E_MISSING)
        vg_reply_error(reply, request->language, 404, "no_picture",
                       N_("there is no such alert, or it has no picture"), "");
    else if (status)
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    else
        vg_reply_text(reply, 200, "image/jpeg", (char *)jpeg, size);
}

void vg_on_verdict(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_body_verdict body;
    struct vg_fault fault = {0};
    if (vg_body_verdict(request->body, request->body_size, &body, &fault)) {
        vg_reply_fault(reply, request->language, 422, "bad_verdict", &fault);
        return;
    }
    const struct vg_verdict verdict = {.state = body.state,
                                       .comment = body.comment[0] ? body.comment : NULL,
                                       .by = request->identity.name,
                                       .from = request->identity.from,
                                       .at = vg_wall_now()};
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_archive_verdict(desk->database, request->id, &verdict, &fault);
    if (status == VG_E_STATE)
        vg_reply_error(reply, request->language, 409, "judged",
                       N_("this alert has a verdict already"), "");
    else if (status)
        reply_no_alert(request, reply, &fault);
    else
        reply_alert(desk, request, reply);
}

/* ---- what a stream has missed --------------------------------------------------------------- */

static bool read_last_event(const struct vg_request *request, uint64_t *after)
{
    const char *text = request->last_event;
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *after = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

static char *frames_text(const struct vg_archive_row *rows, size_t count, size_t *size)
{
    size_t room = 1;
    for (size_t i = 0; i < count; i++)
        room += strlen(rows[i].json) + 96;
    char *text = vg_alloc(room);
    *size = 0;
    for (size_t i = 0; text && i < count; i++) {
        struct vg_news *news = vg_news_make(&rows[i]);
        if (!news) {
            vg_free(text);
            return NULL;
        }
        memcpy(text + *size, news->frame, news->size);
        *size += news->size;
        vg_free(news);
    }
    return text;
}

/* Without a (good) Last-Event-ID there is nothing to replay: reply->change stays what the
 * reception has put there, the newest of now. */
void vg_on_stream(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_archive_row *rows = NULL;
    size_t count = 0, size = 0;
    struct vg_fault fault = {0};
    uint64_t after, head = 0;
    if (!read_last_event(request, &after)) {
        reply->code = 200;
        reply->type = "text/event-stream";
        return;
    }
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_archive_head(desk->database, &head, &fault);
    if (after > head) /* of an archive that is no more: what comes is new all the same */
        after = head;
    if (!status)
        status = vg_archive_changes(desk->database, after, REPLAY_MAX, &rows, &count, &fault);
    if (status) {
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
        return;
    }
    char *text = frames_text(rows, count, &size);
    reply->partial = count == REPLAY_MAX;
    reply->change = count ? rows[count - 1].change : after;
    vg_archive_rows_free(&rows, count);
    if (text)
        vg_reply_text(reply, 200, "text/event-stream", text, size);
    else
        reply_memory(request, reply);
}
