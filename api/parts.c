#include "api/parts.h"

#include <stdio.h>
#include <string.h>

static void copy(char *out, size_t size, const json_t *from, const char *key)
{
    const char *text = json_string_value(json_object_get(from, key));
    (void)snprintf(out, size, "%s", text ? text : "");
}

static int read_part(struct vg_part *part, const json_t *from)
{
    const char *name = json_string_value(json_object_get(from, "part"));
    const json_t *up = json_object_get(from, "up");
    const json_int_t restarts = json_integer_value(json_object_get(from, "restarts"));
    if (!name || !name[0] || !json_is_boolean(up) || restarts < 0 || restarts > UINT32_MAX)
        return -1;
    *part = (struct vg_part){.up = json_is_true(up), .restarts = (uint32_t)restarts};
    (void)snprintf(part->name, sizeof part->name, "%s", name);
    copy(part->state, sizeof part->state, from, "state");
    copy(part->reason, sizeof part->reason, from, "reason");
    copy(part->remedy, sizeof part->remedy, from, "remedy");
    return 0;
}

enum vg_status vg_parts_read(struct vg_parts *parts, const json_t *message)
{
    const json_t *list = json_object_get(message, "parts");
    const size_t count = json_array_size(list);
    struct vg_parts read = {.count = count};
    if (!json_is_array(list) || count > VG_PARTS_SAID_MAX)
        return VG_E_INPUT;
    for (size_t i = 0; i < count; i++)
        if (read_part(&read.part[i], json_array_get(list, i)))
            return VG_E_INPUT;
    *parts = read;
    return VG_OK;
}

void vg_parts_find(struct vg_parts *parts, const struct vg_part_finding *finding)
{
    size_t i = 0;
    while (i < parts->count && strcmp(parts->part[i].name, finding->name) != 0)
        i++;
    if (i == VG_PARTS_MAX)
        return;
    struct vg_part *part = &parts->part[i];
    if (i == parts->count) {
        parts->count++;
        *part = (struct vg_part){.up = true, .state = "up"};
        (void)snprintf(part->name, sizeof part->name, "%s", finding->name);
    }
    if (finding->up || !part->up)
        return;
    part->up = false;
    (void)snprintf(part->state, sizeof part->state, "waiting");
    (void)snprintf(part->reason, sizeof part->reason, "%s", finding->reason);
    (void)snprintf(part->remedy, sizeof part->remedy, "%s", finding->remedy);
}
