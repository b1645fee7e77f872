/* The eight events of the contract and the three severities: names, words, rates, holds. */
#include <stddef.h>
#include <string.h>

#include "src/base/text.h"
#include "src/scene/event_traits.h"
#include "src/scene/scene.h"
#include "src/scene/scene_keys.h"

static const struct vg_event_traits events[VG_EVENT_COUNT] = {
    [VG_EVENT_WRONG_WAY] = {"wrong_way", N_("Wrong way"), 4, 1, VG_PLACES_DIRECTED_ZONE},
    [VG_EVENT_CROSSING] = {"crossing", N_("Crossing or presence"), 4, 1, VG_PLACES_LINE_OR_ZONE},
    [VG_EVENT_CROWD_MOVEMENT] = {"crowd_movement", N_("Crowd movement"), 4, 1,
                                 VG_PLACES_ZONE_OR_PICTURE},
    [VG_EVENT_DENSITY] = {"density", N_("Density"), 1, 1, VG_PLACES_ZONE},
    [VG_EVENT_ABANDONED_OBJECT] = {"abandoned_object", N_("Abandoned object"), 1, 10,
                                   VG_PLACES_ZONE_OR_PICTURE},
    [VG_EVENT_WEAPON] = {"weapon", N_("Weapon"), 4, 0.5f, VG_PLACES_ZONE_OR_PICTURE},
    [VG_EVENT_PERSON_DOWN] = {"person_down", N_("Person down"), 4, 1.5f, VG_PLACES_ZONE_OR_PICTURE},
    [VG_EVENT_FIRE] = {"fire", N_("Start of fire"), 5, 2, VG_PLACES_ZONE_OR_PICTURE},
};

const struct vg_event_traits *vg_event_traits(enum vg_event event)
{
    return event >= 0 && event < VG_EVENT_COUNT ? &events[event] : NULL;
}

const char *vg_event_name(enum vg_event event)
{
    const struct vg_event_traits *traits = vg_event_traits(event);
    return traits ? traits->name : "";
}

const char *vg_event_label(enum vg_event event)
{
    const struct vg_event_traits *traits = vg_event_traits(event);
    return traits ? traits->label : "";
}

enum vg_event vg_event_parse(const char *name)
{
    for (int i = 0; i < VG_EVENT_COUNT; i++)
        if (strcmp(events[i].name, name) == 0)
            return (enum vg_event)i;
    return VG_EVENT_NONE;
}

float vg_event_floor_fps(enum vg_event event)
{
    const struct vg_event_traits *traits = vg_event_traits(event);
    return traits ? traits->floor_fps : 0;
}

const char *vg_severity_name(enum vg_severity severity)
{
    return vg_scene_severities[severity];
}

const char *vg_severity_label(enum vg_severity severity)
{
    static const char *const labels[] = {N_("low"), N_("medium"), N_("high")};
    return labels[severity];
}
