/* The wire format of protocol buffers: fields one after another, each with a number and one of
 * four shapes. Reads bytes given by pointer and size, allocates nothing, never reads outside.
 *
 * Source: protobuf.dev/programming-guides/encoding. */
#ifndef VG_MODELS_ONNX_WIRE_H
#define VG_MODELS_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vg_wire_kind {
    VG_WIRE_VARINT = 0,
    VG_WIRE_FIXED64 = 1,
    VG_WIRE_BYTES = 2,
    VG_WIRE_FIXED32 = 5
};

/* A message that is being read. */
struct vg_wire {
    const uint8_t *at, *end; /* borrowed */
    bool broken;             /* cut, or not of this format: nothing more is read */
};

struct vg_wire_field {
    uint32_t number;
    enum vg_wire_kind kind;
    uint64_t value;      /* VARINT, FIXED32, FIXED64: the bits */
    const uint8_t *data; /* BYTES: borrowed */
    size_t size;
};

struct vg_wire vg_wire_begin(const uint8_t *data, size_t size);

/* The next field; false at the end of the message, or when it is broken (see `broken`). */
bool vg_wire_next(struct vg_wire *wire, struct vg_wire_field *field);

/* The values of a repeated number, packed (one BYTES field holds them all) or not (one field
 * each): begin with each field of that number. kind: that of a single value. The second one gives
 * the next value and is false behind the last or when it is broken. */
struct vg_wire_list {
    struct vg_wire rest;
    enum vg_wire_kind kind;
    uint64_t single;
    bool has_single;
};

struct vg_wire_list vg_wire_values(const struct vg_wire_field *field, enum vg_wire_kind kind);
bool vg_wire_value(struct vg_wire_list *list, uint64_t *value);

/* The float of a FIXED32 value's bits. */
float vg_wire_float(uint64_t bits);

#endif
