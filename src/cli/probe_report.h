/* What a probe found, for a person (text), for machines (JSON, docs/schemas/probe.json), and for a
 * spreadsheet (CSV, a line a source). No address, no account, no password: names alone. */
#ifndef VG_CLI_PROBE_REPORT_H
#define VG_CLI_PROBE_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "src/base/fault.h"
#include "src/media/probe_verdict.h"

struct vg_probe_report {
    const char *name; /* borrowed; UTF-8 */
    struct vg_probe_figures figures;
    struct vg_probe_persons persons;
    struct vg_probe_verdict verdict;
    struct vg_fault fault; /* where figures.status is not VG_OK */
};

void vg_probe_report_text(const struct vg_probe_report *report, FILE *out);

/* Given; NULL: no memory. */
json_t *vg_probe_report_json(const struct vg_probe_report *report);

/* The names of the columns; one line for a report. separator: a comma or a semicolon. */
void vg_probe_report_csv_head(FILE *out, char separator);
void vg_probe_report_csv(const struct vg_probe_report *report, FILE *out, char separator);

#endif
