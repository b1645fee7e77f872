/* The ingest process: sources in, pictures out into shared slots. Its main thread obeys the
 * supervisor, the stop file and the authorisation; each flux has a thread of its own.
 *
 * It keeps no file, and knows addresses and passwords of its own flux alone. */
#ifndef VG_MEDIA_INGEST_H
#define VG_MEDIA_INGEST_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

struct vg_ingest_settings {
    int control_fd;           /* to the supervisor (src/base/message.h) */
    int slots_fd;             /* memfd made by vg_slots_create */
    int event_fd;             /* eventfd: written at each picture */
    int media_fd;             /* to the api (src/base/media_wire.h); -1: nobody asks for clips */
    const char *data;         /* borrowed: the data folder, where the stop file is */
    int64_t open_us, read_us; /* deadlines of a source; a silent one is lost after read_us */
    uint64_t seed;            /* of the jitter between two tries */
};

/* fds 3, 4, 5 and 6, 5 s to open, 2.5 s to read; data NULL, to be set. */
struct vg_ingest_settings vg_ingest_defaults(void);

/* Runs until the supervisor says "quit" or goes away; then stops the flux and returns VG_OK.
 * The heap is to be set before (ingest_heap.h). The descriptors are borrowed. Begins by recovering
 * the slots that a killed predecessor left.
 * Nothing runs before the first configuration and the first look at the stop file.
 * Says "alive" each second only while every flux thread keeps its deadlines.
 * VG_E_INPUT (not slots), VG_E_MEMORY, VG_E_LACK; VG_E_TIMEOUT: a thread did not end, or a
 * driver holds one: the process must be ended without it; VG_E_IO: the control socket is broken. */
enum vg_status vg_ingest_run(const struct vg_ingest_settings *settings) VG_MUST_USE;

#endif
