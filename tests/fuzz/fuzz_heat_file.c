/* A day of heat maps, any bytes, with right checksums put into them too (else no hour would be
 * reached): what is accepted holds its bounds, and can be summed up and shown. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/base/heat_picture.h"
#include "src/store/heat_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPARE_AT (VG_HEAT_PLACES_AT + VG_HEAT_HOURS * VG_HEAT_PLACE_BYTES)

static void must(int holds)
{
    if (!holds)
        abort();
}

static void show(const struct vg_heat_sum *sum)
{
    uint8_t *png;
    size_t size;
    must(vg_heat_sum_greatest_ms(sum) <= vg_heat_sum_total_ms(sum));
    must(vg_heat_png(sum, &png, &size) == VG_OK && size > 0);
    vg_free(png);
}

static void parse(const uint8_t *data, size_t size)
{
    static struct vg_heat_grid grid;
    static struct vg_heat_sum sum;
    struct vg_heat_day day;
    sum = (struct vg_heat_sum){0};
    if (vg_heat_parse(data, size, &day) != VG_OK)
        return;
    must(memchr(day.flux, 0, sizeof day.flux) != NULL);
    for (uint32_t h = 0; h < VG_HEAT_HOURS; h++) {
        if (vg_heat_hour(data, size, &day, h, &grid) != VG_HEAT_GOOD)
            continue;
        must(grid.columns >= 1 && grid.columns <= VG_HEAT_SIDE_MAX);
        must(grid.rows >= 1 && grid.rows <= VG_HEAT_SIDE_MAX && grid.pictures > 0);
        must(grid.hour == day.day * VG_HEAT_HOURS + h);
        const uint64_t before = vg_heat_sum_total_ms(&sum);
        vg_heat_sum_add(&sum, &grid);
        must(vg_heat_sum_total_ms(&sum) == before + vg_heat_grid_total_ms(&grid));
        vg_heat_grid_join(&grid, &grid);
    }
    if (sum.pictures)
        show(&sum);
}

/* The bytes as a place, with its hour and a good checksum. */
static void dress(uint8_t *place, const uint8_t *data, size_t size, int64_t hour)
{
    memcpy(place, data, size < VG_HEAT_PLACE_BYTES ? size : VG_HEAT_PLACE_BYTES);
    const size_t cells = (size_t)vg_get16(place + 4) * vg_get16(place + 6);
    vg_put64(place + 24, (uint64_t)hour);
    if (cells <= VG_HEAT_CELLS_MAX)
        vg_put32(place, vg_crc32c(0, place + 4, VG_HEAT_CELLS_AT - 4 + cells * 4));
}

/* A good head, the bytes as an hour, and their other half as the spare place of it. */
static void dress_day(const uint8_t *data, size_t size)
{
    static const struct vg_day_kind kind = {.name = "heat",
                                            .magic = {'V', 'G', 'H', 'E', 'A', 'T', 'M', '1'},
                                            .record_bytes = 4,
                                            .own = VG_HEAT_PLACE_BYTES,
                                            .records = VG_HEAT_HOURS + 1};
    uint8_t *bytes = calloc(1, VG_HEAT_FILE_BYTES_MAX);
    must(bytes != NULL);
    vg_day_head_put(&kind, 20000, "c", bytes);
    const int64_t hour = 20000 * VG_HEAT_HOURS + 3;
    dress(bytes + VG_HEAT_PLACES_AT + 3 * VG_HEAT_PLACE_BYTES, data, size, hour);
    dress(bytes + SPARE_AT, data + size / 2, size - size / 2, hour);
    parse(bytes, VG_HEAT_FILE_BYTES_MAX);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > VG_HEAT_FILE_BYTES_MAX)
        return 0;
    parse(data, size);
    dress_day(data, size);
    return 0;
}
