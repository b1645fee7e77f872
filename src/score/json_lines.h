/* JSON lines: an object a line, blank lines passed over. Pure but for what is called. */
#ifndef VG_SCORE_JSON_LINES_H
#define VG_SCORE_JSON_LINES_H

#include <stdint.h>

#include "src/base/json.h"

/* What is done with each: refusals come back with the line of the whole text. */
struct vg_json_taker {
    enum vg_status (*take)(void *user, const struct vg_json *json);
    void *user;
};

/* Stops at the first refusal. VG_E_INPUT: place is "name:line:column: pointer"; VG_E_FULL: a line
 * of more than line_max bytes; what take returns. */
enum vg_status vg_json_lines(const char *name, const uint8_t *data, size_t size, size_t line_max,
                             const struct vg_json_taker *taker, struct vg_fault *fault) VG_MUST_USE;

#endif
