/* Prometheus' text form (exposition 0.0.4): texts of several processes put together so that the
 * lines of a metric stand in one group, as the format wants. */
#ifndef VG_API_METRICS_TEXT_H
#define VG_API_METRICS_TEXT_H

#include <stddef.h>

#include "src/base/attr.h"

/* Bytes of one text put together: the largest of an analysis (src/alerts/publisher.h), as much again
 * for the others, and a byte for each line. Lines: those of 200 flux, and as many again. */
#define VG_METRICS_MAX       (8u << 20)
#define VG_METRICS_LINES_MAX 65536u

struct vg_metrics;

/* An empty collection; NULL without memory. */
struct vg_metrics *vg_metrics_open(void) VG_MUST_USE;
void vg_metrics_close(struct vg_metrics **metrics);

/* Adds the lines of a text (size bytes, copied). Lines that are neither comment nor
 * "name{labels} value" are dropped; a second HELP or TYPE of a metric too. What comes above a
 * bound is dropped and counted. */
void vg_metrics_add(struct vg_metrics *metrics, const char *text, size_t size);

/* Adds vigie_metrics_lines_lost{part}, how many that were: for these lines room is always kept.
 * Nothing is added behind it. */
void vg_metrics_end(struct vg_metrics *metrics, const char *part);

/* One line by printf, with its end of line. */
void vg_metrics_line(struct vg_metrics *metrics, const char *format, ...) VG_PRINTF(2, 3);

/* The whole; given (vg_free), *size bytes; NULL without memory. Metrics by name, lines of one in
 * the order they were added. */
char *vg_metrics_text(const struct vg_metrics *metrics, size_t *size) VG_MUST_USE;

#endif
