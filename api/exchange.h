/* One request and its answer as plain data, so that a handler needs no connection, runs in any
 * thread and is tested by a plain call. */
#ifndef VG_API_EXCHANGE_H
#define VG_API_EXCHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/text.h"
#include "src/store/accounts.h"
#include "src/store/audit.h"

#define VG_REQUEST_ID_SIZE   64 /* of the {id} in a path, with the end */
#define VG_REQUEST_QUERY_MAX 16
#define VG_ADDRESS_SIZE      64
#define VG_LIST_DEFAULT      50 /* items of a page, unless `limit` says otherwise */
#define VG_LIST_MAX          200

enum vg_method {
    VG_METHOD_GET,
    VG_METHOD_POST,
    VG_METHOD_PUT,
    VG_METHOD_PATCH,
    VG_METHOD_DELETE,
    VG_METHOD_COUNT,
    VG_METHOD_NONE = -1
};
const char *vg_method_name(enum vg_method method); /* "GET" */

#define VG_QUERY_VALUE_SIZE 1280 /* 18 ids of flux */
struct vg_query {
    char name[24], value[VG_QUERY_VALUE_SIZE];
};

/* Who asks. */
struct vg_identity {
    bool signed_in;
    bool loopback; /* from this machine */
    char name[VG_ACCOUNT_NAME_SIZE];
    enum vg_role role;
    char from[VG_ADDRESS_SIZE]; /* numeric address */
};

struct vg_request {
    enum vg_method method; /* HEAD is a GET whose body is not sent */
    enum vg_language language;
    struct vg_identity identity;
    char id[VG_REQUEST_ID_SIZE]; /* {id} of the path, decoded; "" if it has none */
    struct vg_query query[VG_REQUEST_QUERY_MAX];
    size_t query_count;
    char if_match[48];   /* "" if absent */
    char last_event[24]; /* Last-Event-ID, "" if absent */
    char range[64];      /* Range, "" if absent */
    char if_range[32];   /* If-Range, "" if absent */
    uint8_t *body;       /* body_size bytes and a zero; owned by the request */
    size_t body_size;
};

/* The value of a query parameter, or NULL. */
const char *vg_request_query(const struct vg_request *request, const char *name);

/* The query's `limit`, VG_LIST_DEFAULT without one; false: not a number from 1 to VG_LIST_MAX. */
bool vg_request_limit(const struct vg_request *request, uint32_t *limit);

/* Whether text is UTF-8: what is not cannot be answered in JSON and does not come in. Pure. */
bool vg_text_sound(const char *text);

/* What an If-Match says. VG_VERSION_ANY for "*"; false when absent or not one of our tags. */
bool vg_request_if_match(const struct vg_request *request, uint64_t *version);

struct vg_reply {
    int code;
    const char *type; /* static */
    char *body;       /* size bytes, owned; NULL: `fixed` */
    const void *fixed;
    size_t size;
    uint64_t version; /* ETag, if has_version */
    bool has_version;
    bool cacheable; /* else Cache-Control: no-store */
    uint32_t retry_after_s;
    char allow[48];
    char location[128];
    char cookie[192];
    char disposition[160];            /* Content-Disposition */
    char range[64];                   /* Content-Range */
    bool takes_ranges;                /* Accept-Ranges */
    char object[VG_AUDIT_FIELD_SIZE]; /* for the audit, when it is not the path's {id} */
    struct vg_account account;        /* sign-in that went well: whom the session is for */
    uint64_t change;                  /* stream: last change number that body holds */
    bool partial;                     /* stream: there is more than body holds */
    char error[32];                   /* the code in words, "" when good */
};
void vg_reply_release(struct vg_reply *reply);

/* Takes `value`; NULL answers 503. */
void vg_reply_json(struct vg_reply *reply, int code, json_t *value);

/* Takes `text` (of vg_alloc, size bytes). */
void vg_reply_text(struct vg_reply *reply, int code, const char *type, char *text, size_t size);

/* 400 for a `limit` that cannot be: says what it may be. */
void vg_reply_bad_limit(struct vg_reply *reply, enum vg_language language);

/* The contract's error object in the reader's language. name: "bad_scene"; message: msgid;
 * where: JSON pointer, parameter or line:column; may be "". */
void vg_reply_error(struct vg_reply *reply, enum vg_language language, int code, const char *name,
                    const char *message, const char *where);

/* The same from a fault, `name` NULL: by its status. A body's line and column go into the
 * message, its JSON pointer into `where`. Nothing that the machine alone is to know goes out:
 * paths of files stay behind (codes of 500 and above have no `where`). */
void vg_reply_fault(struct vg_reply *reply, enum vg_language language, int code, const char *name,
                    const struct vg_fault *fault);

/* The HTTP code of a status. */
int vg_reply_code(enum vg_status status);

/* Splits a fault's place "body:3:7: /zones/0 (what)": where gets "/zones/0", or "3:7" without a
 * pointer; detail the rest. Words of the JSON library behind a place without pointer are left
 * out: they are nobody's language but its own. Pure. */
void vg_fault_where(const char *place, char *where, size_t where_size, char *detail,
                    size_t detail_size);

#endif
