/* Asks where persons were: a flux, a span of time in whole hours. */
#ifndef VG_STORE_HEAT_QUERY_H
#define VG_STORE_HEAT_QUERY_H

#include "src/base/clock.h"
#include "src/store/heat_file.h"

#define VG_HEAT_ASK_HOURS_MAX (31 * VG_HEAT_HOURS)

struct vg_heat_ask {
    const char *data, *flux;      /* borrowed */
    struct vg_wall_time from, to; /* widened to whole hours of UTC; `to` ends at now */
    struct vg_wall_time now;
};

struct vg_heat_answer {
    struct vg_wall_time from, to; /* what is answered */
    uint32_t hours;               /* in which something was watched */
    uint64_t damaged;             /* hours and files that could not be read */
    struct vg_heat_sum sum;       /* in the shape of the first such hour; without one: none */
};

/* *answer given, vg_free it. VG_E_CALL: from is not before to, or more than VG_HEAT_ASK_HOURS_MAX
 * hours before it; place: "from". VG_E_MEMORY; VG_E_IO as of the files. */
enum vg_status vg_heat_query(const struct vg_heat_ask *ask, struct vg_heat_answer **answer,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
