#include "src/media/ingest_heap.h"

#include <malloc.h>

#define MAPPED_BYTES  (128 << 10) /* the C library's first border */
#define TIDY_EVERY_US (60 * VG_US_PER_S)

void vg_ingest_heap_set(void)
{
    (void)mallopt(M_ARENA_MAX, 2); /* an arena per thread would only keep more of what is free */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}

void vg_ingest_heap_tidy(struct vg_mono_time *next, struct vg_mono_time now)
{
    if (now.us < next->us)
        return;
    next->us = now.us + TIDY_EVERY_US;
    (void)malloc_trim(0);
}
