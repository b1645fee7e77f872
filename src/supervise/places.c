/* Places of flux; a few hundred at most, so plain loops. */
#include "src/supervise/places.h"

#include <stdbool.h>
#include <string.h>

static bool configured(const struct vg_flux_config *flux, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(flux[i].id, id) == 0)
            return true;
    return false;
}

/* The place of `id` ("": the first free one), or VG_PLACES_MAX. */
static uint32_t find(const struct vg_places *places, const char *id)
{
    uint32_t place = 0;
    while (place < VG_PLACES_MAX && strcmp(places->id[place], id) != 0)
        place++;
    return place;
}

enum vg_status vg_places_assign(struct vg_places *places, const struct vg_flux_config *flux,
                                size_t count, uint32_t *place)
{
    if (count > VG_PLACES_MAX)
        return VG_E_FULL;
    for (uint32_t i = 0; i < VG_PLACES_MAX; i++)
        if (places->id[i][0] != '\0' && !configured(flux, count, places->id[i]))
            places->id[i][0] = '\0';
    for (size_t i = 0; i < count; i++) {
        place[i] = find(places, flux[i].id);
        if (place[i] < VG_PLACES_MAX)
            continue;
        place[i] = find(places, "");
        memcpy(places->id[place[i]], flux[i].id, sizeof flux[i].id);
    }
    return VG_OK;
}

uint32_t vg_places_ingests(const struct vg_places *places)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < VG_PLACES_MAX; i++)
        if (places->id[i][0] != '\0')
            last = i;
    return last / VG_PLACES_PER_INGEST + 1;
}
