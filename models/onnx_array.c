#include "models/onnx_array.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/half.h"
#include "src/base/text.h"

const char *const vg_onnx_no_memory = N_("no memory for the model");

size_t vg_onnx_type_bytes(enum vg_onnx_type type)
{
    switch (type) {
    case VG_ONNX_BOOL:
        return 1;
    case VG_ONNX_HALF:
        return 2;
    case VG_ONNX_FLOAT:
    case VG_ONNX_INT32:
        return 4;
    case VG_ONNX_INT64:
    case VG_ONNX_DOUBLE:
        return 8;
    case VG_ONNX_NONE:
        break;
    }
    return 0;
}

bool vg_onnx_type_whole(enum vg_onnx_type type)
{
    return type == VG_ONNX_INT32 || type == VG_ONNX_INT64 || type == VG_ONNX_BOOL;
}

static uint64_t bits_of(const struct vg_onnx_array *array, uint64_t i)
{
    const size_t bytes = vg_onnx_type_bytes(array->type);
    const uint8_t *p = array->data + i * bytes;
    uint64_t bits = 0;
    for (size_t b = 0; b < bytes; b++)
        bits |= (uint64_t)p[b] << (8 * b);
    return bits;
}

/* Two's complement of `bytes` bytes. */
static int64_t whole_of(uint64_t bits, size_t bytes)
{
    if (bytes == 4)
        bits = (bits ^ 0x80000000u) - 0x80000000u;
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double float_of(uint64_t bits, enum vg_onnx_type type)
{
    double value;
    if (type == VG_ONNX_FLOAT)
        return (double)vg_wire_float(bits);
    if (type == VG_ONNX_HALF)
        return (double)vg_half_to_float((uint16_t)bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

double vg_onnx_array_number(const struct vg_onnx_array *array, uint64_t i)
{
    const uint64_t bits = bits_of(array, i);
    if (vg_onnx_type_whole(array->type))
        return (double)whole_of(bits, vg_onnx_type_bytes(array->type));
    return float_of(bits, array->type);
}

int64_t vg_onnx_array_int(const struct vg_onnx_array *array, uint64_t i)
{
    const uint64_t bits = bits_of(array, i);
    if (vg_onnx_type_whole(array->type))
        return whole_of(bits, vg_onnx_type_bytes(array->type));
    const double value = float_of(bits, array->type);
    if (value >= 9.2e18)
        return INT64_MAX;
    return value > -9.2e18 ? (int64_t)value : INT64_MIN; /* NaN too */
}

bool vg_onnx_array_ints(const struct vg_onnx_array *array, int64_t *out, uint64_t most,
                        uint32_t *count)
{
    if (!vg_onnx_type_whole(array->type) || array->count > most)
        return false;
    for (uint64_t i = 0; i < array->count; i++)
        out[i] = vg_onnx_array_int(array, i);
    *count = (uint32_t)array->count;
    return true;
}

void vg_onnx_array_release(struct vg_onnx_array *array)
{
    vg_free(array->owned);
    *array = (struct vg_onnx_array){.data = NULL};
}

/* ------------------------------------------------------------ TensorProto */

enum { /* field numbers */
    FIELD_DIMS = 1,
    FIELD_TYPE = 2,
    FIELD_SEGMENT = 3,
    FIELD_FLOATS = 4,
    FIELD_INT32S = 5,
    FIELD_INT64S = 7,
    FIELD_NAME = 8,
    FIELD_RAW = 9,
    FIELD_DOUBLES = 10,
    FIELD_EXTERNAL = 13,
    FIELD_LOCATION = 14
};

static const char *const not_readable = N_("the file is cut, or it is not ONNX");
static const char *const sizes_differ =
    N_("the constant's dimensions and its number of elements differ");

static const char *read_dims(const struct vg_wire_field *field, struct vg_onnx_array *array)
{
    uint64_t value = 0;
    struct vg_wire_list list = vg_wire_values(field, VG_WIRE_VARINT);
    while (vg_wire_value(&list, &value)) {
        if (array->rank == VG_ONNX_RANK_MAX)
            return N_("the constant has too many dimensions");
        if (value > UINT32_MAX)
            return N_("the constant has a dimension that is out of range");
        array->dim[array->rank++] = (uint32_t)value;
    }
    return list.rest.broken ? not_readable : NULL;
}

static enum vg_onnx_type type_of(uint64_t number)
{
    static const enum vg_onnx_type known[] = {VG_ONNX_FLOAT, VG_ONNX_INT32, VG_ONNX_INT64,
                                              VG_ONNX_BOOL,  VG_ONNX_HALF,  VG_ONNX_DOUBLE};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((uint64_t)known[i] == number)
            return known[i];
    return VG_ONNX_NONE;
}

/* The typed field that holds elements of `type`, and how its values lie there. */
static uint32_t typed_field(enum vg_onnx_type type, enum vg_wire_kind *kind)
{
    *kind = VG_WIRE_VARINT;
    if (type == VG_ONNX_FLOAT) {
        *kind = VG_WIRE_FIXED32;
        return FIELD_FLOATS;
    }
    if (type == VG_ONNX_DOUBLE) {
        *kind = VG_WIRE_FIXED64;
        return FIELD_DOUBLES;
    }
    return type == VG_ONNX_INT64 ? FIELD_INT64S : FIELD_INT32S;
}

/* Product of the dimensions; a constant that the file cannot hold is not possible, so the size of
 * the file bounds it. */
static bool count_elements(struct vg_onnx_array *array, uint64_t most)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < array->rank; d++)
        if (array->dim[d] == 0) {
            array->count = 0;
            return true;
        }
    for (uint32_t d = 0; d < array->rank; d++) {
        if (array->dim[d] > most / count)
            return false;
        count *= array->dim[d];
    }
    array->count = count;
    return true;
}

static const char *decode(const uint8_t *data, size_t size, struct vg_onnx_array *array)
{
    enum vg_wire_kind kind;
    const uint32_t number = typed_field(array->type, &kind);
    const size_t bytes = vg_onnx_type_bytes(array->type);
    struct vg_wire wire = vg_wire_begin(data, size);
    struct vg_wire_field field;
    uint64_t i = 0, value = 0;
    if (array->count == 0)
        return NULL;
    array->owned = vg_alloc_array((size_t)array->count, bytes);
    if (!array->owned)
        return vg_onnx_no_memory;
    array->data = array->owned;
    while (vg_wire_next(&wire, &field)) {
        if (field.number != number)
            continue;
        struct vg_wire_list list = vg_wire_values(&field, kind);
        while (vg_wire_value(&list, &value)) {
            if (i == array->count)
                return sizes_differ;
            for (size_t b = 0; b < bytes; b++)
                array->owned[i * bytes + b] = (uint8_t)(value >> (8 * b));
            i++;
        }
        if (list.rest.broken)
            return not_readable;
    }
    return i == array->count ? NULL : sizes_differ;
}

struct heading {
    uint64_t type;
    bool external, segment;
    const uint8_t *raw;
    size_t raw_size;
};

static const char *read_heading(const uint8_t *data, size_t size, struct vg_onnx_array *array,
                                struct heading *head, const uint8_t **name, size_t *name_size)
{
    struct vg_wire wire = vg_wire_begin(data, size);
    struct vg_wire_field field;
    const char *why = NULL;
    while (!why && vg_wire_next(&wire, &field)) {
        const bool bytes = field.kind == VG_WIRE_BYTES;
        if (field.number == FIELD_DIMS) {
            why = read_dims(&field, array);
        } else if (field.number == FIELD_TYPE) {
            head->type = field.value;
        } else if (field.number == FIELD_NAME && bytes) {
            *name = field.data;
            *name_size = field.size;
        } else if (field.number == FIELD_RAW && bytes) {
            head->raw = field.data;
            head->raw_size = field.size;
        } else if (field.number == FIELD_EXTERNAL ||
                   (field.number == FIELD_LOCATION && field.value != 0)) {
            head->external = true;
        } else if (field.number == FIELD_SEGMENT) {
            head->segment = true;
        }
    }
    if (why)
        return why;
    return wire.broken ? not_readable : NULL;
}

const char *vg_onnx_array_read(const uint8_t *data, size_t size, struct vg_onnx_array *array,
                               const uint8_t **name, size_t *name_size)
{
    struct heading head = {.raw = NULL};
    *array = (struct vg_onnx_array){.data = NULL};
    *name = data;
    *name_size = 0;
    const char *why = read_heading(data, size, array, &head, name, name_size);
    if (why)
        return why;
    if (head.external)
        return N_("the constant lies in another file, which is not read");
    array->type = type_of(head.type);
    if (head.segment || array->type == VG_ONNX_NONE)
        return N_("the constant is of a type that is not read");
    if (!count_elements(array, size))
        return sizes_differ;
    if (!head.raw)
        return decode(data, size, array);
    if (head.raw_size != array->count * vg_onnx_type_bytes(array->type))
        return sizes_differ;
    array->data = head.raw;
    return NULL;
}
