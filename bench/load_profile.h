/* What a deployment's flux are like: classes with their share of all, as JSON
 *
 *   { "version": 1, "name": "Centre-ville",
 *     "classes": [ { "name": "rues", "share": 0.8, "codec": "h264", "width": 704, "height": 576,
 *                    "fps": 25, "rate_fps": 5, "tiles": 1,
 *                    "events": ["wrong_way", "crossing"], "clip": "rues.mp4" } ] }
 *
 * Required: version, name, classes with name and share. Defaults: those of the class below. Shares
 * are relative to their sum. A clip of the class is wanted to measure it; without one the clip given
 * on the command line stands for it, if it is of its codec, size and rate. */
#ifndef VG_BENCH_LOAD_PROFILE_H
#define VG_BENCH_LOAD_PROFILE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/text_buffer.h"

#define VG_LOAD_CLASSES_MAX 16
#define VG_LOAD_NAME_SIZE   64
#define VG_LOAD_CODEC_SIZE  32
#define VG_LOAD_CLIP_SIZE   1024
#define VG_LOAD_SCENE_SIZE  4096
#define VG_LOAD_TEXT_MAX    (1u << 20)

struct vg_load_class {
    char name[VG_LOAD_NAME_SIZE];
    double share;
    char codec[VG_LOAD_CODEC_SIZE]; /* libavcodec's name: "h264" */
    uint32_t width, height;
    double fps;      /* that the source sends */
    double rate_fps; /* wanted of the analysis */
    uint32_t tiles;
    uint32_t events;              /* bits of enum vg_event */
    char clip[VG_LOAD_CLIP_SIZE]; /* "": none of its own */
};

struct vg_load_profile {
    char name[VG_LOAD_NAME_SIZE];
    uint32_t class_count;
    struct vg_load_class class[VG_LOAD_CLASSES_MAX];
};

/* One class: 4CIF (704x576), H.264, 25 pictures a second, 5 analysed, five events that need no
 * trained model. */
struct vg_load_profile vg_load_profile_defaults(void);

/* VG_E_INPUT with line, column and pointer; VG_E_FULL above VG_LOAD_TEXT_MAX. `file`: for them. */
enum vg_status vg_load_profile_parse(struct vg_load_profile *profile, const char *file,
                                     const char *text, size_t size,
                                     struct vg_fault *fault) VG_MUST_USE;

/* The class of flux `number`: the first N are mixed as the shares ask, whatever N is, and those of
 * N flux are among those of N + 1. Pure. */
uint32_t vg_load_profile_class(const struct vg_load_profile *profile, uint32_t number);

/* Given. */
json_t *vg_load_profile_json(const struct vg_load_profile *profile);

/* A scene that watches these events (bits) on places that fit any view, as JSON. */
void vg_load_scene(uint32_t events, struct vg_text_buffer *out);

#endif
