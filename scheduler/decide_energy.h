/* What pictures and flux cost in energy of late: means over the last half minute to minute. Pure. */
#ifndef VG_SCHEDULER_DECIDE_ENERGY_H
#define VG_SCHEDULER_DECIDE_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#define VG_ENERGY_METERS_MAX 32
#define VG_ENERGY_FLUX_MAX   512
#define VG_ENERGY_HALF_US    INT64_C(30000000)

/* What is known at a moment; all but now_us counted since some start. */
struct vg_energy_point {
    int64_t now_us;
    uint64_t pictures; /* analysed */
    uint32_t meters;
    struct {
        double joules;
        int64_t covered_us; /* that they stand for */
    } meter[VG_ENERGY_METERS_MAX];
    int64_t busy_us[VG_ENERGY_FLUX_MAX]; /* of the device, by place of the flux */
};

struct vg_energy_window {
    struct vg_energy_point older, newer; /* half a minute apart; now_us 0: not yet */
};

/* Takes a point in: about twice a second. What counts less than before (another flux has the place,
 * the meters were opened anew) counts from 0. */
void vg_energy_window_step(struct vg_energy_window *window, const struct vg_energy_point *point);

struct vg_energy_mean {
    bool known; /* for 30 s at least, of which the meter covered 90 % */
    double watts;
    double picture_j; /* negative: no picture was analysed */
};

/* Of a meter, from the window's begin to the point. */
struct vg_energy_mean vg_energy_window_mean(const struct vg_energy_window *window,
                                            const struct vg_energy_point *point, uint32_t meter);

/* Of the device's time, from 0 to 1: all flux together are 1, so that watts by share add up to the
 * meter's. total_us: of all flux, by the function below; 0 gives 0. */
double vg_energy_window_share(const struct vg_energy_window *window,
                              const struct vg_energy_point *point, uint32_t flux, int64_t total_us);
int64_t vg_energy_window_busy_us(const struct vg_energy_window *window,
                                 const struct vg_energy_point *point);

#endif
