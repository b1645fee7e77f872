#include "bench/energy_watch.h"

#include <stdbool.h>
#include <stdio.h>

#include "bench/live_server.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"
#include "src/energy/meter.h"

#define BLOCK_LEAST_S 30.0 /* account.h: blocks of an interval are not shorter */
#define BLOCKS_MAX    2880 /* a day of them */

/* What a meter had counted at a moment. */
struct mark {
    bool good; /* a sample of that moment */
    double joules, covered_s, at_s;
};

struct watched {
    struct vg_meter *meter; /* NULL: it could not be opened */
    struct vg_energy_stretch before, load, after;
    struct mark first, block; /* of the load, and of the block under way */
    double joules[BLOCKS_MAX], seconds[BLOCKS_MAX];
    uint32_t holes; /* blocks of which it does not tell */
};

struct vg_energy_watch {
    uint32_t count; /* of those that are open */
    struct watched watched[VG_METERS_MAX];
    bool begun;
    double measure_s, first_s, last_s, block_s; /* by the analysis' clock */
    int64_t first_us;                           /* by ours */
    uint64_t first_pictures, block_pictures, last_pictures;
    double pictures[BLOCKS_MAX];
    uint32_t blocks;
};

/* Waits for the sample: it is of a moment after the call. */
static struct mark mark_now(struct watched *w)
{
    struct vg_meter_reading reading;
    struct vg_fault ignored;
    const double us = (double)VG_US_PER_S;
    if (!w->meter || vg_meter_sample(w->meter, VG_METER_DEADLINE_US, &reading, &ignored))
        return (struct mark){.at_s = (double)vg_mono_now().us / us};
    return (struct mark){true, reading.joules, (double)reading.covered_us / us,
                         (double)reading.at.us / us};
}

static struct vg_energy_stretch between(const struct mark *a, const struct mark *b)
{
    if (!a->good || !b->good)
        return (struct vg_energy_stretch){.whole_s = b->at_s - a->at_s};
    return (struct vg_energy_stretch){b->joules - a->joules, b->covered_s - a->covered_s,
                                      b->at_s - a->at_s};
}

enum vg_status vg_energy_watch_open(struct vg_energy_watch **watch,
                                    const struct vg_meter_settings *settings,
                                    struct vg_fault *fault)
{
    struct vg_meter_list *list = NULL;
    struct vg_energy_watch *w = vg_alloc(sizeof *w);
    *watch = w;
    if (!w)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench sizing");
    const enum vg_status status = vg_meter_find(&list, settings, fault);
    if (status) {
        vg_energy_watch_close(watch);
        return status;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        struct vg_fault ignored;
        if (list->entry[i].status)
            continue;
        struct watched *one = &w->watched[w->count];
        if (vg_meter_open(&one->meter, settings, &list->entry[i].about, &ignored) == VG_OK)
            w->count++;
        else
            one->meter = NULL;
    }
    vg_free(list);
    return VG_OK;
}

void vg_energy_watch_close(struct vg_energy_watch **watch)
{
    struct vg_energy_watch *w = *watch;
    if (!w)
        return;
    for (uint32_t i = 0; i < w->count; i++)
        vg_meter_close(&w->watched[i].meter);
    vg_free(w);
    *watch = NULL;
}

uint32_t vg_energy_watch_meters(const struct vg_energy_watch *watch)
{
    return watch->count;
}

enum vg_status vg_energy_watch_rest(struct vg_energy_watch *watch, double seconds,
                                    struct vg_fault *fault)
{
    struct mark first[VG_METERS_MAX];
    if (watch->count == 0 || seconds <= 0)
        return VG_OK;
    for (uint32_t i = 0; i < watch->count; i++)
        first[i] = mark_now(&watch->watched[i]);
    const enum vg_status status =
        vg_live_server_rest((int64_t)(seconds * (double)VG_US_PER_S), fault);
    for (uint32_t i = 0; i < watch->count; i++) {
        const struct mark last = mark_now(&watch->watched[i]);
        watch->watched[i].after = between(&first[i], &last);
    }
    return status;
}

/* ---- a load ---- */

