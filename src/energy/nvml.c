/* Functions and numbers of nvml.h, documented at https://docs.nvidia.com/deploy/nvml-api. */
#include "src/energy/nvml.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
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
typedef int call_name(void *board, char *name, unsigned size);

/* nvmlPciInfo_t since version 3. */
struct pci_info {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char address[32];
};
typedef int call_pci_info(void *board, struct pci_info *pci);

/* nvmlProcessInfo_t of version 2. Version 3 adds nothing that is asked here, and some drivers of that
 * time write longer ones. */
struct process_info {
    unsigned process;
    unsigned long long bytes; /* all bits set: not told */
    unsigned instance, compute_instance;
};
typedef int call_processes(void *board, unsigned *count, struct process_info *list);
typedef int call_decoders(void *board, unsigned *percent, unsigned *period_us);

#define PROCESSES_MAX 256u

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

static enum vg_status library_open(struct vg_nvml *n, const char *library, struct vg_fault *fault)
{
    call_none *init = NULL;
    n->library = dlopen(library ? library : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!n->library || !function(n->library, "nvmlInit_v2", &init))
        return vg_fault_set(fault, VG_E_LACK, N_("NVIDIA's library of measures is not there"),
                            N_("it comes with the driver of NVIDIA's boards"), "%s",
                            library ? library : "libnvidia-ml.so.1");
    const int code = init();
    if (code)
        return lack(fault, "nvmlInit_v2", code);
    (void)function(n->library, "nvmlShutdown", &n->shutdown);
    return VG_OK;
}

static enum vg_status open_one(struct vg_nvml **nvml, const char *library, const char *pci,
                               struct vg_fault *fault)
{
    *nvml = vg_alloc(sizeof **nvml);
    if (!*nvml)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "NVML");
    const enum vg_status status = library_open(*nvml, library, fault);
    return status ? status : board_find(*nvml, pci, fault);
}

enum vg_status vg_nvml_open_board(struct vg_nvml **nvml, const char *library, const char *pci,
                                  struct vg_fault *fault)
{
    const enum vg_status status = open_one(nvml, library, pci, fault);
    if (status)
        vg_nvml_close(nvml);
    return status;
}

enum vg_status vg_nvml_open(struct vg_nvml **nvml, const char *library, const char *pci,
                            struct vg_fault *fault)
{
    enum vg_status status = open_one(nvml, library, pci, fault);
    if (!status)
        status = source_find(*nvml, fault);
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
        if (millijoules < nvml->first_mj) /* the driver was loaded anew */
            return vg_fault_set(fault, VG_E_DEVICE, N_("the board's energy cannot be had"), NULL,
                                "nvmlDeviceGetTotalEnergyConsumption");
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

enum vg_status vg_nvml_value(const struct vg_nvml *nvml, uint64_t *value, struct vg_fault *fault)
{
    unsigned long long millijoules = 0;
    unsigned milliwatts = 0;
    const int code = nvml->energy ? nvml->energy(nvml->board, &millijoules)
                                  : nvml->power(nvml->board, &milliwatts);
    *value = nvml->energy ? millijoules : milliwatts;
    return code ? vg_fault_set(fault, VG_E_DEVICE, N_("the board's energy cannot be had"), NULL,
                               "%s %d",
                               nvml->energy ? "nvmlDeviceGetTotalEnergyConsumption"
                                            : "nvmlDeviceGetPowerUsage",
                               code)
                : VG_OK;
}

static bool is_one(pid_t process, const pid_t *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == process)
            return true;
    return false;
}

bool vg_nvml_memory(const struct vg_nvml *nvml, const pid_t *process, uint32_t count,
                    uint64_t *bytes)
{
    struct process_info list[PROCESSES_MAX];
    call_processes *processes = NULL;
    unsigned all = PROCESSES_MAX;
    bool told = false;
    *bytes = 0;
    if (!function(nvml->library, "nvmlDeviceGetComputeRunningProcesses_v2", &processes) ||
        processes(nvml->board, &all, list))
        return false;
    for (unsigned i = 0; i < all && i < PROCESSES_MAX; i++) {
        if (!is_one((pid_t)list[i].process, process, count))
            continue;
        if (list[i].bytes == ~0ULL)
            return false;
        *bytes += list[i].bytes;
        told = true;
    }
    return told;
}

bool vg_nvml_decoders(const struct vg_nvml *nvml, double *share)
{
    call_decoders *decoders = NULL;
    unsigned percent = 0, period_us = 0;
    *share = 0;
    if (!function(nvml->library, "nvmlDeviceGetDecoderUtilization", &decoders) ||
        decoders(nvml->board, &percent, &period_us) || percent > 100)
        return false;
    *share = percent / 100.0;
    return true;
}

/* False: the board has no address, and so no name that is its own. */
static bool board_about(const struct vg_nvml *n, void *at, struct vg_nvml_board *board)
{
    call_pci_info *pci_info = NULL;
    call_name *name = NULL;
    struct pci_info pci = {.domain = 0};
    memset(board, 0, sizeof *board);
    if (!function(n->library, "nvmlDeviceGetPciInfo_v3", &pci_info) || pci_info(at, &pci))
        return false;
    (void)snprintf(board->pci, sizeof board->pci, "%.31s", pci.address);
    if (function(n->library, "nvmlDeviceGetName", &name) &&
        name(at, board->name, sizeof board->name))
        board->name[0] = '\0';
    board->name[sizeof board->name - 1] = '\0';
    return true;
}

static enum vg_status boards_list(const struct vg_nvml *n, struct vg_nvml_board *board,
                                  uint32_t most, uint32_t *count, struct vg_fault *fault)
{
    call_count *count_of = NULL;
    call_index *by_index = NULL;
    unsigned all = 0;
    if (!function(n->library, "nvmlDeviceGetCount_v2", &count_of) ||
        !function(n->library, "nvmlDeviceGetHandleByIndex_v2", &by_index))
        return lack(fault, "nvmlDeviceGetCount_v2", 0);
    const int code = count_of(&all);
    for (unsigned i = 0; !code && i < all && *count < most; i++) {
        void *at = NULL;
        if (by_index(i, &at) == 0 && board_about(n, at, &board[*count]))
            ++*count;
    }
    return code ? lack(fault, "nvmlDeviceGetCount_v2", code) : VG_OK;
}

enum vg_status vg_nvml_boards(const char *library, struct vg_nvml_board *board, uint32_t most,
                              uint32_t *count, struct vg_fault *fault)
{
    struct vg_nvml n = {.library = NULL};
    *count = 0;
    enum vg_status status = library_open(&n, library, fault);
    if (!status)
        status = boards_list(&n, board, most, count, fault);
    if (n.shutdown)
        (void)n.shutdown();
    if (n.library)
        (void)dlclose(n.library);
    return status;
}
