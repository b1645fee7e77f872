/* What a server takes of graphics boards while it is measured: memory, and how busy decoders are. By the
 * kernel where the board's driver tells it (drm_client.h), by NVML for NVIDIA's boards. What is told of a
 * part only is not known. One thread at a time. */
#ifndef VG_BENCH_BOARD_WATCH_H
#define VG_BENCH_BOARD_WATCH_H

#include <stdint.h>
#include <sys/types.h>

struct vg_board_watch;

struct vg_board_use {
    double memory_bytes; /* of the board, at the end; -1: not known, or more than one is used */
    /* Busy between begin and end, a share of the decoders of the board that has most to do; what
     * others decode is in it where NVML tells. Where a driver does not say how many engines there
     * are, it is one: the share is then that or less. -1: not known. */
    double decode_share;
};

/* Begins: the processes are root and its descendants. proc: "/proc", or as a test has it; nvml:
 * NULL, or the library that stands for it. NULL without memory: nothing is known then. Takes up to a
 * second where there is NVML. */
struct vg_board_watch *vg_board_watch_begin(pid_t root, const char *proc, const char *nvml);
/* Once a second or so in between: what a process did before it was first seen, or after it was last,
 * does not count, and NVML tells of the last moments only. watch may be NULL. */
void vg_board_watch_look(struct vg_board_watch *watch);
/* Ends and sets watch to NULL. */
struct vg_board_use vg_board_watch_end(struct vg_board_watch **watch);

#endif
