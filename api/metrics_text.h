/* Prometheus' text form (exposition 0.0.4): texts of several processes put together so that the
 * lines of a metric stand in one group, as the format wants. */
#ifndef VG_API_METRICS_TEXT_H
#define VG_API_METRICS_TEXT_H

#include <stddef.h>

#include "src/base/attr.h"

#define VG_METRICS_MAX (4u << 20) /* bytes of one text put together */

struct vg_metrics;

/* An empty collection; NULL without memory. */
struct vg_metrics *vg_metrics_open(void) VG_MUST_USE;
void vg_metrics_close(struct vg_metrics **metrics);

/* Adds the lines of a text (size bytes, copied). Lines that are neither comment nor
 * "name{labels} value" are dropped; a second HELP or TYPE of a metric too. What comes above the
 * bound is dropped. */
void vg_metrics_add(struct vg_metrics *metrics, const char *text, size_t size);

/* One line by printf, with its end of line. */
void vg_metrics_line(struct vg_metrics *metrics, const char *format, ...) VG_PRINTF(2, 3);

/* The whole; given (vg_free), *size bytes; NULL without memory. Metrics by name, lines of one in
 * the order they were added. */
char *vg_metrics_text(const struct vg_metrics *metrics, size_t *size) VG_MUST_USE;

#endif
