/* Questions about a stretch of time of one flux, asked by query parameters: what GET /measures and
 * GET /flux/{id}/coverage share of reading them and of saying why there is no answer. */
#ifndef VG_API_QUESTION_H
#define VG_API_QUESTION_H

#include "api/desk.h"
#include "api/exchange.h"
#include "src/base/clock.h"

/* The query's `from` and `to`; without `to` until now, without `from` the day before. Returns the
 * name of the parameter that cannot be read, NULL: both can. */
const char *vg_question_times(const struct vg_request *request, struct vg_wall_time now,
                              struct vg_wall_time *from, struct vg_wall_time *to);

/* Whether there is a flux of that id. Else, and for a parameter that cannot be read (bad, NULL:
 * there is none), replies why there is no answer. */
bool vg_question_stands(struct vg_desk *desk, const struct vg_request *request, const char *flux,
                        const char *bad, struct vg_reply *reply);

/* Replies why the store has no answer: status is not VG_OK. */
void vg_question_failed(const struct vg_request *request, enum vg_status status,
                        const struct vg_fault *fault, struct vg_reply *reply);

#endif
