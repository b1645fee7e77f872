/* `vigie scene calibrate --clip`: persons are looked for and followed in a clip as batch does, and
 * what their heights propose goes into a scene. */
#ifndef VG_CLI_SCENE_CLIP_H
#define VG_CLI_SCENE_CLIP_H

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_scene_clip {
    const char *clip, *model;
    const char *device;      /* NULL: as VIGIE_DEVICE says */
    const char *scene, *out; /* NULL: none; a scene wants out */
    double rate_fps;         /* 0: every picture */
};

/* Writes the scene to `out`, or prints the proposal; warns on stderr of persons and zones that are
 * too small for the net. What batch and the proposal refuse, and VG_E_INPUT for a scene that is
 * none, or whose points the persons contradict; VG_E_INTERRUPTED. */
enum vg_status vg_scene_clip_calibrate(const struct vg_scene_clip *settings,
                                       struct vg_fault *fault) VG_MUST_USE;

#endif
