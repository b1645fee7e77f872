#include "models/onnx_wire.h"

#include <string.h>

struct vg_wire vg_wire_begin(const uint8_t *data, size_t size)
{
    return (struct vg_wire){data, size ? data + size : data, false};
}

static bool broken(struct vg_wire *wire)
{
    wire->broken = true;
    wire->at = wire->end;
    return false;
}

static size_t left(const struct vg_wire *wire)
{
    return (size_t)(wire->end - wire->at);
}

/* Seven bits a byte, the lowest first; ten bytes hold 64 bits. */
static bool read_varint(struct vg_wire *wire, uint64_t *value)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (wire->at == wire->end)
            return broken(wire);
        const uint8_t byte = *wire->at++;
        if (shift == 63 && byte > 1)
            return broken(wire);
        v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *value = v;
            return true;
        }
    }
    return broken(wire);
}

static bool read_fixed(struct vg_wire *wire, unsigned bytes, uint64_t *value)
{
    if (left(wire) < bytes)
        return broken(wire);
    uint64_t v = 0;
    for (unsigned b = 0; b < bytes; b++)
        v |= (uint64_t)wire->at[b] << (8 * b);
    wire->at += bytes;
    *value = v;
    return true;
}

static bool read_bytes(struct vg_wire *wire, struct vg_wire_field *field)
{
    uint64_t size = 0;
    if (!read_varint(wire, &size))
        return false;
    if (size > left(wire))
        return broken(wire);
    field->data = wire->at;
    field->size = (size_t)size;
    wire->at += size;
    return true;
}

static bool read_value(struct vg_wire *wire, enum vg_wire_kind kind, uint64_t *value)
{
    switch (kind) {
    case VG_WIRE_VARINT:
        return read_varint(wire, value);
    case VG_WIRE_FIXED64:
        return read_fixed(wire, 8, value);
    case VG_WIRE_FIXED32:
        return read_fixed(wire, 4, value);
    case VG_WIRE_BYTES:
        break;
    }
    return broken(wire); /* the old groups too: ONNX has none */
}

bool vg_wire_next(struct vg_wire *wire, struct vg_wire_field *field)
{
    uint64_t key = 0;
    *field = (struct vg_wire_field){.data = NULL};
    if (wire->at == wire->end || !read_varint(wire, &key))
        return false;
    if (key >> 3 == 0 || key >> 3 > (1u << 29) - 1)
        return broken(wire);
    field->number = (uint32_t)(key >> 3);
    switch (key & 7) {
    case VG_WIRE_VARINT:
        field->kind = VG_WIRE_VARINT;
        break;
    case VG_WIRE_FIXED64:
        field->kind = VG_WIRE_FIXED64;
        break;
    case VG_WIRE_FIXED32:
        field->kind = VG_WIRE_FIXED32;
        break;
    case VG_WIRE_BYTES:
        field->kind = VG_WIRE_BYTES;
        return read_bytes(wire, field);
    default:
        return broken(wire);
    }
    return read_value(wire, field->kind, &field->value);
}

struct vg_wire_list vg_wire_values(const struct vg_wire_field *field, enum vg_wire_kind kind)
{
    struct vg_wire_list list = {.rest = vg_wire_begin(NULL, 0), .kind = kind};
    if (field->kind == VG_WIRE_BYTES) {
        list.rest = vg_wire_begin(field->data, field->size);
    } else if (field->kind == kind) {
        list.single = field->value;
        list.has_single = true;
    } else {
        list.rest.broken = true;
    }
    return list;
}

bool vg_wire_value(struct vg_wire_list *list, uint64_t *value)
{
    if (list->has_single) {
        list->has_single = false;
        *value = list->single;
        return true;
    }
    return list->rest.at != list->rest.end && read_value(&list->rest, list->kind, value);
}

float vg_wire_float(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}
