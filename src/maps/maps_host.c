#include "src/maps/maps_host.h"

#include "kernels/twins/map_twins.h"
#include "src/base/alloc.h"
#include "src/maps/maps_course.h"

struct vg_maps_host {
    struct vg_maps_course course;
    struct vg_maps maps;
    uint8_t *piece;
};

enum vg_status vg_maps_host_open(struct vg_maps_host **host, uint32_t set)
{
    *host = vg_alloc(sizeof **host);
    if (!*host)
        return VG_E_MEMORY;
    (*host)->course.set = set;
    (*host)->piece = vg_alloc(vg_maps_bytes_max());
    if ((*host)->piece)
        return VG_OK;
    vg_maps_host_close(host);
    return VG_E_MEMORY;
}

void vg_maps_host_close(struct vg_maps_host **host)
{
    if (!*host)
        return;
    vg_free((*host)->piece);
    vg_free(*host);
    *host = NULL;
}

const struct vg_maps *vg_maps_host_step(struct vg_maps_host *host, const struct vg_picture *picture,
                                        struct vg_media_time time)
{
    struct vg_map_job job;
    vg_maps_course_step(&host->course, picture, time, &job, &host->maps);
    const struct vg_twin_map_pixels pixels = {picture->luma, picture->chroma, picture->luma_stride,
                                              picture->chroma_stride};
    vg_twin_map_small_of(&pixels, &job, host->piece);
    vg_twin_map_ground(&job, host->piece, 1);
    vg_twin_map_flame(&job, host->piece, 1);
    vg_maps_of_face(&job, host->piece + vg_maps_face_first(&job), &host->maps);
    return &host->maps;
}
