#include "src/scene/scene_reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

void vg_scene_pointer(char at[VG_SCENE_POINTER_SIZE], const char *parent, const char *key)
{
    (void)snprintf(at, VG_SCENE_POINTER_SIZE, "%s/%s", parent, key);
}

void vg_scene_pointer_at(char at[VG_SCENE_POINTER_SIZE], const char *parent, size_t index)
{
    (void)snprintf(at, VG_SCENE_POINTER_SIZE, "%s/%zu", parent, index);
}

bool vg_scene_same_point(struct vg_point a, struct vg_point b)
{
    return fabs((double)a.x - (double)b.x) < VG_SCENE_SAME_POINT &&
           fabs((double)a.y - (double)b.y) < VG_SCENE_SAME_POINT;
}

enum vg_status vg_scene_refuse(const struct vg_json *json, const char *pointer, const char *what,
                               const char *remedy, const char *detail, ...)
{
    (void)vg_json_refuse(json, pointer, what, remedy);
    if (!json->fault)
        return VG_E_INPUT;
    char *place = json->fault->place;
    const size_t size = sizeof json->fault->place, used = strlen(place);
    if (used + 3 >= size)
        return VG_E_INPUT;
    place[used] = ' ';
    place[used + 1] = '(';
    va_list args;
    va_start(args, detail);
    (void)vsnprintf(place + used + 2, size - used - 2, detail, args);
    va_end(args);
    const size_t end = strlen(place);
    if (end + 1 < size) {
        place[end] = ')';
        place[end + 1] = '\0';
    }
    return VG_E_INPUT;
}

enum vg_status vg_scene_read_pair(const struct vg_json *json, const json_t *value,
                                  const char *pointer, double least, double most,
                                  struct vg_point *point)
{
    if (!json_is_array(value) || json_array_size(value) != 2)
        return vg_json_refuse(json, pointer, N_("two numbers [x, y] were expected"), NULL);
    double v[2];
    for (size_t i = 0; i < 2; i++) {
        char at[VG_SCENE_POINTER_SIZE];
        vg_scene_pointer_at(at, pointer, i);
        const json_t *number = json_array_get(value, i);
        if (!json_is_number(number))
            return vg_json_refuse(json, at, N_("a number was expected"), NULL);
        v[i] = json_number_value(number);
        if (!(v[i] >= least && v[i] <= most))
            return vg_scene_refuse(json, at, N_("the number is out of range"), NULL, "%g, %g..%g",
                                   v[i], least, most);
    }
    *point = (struct vg_point){(float)v[0], (float)v[1]};
    return VG_OK;
}
