/* Which place each flux has: an ingest process, and a slot in the memory of that one.
 *
 * A flux keeps its place as long as it is configured, so that a change elsewhere does not
 * disconnect it; a place left free goes to the next new flux. Places are counted through:
 * place = ingest * VG_PLACES_PER_INGEST + slot. Pure. */
#ifndef VG_SUPERVISE_PLACES_H
#define VG_SUPERVISE_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/store/config.h"

#define VG_PLACES_PER_INGEST 25u
#define VG_PLACES_INGEST_MAX ((VG_FLUX_MAX + VG_PLACES_PER_INGEST - 1) / VG_PLACES_PER_INGEST)
#define VG_PLACES_MAX        (VG_PLACES_INGEST_MAX * VG_PLACES_PER_INGEST)

struct vg_places {
    char id[VG_PLACES_MAX][VG_FLUX_ID_SIZE]; /* "": free */
};

/* Gives each flux its place, and takes away those of flux that are no more. flux: count of them,
 * each id once. place: count numbers. VG_E_FULL: more flux than places; nothing changed. */
enum vg_status vg_places_assign(struct vg_places *places, const struct vg_flux_config *flux,
                                size_t count, uint32_t *place) VG_MUST_USE;

/* How many ingest processes these places need: 1 at least. */
uint32_t vg_places_ingests(const struct vg_places *places);

#endif
