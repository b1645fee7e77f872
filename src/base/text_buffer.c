#include "src/base/text_buffer.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void vg_text_buffer_init(struct vg_text_buffer *buffer, char *text, size_t room)
{
    *buffer = (struct vg_text_buffer){.text = text, .room = room};
    text[0] = '\0';
}

void vg_text_add(struct vg_text_buffer *buffer, const char *format, ...)
{
    const size_t room = buffer->room - buffer->size;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(buffer->text + buffer->size, room, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < room) {
        buffer->size += (size_t)n;
    } else {
        buffer->text[buffer->size] = '\0';
        buffer->left_out++;
    }
}

void vg_text_add_pieces(struct vg_text_buffer *buffer, const char *const *pieces, size_t count)
{
    size_t at = buffer->size;
    for (size_t i = 0; i < count; i++) {
        const size_t size = strlen(pieces[i]);
        if (size >= buffer->room - at) {
            buffer->text[buffer->size] = '\0';
            buffer->left_out++;
            return;
        }
        memcpy(buffer->text + at, pieces[i], size);
        at += size;
    }
    buffer->text[at] = '\0';
    buffer->size = at;
}

const char *vg_text_digits(uint64_t number, char digits[VG_TEXT_DIGITS])
{
    size_t at = VG_TEXT_DIGITS - 1;
    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    return digits + at;
}

const char *vg_text_decimal(double number, unsigned decimals, char digits[VG_TEXT_DIGITS])
{
    static const double ten[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    assert(decimals < sizeof ten / sizeof *ten && fabs(number) < VG_TEXT_DECIMAL_MOST);
    uint64_t left = (uint64_t)(fabs(number) * ten[decimals] + 0.5);
    const bool minus = number < 0 && left > 0;
    size_t at = VG_TEXT_DIGITS - 1;
    digits[at] = '\0';
    for (unsigned i = 0; i < decimals; i++, left /= 10)
        digits[--at] = (char)('0' + left % 10);
    if (decimals > 0)
        digits[--at] = '.';
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (minus)
        digits[--at] = '-';
    return digits + at;
}
