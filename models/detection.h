/* One object that a detector found in one picture. */
#ifndef VG_MODELS_DETECTION_H
#define VG_MODELS_DETECTION_H

#include "models/class.h"
#include "src/base/geometry.h"

struct vg_detection {
    struct vg_box box; /* pixels of the decoded picture, clipped to it */
    float score;       /* 0 to 1 */
    enum vg_class class_id;
};

#endif
