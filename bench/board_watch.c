#include "bench/board_watch.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/drm_client.h"
#include "bench/process_tree.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/energy/nvml.h"

enum {
    PROCESSES_MAX = 1024,
    CLIENTS_MAX = 256,
    BOARDS_MAX = 16,
    TEXT_BYTES = 8192
};

struct clients {
    struct vg_drm_client client[CLIENTS_MAX];
    uint32_t count;
};

/* A board of NVIDIA's, and what was read of its decoders. */
struct nvidia {
    struct vg_nvml *nvml;
    double share_sum;
    uint32_t looks;
};

struct vg_board_watch {
    pid_t root;
    char proc[64];
    struct vg_mono_time begun;
    struct clients before, after;
    struct nvidia nvidia[BOARDS_MAX];
    uint32_t nvidia_count;
    pid_t process[PROCESSES_MAX];
};

/* ---- as the kernel tells it ---- */

static const struct vg_drm_client *same(const struct clients *clients,
                                        const struct vg_drm_client *one)
{
    for (uint32_t i = 0; i < clients->count; i++)
        if (clients->client[i].id == one->id && strcmp(clients->client[i].board, one->board) == 0)
            return &clients->client[i];
    return NULL;
}

static void read_descriptor(struct clients *clients, const char *path)
{
    char text[TEXT_BYTES];
    struct vg_drm_client one;
    FILE *file = fopen(path, "re");
    if (!file)
        return; /* it was closed meanwhile */
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    if (clients->count < CLIENTS_MAX && vg_drm_client_parse(text, &one) && !same(clients, &one))
        clients->client[clients->count++] = one;
}

static void read_clients(struct vg_board_watch *w, struct clients *clients)
{
    const uint32_t processes = vg_process_tree_list(w->root, w->process, PROCESSES_MAX);
    clients->count = 0;
    for (uint32_t i = 0; i < processes; i++) {
        char folder[96], path[128];
        (void)snprintf(folder, sizeof folder, "%.64s/%d/fdinfo", w->proc, (int)w->process[i]);
        DIR *descriptors = opendir(folder);
        for (const struct dirent *e = descriptors ? readdir(descriptors) : NULL; e;
             e = readdir(descriptors)) {
            if (e->d_name[0] == '.')
                continue;
            (void)snprintf(path, sizeof path, "%s/%ld", folder, strtol(e->d_name, NULL, 10));
            read_descriptor(clients, path);
        }
        if (descriptors)
            (void)closedir(descriptors);
    }
}

/* Decoders of one name on one board, of all clients. */
struct busy {
    const char *board, *name;
    uint32_t capacity;
    double ns, cycles, total_cycles;
};

static struct busy *busy_of(struct busy *busy, uint32_t *count, const char *board, const char *name)
{
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(busy[i].board, board) == 0 && strcmp(busy[i].name, name) == 0)
            return &busy[i];
    if (*count == BOARDS_MAX)
        return NULL;
    busy[*count] = (struct busy){.board = board, .name = name, .capacity = 1};
    return &busy[(*count)++];
}

static double more(uint64_t now, uint64_t before)
{
    return now > before ? (double)(now - before) : 0;
}

/* What of a counter is new since the begin; a client that was not there then began at 0, but its
 * board's clock did not. */
static void add_client(struct busy *busy, uint32_t *count, const struct clients *before,
                       const struct vg_drm_client *now)
{
    const struct vg_drm_client *old = same(before, now);
    for (uint32_t i = 0; i < now->decoders; i++) {
        const struct vg_drm_decoder *d = &now->decoder[i];
        struct vg_drm_decoder was = {.busy_ns = 0};
        for (uint32_t k = 0; old && k < old->decoders; k++)
            if (strcmp(old->decoder[k].name, d->name) == 0)
                was = old->decoder[k];
        struct busy *b = busy_of(busy, count, now->board, d->name);
        if (!b)
            continue;
        b->capacity = d->capacity > b->capacity ? d->capacity : b->capacity;
        b->ns += more(d->busy_ns, was.busy_ns);
        b->cycles += more(d->cycles, was.cycles);
        const double passed = old ? more(d->total_cycles, was.total_cycles) : 0;
        b->total_cycles = passed > b->total_cycles ? passed : b->total_cycles;
    }
}

