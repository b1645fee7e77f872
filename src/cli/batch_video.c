#include "src/cli/batch_video.h"

#include <stdio.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/draw/overlay.h"
#include "src/draw/video_file.h"

struct vg_batch_video {
    const struct vg_scene *scene;
    struct vg_video_file *file;
    struct vg_canvas canvas;
    uint32_t width, height; /* a picture of another size (a change in mid-stream) is left out */
};

enum vg_status vg_batch_video_open(struct vg_batch_video **video, const char *folder,
                                   const struct vg_scene *scene, const struct vg_clip_about *about,
                                   double rate_fps, struct vg_fault *fault)
{
    char path[4096];
    const double source = (double)about->fps_milli / 1000;
    const double fps = rate_fps > 0 && (source <= 0 || rate_fps < source) ? rate_fps : source;
    struct vg_batch_video *v = vg_alloc(sizeof *v);
    *video = NULL;
    if (!v)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", folder);
    v->scene = scene;
    v->width = about->width;
    v->height = about->height;
    enum vg_status status = vg_path_join(path, sizeof path, folder, "video.mp4");
    if (!status)
        status = vg_video_file_open(&v->file, path, v->width, v->height,
                                    fps > 0 ? (float)fps : 10.0F, fault);
    if (status) {
        vg_free(v);
        return status;
    }
    *video = v;
    return VG_OK;
}

enum vg_status vg_batch_video_add(struct vg_batch_video *video, const struct vg_picture *picture,
                                  struct vg_media_time time, const struct vg_chain_output *seen,
                                  struct vg_fault *fault)
{
    if (picture->width != video->width || picture->height != video->height)
        return VG_OK;
    if (vg_canvas_from_picture(&video->canvas, picture))
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "video.mp4");
    if (video->scene)
        vg_draw_scene(&video->canvas, video->scene, seen->alert_count ? seen->alerts[0].place : -1);
    vg_draw_tracks(&video->canvas, seen->tracks, seen->track_count);
    return vg_video_file_add(video->file, &video->canvas, time, fault);
}

enum vg_status vg_batch_video_close(struct vg_batch_video **video, struct vg_fault *fault)
{
    struct vg_batch_video *v = *video;
    const enum vg_status status = vg_video_file_close(&v->file, fault);
    vg_canvas_release(&v->canvas);
    vg_free(v);
    *video = NULL;
    return status;
}
