/* Curves of what the events measure at the places of a flux: how many persons, how they flow. */
#include <string.h>

#include "api/handlers.h"
#include "api/question.h"
#include "src/store/config.h"
#include "src/store/measures_query.h"

static json_t *point_json(const struct vg_measure_row *row)
{
    char time[40];
    vg_wall_format((struct vg_wall_time){row->minute * 60 * VG_US_PER_S}, time, sizeof time);
    return json_pack("{s:s,s:f,s:f,s:f,s:I}", "time", time, "mean", vg_measure_row_mean(row),
                     "least", row->least, "greatest", row->greatest, "pictures",
                     (json_int_t)row->pictures);
}

/* Steps without a picture have no point. */
static json_t *line_json(const char *flux, const struct vg_measures_line *line, size_t steps)
{
    json_t *curve = json_array();
    for (size_t i = 0; i < steps; i++)
        if (line->row[i].pictures)
            (void)json_array_append_new(curve, point_json(&line->row[i]));
    return json_pack("{s:s,s:s,s:s,s:o}", "flux", flux, "place", line->of.place, "measure",
                     line->of.measure, "curve", curve);
}

static json_t *answer_json(const char *flux, const struct vg_measures_answer *answer)
{
    char from[40], to[40];
    json_t *items = json_array();
    vg_wall_format(answer->from, from, sizeof from);
    vg_wall_format(answer->to, to, sizeof to);
    for (uint32_t i = 0; i < answer->line_count; i++)
        (void)json_array_append_new(items, line_json(flux, &answer->line[i], answer->step_count));
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:o}", "flux", flux, "from", from, "to", to, "step",
                     (json_int_t)answer->step * 60, "damaged", (json_int_t)answer->damaged, "items",
                     items);
}

static bool read_step(const struct vg_request *request, int64_t *minutes)
{
    static const struct {
        const char *name;
        int64_t minutes;
    } steps[] = {{"60", 1}, {"300", 5}, {"3600", 60}};
    const char *text = vg_request_query(request, "step");
    for (size_t i = 0; text && i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].name, text) == 0) {
            *minutes = steps[i].minutes;
            return true;
        }
    return !text;
}

/* Without times: the last day, by five minutes. Else the parameter that cannot be; NULL: all can. */
static const char *read_ask(const struct vg_request *request, struct vg_measures_ask *ask)
{
    ask->flux = vg_request_query(request, "flux");
    ask->place = vg_request_query(request, "place");
    ask->measure = vg_request_query(request, "measure");
    ask->step = 5;
    if (!ask->flux || !vg_flux_id_valid(ask->flux))
        return "flux";
    const char *bad = vg_question_times(request, ask->now, &ask->from, &ask->to);
    if (bad)
        return bad;
    return read_step(request, &ask->step) ? NULL : "step";
}

void vg_on_measures(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_measures_answer *answer = NULL;
    struct vg_fault fault = {0};
    struct vg_measures_ask ask = {.data = desk->data, .now = vg_wall_now()};
    const char *bad = read_ask(request, &ask);
    if (!vg_question_stands(desk, request, ask.flux, bad, reply))
        return;
    const enum vg_status status = vg_measures_query(&ask, &answer, &fault);
    if (status)
        vg_question_failed(request, status, &fault, reply);
    else
        vg_reply_json(reply, 200, answer_json(ask.flux, answer));
    vg_measures_answer_free(&answer);
}
