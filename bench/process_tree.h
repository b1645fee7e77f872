/* What a process and all its descendants take, as Linux tells it under /proc. */
#ifndef VG_BENCH_PROCESS_TREE_H
#define VG_BENCH_PROCESS_TREE_H

#include <stdint.h>
#include <sys/types.h>

/* What of a server takes processor time, as its processes and threads are named. */
enum vg_tree_part {
    VG_TREE_DECODE,  /* its ingest processes */
    VG_TREE_DEVICE,  /* of the analysis: what is no other's. Where the device is the
                        processor that is nearly all of its work */
    VG_TREE_LOOP,    /* of the analysis: its first thread */
    VG_TREE_WORKERS, /* of the analysis */
    VG_TREE_OTHER,   /* supervisor, API, Redis, what saves, and what ended meanwhile */
    VG_TREE_PARTS
};

struct vg_tree_load {
    uint32_t processes;
    double cpu_s; /* of those that live, and of their descendants that were waited for */
    double part_s[VG_TREE_PARTS]; /* of cpu_s; of threads that live */
    /* Each page once, however many of them share it (Pss); of a process that does not tell, what it
     * has resident. */
    uint64_t resident_bytes;
};

/* Those that end meanwhile count for nothing. Any thread. */
struct vg_tree_load vg_process_tree_load(pid_t root);

/* root and all its descendants, `most` at most; how many. */
uint32_t vg_process_tree_list(pid_t root, pid_t *process, uint32_t most);

/* The first child of `root` that runs as `vigie child NAME`; 0: none. */
pid_t vg_process_tree_child(pid_t root, const char *name);

#endif
