#include "api/metrics_text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "src/base/alloc.h"

enum {
    LINES_MAX = VG_METRICS_LINES_MAX,
    NAME_MAX_BYTES = 128,
    ROOM_KEPT = 1024 /* for the last lines, that say what was lost */
};

enum rank {
    RANK_HELP,
    RANK_TYPE,
    RANK_SAMPLE
};

struct line {
    const char *family; /* in text; family_size bytes */
    size_t family_size;
    enum rank rank;
    size_t order, size;
    const char *text;
};

struct vg_metrics {
    size_t used, count, lost;
    bool ending; /* what is added now may use the room kept */
    struct line line[LINES_MAX];
    char text[VG_METRICS_MAX];
};

/* Pages of its own, of which only those are there that are written: the bounds are of 200 flux and
 * have eleven megabytes, which every question would clear, and each lane's heap would keep. */
struct vg_metrics *vg_metrics_open(void)
{
    void *pages = mmap(NULL, sizeof(struct vg_metrics), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    (void)madvise(pages, sizeof(struct vg_metrics), MADV_NOHUGEPAGE);
    return pages;
}

void vg_metrics_close(struct vg_metrics **metrics)
{
    if (*metrics)
        (void)munmap(*metrics, sizeof **metrics);
    *metrics = NULL;
}

static size_t name_size(const char *p, size_t size)
{
    size_t n = 0;
    while (n < size && (p[n] == '_' || p[n] == ':' || (p[n] >= 'a' && p[n] <= 'z') ||
                        (p[n] >= 'A' && p[n] <= 'Z') || (n > 0 && p[n] >= '0' && p[n] <= '9')))
        n++;
    return n;
}

/* The samples of a histogram carry suffixes, its TYPE does not: the family is without. */
static size_t family_size(const char *name, size_t size)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    for (size_t i = 0; i < 3; i++) {
        const size_t n = strlen(suffixes[i]);
        if (size > n && strncmp(name + size - n, suffixes[i], n) == 0)
            return size - n;
    }
    return size;
}

/* Fills what can be read from text; false for what is not a line of the format. */
static int read_line(struct line *line)
{
    const char *p = line->text;
    size_t size = line->size;
    line->rank = RANK_SAMPLE;
    if (size > 7 && strncmp(p, "# HELP ", 7) == 0)
        line->rank = RANK_HELP;
    else if (size > 7 && strncmp(p, "# TYPE ", 7) == 0)
        line->rank = RANK_TYPE;
    if (line->rank != RANK_SAMPLE) {
        p += 7;
        size -= 7;
    }
    const size_t n = name_size(p, size);
    if (n == 0 || n > NAME_MAX_BYTES || n == size || (p[n] != ' ' && p[n] != '{'))
        return 0;
    line->family = p;
    line->family_size = line->rank == RANK_SAMPLE ? family_size(p, n) : n;
    return 1;
}

static int same_head(const struct line *a, const struct line *b)
{
    return a->rank == b->rank && a->rank != RANK_SAMPLE && a->family_size == b->family_size &&
           memcmp(a->family, b->family, a->family_size) == 0;
}

static void add_line(struct vg_metrics *metrics, const char *text, size_t size)
{
    const size_t kept = metrics->ending ? 0 : ROOM_KEPT;
    if (metrics->count + kept / 64 >= LINES_MAX ||
        metrics->used + size + 1 + kept > sizeof metrics->text) {
        metrics->lost++;
        return;
    }
    struct line line = {.order = metrics->count, .size = size};
    line.text = memcpy(metrics->text + metrics->used, text, size);
    if (!read_line(&line))
        return;
    for (size_t i = 0; line.rank != RANK_SAMPLE && i < metrics->count; i++)
        if (same_head(&metrics->line[i], &line))
            return;
    metrics->used += size + 1; /* one byte between, for nothing but distance */
    metrics->line[metrics->count++] = line;
}

void vg_metrics_end(struct vg_metrics *metrics, const char *part)
{
    metrics->ending = true;
    vg_metrics_line(metrics, "# TYPE vigie_metrics_lines_lost gauge");
    vg_metrics_line(metrics, "vigie_metrics_lines_lost{part=\"%s\"} %zu", part, metrics->lost);
}

void vg_metrics_add(struct vg_metrics *metrics, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t n = end ? (size_t)(end - text) - at : size - at;
        if (n > 0 && !memchr(text + at, '\0', n))
            add_line(metrics, text + at, n);
        at += n + 1;
    }
}

void vg_metrics_line(struct vg_metrics *metrics, const char *format, ...)
{
    char text[1024]; /* two labels of VG_PART_REASON_SIZE find room */
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof text)
        add_line(metrics, text, (size_t)n);
    else
        metrics->lost++;
}

static int compare(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    const size_t n = a->family_size < b->family_size ? a->family_size : b->family_size;
    const int by_name = memcmp(a->family, b->family, n);
    if (by_name)
        return by_name;
    if (a->family_size != b->family_size)
        return a->family_size < b->family_size ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

char *vg_metrics_text(const struct vg_metrics *metrics, size_t *size)
{
    struct line *sorted = vg_alloc_array(metrics->count + 1, sizeof *sorted);
    char *text = vg_alloc(metrics->used + metrics->count + 1);
    *size = 0;
    if (!sorted || !text) {
        vg_free(sorted);
        vg_free(text);
        return NULL;
    }
    memcpy(sorted, metrics->line, metrics->count * sizeof *sorted);
    qsort(sorted, metrics->count, sizeof *sorted, compare);
    for (size_t i = 0; i < metrics->count; i++) {
        memcpy(text + *size, sorted[i].text, sorted[i].size);
        *size += sorted[i].size;
        text[(*size)++] = '\n';
    }
    vg_free(sorted);
    return text;
}
