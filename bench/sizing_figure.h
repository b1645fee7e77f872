/* A figure of a result of `vigie bench sizing`, with how it is known. Pure. */
#ifndef VG_BENCH_SIZING_FIGURE_H
#define VG_BENCH_SIZING_FIGURE_H

#include <jansson.h>
#include <stdbool.h>

enum vg_sizing_mark {
    VG_SIZING_UNMARKED, /* the result does not say */
    VG_SIZING_MEASURED,
    VG_SIZING_EXTRAPOLATED,
    VG_SIZING_ESTIMATED, /* with an assumption that somebody made */
    VG_SIZING_NOT_MEASURED
};

/* Of "measured", "extrapolated", "estimated", "not_measured"; else unmarked. */
enum vg_sizing_mark vg_sizing_mark_of(const json_t *name);

/* For machines ("" where unmarked), and for people (msgid). */
const char *vg_sizing_mark_name(enum vg_sizing_mark mark);
const char *vg_sizing_mark_words(enum vg_sizing_mark mark);

struct vg_sizing_figure {
    bool known;
    double value;     /* finite, 0 and more; where known and text is NULL */
    const char *text; /* borrowed: words in place of a number */
    enum vg_sizing_mark mark;
    const char *why; /* borrowed: why it is not known; NULL: nobody says */
};

/* The value of `key` in an object. It is a number, whose mark is then `mark`, or an object of its own
 * { "value", "status", "why" }; a reason may also stand beside it, by its key and "_why". A number that is negative or too large to be meant is not known. */
struct vg_sizing_figure vg_sizing_figure_of(const json_t *object, const char *key,
                                            enum vg_sizing_mark mark);

#endif
