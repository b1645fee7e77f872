/* A day of measures, any bytes, with right checksums put into them too (else no curve would be
 * reached): what is accepted holds its bounds and can be joined and shown. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/store/measures_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void check_row(const struct vg_measure_row *row)
{
    struct vg_measure_row twice = *row;
    must(row->pictures > 0 && vg_measure_row_holds(row));
    vg_measure_row_join(&twice, row);
    const double mean = vg_measure_row_mean(&twice);
    must(isfinite(mean) && mean >= row->least && mean <= row->greatest);
}

static void parse(const uint8_t *data, size_t size)
{
    struct vg_measures_day *day = vg_alloc(sizeof *day);
    must(day != NULL);
    if (vg_measures_parse(data, size, day) == VG_OK) {
        must(day->curve_count <= VG_MEASURES_CURVES_MAX && day->damaged <= day->curve_count);
        must(memchr(day->flux, 0, sizeof day->flux) != NULL);
        for (uint32_t c = 0; c < day->curve_count; c++) {
            must(memchr(day->curve[c].place, 0, sizeof day->curve[c].place) != NULL);
            must(memchr(day->curve[c].measure, 0, sizeof day->curve[c].measure) != NULL);
            for (uint32_t m = 0; m < VG_DAY_MINUTES; m++) {
                struct vg_measure_row row;
                if (vg_measures_row(data, size, day, c, m, &row) == VG_MEASURES_GOOD)
                    check_row(&row);
            }
        }
    }
    vg_free(day);
}

static uint32_t check_of(const uint8_t *name, size_t name_size, const uint8_t *p, size_t size)
{
    return vg_crc32c(vg_crc32c(0, name, name_size), p + 4, size - 4);
}

/* A good head, and the bytes as a curve and its records with good checksums. */
static void dress(const uint8_t *data, size_t size)
{
    static const struct vg_day_kind kind = {.name = "measures",
                                            .magic = {'V', 'G', 'M', 'E', 'A', 'S', 'U', '1'},
                                            .record_bytes = 32,
                                            .own = VG_MEASURES_CURVE_BYTES};
    const size_t all = VG_DAY_HEAD_BYTES + VG_MEASURES_CURVE_BYTES;
    const size_t room = VG_MEASURES_CURVE_BYTES;
    uint8_t *bytes = calloc(1, all), *curve = bytes + VG_DAY_HEAD_BYTES, name[12] = {0};
    must(bytes != NULL);
    vg_day_head_put(&kind, 20000, "c", bytes);
    memcpy(curve, data, size < room ? size : room);
    vg_put32(curve, check_of(name, 4, curve, VG_DAY_HEAD_BYTES));
    for (uint32_t i = 0; i < VG_DAY_MINUTES && i * 32 < size; i++) {
        uint8_t *p = curve + VG_DAY_HEAD_BYTES + i * 32;
        vg_put32(name, 20000 * VG_DAY_MINUTES + i);
        vg_put32(p, check_of(name, sizeof name, p, 32));
    }
    parse(bytes, all);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > VG_MEASURES_FILE_BYTES_MAX)
        return 0;
    parse(data, size);
    dress(data, size);
    return 0;
}
