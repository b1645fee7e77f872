/* What the engine's own files see of an open engine: its plan and what runs it. */
#ifndef VG_ENGINE_ENGINE_INSIDE_H
#define VG_ENGINE_ENGINE_INSIDE_H

#include "src/engine/engine.h"
#include "src/engine/plan.h"
#include "src/engine/runner.h"

/* Borrowed until close. */
const struct vg_plan *vg_engine_plan(const struct vg_engine *engine);
struct vg_runner *vg_engine_runner(struct vg_engine *engine);

#endif
