/* Will it fit? Asked before a flux or its scene is saved: what the analysis measured of its devices
 * (vigie:capacity:NODE) and what the configuration wants, simulated (scheduler/forecast/admission.h).
 *
 *   held       saved
 *   degraded   409, unless the request says `?admit=degraded`: rates would fall
 *   refused    409, unless the same: flux would be shed, or alerts come too late
 *   not_known  saved: nothing is measured yet, or nobody answers
 *
 * What takes no more than before is not asked, but declared with what it costs now. Some hundredths of
 * a second of the lane's thread, more on a machine that has much to do; at the most VG_FIT_WAIT_MS of it
 * waiting for Redis, and then five seconds without asking it. */
#ifndef VG_API_FIT_H
#define VG_API_FIT_H

#include "api/desk.h"
#include "api/exchange.h"

#include "src/store/config.h"

#define VG_FIT_WAIT_MS 1000

struct vg_scene;

/* A flux as it is to be. */
struct vg_fit_change {
    const struct vg_flux_config *flux;
    const struct vg_scene *scene; /* NULL: the stored one */
};

enum vg_fit_manner {
    VG_FIT_TO_SAVE, /* refuses */
    VG_FIT_TO_KNOW  /* always answers, and asks what takes no more, too */
};

struct vg_fit {
    json_t *answer;          /* given; NULL: it was not asked */
    bool declared;           /* it was judged, or costs more than it was admitted with */
    uint32_t declared_milli; /* what a picture was admitted with */
};
void vg_fit_release(struct vg_fit *fit);

/* Whether it may be saved; false: answered. desk->database is there. */
bool vg_fit_admits(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply,
                   const struct vg_fit_change *change, enum vg_fit_manner manner,
                   struct vg_fit *fit);

/* Reads what was measured, for the next question of this desk: before the transaction, so that none
 * waits for Redis. Without it the question reads by itself. Forget: when the request is answered. */
void vg_fit_prepare(struct vg_desk *desk);
void vg_fit_forget(struct vg_desk *desk);

/* Keeps with the flux what it was admitted with. In the transaction of the change, after it. */
enum vg_status vg_fit_declare(struct vg_desk *desk, const char *id, const struct vg_fit *fit,
                              struct vg_fault *fault) VG_MUST_USE;

#endif
