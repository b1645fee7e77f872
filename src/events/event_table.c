#include "src/events/event_table.h"

#include <stddef.h>

static const struct vg_event_row rows[] = {
    {VG_EVENT_CROSSING, vg_crossing_watch, NULL, NULL},
    {VG_EVENT_WRONG_WAY, vg_wrong_way_watch, NULL, NULL},
    {VG_EVENT_DENSITY, vg_density_watch, "count", vg_density_count},
};

const struct vg_event_row *vg_event_row(enum vg_event event)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].event == event)
            return &rows[i];
    return NULL;
}
