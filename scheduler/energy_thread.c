#include "scheduler/energy_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/energy/meter_list.h"

enum {
    READ_EVERY_US = 1000000,
    DEADLINE_US = 2000000,
    LIMIT_US = 60000000 /* all of them */
};

struct vg_energy_thread {
    struct vg_beat beat;
    struct vg_meter_settings settings;
    pthread_t thread;
    bool running;

    /* the thread's */
    struct vg_meter *meter[VG_ENERGY_METERS_MAX];
    enum vg_meter_state said[VG_ENERGY_METERS_MAX];
    uint32_t count;

    pthread_mutex_t lock; /* of all below; held for a copy alone */
    pthread_cond_t wake;
    bool quit;
    struct vg_energy_seen_all seen;
};

static void open_meter(struct vg_energy_thread *t, const struct vg_meter_entry *entry)
{
    struct vg_fault fault = {.what = ""};
    if (t->count == VG_ENERGY_METERS_MAX)
        return;
    if (vg_meter_open(&t->meter[t->count], &t->settings, &entry->about, &fault)) {
        vg_log(VG_LOG_WARN, "energy: %s cannot be opened (%s: %s)", entry->about.name, fault.what,
               fault.place);
        return;
    }
    t->count++;
    vg_log(VG_LOG_INFO, "energy: %s (%s)", entry->about.name,
           vg_energy_scope_name(entry->about.scope));
}

static bool must_quit(struct vg_energy_thread *t)
{
    (void)pthread_mutex_lock(&t->lock);
    const bool quit = t->quit;
    (void)pthread_mutex_unlock(&t->lock);
    return quit;
}

static void open_meters(struct vg_energy_thread *t)
{
    struct vg_meter_list *list = NULL;
    if (vg_meter_find(&list, &t->settings, NULL))
        return;
    for (uint32_t i = 0; i < list->count && !must_quit(t); i++) {
        const struct vg_meter_entry *entry = &list->entry[i];
        if (!entry->status)
            open_meter(t, entry);
        else if (entry->about.name[0]) /* it is there, and something can be done about it */
            vg_log(VG_LOG_INFO, "energy: %s: %s (%s)", entry->about.name, entry->fault.what,
                   entry->fault.place);
    }
    vg_free(list);
    if (t->count == 0)
        vg_log(VG_LOG_INFO, "energy: no meter, it is not measured");
}

static void say_change(struct vg_energy_thread *t, uint32_t i, const struct vg_energy_seen *seen)
{
    if (t->said[i] == seen->state)
        return;
    t->said[i] = seen->state;
    vg_log(seen->state == VG_METER_WELL ? VG_LOG_INFO : VG_LOG_WARN, "energy: %s: %s", seen->name,
           vg_meter_state_text(seen->state));
}

static void read_all(struct vg_energy_thread *t, struct vg_energy_seen_all *all)
{
    all->count = t->count;
    for (uint32_t i = 0; i < t->count; i++) {
        struct vg_meter_reading r;
        const struct vg_meter_about *about = vg_meter_about(t->meter[i]);
        struct vg_energy_seen *seen = &all->meter[i];
        vg_meter_read(t->meter[i], &r);
        memcpy(seen->name, about->name, sizeof seen->name);
        seen->scope = about->scope;
        seen->state = r.state;
        seen->joules = r.joules;
        seen->covered_us = r.covered_us;
        seen->watts = r.state == VG_METER_WELL ? r.watts : -1;
        say_change(t, i, seen);
    }
}

/* False: end. */
static bool publish_and_rest(struct vg_energy_thread *t, const struct vg_energy_seen_all *all)
{
    const int64_t until_us = vg_mono_now().us + READ_EVERY_US;
    const struct timespec until = {.tv_sec = until_us / VG_US_PER_S,
                                   .tv_nsec = until_us % VG_US_PER_S * 1000};
    (void)pthread_mutex_lock(&t->lock);
    t->seen = *all;
    while (!t->quit && pthread_cond_timedwait(&t->wake, &t->lock, &until) == 0) {
    }
    const bool goes_on = !t->quit;
    (void)pthread_mutex_unlock(&t->lock);
    return goes_on;
}

static void begin(struct vg_energy_thread *t)
{
    vg_beat_begin(&t->beat, vg_mono_now());
}

static void end(struct vg_energy_thread *t)
{
    vg_beat_end(&t->beat);
}

static void *energy_main(void *user)
{
    struct vg_energy_thread *t = user;
    struct vg_energy_seen_all all = {.count = 0};
    begin(t);
    open_meters(t);
    do {
        begin(t);
        read_all(t, &all);
        end(t);
    } while (publish_and_rest(t, &all));
    for (uint32_t i = 0; i < t->count; i++)
        vg_meter_close(&t->meter[i]);
    return NULL;
}

enum vg_status vg_energy_thread_open(struct vg_energy_thread **thread, const char *root,
                                     const char *library)
{
    pthread_condattr_t clock;
    struct vg_energy_thread *t = vg_alloc(sizeof *t);
    *thread = t;
    if (!t)
        return VG_E_MEMORY;
    t->settings.kinds = 1u << VG_METER_RAPL | 1u << VG_METER_NVML | 1u << VG_METER_HWMON;
    t->settings.deadline_us = DEADLINE_US;
    t->beat.name = "energy";
    t->beat.limit_us = LIMIT_US;
    (void)snprintf(t->settings.root, sizeof t->settings.root, "%s", root ? root : "");
    (void)snprintf(t->settings.library, sizeof t->settings.library, "%s", library ? library : "");
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->wake, &clock);
    (void)pthread_condattr_destroy(&clock);
    t->running = pthread_create(&t->thread, NULL, energy_main, t) == 0;
    if (t->running)
        return VG_OK;
    vg_energy_thread_close(thread);
    return VG_E_LACK;
}

void vg_energy_thread_close(struct vg_energy_thread **thread)
{
    struct vg_energy_thread *t = *thread;
    if (!t)
        return;
    (void)pthread_mutex_lock(&t->lock);
    t->quit = true;
    (void)pthread_cond_signal(&t->wake);
    (void)pthread_mutex_unlock(&t->lock);
    if (t->running)
        (void)pthread_join(t->thread, NULL);
    (void)pthread_cond_destroy(&t->wake);
    (void)pthread_mutex_destroy(&t->lock);
    vg_free(t);
    *thread = NULL;
}

struct vg_beat *vg_energy_thread_beat(struct vg_energy_thread *t)
{
    return &t->beat;
}

bool vg_energy_thread_look(struct vg_energy_thread *t, struct vg_energy_seen_all *seen)
{
    if (pthread_mutex_trylock(&t->lock))
        return false;
    *seen = t->seen;
    (void)pthread_mutex_unlock(&t->lock);
    return true;
}
