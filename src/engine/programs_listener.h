/* Who is told what takes so long when programs are made ready on a device: at the first start
 * they are compiled, which takes seconds, later they are loaded, which takes none. */
#ifndef VG_ENGINE_PROGRAMS_LISTENER_H
#define VG_ENGINE_PROGRAMS_LISTENER_H

#include <stdint.h>

enum vg_programs_work {
    VG_PROGRAMS_BUILD,
    VG_PROGRAMS_LAUNCH, /* for the first time: PoCL compiles the larger part there */
    VG_PROGRAMS_STORE
};

/* Embedded in its owner; called by the thread that makes the programs ready. */
struct vg_programs_listener {
    /* `kernel` comes next, after `done` of `total`. */
    void (*working)(struct vg_programs_listener *listener, enum vg_programs_work work,
                    uint32_t done, uint32_t total, const char *kernel);
};

#endif
