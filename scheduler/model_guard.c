#include "scheduler/model_guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "models/model_intact.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/ring.h"
#include "src/base/text.h"

#define RECORD_MAX 256

/* ---- the last start's model ---- */

/* "NAME DIGEST\n"; false: there is none that can be read, or it is of another name. */
static bool last_read(const char *path, const char *name, uint8_t digest[VG_SHA256_BYTES])
{
    uint8_t *data = NULL;
    size_t size = 0;
    char text[RECORD_MAX + 1] = "";
    struct vg_fault fault;
    if (!vg_file_exists(path) || vg_file_read(path, RECORD_MAX, &data, &size, &fault))
        return false;
    memcpy(text, data, size);
    vg_free(data);
    const size_t length = strlen(name);
    text[strcspn(text, "\n")] = '\0';
    return strncmp(text, name, length) == 0 && text[length] == ' ' &&
           vg_sha256_parse(text + length + 1, digest) == VG_OK;
}

enum vg_status vg_model_guard_admit(const char *data, const struct vg_model *model,
                                    enum vg_model_change change, struct vg_fault *fault)
{
    char path[4096], record[RECORD_MAX], was[VG_SHA256_TEXT], is[VG_SHA256_TEXT];
    uint8_t last[VG_SHA256_BYTES];
    if (vg_path_join(path, sizeof path, data, "state/model"))
        return vg_fault_set(fault, VG_E_LACK, vg_status_text(VG_E_LACK), NULL, "%.400s", data);
    const bool known = last_read(path, model->name, last);
    vg_sha256_text(model->digest, is);
    if (known && memcmp(last, model->digest, sizeof last) == 0)
        return VG_OK;
    if (known) {
        vg_sha256_text(last, was);
        if (change == VG_MODEL_MUST_STAY)
            return vg_fault_set(fault, VG_E_INTEGRITY,
                                N_("the model is not the one that was in use"),
                                N_("put its file back: in operation a model does not change"),
                                "%s: %.16s, %.16s", model->name, was, is);
        vg_log(VG_LOG_WARN, "model %s is another than at the last start: sha256 %s, was %s",
               model->name, is, was);
    }
    const int n = snprintf(record, sizeof record, "%s %s\n", model->name, is);
    return vg_file_write(path, record, (size_t)n, 0600, VG_FILE_SYNCED, fault);
}

/* ---- the file, every hour ---- */

struct vg_model_guard {
    struct vg_model_guard_settings settings;
    pthread_t thread;
    bool running;
    struct vg_ring *quit; /* its only element ends the thread */
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
    while (vg_ring_wait(g->quit, (int)g->settings.every_s * 1000) != VG_OK)
        look(g);
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

bool vg_model_guard_intact(const struct vg_model_guard *guard)
{
    return !atomic_load_explicit(&guard->changed, memory_order_relaxed);
}

uint64_t vg_model_guard_checks(const struct vg_model_guard *guard)
{
    return atomic_load_explicit(&guard->checks, memory_order_relaxed);
}
