/* The real server under measure: `vigie serve`, this very program, as a child with a data folder of
 * its own that holds N flux; its counts are read from its Redis. It ends with the one who opened it,
 * whichever way that ends, and its folder goes when it is closed.
 *
 * Signals that ask to end are told of by vg_live_server_wait: vg_live_server_hold_signals comes
 * first of all, before any library makes a thread. One server at a time; one thread. */
#ifndef VG_BENCH_LIVE_SERVER_H
#define VG_BENCH_LIVE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/board_watch.h"
#include "bench/process_tree.h"
#include "bench/server_counts.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

/* What a flux is and what is wanted of it. All borrowed for the call. */
struct vg_load_flux {
    /* A clip that it plays for ever, from a place of its own on ... */
    const char *clip;
    double clip_s; /* its length */
    /* ... or, if not NULL, an address in which {} becomes the flux's number. */
    const char *url;
    const char *scene; /* JSON, checked before */
    double rate_fps;   /* asked for */
    double wanted_fps; /* what the server makes of it, by the scene's rules and the source */
    bool idle;         /* configured, but switched off */
};

struct vg_live_server_settings {
    uint32_t flux;
    struct vg_load_flux from[VG_SERVER_FLUX_MAX];
    const char *model;              /* name of an installed one; borrowed for the call */
    const char *precision, *device; /* NULL: the server's own choice; as long */
    bool steady; /* a flux gets its wanted rate, not more while an alert goes on */
    /* Who may sign in as a technician; NULL: nobody. As long. */
    const char *account, *password;
};

struct vg_live_server;
struct vg_redis_link;

/* Holds SIGINT, SIGTERM, SIGHUP and SIGCHLD back in this thread and those that it makes, for good. */
void vg_live_server_hold_signals(void);
/* The next of them within so long; 0: none came. */
int vg_live_server_next_signal(int64_t us);

/* Makes the folder and starts the server. VG_E_CALL, VG_E_INPUT (an address that is none, a path
 * that does not fit), VG_E_LACK, VG_E_IO, VG_E_MEMORY. */
enum vg_status vg_live_server_open(struct vg_live_server **server,
                                   const struct vg_live_server_settings *settings,
                                   struct vg_fault *fault) VG_MUST_USE;

/* Ends it in order, or after 20 s (at once when a signal comes meanwhile) by force; removes the
 * folder. */
void vg_live_server_close(struct vg_live_server **server);

/* Waits so long: VG_OK. Before: VG_E_INTERRUPTED (a signal that asks to end), VG_E_DEVICE (the
 * server ended; the place has its last word). */
enum vg_status vg_live_server_wait(struct vg_live_server *server, int64_t us,
                                   struct vg_fault *fault) VG_MUST_USE;

/* The same with no server: VG_OK or VG_E_INTERRUPTED. */
enum vg_status vg_live_server_rest(int64_t us, struct vg_fault *fault) VG_MUST_USE;

/* VG_E_STATE: it does not tell yet. */
enum vg_status vg_live_server_counts(struct vg_live_server *server, struct vg_server_counts *counts,
                                     struct vg_fault *fault) VG_MUST_USE;

/* What its data folder holds, links not followed; of files that go meanwhile nothing. */
double vg_live_server_disk_bytes(const struct vg_live_server *server);

struct vg_tree_load vg_live_server_load(const struct vg_live_server *server);
/* Begins to watch what it takes of graphics boards. NULL: without memory. */
struct vg_board_watch *vg_live_server_boards(const struct vg_live_server *server);

/* Its data folder, and the API's child alone (all zero: it is not there now). */
const char *vg_live_server_folder(const struct vg_live_server *server);
struct vg_tree_load vg_live_server_api_load(const struct vg_live_server *server);

/* Where its API listens, on 127.0.0.1. VG_E_STATE: it does not listen yet. */
enum vg_status vg_live_server_port(const struct vg_live_server *server, uint16_t *port) VG_MUST_USE;

/* To its Redis; borrowed, of the server's thread. */
struct vg_redis_link *vg_live_server_redis(struct vg_live_server *server);

/* Whether it logged that its analysis refuses what it was given (a model that is not whole, has not
 * the precision asked for): nothing will ever be analysed; the place has its words. */
enum vg_status vg_live_server_refuses(struct vg_live_server *server,
                                      struct vg_fault *fault) VG_MUST_USE;

/* The last error that it logged, "" if none; borrowed until the next call. */
const char *vg_live_server_last_word(struct vg_live_server *server);

/* Where in a clip flux `number` begins: all over it, and over any shorter period too, whatever that
 * is (multiples of the golden section modulo 1), so that key frames do not come together. Pure. */
double vg_live_server_phase(uint32_t number);

#endif
