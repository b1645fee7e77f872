/* The maps of src/maps/maps.h as the device holds them: where everything of a flux lies, and what
 * the host tells map_small, map_ground and map_flame about a picture. One header for both sides.
 *
 * All of a flux lies in one piece of one buffer of bytes, `plane` bytes for a byte of each map
 * pixel (rows without padding, then rounded up to VG_MAP_ALIGN):
 *
 *   | sheet 0 | sheet 1 | words of 32 bits | words of 16 bits | light 0 | light 1 |
 *   sheet:  | VG_MAP_SHEET_PLANES planes | flow_x | flow_y | sure |   what events read, in one piece
 *
 * A picture writes sheet `turn` and reads the other one, which the picture before wrote: so a
 * work-item may look at its neighbours of before. The words are read and written by their own
 * pixel's work-item alone. Launches of a picture, each after the one before:
 *
 *   map_small   (pixels, jobs, maps)  always
 *   map_ground  (jobs, maps)          where VG_MAP_GROUND is asked for
 *   map_flame   (jobs, maps)          where VG_MAP_FLAME is asked for
 *
 * work of each: (ceil(widest map / VG_MAP_STRIP), highest map, pictures), groups of one work-item, or
 * in the spread form (widest map rounded up to VG_SPREAD_ITEMS, highest map, pictures), groups of
 * VG_SPREAD_ITEMS; a job each picture. A job that does not ask for a launch, and what lies outside of
 * its map, is left alone. Two pictures of one flux never stand in one launch. The flow has launches of
 * its own (flow_layout.h); its results have a place in the sheet. */
#ifndef VG_KERNELS_MAP_KERNELS_H
#define VG_KERNELS_MAP_KERNELS_H

#if !defined(__OPENCL_VERSION__) && !defined(__OPENCL_C_VERSION__)
#include "kernels/kernel_sizes.h" /* which a .cl includes before */
#endif

#define VG_MAP_STRIP      16 /* pixels of a row that a work-item makes */
#define VG_MAP_ALIGN      64
#define VG_MAP_SHRINK_MAX 64 /* so that sums stay within 32 bits */

/* planes of a sheet */
#define VG_MAP_LUMA         0
#define VG_MAP_BLUE         1
#define VG_MAP_RED          2
#define VG_MAP_LONG_LUMA    3
#define VG_MAP_LONG_BLUE    4
#define VG_MAP_LONG_RED     5
#define VG_MAP_CLASS        6 /* enum vg_ground */
#define VG_MAP_STAYS        7
#define VG_MAP_WARM         8
#define VG_MAP_FLICKER      9
#define VG_MAP_SHEET_PLANES 10

/* words of 32 bits of a pixel: the long background in 1/65536 of a grey level, times in ms */
#define VG_MAP_WORD_LUMA 0
#define VG_MAP_WORD_BLUE 1
#define VG_MAP_WORD_RED  2
#define VG_MAP_WORD_SEEN 3 /* how long the long background has been seen here */
#define VG_MAP_WORD_STAYS \
    4 /* how long the short one; and for how long it was away, see map_rules.h */
#define VG_MAP_WORDS 5

/* words of 16 bits, without sign: in 1/256 of a grey level */
#define VG_MAP_HALF_LUMA         0 /* the short background */
#define VG_MAP_HALF_BLUE         1
#define VG_MAP_HALF_RED          2
#define VG_MAP_HALF_NOISE        3 /* of the long background: mean difference from it */
#define VG_MAP_HALF_CHROMA_NOISE 4
#define VG_MAP_HALF_SHORT_NOISE  5
#define VG_MAP_HALF_RUN          6 /* flame: the luma's way since its last turn, plus 32768 */
#define VG_MAP_HALF_SWING        7 /* flame: ways between turns of the last second, summed up */
#define VG_MAP_HALVES            8

/* The light of a picture against the long background, of a sample of the pixels: a histogram of
 * their ratio, 16 bins an octave, and how many of them are VG_GROUND_NEW. Words of 32 bits. */
#define VG_MAP_LIGHT_BINS    64
#define VG_MAP_LIGHT_COUNT   0                       /* pixels of each bin */
#define VG_MAP_LIGHT_NOW     VG_MAP_LIGHT_BINS       /* sum of their luma now */
#define VG_MAP_LIGHT_WAS     (2 * VG_MAP_LIGHT_BINS) /* and in the long background */
#define VG_MAP_LIGHT_SAMPLES (3 * VG_MAP_LIGHT_BINS)
#define VG_MAP_LIGHT_NEW     (3 * VG_MAP_LIGHT_BINS + 1)
#define VG_MAP_LIGHT_WORDS   208 /* a multiple of VG_MAP_ALIGN bytes */
#define VG_MAP_LIGHT_EACH    4   /* each fourth pixel of each fourth row */

/* enum vg_maps_set */
#define VG_MAP_GROUND 1
#define VG_MAP_FLOW   2
#define VG_MAP_FLAME  4

/* One picture of one flux. */
struct vg_map_job {
    vg_i32 luma_first, luma_stride; /* bytes from the start of the staging buffer */
    vg_i32 chroma_first, chroma_stride;
    vg_i32 picture_width, picture_height; /* all of it, even */
    vg_i32 full_range;                    /* 1: luma and chroma go from 0 to 255 */
    vg_i32 shrink, width, height;         /* struct vg_maps_size */
    vg_i32 set;                           /* VG_MAP_GROUND + .. */
    vg_i32 turn;                          /* 0 and 1 in turns: the sheet that is written */
    vg_i32 first;      /* 1: nothing is known from before, whatever the memory holds */
    vg_i32 step_ms;    /* since the picture before, 0 to VG_MAP_STEP_MAX_MS */
    vg_i32 maps_first; /* the flux's piece in the buffer of maps, in units of VG_MAP_ALIGN */
    vg_i32 plane;      /* bytes, as are the next three */
    vg_i32 sheet_bytes;
    vg_i32 words_first, halves_first, light_first; /* from the piece's start */
};

#define VG_MAP_STEP_MAX_MS 30000 /* a rate's numerator stays within 31 bits */

#endif
