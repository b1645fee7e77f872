/* What the outputs of a folded graph mean: which kind of head, and which channels of which tensors
 * are scores, boxes and objectness of each level. */
#ifndef VG_MODELS_ONNX_HEAD_H
#define VG_MODELS_ONNX_HEAD_H

#include <stdint.h>

#include "models/descriptor.h"
#include "models/descriptor_guess.h"
#include "models/onnx_fold.h"
#include "src/base/attr.h"

/* Recognises the head by the outputs' shapes and by which of their channels come of a sigmoid:
 *
 *   nanodet       several outputs [1, cells, C]: of sigmoids alone (scores), of none (distances)
 *   nanodet_plus  one output [1, cells, C]: scores of sigmoids first, then four sides of bins
 *   yolox         one output [1, cells, C]: four values, then objectness and scores of sigmoids
 *   fastestdet    one output [1, C, height, width]: objectness, four values, scores
 *
 * Fills head, class_count and bins of *signs. VG_E_INPUT when it is none of them. */
enum vg_status vg_onnx_head_recognise(const struct vg_onnx_graph *graph,
                                      const struct vg_onnx_folded *folded,
                                      struct vg_descriptor_signs *signs) VG_MUST_USE;

/* Makes model from the folded graph: nodes, weights, outputs and levels; the rest of it is as the
 * descriptor has it already. descriptor: its roles are used, or where it names no outputs, those
 * that the head's outputs have. VG_E_INPUT with output and reason, VG_E_MEMORY. */
enum vg_status vg_onnx_head_build(const struct vg_onnx_graph *graph, struct vg_onnx_folded *folded,
                                  const struct vg_descriptor *descriptor,
                                  struct vg_model *model) VG_MUST_USE;

#endif
