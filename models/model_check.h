/* What is wrong with a model in memory, and in which record: the rules of FORMAT.md that hold
 * whatever the bytes looked like. The reader of the file adds the byte where that record stands. */
#ifndef VG_MODELS_MODEL_CHECK_H
#define VG_MODELS_MODEL_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/model_sizes.h"

#define VG_MODEL_MULTIPLE_MAX 256
#define VG_MODEL_CHANNELS_MAX 4096
#define VG_MODEL_WINDOW_MAX   15 /* rows and columns of a window */
#define VG_MODEL_STRIDE_MAX   8  /* of a window */
#define VG_MODEL_DILATION_MAX 8
#define VG_MODEL_SCALE_MAX    8
#define VG_MODEL_BINS_MAX     64

enum vg_model_part {
    VG_PART_HEADER,
    VG_PART_CLASS,
    VG_PART_TENSOR,
    VG_PART_NODE,
    VG_PART_OUTPUT,
    VG_PART_LEVEL,
    VG_PART_MAP,
    VG_PART_RANGE,
    VG_PART_WEIGHT,
    VG_PART_COUNT
};

struct vg_model_flaw {
    enum vg_model_part part;
    uint64_t index;   /* of the record within its part */
    const char *what; /* msgid */
    char detail[160]; /* names of the format and values met; not translated */
};

/* The first flaw, in the order of the file; true when there is one. Pure. */
bool vg_model_flaw_find(const struct vg_model *model, struct vg_model_flaw *flaw);

/* "header", "class", ...: for places. */
const char *vg_model_part_name(enum vg_model_part part);

/* Whether `name` can name a model and its file: a-z 0-9 . _ -, beginning with a letter or a
 * digit, at most VG_MODEL_NAME_SIZE - 1 characters. */
bool vg_model_name_valid(const char *name);

#endif
