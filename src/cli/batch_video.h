/* video.mp4 of `vigie batch --video`: the analysed pictures with places, boxes and tracks. */
#ifndef VG_CLI_BATCH_VIDEO_H
#define VG_CLI_BATCH_VIDEO_H

#include "scheduler/chain.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/clip.h"
#include "src/scene/scene.h"

struct vg_batch_video;

/* folder: of the clip's results. scene may be NULL. */
enum vg_status vg_batch_video_open(struct vg_batch_video **video, const char *folder,
                                   const struct vg_scene *scene, const struct vg_clip_about *about,
                                   double rate_fps, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_batch_video_add(struct vg_batch_video *video, const struct vg_picture *picture,
                                  struct vg_media_time time, const struct vg_chain_output *seen,
                                  struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_batch_video_close(struct vg_batch_video **video,
                                    struct vg_fault *fault) VG_MUST_USE;

#endif
