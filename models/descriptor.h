/* What a source file does not say of itself: name, licence, how its input is prepared, what its
 * outputs mean, and which of its classes become ours. A JSON file (models/descriptors/NAME.json,
 * embedded in the program, or one of a person's own):
 *
 *   version    1
 *   name, licence (SPDX), origin
 *   source     graph and, where the format has weights of their own, weights: each { file, bytes,
 *              sha256 }; a person's own file may leave it out, then nothing is compared
 *   input      { width, height, multiple (0: this one size), order "bgr"|"rgb", mean [3], std [3],
 *              fill, anchor "centre"|"corner" (of the letterbox; left out: centre) }:
 *              x = (byte - mean) / std
 *   head       { type "nanodet"|"nanodet_plus"|"yolox"|"fastestdet", bins (NanoDet heads only) }
 *   outputs    [ { name, role "scores"|"distances"|"all" } ]; left out: as the file has them
 *   threshold, nms
 *   classes    the net's own words in the order of its channels, or "coco-80"
 *   map        word -> one of our classes, or null: dropped. Every class of the net stands in it;
 *              left out for "coco-80", which has its own */
#ifndef VG_MODELS_DESCRIPTOR_H
#define VG_MODELS_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"

#define VG_DESCRIPTOR_TEXT_MAX (1u << 20)

/* A file that the descriptor expects; file[0] == 0 when it says none. */
struct vg_descriptor_file {
    char file[VG_MODEL_NAME_SIZE];
    uint64_t bytes;
    uint8_t sha256[VG_SHA256_BYTES];
};

/* What an output holds for each cell. ALL: everything of a level, in the head's own order:
 * NanoDet heads scores, distances; YOLOX boxes, objectness, scores; FastestDet objectness, boxes,
 * scores. */
enum vg_output_role {
    VG_OUTPUT_SCORES = 1,
    VG_OUTPUT_DISTANCES,
    VG_OUTPUT_ALL
};

struct vg_descriptor {
    struct vg_model model; /* all but the graph and the weights; outputs have their names only */
    enum vg_output_role role[VG_MODEL_OUTPUTS_MAX]; /* of those outputs */
    struct vg_descriptor_file graph, weights;
};

/* Reads `text` (size bytes). name: for messages, "name:line:column: ...". *descriptor given;
 * vg_descriptor_close it. VG_E_INPUT, VG_E_FULL, VG_E_MEMORY. */
enum vg_status vg_descriptor_parse(const char *name, const char *text, size_t size,
                                   struct vg_descriptor **descriptor,
                                   struct vg_fault *fault) VG_MUST_USE;

enum vg_status vg_descriptor_open(const char *path, struct vg_descriptor **descriptor,
                                  struct vg_fault *fault) VG_MUST_USE;

/* The embedded descriptor whose graph file has this digest; if there is none, the one whose
 * graph file has this name (so that a changed or cut file is refused by its own descriptor).
 * VG_E_INPUT when there is neither. */
enum vg_status vg_descriptor_known(const char *file, const uint8_t digest[VG_SHA256_BYTES],
                                   struct vg_descriptor **descriptor,
                                   struct vg_fault *fault) VG_MUST_USE;

/* Compares a file with what is expected of it: VG_E_INPUT when it is cut, VG_E_INTEGRITY when
 * its digest differs; path for the message. */
enum vg_status vg_descriptor_compare(const struct vg_descriptor_file *expected, const char *path,
                                     const uint8_t *data, size_t size,
                                     struct vg_fault *fault) VG_MUST_USE;

void vg_descriptor_close(struct vg_descriptor **descriptor);

#endif
