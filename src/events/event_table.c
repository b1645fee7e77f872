#include "src/events/event_table.h"

#include "src/events/abandoned_object.h"
#include "src/events/crossing.h"
#include "src/events/crowd_movement.h"
#include "src/events/density.h"
#include "src/events/fire.h"
#include "src/events/person_down.h"
#include "src/events/weapon.h"
#include "src/events/wrong_way.h"

static const struct vg_event_row rows[] = {
    {.event = VG_EVENT_CROSSING,
     .watch = vg_crossing_watch,
     .memory = sizeof(struct vg_stays),
     .forget = vg_crossing_forget},
    {.event = VG_EVENT_WRONG_WAY,
     .watch = vg_wrong_way_watch,
     .maps = VG_MAPS_FLOW,
     .memory = sizeof(struct vg_ways),
     .forget = vg_wrong_way_forget},
    {.event = VG_EVENT_DENSITY,
     .watch = vg_density_watch,
     .measure = {{"count", vg_density_count}, {"density", vg_density_per_m2}},
     .hidden = vg_density_hidden,
     .maps_sized = VG_MAPS_GROUND,
     .memory = sizeof(struct vg_density)},
    {.event = VG_EVENT_ABANDONED_OBJECT,
     .watch = vg_abandoned_object_watch,
     .maps = VG_MAPS_GROUND,
     .memory = sizeof(struct vg_things)},
    {.event = VG_EVENT_FIRE,
     .watch = vg_fire_watch,
     .maps = VG_MAPS_GROUND | VG_MAPS_FLAME,
     .memory = sizeof(struct vg_flames)},
    {.event = VG_EVENT_WEAPON,
     .watch = vg_weapon_watch,
     .wishes = true,
     .memory = sizeof(struct vg_weapon_memory),
     .forget = vg_weapon_forget},
    {.event = VG_EVENT_CROWD_MOVEMENT,
     .watch = vg_crowd_movement_watch,
     .measure = {{"flow", vg_crowd_movement_flow}},
     .maps = VG_MAPS_FLOW,
     .memory = sizeof(struct vg_crowd),
     .forget = vg_crowd_movement_forget},
    {.event = VG_EVENT_PERSON_DOWN,
     .watch = vg_person_down_watch,
     .maps = VG_MAPS_GROUND,
     .wishes = true,
     .memory = sizeof(struct vg_down_memory),
     .forget = vg_person_down_forget},
};

const struct vg_event_row *vg_event_row(enum vg_event event)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].event == event)
            return &rows[i];
    return NULL;
}
