/* How the parts of the server are, as the supervisor last said. */
#ifndef VG_API_PARTS_H
#define VG_API_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_PARTS_MAX        40
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
 * keys are passed over, the last three may be missing. VG_E_INPUT: not that; *parts is as before then. Pure. */
enum vg_status vg_parts_read(struct vg_parts *parts, const json_t *message) VG_MUST_USE;

#endif
