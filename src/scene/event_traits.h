/* What the contract says of each event: one row an event. */
#ifndef VG_SCENE_EVENT_TRAITS_H
#define VG_SCENE_EVENT_TRAITS_H

#include "src/scene/scene.h"

/* Where a rule on the event may look. */
enum vg_places {
    VG_PLACES_DIRECTED_ZONE,
    VG_PLACES_LINE_OR_ZONE,
    VG_PLACES_ZONE,
    VG_PLACES_ZONE_OR_PICTURE
};

struct vg_event_traits {
    const char *name;
    const char *label; /* msgid */
    float floor_fps;   /* lowest rate at which it is true */
    float hold_s;      /* default; a crossing of a line has 0 */
    enum vg_places places;
};

/* NULL for VG_EVENT_NONE. */
const struct vg_event_traits *vg_event_traits(enum vg_event event);

#endif
