#include "src/score/json_lines.h"

#include <stdio.h>
#include <string.h>

/* The JSON reader counts lines within the text it was given, which is one line here: its place
 * "NAME:1:COLUMN..." becomes "NAME:LINE:COLUMN...". */
static void set_line(struct vg_fault *fault, const char *name, unsigned line)
{
    char rest[sizeof fault->place];
    const size_t size = strlen(name);
    if (!fault || strncmp(fault->place, name, size) != 0 ||
        strncmp(fault->place + size, ":1:", 3) != 0)
        return;
    (void)snprintf(rest, sizeof rest, "%s", fault->place + size + 3);
    (void)snprintf(fault->place + size, sizeof fault->place - size, ":%u:%s", line, rest);
}

static bool blank(const uint8_t *at, const uint8_t *stop)
{
    while (at < stop && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at == stop;
}

static enum vg_status take_line(const char *name, const char *text, size_t size, size_t line_max,
                                const struct vg_json_taker *taker, struct vg_fault *fault)
{
    struct vg_json json;
    enum vg_status status = vg_json_open(&json, name, text, size, line_max, fault);
    if (status != VG_OK)
        return status;
    status = taker->take(taker->user, &json);
    vg_json_close(&json);
    return status;
}

enum vg_status vg_json_lines(const char *name, const uint8_t *data, size_t size, size_t line_max,
                             const struct vg_json_taker *taker, struct vg_fault *fault)
{
    const uint8_t *at = data, *end = data + size;
    for (unsigned line = 1; at < end; line++) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        if (!blank(at, stop)) {
            const enum vg_status status =
                take_line(name, (const char *)at, (size_t)(stop - at), line_max, taker, fault);
            if (status != VG_OK) {
                set_line(fault, name, line);
                return status;
            }
        }
        at = stop < end ? stop + 1 : end;
    }
    return VG_OK;
}
