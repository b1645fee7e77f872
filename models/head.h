/* The kinds of heads by rows: what a level's tensors must be, and their names in descriptors. */
#ifndef VG_MODELS_HEAD_H
#define VG_MODELS_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"

/* "nanodet", "nanodet_plus", "yolox", "fastestdet"; "" for a head that is none. */
const char *vg_head_name(enum vg_head head);

/* The head of this name into *head; false when there is none. */
bool vg_head_parse(const char *name, enum vg_head *head);

/* Whether boxes are bins of four sides (the NanoDet heads), rather than x, y, w, h with an
 * objectness beside them. */
bool vg_head_has_bins(enum vg_head head);

/* Channels of a level's boxes: 4 * bins, or 4. */
uint32_t vg_head_box_channels(enum vg_head head, uint32_t bins);

#endif
