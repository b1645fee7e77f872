#include "bench/profile_show.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

struct timed {
    double us;
    uint32_t index;
};

static int longest_first(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;
    if (x->us > y->us || x->us < y->us)
        return x->us > y->us ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

enum vg_status vg_profile_sort(const struct vg_profile *profile, enum vg_profile_order order,
                               uint32_t **index, struct vg_fault *fault)
{
    const uint32_t count = profile->step_count;
    struct timed *timed = vg_alloc_array(count, sizeof *timed);
    *index = vg_alloc_array(count, sizeof **index);
    if (!timed || !*index) {
        vg_free(timed);
        vg_free(*index);
        *index = NULL;
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u", count);
    }
    for (uint32_t i = 0; i < count; i++)
        timed[i] = (struct timed){profile->step[i].us, i};
    if (order == VG_PROFILE_BY_TIME)
        qsort(timed, count, sizeof *timed, longest_first);
    for (uint32_t i = 0; i < count; i++)
        (*index)[i] = timed[i].index;
    vg_free(timed);
    return VG_OK;
}

static double kernel_us(const struct vg_profile *profile, const char *kernel, uint32_t *steps)
{
    double us = 0;
    *steps = 0;
    for (uint32_t i = 0; i < profile->step_count; i++)
        if (strcmp(profile->step[i].kernel, kernel) == 0) {
            us += profile->step[i].us;
            ++*steps;
        }
    return us;
}

static int first_of_its_kernel(const struct vg_profile *profile, uint32_t step)
{
    for (uint32_t i = 0; i < step; i++)
        if (strcmp(profile->step[i].kernel, profile->step[step].kernel) == 0)
            return 0;
    return 1;
}

/* Puts `family` at its place by time; what falls off the end joins the last one. */
static void family_add(struct vg_profile_family *families, uint32_t *count,
                       struct vg_profile_family family)
{
    uint32_t at = 0;
    while (at < *count && families[at].us >= family.us)
        at++;
    for (uint32_t i = at; i < *count; i++) {
        const struct vg_profile_family next = families[i];
        families[i] = family;
        family = next;
    }
    if (*count < VG_PROFILE_FAMILIES_MAX) {
        families[(*count)++] = family;
        return;
    }
    families[VG_PROFILE_FAMILIES_MAX - 1].steps += family.steps;
    families[VG_PROFILE_FAMILIES_MAX - 1].us += family.us;
    families[VG_PROFILE_FAMILIES_MAX - 1].kernel = NULL;
}

uint32_t vg_profile_families(const struct vg_profile *profile, struct vg_profile_family *families)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < profile->step_count; i++) {
        if (!first_of_its_kernel(profile, i))
            continue;
        struct vg_profile_family family = {.kernel = profile->step[i].kernel};
        family.us = kernel_us(profile, family.kernel, &family.steps);
        family_add(families, &count, family);
    }
    return count;
}

uint32_t vg_profile_family_of(const struct vg_profile_family *families, uint32_t count,
                              const struct vg_step_time *step)
{
    for (uint32_t i = 0; i < count; i++)
        if (families[i].kernel && strcmp(families[i].kernel, step->kernel) == 0)
            return i;
    return count ? count - 1 : 0;
}
