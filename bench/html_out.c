#include "bench/html_out.h"

#include <stdarg.h>
#include <string.h>

static void put_character(FILE *out, char character)
{
    const unsigned char c = (unsigned char)character;
    switch (character) {
    case '&':
        (void)fputs("&amp;", out);
        break;
    case '<':
        (void)fputs("&lt;", out);
        break;
    case '>':
        (void)fputs("&gt;", out);
        break;
    case '"':
        (void)fputs("&quot;", out);
        break;
    default:
        (void)fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

void vg_html_words(FILE *out, const char *text)
{
    for (size_t i = 0; text[i]; i++) {
        if (i >= VG_HTML_WORDS_MAX && ((unsigned char)text[i] & 0xc0) != 0x80) {
            (void)fputs("\xe2\x80\xa6", out);
            return;
        }
        put_character(out, text[i]);
    }
}

void vg_html_own(FILE *out, const char *tag, const char *text)
{
    (void)fprintf(out, "<%s>", tag);
    for (size_t i = 0; text[i]; i++)
        put_character(out, text[i]);
    (void)fprintf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void vg_html_cell(FILE *out, const char *tag, const char *text)
{
    (void)fprintf(out, "<%s>", tag);
    vg_html_words(out, text);
    (void)fprintf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void vg_html_cell_of(FILE *out, const char *tag, const char *format, ...)
{
    char text[VG_HTML_WORDS_MAX + 8]; /* a little more: what is longer shows that it was cut */
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    vg_html_cell(out, tag, text);
}
