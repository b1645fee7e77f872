/* Media time out of stamps that jump, step back and fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/media/timeline.h"

#define S    VG_US_PER_S
#define NONE VG_PTS_NONE

enum {
    STEADY = VG_TIMELINE_STEADY,
    JUMP = VG_TIMELINE_JUMP,
    STEPS = 5
};

struct step {
    int64_t pts, guess;
    int result;
    int64_t media;
};

static const struct {
    const char *name;
    int64_t forward_max;
    struct step step[STEPS]; /* ended by guess -1 */
} rows[] = {
    {"the first is 0", VG_TIMELINE_LIVE_US, {{5 * S, 0, STEADY, 0}, {.guess = -1}}},
    {"stamps rule, not arrivals",
     VG_TIMELINE_LIVE_US,
     {{0, 0, STEADY, 0},
      {40000, 90000, STEADY, 40000},
      {80000, 100, STEADY, 80000},
      {.guess = -1}}},
    {"no stamp: the guess",
     VG_TIMELINE_LIVE_US,
     {{NONE, 0, STEADY, 0},
      {100, 40000, STEADY, 40000},
      {40100, 39000, STEADY, 80000},
      {NONE, 41000, STEADY, 121000},
      {90000, 39000, STEADY, 160000}}},
    {"an hour ahead",
     VG_TIMELINE_LIVE_US,
     {{0, 0, STEADY, 0},
      {3600 * S, 40000, JUMP, 40000},
      {3600 * S + 40000, 40000, STEADY, 80000},
      {.guess = -1}}},
    {"back",
     VG_TIMELINE_LIVE_US,
     {{10 * S, 0, STEADY, 0},
      {9 * S, 40000, JUMP, 40000},
      {9 * S + 40000, 41000, STEADY, 80000},
      {.guess = -1}}},
    {"one second is no jump, a microsecond more is",
     VG_TIMELINE_LIVE_US,
     {{0, 0, STEADY, 0}, {S, 0, STEADY, S}, {2 * S + 1, 0, JUMP, S}, {.guess = -1}}},
    {"a slow camera, one picture in two seconds",
     VG_TIMELINE_LIVE_US,
     {{0, 0, STEADY, 0},
      {2 * S, 2 * S + 9, STEADY, 2 * S},
      {4 * S, 2 * S, STEADY, 4 * S},
      {.guess = -1}}},
    {"a clip with a gap of a minute",
     VG_TIMELINE_CLIP_US,
     {{0, 40000, STEADY, 0}, {60 * S, 40000, STEADY, 60 * S}, {.guess = -1}}},
    {"a clip that steps back",
     VG_TIMELINE_CLIP_US,
     {{60 * S, 40000, STEADY, 0},
      {0, 40000, JUMP, 40000},
      {40000, 40000, STEADY, 80000},
      {.guess = -1}}},
    {"the same stamp twice",
     VG_TIMELINE_LIVE_US,
     {{7, 0, STEADY, 0}, {7, 40000, STEADY, 0}, {.guess = -1}}},
    {"nonsense stamps count as none",
     VG_TIMELINE_LIVE_US,
     {{INT64_MAX, 0, STEADY, 0},
      {INT64_MIN + 1, 40000, STEADY, 40000},
      {0, 40000, STEADY, 80000},
      {INT64_MAX, INT64_MAX, STEADY, 80000 + INT64_MAX / 4},
      {.guess = -1}}},
    {"arrivals that step back count as 0",
     VG_TIMELINE_LIVE_US,
     {{NONE, 0, STEADY, 0}, {NONE, -40000, STEADY, 0}, {.guess = -1}}},
};

static void table(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_timeline timeline;
        print_message("%s\n", rows[r].name);
        vg_timeline_init(&timeline, rows[r].forward_max);
        for (int i = 0; i < STEPS && rows[r].step[i].guess != -1; i++) {
            const struct step *step = &rows[r].step[i];
            struct vg_media_time media;
            assert_int_equal(vg_timeline_next(&timeline, step->pts, step->guess, &media),
                             step->result);
            assert_true(media.us == step->media);
        }
    }
}

static void a_restart_goes_on(void **state)
{
    (void)state;
    struct vg_timeline timeline;
    struct vg_media_time media;
    vg_timeline_init(&timeline, VG_TIMELINE_LIVE_US);
    assert_int_equal(vg_timeline_next(&timeline, 90 * S, 0, &media), STEADY);
    assert_int_equal(vg_timeline_next(&timeline, 91 * S, S, &media), STEADY);
    vg_timeline_restart(&timeline);
    assert_int_equal(vg_timeline_next(&timeline, 0, 3 * S, &media), STEADY);
    assert_true(media.us == 4 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(a_restart_goes_on),
    };
    return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
