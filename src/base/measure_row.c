#include "src/base/measure_row.h"

#include <math.h>

static bool is_number(double value)
{
    return isfinite(value) && fabs(value) <= VG_MEASURE_VALUE_MAX;
}

void vg_measure_row_add(struct vg_measure_row *row, double value)
{
    if (is_number(value))
        vg_measure_row_join(row, &(struct vg_measure_row){row->minute, 1, value, value, value});
}

void vg_measure_row_join(struct vg_measure_row *row, const struct vg_measure_row *other)
{
    if (other->pictures == 0 || row->pictures > UINT32_MAX - other->pictures)
        return; /* a row of 4 thousand million pictures is complete */
    if (row->pictures == 0) {
        row->sum = 0;
        row->least = other->least;
        row->greatest = other->greatest;
    }
    row->pictures += other->pictures;
    row->sum += other->sum;
    row->least = other->least < row->least ? other->least : row->least;
    row->greatest = other->greatest > row->greatest ? other->greatest : row->greatest;
}

double vg_measure_row_mean(const struct vg_measure_row *row)
{
    if (row->pictures == 0)
        return 0;
    const double mean = row->sum / row->pictures;
    if (mean < row->least) /* by a rounding */
        return row->least;
    return mean > row->greatest ? row->greatest : mean;
}

bool vg_measure_row_holds(const struct vg_measure_row *row)
{
    if (row->pictures == 0 || !is_number(row->least) || !is_number(row->greatest) ||
        !isfinite(row->sum) || row->least > row->greatest)
        return false;
    /* a sum of 2^32 roundings, each of half a part in 2^52 */
    const double slack = fmax(fabs(row->least), fabs(row->greatest)) / (1 << 20);
    const double mean = row->sum / row->pictures;
    return mean >= row->least - slack && mean <= row->greatest + slack;
}
