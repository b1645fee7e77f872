/* An order in which the nodes of a graph can be read: each after those that it reads. */
#ifndef VG_MODELS_TFJS_ORDER_H
#define VG_MODELS_TFJS_ORDER_H

#include "models/tfjs_graph.h"

/* Writes node indices into order (room for node_count) and their number into *count: depth
 * first from the `root_count` nodes of `roots`, inputs from first to last.
 * VG_E_INPUT: a circle. VG_E_MEMORY. */
enum vg_status vg_tfjs_order(const struct vg_tfjs_graph *graph, const uint32_t *roots,
                             uint32_t root_count, uint32_t *order, uint32_t *count) VG_MUST_USE;

#endif
