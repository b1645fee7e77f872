#include "bench/board_watch.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/drm_client.h"
#include "bench/process_tree.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/energy/nvml.h"

enum {
    PROCESSES_MAX = 1024,
    CLIENTS_MAX = 256,
    KINDS_MAX = 32,
    BOARDS_MAX = 16,
    TEXT_BYTES = 8192
};

#define SHARE_MOST 1.05 /* above, it is no share: engines that nobody counted */

struct clients {
    struct vg_drm_client client[CLIENTS_MAX];
    uint32_t count;
    bool nvidia; /* a board of NVIDIA's is open, too */
    bool cut;    /* there were more */
};

/* Engines of one name on one board: what all clients did since the begin. */
struct kind {
    char board[sizeof((struct vg_drm_client *)NULL)->board];
    char name[sizeof((struct vg_drm_decoder *)NULL)->name];
    uint32_t capacity;
    double ns, cycles, passed; /* passed: of the engines' own clock */
    double step;               /* of that, since the last look */
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
    struct clients clients[2]; /* of the last look, and of the one before */
    uint32_t last;
    struct kind kind[KINDS_MAX];
    uint32_t kinds;
    bool cut;
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
    if (!vg_drm_client_parse(text, &one) || same(clients, &one))
        return;
    if (clients->count < CLIENTS_MAX)
        clients->client[clients->count++] = one;
    else
        clients->cut = true;
}

/* A server has thousands of descriptors, and few of boards. */
static void look_at(const struct vg_board_watch *w, struct clients *clients, pid_t process,
                    long descriptor)
{
    static const char dri[] = "/dev/dri/", nvidia[] = "/dev/nvidia";
    char path[128], target[64] = "";
    (void)snprintf(path, sizeof path, "%s/%d/fd/%ld", w->proc, (int)process, descriptor);
    if (readlink(path, target, sizeof target - 1) <= 0)
        return;
    if (strncmp(target, nvidia, sizeof nvidia - 1) == 0 &&
        isdigit((unsigned char)target[sizeof nvidia - 1]))
        clients->nvidia = true;
    if (strncmp(target, dri, sizeof dri - 1) != 0)
        return;
    (void)snprintf(path, sizeof path, "%s/%d/fdinfo/%ld", w->proc, (int)process, descriptor);
    read_descriptor(clients, path);
}

static void read_clients(struct vg_board_watch *w, struct clients *clients)
{
    const uint32_t processes = vg_process_tree_list(w->root, w->process, PROCESSES_MAX);
    clients->count = 0;
    clients->nvidia = clients->cut = false;
    for (uint32_t i = 0; i < processes; i++) {
        char folder[96];
        (void)snprintf(folder, sizeof folder, "%s/%d/fd", w->proc, (int)w->process[i]);
        DIR *descriptors = opendir(folder);
        for (const struct dirent *e = descriptors ? readdir(descriptors) : NULL; e;
             e = readdir(descriptors))
            if (isdigit((unsigned char)e->d_name[0]))
                look_at(w, clients, w->process[i], strtol(e->d_name, NULL, 10));
        if (descriptors)
            (void)closedir(descriptors);
    }
    w->cut = w->cut || clients->cut;
}

static struct kind *kind_of(struct vg_board_watch *w, const char *board,
                            const struct vg_drm_decoder *decoder)
{
    for (uint32_t i = 0; i < w->kinds; i++)
        if (strcmp(w->kind[i].board, board) == 0 && strcmp(w->kind[i].name, decoder->name) == 0)
            return &w->kind[i];
    if (w->kinds == KINDS_MAX) {
        w->cut = true;
        return NULL;
    }
    struct kind *kind = &w->kind[w->kinds++];
    *kind = (struct kind){.capacity = decoder->capacity};
    memcpy(kind->board, board, sizeof kind->board);
    memcpy(kind->name, decoder->name, sizeof kind->name);
    return kind;
}

static double more(uint64_t now, uint64_t before)
{
    return now > before ? (double)(now - before) : 0;
}

static void add_client(struct vg_board_watch *w, const struct vg_drm_client *before,
                       const struct vg_drm_client *now)
{
    for (uint32_t i = 0; i < now->decoders; i++) {
        const struct vg_drm_decoder *d = &now->decoder[i], *was = NULL;
        struct kind *kind = kind_of(w, now->board, d);
        for (uint32_t k = 0; k < before->decoders; k++)
            if (strcmp(before->decoder[k].name, d->name) == 0)
                was = &before->decoder[k];
        if (!kind || !was)
            continue;
        const double passed = more(d->total_cycles, was->total_cycles);
        kind->ns += more(d->busy_ns, was->busy_ns);
        kind->cycles += more(d->cycles, was->cycles);
        kind->step = passed > kind->step ? passed : kind->step;
    }
}