static double clients_share(const struct vg_board_watch *w, double seconds)
{
    struct busy busy[BOARDS_MAX];
    uint32_t count = 0;
    double most = -1;
    for (uint32_t i = 0; i < w->after.count; i++)
        add_client(busy, &count, &w->before, &w->after.client[i]);
    for (uint32_t i = 0; i < count && seconds > 0; i++) {
        const struct busy *b = &busy[i];
        const double of_time = b->ns / 1e9 / seconds / b->capacity;
        const double of_clock = b->total_cycles > 0 ? b->cycles / b->total_cycles / b->capacity : 0;
        const double share = of_time > of_clock ? of_time : of_clock;
        most = share > most ? share : most;
    }
    return most < 1 ? most : 1;
}

static double clients_memory(const struct clients *clients)
{
    double sum = 0;
    bool told = false;
    for (uint32_t i = 0; i < clients->count; i++) {
        told = told || clients->client[i].memory_told;
        sum += (double)clients->client[i].memory_bytes;
    }
    return told ? sum : -1;
}

/* ---- by NVML ---- */

static void open_nvidia(struct vg_board_watch *w, const char *library)
{
    struct vg_nvml_board board[BOARDS_MAX];
    struct vg_fault fault;
    uint32_t count = 0;
    if (vg_nvml_boards(library, board, BOARDS_MAX, &count, &fault))
        return;
    for (uint32_t i = 0; i < count; i++)
        if (vg_nvml_open(&w->nvidia[w->nvidia_count].nvml, library, board[i].pci, &fault) == VG_OK)
            w->nvidia_count++;
}

static double nvidia_memory(struct vg_board_watch *w)
{
    const uint32_t processes = vg_process_tree_list(w->root, w->process, PROCESSES_MAX);
    double sum = -1;
    for (uint32_t i = 0; i < w->nvidia_count; i++) {
        uint64_t bytes = 0;
        if (vg_nvml_memory(w->nvidia[i].nvml, w->process, processes, &bytes))
            sum = (sum > 0 ? sum : 0) + (double)bytes;
    }
    return sum;
}

static double nvidia_share(const struct vg_board_watch *w)
{
    double most = -1;
    for (uint32_t i = 0; i < w->nvidia_count; i++) {
        const struct nvidia *n = &w->nvidia[i];
        const double share = n->looks ? n->share_sum / n->looks : -1;
        most = share > most ? share : most;
    }
    return most;
}

/* ---- a measure ---- */

struct vg_board_watch *vg_board_watch_begin(pid_t root, const char *proc, const char *nvml)
{
    struct vg_board_watch *w = vg_alloc(sizeof *w);
    if (!w)
        return NULL;
    w->root = root;
    (void)snprintf(w->proc, sizeof w->proc, "%s", proc);
    open_nvidia(w, nvml);
    read_clients(w, &w->before);
    w->begun = vg_mono_now();
    return w;
}

void vg_board_watch_look(struct vg_board_watch *watch)
{
    for (uint32_t i = 0; watch && i < watch->nvidia_count; i++) {
        double share = 0;
        if (!vg_nvml_decoders(watch->nvidia[i].nvml, &share))
            continue;
        watch->nvidia[i].share_sum += share;
        watch->nvidia[i].looks++;
    }
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

struct vg_board_use vg_board_watch_end(struct vg_board_watch **watch)
{
    struct vg_board_watch *w = *watch;
    *watch = NULL;
    if (!w)
        return (struct vg_board_use){-1, -1};
    const double seconds = (double)(vg_mono_now().us - w->begun.us) / (double)VG_US_PER_S;
    read_clients(w, &w->after);
    const double ours = clients_memory(&w->after), theirs = nvidia_memory(w);
    const struct vg_board_use use = {
        .memory_bytes = ours < 0 || theirs < 0 ? larger(ours, theirs) : ours + theirs,
        .decode_share = larger(clients_share(w, seconds), nvidia_share(w))};
    for (uint32_t i = 0; i < w->nvidia_count; i++)
        vg_nvml_close(&w->nvidia[i].nvml);
    vg_free(w);
    return use;
}
