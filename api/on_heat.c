/* Where persons were in the pictures of a flux: a coarse grid, as numbers or as a picture to be laid
 * over the camera's. */
#include <string.h>

#include "api/handlers.h"
#include "api/question.h"
#include "src/base/alloc.h"
#include "src/base/heat_json.h"
#include "src/base/heat_picture.h"
#include "src/store/heat_query.h"

enum format {
    FORMAT_JSON,
    FORMAT_PNG
};

static json_t *answer_json(const char *flux, const struct vg_heat_answer *answer)
{
    char from[40], to[40];
    vg_wall_format(answer->from, from, sizeof from);
    vg_wall_format(answer->to, to, sizeof to);
    json_t *object =
        json_pack("{s:s,s:s,s:s,s:I,s:I}", "flux", flux, "from", from, "to", to, "hours",
                  (json_int_t)answer->hours, "damaged", (json_int_t)answer->damaged);
    if (!object)
        return NULL;
    (void)json_object_update_new(object, vg_heat_json(&answer->sum));
    return object;
}

static void reply_png(const struct vg_request *request, const struct vg_heat_sum *sum,
                      struct vg_reply *reply)
{
    uint8_t *data;
    size_t size;
    const enum vg_status status = vg_heat_png(sum, &data, &size);
    if (status) {
        struct vg_fault fault;
        (void)vg_fault_set(&fault, status, N_("no memory left"), NULL, "%s", request->id);
        vg_question_failed(request, status, &fault, reply);
        return;
    }
    vg_reply_text(reply, 200, "image/png", (char *)data, size);
}

static bool read_format(const struct vg_request *request, enum format *format)
{
    const char *text = vg_request_query(request, "format");
    *format = text && strcmp(text, "png") == 0 ? FORMAT_PNG : FORMAT_JSON;
    return !text || *format == FORMAT_PNG || strcmp(text, "json") == 0;
}

void vg_on_flux_heat(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_heat_answer *answer = NULL;
    struct vg_fault fault = {0};
    enum format format = FORMAT_JSON;
    struct vg_heat_ask ask = {.data = desk->data, .flux = request->id, .now = vg_wall_now()};
    const char *bad = vg_question_times(request, ask.now, &ask.from, &ask.to);
    if (!bad && !read_format(request, &format))
        bad = "format";
    if (!vg_question_stands(desk, request, ask.flux, bad, reply))
        return;
    const enum vg_status status = vg_heat_query(&ask, &answer, &fault);
    if (status)
        vg_question_failed(request, status, &fault, reply);
    else if (format == FORMAT_PNG)
        reply_png(request, &answer->sum, reply);
    else
        vg_reply_json(reply, 200, answer_json(ask.flux, answer));
    vg_free(answer);
}
