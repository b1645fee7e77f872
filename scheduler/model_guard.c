#include "scheduler/model_guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "models/model_check.h"
#include "models/model_intact.h"
#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/ring.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"

#define RECORDS_MAX (64u << 10) /* hundreds of models */
#define LINE_SIZE   (VG_MODEL_NAME_SIZE + VG_SHA256_TEXT)

/* ---- the last start's model, of each name ---- */

/* The record: a line "NAME DIGEST" of each model that was ever started. */
struct records {
    struct vg_text_buffer others; /* lines of other names */
    bool known;                   /* one of this name is there */
    uint8_t last[VG_SHA256_BYTES];
    char text[RECORDS_MAX + LINE_SIZE + 2];
};

static bool line_read(const char *line, size_t length, char name[LINE_SIZE],
                      uint8_t digest[VG_SHA256_BYTES])
{
    if (length >= LINE_SIZE)
        return false;
    memcpy(name, line, length);
    name[length] = '\0';
    char *space = strchr(name, ' ');
    if (!space || vg_sha256_parse(space + 1, digest))
        return false;
    *space = '\0';
    return vg_model_name_valid(name);
}

/* Whether every line was one. */
static bool lines_read(struct records *r, const char *text, size_t size, const char *wanted)
{
    bool whole = size > 0;
    for (size_t at = 0; at < size;) {
        char name[LINE_SIZE];
        uint8_t digest[VG_SHA256_BYTES];
        const char *line = text + at, *end = memchr(line, '\n', size - at);
        const size_t length = end ? (size_t)(end - line) : size - at;
        at += length + 1;
        if (!end || !line_read(line, length, name, digest)) {
            whole = false;
        } else if (strcmp(name, wanted) == 0) {
            whole = whole && !r->known;
            r->known = true;
            memcpy(r->last, digest, sizeof r->last);
        } else {
            vg_text_add(&r->others, "%.*s\n", (int)length, line);
        }
    }
    return whole;
}

/* VG_E_INTEGRITY: it is there and cannot be read, or not all of it; r holds what could. */
static enum vg_status records_read(struct records *r, const char *path, const char *wanted,
                                   struct vg_fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    vg_text_buffer_init(&r->others, r->text, sizeof r->text);
    const enum vg_status status = vg_file_read(path, RECORDS_MAX, &data, &size, fault);
    if (status == VG_E_MISSING)
        return VG_OK;
    if (status == VG_E_MEMORY)
        return status;
    const bool whole = !status && lines_read(r, (const char *)data, size, wanted);
    vg_free(data);
    if (whole)
        return VG_OK;
    return vg_fault_set(
        fault, VG_E_INTEGRITY, N_("the record of the models in use is damaged or cannot be read"),
        N_("put it back from a copy: out of operation it is made anew"), "%.400s", path);
}

static enum vg_status records_keep(struct records *r, const char *path,
                                   const struct vg_model *model, struct vg_fault *fault)
{
    char is[VG_SHA256_TEXT];
    vg_sha256_text(model->digest, is);
    vg_text_add(&r->others, "%s %s\n", model->name, is);
    if (r->others.left_out || r->others.size > RECORDS_MAX)
        return vg_fault_set(fault, VG_E_FULL, vg_status_text(VG_E_FULL), NULL, "%.400s", path);
    return vg_file_write(path, r->text, r->others.size, 0600, VG_FILE_SYNCED, fault);
}

static enum vg_status admit(struct records *r, const char *path, const struct vg_model *model,
                            enum vg_model_change change, struct vg_fault *fault)
{
    char was[VG_SHA256_TEXT], is[VG_SHA256_TEXT];
    struct vg_fault damage = {.what = "", .place = ""};
    const enum vg_status status = records_read(r, path, model->name, &damage);
    if (status == VG_E_MEMORY || (status && change == VG_MODEL_MUST_STAY)) {
        if (fault)
            *fault = damage;
        return status;
    }
    if (status)
        vg_log(VG_LOG_WARN, "%s: %s: it is made anew", damage.what, damage.place);
    const bool same = r->known && memcmp(r->last, model->digest, sizeof r->last) == 0;
    if (same && !status)
        return VG_OK;
    if (r->known && !same) {
        vg_sha256_text(r->last, was);
        vg_sha256_text(model->digest, is);
        if (change == VG_MODEL_MUST_STAY)
            return vg_fault_set(fault, VG_E_INTEGRITY,
                                N_("the model is not the one that was in use"),
                                N_("put its file back: in operation a model does not change"),
                                "%s: %.16s, %.16s", model->name, was, is);
        vg_log(VG_LOG_WARN, "model %s is another than at the last start: sha256 %s, was %s",
               model->name, is, was);
    }
    return records_keep(r, path, model, fault);
}

