#include "bench/machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "src/base/alloc.h"
#include "src/base/cores.h"
#include "src/base/text.h"
#include "src/media/decode_steps.h"

#define PROCESSORS_MAX 4096

/* What stands behind "KEY ... : " if the line is of that key; NULL: it is not. Ended at its line. */
static char *value_of(char *line, const char *key)
{
    const size_t n = strlen(key);
    char *colon = strchr(line, ':');
    if (!colon || strncmp(line, key, n) != 0 ||
        (line[n] != '\t' && line[n] != ' ' && line[n] != ':'))
        return NULL;
    char *value = colon + 1 + strspn(colon + 1, " \t");
    value[strcspn(value, "\n")] = '\0';
    return value;
}

/* Cores that were seen, each by its socket and its number there. */
struct cores {
    uint32_t count;
    struct core {
        long socket, number;
    } core[PROCESSORS_MAX];
};

static void add_core(struct cores *cores, struct core core)
{
    for (uint32_t i = 0; i < cores->count; i++)
        if (cores->core[i].socket == core.socket && cores->core[i].number == core.number)
            return;
    if (cores->count < PROCESSORS_MAX)
        cores->core[cores->count++] = core;
}

static FILE *open_in(const char *root, const char *path)
{
    char whole[4096];
    const int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    return n > 0 && n < (int)sizeof whole ? fopen(whole, "re") : NULL;
}

static void read_cpu(struct vg_machine *machine, const char *root, struct cores *cores)
{
    char line[4096];
    struct core core = {0};
    FILE *file = open_in(root, "/proc/cpuinfo");
    while (file && fgets(line, sizeof line, file)) {
        const char *value;
        if (value_of(line, "processor"))
            machine->threads++;
        else if (!machine->cpu[0] && (value = value_of(line, "model name")))
            (void)snprintf(machine->cpu, sizeof machine->cpu, "%.*s", (int)sizeof machine->cpu - 1,
                           value);
        else if ((value = value_of(line, "physical id")))
            core.socket = strtol(value, NULL, 10);
        else if ((value = value_of(line, "core id"))) {
            core.number = strtol(value, NULL, 10);
            add_core(cores, core);
        } else if ((value = value_of(line, "flags")) && strstr(value, " hypervisor"))
            machine->is_virtual = true;
    }
    if (file)
        (void)fclose(file);
    machine->cores = cores->count ? cores->count : machine->threads;
}

static void read_memory(struct vg_machine *machine, const char *root)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = open_in(root, "/proc/meminfo");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemTotal: %llu kB", &kib) == 1)
            machine->memory_bytes = (uint64_t)kib * 1024;
    if (file)
        (void)fclose(file);
}

static void read_kernel(struct vg_machine *machine)
{
    struct utsname name;
    if (uname(&name) == 0) /* its nodename is the host's */
        (void)snprintf(machine->kernel, sizeof machine->kernel, "%.20s %.60s %.20s", name.sysname,
                       name.release, name.machine);
}

static void read_usable(struct vg_machine *machine, const char *root)
{
    struct vg_cores_place place;
    struct vg_cores cores;
    vg_cores_find(&place, root);
    vg_cores_read(&place, &cores);
    machine->usable = cores.allowed;
    machine->usable_milli = vg_cores_usable_milli(&cores);
}

static void read_decoders(struct vg_machine *machine)
{
    struct vg_decode_devices *devices = NULL;
    const struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    if (vg_decode_devices_open(&devices, &settings))
        return;
    while (machine->decoder_count < VG_DECODE_DEVICES_MAX &&
           vg_decode_devices_about(devices, machine->decoder_count,
                                   &machine->decoder[machine->decoder_count]) == VG_OK)
        machine->decoder_count++;
    vg_decode_devices_close(&devices);
}

enum vg_status vg_machine_read(struct vg_machine *machine, const char *root, struct vg_fault *fault)
{
    struct cores *cores = vg_alloc(sizeof *cores);
    *machine = (struct vg_machine){.cores = 0};
    if (!cores)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench");
    read_cpu(machine, root, cores);
    vg_free(cores);
    read_memory(machine, root);
    read_kernel(machine);
    read_usable(machine, root);
    if (vg_device_list(machine->device, &machine->device_count, NULL))
        machine->device_count = 0;
    read_decoders(machine);
    return VG_OK;
}

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static json_t *devices_json(const struct vg_machine *machine)
{
    static const char *const kind[] = {"cpu", "gpu", "other"};
    json_t *list = json_array();
    for (uint32_t i = 0; i < machine->device_count; i++) {
        const struct vg_device_info *device = &machine->device[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:I}", "name",
                                                    device->name, "kind", kind[device->kind],
                                                    "driver", device->driver, "compute_units",
                                                    (int)device->compute_units, "memory_mb",
                                                    (json_int_t)(device->memory_bytes / 1000000)));
    }
    return list;
}

static json_t *decoders_json(const struct vg_machine *machine)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < machine->decoder_count; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s}", "name", machine->decoder[i].name, "by",
                                              vg_decode_step_name(machine->decoder[i].step)));
    return list;
}

json_t *vg_machine_json(const struct vg_machine *machine)
{
    return json_pack("{s:o, s:i, s:i, s:i, s:f, s:I, s:o, s:b, s:o, s:o}", "cpu",
                     text_or_null(machine->cpu), "cores", (int)machine->cores, "threads",
                     (int)machine->threads, "usable_threads", (int)machine->usable, "usable_cores",
                     machine->usable_milli / 1000.0, "memory_mb",
                     (json_int_t)(machine->memory_bytes / 1000000), "kernel",
                     text_or_null(machine->kernel), "virtual", (int)machine->is_virtual, "devices",
                     devices_json(machine), "decoders", decoders_json(machine));
}
