/* Energy of an NVIDIA board, and what a program takes of it, by NVML, its management library, opened
 * while running: nothing of CUDA is needed to build this. One thread at a time. */
#ifndef VG_ENERGY_NVML_H
#define VG_ENERGY_NVML_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_nvml;

enum vg_nvml_source {
    VG_NVML_COUNTER, /* the board's own energy counter, millijoules (Volta and later) */
    VG_NVML_POWER    /* no counter: power at each reading, watts, summed over the time between */
};

/* Opens `library` (NULL: libnvidia-ml.so.1) and the board at the PCI address "0000:3b:00.0"; NULL:
 * the only board. VG_E_LACK: no library, no board, several of them, or no energy to be had;
 * VG_E_MEMORY. */
enum vg_status vg_nvml_open(struct vg_nvml **nvml, const char *library, const char *pci,
                            struct vg_fault *fault) VG_MUST_USE;
/* As vg_nvml_open, of a board whose energy nobody asks for. */
enum vg_status vg_nvml_open_board(struct vg_nvml **nvml, const char *library, const char *pci,
                                  struct vg_fault *fault) VG_MUST_USE;
void vg_nvml_close(struct vg_nvml **nvml);

/* Joules since open. With VG_NVML_POWER: read it some ten times a second, or peaks are missed.
 * VG_E_DEVICE. */
enum vg_status vg_nvml_joules(struct vg_nvml *nvml, double *joules,
                              struct vg_fault *fault) VG_MUST_USE;
enum vg_nvml_source vg_nvml_source(const struct vg_nvml *nvml);

/* What the board says now, as it says it: millijoules since its driver was loaded with
 * VG_NVML_COUNTER, else milliwatts. VG_E_DEVICE. */
enum vg_status vg_nvml_value(const struct vg_nvml *nvml, uint64_t *value,
                             struct vg_fault *fault) VG_MUST_USE;

/* Memory of the board that these processes have; false: it does not tell of one of them, or of none
 * (in a container, it knows them by other numbers). */
bool vg_nvml_memory(const struct vg_nvml *nvml, const pid_t *process, uint32_t count,
                    uint64_t *bytes);
/* How busy its decoders were in the last moments, 0 to 1, whoever used them; false: it does not
 * tell. */
bool vg_nvml_decoders(const struct vg_nvml *nvml, double *share);

struct vg_nvml_board {
    char pci[32]; /* "00000000:3B:00.0", as vg_nvml_open takes it */
    char name[96];
};

/* The machine's boards, `most` at most; library as above. VG_E_LACK: no library, or it does not
 * work. */
enum vg_status vg_nvml_boards(const char *library, struct vg_nvml_board *board, uint32_t most,
                              uint32_t *count, struct vg_fault *fault) VG_MUST_USE;

#endif
