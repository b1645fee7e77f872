/* The three times, as three types, so that the compiler keeps them apart. Microseconds.
 *
 * clock.c alone asks the system; everything that decides gets its time as an argument. */
#ifndef VG_BASE_CLOCK_H
#define VG_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vg_media_time {
    int64_t us; /* time in the video, from its first decoded picture; never steps back */
};
struct vg_mono_time {
    int64_t us; /* CLOCK_MONOTONIC: for deadlines and latencies, the same in all processes */
};
struct vg_wall_time {
    int64_t us; /* since 1970-01-01 UTC; may step */
};

#define VG_US_PER_S INT64_C(1000000)

struct vg_mono_time vg_mono_now(void);
struct vg_wall_time vg_wall_now(void);

/* Processor time of the whole process, user and system, microseconds. */
int64_t vg_cpu_time_us(void);
/* The same of the calling thread alone. */
int64_t vg_thread_cpu_time_us(void);
/* The same of a thread that is not joined yet; 0 when it has ended. */
int64_t vg_thread_cpu_time_of_us(pthread_t thread);

/* Waits without deciding: `us` microseconds, or until a signal. For back-offs in threads of
 * their own, never in a loop and never to wait for a fact. */
void vg_pause_us(int64_t us);

/* ISO 8601 with milliseconds and the local offset, "2026-11-21T10:15:30.120+01:00" (30 bytes
 * with its end). */
void vg_wall_format(struct vg_wall_time time, char *text, size_t size);

/* Reads ISO 8601 with optional fraction and "Z" or offset (none: local time). Returns 0, or -1
 * if text is not such a time. Pure but for the local zone. */
int vg_wall_parse(const char *text, struct vg_wall_time *time);

#endif
