#include "src/engine/map_flux.h"

#include <assert.h>

#include "src/base/alloc.h"
#include "src/engine/map_device.h"

enum vg_status vg_map_flux_open(struct vg_map_flux **flux, const struct vg_map_device *device,
                                uint32_t set, uint32_t rooms)
{
    const struct vg_maps_size largest = vg_maps_size(VG_MAPS_SIDE_MAX, VG_MAPS_SIDE_MAX);
    struct vg_map_flux *f = vg_alloc(sizeof *f);
    *flux = NULL;
    if (!f)
        return VG_E_MEMORY;
    if (vg_map_device_lost(device)) {
        vg_free(f);
        return VG_E_DEVICE;
    }
    cl_int code = CL_SUCCESS;
    f->course.set = set;
    f->rooms = rooms;
    f->room_bytes = vg_maps_flow_places(&largest).end;
    f->sheets = vg_alloc_array(rooms, f->room_bytes);
    f->maps = vg_alloc_array(rooms, sizeof *f->maps);
    f->piece = clCreateBuffer(vg_map_device_context(device), CL_MEM_READ_WRITE,
                              set ? vg_maps_bytes_max() : 2 * f->room_bytes, NULL, &code);
    enum vg_status status = vg_device_check(code, "clCreateBuffer", NULL);
    if (!f->sheets || !f->maps)
        status = VG_E_MEMORY;
    if (status)
        vg_map_flux_close(&f);
    *flux = f;
    return status;
}

void vg_map_flux_close(struct vg_map_flux **flux)
{
    struct vg_map_flux *f = *flux;
    if (!f)
        return;
    if (f->piece)
        (void)clReleaseMemObject(f->piece);
    vg_free(f->sheets);
    vg_free(f->maps);
    vg_free(f);
    *flux = NULL;
}

const struct vg_maps *vg_map_flux_maps(const struct vg_map_flux *flux, uint32_t room)
{
    if (flux->lost)
        return NULL;
    assert(room < flux->used);
    return &flux->maps[room];
}
