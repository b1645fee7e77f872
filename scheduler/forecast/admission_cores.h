/* What the flux of a site want of the devices alone and of the machine's cores, as sums: which of the
 * two ends first, and how far it is. Pure. */
#ifndef VG_FORECAST_ADMISSION_CORES_H
#define VG_FORECAST_ADMISSION_CORES_H

#include "scheduler/forecast/simulation.h"

struct vg_admission_need {
    double jobs, jobs_most;   /* a second; most: of devices that nobody slows */
    double cores, cores_most; /* most: 0, nothing is said of the host */
};

/* A twentieth of each is kept, as the share keeps it of a device. */
struct vg_admission_need vg_admission_need(const struct vg_sim_settings *site);

#endif
