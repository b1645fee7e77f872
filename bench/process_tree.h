/* What a process and all its descendants take, as Linux tells it under /proc. */
#ifndef VG_BENCH_PROCESS_TREE_H
#define VG_BENCH_PROCESS_TREE_H

#include <stdint.h>
#include <sys/types.h>

struct vg_tree_load {
    uint32_t processes;
    double cpu_s; /* of those that live, and of their descendants that were waited for */
    /* Each page once, however many of them share it (Pss); of a process that does not tell, what it
     * has resident. */
    uint64_t resident_bytes;
};

/* Those that end meanwhile count for nothing. Any thread. */
struct vg_tree_load vg_process_tree_load(pid_t root);

#endif
