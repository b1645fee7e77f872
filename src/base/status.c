#include "src/base/status.h"

#include <stddef.h>

#include "src/base/text.h"

static const struct row {
    enum vg_status status;
    int exit_code;
    const char *name, *text;
} rows[] = {
    {VG_OK, 0, "ok", N_("done")},
    {VG_E_MEMORY, 1, "memory", N_("no memory left")},
    {VG_E_CALL, 2, "call", N_("wrong call")},
    {VG_E_INPUT, 3, "input", N_("the input was refused")},
    {VG_E_LACK, 4, "lack", N_("the machine lacks something")},
    {VG_E_INTEGRITY, 5, "integrity", N_("the integrity is broken")},
    {VG_E_IO, 1, "io", N_("reading or writing failed")},
    {VG_E_FULL, 1, "full", N_("there is no room left")},
    {VG_E_END, 1, "end", N_("the end was reached")},
    {VG_E_TIMEOUT, 1, "timeout", N_("no answer in time")},
    {VG_E_CLOSED, 1, "closed", N_("the other side closed")},
    {VG_E_MISSING, 3, "missing", N_("not found")},
    {VG_E_EXISTS, 3, "exists", N_("it exists already")},
    {VG_E_STATE, 1, "state", N_("not possible in this state")},
    {VG_E_DENIED, 1, "denied", N_("not permitted")},
    {VG_E_DEVICE, 1, "device", N_("the device failed")},
    {VG_E_INTERRUPTED, 130, "interrupted", N_("interrupted")},
};

static const struct row *find(enum vg_status status)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return &rows[i];
    return &rows[6]; /* cannot happen: the enum is closed; io is the least surprising */
}

const char *vg_status_name(enum vg_status status)
{
    return find(status)->name;
}

const char *vg_status_text(enum vg_status status)
{
    return find(status)->text;
}

int vg_status_exit(enum vg_status status)
{
    return find(status)->exit_code;
}
