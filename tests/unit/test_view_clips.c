/* The health of the view over real clips whose cameras stand still: good from end to end; and with
 * a turn or a zoom put in half way, seen within 5 s. Skipped where the clips are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "src/base/alloc.h"
#include "src/media/clip.h"
#include "src/vision/view_watch.h"
#include "tests/shared_data.h"

#define LOOK_US  VG_US_PER_S
#define SEEN_US  (5 * VG_US_PER_S)
#define LEARN_US (12 * VG_US_PER_S)

/* A window on the clip, in fractions of it: what a camera would see that looks there. */
struct window {
    double left, top, side;
};

static const struct change {
    const char *name;
    struct window from, to;
    enum vg_view_state want;
    int within_s;
} changes[] = {
    {"nothing", {0, 0, 1}, {0, 0, 1}, VG_VIEW_GOOD, 0},
    {"nothing, a part of it", {0.1, 0.2, 0.7}, {0.1, 0.2, 0.7}, VG_VIEW_GOOD, 0},
    {"shaken by 1 %", {0.15, 0.15, 0.7}, {0.157, 0.15, 0.7}, VG_VIEW_GOOD, 0},
    {"turned by 4 %", {0.1, 0.15, 0.7}, {0.128, 0.15, 0.7}, VG_VIEW_MOVED, 5},
    {"turned by 10 %", {0.1, 0.15, 0.7}, {0.17, 0.15, 0.7}, VG_VIEW_MOVED, 5},
    {"tilted by 10 %", {0.15, 0.1, 0.7}, {0.15, 0.17, 0.7}, VG_VIEW_MOVED, 5},
    {"turned by 40 %", {0, 0.15, 0.7}, {0.28, 0.15, 0.7}, VG_VIEW_MOVED, 5},
    {"nearer, 1.25", {0.1, 0.1, 0.75}, {0.175, 0.175, 0.6}, VG_VIEW_MOVED, 8},
    {"farther, 0.7", {0.15, 0.15, 0.7}, {0, 0, 1}, VG_VIEW_MOVED, 8},
};
#define CHANGES (sizeof changes / sizeof *changes)

/* How many of the changes are tried, and how much later than by `within_s` they may be seen. Fewer
 * where the camera itself creeps (person-bicycle: 2.5 % in 39 s) or the picture is full of goods
 * all alike that are moved by hand (bottles). */
static const struct clip {
    const char *name;
    size_t changes;
    int later_s;
} clips[] = {
    {"data/pets2009/vtest.avi", CHANGES, 0},
    {"data/traffic/motorway_forward.mp4", CHANGES, 0},
    {"data/traffic/car-detection_forward.mp4", CHANGES, 3}, /* few edges, cars fill a third of it */
    {"data/traffic/car-detection_reversed.mp4", 2, 0},      /* begins as one comes near */
    {"data/aboda/video4.mp4", CHANGES, 0},
    {"data/fire_clips/house6.mp4", 2, 0},
    {"data/negatives/bottle-detection.mp4", 1, 0},
    {"data/negatives/person-bicycle-car-detection.mp4", 2, 0},
    {"data/gmdcsa24/s4_adl_19.mp4", 2, 0},
};

/* Of all clips. */
struct tally {
    uint32_t calm_looks, calm_bad, calm_doubts, corner_looks;
    uint32_t moves, seen, late;
    int64_t latest_us;
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

static void add_up(struct tally *tally, const struct clip *clip, const struct run runs[CHANGES])
{
    for (size_t i = 0; i < clip->changes; i++) {
        const struct run *run = &runs[i];
        const int64_t limit_us = (changes[i].within_s + clip->later_s) * VG_US_PER_S;
        print_message("| %s | %s | %u | %u | %u | %.1f |\n", strrchr(clip->name, '/') + 1,
                      changes[i].name, run->looks, run->bad, run->doubts,
                      (double)run->first_us / 1e6);
        if (changes[i].want == VG_VIEW_GOOD) {
            tally->calm_looks += run->looks;
            tally->calm_bad += run->bad;
            tally->calm_doubts += run->doubts;
            tally->corner_looks += (uint32_t)vg_view_watch_health(run->watch)->corner_looks;
            continue;
        }
        tally->moves++;
        tally->seen += run->first_us >= 0;
        tally->late += run->first_us > limit_us;
        tally->latest_us = run->first_us > tally->latest_us ? run->first_us : tally->latest_us;
    }
}

static void over_clip(const struct clip *row, struct tally *tally)
{
    char path[512];
    struct vg_fault fault;
    struct vg_clip *clip;
    struct vg_clip_picture next;
    struct vg_view_scratch *scratch;
    struct run runs[CHANGES];
    int64_t due_us = 0;
    if (!vg_shared_data(row->name, path, sizeof path))
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
        for (size_t i = 0; i < row->changes; i++)
            look(&runs[i], &changes[i], scratch, &whole, change_us);
    }
    add_up(tally, row, runs);
    for (size_t i = 0; i < CHANGES; i++)
        vg_view_watch_close(&runs[i].watch);
    vg_view_scratch_close(&scratch);
    vg_free(pixels.luma);
    vg_free(pixels.chroma);
    vg_clip_close(&clip);
}

static void real_clips(void **state)
{
    struct tally t = {0};
    (void)state;
    print_message("| clip | the camera | looks | not good | in doubt | seen after s |\n"
                  "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof clips / sizeof *clips; i++)
        over_clip(&clips[i], &t);
    if (t.calm_looks == 0)
        skip();
    print_message("cameras that stand: %u looks, %u not good, %u in doubt, %u by corners\n"
                  "cameras that move: %u, %u seen, the latest after %.1f s, %u too late\n",
                  t.calm_looks, t.calm_bad, t.calm_doubts, t.corner_looks, t.moves, t.seen,
                  (double)t.latest_us / 1e6, t.late);
    assert_int_equal(t.calm_bad, 0);
    assert_true(t.calm_doubts * 50 < t.calm_looks);
    assert_int_equal(t.seen, t.moves);
    assert_int_equal(t.late, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_clips)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
