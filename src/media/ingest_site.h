/* What holds for all flux of an ingest process, as their threads see it: fixed once made, shared by
 * reference. A thread keeps what it began a session with; the next session takes the newest. */
#ifndef VG_MEDIA_INGEST_SITE_H
#define VG_MEDIA_INGEST_SITE_H

#include <stdbool.h>

#include "src/base/attr.h"
#include "src/media/ingest_config.h"

struct vg_ingest_site;

/* Copies. VG_E_MEMORY. */
enum vg_status vg_ingest_site_open(struct vg_ingest_site **site,
                                   const struct vg_ingest_site_settings *settings) VG_MUST_USE;
struct vg_ingest_site *vg_ingest_site_ref(struct vg_ingest_site *site); /* NULL gives NULL */
void vg_ingest_site_unref(struct vg_ingest_site **site);

const struct vg_ingest_site_settings *vg_ingest_site_settings(const struct vg_ingest_site *site);

/* Whether it says what these settings say. */
bool vg_ingest_site_says(const struct vg_ingest_site *site,
                         const struct vg_ingest_site_settings *settings);

/* Whether a connection made by the one would be made by the other as well: what decodes, and how
 * far connections stand apart, may differ. NULL is like NULL alone. */
bool vg_ingest_site_connects_alike(const struct vg_ingest_site *a, const struct vg_ingest_site *b);

#endif
