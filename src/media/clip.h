/* A recorded clip, picture by picture, as fast as it can be decoded: what batch reads.
 *
 * Time comes from the pictures alone. One thread at a time uses a clip. */
#ifndef VG_MEDIA_CLIP_H
#define VG_MEDIA_CLIP_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/picture.h"
#include "src/media/pixels.h"

struct vg_clip;

/* Opens it and decodes up to its first picture, so that what cannot be analysed is refused here.
 * VG_E_MISSING, VG_E_INPUT (empty, not a video, no video in it, not one picture), VG_E_IO,
 * VG_E_MEMORY; the place is the path. */
enum vg_status vg_clip_open(struct vg_clip **clip, const char *path,
                            struct vg_fault *fault) VG_MUST_USE;
void vg_clip_close(struct vg_clip **clip);

struct vg_clip_about {
    uint32_t width, height; /* of the first picture, as vg_clip_next gives it */
    uint32_t fps_milli;     /* nominal, thousandths; 0: unknown */
    int64_t duration_us;    /* by the file's head, for a progress bar; 0: unknown */
    uint64_t pictures;      /* the same */
    uint32_t pixel_aspect_num, pixel_aspect_den;
};
struct vg_clip_about vg_clip_about(const struct vg_clip *clip);

/* A decoded picture before it is converted. */
struct vg_clip_picture {
    uint64_t sequence; /* from 0, every decoded picture counted */
    struct vg_media_time media;
    uint32_t width, height; /* of the picture, even; within VG_PICTURE_*_MAX, or scaled down */
    uint32_t epoch;         /* grows when the stamps step back */
    enum vg_matrix matrix;
    enum vg_range range;
    bool corrupt; /* damaged: do not analyse it */
};

/* The next picture. VG_E_END: that was all, and all was well. VG_E_IO: that was all that could be
 * decoded; the clip is cut or damaged, and the place names it with the time of the first damage.
 * Cut: by the sizes that its container declares, or when it ends earlier than its head promises.
 * After VG_E_END or VG_E_IO the same is returned again. */
enum vg_status vg_clip_next(struct vg_clip *clip, struct vg_clip_picture *picture,
                            struct vg_fault *fault) VG_MUST_USE;

/* Converts the picture that vg_clip_next gave last. pixels: room of its width and height.
 * *picture borrows that room; arrival and wall are 0. VG_E_IO: it cannot be converted;
 * VG_E_MEMORY. */
enum vg_status vg_clip_convert(struct vg_clip *clip, const struct vg_pixels *pixels,
                               struct vg_picture *picture) VG_MUST_USE;

/* Pictures lost so far: packets that the decoder refused, pictures that it lost. They have no
 * sequence number. */
uint64_t vg_clip_lost(const struct vg_clip *clip);

#endif
