/* The site's settings in the database: one object with its version, the private key of the client's
 * certificate sealed beside it; and what they say of a flux.
 *
 * A change counts as one of the configuration (config.h), so that the supervisor hands it out.
 * Thread: that of the database handle. */
#ifndef VG_STORE_SITE_H
#define VG_STORE_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/site_settings.h"
#include "src/store/config.h"

/* Large: on the heap (vg_alloc). */
struct vg_site {
    struct vg_site_settings settings;
    bool has_key;     /* of the client's certificate; read only */
    uint64_t version; /* ETag, never 0; read only */
};

enum vg_status vg_site_get(struct vg_database *database, struct vg_site *site,
                           struct vg_fault *fault) VG_MUST_USE;

/* Writes settings, based on the version `expected` (VG_VERSION_ANY), and the key when it is not NULL
 * ("" takes it away; NULL keeps it, unless the certificate goes). Certificates and key must be
 * readable and belong together. *site gets its new version. secret may be NULL without a key.
 * VG_E_INPUT (place: the pointer), VG_E_STATE (someone else changed it, or no secret). */
enum vg_status vg_site_put(struct vg_database *database, const struct vg_secret *secret,
                           struct vg_site *site, const char *key, uint64_t expected,
                           struct vg_fault *fault) VG_MUST_USE;

/* The key in clear ("" if none); wipe it after use. VG_E_INTEGRITY (sealed by another key). */
enum vg_status vg_site_key(struct vg_database *database, const struct vg_secret *secret,
                           char key[VG_SITE_KEY_SIZE], struct vg_fault *fault) VG_MUST_USE;

/* What the settings say of a flux: of its url, then of its evidence_url. If they do not admit it,
 * the fault has the words and the key as its place; its status is VG_E_INPUT. Pure. */
enum vg_site_verdict vg_site_judge_flux(const struct vg_site_settings *settings,
                                        const struct vg_flux_config *flux, struct vg_fault *fault);

/* Whether one of the flux's addresses comes in the clear in a way that wants agreement. Pure. */
bool vg_flux_clear_wants_agreement(const struct vg_flux_config *flux);

/* Of an upgrade: the hosts of the flux that there are become the declared sources, and the audit
 * says so. In the caller's transaction. */
enum vg_status vg_site_adopt(struct vg_database *database, struct vg_fault *fault) VG_MUST_USE;

#endif
