/* Random small nets for property tests: every operator, the patterns that kernels take in whole
 * (sums, pairs, stems, shuffles), awkward counts of channels. The same seed, the same net. */
#ifndef VG_TESTS_RANDOM_NET_H
#define VG_TESTS_RANDOM_NET_H

#include <stdint.h>

#include "models/model.h"

/* A model that passes vg_model_check, input 64x32, any multiple of 16. Close it by
 * vg_model_close. Never NULL (aborts without memory). */
struct vg_model *random_net(uint64_t seed);

#endif
