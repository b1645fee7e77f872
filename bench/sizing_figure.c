#include "bench/sizing_figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

#define VALUE_MOST 1e12

static const struct {
    const char *name, *words;
} marks[] = {
    [VG_SIZING_UNMARKED] = {"", ""},
    [VG_SIZING_MEASURED] = {"measured", N_("measured")},
    [VG_SIZING_EXTRAPOLATED] = {"extrapolated", N_("extrapolated")},
    [VG_SIZING_ESTIMATED] = {"estimated", N_("estimated")},
    [VG_SIZING_NOT_MEASURED] = {"not_measured", N_("not measured")},
};

enum vg_sizing_mark vg_sizing_mark_of(const json_t *name)
{
    for (int i = VG_SIZING_MEASURED; json_is_string(name) && i <= VG_SIZING_NOT_MEASURED; i++)
        if (strcmp(json_string_value(name), marks[i].name) == 0)
            return (enum vg_sizing_mark)i;
    return VG_SIZING_UNMARKED;
}

const char *vg_sizing_mark_name(enum vg_sizing_mark mark)
{
    return marks[mark].name;
}

const char *vg_sizing_mark_words(enum vg_sizing_mark mark)
{
    return marks[mark].words;
}

static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && *text ? text : NULL;
}

struct vg_sizing_figure vg_sizing_figure_of(const json_t *object, const char *key,
                                            enum vg_sizing_mark mark)
{
    const json_t *value = json_object_get(object, key);
    struct vg_sizing_figure figure = {.mark = mark};
    char beside[64];
    if (json_is_object(value)) {
        const enum vg_sizing_mark own = vg_sizing_mark_of(json_object_get(value, "status"));
        figure.mark = own != VG_SIZING_UNMARKED ? own : mark;
        figure.why = text_of(json_object_get(value, "why"));
        value = json_object_get(value, "value");
    }
    if (!figure.why && snprintf(beside, sizeof beside, "%.40s_why", key) > 0)
        figure.why = text_of(json_object_get(object, beside));
    figure.text = text_of(value);
    if (json_is_number(value))
        figure.value = json_number_value(value);
    figure.known = figure.text || (json_is_number(value) && isfinite(figure.value) &&
                                   figure.value >= 0 && figure.value <= VALUE_MOST);
    return figure;
}
