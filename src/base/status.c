#include "src/base/status.h"

#include <stddef.h>

#include "src/base/text.h"

static const struct row {
    enum vg_status status;
    int exit_code;
    const char *name, *text;
    const char *remedy; /* NULL: nothing helps in general */
} rows[] = {
    {VG_OK, 0, "ok", N_("done"), NULL},
    {VG_E_MEMORY, 1, "memory", N_("no memory left"),
     N_("end other programs, or give the machine more memory")},
    {VG_E_CALL, 2, "call", N_("wrong call"), N_("see vigie help")},
    {VG_E_INPUT, 3, "input", N_("the input was refused"),
     N_("correct it there, or give another one")},
    {VG_E_LACK, 4, "lack", N_("the machine lacks something"),
     N_("check the rights, the disk and what is installed")},
    {VG_E_INTEGRITY, 5, "integrity", N_("the integrity is broken"),
     N_("take a copy that is whole")},
    {VG_E_IO, 1, "io", N_("reading or writing failed"), N_("check the rights and the disk")},
    {VG_E_FULL, 1, "full", N_("there is no room left"), N_("give less at once")},
    {VG_E_END, 1, "end", N_("the end was reached"), NULL},
    {VG_E_TIMEOUT, 1, "timeout", N_("no answer in time"), N_("try again")},
    {VG_E_CLOSED, 1, "closed", N_("the other side closed"), N_("try again")},
    {VG_E_MISSING, 3, "missing", N_("not found"), N_("check its name")},
    {VG_E_EXISTS, 3, "exists", N_("it exists already"), N_("give another name")},
    {VG_E_STATE, 1, "state", N_("not possible in this state"), NULL},
    {VG_E_DENIED, 1, "denied", N_("not permitted"), NULL},
    {VG_E_DEVICE, 1, "device", N_("the device failed"), N_("see vigie device list")},
    {VG_E_INTERRUPTED, 130, "interrupted", N_("interrupted"),
     N_("start the command again to have all of it")},
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

const char *vg_status_remedy(enum vg_status status)
{
    return find(status)->remedy;
}

int vg_status_exit(enum vg_status status)
{
    return find(status)->exit_code;
}
