#include "src/base/clock.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * VG_US_PER_S + t.tv_nsec / 1000;
}

struct vg_mono_time vg_mono_now(void)
{
    return (struct vg_mono_time){read_clock(CLOCK_MONOTONIC)};
}

struct vg_wall_time vg_wall_now(void)
{
    return (struct vg_wall_time){read_clock(CLOCK_REALTIME)};
}

int64_t vg_cpu_time_us(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t vg_thread_cpu_time_us(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t vg_thread_cpu_time_of_us(pthread_t thread)
{
    clockid_t id;
    return pthread_getcpuclockid(thread, &id) == 0 ? read_clock(id) : 0;
}

void vg_pause_us(int64_t us)
{
    if (us <= 0)
        return;
    const struct timespec t = {(time_t)(us / VG_US_PER_S), (long)(us % VG_US_PER_S) * 1000};
    (void)nanosleep(&t, NULL);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void vg_wall_format(struct vg_wall_time time, char *text, size_t size)
{
    const int64_t seconds = floor_div(time.us, VG_US_PER_S);
    const int millis = (int)((time.us - seconds * VG_US_PER_S) / 1000);
    const time_t t = (time_t)seconds;
    struct tm tm;
    if (!localtime_r(&t, &tm)) {
        (void)snprintf(text, size, "?");
        return;
    }
    const long offset = tm.tm_gmtoff / 60;
    const long minutes = labs(offset);
    (void)snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02ld:%02ld", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, millis,
                   offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* Two digits (or four) at *p, moved on; -1 if they are none. */
static int digits(const char **p, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static int expect(const char **p, char c)
{
    if (**p != c)
        return -1;
    (*p)++;
    return 0;
}

/* The offset at p in seconds: "Z", "+hh:mm", "+hhmm"; -1 if it is none, 1 if p is at the end. */
static int read_offset(const char *p, int64_t *offset_s)
{
    if (*p == '\0')
        return 1;
    if (*p == 'Z') {
        *offset_s = 0;
        return p[1] == '\0' ? 0 : -1;
    }
    const int sign = *p == '-' ? -1 : 1;
    if (*p != '+' && *p != '-')
        return -1;
    p++;
    const int hours = digits(&p, 2);
    if (*p == ':')
        p++;
    const int minutes = digits(&p, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || *p)
        return -1;
    *offset_s = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
    return 0;
}

int vg_wall_parse(const char *text, struct vg_wall_time *time)
{
    const char *p = text;
    struct tm tm;
    memset(&tm, 0, sizeof tm);
    const int year = digits(&p, 4);
    if (year < 1970 || expect(&p, '-'))
        return -1;
    const int month = digits(&p, 2);
    if (month < 1 || month > 12 || expect(&p, '-'))
        return -1;
    const int day = digits(&p, 2);
    if (day < 1 || day > 31 || (*p != 'T' && *p != ' '))
        return -1;
    p++;
    const int hour = digits(&p, 2);
    if (hour < 0 || hour > 23 || expect(&p, ':'))
        return -1;
    const int minute = digits(&p, 2);
    if (minute < 0 || minute > 59)
        return -1;
    int second = 0;
    if (*p == ':') {
        p++;
        second = digits(&p, 2);
        if (second < 0 || second > 60)
            return -1;
    }
    int64_t fraction_us = 0;
    if (*p == '.') {
        p++;
        int64_t unit = VG_US_PER_S / 10;
        for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
            fraction_us += (*p - '0') * unit;
    }
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    int64_t offset_s = 0;
    const int zone = read_offset(p, &offset_s);
    if (zone < 0)
        return -1;
    tm.tm_isdst = -1;
    const int64_t seconds = zone == 0 ? (int64_t)timegm(&tm) - offset_s : (int64_t)mktime(&tm);
    if (tm.tm_mday != day) /* 30 February was carried over */
        return -1;
    time->us = seconds * VG_US_PER_S + fraction_us;
    return 0;
}
