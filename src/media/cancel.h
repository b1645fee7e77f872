/* How another thread ends a call early: it changes a number that the call looks at, some ten times a second. */
#ifndef VG_MEDIA_CANCEL_H
#define VG_MEDIA_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Atomic, relaxed. */
struct vg_cancel {
    const _Atomic uint32_t *generation; /* borrowed; NULL: nobody cancels */
    uint32_t seen;
};

static inline bool vg_cancelled(const struct vg_cancel *cancel)
{
    return cancel->generation &&
           atomic_load_explicit(cancel->generation, memory_order_relaxed) != cancel->seen;
}

#endif
