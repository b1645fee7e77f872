/* What the kernel's drivers measure: /sys/class/hwmon/hwmonN with the driver in `name`, microjoules in
 * energy1_input, microwatts in power1_average or power1_input.
 * Source: Linux, Documentation/hwmon/sysfs-interface.rst and gpu/amdgpu/thermal.rst, i915's and xe's in
 * Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon, -xe-hwmon; acpi_power_meter.rst. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/energy/meter_source.h"
#include "src/energy/sys_file.h"

#define ADDRESS_MAX 32 /* of a device on its bus, as shown */

#define FOLDER    "/sys/class/hwmon"
#define PERIOD_US 200000 /* of watts: their peaks are short */

enum {
    PATH_ROOM = 512
};

static const struct {
    const char *driver;
    enum vg_energy_scope scope;
} drivers[] = {
    {"amdgpu", VG_ENERGY_GPU},  {"i915", VG_ENERGY_GPU},          {"xe", VG_ENERGY_GPU},
    {"nouveau", VG_ENERGY_GPU}, {"power_meter", VG_ENERGY_BOARD}, /* ACPI: the machine itself */
};

/* The first that a device has; a counter beats watts, and watts over time those of a moment. xe's
 * energy2 is of the package when its board has none. */
static const struct {
    const char *file;
    enum vg_meter_form form;
} values[] = {{"energy1_input", VG_METER_COUNTER},
              {"energy2_input", VG_METER_COUNTER},
              {"power1_average", VG_METER_POWER},
              {"power1_input", VG_METER_POWER}};

struct hwmon {
    char path[PATH_ROOM];
    enum vg_meter_form form;
};

struct device {
    char folder[PATH_ROOM - 64];
    char driver[32];
    char address[64]; /* on its bus: hwmonN may be another number tomorrow */
    enum vg_energy_scope scope;
};

static bool known_driver(struct device *d)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(d->driver, drivers[i].driver) == 0) {
            d->scope = drivers[i].scope;
            return true;
        }
    return false;
}

/* PCI_SLOT_NAME of the device's uevent, else the folder's name. */
static void address_of(struct device *d, const char *name)
{
    static const char key[] = "PCI_SLOT_NAME=";
    char path[PATH_ROOM];
    uint8_t *text = NULL;
    size_t size = 0;
    (void)snprintf(d->address, sizeof d->address, "%.32s", name);
    (void)snprintf(path, sizeof path, "%s/device/uevent", d->folder);
    if (vg_file_read(path, 65536, &text, &size, NULL))
        return;
    const char *at = strstr((const char *)text, key);
    if (at) {
        at += sizeof key - 1;
        const size_t length = strcspn(at, "\n");
        (void)snprintf(d->address, sizeof d->address, "%.*s",
                       length < ADDRESS_MAX ? (int)length : ADDRESS_MAX, at);
    }
    vg_free(text);
}

static bool device_at(struct device *d, const char *root, const char *name)
{
    char path[PATH_ROOM];
    const int n = snprintf(d->folder, sizeof d->folder, "%s" FOLDER "/%s", root, name);
    if (name[0] == '.' || n < 0 || (size_t)n >= sizeof d->folder)
        return false;
    (void)snprintf(path, sizeof path, "%s/name", d->folder);
    if (vg_sys_text(path, d->driver, sizeof d->driver, NULL) || !known_driver(d))
        return false;
    address_of(d, name);
    return true;
}

/* Which of its files is read. */
static enum vg_status value_of(const struct device *d, struct hwmon *h, struct vg_fault *fault)
{
    enum vg_status status = VG_E_MISSING;
    for (size_t i = 0; i < sizeof values / sizeof *values && status == VG_E_MISSING; i++) {
        uint64_t number;
        (void)snprintf(h->path, sizeof h->path, "%s/%s", d->folder, values[i].file);
        h->form = values[i].form;
        status = vg_sys_number(h->path, &number, fault);
    }
    return status;
}

static void about_of(const struct device *d, const struct hwmon *h, struct vg_meter_about *about)
{
    (void)snprintf(about->name, sizeof about->name, "hwmon:%.20s@%.32s", d->driver, d->address);
    (void)snprintf(about->label, sizeof about->label, "%s", strrchr(h->path, '/') + 1);
    about->scope = d->scope;
    about->form = h->form;
    about->parts = h->form == VG_METER_COUNTER;
    about->resolution = 1e-6;
    about->period_us = h->form == VG_METER_COUNTER ? VG_US_PER_S : PERIOD_US;
}

static enum vg_status none(const char *folder, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MISSING, N_("no board of this machine tells its power here"),
                        NULL, "%s", folder);
}

static enum vg_status hwmon_find(const struct vg_meter_settings *settings,
                                 struct vg_meter_list *list, struct vg_fault *fault)
{
    char folder[300];
    enum vg_status status = VG_E_MISSING;
    (void)snprintf(folder, sizeof folder, "%s" FOLDER, settings->root);
    DIR *dir = opendir(folder);
    if (!dir)
        return none(folder, fault);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct device d;
        struct hwmon h;
        struct vg_fault why = {.what = ""};
        if (!device_at(&d, settings->root, e->d_name))
            continue;
        const enum vg_status here = value_of(&d, &h, &why);
        struct vg_meter_entry *entry =
            here == VG_E_MISSING ? NULL : vg_meter_list_add(list, VG_METER_HWMON);
        if (!entry)
            continue;
        about_of(&d, &h, &entry->about);
        entry->status = here;
        entry->fault = why;
        status = VG_OK;
    }
    (void)closedir(dir);
    return status ? none(folder, fault) : VG_OK;
}

/* By its name: the folder may have moved. */
static enum vg_status hwmon_open(void **state, const struct vg_meter_settings *settings,
                                 const struct vg_meter_about *about, struct vg_fault *fault)
{
    char folder[300];
    struct hwmon *h = vg_alloc(sizeof *h);
    *state = h;
    if (!h)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", about->name);
    (void)snprintf(folder, sizeof folder, "%s" FOLDER, settings->root);
    DIR *dir = opendir(folder);
    enum vg_status status = none(folder, fault);
    for (struct dirent *e; dir && status && (e = readdir(dir)) != NULL;) {
        struct device d;
        struct vg_meter_about here = {.name = ""};
        if (!device_at(&d, settings->root, e->d_name) || value_of(&d, h, fault))
            continue;
        about_of(&d, h, &here);
        status =
            strcmp(here.name, about->name) == 0 && here.form == about->form ? VG_OK : VG_E_MISSING;
    }
    if (dir)
        (void)closedir(dir);
    return status ? none(about->name, fault) : VG_OK;
}

static enum vg_status hwmon_read(void *state, struct vg_meter_sample *sample,
                                 struct vg_fault *fault)
{
    const struct hwmon *h = state;
    uint64_t micro = 0;
    const enum vg_status status = vg_sys_number(h->path, &micro, fault);
    sample->uj[0] = micro;
    sample->watts = (double)micro * 1e-6;
    return status;
}

const struct vg_meter_source vg_hwmon_source = {"hwmon", hwmon_find, hwmon_open, hwmon_read,
                                                vg_free};
