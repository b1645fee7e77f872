/* A call that may never come back, made by a thread of its own. */
#ifndef VG_ENERGY_BOUNDED_CALL_H
#define VG_ENERGY_BOUNDED_CALL_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

/* Runs work(state). VG_OK: it is done, and state is the caller's again. VG_E_TIMEOUT: not within
 * wait_us; state is the thread's now, which hands it to `release` when it comes back, if it does.
 * VG_E_MEMORY, VG_E_LACK (no thread): nothing was run. */
enum vg_status vg_bounded_call(void (*work)(void *state), void (*release)(void *state), void *state,
                               int64_t wait_us) VG_MUST_USE;

#endif
