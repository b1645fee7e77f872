/* For tests: what a site declares, put into a database as an administrator would. */
#ifndef VG_TESTS_SITE_FIXTURE_H
#define VG_TESTS_SITE_FIXTURE_H

#include <jansson.h>
#include <stdbool.h>

#include "src/base/alloc.h"
#include "src/store/site.h"

/* Sources every port of which may be named: "10.0.0.1", "vms"; true when it is written. */
static inline bool site_declare(struct vg_database *database, const char *const *hosts,
                                size_t count)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_site *site = vg_alloc(sizeof *site);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_pack("{s:s}", "host", hosts[i]));
    const bool good = site && vg_site_get(database, site, &fault) == VG_OK &&
                      vg_host_list_read(list, &site->settings.sources, &fault) == VG_OK &&
                      vg_site_put(database, NULL, site, NULL, VG_VERSION_ANY, &fault) == VG_OK;
    json_decref(list);
    vg_free(site);
    return good;
}

#endif
