/* What the engine's own files see of an open engine: its plan and what runs it. */
#ifndef VG_ENGINE_ENGINE_INSIDE_H
#define VG_ENGINE_ENGINE_INSIDE_H

#include "src/engine/engine.h"
#include "src/engine/map_device.h"
#include "src/engine/plan.h"
#include "src/engine/runner.h"

/* Borrowed until close. */
const struct vg_plan *vg_engine_plan(const struct vg_engine *engine);
struct vg_runner *vg_engine_runner(struct vg_engine *engine);
struct vg_map_device *vg_engine_map_device(struct vg_engine *engine); /* NULL: none */

#endif