/* From look to look: clients come and go. */
static void look_clients(struct vg_board_watch *w)
{
    const struct clients *before = &w->clients[w->last];
    w->last = !w->last;
    struct clients *now = &w->clients[w->last];
    read_clients(w, now);
    for (uint32_t i = 0; i < w->kinds; i++)
        w->kind[i].step = 0;
    for (uint32_t i = 0; i < now->count; i++) {
        const struct vg_drm_client *old = same(before, &now->client[i]);
        if (old)
            add_client(w, old, &now->client[i]);
    }
    for (uint32_t i = 0; i < w->kinds; i++)
        w->kind[i].passed += w->kind[i].step;
}

static double share_of(const struct kind *kind, double seconds)
{
    const double busy = kind->passed > 0 ? kind->cycles / kind->passed : kind->ns / 1e9 / seconds;
    return busy / kind->capacity;
}

/* Several kinds of engines on one board at work: whose limit comes first nobody knows. */
static double clients_share(const struct vg_board_watch *w, double seconds)
{
    double most = -1;
    for (uint32_t i = 0; i < w->kinds && seconds > 0; i++) {
        const double share = share_of(&w->kind[i], seconds);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(w->kind[k].board, w->kind[i].board) == 0 && share > 0 &&
                share_of(&w->kind[k], seconds) > 0)
                return -1;
        most = share > most ? share : most;
    }
    return w->cut || most > SHARE_MOST ? -1 : most < 1 ? most : 1;
}

/* -1: nobody tells, or there are several boards. */
static double clients_memory(const struct clients *clients)
{
    double sum = 0;
    bool told = false;
    for (uint32_t i = 0; i < clients->count; i++) {
        if (strcmp(clients->client[i].board, clients->client[0].board) != 0)
            return -1;
        told = told || clients->client[i].memory_told;
        sum += (double)clients->client[i].memory_bytes;
    }
    return told && !clients->cut ? sum : -1;
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
        if (vg_nvml_open_board(&w->nvidia[w->nvidia_count].nvml, library, board[i].pci, &fault) ==
            VG_OK)
            w->nvidia_count++;
}

/* -1: nobody tells, or there are several boards. */
static double nvidia_memory(struct vg_board_watch *w)
{
    const uint32_t processes = vg_process_tree_list(w->root, w->process, PROCESSES_MAX);
    double found = -1;
    for (uint32_t i = 0; i < w->nvidia_count; i++) {
        uint64_t bytes = 0;
        if (!vg_nvml_memory(w->nvidia[i].nvml, w->process, processes, &bytes))
            continue;
        if (found >= 0)
            return -1;
        found = (double)bytes;
    }
    return found;
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
    read_clients(w, &w->clients[0]);
    w->begun = vg_mono_now();
    return w;
}

void vg_board_watch_look(struct vg_board_watch *watch)
{
    if (!watch)
        return;
    look_clients(watch);
    for (uint32_t i = 0; i < watch->nvidia_count; i++) {
        double share = 0;
        if (!vg_nvml_decoders(watch->nvidia[i].nvml, &share))
            continue;
        watch->nvidia[i].share_sum += share;
        watch->nvidia[i].looks++;
    }
}

static double board_memory(struct vg_board_watch *w)
{
    const struct clients *now = &w->clients[w->last];
    const double nvidia = nvidia_memory(w);
    if (now->count == 0)
        return nvidia;
    return now->nvidia || nvidia >= 0 ? -1 : clients_memory(now);
}

struct vg_board_use vg_board_watch_end(struct vg_board_watch **watch)
{
    struct vg_board_watch *w = *watch;
    *watch = NULL;
    if (!w)
        return (struct vg_board_use){-1, -1};
    look_clients(w);
    const double seconds = (double)(vg_mono_now().us - w->begun.us) / (double)VG_US_PER_S;
    const double ours = clients_share(w, seconds), theirs = nvidia_share(w);
    const struct vg_board_use use = {.memory_bytes = board_memory(w),
                                     .decode_share = ours > theirs ? ours : theirs};
    for (uint32_t i = 0; i < w->nvidia_count; i++)
        vg_nvml_close(&w->nvidia[i].nvml);
    vg_free(w);
    return use;
}
