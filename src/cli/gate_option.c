#include "src/cli/gate_option.h"

#include <string.h>

#include "src/base/text.h"

enum vg_status vg_option_gate(const char *text, enum vg_gate_use *gate, struct vg_fault *fault)
{
    *gate = strcmp(text, "on") == 0 ? VG_GATE_ON : VG_GATE_OFF;
    return *gate == VG_GATE_ON || strcmp(text, "off") == 0
               ? VG_OK
               : vg_fault_set(fault, VG_E_CALL, N_("the gate is on or off"), N_("give on or off"),
                              "--gate %.100s", text);
}
