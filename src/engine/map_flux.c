#include "src/engine/map_flux.h"

#include <assert.h>

#include "src/base/alloc.h"
#include "src/engine/map_device.h"

static struct vg_map_flux *make(struct vg_map_device *device, size_t piece_bytes, uint32_t rooms)
{
    const struct vg_maps_size largest = vg_maps_size(VG_MAPS_SIDE_MAX, VG_MAPS_SIDE_MAX);
    struct vg_map_flux *f = vg_alloc(sizeof *f);
    if (!f)
        return NULL;
    f->device = device;
    f->piece_bytes = piece_bytes;
    f->rooms = rooms;
    f->room_bytes = vg_maps_flow_places(&largest).end;
    f->sheets = vg_alloc_array(rooms, f->room_bytes);
    f->maps = vg_alloc_array(rooms, sizeof *f->maps);
    if (f->sheets && f->maps)
        return f;
    vg_map_flux_free(f);
    return NULL;
}

static size_t piece_bytes_of(uint32_t set)
{
    const struct vg_maps_size largest = vg_maps_size(VG_MAPS_SIDE_MAX, VG_MAPS_SIDE_MAX);
    return set ? vg_maps_bytes_max() : 2 * vg_maps_flow_places(&largest).end;
}

enum vg_status vg_map_flux_open(struct vg_map_flux **flux, struct vg_map_device *device,
                                uint32_t set, uint32_t rooms)
{
    const size_t piece_bytes = piece_bytes_of(set);
    *flux = NULL;
    if (vg_map_device_lost(device))
        return VG_E_DEVICE;
    struct vg_map_flux *f = vg_map_device_take(device, piece_bytes, rooms);
    if (!f)
        f = make(device, piece_bytes, rooms);
    if (!f)
        return VG_E_MEMORY;
    f->course = (struct vg_maps_course){.set = set};
    f->used = 0;
    f->proven = f->lost = false;
    *flux = f;
    return VG_OK;
}

void vg_map_flux_close(struct vg_map_flux **flux)
{
    if (*flux)
        vg_map_device_rest((*flux)->device, *flux);
    *flux = NULL;
}

void vg_map_flux_free(struct vg_map_flux *flux)
{
    if (flux->piece)
        (void)clReleaseMemObject(flux->piece);
    vg_free(flux->sheets);
    vg_free(flux->maps);
    vg_free(flux);
}

const struct vg_maps *vg_map_flux_maps(const struct vg_map_flux *flux, uint32_t room)
{
    if (flux->lost)
        return NULL;
    assert(room < flux->used);
    return &flux->maps[room];
}
