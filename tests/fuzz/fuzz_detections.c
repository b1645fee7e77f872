/* Recorded detections from outside: tracker, watcher and rulebook with every event that is
 * watched. Never a crash, never a number in an alert or a measure that is none, never more than
 * there is room for.
 *
 * The bytes: pictures, each begun by two bytes: how many detections follow (modulo 16, 15 means
 * 10 000 of the next one), and the time since the picture before in 40 ms, from -40 s to 2 s. A
 * detection is six bytes: left, top, width and height (each stretched to beyond the picture, some
 * values to what is no number), score, class. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/events/event_table.h"
#include "src/rules/rulebook.h"
#include "src/scene/scene.h"
#include "src/track/tracker.h"

#define WIDTH  640
#define HEIGHT 360
#define MANY   10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A zone with a way, partly at the picture's edge, a bent line, a mask; a rule for each event. */
static const char scene_start[] =
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0,0],[0.2,0],[0.2,0.2]]}],"
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0.1],[1,0],[1,1],[0.4,0.6],[0,1]],"
    "\"direction\":[1,-0.5]}],"
    "\"lines\":[{\"id\":\"l\",\"points\":[[0.5,0],[0.45,0.5],[0.6,1]]}],\"rules\":["
    "{\"id\":\"line\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\",\"cooldown_s\":0}";
#define RULE                                                                               \
    ",{\"id\":\"%s\",\"severity\":\"low\",\"event\":\"%s\",\"at\":\"z\",\"cooldown_s\":0," \
    "\"hold_s\":0.2%s}"

struct flux {
    struct vg_scene *scene;
    struct vg_tracker *tracker;
    struct vg_watcher *watcher;
    struct vg_rulebook *book;
    struct vg_watch_output output;
    struct vg_alert alerts[VG_ALERTS_PER_PICTURE_MAX];
    struct vg_detection seen[MANY];
};

static struct vg_scene *read_scene(void)
{
    char text[4096];
    size_t length = sizeof scene_start - 1;
    memcpy(text, scene_start, length);
    for (int event = 0; event < VG_EVENT_COUNT; event++) {
        const char *name = vg_event_name((enum vg_event)event);
        if (vg_event_row((enum vg_event)event))
            length += (size_t)snprintf(text + length, sizeof text - length, RULE, name, name,
                                       event == VG_EVENT_DENSITY ? ",\"over\":2" : "");
    }
    length += (size_t)snprintf(text + length, sizeof text - length, "]}");
    struct vg_scene *scene;
    struct vg_fault fault = {0};
    const enum vg_status status = vg_scene_parse("fuzz", text, length, &scene, &fault);
    assert(!status);
    return scene;
}

static struct flux *flux_open(void)
{
    struct flux *f = vg_alloc(sizeof *f);
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    assert(f);
    f->scene = read_scene();
    enum vg_status status = vg_tracker_open(&f->tracker, &settings);
    assert(!status);
    status = vg_watcher_open(&f->watcher, f->scene);
    assert(!status);
    status = vg_rulebook_open(&f->book, f->scene);
    assert(!status);
    return f;
}

static void flux_close(struct flux *f)
{
    vg_rulebook_close(&f->book);
    vg_watcher_close(&f->watcher);
    vg_tracker_close(&f->tracker);
    vg_scene_close(&f->scene);
    vg_free(f);
}

static float number(uint8_t byte, float least, float most)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0};
    if (byte >= 250)
        return odd[byte - 250];
    return least + (most - least) * (float)byte / 249;
}

static struct vg_detection detection(const uint8_t *bytes)
{
    const struct vg_box box = {number(bytes[0], -100, WIDTH + 100),
                               number(bytes[1], -100, HEIGHT + 100), number(bytes[2], -2, 200),
                               number(bytes[3], -2, 300)};
    return (struct vg_detection){box, number(bytes[4], 0, 1),
                                 (enum vg_class)(bytes[5] % (VG_CLASS_COUNT + 2) - 1)};
}

static bool finite_box(struct vg_box box)
{
    return isfinite(box.left) && isfinite(box.top) && isfinite(box.width) && isfinite(box.height);
}

static void check(const struct flux *f, uint32_t alerts)
{
    assert(f->output.sighting_count <= VG_SIGHTINGS_MAX && alerts <= VG_ALERTS_PER_PICTURE_MAX);
    assert(f->output.measure_count <= VG_MEASURES_MAX &&
           f->output.wish_count <= VG_LOOK_WISHES_MAX);
    for (uint32_t i = 0; i < f->output.measure_count; i++)
        assert(isfinite(f->output.measure[i].value));
    for (uint32_t i = 0; i < f->output.wish_count; i++)
        assert(finite_box(f->output.wish[i].region) && isfinite(f->output.wish[i].worth));
    for (uint32_t i = 0; i < alerts; i++) {
        const struct vg_alert *alert = &f->alerts[i];
        assert(isfinite(alert->score) && isfinite(alert->count) && alert->count >= 0);
        assert(alert->box_count <= VG_SIGHTING_BOXES_MAX && alert->rule < f->scene->rule_count);
        for (uint32_t k = 0; k < alert->box_count; k++)
            assert(finite_box(alert->box[k].box) && isfinite(alert->box[k].score));
    }
}

static void look(struct flux *f, uint32_t count, int64_t now_us)
{
    struct vg_watch_input input = {.width = WIDTH, .height = HEIGHT, .time = {now_us}};
    const struct vg_rule_moment moment = {.media = {now_us}};
    vg_tracker_step(f->tracker, f->seen, count, input.time, &input.tracks, &input.track_count);
    assert(input.track_count <= VG_TRACKS_MAX);
    for (uint32_t i = 0; i < input.track_count; i++)
        assert(finite_box(input.tracks[i]->box) && isfinite(input.tracks[i]->velocity.x) &&
               isfinite(input.tracks[i]->velocity.y));
    vg_watcher_step(f->watcher, &input, &f->output);
    check(f, vg_rulebook_step(f->book, &f->output, &moment, f->alerts));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flux *f = flux_open();
    int64_t now_us = 0;
    uint32_t great = 0; /* pictures of 10 000: three are as good as more */
    for (size_t at = 0; at + 2 <= size;) {
        uint32_t count = data[at] % 16;
        now_us +=
            (data[at + 1] < 6 ? -200 * (int64_t)data[at + 1] : (int64_t)data[at + 1] % 51) * 40000;
        at += 2;
        const bool many = count == 15 && great < 3 && at + 6 <= size;
        great += many;
        for (uint32_t i = 0; many && i < MANY; i++) {
            f->seen[i] = detection(data + at);
            f->seen[i].box.left += (float)(i % 97) * 7;
            f->seen[i].box.top += (float)(i / 97) * 3;
        }
        if (many)
            count = MANY;
        else
            for (uint32_t i = 0; i < count; i++)
                f->seen[i] = at + 6 * (i + 1) <= size ? detection(data + at + 6 * i)
                                                      : (struct vg_detection){.score = 0};
        at += many ? 6 : 6 * (size_t)count;
        look(f, count, now_us);
    }
    flux_close(f);
    return 0;
}
