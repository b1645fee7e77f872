#include "src/cli/batch_heat.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/heat_json.h"
#include "src/base/heat_picture.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/draw/canvas.h"
#include "src/draw/image_file.h"

#define PATH_SIZE 4200

struct vg_batch_heat {
    struct vg_canvas canvas; /* the first picture; empty: none yet */
    struct vg_heat_sum sum;
};

enum vg_status vg_batch_heat_open(struct vg_batch_heat **heat)
{
    *heat = vg_alloc(sizeof **heat);
    return *heat ? VG_OK : VG_E_MEMORY;
}

void vg_batch_heat_close(struct vg_batch_heat **heat)
{
    if (!*heat)
        return;
    vg_canvas_release(&(*heat)->canvas);
    vg_free(*heat);
    *heat = NULL;
}

enum vg_status vg_batch_heat_picture(struct vg_batch_heat *heat, const struct vg_picture *picture,
                                     struct vg_fault *fault)
{
    if (heat->canvas.rgb)
        return VG_OK;
    const enum vg_status status = vg_canvas_from_picture(&heat->canvas, picture);
    return status ? vg_fault_set(fault, status, vg_status_text(status), NULL, "heat.png") : VG_OK;
}

static void draw(struct vg_canvas *canvas, const struct vg_heat_sum *sum)
{
    const uint64_t greatest = vg_heat_sum_greatest_ms(sum);
    for (uint32_t i = 0; i < sum->columns * sum->rows; i++) {
        const struct vg_png_colour mark = vg_heat_colour(vg_heat_level(sum->cell[i], greatest));
        const float width = (float)canvas->width / (float)sum->columns;
        const float height = (float)canvas->height / (float)sum->rows;
        const struct vg_box box = {(float)(i % sum->columns) * width,
                                   (float)(i / sum->columns) * height, width, height};
        if (mark.alpha)
            vg_canvas_block(canvas, box, (struct vg_colour){mark.r, mark.g, mark.b}, mark.alpha);
    }
}

/* Given whole or not at all, as the other files of the clip. */
static enum vg_status save(const char *folder, const char *name, const void *data, size_t size,
                           struct vg_fault *fault)
{
    char path[PATH_SIZE];
    if (vg_path_join(path, sizeof path, folder, name))
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", folder);
    return vg_file_write(path, data, size, 0644, VG_FILE_WHOLE, fault);
}

static enum vg_status write_json(const struct vg_heat_sum *sum, const char *folder,
                                 struct vg_fault *fault)
{
    json_t *object = vg_heat_json(sum);
    char *text = object ? vg_json_text(object) : NULL;
    json_decref(object);
    const enum vg_status status =
        text ? save(folder, "heat.json", text, strlen(text), fault)
             : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", folder);
    vg_free(text);
    return status;
}

static enum vg_status write_picture(struct vg_batch_heat *heat, const char *folder,
                                    struct vg_fault *fault)
{
    uint8_t *data;
    size_t size;
    draw(&heat->canvas, &heat->sum);
    enum vg_status status = vg_image_png(&heat->canvas, &data, &size);
    if (status)
        return vg_fault_set(fault, status, N_("the picture cannot be encoded"), NULL, "%s", folder);
    status = save(folder, "heat.png", data, size, fault);
    vg_free(data);
    return status;
}

enum vg_status vg_batch_heat_write(struct vg_batch_heat *heat, const struct vg_heat_grid *grid,
                                   const char *folder, struct vg_fault *fault)
{
    heat->sum = (struct vg_heat_sum){0};
    vg_heat_sum_add(&heat->sum, grid);
    const enum vg_status status = write_json(&heat->sum, folder, fault);
    return status || !heat->canvas.rgb ? status : write_picture(heat, folder, fault);
}
