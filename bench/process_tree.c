#include "bench/process_tree.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/attr.h"

#define PROCESSES_MAX 1024

static void text_of(char *text, size_t size, const char *format, ...) VG_PRINTF(3, 4);

/* The file's text, cut at `size`; "" where it cannot be read. */
static void text_of(char *text, size_t size, const char *format, ...)
{
    char path[64];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(path, sizeof path, format, args);
    va_end(args);
    FILE *file = fopen(path, "re");
    const size_t n = file ? fread(text, 1, size - 1, file) : 0;
    text[n] = '\0';
    if (file)
        (void)fclose(file);
}

/* Fields 14 to 17 of stat, behind the name, which may hold anything: user and system time, own and
 * of children that were waited for. */
static double cpu_s_of(pid_t pid)
{
    char text[1024];
    long long ticks[4] = {0};
    text_of(text, sizeof text, "/proc/%d/stat", (int)pid);
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
                      &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 4)
        return 0;
    return (double)(ticks[0] + ticks[1] + ticks[2] + ticks[3]) / (double)sysconf(_SC_CLK_TCK);
}

/* Of a thread that lives, and its name. */
static double thread_s_of(pid_t pid, pid_t thread, char name[32])
{
    char text[1024];
    long long ticks[2] = {0};
    text_of(text, sizeof text, "/proc/%d/task/%d/stat", (int)pid, (int)thread);
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    name[0] = '\0';
    if (!open || !close || close < open ||
        sscanf(close, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &ticks[0],
               &ticks[1]) != 2)
        return 0;
    (void)snprintf(name, 32, "%.*s", (int)(close - open - 1 < 31 ? close - open - 1 : 31),
                   open + 1);
    return (double)(ticks[0] + ticks[1]) / (double)sysconf(_SC_CLK_TCK);
}

/* Whose a thread of the analysis is: the loop has the process' own. */
static enum vg_tree_part part_of_thread(pid_t pid, pid_t thread, const char *name)
{
    if (thread == pid)
        return VG_TREE_LOOP;
    if (strcmp(name, "vg-worker") == 0)
        return VG_TREE_WORKERS;
    return strcmp(name, "vg-save") == 0 ? VG_TREE_OTHER : VG_TREE_DEVICE;
}

/* What of the analysis is no other part is the device's, threads that ended too. */
static void part_analysis(struct vg_tree_load *load, pid_t pid, double whole_s)
{
    char path[64], name[32];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    for (const struct dirent *e = tasks ? readdir(tasks) : NULL; e; e = readdir(tasks)) {
        const pid_t thread = (pid_t)strtol(e->d_name, NULL, 10);
        if (thread <= 0)
            continue;
        const double s = thread_s_of(pid, thread, name);
        const enum vg_tree_part whose = part_of_thread(pid, thread, name);
        if (whose == VG_TREE_DEVICE)
            continue;
        load->part_s[whose] += s;
        whole_s -= s;
    }
    if (tasks)
        (void)closedir(tasks);
    load->part_s[VG_TREE_DEVICE] += whole_s > 0 ? whole_s : 0;
}

static void part(struct vg_tree_load *load, pid_t pid, double whole_s)
{
    char name[32];
    (void)thread_s_of(pid, pid, name);
    if (strcmp(name, "vigie-analysis") == 0)
        part_analysis(load, pid, whole_s);
    else if (strncmp(name, "vigie-ingest", 12) == 0)
        load->part_s[VG_TREE_DECODE] += whole_s;
    else
        load->part_s[VG_TREE_OTHER] += whole_s;
}

static uint64_t resident_of(pid_t pid)
{
    char text[4096];
    unsigned long long n = 0;
    text_of(text, sizeof text, "/proc/%d/smaps_rollup", (int)pid);
    const char *at = strstr(text, "\nPss:");
    if (at && sscanf(at, "\nPss: %llu kB", &n) == 1)
        return (uint64_t)n * 1024;
    text_of(text, sizeof text, "/proc/%d/statm", (int)pid);
    return sscanf(text, "%*u %llu", &n) == 1 ? (uint64_t)n * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Adds the children of all threads of found[at] behind the `count` that are there. */
static uint32_t add_children(pid_t *found, uint32_t most, uint32_t at, uint32_t count)
{
    char text[8192];
    /* a supervisor has one thread, and those that are asked here start no processes in others */
    text_of(text, sizeof text, "/proc/%d/task/%d/children", (int)found[at], (int)found[at]);
    char *rest = text, *end = NULL;
    for (long pid = strtol(rest, &end, 10); end != rest && count < most;
         pid = strtol(rest, &end, 10)) {
        found[count++] = (pid_t)pid;
        rest = end;
    }
    return count;
}

uint32_t vg_process_tree_list(pid_t root, pid_t *process, uint32_t most)
{
    uint32_t count = most > 0;
    for (uint32_t i = 0; i < count; i++) {
        process[i] = i == 0 ? root : process[i];
        count = add_children(process, most, i, count);
    }
    return count;
}

struct vg_tree_load vg_process_tree_load(pid_t root)
{
    pid_t found[PROCESSES_MAX];
    struct vg_tree_load load = {0};
    const uint32_t count = vg_process_tree_list(root, found, PROCESSES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const double whole_s = cpu_s_of(found[i]);
        load.cpu_s += whole_s;
        part(&load, found[i], whole_s);
        load.resident_bytes += resident_of(found[i]);
    }
    load.processes = count;
    return load;
}

/* The arguments stand one after the other, a zero behind each. */
static bool is_child_of_name(pid_t pid, const char *name)
{
    char text[512] = {0};
    text_of(text, sizeof text, "/proc/%d/cmdline", (int)pid);
    const char *word = text + strlen(text) + 1;
    if (word - text > (ptrdiff_t)sizeof text / 2 || strcmp(word, "child") != 0)
        return false;
    return strcmp(word + strlen(word) + 1, name) == 0;
}

pid_t vg_process_tree_child(pid_t root, const char *name)
{
    pid_t found[PROCESSES_MAX] = {root};
    const uint32_t count = add_children(found, PROCESSES_MAX, 0, 1);
    for (uint32_t i = 1; i < count; i++)
        if (is_child_of_name(found[i], name))
            return found[i];
    return 0;
}
