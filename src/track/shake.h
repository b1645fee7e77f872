/* The step of a shaken camera, from boxes alone: most objects are found beside where they were
 * expected, all by the same step. No picture is looked at. Pure. */
#ifndef VG_TRACK_SHAKE_H
#define VG_TRACK_SHAKE_H

#include <stdint.h>

#include "src/base/geometry.h"

/* As many boxes are looked at: enough to see what most do. Work is bounded by the square of the
 * product. */
#define VG_SHAKE_EXPECTED_MAX 16
#define VG_SHAKE_SEEN_MAX     32

/* expected, seen: pixels; no more than the above are looked at, the first ones. Returns by how
 * much what is seen lies beside what was expected, 0, 0 when there is no step that most share. */
struct vg_point vg_shake_step(const struct vg_box *expected, uint32_t expected_count,
                              const struct vg_box *seen, uint32_t seen_count);

#endif
