#include "src/energy/energy_scope.h"

#include <string.h>

#include "src/base/text.h"

static const struct {
    const char *name, *text;
} scopes[VG_ENERGY_SCOPES] = {
    [VG_ENERGY_PACKAGE] = {"package", N_("the processors alone")},
    [VG_ENERGY_DRAM] = {"dram", N_("the memory alone")},
    [VG_ENERGY_GPU] = {"gpu", N_("the graphics board alone")},
    [VG_ENERGY_BOARD] = {"board", N_("the machine, as it counts itself")},
    [VG_ENERGY_WALL] = {"wall", N_("the machine at its socket")},
};

const char *vg_energy_scope_name(enum vg_energy_scope scope)
{
    return (unsigned)scope < VG_ENERGY_SCOPES ? scopes[scope].name : "unknown";
}

const char *vg_energy_scope_text(enum vg_energy_scope scope)
{
    return (unsigned)scope < VG_ENERGY_SCOPES ? scopes[scope].text : "unknown";
}

enum vg_energy_scope vg_energy_scope_of(const char *name)
{
    int scope = 0;
    while (scope < VG_ENERGY_SCOPES && strcmp(scopes[scope].name, name) != 0)
        scope++;
    return (enum vg_energy_scope)scope;
}
