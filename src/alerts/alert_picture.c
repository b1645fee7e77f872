#include "src/alerts/alert_picture.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/draw/image_file.h"
#include "src/draw/overlay.h"

enum {
    JPEG_QUALITY = 85
};

static const char *place_name(const struct vg_scene *scene, int place)
{
    if (place < 0)
        return "";
    return scene->place[place].label[0] ? scene->place[place].label : scene->place[place].id;
}

static void draw(struct vg_canvas *canvas, const struct vg_alert *alert,
                 const struct vg_scene *scene, const struct vg_picture *picture)
{
    struct vg_draw_box boxes[VG_SIGHTING_BOXES_MAX];
    char time[40];
    for (uint32_t i = 0; i < alert->box_count; i++)
        boxes[i] = (struct vg_draw_box){alert->box[i].track, alert->box[i].class_id,
                                        alert->box[i].score, alert->box[i].box};
    vg_wall_format(picture->wall, time, sizeof time);
    time[10] = ' ';
    time[19] = '\0'; /* local, to the second: for a person */
    const struct vg_draw_alert drawn = {
        .scene = scene,
        .place = alert->place,
        .title = _(vg_event_label(alert->event)),
        .place_name = place_name(scene, alert->place),
        .time = time,
        .boxes = boxes,
        .box_count = alert->box_count,
    };
    vg_draw_alert(canvas, &drawn);
}

enum vg_status vg_alert_picture(struct vg_canvas *canvas, const struct vg_alert *alert,
                                const struct vg_scene *scene, const struct vg_picture *picture,
                                uint8_t *jpeg, size_t room, size_t *size)
{
    uint8_t *data = NULL;
    *size = 0;
    enum vg_status status = vg_canvas_from_picture(canvas, picture);
    if (status)
        return status;
    draw(canvas, alert, scene, picture);
    status = vg_image_jpeg(canvas, JPEG_QUALITY, &data, size);
    if (!status && *size > room)
        status = VG_E_FULL;
    if (!status)
        memcpy(jpeg, data, *size);
    vg_free(data);
    return status;
}
