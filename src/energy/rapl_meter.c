/* Processors' own counters: /sys/class/powercap/intel-rapl:N (AMD's stand there too), microjoules
 * that wrap at max_energy_range_uj. One meter for each scope, of all zones that hold it:
 *
 *   intel-rapl:0        package-0   package
 *   intel-rapl:0:0      core        inside the package: left out
 *   intel-rapl:0:1      dram        dram
 *   intel-rapl:1        psys        board
 *   intel-rapl-mmio:0   package-0   the same package by another way: left out
 *
 * Source: Linux, Documentation/power/powercap/powercap.rst and drivers/powercap. Root alone may read
 * energy_uj since Linux 5.10 (CVE-2020-8694): docs/energie.md says how to give a service the right. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/energy/meter_source.h"
#include "src/energy/sys_file.h"

#define FOLDER     "/sys/class/powercap"
#define RESOLUTION 61e-6 /* of most, joules: 2^-14; 15.3e-6 of others */

enum {
    ZONES_MAX = 64,
    PATH_ROOM = 640
};

static const struct {
    const char *zone; /* its name begins so */
    enum vg_energy_scope scope;
} scopes[] = {{"package-", VG_ENERGY_PACKAGE}, {"dram", VG_ENERGY_DRAM}, {"psys", VG_ENERGY_BOARD}};

struct rapl {
    uint32_t parts;
    char path[VG_METER_PARTS_MAX][PATH_ROOM]; /* of energy_uj */
};

/* "intel-rapl:0" or "intel-rapl:0:1". */
static bool is_zone(const char *name)
{
    static const char begins[] = "intel-rapl:";
    return strncmp(name, begins, sizeof begins - 1) == 0 && name[sizeof begins - 1] != '\0' &&
           strspn(name + sizeof begins - 1, "0123456789:") == strlen(name + sizeof begins - 1);
}

/* Whether the zone counts for `scope`. */
static bool zone_is_of(const char *folder, const char *zone, enum vg_energy_scope scope)
{
    char path[PATH_ROOM], name[64];
    const int n = snprintf(path, sizeof path, "%s/%s/name", folder, zone);
    if (n < 0 || (size_t)n >= sizeof path || vg_sys_text(path, name, sizeof name, NULL))
        return false;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
        if (scopes[i].scope == scope)
            return strncmp(name, scopes[i].zone, strlen(scopes[i].zone)) == 0;
    return false;
}

static enum vg_status add_part(struct rapl *r, uint64_t *wrap_uj, const char *folder,
                               const char *zone, struct vg_fault *fault)
{
    char path[PATH_ROOM];
    const int n = snprintf(path, sizeof path, "%s/%s/max_energy_range_uj", folder, zone);
    const int m = snprintf(r->path[r->parts], sizeof r->path[0], "%s/%s/energy_uj", folder, zone);
    if (n < 0 || m < 0 || (size_t)n >= sizeof path || (size_t)m >= sizeof r->path[0])
        return vg_fault_set(fault, VG_E_CALL, N_("the meter is not there"), NULL, "%s", zone);
    const enum vg_status status = vg_sys_number(path, &wrap_uj[r->parts], fault);
    r->parts += !status;
    return status;
}

/* All zones of the scope: in the order of the folder, which is of no account. */
static enum vg_status zones(struct rapl *r, uint64_t wrap_uj[VG_METER_PARTS_MAX],
                            const struct vg_meter_settings *settings, enum vg_energy_scope scope,
                            struct vg_fault *fault)
{
    char folder[300];
    r->parts = 0;
    (void)snprintf(folder, sizeof folder, "%s" FOLDER, settings->root);
    DIR *dir = opendir(folder);
    if (!dir)
        return vg_fault_set(fault, VG_E_MISSING,
                            N_("this machine shows no counters of its processors"),
                            N_("most virtual machines show none; on others load the module "
                               "intel_rapl_msr"),
                            "%s", folder);
    enum vg_status status = VG_OK;
    int seen = 0;
    for (struct dirent *e; !status && seen < ZONES_MAX && (e = readdir(dir)) != NULL;) {
        if (!is_zone(e->d_name))
            continue;
        seen++;
        if (!zone_is_of(folder, e->d_name, scope))
            continue;
        status = r->parts < VG_METER_PARTS_MAX
                     ? add_part(r, wrap_uj, folder, e->d_name, fault)
                     : vg_fault_set(fault, VG_E_FULL, N_("the machine has too many of these"), NULL,
                                    "%s", folder);
    }
    (void)closedir(dir);
    if (!status && r->parts == 0)
        status = vg_fault_set(fault, VG_E_MISSING,
                              N_("this machine shows no counters of its processors"), NULL,
                              "%s: %s", folder, vg_energy_scope_name(scope));
    return status;
}

static enum vg_status rapl_read(void *state, struct vg_meter_sample *sample, struct vg_fault *fault)
{
    const struct rapl *r = state;
    enum vg_status status = VG_OK;
    for (uint32_t p = 0; p < r->parts && !status; p++)
        status = vg_sys_number(r->path[p], &sample->uj[p], fault);
    return status;
}

static enum vg_status rapl_find(const struct vg_meter_settings *settings,
                                struct vg_meter_list *list, struct vg_fault *fault)
{
    uint64_t wrap_uj[VG_METER_PARTS_MAX] = {0};
    struct rapl r;
    enum vg_status status = VG_E_MISSING;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        struct vg_fault why = {.what = ""};
        struct vg_meter_sample sample;
        const enum vg_status here = zones(&r, wrap_uj, settings, scopes[i].scope, &why);
        if (here && (status == VG_E_MISSING && i == 0) && fault)
            *fault = why;
        struct vg_meter_entry *entry = here ? NULL : vg_meter_list_add(list, VG_METER_RAPL);
        if (!entry)
            continue;
        status = VG_OK;
        (void)snprintf(entry->about.name, sizeof entry->about.name, "rapl:%s",
                       scopes[i].scope == VG_ENERGY_BOARD ? "psys"
                                                          : vg_energy_scope_name(scopes[i].scope));
        entry->about.scope = scopes[i].scope;
        entry->about.parts = r.parts;
        entry->about.resolution = RESOLUTION;
        entry->about.period_us = VG_US_PER_S;
        memcpy(entry->about.wrap_uj, wrap_uj, sizeof wrap_uj);
        entry->status = rapl_read(&r, &sample, &entry->fault);
    }
    return status;
}

static enum vg_status rapl_open(void **state, const struct vg_meter_settings *settings,
                                const struct vg_meter_about *about, struct vg_fault *fault)
{
    uint64_t wrap_uj[VG_METER_PARTS_MAX];
    struct rapl *r = vg_alloc(sizeof *r);
    *state = r;
    if (!r)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", about->name);
    enum vg_status status = zones(r, wrap_uj, settings, about->scope, fault);
    if (!status && r->parts != about->parts)
        status =
            vg_fault_set(fault, VG_E_STATE, N_("the meter is not there"), NULL, "%s", about->name);
    return status;
}

const struct vg_meter_source vg_rapl_source = {"rapl", rapl_find, rapl_open, rapl_read, vg_free};
