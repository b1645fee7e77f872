/* The ledger of coverage of a flux: how much of its time was analysed, and why not the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"
#include "api/question.h"
#include "src/base/alloc.h"
#include "src/store/coverage_query.h"

#define ROW_MAX 384 /* bytes of a line of the table */

static json_t *time_json(int64_t wall_us)
{
    char text[40];
    vg_wall_format((struct vg_wall_time){wall_us}, text, sizeof text);
    return json_string(text);
}

static json_t *share_json(const int64_t part_us[VG_COVERAGE_CAUSES])
{
    const int64_t share = vg_coverage_share(part_us);
    return share < 0 ? json_null() : json_real((double)share / 100);
}

/* What every item and the whole have: seconds that add up, pictures. Causes that have no second
 * are left out. */
static void set_numbers(json_t *object, const struct vg_coverage_item *item)
{
    int64_t shown[VG_COVERAGE_CAUSES];
    const int64_t nominal = vg_coverage_round(item->part_us, VG_US_PER_S, shown);
    json_t *causes = json_object();
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        if (shown[c] > 0 && c != VG_COVERAGE_ANALYSED)
            (void)json_object_set_new(causes, vg_coverage_cause_name((enum vg_coverage_cause)c),
                                      json_integer(shown[c]));
    (void)json_object_set_new(object, "nominal_s", json_integer(nominal));
    (void)json_object_set_new(object, "analysed_s", json_integer(shown[VG_COVERAGE_ANALYSED]));
    (void)json_object_set_new(object, "percent", share_json(item->part_us));
    (void)json_object_set_new(object, "wanted", json_integer((json_int_t)item->wanted));
    (void)json_object_set_new(object, "analysed", json_integer((json_int_t)item->analysed));
    (void)json_object_set_new(object, "clock_set", json_boolean(item->stepped));
    (void)json_object_set_new(object, "causes", causes);
}

/* Before the flux was there, and after what is known, nothing is said. */
static bool says_nothing(const struct vg_coverage_item *item)
{
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        if (item->part_us[c] > 0)
            return false;
    return true;
}

static json_t *items_json(const struct vg_coverage_answer *answer)
{
    json_t *items = json_array();
    for (size_t i = 0; i < answer->count; i++) {
        if (says_nothing(&answer->item[i]))
            continue;
        json_t *item = json_object();
        (void)json_object_set_new(item, "time",
                                  time_json(answer->item[i].minute * VG_COVERAGE_MINUTE_US));
        set_numbers(item, &answer->item[i]);
        (void)json_array_append_new(items, item);
    }
    return items;
}

static json_t *gaps_json(const struct vg_coverage_answer *answer)
{
    json_t *gaps = json_array();
    for (size_t i = 0; i < answer->gap_count; i++) {
        const struct vg_coverage_gap *gap = &answer->gap[i];
        (void)json_array_append_new(
            gaps, json_pack("{s:o,s:o,s:s}", "begin", time_json(gap->begin.us), "end",
                            time_json(gap->end.us), "cause", vg_coverage_cause_name(gap->cause)));
    }
    return gaps;
}

static json_t *answer_json(const char *flux, const struct vg_coverage_answer *answer)
{
    json_t *object =
        json_pack("{s:s,s:o,s:o,s:s}", "flux", flux, "from", time_json(answer->from.us), "to",
                  time_json(answer->to.us), "step", vg_coverage_step_name(answer->step));
    if (!object)
        return NULL;
    set_numbers(object, &answer->sum);
    (void)json_object_set_new(object, "damaged", json_integer((json_int_t)answer->damaged));
    (void)json_object_set_new(object, "items", items_json(answer));
    (void)json_object_set_new(object, "gaps", gaps_json(answer));
    (void)json_object_set_new(object, "gaps_left_out",
                              json_integer((json_int_t)answer->gaps_left_out));
    return object;
}

/* ---- the table ---- */

static size_t add(char *text, size_t used, size_t room, const char *piece)
{
    const size_t size = strlen(piece);
    if (size >= room - used)
        return used;
    memcpy(text + used, piece, size + 1);
    return used + size;
}

