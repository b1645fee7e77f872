/* What a lane's handlers work with: its own handles of the stores, opened when first needed and
 * again after they failed. One desk per thread. */
#ifndef VG_API_DESK_H
#define VG_API_DESK_H

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/store/database.h"
#include "src/store/redis_link.h"
#include "src/store/secret.h"

struct vg_fit_measured;

struct vg_desk {
    const char *data;         /* borrowed */
    const char *redis_socket; /* borrowed */
    struct vg_database *database;
    struct vg_redis_link *link;
    struct vg_secret *secret;
    struct vg_fit_measured *measured; /* fit.h; NULL: not read before */
    struct vg_mono_time unasked;      /* fit.h: until then nobody waits for a Redis that hangs */
};

/* data, redis_socket: borrowed until release. Opens nothing. */
void vg_desk_init(struct vg_desk *desk, const char *data, const char *redis_socket);
void vg_desk_release(struct vg_desk *desk);

/* Each sees to it that the handle is there. Errors: those of the store. */
enum vg_status vg_desk_database(struct vg_desk *desk, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_desk_link(struct vg_desk *desk, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_desk_secret(struct vg_desk *desk, struct vg_fault *fault) VG_MUST_USE;

#endif
