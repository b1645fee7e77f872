/* vigie bench report: the page of a kept result of `bench sizing`, alone or beside another one. */
#ifndef VG_CLI_BENCH_REPORT_H
#define VG_CLI_BENCH_REPORT_H

#include <jansson.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_report(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

/* Writes the page of `result` to a file, beside `other` unless that is NULL. VG_E_INPUT: the two are not
 * of the same load; statuses of vg_file_write; VG_E_MEMORY. */
enum vg_status vg_bench_report_write(const char *path, const json_t *result, const json_t *other,
                                     struct vg_fault *fault) VG_MUST_USE;

#endif
