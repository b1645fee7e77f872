#include "bench/server_counts.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/text.h"

#define LINE_MAX_SIZE 512 /* of those that are read but for the histograms */

const struct vg_flux_counts *vg_server_counts_flux(const struct vg_server_counts *counts,
                                                   const char *id)
{
    for (uint32_t i = 0; i < counts->flux_count; i++)
        if (strcmp(counts->flux[i].id, id) == 0)
            return &counts->flux[i];
    return NULL;
}

uint64_t vg_server_counts_judged(const struct vg_server_counts *counts)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < counts->flux_count; i++)
        sum += counts->flux[i].fate[VG_FATE_ANALYSED] + counts->flux[i].fate[VG_FATE_STILL];
    return sum;
}

/* The flux's place, made if it has none; NULL: none is left. Lines of a flux come one after the
 * other: *last is tried first. */
static struct vg_flux_counts *place_of(struct vg_server_counts *counts, const char *id,
                                       uint32_t *last)
{
    if (*last < counts->flux_count && strcmp(counts->flux[*last].id, id) == 0)
        return &counts->flux[*last];
    for (*last = 0; *last < counts->flux_count; ++*last)
        if (strcmp(counts->flux[*last].id, id) == 0)
            return &counts->flux[*last];
    if (counts->flux_count == VG_SERVER_FLUX_MAX)
        return NULL;
    struct vg_flux_counts *flux = &counts->flux[counts->flux_count++];
    (void)snprintf(flux->id, sizeof flux->id, "%s", id);
    return flux;
}

/* 0 to VG_FATE_COUNT, which none has. */
static int fate_of(const char *name)
{
    int fate = 0;
    while (fate < VG_FATE_COUNT && strcmp(vg_fate_name((enum vg_fate)fate), name) != 0)
        fate++;
    return fate;
}

static enum vg_status read_flux_line(struct vg_server_counts *counts, const char *line,
                                     uint32_t *last)
{
    char id[VG_SERVER_ID_SIZE], fate_name[24];
    unsigned long long n = 0;
    double x = 0;
    const bool by_fate =
        sscanf(line, "vigie_pictures_total{flux=\"%63[^\"]\",fate=\"%23[^\"]\"} %llu", id,
               fate_name, &n) == 3;
    const bool decoded =
        !by_fate &&
        sscanf(line, "vigie_pictures_decoded_total{flux=\"%63[^\"]\"} %llu", id, &n) == 2;
    const bool time =
        !by_fate && !decoded &&
        sscanf(line, "vigie_flux_decode_seconds_total{flux=\"%63[^\"]\"} %lf", id, &x) == 2;
    const bool surfaces =
        !by_fate && !decoded && !time &&
        sscanf(line, "vigie_flux_decoder_surfaces{flux=\"%63[^\"]\"} %lf", id, &x) == 2;
    if (!by_fate && !decoded && !time && !surfaces)
        return VG_OK;
    struct vg_flux_counts *flux = place_of(counts, id, last);
    if (!flux)
        return VG_E_FULL;
    x = isfinite(x) && x > 0 ? x : 0;
    if (time)
        flux->decode_s = x;
    else if (surfaces)
        flux->surfaces = x;
    else if (decoded)
        flux->decoded = n;
    else if (fate_of(fate_name) < VG_FATE_COUNT)
        flux->fate[fate_of(fate_name)] = n;
    return VG_OK;
}

static void read_number_line(struct vg_server_counts *counts, const char *line)
{
    unsigned long long n = 0;
    double x = 0;
    if (sscanf(line, "vigie_analysis_up_seconds %lf", &x) == 1)
        counts->up_s = x;
    else if (sscanf(line, "vigie_batch_size %lf", &x) == 1)
        counts->batch_size = x;
    else if (sscanf(line, "vigie_device_well{device=\"%llu\"", &n) == 1)
        counts->devices++;
    else if (sscanf(line, "vigie_alerts_promised_total %llu", &n) == 1)
        counts->alerts_promised = n;
    else if (sscanf(line, "vigie_alerts_refused_total %llu", &n) == 1)
        counts->alerts_refused = n;
}

static void read_stage_line(struct vg_server_counts *counts, const char *line)
{
    static const char *const name[VG_SERVER_STAGES] = {"decode", "track", "rules", "alert"};
    char stage[24];
    double x = 0;
    const bool sum =
        sscanf(line, "vigie_stage_seconds_sum{stage=\"%23[^\"]\"} %lf", stage, &x) == 2;
    if (!sum && sscanf(line, "vigie_stage_seconds_count{stage=\"%23[^\"]\"} %lf", stage, &x) != 2)
        return;
    for (int s = 0; s < VG_SERVER_STAGES; s++)
        if (strcmp(stage, name[s]) == 0 && isfinite(x) && x > 0)
            *(sum ? &counts->stage[s].seconds : &counts->stage[s].count) = x;
}

/* Numbers that are none leave all at 0: nothing is known. */
static bool read_batches_line(struct vg_server_counts *counts, const char *line)
{
    struct vg_batch_counts b = {0};
    double *const to[] = {&b.batch_max, &b.count,   &b.jobs,      &b.jobs_squared,
                          &b.ms,        &b.ms_jobs, &b.ms_squared};
    static const char head[] = "# fine vigie_batches ";
    if (strncmp(line, head, sizeof head - 1) != 0)
        return false;
    const char *at = line + sizeof head - 1;
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        char *end = NULL;
        *to[i] = strtod(at, &end);
        if (end == at || !isfinite(*to[i]) || *to[i] < 0)
            return true;
        at = end;
    }
    counts->batches = b;
    return true;
}

/* Whether it was one; *status as vg_time_histogram_parse. */
static bool read_histogram_line(struct vg_server_counts *counts, const char *line, size_t size,
                                enum vg_status *status)
{
    const struct {
        const char *head;
        struct vg_time_histogram_view *view;
    } rows[] = {{"# fine vigie_latency_seconds ", &counts->rules},
                {"# fine vigie_latency_due_seconds ", &counts->due},
                {"# fine vigie_alert_latency_seconds ", &counts->redis}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t n = strlen(rows[i].head);
        if (size < n || memcmp(line, rows[i].head, n) != 0)
            continue;
        *status = vg_time_histogram_parse(rows[i].view, line + n, size - n);
        return true;
    }
    return false;
}

static enum vg_status read_line(struct vg_server_counts *counts, const char *line, size_t size,
                                uint32_t *last)
{
    char text[LINE_MAX_SIZE];
    enum vg_status status = VG_OK;
    if (read_histogram_line(counts, line, size, &status) || size >= sizeof text || size < 6)
        return status;
    memcpy(text, line, size);
    text[size] = '\0';
    if (read_batches_line(counts, text) || memcmp(line, "vigie_", 6) != 0)
        return status;
    read_number_line(counts, text);
    read_stage_line(counts, text);
    return read_flux_line(counts, text, last);
}

enum vg_status vg_server_counts_read(struct vg_server_counts *counts, const char *text, size_t size,
                                     struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    uint32_t last = 0;
    *counts = (struct vg_server_counts){.up_s = 0};
    for (size_t at = 0; at < size && !status;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t n = end ? (size_t)(end - text) - at : size - at;
        status = read_line(counts, text + at, n, &last);
        at += n + 1;
    }
    if (!status && !(isfinite(counts->up_s) && counts->up_s > 0))
        status = VG_E_INPUT;
    if (!status)
        return VG_OK;
    return vg_fault_set(fault, status, N_("the server's counts cannot be read"), NULL, "%s",
                        "vigie:metrics:analysis");
}
