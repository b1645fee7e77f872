/* What the bench reads: a server's counts, a histogram's text, a profile. Never: a read past the
 * bytes, more flux or classes than room, a histogram whose sum is not what it says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load_profile.h"
#include "bench/server_counts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void take_counts(const char *text, size_t size)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_server_counts *counts = malloc(sizeof *counts);
    must(counts != NULL);
    if (vg_server_counts_read(counts, text, size, &fault) == VG_OK)
        must(counts->up_s > 0);
    must(counts->flux_count <= VG_SERVER_FLUX_MAX);
    for (uint32_t i = 0; i < counts->flux_count; i++)
        must(vg_server_counts_flux(counts, counts->flux[i].id) != NULL);
    free(counts);
}

static void take_histogram(const char *text, size_t size)
{
    struct vg_time_histogram_view view;
    if (vg_time_histogram_parse(&view, text, size) != VG_OK)
        return;
    must(vg_time_histogram_count(&view) == strtoull(text, NULL, 10));
    must(vg_time_histogram_quantile_us(&view, 1) <= VG_TIME_HISTOGRAM_MOST_US);
}

static void take_profile(const char *text, size_t size)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_load_profile profile;
    if (vg_load_profile_parse(&profile, "p.json", text, size, &fault) != VG_OK)
        return;
    must(profile.class_count >= 1 && profile.class_count <= VG_LOAD_CLASSES_MAX);
    must(vg_load_profile_class(&profile, 199) < profile.class_count);
    json_decref(vg_load_profile_json(&profile));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* a zero behind: strtoull above */
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    take_counts(text, size);
    take_histogram(text, size);
    take_profile(text, size);
    free(text);
    return 0;
}
