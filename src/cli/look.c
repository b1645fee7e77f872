#include "src/cli/look.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/cli/cold_start.h"
#include "src/cli/options.h"
#include "src/engine/input_size.h"

/* ---- what was asked ---- */

static enum vg_status tiles_fault(const char *text, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_CALL, N_("tiles such as 2x3, auto or auto:60 were expected"),
                        N_("give rows x columns, each from 1 to 7, or auto with the height in "
                           "pixels of the smallest object"),
                        "--tiles %s", text);
}

static enum vg_status read_tiles(const char *text, struct vg_look_request *request,
                                 struct vg_fault *fault)
{
    unsigned rows = 0, columns = 0;
    if (strncmp(text, "auto", 4) == 0) {
        request->tiles = VG_LOOK_TILES_AUTO;
        if (!text[4])
            return VG_OK;
        if (text[4] != ':' ||
            vg_option_count("tiles", text + 5, 1, VG_PICTURE_HEIGHT_MAX, &request->least_px, NULL))
            return tiles_fault(text, fault);
        return VG_OK;
    }
    if (vg_option_size("tiles", text, &rows, &columns, NULL) || rows > VG_TILES_SIDE_MAX ||
        columns > VG_TILES_SIDE_MAX)
        return tiles_fault(text, fault);
    request->tiles = VG_LOOK_TILES_GIVEN;
    request->rows = rows;
    request->columns = columns;
    return VG_OK;
}

enum vg_status vg_look_read(const char *size, const char *tiles, struct vg_look_request *request,
                            struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    *request = (struct vg_look_request){.size = VG_LOOK_SIZE_OWN};
    if (size && strcmp(size, "auto") == 0) {
        request->size = VG_LOOK_SIZE_AUTO;
    } else if (size) {
        request->size = VG_LOOK_SIZE_GIVEN;
        status = vg_option_size("size", size, &request->width, &request->height, fault);
    }
    return status || !tiles ? status : read_tiles(tiles, request, fault);
}

enum vg_status vg_look_check(const struct vg_look_request *request, const struct vg_model *model,
                             struct vg_fault *fault)
{
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    if (request->size != VG_LOOK_SIZE_GIVEN)
        return VG_OK;
    const enum vg_status status =
        vg_model_sizes(model, request->width, request->height, size, fault);
    if (status != VG_E_CALL)
        return status;
    return vg_fault_set(fault, VG_E_CALL, N_("the model does not take this size"),
                        N_("give multiples of what `vigie model info` says"), "--size %ux%u (%u)",
                        request->width, request->height, model->input_multiple);
}

/* ---- engine and regions ---- */

static struct vg_size wanted_size(const struct vg_look *look, struct vg_size picture)
{
    const struct vg_look_request *request = &look->request;
    if (request->size == VG_LOOK_SIZE_AUTO)
        return vg_input_size_for(look->model, picture, 0);
    if (request->size == VG_LOOK_SIZE_GIVEN)
        return (struct vg_size){request->width, request->height};
    return (struct vg_size){look->model->input_width, look->model->input_height};
}

static enum vg_status engine_fit(struct vg_look *look, struct vg_size size, struct vg_fault *fault)
{
    struct vg_engine_settings *settings = &look->settings;
    if (look->engine && settings->width == size.width && settings->height == size.height)
        return VG_OK;
    vg_engine_close(&look->engine);
    settings->width = size.width;
    settings->height = size.height;
    struct vg_cold_start start;
    vg_cold_start_init(&start);
    settings->listener = &start.listener;
    const enum vg_status status = vg_engine_open(&look->engine, look->model, settings, fault);
    settings->listener = NULL;
    vg_cold_start_end(&start);
    return status;
}

enum vg_status vg_look_open(struct vg_look *look, struct vg_fault *fault)
{
    return engine_fit(look, wanted_size(look, (struct vg_size){0, 0}), fault);
}

static enum vg_status tiles_fit(struct vg_look *look, struct vg_size picture,
                                struct vg_fault *fault)
{
    const struct vg_look_request *request = &look->request;
    struct vg_tiles_settings tiles = vg_tiles_defaults();
    if (look->tiles.count && look->tiles.settings.picture.width == picture.width &&
        look->tiles.settings.picture.height == picture.height)
        return VG_OK;
    tiles.picture = picture;
    tiles.input = (struct vg_size){look->settings.width, look->settings.height};
    if (request->tiles == VG_LOOK_TILES_GIVEN) {
        tiles.rows = request->rows;
        tiles.columns = request->columns;
    } else if (request->tiles == VG_LOOK_TILES_AUTO) {
        const double least =
            request->least_px > 0 ? request->least_px : (double)picture.height / VG_LOOK_LEAST_PART;
        (void)vg_tiles_choose(&tiles, (float)least, VG_LOOK_WANTED_PX);
    }
    if (vg_tiles_make(&look->tiles, &tiles))
        return vg_fault_set(fault, VG_E_CALL, N_("the picture is too small for so many tiles"),
                            N_("give fewer"), "%u x %u, %u x %u", tiles.rows, tiles.columns,
                            picture.width, picture.height);
    return VG_OK;
}

enum vg_status vg_look_fit(struct vg_look *look, uint32_t width, uint32_t height,
                           struct vg_fault *fault)
{
    const struct vg_size picture = {width, height};
    if (look->request.tiles != VG_LOOK_WHOLE && !look->part) {
        look->part = vg_alloc_array(VG_TILES_REGIONS_MAX, sizeof *look->part);
        if (!look->part)
            return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "--tiles");
    }
    look->tiles.count = 0;
    const enum vg_status status = engine_fit(look, wanted_size(look, picture), fault);
    return status ? status : tiles_fit(look, picture, fault);
}

void vg_look_release(struct vg_look *look)
{
    vg_engine_close(&look->engine);
    vg_free(look->part);
    look->part = NULL;
}

/* ---- running ---- */

enum vg_status vg_look_run_parts(struct vg_look *look, const struct vg_job *jobs, uint32_t count,
                                 struct vg_answer *answers, struct vg_fault *fault)
{
    const uint32_t most = look->settings.batch_max;
    enum vg_status status = VG_OK;
    for (uint32_t first = 0; first < count && !status; first += most)
        status = vg_engine_run(look->engine, jobs + first,
                               count - first < most ? count - first : most, answers + first, fault);
    return status;
}

static enum vg_status run_tiled(struct vg_look *look, const struct vg_job *job,
                                struct vg_answer *answer, struct vg_fault *fault)
{
    struct vg_job region[VG_TILES_REGIONS_MAX];
    enum vg_status status =
        tiles_fit(look, (struct vg_size){job->picture->width, job->picture->height}, fault);
    if (status)
        return status;
    vg_tiles_jobs(&look->tiles, job, region);
    status = vg_look_run_parts(look, region, look->tiles.count, look->part, fault);
    if (!status)
        vg_tiles_fuse(&look->tiles, look->part, answer);
    return status;
}

enum vg_status vg_look_run(struct vg_look *look, const struct vg_job *jobs, uint32_t count,
                           struct vg_answer *answers, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    if (look->request.tiles == VG_LOOK_WHOLE)
        return vg_look_run_parts(look, jobs, count, answers, fault);
    for (uint32_t i = 0; i < count && !status; i++)
        status = run_tiled(look, &jobs[i], &answers[i], fault);
    return status;
}
