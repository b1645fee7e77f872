/* The supervisor: one loop that keeps redis-server, ingest, analysis and api running, hands the
 * configuration out and tells the api how everybody is. It watches no video, opens no port and
 * talks to no camera. */
#ifndef VG_SUPERVISE_SERVE_H
#define VG_SUPERVISE_SERVE_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_serve_settings {
    const char *data;    /* absolute path of the data folder */
    const char *listen;  /* "ADDRESS:PORT" */
    const char *redis;   /* "unix:PATH" of a Redis that others run; NULL: a private one */
    const char *program; /* what is executed as a child: this program */
    uint32_t flux_max;   /* 1 to VG_FLUX_MAX: how many analysis can take */
    /* Makes the shared memory of one ingest process for so many flux; *fd given, close-on-exec.
     * A function because pictures are no business of this folder. */
    enum vg_status (*make_slots)(uint32_t flux, int *fd, struct vg_fault *fault);
    /* Called once when the api first is up, with the address it answers on; NULL: nothing. */
    void (*up)(const char *listen);
};

/* Runs until SIGTERM, SIGINT or SIGHUP and then stops its children in order; a second signal
 * kills them. VG_OK after that. Before anything is started: VG_E_CALL (listen, redis),
 * VG_E_LACK (data folder, disk, port, redis-server), VG_E_INPUT (path too long for a socket),
 * VG_E_INTEGRITY (database or key). A child that cannot run does not end the server: it is
 * in the log and in health, and is tried again. Settings are borrowed until return. */
enum vg_status vg_serve_run(const struct vg_serve_settings *settings,
                            struct vg_fault *fault) VG_MUST_USE;

#endif
