#include "src/base/coverage.h"

#include <assert.h>
#include <string.h>

const char *vg_coverage_cause_name(enum vg_coverage_cause cause)
{
    static const char *const name[VG_COVERAGE_CAUSES] = {
        "analysed", "lost", "decoder", "keys", "overload",
        "corrupt",  "view", "stopped", "down", "off",
    };
    return (unsigned)cause < VG_COVERAGE_CAUSES ? name[cause] : "unknown";
}

int64_t vg_coverage_minute_of(int64_t wall_us)
{
    const int64_t minute = wall_us / VG_COVERAGE_MINUTE_US;
    return wall_us % VG_COVERAGE_MINUTE_US < 0 ? minute - 1 : minute;
}

void vg_coverage_row_init(struct vg_coverage_row *row, int64_t minute, uint32_t begin_us)
{
    assert(begin_us < VG_COVERAGE_MINUTE_US);
    *row = (struct vg_coverage_row){.minute = minute, .begin_us = begin_us};
}

int64_t vg_coverage_row_sum(const struct vg_coverage_row *row)
{
    int64_t sum = 0;
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        sum += row->part_us[c];
    return sum;
}

int64_t vg_coverage_row_nominal(const struct vg_coverage_row *row)
{
    return vg_coverage_row_sum(row) - row->part_us[VG_COVERAGE_OFF];
}

static void grow(uint32_t *value, uint32_t by)
{
    *value = *value > UINT32_MAX - by ? UINT32_MAX : *value + by;
}

void vg_coverage_row_add(struct vg_coverage_row *row, enum vg_coverage_cause cause, uint32_t us)
{
    const int64_t before = vg_coverage_row_sum(row);
    if (before == 0) {
        row->first = cause;
        row->head_us = row->tail_us = 0;
    }
    if (before == 0 || (cause == row->last && row->head_us == before))
        grow(&row->head_us, us);
    if (before != 0 && cause != row->last)
        row->tail_us = 0;
    grow(&row->tail_us, us);
    row->last = cause;
    grow(&row->part_us[cause], us);
}

/* What stands between head and tail of a row that has more than one run: order is not kept. */
static void add_middle(struct vg_coverage_row *row, const struct vg_coverage_row *later)
{
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++) {
        uint32_t us = later->part_us[c];
        us -= (int)later->first == c && us >= later->head_us ? later->head_us : 0;
        us -= (int)later->last == c && us >= later->tail_us ? later->tail_us : 0;
        if (us)
            vg_coverage_row_add(row, (enum vg_coverage_cause)c, us);
    }
}

void vg_coverage_row_join(struct vg_coverage_row *row, const struct vg_coverage_row *later)
{
    assert(row->minute == later->minute);
    const int64_t sum = vg_coverage_row_sum(later);
    const int64_t gap = later->begin_us - (row->begin_us + vg_coverage_row_sum(row));
    row->stepped = row->stepped || later->stepped || gap < 0;
    if (gap > 0 && !later->stepped)
        vg_coverage_row_add(row, row->last == VG_COVERAGE_OFF ? VG_COVERAGE_OFF : VG_COVERAGE_DOWN,
                            (uint32_t)gap);
    grow(&row->wanted, later->wanted);
    grow(&row->analysed, later->analysed);
    if (sum > 0)
        vg_coverage_row_add(row, later->first, later->head_us);
    if (later->head_us != sum) {
        add_middle(row, later);
        vg_coverage_row_add(row, later->last, later->tail_us);
    }
    vg_coverage_row_add(row, later->last, 0);
}

int64_t vg_coverage_round(const int64_t part_us[VG_COVERAGE_CAUSES], int64_t unit_us,
                          int64_t shown[VG_COVERAGE_CAUSES])
{
    int64_t rest[VG_COVERAGE_CAUSES], total = 0, given = 0;
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++) {
        const bool off = c == VG_COVERAGE_OFF;
        shown[c] = part_us[c] / unit_us + (off && part_us[c] % unit_us * 2 >= unit_us);
        rest[c] = off ? -1 : part_us[c] % unit_us;
        total += off ? 0 : part_us[c];
        given += off ? 0 : shown[c];
    }
    const int64_t sum = total / unit_us + (total % unit_us * 2 >= unit_us);
    for (; given < sum; given++) {
        int best = 0;
        for (int c = 1; c < VG_COVERAGE_CAUSES; c++)
            best = rest[c] > rest[best] ? c : best;
        shown[best]++;
        rest[best] = -1;
    }
    return sum;
}

int64_t vg_coverage_share(const int64_t part_us[VG_COVERAGE_CAUSES])
{
    int64_t nominal = 0;
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        nominal += c == VG_COVERAGE_OFF ? 0 : part_us[c];
    return nominal ? part_us[VG_COVERAGE_ANALYSED] * 10000 / nominal : -1;
}
