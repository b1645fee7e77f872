#include "src/base/fault.h"

#include <stdarg.h>
#include <stdio.h>

#include "src/base/log.h"
#include "src/base/text.h"

enum vg_status vg_fault_set(struct vg_fault *fault, enum vg_status status, const char *what,
                            const char *remedy, const char *place, ...)
{
    if (!fault)
        return status;
    fault->status = status;
    fault->what = what;
    fault->remedy = remedy;
    va_list args;
    va_start(args, place);
    (void)vsnprintf(fault->place, sizeof fault->place, place, args);
    va_end(args);
    return status;
}

void vg_fault_text(const struct vg_fault *fault, char *text, size_t size)
{
    const char *what = _(fault->what ? fault->what : vg_status_text(fault->status));
    const char *place = fault->place[0] ? ": " : "";
    const char *before = fault->remedy ? ": " : "";
    (void)snprintf(text, size, "%s%s%s%s%s", what, place, fault->place, before,
                   fault->remedy ? _(fault->remedy) : "");
}

void vg_fault_print(const struct vg_fault *fault)
{
    char text[2048];
    struct vg_fault told = *fault;
    if (!told.remedy)
        told.remedy = vg_status_remedy(told.status);
    vg_fault_text(&told, text, sizeof text);
    if (vg_log_is_json()) /* who reads stderr line by line gets nothing but JSON */
        vg_log(VG_LOG_ERROR, "%s", text);
    else
        (void)fprintf(stderr, "vigie: %s\n", text);
}
