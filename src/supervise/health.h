/* What of the server is well: the message the api gets at each change and every 5 s.
 *
 *   {"type":"health","well":true,"time":ISO,"version":N,"flux":N,"parts":[
 *     {"part":"analysis","state":"waiting|starting|up|stopped","up":false,"restarts":2,
 *      "since":ISO,"reason":msgid,"remedy":msgid,"place":"",
 *      "last":{"cause":"exit","reason":msgid,"detail":"exit code 4"}}]}
 *
 * reason is what is wrong now, "" if nothing: of a part that is down its own last words if it
 * left any, else what the supervisor saw; of one that is up the note it lives with. last speaks
 * of its last end, whatever it is now (cause "none": it never ended). msgids are English; the
 * reader's side translates them. Beside the children there are "configuration", and "redis" when
 * it is another's. */
#ifndef VG_SUPERVISE_HEALTH_H
#define VG_SUPERVISE_HEALTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/supervise/children.h"

/* A part that is no child. Strings borrowed for the call; static. */
struct vg_health_part {
    const char *name;
    bool up;
    struct vg_wall_time since;
    const char *reason, *remedy; /* msgids of what is wrong; NULL */
    const char *place;           /* NULL */
};

struct vg_health_view {
    const struct vg_children *children;
    const struct vg_health_part *parts;
    size_t part_count;
    uint64_t version; /* of the configuration */
    uint32_t flux_count;
};

/* The message; given (json_decref), NULL without memory. */
json_t *vg_health_message(const struct vg_health_view *view, struct vg_wall_time now) VG_MUST_USE;

#endif
