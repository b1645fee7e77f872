/* A management library of NVIDIA's that needs no board: 100 W, counted in calls of 2 J; what it lacks
 * is said by VIGIE_FAKE_NVML (boards, counter, power, init, processes, untold, decoders), what it does besides too: "gone" (boards
 * fell off the bus), "back" (the counter begins anew at each call). A module that a test opens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    NOT_SUPPORTED = 3,
    LOST = 15,
    UNKNOWN = 999
};

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **board);
int nvmlDeviceGetHandleByPciBusId_v2(const char *pci, void **board);
int nvmlDeviceGetTotalEnergyConsumption(void *board, unsigned long long *millijoules);
struct pci_info {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char address[32];
};
int nvmlDeviceGetPciInfo_v3(void *board, struct pci_info *pci);
int nvmlDeviceGetName(void *board, char *name, unsigned size);
int nvmlDeviceGetPowerUsage(void *board, unsigned *milliwatts);
struct process_info {
    unsigned process;
    unsigned long long bytes;
    unsigned instance, compute_instance;
};
int nvmlDeviceGetComputeRunningProcesses_v2(void *board, unsigned *count,
                                            struct process_info *list);
int nvmlDeviceGetDecoderUtilization(void *board, unsigned *percent, unsigned *period_us);

static unsigned long long used_mj = 123456;

static int lacks(const char *what)
{
    const char *word = getenv("VIGIE_FAKE_NVML");
    return word && strstr(word, what);
}

int nvmlInit_v2(void)
{
    return lacks("init") ? UNKNOWN : 0;
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = lacks("boards") ? 2 : 1;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **board)
{
    *board = &used_mj;
    return index ? UNKNOWN : 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *pci, void **board)
{
    *board = &used_mj;
    return strcmp(pci, "00000000:3b:00.0") ? UNKNOWN : 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *board, unsigned long long *millijoules)
{
    if (lacks("counter") || board != &used_mj)
        return NOT_SUPPORTED;
    if (lacks("gone"))
        return LOST;
    used_mj = lacks("back") ? used_mj / 2 : used_mj + 2000;
    *millijoules = used_mj;
    return 0;
}

int nvmlDeviceGetPowerUsage(void *board, unsigned *milliwatts)
{
    *milliwatts = 100000;
    return lacks("power") || board != &used_mj ? NOT_SUPPORTED : 0;
}

int nvmlDeviceGetPciInfo_v3(void *board, struct pci_info *pci)
{
    *pci = (struct pci_info){.bus = 0x3b};
    (void)snprintf(pci->address, sizeof pci->address, "00000000:3b:00.0");
    return board != &used_mj;
}

int nvmlDeviceGetName(void *board, char *name, unsigned size)
{
    (void)snprintf(name, size, "Board of a test");
    return board != &used_mj;
}

/* The test itself, and one that is not of it. */
int nvmlDeviceGetComputeRunningProcesses_v2(void *board, unsigned *count, struct process_info *list)
{
    if (lacks("processes") || board != &used_mj || *count < 2)
        return NOT_SUPPORTED;
    *count = 2;
    list[0] = (struct process_info){.process = (unsigned)getpid(), .bytes = 300u << 20};
    list[1] = (struct process_info){.process = 1, .bytes = 500u << 20};
    if (lacks("untold"))
        list[0].bytes = ~0ULL;
    return 0;
}

int nvmlDeviceGetDecoderUtilization(void *board, unsigned *percent, unsigned *period_us)
{
    static unsigned calls;
    *percent = 20 + calls++ % 2 * 20;
    *period_us = 166667;
    return lacks("decoders") || board != &used_mj ? NOT_SUPPORTED : 0;
}
