#include "src/maps/maps_host.h"

#include "kernels/twins/map_flow_twin.h"
#include "kernels/twins/map_twins.h"
#include "src/base/alloc.h"
#include "src/maps/maps_course.h"

struct vg_maps_host {
    struct vg_maps_course course;
    struct vg_maps maps;
    uint8_t *piece;
    uint8_t *scratch; /* of the flow; NULL: it was not asked for */
};

enum vg_status vg_maps_host_open(struct vg_maps_host **host, uint32_t set)
{
    *host = vg_alloc(sizeof **host);
    if (!*host)
        return VG_E_MEMORY;
    (*host)->course.set = set;
    (*host)->piece = vg_alloc(vg_maps_bytes_max());
    if (set & VG_MAPS_FLOW)
        (*host)->scratch = vg_alloc(VG_FLOW_SCRATCH_BYTES);
    if ((*host)->piece && (!(set & VG_MAPS_FLOW) || (*host)->scratch))
        return VG_OK;
    vg_maps_host_close(host);
    return VG_E_MEMORY;
}

void vg_maps_host_close(struct vg_maps_host **host)
{
    if (!*host)
        return;
    vg_free((*host)->piece);
    vg_free((*host)->scratch);
    vg_free(*host);
    *host = NULL;
}

static int16_t *shorts_at(uint8_t *sheet, size_t first)
{
    void *at = sheet + first;
    return at;
}

static void flow_make(const struct vg_maps_host *host, const struct vg_map_job *job)
{
    uint8_t *sheet = host->piece + vg_maps_sheet_first(job);
    const struct vg_maps_flow_places at = vg_maps_flow_places(&host->maps.size);
    const struct vg_flow_planes planes = {shorts_at(sheet, at.flow_x), shorts_at(sheet, at.flow_y),
                                          sheet + at.sure};
    if (host->scratch && !job->first)
        vg_twin_map_flow(vg_twin_map_plane(job, host->piece, 1 - job->turn, VG_MAP_LUMA),
                         vg_twin_map_plane(job, host->piece, job->turn, VG_MAP_LUMA), job->width,
                         job->height, host->scratch, &planes);
}

const struct vg_maps *vg_maps_host_step(struct vg_maps_host *host, const struct vg_picture *picture,
                                        struct vg_media_time time)
{
    struct vg_map_job job;
    vg_maps_course_step(&host->course, picture, time, &job, &host->maps);
    const struct vg_twin_map_pixels pixels = {picture->luma, picture->chroma, picture->luma_stride,
                                              picture->chroma_stride};
    vg_twin_map_small_of(&pixels, &job, host->piece);
    flow_make(host, &job);
    vg_twin_map_ground(&job, host->piece, 1);
    vg_twin_map_flame(&job, host->piece, 1);
    vg_maps_of_sheet(&job, host->piece + vg_maps_sheet_first(&job), &host->maps);
    return &host->maps;
}
