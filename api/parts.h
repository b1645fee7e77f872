/* How the parts of the server are: what the supervisor last said, and what the api finds itself. */
#ifndef VG_API_PARTS_H
#define VG_API_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_PARTS_SAID_MAX   40 /* by the supervisor */
#define VG_PARTS_MAX        (VG_PARTS_SAID_MAX + 2)
#define VG_PART_NAME_SIZE   32
#define VG_PART_REASON_SIZE 256

struct vg_part {
    char name[VG_PART_NAME_SIZE]; /* "ingest-0" */
    bool up;
    uint32_t restarts;
    char state[16];                   /* "waiting", "starting", "up", "stopped"; "" if not said */
    char reason[VG_PART_REASON_SIZE]; /* msgid of what is wrong, "" if nothing */
    char remedy[VG_PART_REASON_SIZE]; /* msgid of what to do, "" if none */
};

struct vg_parts {
    size_t count;
    struct vg_part part[VG_PARTS_MAX];
};

/* Reads {"type":"health","parts":[{"part","up","restarts","state","reason","remedy"}]}; further
 * keys are passed over, the last three may be missing. VG_E_INPUT: not that; *parts is as before
 * then. Pure. */
enum vg_status vg_parts_read(struct vg_parts *parts, const json_t *message) VG_MUST_USE;

/* What the api finds by using a part. Borrowed; static texts. */
struct vg_part_finding {
    const char *name;
    bool up;
    const char *reason, *remedy; /* msgids, if it is not up; "" if none */
};

/* Puts a finding to what was said: a part is up only if both find so (a process that hangs still
 * looks well from outside), and the one who finds it down gives the reason. A part that nobody
 * spoke of is added. Pure. */
void vg_parts_find(struct vg_parts *parts, const struct vg_part_finding *finding);

#endif
