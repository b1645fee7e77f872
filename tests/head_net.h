/* Small nets with the four heads, for tests of what stands behind a net. */
#ifndef VG_TESTS_HEAD_NET_H
#define VG_TESTS_HEAD_NET_H

#include <stdint.h>

#include "models/model.h"

/* Two levels (strides 8 and 16), input 32x32, any multiple of 16, one class in four dropped. As
 * the real nets have it: NANODET one convolution of scores and boxes, and both as outputs;
 * NANODET_PLUS the same, its output put together again; YOLOX a convolution each, its scores (at
 * stride 16) taken from what is put together; FASTESTDET a softmax over the classes. Close it by
 * vg_model_close. */
struct vg_model *head_net(enum vg_head head, uint64_t seed, uint32_t classes);

#endif
