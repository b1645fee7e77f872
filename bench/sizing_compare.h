/* Whether two results of `vigie bench sizing` may be laid beside each other. They may when the same flux
 * were measured; the machine, the model and the times of measuring may differ, and are named. Pure. */
#ifndef VG_BENCH_SIZING_COMPARE_H
#define VG_BENCH_SIZING_COMPARE_H

#include <jansson.h>
#include <stdbool.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

/* VG_E_INPUT: the profiles differ, or one has none; the place says where and how. Names of classes and
 * of the profile are labels and may differ; shares are relative to their sum; classes are taken in
 * order. What is no object is a result without a profile. */
enum vg_status vg_sizing_comparable(const json_t *result, const json_t *other,
                                    struct vg_fault *fault) VG_MUST_USE;

/* Whether two descriptions of machines say the same. The same description may be another machine: no
 * serial number stands in it. */
bool vg_sizing_same_machine(const json_t *machine, const json_t *other);

#endif
