/* Clients that keep the API busy, and listeners that wait for its events.
 *
 * Route: C clients, each a thread with a connection of its own that stays, ask one after the other as
 * fast as the answers come, for so long. Times are from the request to the last byte of its answer:
 * those of C askers that wait for each other's work, not those of a wanted rate.
 *
 * Stream: C listeners; alerts are raised at a steady rate by the product's own way (publisher.h:
 * spool, Redis, archive, loop), and each time counts from the moment the alert was due, so that a
 * stall is not left out. */
#ifndef VG_BENCH_API_LOAD_H
#define VG_BENCH_API_LOAD_H

#include <stdint.h>

#include "bench/http_client.h"
#include "bench/live_server.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/time_histogram.h"
#include "src/scene/scene.h"

#define VG_API_CLIENTS_MAX  64 /* streams that the server takes at once */
#define VG_API_RAISED_PER_S 10

struct vg_api_load {
    struct vg_live_server *server;
    struct vg_http_settings http; /* its cancel is set here */
    const struct vg_scene *scene;
    uint32_t clients;
    uint32_t flux, alerts; /* that are there */
    double seconds;
};

enum vg_api_route {
    VG_API_ALERTS,
    VG_API_ALERT,
    VG_API_FLUX,
    VG_API_METRICS,
    VG_API_ROUTES
};
/* "GET /api/v1/alerts/{id}" */
const char *vg_api_route_name(enum vg_api_route route);

struct vg_api_result {
    uint64_t count;   /* answers of 200; events that came to their listener */
    uint64_t refused; /* other answers */
    uint64_t failed;  /* connections that ended before their time, and what did not come */
    uint64_t raised;  /* alerts, with a stream */
    uint64_t bytes;   /* of the bodies */
    double seconds;
    double api_cores; /* processor that the api process took meanwhile */
    struct vg_time_histogram_view times;
};

/* VG_E_INTERRUPTED, VG_E_DEVICE (the server ended), VG_E_MEMORY, VG_E_LACK (no thread); VG_E_IO: not
 * one client could connect. */
enum vg_status vg_api_load_route(const struct vg_api_load *load, enum vg_api_route route,
                                 struct vg_api_result *result, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_api_load_stream(const struct vg_api_load *load, struct vg_api_result *result,
                                  struct vg_fault *fault) VG_MUST_USE;

#endif
