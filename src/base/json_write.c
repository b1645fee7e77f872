#include "src/base/json_write.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void vg_json_writer_init(struct vg_json_writer *writer, FILE *out)
{
    memset(writer, 0, sizeof *writer);
    writer->out = out;
}

/* Length of the UTF-8 sequence at p (RFC 3629: no overlong forms, surrogates or codes above
 * U+10FFFF); 0: none begins here. The text ends with a zero, which continues no sequence. */
static size_t sequence(const unsigned char *p)
{
    static const struct {
        unsigned char first, last, second_least, second_most;
        size_t size;
    } rows[] = {
        {0x20, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (p[0] < rows[i].first || p[0] > rows[i].last)
            continue;
        if (rows[i].size == 1)
            return 1;
        if (p[1] < rows[i].second_least || p[1] > rows[i].second_most)
            return 0;
        for (size_t k = 2; k < rows[i].size; k++)
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        return rows[i].size;
    }
    return 0;
}

static void put_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        const size_t size = sequence(p);
        if (*p == '"' || *p == '\\')
            (void)fprintf(out, "\\%c", *p);
        else if (size)
            (void)fwrite(p, 1, size, out);
        else if (*p < 0x20)
            (void)fprintf(out, "\\u%04x", *p);
        else
            (void)fputs("\\ufffd", out);
        p += size ? size : 1;
    }
    (void)fputc('"', out);
}

static void begin(struct vg_json_writer *w, const char *key)
{
    const char *blank = w->break_wanted ? "\n" : " ";
    if (w->depth && w->count[w->depth]++)
        (void)fprintf(w->out, ",%s", blank);
    else if (w->break_wanted)
        (void)fputs(blank, w->out);
    w->break_wanted = 0;
    if (!key)
        return;
    put_text(w->out, key);
    (void)fputs(": ", w->out);
}

static void open_one(struct vg_json_writer *w, const char *key, char bracket)
{
    begin(w, key);
    assert(w->depth < VG_JSON_DEPTH_MAX);
    w->count[++w->depth] = 0;
    (void)fputc(bracket, w->out);
}

static void close_one(struct vg_json_writer *w, char bracket)
{
    assert(w->depth > 0);
    w->depth--;
    (void)fputc(bracket, w->out);
}

void vg_json_object_open(struct vg_json_writer *writer, const char *key)
{
    open_one(writer, key, '{');
}

void vg_json_object_close(struct vg_json_writer *writer)
{
    close_one(writer, '}');
}

void vg_json_array_open(struct vg_json_writer *writer, const char *key)
{
    open_one(writer, key, '[');
}

void vg_json_array_close(struct vg_json_writer *writer)
{
    close_one(writer, ']');
}

void vg_json_write_text(struct vg_json_writer *writer, const char *key, const char *text)
{
    begin(writer, key);
    put_text(writer->out, text);
}

void vg_json_write_number(struct vg_json_writer *writer, const char *key, double value)
{
    begin(writer, key);
    if (isfinite(value))
        (void)fprintf(writer->out, "%.9g", value);
    else
        (void)fputs("null", writer->out);
}

void vg_json_write_fixed(struct vg_json_writer *writer, const char *key, double value, int decimals)
{
    begin(writer, key);
    if (isfinite(value))
        (void)fprintf(writer->out, "%.*f", decimals, value);
    else
        (void)fputs("null", writer->out);
}

void vg_json_write_integer(struct vg_json_writer *writer, const char *key, int64_t value)
{
    begin(writer, key);
    (void)fprintf(writer->out, "%lld", (long long)value);
}

void vg_json_write_null(struct vg_json_writer *writer, const char *key)
{
    begin(writer, key);
    (void)fputs("null", writer->out);
}

void vg_json_write_break(struct vg_json_writer *writer)
{
    writer->break_wanted = 1;
}
