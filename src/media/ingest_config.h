/* The configuration as the supervisor hands it to an ingest process, read into plain structs.
 * It holds passwords: it is wiped when it is let go. */
#ifndef VG_MEDIA_INGEST_CONFIG_H
#define VG_MEDIA_INGEST_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/site_settings.h"
#include "src/base/stop.h"
#include "src/media/slots.h"
#include "src/media/source.h"

#define VG_INGEST_CA_SIZE       8192
#define VG_INGEST_PROCESSES_MAX 1024

struct vg_ingest_flux_config {
    bool present; /* a flux has this place */
    bool active;
    char id[VG_STOP_NAME_SIZE];
    char url[VG_SOURCE_URL_SIZE];
    char evidence_url[VG_SOURCE_URL_SIZE]; /* main stream for evidence; "": url is all there is */
    char user[256], password[256];         /* of both addresses */
    enum vg_transport transport;
    uint32_t priority; /* 0 first, 9 last */
    uint64_t source; /* another one: the address was changed, or the flux made anew; 0: not told */
    char interface[VG_INTERFACE_SIZE]; /* "": the site's */
    char tls_name[VG_HOST_SIZE];       /* "": the host of the address */
    char ca_pem[VG_INGEST_CA_SIZE];    /* "": the site's */
    /* Why the site's settings do not admit it ("host_not_declared"); "": they do. Not active then. */
    char refused[32];
};

/* What holds for all flux. Redirects ask vg_host_list_may_visit(&settings.sources, host, port);
 * who comes to a port of ours is one of settings.sources too. */
struct vg_ingest_site_settings {
    struct vg_site_settings settings;
    char key_pem[VG_SITE_KEY_SIZE]; /* of settings.certificate_pem; "": none */
    uint32_t process, processes;    /* which of the ingest processes this is: 0 of 1 unless told */
};

struct vg_ingest_config {
    uint64_t version;
    double share; /* of what all ingest processes have together, by their flux; 0 to 1 */
    struct vg_authorisation authorisation;
    struct vg_ingest_site_settings site; /* of a message without one: nothing is declared */
    struct vg_ingest_flux_config flux[VG_SLOTS_FLUX_MAX]; /* by place in the slots */
};

/* message: the object with "type":"config". flux_max: places that there are. Further keys are
 * ignored (rate_fps: the reader's wants decide). *config given. VG_E_INPUT (the place names
 * the flux or its number, never an address), VG_E_MEMORY. */
enum vg_status vg_ingest_config_read(const json_t *message, uint32_t flux_max,
                                     struct vg_ingest_config **config,
                                     struct vg_fault *fault) VG_MUST_USE;
void vg_ingest_config_free(struct vg_ingest_config **config);

#endif
