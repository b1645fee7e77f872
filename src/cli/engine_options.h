/* The options that name a net and how it is run, the same for every command that has them: rows for
 * its table (options.h), and for those that open an engine the reading and the opening. */
#ifndef VG_CLI_ENGINE_OPTIONS_H
#define VG_CLI_ENGINE_OPTIONS_H

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/cli/options.h"
#include "src/engine/device_lane.h"
#include "src/engine/engine.h"

struct vg_option vg_engine_row_precision(const char **value);
struct vg_option vg_engine_row_lane(const char **value);
struct vg_option vg_engine_row_device(const char **value);
struct vg_option vg_engine_row_plan(const char **value);

struct vg_engine_options {
    const char *model;                                      /* a name or a file */
    const char *device, *plan, *precision_text, *lane_text; /* NULL: not given */
    /* of vg_engine_options_read */
    enum vg_engine_precision precision;
    struct vg_lane_settings lane;
};

/* VG_E_CALL names the option. */
enum vg_status vg_engine_options_read(struct vg_engine_options *options,
                                      struct vg_fault *fault) VG_MUST_USE;

/* Finds the model and opens an engine, with what the options say put into the settings; a terminal
 * is told of a cold start (cold_start.h). Both are given, or NULL. Statuses: vg_model_find's,
 * vg_engine_open's. */
enum vg_status vg_engine_options_open(const struct vg_engine_options *options,
                                      struct vg_engine_settings settings, struct vg_model **model,
                                      struct vg_engine **engine,
                                      struct vg_fault *fault) VG_MUST_USE;

#endif
