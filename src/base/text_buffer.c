#include "src/base/text_buffer.h"

#include <stdarg.h>
#include <stdio.h>

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