enum vg_status vg_model_guard_admit(const char *data, const struct vg_model *model,
                                    enum vg_model_change change, struct vg_fault *fault)
{
    char path[4096];
    if (vg_path_join(path, sizeof path, data, "state/model"))
        return vg_fault_set(fault, VG_E_LACK, vg_status_text(VG_E_LACK), NULL, "%.400s", data);
    struct records *r = vg_alloc(sizeof *r);
    if (!r)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%.400s", path);
    const enum vg_status status = admit(r, path, model, change, fault);
    vg_free(r);
    return status;
}

/* ---- the file, every hour ---- */

enum {
    LIMIT_S = 120 /* to read a model's file */
};

struct vg_model_guard {
    struct vg_model_guard_settings settings;
    pthread_t thread;
    bool running;
    struct vg_ring *quit; /* its only element ends the thread */
    struct vg_beat beat;
    atomic_bool changed;
    atomic_uint_fast64_t checks;
};

static void look(struct vg_model_guard *g)
{
    struct vg_fault fault = {.what = "", .place = ""};
    const bool changed = vg_model_intact(g->settings.path, g->settings.digest, &fault) != VG_OK;
    if (changed)
        vg_log(VG_LOG_ERROR, "%s: %s: the analysis goes on with what it loaded", fault.what,
               fault.place);
    else if (atomic_load_explicit(&g->changed, memory_order_relaxed))
        vg_log(VG_LOG_INFO, "the model's file is again what was loaded: %s", g->settings.path);
    atomic_store_explicit(&g->changed, changed, memory_order_relaxed);
    atomic_fetch_add_explicit(&g->checks, 1, memory_order_relaxed);
}

static void *guard_main(void *user)
{
    struct vg_model_guard *g = user;
    while (vg_ring_wait(g->quit, (int)g->settings.every_s * 1000) != VG_OK) {
        vg_beat_begin(&g->beat, vg_mono_now());
        look(g);
        vg_beat_end(&g->beat);
    }
    return NULL;
}

enum vg_status vg_model_guard_open(struct vg_model_guard **guard,
                                   const struct vg_model_guard_settings *settings)
{
    struct vg_model_guard *g = vg_alloc(sizeof *g);
    *guard = NULL;
    if (!g)
        return VG_E_MEMORY;
    g->settings = *settings;
    g->beat.name = "model guard";
    g->beat.limit_us = LIMIT_S * VG_US_PER_S;
    if (g->settings.every_s == 0)
        g->settings.every_s = VG_MODEL_GUARD_EVERY_S;
    enum vg_status status = vg_ring_open(&g->quit, 2, sizeof(int));
    if (!status) {
        g->running = pthread_create(&g->thread, NULL, guard_main, g) == 0;
        status = g->running ? VG_OK : VG_E_LACK;
    }
    if (status)
        vg_model_guard_close(&g);
    *guard = g;
    return status;
}

void vg_model_guard_close(struct vg_model_guard **guard)
{
    struct vg_model_guard *g = *guard;
    if (!g)
        return;
    if (g->running) {
        const int end = 1;
        (void)!vg_ring_push(g->quit, &end);
        (void)pthread_join(g->thread, NULL);
    }
    vg_ring_close(&g->quit);
    vg_free(g);
    *guard = NULL;
}

struct vg_beat *vg_model_guard_beat(struct vg_model_guard *guard)
{
    return &guard->beat;
}

bool vg_model_guard_intact(const struct vg_model_guard *guard)
{
    return !atomic_load_explicit(&guard->changed, memory_order_relaxed);
}

uint64_t vg_model_guard_checks(const struct vg_model_guard *guard)
{
    return atomic_load_explicit(&guard->checks, memory_order_relaxed);
}
