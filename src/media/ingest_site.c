#include "src/media/ingest_site.h"

#include <stdatomic.h>
#include <string.h>

#include "src/base/alloc.h"

struct vg_ingest_site {
    _Atomic uint32_t users; /* acq_rel */
    struct vg_ingest_site_settings settings;
};

enum vg_status vg_ingest_site_open(struct vg_ingest_site **site,
                                   const struct vg_ingest_site_settings *settings)
{
    struct vg_ingest_site *made = vg_alloc(sizeof *made);
    *site = made;
    if (!made)
        return VG_E_MEMORY;
    atomic_init(&made->users, 1);
    made->settings = *settings;
    return VG_OK;
}

struct vg_ingest_site *vg_ingest_site_ref(struct vg_ingest_site *site)
{
    if (site)
        (void)atomic_fetch_add_explicit(&site->users, 1, memory_order_relaxed);
    return site;
}

void vg_ingest_site_unref(struct vg_ingest_site **site)
{
    struct vg_ingest_site *s = *site;
    *site = NULL;
    if (!s || atomic_fetch_sub_explicit(&s->users, 1, memory_order_acq_rel) != 1)
        return;
    explicit_bzero(s->settings.key_pem, sizeof s->settings.key_pem);
    vg_free(s);
}

const struct vg_ingest_site_settings *vg_ingest_site_settings(const struct vg_ingest_site *site)
{
    return &site->settings;
}

/* Both were read by the same reader into zeroed memory: what is equal is equal in every byte. */
bool vg_ingest_site_says(const struct vg_ingest_site *site,
                         const struct vg_ingest_site_settings *settings)
{
    return memcmp(&site->settings, settings, sizeof *settings) == 0;
}

bool vg_ingest_site_connects_alike(const struct vg_ingest_site *a, const struct vg_ingest_site *b)
{
    if (a == b || !a || !b)
        return a == b;
    const struct vg_site_settings *x = &a->settings.settings, *y = &b->settings.settings;
    return memcmp(&x->sources, &y->sources, sizeof x->sources) == 0 &&
           memcmp(&x->listen, &y->listen, sizeof x->listen) == 0 &&
           x->encryption_required == y->encryption_required &&
           strcmp(x->interface, y->interface) == 0 && x->port_first == y->port_first &&
           x->port_last == y->port_last && strcmp(x->ca_pem, y->ca_pem) == 0 &&
           strcmp(x->certificate_pem, y->certificate_pem) == 0 &&
           strcmp(a->settings.key_pem, b->settings.key_pem) == 0;
}
