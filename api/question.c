/* Questions about a stretch of time of one flux. */
#include "api/question.h"

#include "src/store/config.h"

#define DAY_US (86400 * VG_US_PER_S)

static bool read_time(const struct vg_request *request, const char *name, struct vg_wall_time *time)
{
    const char *text = vg_request_query(request, name);
    return !text || vg_wall_parse(text, time) == 0;
}

const char *vg_question_times(const struct vg_request *request, struct vg_wall_time now,
                              struct vg_wall_time *from, struct vg_wall_time *to)
{
    *to = now;
    if (!read_time(request, "to", to))
        return "to";
    from->us = (to->us < now.us ? to->us : now.us) - DAY_US;
    return read_time(request, "from", from) ? NULL : "from";
}

bool vg_question_stands(struct vg_desk *desk, const struct vg_request *request, const char *flux,
                        const char *bad, struct vg_reply *reply)
{
    struct vg_flux_config config;
    struct vg_fault fault = {0};
    if (bad) {
        vg_reply_error(reply, request->language, 400, "bad_query", N_("this value cannot be read"),
                       bad);
        return false;
    }
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_config_flux_get(desk->database, flux, &config, &fault);
    if (status == VG_E_MISSING)
        vg_reply_error(reply, request->language, 404, "no_flux", N_("there is no such flux"), "");
    else if (status)
        vg_question_failed(request, status, &fault, reply);
    return !status;
}

void vg_question_failed(const struct vg_request *request, enum vg_status status,
                        const struct vg_fault *fault, struct vg_reply *reply)
{
    if (status == VG_E_CALL)
        vg_reply_error(reply, request->language, 400, "bad_query", fault->what, fault->place);
    else
        vg_reply_fault(reply, request->language, 0, NULL, fault);
}
