/* One fixed small net with every operator, the patterns that kernels take in whole, views read by
 * table and views that are copied, odd channels, two levels (strides 8 and 16) and an output of
 * planes. Preferred input 64x64, any multiple of 32. */
#ifndef VG_TESTS_SMALL_NET_H
#define VG_TESTS_SMALL_NET_H

#include <stdint.h>

#include "models/model.h"
#include "src/media/picture.h"

/* seed: of the weights. One class in four is dropped. Close it by vg_model_close. */
struct vg_model *small_net(uint64_t seed, uint32_t classes);

/* The cheapest net that has all that an engine does around one: a stem and two levels (strides 8
 * and 16), input 32x32, any multiple of 16. Outputs: scores and boxes of each level. */
struct vg_model *tiny_net(uint64_t seed, uint32_t classes);

/* A picture for them, in which they find boxes: written into the bytes, which it borrows. */
enum {
    SMALL_PICTURE_SIDE = 64,
    SMALL_PICTURE_BYTES = SMALL_PICTURE_SIDE * SMALL_PICTURE_SIDE * 3 / 2
};
struct vg_picture small_picture(uint8_t bytes[SMALL_PICTURE_BYTES]);

#endif
