/* Twins of map_small, map_ground and map_flame: same jobs and memory as the kernels
 * (kernels/map_kernels.h). Pure, any thread. */
#ifndef VG_KERNELS_TWINS_MAP_TWINS_H
#define VG_KERNELS_TWINS_MAP_TWINS_H

#include <stddef.h>

#include "kernels/map_kernels.h"

void vg_twin_map_small(const uint8_t *pixels, const struct vg_map_job *jobs, uint8_t *maps,
                       vg_i32 pictures);
/* The same for one picture whose planes lie anywhere. */
struct vg_twin_map_pixels {
    const uint8_t *luma, *chroma; /* of pixel (0, 0) */
    size_t luma_stride, chroma_stride;
};
void vg_twin_map_small_of(const struct vg_twin_map_pixels *pixels, const struct vg_map_job *job,
                          uint8_t *maps);

void vg_twin_map_ground(const struct vg_map_job *jobs, uint8_t *maps, vg_i32 pictures);
void vg_twin_map_flame(const struct vg_map_job *jobs, uint8_t *maps, vg_i32 pictures);

/* ---- what they have in common ---- */

/* The flux's piece, and a plane of one of its sheets. */
static inline uint8_t *vg_twin_map_piece(const struct vg_map_job *job, uint8_t *maps)
{
    return maps + (size_t)job->maps_first * VG_MAP_ALIGN;
}

static inline uint8_t *vg_twin_map_plane(const struct vg_map_job *job, uint8_t *maps, vg_i32 turn,
                                         vg_i32 plane)
{
    return vg_twin_map_piece(job, maps) + (size_t)turn * (size_t)job->sheet_bytes +
           (size_t)plane * (size_t)job->plane;
}

/* Word `word` of pixel 0; that of pixel i stands i words behind. */
static inline vg_i32 *vg_twin_map_words(const struct vg_map_job *job, uint8_t *maps, vg_i32 word)
{
    void *at =
        vg_twin_map_piece(job, maps) + job->words_first + (size_t)word * 4 * (size_t)job->plane;
    return at;
}

static inline uint16_t *vg_twin_map_halves(const struct vg_map_job *job, uint8_t *maps, vg_i32 half)
{
    void *at =
        vg_twin_map_piece(job, maps) + job->halves_first + (size_t)half * 2 * (size_t)job->plane;
    return at;
}

static inline vg_i32 *vg_twin_map_light(const struct vg_map_job *job, uint8_t *maps, vg_i32 turn)
{
    void *at = vg_twin_map_piece(job, maps) + job->light_first + turn * VG_MAP_LIGHT_WORDS * 4;
    return at;
}

#endif
