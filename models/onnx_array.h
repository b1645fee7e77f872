/* Constants of an ONNX graph: numbers with dimensions, read in place where the file holds them as
 * raw bytes, and owned where they were decoded or computed. */
#ifndef VG_MODELS_ONNX_ARRAY_H
#define VG_MODELS_ONNX_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/onnx_wire.h"

#define VG_ONNX_RANK_MAX 8

/* The one reason among those given as text that is not the file's fault: VG_E_MEMORY. */
extern const char *const vg_onnx_no_memory;

enum vg_onnx_type { /* the numbers are those of TensorProto.DataType */
    VG_ONNX_NONE = 0,
    VG_ONNX_FLOAT = 1,
    VG_ONNX_INT32 = 6,
    VG_ONNX_INT64 = 7,
    VG_ONNX_BOOL = 9,
    VG_ONNX_HALF = 10,
    VG_ONNX_DOUBLE = 11
};

/* Elements row-major, little-endian, perhaps unaligned. */
struct vg_onnx_array {
    enum vg_onnx_type type; /* NONE: no constant */
    uint32_t rank;
    uint32_t dim[VG_ONNX_RANK_MAX]; /* may be 0: no elements */
    uint64_t count;                 /* of elements; rank 0 has one */
    const uint8_t *data;            /* borrowed: from the file, or from `owned` of someone */
    uint8_t *owned;                 /* vg_free it; NULL: data is borrowed */
};

/* Bytes of one element; 0: not a type that is read here. */
size_t vg_onnx_type_bytes(enum vg_onnx_type type);

/* Element `i` (below count). Integers beyond 2^53 lose their lowest bits as double. */
double vg_onnx_array_number(const struct vg_onnx_array *array, uint64_t i);
int64_t vg_onnx_array_int(const struct vg_onnx_array *array, uint64_t i);

bool vg_onnx_type_whole(enum vg_onnx_type type); /* INT32, INT64, BOOL */

/* Whether every element is an integer type's, and there are `count` of them. */
bool vg_onnx_array_ints(const struct vg_onnx_array *array, int64_t *out, uint64_t most,
                        uint32_t *count);

/* Reads a TensorProto (data, size: its bytes). name: its name's bytes, borrowed.
 * Returns NULL when it stands, else why not (a msgid). Typed fields are decoded into memory of at
 * most eight bytes a byte of the file. */
const char *vg_onnx_array_read(const uint8_t *data, size_t size, struct vg_onnx_array *array,
                               const uint8_t **name, size_t *name_size);

void vg_onnx_array_release(struct vg_onnx_array *array);

#endif
