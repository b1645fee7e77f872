/* What two thumbs have in common, block by block: detail left when slow changes of grey are taken
 * away, and how much alike it is. Light changes grey; only a camera moves all detail.
 *
 * All sums are of integers and in a fixed order. Pure, any thread. */
#ifndef VG_VISION_VIEW_DETAIL_H
#define VG_VISION_VIEW_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "src/vision/view_thumb.h"

/* Of one thumb. */
struct vg_view_detail {
    int16_t band[VG_VIEW_PIXELS];    /* grey less its mean in 9x9 pixels, in ninths */
    uint32_t energy[VG_VIEW_BLOCKS]; /* sum of the band's squares */
    uint32_t sharp[VG_VIEW_BLOCKS];  /* sum of squares of the Laplacian (4 neighbours) */
    float mean[VG_VIEW_BLOCKS];      /* of grey */
};

/* luma: VG_VIEW_PIXELS, borrowed. */
void vg_view_detail_make(struct vg_view_detail *detail, const uint8_t *luma);

/* Standard deviation of the block's detail, in levels of grey. */
float vg_view_detail_deviation(const struct vg_view_detail *detail, uint32_t block);

/* Normalised cross-correlation (-1 to 1) of block `block` of `a` with what stands dx to the right
 * and dy below it in `b`; 0 where either is flat. dx, dy: within the picture. */
float vg_view_detail_likeness(const struct vg_view_detail *a, const struct vg_view_detail *b,
                              uint32_t block, int32_t dx, int32_t dy);

/* Whether the block's detail deviates by VG_VIEW_STRUCTURE levels or more when the noise is taken
 * off. */
#define VG_VIEW_STRUCTURE 2.0f
bool vg_view_detail_has_structure(const struct vg_view_detail *detail, uint32_t block, float noise);

/* Deviation of the noise, levels of grey: the median over the blocks of what differs between two
 * looks at the same; of two different views at most VG_VIEW_NOISE_MAX. */
#define VG_VIEW_NOISE_MAX 4.0f
float vg_view_detail_noise(const struct vg_view_detail *a, const struct vg_view_detail *b);

/* How a look differs from the reference. Shares are 0 to 1, of the reference's blocks with structure
 * unless said otherwise. */
struct vg_view_change {
    uint32_t blocks_then, blocks_now; /* with structure, in the reference and in this look */
    float kept;                       /* detail alike */
    float gone;       /* detail gone: the block is uniform, which darkness alone does not explain */
    float dark;       /* of all blocks: dark and without detail */
    float flat;       /* of all blocks: without detail */
    float sharpness;  /* median over blocks of fine against coarse detail, reference 1 */
    float grey;       /* correlation of the blocks' means, all blocks */
    float grey_gone;  /* the same, of the blocks whose detail is gone; 0: fewer than 12 */
    float slope_gone; /* how their means follow the reference's, 1: fully, 0: all one grey */
};
void vg_view_detail_compare(const struct vg_view_detail *then, const struct vg_view_detail *now,
                            float noise, struct vg_view_change *change);

/* Share of the blocks with structure in both, away from the border, whose detail is nearest to
 * the reference's at the very same place, bright and dark exchanged or not, rather than at one of
 * eight places VG_VIEW_ELSEWHERE pixels away: 1 in 9 for another view. 0: fewer than 12 blocks. */
#define VG_VIEW_ELSEWHERE 12
float vg_view_detail_votes(const struct vg_view_detail *then, const struct vg_view_detail *now,
                           float noise);

#endif