static size_t add_line(char *text, size_t used, size_t room, const struct vg_coverage_item *item)
{
    char piece[64];
    int64_t shown[VG_COVERAGE_CAUSES];
    const int64_t nominal = vg_coverage_round(item->part_us, VG_US_PER_S, shown);
    vg_wall_format((struct vg_wall_time){item->minute * VG_COVERAGE_MINUTE_US}, piece,
                   sizeof piece);
    used = add(text, used, room, piece);
    (void)snprintf(piece, sizeof piece, ",%lld,%llu,%llu", (long long)nominal,
                   (unsigned long long)item->wanted, (unsigned long long)item->analysed);
    used = add(text, used, room, piece);
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++) {
        (void)snprintf(piece, sizeof piece, ",%lld", (long long)shown[c]);
        used = add(text, used, room, piece);
    }
    return add(text, used, room, "\n");
}

/* A line per item; given, NULL without memory. */
static char *table_text(const struct vg_coverage_answer *answer, size_t *size)
{
    const size_t room = (answer->count + 1) * ROW_MAX;
    char *text = vg_alloc(room);
    if (!text)
        return NULL;
    size_t used = add(text, 0, room, "time,nominal_s,wanted,analysed");
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++) {
        char piece[64];
        (void)snprintf(piece, sizeof piece, ",%s_s",
                       vg_coverage_cause_name((enum vg_coverage_cause)c));
        used = add(text, used, room, piece);
    }
    used = add(text, used, room, "\n");
    for (size_t i = 0; i < answer->count; i++)
        if (!says_nothing(&answer->item[i]))
            used = add_line(text, used, room, &answer->item[i]);
    *size = used;
    return text;
}

/* ---- the request ---- */

static bool read_step(const struct vg_request *request, enum vg_coverage_step *step)
{
    const char *text = vg_request_query(request, "step");
    return !text || vg_coverage_step_parse(text, step) == 0;
}

/* Seconds of the least gap that is listed. */
static bool read_gap(const struct vg_request *request, int64_t *gap_us)
{
    const char *text = vg_request_query(request, "gap_s");
    char *end = NULL;
    const long value = text ? strtol(text, &end, 10) : 60;
    *gap_us = (int64_t)value * VG_US_PER_S;
    return !text || (end != text && *end == '\0' && value >= 60 && value <= 86400);
}

/* Without times: the last day, by hours. Else the parameter that cannot be; NULL: all can. */
static const char *read_ask(const struct vg_request *request, struct vg_coverage_ask *ask)
{
    const char *format = vg_request_query(request, "format");
    const char *bad = vg_question_times(request, ask->now, &ask->from, &ask->to);
    ask->step = VG_COVERAGE_BY_HOUR;
    if (bad)
        return bad;
    if (!read_step(request, &ask->step))
        return "step";
    if (!read_gap(request, &ask->gap_us))
        return "gap_s";
    return !format || strcmp(format, "json") == 0 || strcmp(format, "csv") == 0 ? NULL : "format";
}

static void reply_answer(const struct vg_request *request, const struct vg_coverage_answer *answer,
                         struct vg_reply *reply)
{
    const char *format = vg_request_query(request, "format");
    size_t size = 0;
    if (!format || strcmp(format, "csv") != 0) {
        vg_reply_json(reply, 200, answer_json(request->id, answer));
        return;
    }
    char *text = table_text(answer, &size);
    if (text)
        vg_reply_text(reply, 200, "text/csv", text, size);
    else
        vg_reply_error(reply, request->language, 503, "no_memory", N_("no memory left"), "");
}

void vg_on_flux_coverage(struct vg_desk *desk, const struct vg_request *request,
                         struct vg_reply *reply)
{
    struct vg_coverage_answer *answer = NULL;
    struct vg_fault fault = {0};
    struct vg_coverage_ask ask = {.data = desk->data, .flux = request->id, .now = vg_wall_now()};
    const char *bad = read_ask(request, &ask);
    if (!vg_question_stands(desk, request, ask.flux, bad, reply))
        return;
    const enum vg_status status = vg_coverage_query(&ask, &answer, &fault);
    if (status)
        vg_question_failed(request, status, &fault, reply);
    else
        reply_answer(request, answer, reply);
    vg_coverage_answer_free(&answer);
}
