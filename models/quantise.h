/* The choices of an 8-bit net, each alone: the range of a tensor, the step of a channel's weights,
 * the bias that makes up for both. A byte q stands for step * (q - zero). Pure, any thread.
 * Sources: Jacob et al. 2018 (asymmetric bytes, symmetric weights for each output channel); Nagel
 * et al. 2021, "A White Paper on Neural Network Quantization", 3.1 (ranges by mean squared error)
 * and 3.4 (correction of the bias by the mean of the input). */
#ifndef VG_MODELS_QUANTISE_H
#define VG_MODELS_QUANTISE_H

#include <stddef.h>
#include <stdint.h>

#include "models/histogram.h"
#include "models/model.h"

struct vg_byte_scale {
    float step;
    int32_t zero; /* 0 to 255 */
};

/* The bytes of a range. Both sides of it 0: step 0 (the tensor stays one of floats). */
struct vg_byte_scale vg_range_scale(struct vg_value_range range);

enum vg_range_method {
    VG_RANGE_MEAN_SQUARE, /* least mean squared error */
    VG_RANGE_QUANTILE,    /* all but clip_frac of the values on each side */
    VG_RANGE_WHOLE        /* least to greatest value */
};

struct vg_range_settings {
    enum vg_range_method method;
    double clip_frac;   /* most values that may lie beyond one side; QUANTILE: that lie there */
    double clip_weight; /* MEAN_SQUARE: what the error of a value beyond the range counts; over 1
                           spares the rare great values, which are what a detector answers to */
    double noise_max; /* variance that the rounding of its input may add to a convolution's sums, in
                           parts of what they hold: where it would be more, the input stays float */
};
struct vg_range_settings vg_range_settings_defaults(void);

/* A range with 0 in it, its ends multiples of its step. A tensor that was always 0 has 0 to 1.
 * The histogram holds a value, all finite. */
struct vg_value_range vg_range_choose(const struct vg_histogram *histogram,
                                      const struct vg_range_settings *settings);

/* Mean squared error of the values rounded to the bytes of `range`, those clipped counting
 * clip_weight times. */
double vg_range_error(const struct vg_histogram *histogram, struct vg_value_range range,
                      double clip_weight);

/* Step of the weights of one output channel, values -127 to 127: the one of the least squared error,
 * that of input channel i (of `taps` weights) counting importance[i] times (NULL: all alike; the
 * variance of the channel is the right one). Above 0 always. */
float vg_weight_step(const float *weights, const double *importance, uint32_t channels,
                     uint32_t taps);

/* What a weight becomes. */
float vg_weight_rounded(float weight, float step);

/* The bias which gives the mean that the float weights give: bias + sum of (weight - rounded weight)
 * * mean[i]. Padding is not thought of. */
float vg_bias_corrected(float bias, const float *weights, float step, const double *mean,
                        uint32_t channels, uint32_t taps);

#endif
