/* The configuration as it is handed to the children: read whole from SQLite, each child gets
 * its part. Redis and the api may be dead: this way does not need them.
 *
 * to ingest:
 *   {"type":"config","version":N,"authorisation":A,
 *    "flux":[{"index":slot,"id","url","user","password","transport","active","rate_fps"}]}
 * to analysis:
 *   {"type":"config","version":N,"authorisation":A,"phase","model","node","redis":"/socket",
 *    "flux":[{"index":place,"ingest","slot","id","label","rate_fps","priority","active",
 *             "scene":{}|null,"view_source","view_confirmed"}]}
 * A: null or {"reference","from","to","flux":[],"events":[]}. index is the place of places.h: it
 * stays with the flux, so there may be gaps after a deletion. */
#ifndef VG_SUPERVISE_HANDOUT_H
#define VG_SUPERVISE_HANDOUT_H

#include <jansson.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/store/config.h"
#include "src/supervise/places.h"

struct vg_handout;

/* Where the configuration is read, and what holds on this machine. All borrowed for the call. */
struct vg_handout_source {
    struct vg_database *database;
    const struct vg_secret *secret;
    struct vg_places *places; /* brought up to date */
    const char *redis;        /* path of the socket */
    uint32_t flux_max;        /* how many places this server has */
};

/* Reads the configuration. A flux whose password or scene cannot be used, or which the site's
 * settings do not admit ("refused" then says why), is handed out as not active, and one beyond flux_max not at all; *fault then tells of the last such one while the
 * result is VG_OK (fault->status is not). Statuses of vg_config_*; VG_E_MEMORY. */
enum vg_status vg_handout_read(struct vg_handout **handout, const struct vg_handout_source *source,
                               struct vg_fault *fault) VG_MUST_USE;
void vg_handout_close(struct vg_handout **handout);

uint64_t vg_handout_version(const struct vg_handout *handout);
uint32_t vg_handout_flux_count(const struct vg_handout *handout);

/* Messages; given (json_decref), NULL without memory. That to ingest holds passwords. */
json_t *vg_handout_for_ingest(const struct vg_handout *handout, uint32_t ingest) VG_MUST_USE;
json_t *vg_handout_for_analysis(const struct vg_handout *handout) VG_MUST_USE;

#endif
