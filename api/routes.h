/* The one table of what is served: method, path, permission, audit, answers, schemas, handler.
 * OpenAPI and the tests of rights are made from it; adding a row is the whole change. */
#ifndef VG_API_ROUTES_H
#define VG_API_ROUTES_H

#include <stddef.h>

#include "api/desk.h"
#include "api/exchange.h"

struct vg_reception;
struct vg_exchange;

/* The roles `advanced` and `auditor` have no work of their own here yet: such an account signs in
 * and out, asks who it is, the version and the health with its reasons, and nothing else. */
enum vg_permission {
    VG_PERMIT_PUBLIC,
    VG_PERMIT_SIGNED,   /* every role that is signed in */
    VG_PERMIT_LOCAL,    /* from this machine, or an operator's */
    VG_PERMIT_OPERATOR, /* see, judge alerts, stop: the roles operator and technical */
    VG_PERMIT_TECHNICAL /* also change flux, scenes and the authorisation */
};
const char *vg_permission_name(enum vg_permission permission);

/* Whether `identity` may. Pure. */
bool vg_permission_holds(enum vg_permission permission, const struct vg_identity *identity);

/* Where the handler runs. Each but the loop is a thread with its own desk (lane.h). */
enum vg_lane_kind {
    VG_LANE_STORE,  /* SQLite */
    VG_LANE_LIVE,   /* Redis: may wait for a server that does not answer */
    VG_LANE_GUARD,  /* passwords: argon2id is slow by design */
    VG_LANE_URGENT, /* stop: must not wait behind anything */
    VG_LANE_CLIPS,  /* files of some megabytes */
    VG_LANE_COUNT,
    VG_LANE_LOOP = -1 /* no handler: `finish` answers at once */
};

/* How what was done gets into the audit. */
enum vg_audit_manner {
    VG_AUDIT_NONE,
    VG_AUDIT_BEFORE_ANSWER, /* no row, no answer: for what shows something */
    VG_AUDIT_WITH_CHANGE,   /* change and row in one transaction */
    VG_AUDIT_BY_STORE,      /* the store writes the row of what was done; we that of a refusal */
    VG_AUDIT_IF_POSSIBLE    /* what must work when the store does not */
};

/* Whether a change must name by If-Match the state it is based on; without it 412. */
enum vg_basis {
    VG_BASIS_NONE,
    VG_BASIS_IF_THERE, /* where there is something to be changed already */
    VG_BASIS_REQUIRED
};

/* Does the work and fills the reply. Lane's thread. */
typedef void vg_handler(struct vg_desk *desk, const struct vg_request *request,
                        struct vg_reply *reply);
/* Loop's thread: before the lane (true: already answered in reply), or after it. */
typedef bool vg_route_before(struct vg_reception *reception, struct vg_exchange *exchange);
typedef void vg_route_finish(struct vg_reception *reception, struct vg_exchange *exchange);

struct vg_route {
    enum vg_method method;
    const char *pattern; /* "/api/v1/flux/{id}/scene" */
    enum vg_permission permission;
    enum vg_lane_kind lane;
    enum vg_audit_manner audit;
    const char *action;   /* audit's word for it, "flux.change"; NULL without audit */
    const char *query;    /* names of its parameters, "flux,event"; NULL: none */
    const char *body;     /* schema of the body (openapi.c), NULL: none */
    int success;          /* the one code of a good answer; 201 comes with Location */
    const char *answer;   /* schema of the answer, NULL: none */
    const char *warned;   /* schema of a 200 that is done but warns; NULL: none */
    const char *unwell;   /* schema of a 503 that is an answer and no error; NULL: none */
    const char *conflict; /* English: when it is 409; NULL: never */
    const char *missing;  /* English: when it is 404 without an {id}; NULL: never */
    const char *crowded;  /* English: when it is 429; NULL: never */
    const char *pending;  /* English: a further 503; NULL: none */
    const char *header;   /* a further header it reads, "Last-Event-ID"; NULL: none */
    enum vg_basis basis;  /* If-Match */
    bool tagged;          /* a good answer carries an ETag */
    bool ranged;          /* it may be had in parts: Range, 206, 416 */
    const char *summary;  /* one English line for OpenAPI */
    void (*prepare)(struct vg_desk *desk); /* what is to be done before the transaction; NULL */
    vg_handler *handle;
    vg_route_before *before; /* NULL: nothing */
    vg_route_finish *finish; /* NULL: nothing */
};

/* Rows until one whose pattern is NULL. */
extern const struct vg_route vg_routes[];

enum vg_route_match {
    VG_ROUTE_FOUND,
    VG_ROUTE_NO_PATH,
    VG_ROUTE_NO_METHOD
};

/* The row for a request. path: raw (still encoded). id: what stands at {id}, decoded; a segment
 * that decodes to "/", "..", control characters or too much is no path. allow: methods of that
 * path, "GET, HEAD, PUT". Pure. */
enum vg_route_match vg_route_find(enum vg_method method, const char *path,
                                  const struct vg_route **route, char id[VG_REQUEST_ID_SIZE],
                                  char allow[48]);

/* Whether the route takes a query parameter of that name. */
bool vg_route_takes(const struct vg_route *route, const char *name);

/* Runs a route's handler with all that belongs to it: JSON well-formed or 400, transaction,
 * audit. A reply that has a code already is a refusal: only the audit is written. */
void vg_route_call(struct vg_desk *desk, const struct vg_route *route,
                   const struct vg_request *request, struct vg_reply *reply);

#endif
