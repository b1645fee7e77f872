/* The example scene of the demo on the clip's true boxes (no detector): tracker, watcher and
 * rulebook raise what docs/examples/vtest-truth.csv says and nothing else, at every picture and
 * at 5 a second. Windows: 2 s before an event's start to 10 s after it; an alert later in the
 * event is one too many of a true event, not a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/events/watcher.h"
#include "src/rules/rulebook.h"
#include "src/scene/scene.h"
#include "src/track/tracker.h"
#include "tests/shared_data.h"

#define PICTURES   795
#define PER_FRAME  16
#define FPS        10
#define EVENTS_MAX 64
#define BEFORE_S   2.0
#define AFTER_S    10.0

struct truth {
    enum vg_event event;
    double start_s, end_s;
    int ignored;
    int found;
};

struct clip {
    uint32_t count[PICTURES];
    struct vg_detection detection[PICTURES][PER_FRAME];
    size_t truth_count;
    struct truth truth[EVENTS_MAX];
};

static void read_boxes(struct clip *clip)
{
    char path[1024], line[256];
    assert_true(vg_shared_data("data/pets2009/gt.txt", path, sizeof path));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        unsigned frame, id;
        struct vg_box box;
        assert_int_equal(sscanf(line, "%u,%u,%f,%f,%f,%f", &frame, &id, &box.left, &box.top,
                                &box.width, &box.height),
                         6);
        assert_true(frame >= 1 && frame <= PICTURES && clip->count[frame - 1] < PER_FRAME);
        clip->detection[frame - 1][clip->count[frame - 1]++] =
            (struct vg_detection){box, 0.8f, VG_CLASS_PERSON};
    }
    (void)fclose(file);
}

static void read_truth(struct clip *clip)
{
    char path[1024], line[256], event[32];
    vg_source_path("docs/examples/vtest-truth.csv", path, sizeof path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the header */
    while (fgets(line, sizeof line, file)) {
        assert_true(clip->truth_count < EVENTS_MAX);
        struct truth *truth = &clip->truth[clip->truth_count++];
        assert_int_equal(sscanf(line, "vtest.avi,%31[a-z_],%lf,%lf,%d", event, &truth->start_s,
                                &truth->end_s, &truth->ignored),
                         4);
        truth->event = vg_event_parse(event);
        assert_int_not_equal(truth->event, VG_EVENT_NONE);
    }
    (void)fclose(file);
}

static struct vg_scene *read_example(void)
{
    char path[1024];
    struct vg_scene *scene;
    struct vg_fault fault = {0};
    vg_source_path("docs/examples/vtest.json", path, sizeof path);
    if (vg_scene_open(path, &scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    return scene;
}

/* Assigns the alert to an event: 1 found it, 0 it is one more of a true event, -1 wrong. */
static int match(struct clip *clip, const struct vg_alert *alert)
{
    const double t = (double)alert->media.us / (double)VG_US_PER_S;
    int during = -1;
    for (size_t i = 0; i < clip->truth_count; i++) {
        struct truth *truth = &clip->truth[i];
        if (truth->event != alert->event || t < truth->start_s - BEFORE_S)
            continue;
        if (t <= truth->start_s + AFTER_S && !truth->found) {
            truth->found = 1;
            return 1;
        }
        if (t <= truth->end_s + AFTER_S)
            during = 0;
    }
    return during;
}

/* Runs every `every`-th picture; returns the time of the first alert. */
static double run(struct clip *clip, const struct vg_scene *scene, uint32_t every)
{
    struct vg_tracker *tracker;
    struct vg_watcher *watcher;
    struct vg_rulebook *book;
    struct vg_alert alerts[VG_ALERTS_PER_PICTURE_MAX];
    struct vg_watch_output *watched = vg_alloc(sizeof *watched);
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    double first_s = -1;
    assert_non_null(watched);
    assert_int_equal(vg_tracker_open(&tracker, &settings), VG_OK);
    assert_int_equal(vg_watcher_open(&watcher, scene), VG_OK);
    assert_int_equal(vg_rulebook_open(&book, scene), VG_OK);
    for (uint32_t frame = 0; frame < PICTURES; frame += every) {
        const struct vg_rule_moment moment = {.media = {frame * VG_US_PER_S / FPS}};
        struct vg_watch_input input = {.width = 768, .height = 576, .time = moment.media};
        vg_tracker_step(tracker, clip->detection[frame], clip->count[frame], moment.media,
                        &input.tracks, &input.track_count);
        vg_watcher_step(watcher, &input, watched);
        const uint32_t count = vg_rulebook_step(book, watched, &moment, alerts);
        for (uint32_t i = 0; i < count; i++) {
            const double t = (double)alerts[i].media.us / (double)VG_US_PER_S;
            const int kind = match(clip, &alerts[i]);
            (void)printf("%5.1f %-10s %s\n", t, scene->rule[alerts[i].rule].id,
                         kind > 0    ? "found"
                         : kind == 0 ? "once more"
                                     : "WRONG");
            assert_true(kind >= 0);
            if (first_s < 0)
                first_s = t;
        }
    }
    vg_rulebook_close(&book);
    vg_watcher_close(&watcher);
    vg_tracker_close(&tracker);
    vg_free(watched);
    return first_s;
}

static void check_rate(uint32_t every)
{
    struct clip *clip = vg_alloc(sizeof *clip);
    assert_non_null(clip);
    struct vg_scene *scene = read_example();
    read_boxes(clip);
    read_truth(clip);
    assert_true(run(clip, scene, every) < 10);
    for (size_t i = 0; i < clip->truth_count; i++) {
        const struct truth *truth = &clip->truth[i];
        if (!truth->ignored && !truth->found)
            fail_msg("missed: %s at %.1f s", vg_event_name(truth->event), truth->start_s);
    }
    vg_scene_close(&scene);
    vg_free(clip);
}

static void at_every_picture(void **state)
{
    (void)state;
    check_rate(1);
}

static void at_five_a_second(void **state)
{
    (void)state;
    check_rate(2);
}

int main(void)
{
    char path[1024];
    if (!vg_shared_data("data/pets2009/gt.txt", path, sizeof path))
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_every_picture),
        cmocka_unit_test(at_five_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
