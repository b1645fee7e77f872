/* What a person is told when something fails: what, where, what to do.
 *
 * Filled by the layer that knows the place, shown by the one that speaks to a person. Never
 * holds a password, a camera's address or a URL with credentials. */
#ifndef VG_BASE_FAULT_H
#define VG_BASE_FAULT_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/status.h"

struct vg_fault {
    enum vg_status status;
    const char *what;   /* msgid, static */
    const char *remedy; /* msgid, static; may be NULL */
    char place[512];    /* file:line:column, JSON pointer, flux, value met; not translated */
};

/* Fills `fault` (which may be NULL: then only the status counts) and returns `status`.
 * what, remedy: msgids marked N_(), static. place: printf format and its arguments. */
enum vg_status vg_fault_set(struct vg_fault *fault, enum vg_status status, const char *what,
                            const char *remedy, const char *place, ...) VG_PRINTF(5, 6);

/* Writes "what: place: remedy" translated to the process's language, into text. */
void vg_fault_text(const struct vg_fault *fault, char *text, size_t size);

/* Prints "vigie: what: place: what to do" on stderr, as a line of JSON where the log is so. A fault
 * without a remedy gets that of its status. */
void vg_fault_print(const struct vg_fault *fault);

#endif
