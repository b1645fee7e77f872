/* A fault of the device's memory, made on purpose. */
#ifndef VG_TESTS_WEIGHT_CHANGE_H
#define VG_TESTS_WEIGHT_CHANGE_H

#include "src/engine/engine.h"

/* Turns one bit of the first weight on the engine's device over; a second call turns it back. By
 * the engine's own thread, or while that rests. Aborts when the device does not let it. */
void weight_change(struct vg_engine *engine);

#endif
