#include "bench/live_admission.h"

#include <hiredis/hiredis.h>

#include "bench/flux_hold.h"
#include "scheduler/forecast/admission_model.h"
#include "src/base/alloc.h"
#include "src/store/redis_link.h"

/* Of the node whose name a new configuration has. */
#define CAPACITY_KEY "vigie:capacity:a1"

/* Large: on the heap. */
struct question {
    char id[VG_SERVER_FLUX_MAX][VG_SERVER_ID_SIZE];
    struct vg_admission_wish wish[VG_SERVER_FLUX_MAX];
    struct vg_admission_model model;
    struct vg_admission_plan plan;
    struct vg_admission answer;
};

static enum vg_status read_model(struct vg_live_server *server, struct vg_admission_model *model)
{
    const struct vg_redis_arg get[] = {vg_redis_text("GET"), vg_redis_text(CAPACITY_KEY)};
    struct redisReply *reply = NULL;
    enum vg_status status = vg_redis_command(vg_live_server_redis(server), get, 2, &reply, NULL);
    if (!status)
        status = reply->type == REDIS_REPLY_STRING
                     ? vg_admission_model_read(reply->str, reply->len, model, NULL)
                     : VG_E_STATE;
    vg_redis_reply_free(&reply);
    return status;
}

static uint32_t ask(struct question *q, const struct vg_load_flux *flux, uint32_t count)
{
    const struct vg_admission_wish one_more = {.id = "one more",
                                               .rate_fps = flux[count - 1].wanted_fps};
    for (uint32_t i = 0; i < count; i++) {
        vg_hold_flux_name(i, q->id[i]);
        q->wish[i] = (struct vg_admission_wish){.id = q->id[i], .rate_fps = flux[i].wanted_fps};
    }
    if (vg_admission_plan(&q->model, q->wish, count, &one_more, &q->plan, NULL) ||
        vg_admission_ask(&q->plan.ask, &q->answer, NULL))
        return 0;
    return q->answer.verdict == VG_ADMISSION_HELD ? count + 1 + q->answer.more : count;
}

uint32_t vg_live_admitted(struct vg_live_server *server, const struct vg_load_flux *flux,
                          uint32_t count)
{
    struct question *q = vg_alloc(sizeof *q);
    const uint32_t admitted =
        q && count > 0 && read_model(server, &q->model) == VG_OK ? ask(q, flux, count) : 0;
    vg_free(q);
    return admitted;
}
