#include "scheduler/decide_energy.h"

#define COVER_LEAST 0.90 /* of 30 s; meters are read once a second, a second late at most */
#define US_PER_S    1e6

void vg_energy_window_step(struct vg_energy_window *w, const struct vg_energy_point *point)
{
    if (w->newer.now_us == 0) {
        w->older = w->newer = *point;
        return;
    }
    if (point->now_us - w->newer.now_us < VG_ENERGY_HALF_US)
        return;
    w->older = w->newer;
    w->newer = *point;
}

static int64_t since(int64_t before, int64_t now)
{
    return now >= before ? now - before : now;
}

struct vg_energy_mean vg_energy_window_mean(const struct vg_energy_window *w,
                                            const struct vg_energy_point *point, uint32_t meter)
{
    struct vg_energy_mean mean = {false, 0, -1};
    const int64_t whole_us = point->now_us - w->older.now_us;
    if (w->older.now_us == 0 || whole_us < VG_ENERGY_HALF_US || meter >= point->meters ||
        meter >= w->older.meters)
        return mean;
    const int64_t covered_us =
        since(w->older.meter[meter].covered_us, point->meter[meter].covered_us);
    const double joules = point->meter[meter].joules - w->older.meter[meter].joules;
    if ((double)covered_us < COVER_LEAST * (double)whole_us || joules < 0)
        return mean;
    mean.known = true;
    mean.watts = joules / ((double)covered_us / US_PER_S);
    const int64_t pictures = since((int64_t)w->older.pictures, (int64_t)point->pictures);
    if (pictures > 0)
        mean.picture_j = mean.watts * ((double)whole_us / US_PER_S) / (double)pictures;
    return mean;
}

static int64_t busy_of(const struct vg_energy_window *w, const struct vg_energy_point *point,
                       uint32_t flux)
{
    return since(w->older.busy_us[flux], point->busy_us[flux]);
}

int64_t vg_energy_window_busy_us(const struct vg_energy_window *w,
                                 const struct vg_energy_point *point)
{
    int64_t total_us = 0;
    for (uint32_t i = 0; i < VG_ENERGY_FLUX_MAX; i++)
        total_us += busy_of(w, point, i);
    return total_us;
}

double vg_energy_window_share(const struct vg_energy_window *w, const struct vg_energy_point *point,
                              uint32_t flux, int64_t total_us)
{
    if (total_us <= 0 || flux >= VG_ENERGY_FLUX_MAX)
        return 0;
    return (double)busy_of(w, point, flux) / (double)total_us;
}
