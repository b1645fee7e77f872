/* The heap of a process that receives flux: hundreds of threads that take and free packets, lines of
 * pictures and tables without an end. Set before its threads, tidied by one of them. */
#ifndef VG_MEDIA_INGEST_HEAP_H
#define VG_MEDIA_INGEST_HEAP_H

#include "src/base/clock.h"

/* Pictures and tables of decoders get mappings of their own for ever. The C library would else raise
 * that border at the first of them that is freed, and put all others among small buffers: a heap that
 * grows with each reconnection, and keeps what it grew by. */
void vg_ingest_heap_set(void);

/* Gives the system back what is free, once a minute; next: when, zeroed at first. Packets of all sizes
 * come and go in threads of their own, so what is free lies between what is used: after ten minutes of
 * 200 flux a fifth of the heap. Takes some milliseconds, in which other threads may wait. */
void vg_ingest_heap_tidy(struct vg_mono_time *next, struct vg_mono_time now);

#endif
