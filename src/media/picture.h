/* One decoded picture as the stages hand it on: NV12, its colours, its times, its flux. */
#ifndef VG_MEDIA_PICTURE_H
#define VG_MEDIA_PICTURE_H

#include <stdint.h>

#include "src/base/clock.h"

enum vg_matrix {
    VG_MATRIX_BT601,
    VG_MATRIX_BT709
};
enum vg_range {
    VG_RANGE_LIMITED,
    VG_RANGE_FULL
};

#define VG_PICTURE_WIDTH_MAX  4096
#define VG_PICTURE_HEIGHT_MAX 2304

/* Pixels are borrowed from the slot (or buffer) that holds them; whoever holds the slot may
 * read them from any thread. Width and height are even (odd sources are cropped by one). */
struct vg_picture {
    const uint8_t *luma;   /* height rows of luma_stride bytes, width used */
    const uint8_t *chroma; /* height / 2 rows of chroma_stride bytes: U V U V ... */
    uint32_t width, height;
    uint32_t luma_stride, chroma_stride;
    enum vg_matrix matrix; /* unknown in the stream: BT.601 up to 576 rows, BT.709 above */
    enum vg_range range;   /* unknown: limited; full for the "J" formats */
    uint32_t flux;         /* index of the flux in its process's configuration */
    uint32_t epoch;        /* grows at each reconnection or jump: trackers start anew */
    uint64_t sequence;     /* of the decoded picture within the flux, from 0, all counted */
    struct vg_media_time media;
    struct vg_mono_time arrival; /* of its last packet */
    struct vg_mono_time ready;   /* decoded and in its slot; 0: it came through none */
    struct vg_wall_time wall;    /* of its content, by arrival if the source does not say */
};

#endif
