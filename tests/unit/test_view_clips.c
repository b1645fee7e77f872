/* The health of the view over real clips whose cameras stand still: good from end to end; and with
 * a turn or a zoom put in half way, seen within 5 s. Skipped where the clips are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/media/clip.h"
#include "src/vision/view_watch.h"
#include "tests/shared_data.h"

#define LOOK_US  VG_US_PER_S
#define SEEN_US  (5 * VG_US_PER_S)
#define LEARN_US (12 * VG_US_PER_S)

enum {
    LOOKS_MAX = 120
};

/* A window on the clip, in fractions of it: what a camera would see that looks there. */
struct window {
    double left, top, side;
};

static const struct change {
    const char *name;
    struct window from, to;
    enum vg_view_state want;
} changes[] = {
    {"nothing", {0, 0, 1}, {0, 0, 1}, VG_VIEW_GOOD},
    {"nothing, a part of it", {0.1, 0.2, 0.7}, {0.1, 0.2, 0.7}, VG_VIEW_GOOD},
    {"shaken by 1 %", {0.15, 0.15, 0.7}, {0.157, 0.15, 0.7}, VG_VIEW_GOOD},
    {"turned by 4 %", {0.1, 0.15, 0.7}, {0.128, 0.15, 0.7}, VG_VIEW_MOVED},
    {"turned by 10 %", {0.1, 0.15, 0.7}, {0.17, 0.15, 0.7}, VG_VIEW_MOVED},
    {"tilted by 10 %", {0.15, 0.1, 0.7}, {0.15, 0.17, 0.7}, VG_VIEW_MOVED},
    {"turned by 40 %", {0, 0.15, 0.7}, {0.28, 0.15, 0.7}, VG_VIEW_MOVED},
    {"nearer, 1.25", {0.1, 0.1, 0.75}, {0.175, 0.175, 0.6}, VG_VIEW_MOVED},
    {"farther, 0.7", {0.15, 0.15, 0.7}, {0, 0, 1}, VG_VIEW_MOVED},
};
#define CHANGES (sizeof changes / sizeof *changes)

static const char *const clips[] = {
    "data/pets2009/vtest.avi",
    "data/traffic/motorway_forward.mp4",
    "data/traffic/car-detection_forward.mp4",
    "data/aboda/video4.mp4",
    "data/fire_clips/house6.mp4",
    "data/negatives/bottle-detection.mp4",
    "data/negatives/person-bicycle-car-detection.mp4",
    "data/gmdcsa24/s4_adl_19.mp4",
};

struct run {
    struct vg_view_watch *watch;
    uint32_t looks, doubts, bad; /* bad: looks at which the state was a fault */
    int64_t first_us;            /* the state wanted was first there, after the change; -1: not */
};

static struct vg_picture see(const struct vg_picture *whole, const struct window *w)
{
    struct vg_picture part = *whole;
    const uint32_t left = (uint32_t)(w->left * whole->width),
                   top = (uint32_t)(w->top * whole->height);
    part.luma = whole->luma + (size_t)top * whole->luma_stride + left;
    part.width = (uint32_t)(w->side * whole->width);
    part.height = (uint32_t)(w->side * whole->height);
    return part;
}

static void look(struct run *run, const struct change *change, struct vg_view_scratch *scratch,
                 const struct vg_picture *whole, int64_t change_us)
{
    static struct vg_view_thumb thumb;
    const bool changed = whole->media.us >= change_us;
    if (change->want != VG_VIEW_GOOD &&
        (whole->media.us < change_us - LEARN_US || whole->media.us > change_us + 2 * SEEN_US))
        return;
    const struct vg_picture part = see(whole, changed ? &change->to : &change->from);
    vg_view_thumb_take(&thumb, &part);
    const struct vg_view_health *h =
        vg_view_watch_look(run->watch, scratch, &thumb, whole->media, 0);
    run->looks++;
    run->doubts += h->doubt;
    run->bad += h->state != VG_VIEW_GOOD;
    if (changed && run->first_us < 0 && h->state == change->want)
        run->first_us = whole->media.us - change_us;
    if (getenv("VIEW_TRACE"))
        printf(
            "%-22s %5.1f %-8s d%d kept %.2f gone %.2f dark %.2f sharp %.2f grey %.2f votes %.2f "
            "shift %.3f in %u/%u cells %u same %.2f steady %.2f noise %.2f blocks %u %u ref %d\n",
            change->name, (double)whole->media.us / 1e6, vg_view_state_name(h->state), h->doubt,
            (double)h->measures.change.kept, (double)h->measures.change.gone,
            (double)h->measures.change.dark, (double)h->measures.change.sharpness,
            (double)h->measures.change.grey, (double)h->measures.votes, (double)h->measures.shift,
            h->measures.inliers, h->measures.matches, h->measures.cells, (double)h->measures.same,
            (double)h->measures.steady, (double)h->measures.noise, h->measures.change.blocks_then,
            h->measures.change.blocks_now, h->referenced);
}

static void open_runs(struct run runs[CHANGES])
{
    struct vg_view_settings settings = vg_view_settings_defaults();
    settings.long_side = settings.short_side = 0;
    for (size_t i = 0; i < CHANGES; i++) {
        runs[i] = (struct run){.first_us = -1};
        assert_int_equal(vg_view_watch_open(&runs[i].watch, &settings), VG_OK);
    }
}

static void show(const char *name, const struct run runs[CHANGES])
{
    for (size_t i = 0; i < CHANGES; i++)
        printf("| %-45s | %-21s | %5u | %5u | %5u | %7llu | %5.1f |\n", name, changes[i].name,
               runs[i].looks, runs[i].bad, runs[i].doubts,
               (unsigned long long)vg_view_watch_health(runs[i].watch)->corner_looks,
               (double)runs[i].first_us / 1e6);
}

static void over_clip(const char *name)
{
    char path[512];
    struct vg_fault fault;
    struct vg_clip *clip;
    struct vg_clip_picture next;
    struct vg_view_scratch *scratch;
    struct run runs[CHANGES];
    int64_t due_us = 0;
    if (!vg_shared_data(name, path, sizeof path))
        return;
    assert_int_equal(vg_clip_open(&clip, path, &fault), VG_OK);
    assert_int_equal(vg_view_scratch_open(&scratch), VG_OK);
    const struct vg_clip_about about = vg_clip_about(clip);
    const struct vg_pixels pixels = {.luma = vg_alloc((size_t)about.width * about.height),
                                     .chroma = vg_alloc((size_t)about.width * about.height / 2),
                                     .width = about.width,
                                     .height = about.height,
                                     .luma_stride = about.width,
                                     .chroma_stride = about.width};
    open_runs(runs);
    const int64_t change_us = about.duration_us / 2;
    while (vg_clip_next(clip, &next, &fault) == VG_OK) {
        struct vg_picture whole;
        if (next.media.us < due_us)
            continue;
        due_us += LOOK_US;
        assert_int_equal(vg_clip_convert(clip, &pixels, &whole), VG_OK);
        for (size_t i = 0; i < CHANGES; i++)
            look(&runs[i], &changes[i], scratch, &whole, change_us);
    }
    show(name, runs);
    for (size_t i = 0; i < CHANGES; i++)
        vg_view_watch_close(&runs[i].watch);
    vg_view_scratch_close(&scratch);
    vg_free(pixels.luma);
    vg_free(pixels.chroma);
    vg_clip_close(&clip);
}

static void real_clips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++)
        over_clip(clips[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_clips)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
