/* The children of the supervisor: started, watched, started again, stopped in order.
 *
 * A child gets its control socket as fd 3 (VG_CHILD_TALKS) and the fds of its spec behind it,
 * and no other. It dies with the supervisor (parent-death signal), it is the head of a process
 * group of its own, so that a Ctrl-C reaches the supervisor alone, and nothing of that group
 * outlives it. When to start and whom to kill is decided in decide_restart.h.
 *
 * One thread: that of the event base, which must also be the one that opens the table. */
#ifndef VG_SUPERVISE_CHILDREN_H
#define VG_SUPERVISE_CHILDREN_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/supervise/decide_restart.h"

#define VG_CHILDREN_MAX        32
#define VG_CHILD_ARGUMENTS_MAX 24
#define VG_CHILD_FDS_MAX       64
#define VG_CHILD_TEXT_SIZE     160

struct event_base;
struct vg_children;

enum vg_child_kind {
    VG_CHILD_TALKS, /* fd 3 is its control socket; up at its first "alive", watched by them */
    VG_CHILD_MUTE   /* speaks something else: its owner reports signs of life */
};

/* How a child is started. All borrowed for the call, but fds: until the child is replanned or
 * the table closed. */
struct vg_child_spec {
    const char *name; /* "ingest-0": in log and health */
    enum vg_child_kind kind;
    uint32_t rank;                  /* stopped from the highest rank to the lowest */
    const char *const *argv;        /* argv[0] is the path of the program; ends with NULL */
    const char *const *environment; /* "NAME=value", over the supervisor's own; ends with NULL;
                                       NULL: nothing more */
    const int *fds;                 /* handed over as 4, 5, ... (mute: 3, 4, ...) */
    size_t fd_count;
    int64_t stop_us; /* to end when asked; then it is killed */
    const char
        *output; /* file that takes its stdout and stderr (child_output.h); NULL: our stderr */
};

/* Who is told what happens; embedded in its owner. Called from the event loop. A callback may
 * call anything below but vg_children_close. */
struct vg_children_listener {
    /* The child runs (not up yet): what it needs to know may be sent now. */
    void (*started)(struct vg_children_listener *listener, size_t child);
    /* A message other than "alive" and "fault"; borrowed. */
    void (*message)(struct vg_children_listener *listener, size_t child, const char *type,
                    const json_t *message);
    /* Some child's state is another than before. */
    void (*changed)(struct vg_children_listener *listener);
    /* After vg_children_stop: none is left. */
    void (*all_ended)(struct vg_children_listener *listener);
};

/* listener: borrowed until close. VG_E_MEMORY, VG_E_LACK (no event). */
enum vg_status vg_children_open(struct vg_children **children, struct event_base *base,
                                struct vg_children_listener *listener) VG_MUST_USE;

/* Kills and reaps whatever still runs. */
void vg_children_close(struct vg_children **children);

/* Adds a child, started from the event loop at once. *child is its number, from 0.
 * VG_E_FULL (a bound above), VG_E_MEMORY. */
enum vg_status vg_children_add(struct vg_children *children, const struct vg_child_spec *spec,
                               size_t *child) VG_MUST_USE;

/* The child is stopped in order and started again with another spec (same name and kind): a
 * restart that was planned, without back-off. Errors as add; the old spec holds then. */
enum vg_status vg_children_replan(struct vg_children *children, size_t child,
                                  const struct vg_child_spec *spec) VG_MUST_USE;

/* Queues a message; never blocks. VG_E_STATE: it does not run, is mute or ending; VG_E_MEMORY;
 * VG_E_FULL: it has stopped reading, and is killed. */
enum vg_status vg_children_send(struct vg_children *children, size_t child,
                                const json_t *message) VG_MUST_USE;

enum vg_child_sign {
    VG_CHILD_SIGN_LIFE,
    VG_CHILD_SIGN_UP
};
/* A mute child's owner has seen it live, or do its work. */
void vg_children_sign(struct vg_children *children, size_t child, enum vg_child_sign sign);

/* Stops all, rank by rank: "quit", half of stop_us later SIGTERM (at once to the mute and to
 * those not up), after stop_us SIGKILL. all_ended is called when none is left. */
void vg_children_stop(struct vg_children *children);

/* There is another configuration: who refused the last one, and waits to try again, starts at once. */
void vg_children_news(struct vg_children *children);

/* A moment's view. Strings are borrowed until the next event. */
struct vg_child_state {
    const char *name;
    enum vg_part_state state;
    pid_t pid; /* -1: does not run */
    uint32_t restarts;
    struct vg_wall_time since; /* of the present state */
    enum vg_end_cause cause;   /* of the last end; VG_END_NONE */
    char detail[48];           /* "exit code 4", "SIGSEGV"; "" */
    const char *what, *remedy; /* its last words before that end (msgids), "" if none */
    const char *place;
    const char *note;      /* of the last "alive"; msgid, "" if none */
    const char *last_line; /* of its output file, as its last end found it; "" if none */
};
size_t vg_children_count(const struct vg_children *children);
void vg_children_state(const struct vg_children *children, size_t child,
                       struct vg_child_state *state);

#endif
