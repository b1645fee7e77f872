/* Functions and numbers of nvml.h, documented at https://docs.nvidia.com/deploy/nvml-api. */
#include "bench/nvml.h"

#include <dlfcn.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"

typedef int call_none(void);
typedef int call_count(unsigned *count);
typedef int call_index(unsigned index, void **board);
typedef int call_pci(const char *pci, void **board);
typedef int call_energy(void *board, unsigned long long *millijoules);
typedef int call_power(void *board, unsigned *milliwatts);

struct vg_nvml {
    void *library, *board;
    call_none *shutdown; /* set once init has succeeded */
    call_energy *energy;
    call_power *power;
    unsigned long long first_mj;
    double joules; /* summed of powers */
    unsigned last_mw;
    struct vg_mono_time last;
};

/* POSIX: the result of dlsym holds a function's address; C has no cast for it. */
static void *function(void *library, const char *name, void *to)
{
    void *address = dlsym(library, name);
    memcpy(to, &address, sizeof address);
    return address;
}

static enum vg_status lack(struct vg_fault *fault, const char *place, int code)
{
    return vg_fault_set(fault, VG_E_LACK, N_("the board's energy cannot be had"), NULL, "%s %d",
                        place, code);
}

static enum vg_status board_find(struct vg_nvml *n, const char *pci, struct vg_fault *fault)
{
    call_count *count_of = NULL;
    call_index *by_index = NULL;
    call_pci *by_pci = NULL;
    unsigned count = 0;
    int code;
    if (!function(n->library, "nvmlDeviceGetCount_v2", &count_of) ||
        !function(n->library, "nvmlDeviceGetHandleByIndex_v2", &by_index) ||
        !function(n->library, "nvmlDeviceGetHandleByPciBusId_v2", &by_pci))
        return lack(fault, "nvmlDeviceGetCount_v2", 0);
    if (pci) {
        code = by_pci(pci, &n->board);
        return code ? lack(fault, pci, code) : VG_OK;
    }
    code = count_of(&count);
    if (code || count != 1) /* of several it is not known which one is meant */
        return lack(fault, "nvmlDeviceGetCount_v2", code ? code : (int)count);
    code = by_index(0, &n->board);
    return code ? lack(fault, "nvmlDeviceGetHandleByIndex_v2", code) : VG_OK;
}

/* The counter if the board has one, else its power. */
static enum vg_status source_find(struct vg_nvml *n, struct vg_fault *fault)
{
    if (function(n->library, "nvmlDeviceGetTotalEnergyConsumption", &n->energy) &&
        n->energy(n->board, &n->first_mj) == 0)
        return VG_OK;
    n->energy = NULL;
    n->last = vg_mono_now();
    if (function(n->library, "nvmlDeviceGetPowerUsage", &n->power) &&
        n->power(n->board, &n->last_mw) == 0)
        return VG_OK;
    return lack(fault, "nvmlDeviceGetPowerUsage", 0);
}

static enum vg_status open_one(struct vg_nvml *n, const char *library, const char *pci,
                               struct vg_fault *fault)
{
    call_none *init = NULL;
    n->library = dlopen(library ? library : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!n->library || !function(n->library, "nvmlInit_v2", &init))
        return lack(fault, library ? library : "libnvidia-ml.so.1", 0);
    const int code = init();
    if (code)
        return lack(fault, "nvmlInit_v2", code);
    (void)function(n->library, "nvmlShutdown", &n->shutdown);
    const enum vg_status status = board_find(n, pci, fault);
    return status ? status : source_find(n, fault);
}

enum vg_status vg_nvml_open(struct vg_nvml **nvml, const char *library, const char *pci,
                            struct vg_fault *fault)
{
    *nvml = vg_alloc(sizeof **nvml);
    if (!*nvml)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "NVML");
    const enum vg_status status = open_one(*nvml, library, pci, fault);
    if (status)
        vg_nvml_close(nvml);
    return status;
}

void vg_nvml_close(struct vg_nvml **nvml)
{
    if (!*nvml)
        return;
    if ((*nvml)->shutdown)
        (void)(*nvml)->shutdown();
    if ((*nvml)->library)
        (void)dlclose((*nvml)->library);
    vg_free(*nvml);
    *nvml = NULL;
}

static enum vg_status power_add(struct vg_nvml *n, struct vg_fault *fault)
{
    unsigned milliwatts = 0;
    const int code = n->power(n->board, &milliwatts);
    if (code)
        return vg_fault_set(fault, VG_E_DEVICE, N_("the board's energy cannot be had"), NULL,
                            "nvmlDeviceGetPowerUsage %d", code);
    const struct vg_mono_time now = vg_mono_now();
    const double mean_mw = 0.5 * ((double)milliwatts + (double)n->last_mw);
    n->joules += mean_mw * 1e-3 * (double)(now.us - n->last.us) * 1e-6;
    n->last_mw = milliwatts;
    n->last = now;
    return VG_OK;
}

enum vg_status vg_nvml_joules(struct vg_nvml *nvml, double *joules, struct vg_fault *fault)
{
    if (nvml->energy) {
        unsigned long long millijoules = 0;
        const int code = nvml->energy(nvml->board, &millijoules);
        if (code)
            return vg_fault_set(fault, VG_E_DEVICE, N_("the board's energy cannot be had"), NULL,
                                "nvmlDeviceGetTotalEnergyConsumption %d", code);
        *joules = 1e-3 * (double)(millijoules - nvml->first_mj);
        return VG_OK;
    }
    const enum vg_status status = power_add(nvml, fault);
    *joules = nvml->joules;
    return status;
}

enum vg_nvml_source vg_nvml_source(const struct vg_nvml *nvml)
{
    return nvml->energy ? VG_NVML_COUNTER : VG_NVML_POWER;
}