void vg_energy_watch_begin(struct vg_energy_watch *watch, double measure_s)
{
    watch->measure_s = measure_s;
    watch->begun = false;
    watch->blocks = 0;
    for (uint32_t i = 0; i < watch->count; i++) {
        struct watched *w = &watch->watched[i];
        w->before = w->after; /* the rest after the load before */
        w->load = w->after = (struct vg_energy_stretch){0};
        w->holes = 0;
    }
}

static void begin_load(struct vg_energy_watch *watch, double up_s, uint64_t judged)
{
    watch->begun = true;
    watch->first_s = watch->block_s = up_s;
    watch->first_pictures = watch->block_pictures = watch->last_pictures = judged;
    for (uint32_t i = 0; i < watch->count; i++)
        watch->watched[i].first = watch->watched[i].block = mark_now(&watch->watched[i]);
}

static void end_block(struct vg_energy_watch *watch, double up_s, uint64_t judged)
{
    if (watch->blocks == BLOCKS_MAX)
        return;
    for (uint32_t i = 0; i < watch->count; i++) {
        struct watched *w = &watch->watched[i];
        const struct mark now = mark_now(w);
        const struct vg_energy_stretch s = between(&w->block, &now);
        const bool told = s.covered_s >= VG_ENERGY_COVER_LEAST * s.whole_s;
        w->joules[watch->blocks] = told ? s.joules : 0;
        w->seconds[watch->blocks] = told ? s.covered_s : 0;
        w->holes += !told;
        w->block = now;
    }
    watch->pictures[watch->blocks++] = (double)(judged - watch->block_pictures);
    watch->block_s = up_s;
    watch->block_pictures = judged;
}

void vg_energy_watch_count(void *user, double up_s, uint64_t judged)
{
    struct vg_energy_watch *watch = user;
    if (watch->count == 0)
        return;
    if (!watch->begun) {
        begin_load(watch, up_s, judged);
        return;
    }
    if (up_s < watch->block_s || judged < watch->block_pictures)
        return; /* it started anew: the measure fails */
    watch->last_pictures = judged;
    watch->last_s = up_s;
    if (up_s - watch->block_s >= BLOCK_LEAST_S)
        end_block(watch, up_s, judged);
    if (up_s - watch->first_s < watch->measure_s)
        return; /* a sample is waited for: at the ends alone */
    for (uint32_t i = 0; i < watch->count; i++) {
        const struct mark now = mark_now(&watch->watched[i]);
        watch->watched[i].load = between(&watch->watched[i].first, &now);
    }
}

/* Intervals within one load, where it has blocks enough, each with its joules. */
static void add_intervals(const struct vg_energy_watch *watch, const struct watched *w,
                          struct vg_energy_account *account)
{
    const struct vg_energy_block_list blocks = {w->joules, w->seconds, watch->pictures,
                                                watch->blocks};
    if (w->holes == 0)
        vg_energy_account_within(account, &blocks);
}

/* Counts and samples are of moments up to a second apart: as many as at the same rate would have
 * come in the meter's stretch. */
static uint64_t pictures_of(const struct vg_energy_watch *watch, const struct watched *w)
{
    const double seconds = watch->last_s - watch->first_s;
    const double count = (double)(watch->last_pictures - watch->first_pictures);
    return seconds > 0 ? (uint64_t)(count * w->load.whole_s / seconds + 0.5) : 0;
}

uint32_t vg_energy_watch_tell(const struct vg_energy_watch *watch, uint32_t flux, double days,
                              struct vg_energy_told *told)
{
    for (uint32_t i = 0; i < watch->count; i++) {
        const struct watched *w = &watch->watched[i];
        const struct vg_meter_about *about = vg_meter_about(w->meter);
        const struct vg_energy_run run = {.before = w->before,
                                          .load = w->load,
                                          .after = w->after,
                                          .pictures = pictures_of(watch, w),
                                          .flux = flux};
        vg_energy_account_make(&told[i].account, about->scope, &run, 1, days);
        add_intervals(watch, w, &told[i].account);
        (void)snprintf(told[i].meter, sizeof told[i].meter, "%s", about->name);
    }
    return watch->count;
}

const struct vg_energy_told *vg_energy_told_widest(const struct vg_energy_told *told,
                                                   uint32_t count)
{
    const struct vg_energy_told *widest = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (told[i].account.status == VG_ENERGY_MEASURED &&
            (!widest || told[i].account.scope > widest->account.scope))
            widest = &told[i];
    return widest;
}
