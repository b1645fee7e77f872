/* The API of the real server under load: a server with a data folder of its own (live_server.h), flux
 * that are switched off, an archive of synthetic alerts that came by the queue, then each route and
 * the stream, one after the other. The clients run on this machine and take their part of it. */
#ifndef VG_BENCH_API_BENCH_H
#define VG_BENCH_API_BENCH_H

#include <stdint.h>

#include "bench/api_load.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_API_ALERTS_MAX 200000

struct vg_api_bench {
    uint32_t clients; /* 1 to VG_API_CLIENTS_MAX */
    uint32_t flux;    /* 1 to VG_SERVER_FLUX_MAX */
    uint32_t alerts;  /* 1 to VG_API_ALERTS_MAX */
    double seconds;   /* of each measure */
    const char *model;
    /* Shows what is going on, in seconds; NULL: nobody looks. */
    void (*look)(void *user, const char *what, double done_s, double of_s);
    void *user;
};

struct vg_api_figures {
    char tls[16];
    double archive_s; /* until all alerts were in the archive */
    struct vg_api_result route[VG_API_ROUTES], stream;
    uint64_t resident_bytes; /* of the api process, at the end */
    double cpu_s;            /* of it, all in all */
};

/* Starts the server, measures, ends it. As vg_live_server_open and vg_api_load_route; VG_E_TIMEOUT: the
 * API does not answer, or the archive does not take the alerts; VG_E_DENIED: nobody may sign in. */
enum vg_status vg_api_bench_run(const struct vg_api_bench *run, struct vg_api_figures *figures,
                                struct vg_fault *fault) VG_MUST_USE;

#endif
