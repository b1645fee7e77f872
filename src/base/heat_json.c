#include "src/base/heat_json.h"

static json_t *seconds_json(uint64_t ms)
{
    return json_real((double)ms / 1000);
}

static json_t *cells_json(const struct vg_heat_sum *sum)
{
    json_t *rows = json_array();
    for (uint32_t y = 0; y < sum->rows; y++) {
        json_t *row = json_array();
        for (uint32_t x = 0; x < sum->columns; x++)
            (void)json_array_append_new(row, seconds_json(sum->cell[y * sum->columns + x]));
        (void)json_array_append_new(rows, row);
    }
    return rows;
}

json_t *vg_heat_json(const struct vg_heat_sum *sum)
{
    return json_pack("{s:I,s:I,s:o,s:o,s:I,s:o}", "columns", (json_int_t)sum->columns, "rows",
                     (json_int_t)sum->rows, "watched_s", seconds_json(sum->watched_ms), "person_s",
                     seconds_json(vg_heat_sum_total_ms(sum)), "pictures", (json_int_t)sum->pictures,
                     "seconds", cells_json(sum));
}
