/* The course of a flux's maps from picture to picture, whoever computes them: where they lie in
 * memory, what the kernels (or their twins) are told about a picture, and the result as events
 * read it. Pure but for the course itself, which belongs to one thread. */
#ifndef VG_MAPS_MAPS_COURSE_H
#define VG_MAPS_MAPS_COURSE_H

#include <stddef.h>

#include "kernels/map_kernels.h"
#include "src/maps/maps.h"
#include "src/media/picture.h"

/* All zeros but for the set: nothing was seen yet. */
struct vg_maps_course {
    uint32_t set; /* of enum vg_maps_set: what is asked for; another one begins anew */
    uint32_t made;
    uint32_t picture_width, picture_height, epoch;
    int64_t first_us, before_us;
    vg_i32 turn;
    uint32_t pictures; /* of this epoch and size; stands at its most */
};

/* Bytes of a flux's piece of memory, a multiple of VG_MAP_ALIGN. */
size_t vg_maps_bytes(const struct vg_maps_size *size);

/* The same for maps of any size. */
size_t vg_maps_bytes_max(void);

/* The next picture: fills *job but for where the pixels and the piece lie (luma_first, luma_stride,
 * chroma_first, chroma_stride, maps_first: 0), and *maps but for the planes. A new epoch or size,
 * a time that goes back or another set begin anew. Only width, height, range and epoch of the
 * picture are read. */
void vg_maps_course_step(struct vg_maps_course *course, const struct vg_picture *picture,
                         struct vg_media_time time, struct vg_map_job *job, struct vg_maps *maps);

/* Where sheet `job->turn` begins in the piece; job->sheet_bytes are what events read. */
size_t vg_maps_sheet_first(const struct vg_map_job *job);

/* Sets the planes of `maps` to those in `sheet`, a copy of the sheet's bytes or the sheet itself, which
 * stays borrowed. Planes that were not asked for are NULL, and those of the flow at the first
 * picture. */
void vg_maps_of_sheet(const struct vg_map_job *job, const uint8_t *sheet, struct vg_maps *maps);

/* Where the results of the flow lie in a sheet, bytes. */
struct vg_maps_flow_places {
    size_t flow_x, flow_y, sure, end;
};
struct vg_maps_flow_places vg_maps_flow_places(const struct vg_maps_size *size);

#endif
