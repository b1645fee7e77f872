#include "bench/sizing_compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MEMORY_SLACK 0.02 /* the kernel keeps a little for itself, not always as much */

static double share_sum(const json_t *classes)
{
    double sum = 0;
    size_t i;
    const json_t *class;
    json_array_foreach(classes, i, class) sum += json_number_value(json_object_get(class, "share"));
    return sum > 0 ? sum : 1;
}

static bool near(double one, double other)
{
    return fabs(one - other) <= 1e-6 * fmax(fabs(one), fabs(other));
}

/* Numbers by their value, written with a point or without one; the rest as it stands. */
static bool same_value(const json_t *one, const json_t *other)
{
    if (json_is_number(one) && json_is_number(other))
        return near(json_number_value(one), json_number_value(other));
    return (!one && !other) || json_equal(one, other);
}

static void value_text(const json_t *value, char *text, size_t size)
{
    if (json_is_string(value))
        (void)snprintf(text, size, "%.60s", json_string_value(value));
    else if (json_is_number(value))
        (void)snprintf(text, size, "%.6g", json_number_value(value));
    else
        (void)snprintf(text, size, "%s", json_is_array(value) ? "[...]" : "-");
}

static enum vg_status differ(struct vg_fault *fault, size_t class, const char *key, const char *one,
                             const char *other)
{
    return vg_fault_set(fault, VG_E_INPUT,
                        N_("the two results are of different profiles: nothing can be compared"),
                        N_("measure both with the same profile"), "/profile/classes/%zu/%s: %s, %s",
                        class, key, one, other);
}

static enum vg_status class_compare(const json_t *one, const json_t *other, size_t at,
                                    struct vg_fault *fault)
{
    static const char *const keys[] = {"codec",    "width", "height", "fps",
                                       "rate_fps", "tiles", "events"};
    char texts[2][64];
    for (size_t k = 0; k < COUNT(keys); k++) {
        const json_t *a = json_object_get(one, keys[k]), *b = json_object_get(other, keys[k]);
        if (same_value(a, b))
            continue;
        value_text(a, texts[0], sizeof texts[0]);
        value_text(b, texts[1], sizeof texts[1]);
        return differ(fault, at, keys[k], texts[0], texts[1]);
    }
    return VG_OK;
}

static enum vg_status share_compare(double one, double other, size_t at, struct vg_fault *fault)
{
    char texts[2][64];
    if (near(one, other))
        return VG_OK;
    (void)snprintf(texts[0], sizeof texts[0], "%.4g", one);
    (void)snprintf(texts[1], sizeof texts[1], "%.4g", other);
    return differ(fault, at, "share", texts[0], texts[1]);
}

enum vg_status vg_sizing_comparable(const json_t *result, const json_t *other,
                                    struct vg_fault *fault)
{
    const json_t *a = json_object_get(json_object_get(result, "profile"), "classes");
    const json_t *b = json_object_get(json_object_get(other, "profile"), "classes");
    const double sum_a = share_sum(a), sum_b = share_sum(b);
    if (json_array_size(a) == 0 || json_array_size(b) == 0)
        return vg_fault_set(fault, VG_E_INPUT, N_("a result that does not say its profile"),
                            N_("give what bench sizing --json printed"), "/profile/classes");
    if (json_array_size(a) != json_array_size(b))
        return vg_fault_set(
            fault, VG_E_INPUT,
            N_("the two results are of different profiles: nothing can be compared"),
            N_("measure both with the same profile"), "/profile/classes: %zu, %zu",
            json_array_size(a), json_array_size(b));
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *one = json_array_get(a, i), *two = json_array_get(b, i);
        enum vg_status status = class_compare(one, two, i, fault);
        if (!status)
            status =
                share_compare(json_number_value(json_object_get(one, "share")) / sum_a,
                              json_number_value(json_object_get(two, "share")) / sum_b, i, fault);
        if (status)
            return status;
    }
    return VG_OK;
}

/* The devices' names and drivers, in order. */
static bool same_devices(const json_t *one, const json_t *other)
{
    if (json_array_size(one) != json_array_size(other))
        return false;
    for (size_t i = 0; i < json_array_size(one); i++) {
        const json_t *a = json_array_get(one, i), *b = json_array_get(other, i);
        if (!same_value(json_object_get(a, "name"), json_object_get(b, "name")))
            return false;
    }
    return true;
}

/* A quota makes another machine of it; reports of before do not tell. */
static bool same_usable(const json_t *machine, const json_t *other)
{
    const json_t *one = json_object_get(machine, "usable_cores");
    const json_t *two = json_object_get(other, "usable_cores");
    return !one || !two || fabs(json_number_value(one) - json_number_value(two)) < 0.001;
}

bool vg_sizing_same_machine(const json_t *machine, const json_t *other)
{
    static const char *const keys[] = {"cpu", "cores", "threads", "usable_threads"};
    const double memory = json_number_value(json_object_get(machine, "memory_mb"));
    const double memory_other = json_number_value(json_object_get(other, "memory_mb"));
    for (size_t k = 0; k < COUNT(keys); k++)
        if (!same_value(json_object_get(machine, keys[k]), json_object_get(other, keys[k])))
            return false;
    return fabs(memory - memory_other) <= MEMORY_SLACK * fmax(memory, memory_other) &&
           same_usable(machine, other) &&
           same_devices(json_object_get(machine, "devices"), json_object_get(other, "devices")) &&
           json_array_size(json_object_get(machine, "decoders")) ==
               json_array_size(json_object_get(other, "decoders"));
}
