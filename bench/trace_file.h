/* A profile's runs as a time line in the trace-event format, which ui.perfetto.dev and
 * chrome://tracing open: the device is a process, each of its queues a track, each run of a step
 * a complete event ("X"), times in microseconds.
 * Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
#ifndef VG_BENCH_TRACE_FILE_H
#define VG_BENCH_TRACE_FILE_H

#include <stdio.h>

#include "bench/profile_show.h"

/* Errors of the stream stay in it: ask ferror. */
void vg_trace_print(const struct vg_profile *profile, const struct vg_profile_heading *heading,
                    FILE *out);

#endif
