/* Nets put together node by node, for tests. Each function adds a node to the model and gives
 * the node, or the tensor that it writes; the model is that of begin, with random weights of a
 * seed, and is closed by vg_model_close. Aborts where there is no room or memory. */
#ifndef VG_TESTS_NET_BUILD_H
#define VG_TESTS_NET_BUILD_H

#include <stdint.h>

#include "models/model.h"
#include "src/base/random.h"

#define NET_TENSORS_MAX 128
#define NET_BINS        3

struct net_build {
    struct vg_model *model;
    struct vg_random random;              /* the weights come of it; anyone may draw */
    struct vg_size size[NET_TENSORS_MAX]; /* of each tensor at the preferred input */
};

/* A model of nothing but its input, width x height (the preferred size), any multiple of
 * `multiple`; a NanoDet head of NET_BINS bins, `classes` classes, each fourth one dropped. */
void net_begin(struct net_build *n, uint64_t seed, struct vg_size input, uint32_t multiple,
               uint32_t classes);

uint32_t net_channels(const struct net_build *n, uint32_t tensor);

/* A node of one input; the caller sets what its operator wants. */
struct vg_node *net_node(struct net_build *n, enum vg_op op, uint32_t x, uint32_t channels,
                         struct vg_size size);

/* size x size, padded so that stride 1 keeps the plane's size. */
struct vg_window net_square(uint32_t size, uint32_t stride, uint32_t dilation);
/* CONV without its weights, or a pool. */
struct vg_node *net_window(struct net_build *n, enum vg_op op, uint32_t x, uint32_t channels,
                           struct vg_window window);
/* Weights as large as keep the values' size through a layer, biases up to 1/2. */
struct vg_node *net_conv(struct net_build *n, uint32_t x, uint32_t channels,
                         struct vg_window window, uint32_t groups);
/* The same of 3x3 and 1x1, dense, stride 1, with the activation leaky 0.1. */
uint32_t net_conv3(struct net_build *n, uint32_t x, uint32_t channels);
uint32_t net_conv1(struct net_build *n, uint32_t x, uint32_t channels);
/* 3x3, each channel alone, with the activation clip 0 to 6. */
uint32_t net_depthwise(struct net_build *n, uint32_t x, uint32_t stride);
/* Sets an activation with numbers that suit it. */
void net_act(struct vg_node *node, enum vg_act act);
/* An activation alone. */
uint32_t net_alone(struct net_build *n, uint32_t x, enum vg_act act);

/* CHANNELS: all of several tensors behind each other; a run of one's; any of one's. */
uint32_t net_concat(struct net_build *n, const uint32_t *x, uint32_t count);
uint32_t net_slice(struct net_build *n, uint32_t x, uint32_t first, uint32_t count);
uint32_t net_gather(struct net_build *n, uint32_t x, const uint32_t *channel, uint32_t count);
/* Halves interleaved, as a ShuffleNet does it. */
uint32_t net_shuffle(struct net_build *n, uint32_t x);

/* ADD or MUL, without activation. */
struct vg_node *net_two(struct net_build *n, enum vg_op op, uint32_t x, uint32_t x2);
uint32_t net_resize(struct net_build *n, uint32_t x, enum vg_resize resize, uint32_t num,
                    uint32_t den);
uint32_t net_mean(struct net_build *n, uint32_t x);
uint32_t net_fold(struct net_build *n, uint32_t x); /* SPACE_TO_DEPTH */

/* A level of the head on x: a 1x1 convolution of the classes and the bins, its two slices, the
 * first through a sigmoid. Gives the scores' tensor; the boxes' is net_boxes. */
uint32_t net_head(struct net_build *n, uint32_t x);
uint32_t net_boxes(const struct net_build *n); /* of the last level */
void net_level(struct net_build *n, uint32_t scores, uint32_t boxes);
void net_output(struct net_build *n, const char *name, enum vg_layout layout, uint32_t tensor);

#endif
