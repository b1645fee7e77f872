/* Health as one message. */
#include "src/supervise/health.h"

static const char *text(const char *words)
{
    return words == NULL ? "" : words;
}

static json_t *moment(struct vg_wall_time time)
{
    char words[40];
    vg_wall_format(time, words, sizeof words);
    return json_string(words);
}

static json_t *child_row(const struct vg_children *children, size_t number)
{
    struct vg_child_state child;
    vg_children_state(children, number, &child);
    const bool up = child.state == VG_PART_UP;
    const char *last = child.what;
    if (last[0] == '\0' && child.cause != VG_END_NONE)
        last = vg_end_cause_text(child.cause);
    return json_pack("{s:s,s:s,s:b,s:I,s:o,s:s,s:s,s:s,s:{s:s,s:s,s:s}}", "part", child.name,
                     "state", vg_part_state_name(child.state), "up", (int)up, "restarts",
                     (json_int_t)child.restarts, "since", moment(child.since), "reason",
                     up ? child.note : last, "remedy", up ? "" : child.remedy, "place",
                     up ? "" : child.place, "last", "cause", vg_end_cause_name(child.cause),
                     "reason", last, "detail", child.detail);
}

static json_t *part_row(const struct vg_health_part *part)
{
    return json_pack("{s:s,s:s,s:b,s:i,s:o,s:s,s:s,s:s,s:{s:s,s:s,s:s}}", "part", part->name,
                     "state", vg_part_state_name(part->up ? VG_PART_UP : VG_PART_WAITING), "up",
                     (int)part->up, "restarts", 0, "since", moment(part->since), "reason",
                     text(part->reason), "remedy", text(part->remedy), "place", text(part->place),
                     "last", "cause", vg_end_cause_name(VG_END_NONE), "reason", "", "detail", "");
}

json_t *vg_health_message(const struct vg_health_view *view, struct vg_wall_time now)
{
    bool well = true;
    json_t *rows = json_array();
    for (size_t i = 0; i < vg_children_count(view->children); i++)
        (void)json_array_append_new(rows, child_row(view->children, i));
    for (size_t i = 0; i < view->part_count; i++)
        (void)json_array_append_new(rows, part_row(&view->parts[i]));
    for (size_t i = 0; i < json_array_size(rows); i++)
        well &= json_is_true(json_object_get(json_array_get(rows, i), "up"));
    return json_pack("{s:s,s:b,s:o,s:I,s:I,s:o}", "type", "health", "well", (int)well, "time",
                     moment(now), "version", (json_int_t)view->version, "flux",
                     (json_int_t)view->flux_count, "parts", rows);
}
