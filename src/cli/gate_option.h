/* --gate on|off: whether still pictures go past the detector (decide_gate.h). */
#ifndef VG_CLI_GATE_OPTION_H
#define VG_CLI_GATE_OPTION_H

#include "scheduler/decide_gate.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

/* VG_E_CALL names the option. */
enum vg_status vg_option_gate(const char *text, enum vg_gate_use *gate,
                              struct vg_fault *fault) VG_MUST_USE;

#endif
