/* Whether a thread of this process waits for something, or would go on if it had a processor: what tells a
 * call that hangs from one that a busy machine delays. */
#ifndef VG_BASE_THREAD_LOOK_H
#define VG_BASE_THREAD_LOOK_H

#include <stdbool.h>
#include <stdint.h>

/* The calling thread's number, as the system has it; never 0. */
int32_t vg_thread_number(void);

/* Whether that thread runs or would run; false: it waits (for a lock, a device, a time), or it is no more.
 * Reads /proc: for rare questions. */
bool vg_thread_can_run(int32_t number);

#endif
