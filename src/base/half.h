/* IEEE 754 half floats as two bytes, for stored weights and for activations on a GPU. Pure, any
 * thread. */
#ifndef VG_BASE_HALF_H
#define VG_BASE_HALF_H

#include <stdbool.h>
#include <stdint.h>

/* The value of a half, exact; infinities and NaN stay what they are. */
float vg_half_to_float(uint16_t half);

/* *half = value and true when the value is a half without loss; else false. NaN: false. */
bool vg_half_exact(float value, uint16_t *half);

/* The nearest half, ties to the even one; beyond the largest an infinity. */
uint16_t vg_half_nearest(float value);

#endif
