/* How a picture is looked at, as --size and --tiles ask: the size of the net's input, and whether
 * parts of the picture are looked at as well. Opens the engine that this takes, and opens another
 * where pictures of another shape want one. One thread. */
#ifndef VG_CLI_LOOK_H
#define VG_CLI_LOOK_H

#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/engine/tiles.h"

enum vg_look_size {
    VG_LOOK_SIZE_OWN,   /* the model's */
    VG_LOOK_SIZE_GIVEN, /* width x height */
    VG_LOOK_SIZE_AUTO   /* by the pictures' shape (input_size.h) */
};

enum vg_look_tiles {
    VG_LOOK_WHOLE,       /* the picture alone */
    VG_LOOK_TILES_GIVEN, /* rows x columns */
    VG_LOOK_TILES_AUTO   /* as many as show least_px */
};

/* An object of VG_LOOK_LEAST_PART of the picture's height is seen, if --tiles auto says no other:
 * a person that is 60 pixels high in 1080 rows. */
#define VG_LOOK_LEAST_PART 18
#define VG_LOOK_WANTED_PX  25 /* of the input: below, most persons are missed (docs/bench.md) */

struct vg_look_request {
    enum vg_look_size size;
    enum vg_look_tiles tiles;
    uint32_t width, height;
    uint32_t rows, columns;
    double least_px; /* 0: VG_LOOK_LEAST_PART of the height */
};

/* --size "WxH" or "auto", --tiles "RxC", "auto" or "auto:PX"; NULL: not given. VG_E_CALL. */
enum vg_status vg_look_read(const char *size, const char *tiles, struct vg_look_request *request,
                            struct vg_fault *fault) VG_MUST_USE;

/* A size that the model cannot take is the caller's mistake: VG_E_CALL, before any device is
 * opened. */
enum vg_status vg_look_check(const struct vg_look_request *request, const struct vg_model *model,
                             struct vg_fault *fault) VG_MUST_USE;

struct vg_look {
    struct vg_look_request request;
    const struct vg_model *model;       /* borrowed */
    struct vg_engine_settings settings; /* the caller's; width and height are set here */
    struct vg_engine *engine;           /* NULL before the first fit */
    struct vg_tiles tiles;              /* of the pictures that it was fitted to */
    struct vg_answer *part;             /* of each region; owned */
};

/* The engine alone, where its size is not the pictures' to say. */
enum vg_status vg_look_open(struct vg_look *look, struct vg_fault *fault) VG_MUST_USE;

/* The engine and the regions for pictures of this size; nothing is done where they stand already.
 * A device that cannot be opened leaves no engine. What vg_engine_open says, and VG_E_CALL (more
 * tiles than the picture has pixels), VG_E_MEMORY. */
enum vg_status vg_look_fit(struct vg_look *look, uint32_t width, uint32_t height,
                           struct vg_fault *fault) VG_MUST_USE;

/* Runs the jobs, in batches of settings.batch_max: answers[i] is jobs[i]'s. Without tiles a job may
 * be anything that the engine takes; with tiles each is of a whole picture, upright, and its
 * regions are laid out anew where its size is not that of the fit. */
enum vg_status vg_look_run(struct vg_look *look, const struct vg_job *jobs, uint32_t count,
                           struct vg_answer *answers, struct vg_fault *fault) VG_MUST_USE;

/* The same of jobs that are what they are, tiles or none: regions of a picture, turned or not. */
enum vg_status vg_look_run_parts(struct vg_look *look, const struct vg_job *jobs, uint32_t count,
                                 struct vg_answer *answers, struct vg_fault *fault) VG_MUST_USE;

/* Closes the engine; the model is the caller's. */
void vg_look_release(struct vg_look *look);

#endif
