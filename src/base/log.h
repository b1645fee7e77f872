/* The log on stderr: one line an entry, plain or JSON, by VIGIE_LOG
 * (error|warn|info|debug, "json:" before it for JSON lines; "json" alone is json:info). Any thread. English, for
 * administrators; never a password, an address of a camera or a URL. */
#ifndef VG_BASE_LOG_H
#define VG_BASE_LOG_H

#include <stdbool.h>

#include "src/base/attr.h"
#include "src/base/clock.h"

enum vg_log_level {
    VG_LOG_ERROR,
    VG_LOG_WARN,
    VG_LOG_INFO,
    VG_LOG_DEBUG
};

/* Reads VIGIE_LOG and names the process ("ingest-0"); `part` is borrowed for ever. */
void vg_log_init(const char *part);

/* Whether each line is a JSON object. */
bool vg_log_is_json(void);

/* The level that VIGIE_LOG names and that does not exist ("info" holds then), borrowed from the
 * environment; NULL when all is understood. */
const char *vg_log_unknown_level(void);

void vg_log(enum vg_log_level level, const char *format, ...) VG_PRINTF(2, 3);

/* An error that repeats is said once per delay, with the count since. One per source of
 * error, zeroed at first; owned by one thread. */
struct vg_log_repeat {
    struct vg_mono_time last;
    uint64_t count;
};

/* Counts one more and returns how many there were since the last line if it is time to say so
 * again (first time, or `every_us` past), else 0. */
uint64_t vg_log_repeat_due(struct vg_log_repeat *repeat, struct vg_mono_time now, int64_t every_us);

#endif
