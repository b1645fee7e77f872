#include "src/maps/maps.h"

static uint32_t divided(uint32_t a, uint32_t by)
{
    return (a + by - 1) / by;
}

struct vg_maps_size vg_maps_size(uint32_t picture_width, uint32_t picture_height)
{
    const uint32_t side = picture_width > picture_height ? picture_width : picture_height;
    struct vg_maps_size size = {.shrink = divided(side, VG_MAPS_SIDE_MAX)};
    size.width = divided(picture_width, size.shrink);
    size.height = divided(picture_height, size.shrink);
    size.columns = divided(size.width, VG_MAPS_CELL);
    size.rows = divided(size.height, VG_MAPS_CELL);
    return size;
}
