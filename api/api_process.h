/* The api process: the HTTPS port, accounts, archive, audit, configuration. The network reaches
 * nothing but this; it reaches neither cameras nor devices. */
#ifndef VG_API_API_PROCESS_H
#define VG_API_API_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

/* Strings are borrowed for the run. */
struct vg_api_settings {
    const char *address;      /* to listen on: numeric or a name */
    uint16_t port;            /* 0: any free one */
    const char *data;         /* data folder */
    const char *redis_socket; /* path */
    const char *consumer;     /* name of this reader of the queue; NULL: "api" */
    const int *media_fds;     /* one to each ingest process (media_link.h); NULL: none */
    size_t media_count;
    int control_fd; /* socket to the supervisor (message.h); -1: none */
};

/* Runs until the supervisor says {"type":"quit"} or its socket closes.
 * Hears {"type":"health",...}; says {"type":"alive"} each second, {"type":"listening","port":N}
 * once it listens, {"type":"fault",...} before it ends by itself.
 * Makes what is missing: the database, the key of the installation, the certificate.
 * VG_OK after a quit; else what is wrong, printed: VG_E_LACK (port in use, disk full),
 * VG_E_INPUT (certificate), VG_E_INTEGRITY (database). */
enum vg_status vg_api_run(const struct vg_api_settings *settings) VG_MUST_USE;

#endif
