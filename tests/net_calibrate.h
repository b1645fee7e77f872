/* Gives a net of a test its 8-bit form: the plain reference runs it on numbers drawn by a seed, and
 * the calibration takes them in. No device. */
#ifndef VG_TESTS_NET_CALIBRATE_H
#define VG_TESTS_NET_CALIBRATE_H

#include <stdint.h>

#include "models/model.h"

/* Planes of the net's input, values from -1.9 to 1.9; free it. Aborts without memory. */
float *net_input(uint64_t seed, uint32_t width, uint32_t height);

/* Aborts when anything fails. The same model, seed and size give the same ranges and steps. */
void net_calibrate(struct vg_model *model, uint64_t seed, uint32_t width, uint32_t height);

#endif
