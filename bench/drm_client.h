/* What a program holds of a graphics board, as the kernel tells it of an open render node in
 * /proc/PID/fdinfo ("DRM client usage stats" of its documentation; i915, xe, amdgpu and others). Pure. */
#ifndef VG_BENCH_DRM_CLIENT_H
#define VG_BENCH_DRM_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#define VG_DRM_DECODERS_MAX 4

/* Engines that decode, of one kind. They count nanoseconds, or cycles beside all that passed. */
struct vg_drm_decoder {
    char name[16];
    uint32_t capacity; /* engines; 1 where it is not said */
    uint64_t busy_ns, cycles, total_cycles;
};

struct vg_drm_client {
    char board[24]; /* its address on the bus; "": not said */
    uint64_t id;    /* of the board's clients; several descriptors may be of one */
    bool memory_told;
    uint64_t memory_bytes; /* that are on the board */
    uint32_t decoders;
    struct vg_drm_decoder decoder[VG_DRM_DECODERS_MAX];
};

/* text ends with a zero; false: it is of no such client. What is no number counts as 0, engines
 * beyond VG_DRM_DECODERS_MAX are left out. */
bool vg_drm_client_parse(const char *text, struct vg_drm_client *client);

#endif
