#include "src/base/csv.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

void vg_csv_reader_init(struct vg_csv_reader *reader, const char *name, const uint8_t *data,
                        size_t size, struct vg_fault *fault)
{
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf}; /* UTF-8 byte order mark */
    const size_t skip = size >= sizeof mark && memcmp(data, mark, sizeof mark) == 0 ? 3 : 0;
    *reader = (struct vg_csv_reader){
        .name = name, .at = data + skip, .end = data + size, .separator = ',', .fault = fault};
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One field from *at to `stop`; *out receives its text, without blanks around or quotes.
 * Returns the place of the separator that ends it, or stop; NULL when a quote stays open. */
static const uint8_t *cut(const uint8_t *at, const uint8_t *stop, uint8_t separator, char **out)
{
    char *w = *out;
    while (at < stop && blank(*at))
        at++;
    if (at < stop && *at == '"') {
        for (at++;; at++) {
            if (at >= stop)
                return NULL;
            if (*at == '"' && (at + 1 >= stop || at[1] != '"'))
                break;
            at += *at == '"';
            *w++ = (char)*at;
        }
        at++;
        while (at < stop && blank(*at))
            at++;
        if (at < stop && *at != separator)
            return NULL;
    } else {
        while (at < stop && *at != separator)
            *w++ = (char)*at++;
        while (w > *out && blank((uint8_t)w[-1]))
            w--;
    }
    *w++ = '\0';
    *out = w;
    return at;
}

static enum vg_status refuse_line(const struct vg_csv_reader *r, const char *what,
                                  const char *remedy)
{
    return vg_fault_set(r->fault, VG_E_INPUT, what, remedy, "%s:%u", r->name, r->line);
}

/* A line of n bytes makes at most n + 1 bytes of text: each field ends by a zero where its
 * comma stood, the last one by one more. */
static enum vg_status split(const struct vg_csv_reader *r, const uint8_t *at, const uint8_t *stop,
                            struct vg_csv_row *row)
{
    char *out = row->text;
    for (row->count = 0;; at++) {
        if (row->count == VG_CSV_FIELDS_MAX)
            return refuse_line(r, N_("too many fields"), N_("write fewer columns"));
        row->field[row->count++] = out;
        at = cut(at, stop, r->separator, &out);
        if (!at)
            return refuse_line(r, N_("a quoted field does not end"),
                               N_("close the quote before the end of the line"));
        if (at == stop)
            return VG_OK;
    }
}

enum vg_status vg_csv_reader_next(struct vg_csv_reader *reader, struct vg_csv_row *row)
{
    while (reader->at < reader->end) {
        const uint8_t *at = reader->at;
        const uint8_t *stop = memchr(at, '\n', (size_t)(reader->end - at));
        reader->at = stop ? stop + 1 : reader->end;
        stop = stop ? stop : reader->end;
        reader->line++;
        while (stop > at && blank(stop[-1]))
            stop--;
        if (stop == at)
            continue;
        if (stop - at > VG_CSV_LINE_MAX)
            return refuse_line(reader, N_("the line is too long"), N_("is this a CSV file?"));
        if (memchr(at, 0, (size_t)(stop - at)))
            return refuse_line(reader, N_("the line holds a zero byte"), N_("is this a CSV file?"));
        return split(reader, at, stop, row);
    }
    return VG_E_END;
}

enum vg_status vg_csv_refuse(const struct vg_csv_reader *reader, const struct vg_csv_row *row,
                             uint32_t column, const char *what, const char *remedy)
{
    return vg_fault_set(reader->fault, VG_E_INPUT, what, remedy, "%s:%u: %u: \"%.60s\"",
                        reader->name, reader->line, column + 1,
                        column < row->count ? row->field[column] : "");
}

enum vg_status vg_csv_number(const struct vg_csv_reader *reader, const struct vg_csv_row *row,
                             uint32_t column, double least, double most, double *out)
{
    const char *text = column < row->count ? row->field[column] : "";
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        return vg_csv_refuse(reader, row, column, N_("not a number"),
                             N_("write a number with a point"));
    if (value < least || value > most)
        return vg_csv_refuse(reader, row, column, N_("the number is out of range"),
                             N_("see the columns in the documentation"));
    *out = value;
    return VG_OK;
}

void *vg_csv_grow(void *old, size_t count, size_t *room, size_t element_bytes)
{
    if (count < *room)
        return old;
    const size_t wanted = *room ? *room * 2 : 256;
    void *more = vg_alloc_array(wanted, element_bytes);
    if (!more)
        return NULL;
    if (count)
        memcpy(more, old, count * element_bytes);
    vg_free(old);
    *room = wanted;
    return more;
}
