/* The configuration as the supervisor hands it to analysis: one JSON message, read into plain
 * structs. Secrets and addresses of the flux are not in it. */
#ifndef VG_SCHEDULER_LIVE_CONFIG_H
#define VG_SCHEDULER_LIVE_CONFIG_H

#include <jansson.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/stop.h"
#include "src/scene/scene.h"

#define VG_LIVE_FLUX_MAX     256
#define VG_LIVE_ID_SIZE      64
#define VG_LIVE_DECLARED_MAX 1000000

struct vg_live_flux_config {
    char id[VG_LIVE_ID_SIZE];
    uint32_t ingest, slot; /* which ingest process, which place in its slots */
    double rate_fps;
    uint32_t priority;
    bool active;
    uint32_t declared_milli; /* a picture, as admitted, in thousandths of a job; 0: not declared */
    /* versions of the configuration: when the flux's address was last changed, and when a person
     * last confirmed its view; 0: never */
    uint64_t view_source, view_confirmed;
    struct vg_scene *scene; /* owned; NULL: none, or one that could not be read (logged) */
    char *scene_text;       /* owned; compact, to see whether the scene changed */
};

struct vg_live_config {
    uint64_t version;
    char model[64], node[64], phase[16];
    struct vg_authorisation authorisation;
    uint32_t decode_milli; /* thousandths of a core for decoding by software; 0: not told */
    uint32_t flux_count;
    struct vg_live_flux_config flux[VG_LIVE_FLUX_MAX];
};

/* message: the object with "type":"config". *config given. A flux whose scene is refused is
 * kept without a scene and said in the log: one bad scene must not blind the others.
 * VG_E_INPUT, VG_E_MEMORY. */
enum vg_status vg_live_config_read(const json_t *message, struct vg_live_config **config,
                                   struct vg_fault *fault) VG_MUST_USE;
void vg_live_config_free(struct vg_live_config **config);

#endif
