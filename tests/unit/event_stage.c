/* The stage of the tests of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "src/base/alloc.h"
#include "tests/unit/event_stage.h"

static struct vg_maps_size size_of_maps(const struct stage_settings *settings)
{
    struct vg_maps_size size = vg_maps_size(settings->width, settings->height);
    if (settings->shrink == 0)
        return size;
    size.shrink = settings->shrink;
    size.width = (settings->width + size.shrink - 1) / size.shrink;
    size.height = (settings->height + size.shrink - 1) / size.shrink;
    size.columns = (size.width + VG_MAPS_CELL - 1) / VG_MAPS_CELL;
    size.rows = (size.height + VG_MAPS_CELL - 1) / VG_MAPS_CELL;
    return size;
}

/* As in src/maps/maps.h: the planes of sets that are not there are NULL. */
static void lay_maps(struct stage *stage)
{
    const uint32_t set = stage->settings.maps;
    struct vg_maps *maps = &stage->maps;
    *maps = (struct vg_maps){.size = size_of_maps(&stage->settings),
                             .set = set,
                             .step_us = stage->settings.step_us,
                             .luma = stage->luma,
                             .blue = stage->blue,
                             .red = stage->red};
    assert_true(maps->size.width * maps->size.height <= STAGE_PIXELS);
    assert_true(maps->size.columns * maps->size.rows <= STAGE_CELLS);
    if (set & VG_MAPS_GROUND) {
        maps->long_luma = stage->long_luma;
        maps->long_blue = stage->long_blue;
        maps->long_red = stage->long_red;
        maps->ground = stage->ground;
        maps->stays = stage->stays;
    }
    if (set & VG_MAPS_FLOW) {
        maps->flow_x = stage->flow_x;
        maps->flow_y = stage->flow_y;
        maps->flow_sure = stage->flow_sure;
    }
    if (set & VG_MAPS_FLAME) {
        maps->warm = stage->warm;
        maps->flicker = stage->flicker;
    }
}

void stage_open(struct stage *stage, const struct stage_settings *settings, const char *scene)
{
    struct vg_fault fault = {0};
    memset(stage, 0, sizeof *stage);
    stage->settings = *settings;
    vg_random_seed(&stage->random, 14);
    if (vg_scene_parse("x", scene, strlen(scene), &stage->scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_int_equal(vg_watcher_open(&stage->watcher, stage->scene), VG_OK);
    lay_maps(stage);
}

void stage_close(struct stage *stage)
{
    vg_watcher_close(&stage->watcher);
    vg_scene_close(&stage->scene);
}

double stage_s(const struct stage *stage)
{
    return (double)stage->now_us / (double)VG_US_PER_S;
}

struct vg_track *stage_add_track(struct stage *stage, enum vg_class class_id, struct vg_box box)
{
    assert_true(stage->track_count < STAGE_TRACKS);
    struct vg_track *track = &stage->track[stage->track_count++];
    *track = (struct vg_track){.id = stage->track_count,
                               .state = VG_TRACK_CONFIRMED,
                               .class_id = class_id,
                               .detected = true,
                               .score = 0.8f,
                               .box = box,
                               .seen = box,
                               .last_seen = {stage->now_us}};
    return track;
}

void stage_move(const struct stage *stage, struct vg_track *track, struct vg_box box)
{
    const struct vg_point before = vg_box_foot(track->box), foot = vg_box_foot(box);
    const float step_s = (float)stage->settings.step_us / 1e6f;
    if (track->history_count > 0)
        track->velocity =
            (struct vg_point){(foot.x - before.x) / step_s, (foot.y - before.y) / step_s};
    track->box = track->seen = box;
    track->detected = true;
    track->last_seen.us = stage->now_us;
    const uint32_t at = (track->history_first + track->history_count) % VG_TRACK_HISTORY_SIZE;
    track->history[at] = (struct vg_track_step){{stage->now_us}, foot};
    if (track->history_count < VG_TRACK_HISTORY_SIZE)
        track->history_count++;
    else
        track->history_first = (track->history_first + 1) % VG_TRACK_HISTORY_SIZE;
}

void stage_show(struct stage *stage, enum vg_class class_id, float score, struct vg_box box)
{
    assert_true(stage->seen_count < STAGE_SEEN);
    stage->seen[stage->seen_count++] = (struct vg_detection){box, score, class_id};
}

void stage_answer(struct stage *stage, const struct vg_look_wish *wish,
                  const struct vg_detection *found)
{
    assert_true(stage->look_count < VG_LOOKS_MAX);
    const uint32_t at = stage->look_count++;
    stage->look[at] = (struct vg_look_answer){*wish, &stage->look_seen[at], found != NULL};
    if (found)
        stage->look_seen[at] = *found;
}

void stage_fill(const struct stage *stage, uint8_t *plane, struct stage_area area, int value)
{
    const int width = (int)stage->maps.size.width, height = (int)stage->maps.size.height;
    for (int y = area.top; y < area.top + area.height; y++)
        for (int x = area.left; x < area.left + area.width; x++)
            if (x >= 0 && y >= 0 && x < width && y < height)
                plane[y * width + x] = (uint8_t)value;
}

void stage_empty_view(struct stage *stage, uint8_t luma)
{
    const size_t size = (size_t)stage->maps.size.width * stage->maps.size.height;
    memset(stage->luma, luma, size);
    memset(stage->long_luma, luma, size);
    memset(stage->blue, 128, size);
    memset(stage->red, 128, size);
    memset(stage->long_blue, 128, size);
    memset(stage->long_red, 128, size);
    memset(stage->ground, VG_GROUND_SAME, size);
    memset(stage->stays, 255, size);
    memset(stage->warm, 0, size);
    memset(stage->flicker, 0, size);
}

void stage_scribble(struct stage *stage)
{
    for (uint32_t i = 0; i < stage->maps.size.width * stage->maps.size.height; i++) {
        const uint32_t draw = vg_random_u32(&stage->random);
        stage->luma[i] = (uint8_t)draw;
        stage->long_luma[i] = (uint8_t)(draw >> 8);
        stage->red[i] = (uint8_t)(draw >> 16);
        stage->ground[i] = (uint8_t)(draw % 11 < 4 ? draw % 11 : 3);
        stage->stays[i] = stage->warm[i] = (uint8_t)(draw >> 24);
        stage->flicker[i] = (uint8_t)(draw >> 12);
    }
}

static void hear(void *user, uint32_t rule, uint32_t subject, enum vg_why_not why, double value)
{
    struct stage *stage = user;
    assert_true(rule < stage->scene->rule_count && why < VG_WHY_COUNT);
    assert_true(isfinite(value));
    stage->said[why]++;
    if (subject == 0 || subject >= VG_SUBJECT_THING) {
        stage->why = why;
        stage->value = value;
    }
    stage->of_things += subject >= VG_SUBJECT_THING;
    stage->of_tracks += subject > 0 && subject < VG_SUBJECT_THING;
    if (subject >= VG_SUBJECT_THING)
        return;
    assert_true(subject <= STAGE_TRACKS);
    stage->told[subject] = (struct stage_word){why, value};
}

static int is_sound(struct vg_box box)
{
    return isfinite(box.left) && isfinite(box.top) && isfinite(box.width) && isfinite(box.height);
}

/* Nothing that goes into an alert, or to the detector, is infinite or no number. */
static void check_numbers(const struct vg_watch_output *output)
{
    for (uint32_t i = 0; i < output->sighting_count; i++) {
        const struct vg_sighting *sighting = &output->sighting[i];
        assert_true(isfinite(sighting->score) && isfinite(sighting->count));
        for (uint32_t k = 0; k < sighting->box_count; k++)
            assert_true(is_sound(sighting->box[k].box) && isfinite(sighting->box[k].score));
    }
    for (uint32_t i = 0; i < output->measure_count; i++)
        assert_true(isfinite(output->measure[i].value));
    for (uint32_t i = 0; i < output->wish_count; i++)
        assert_true(is_sound(output->wish[i].region) && isfinite(output->wish[i].worth));
}

uint32_t stage_look(struct stage *stage, const struct vg_maps *maps)
{
    const struct vg_explainer explainer = {hear, stage};
    const struct vg_track *list[STAGE_TRACKS];
    for (uint32_t i = 0; i < stage->track_count; i++)
        list[i] = &stage->track[i];
    stage->maps.time.us = stage->maps.learnt_us = stage->now_us;
    const struct vg_watch_input input = {.tracks = list,
                                         .track_count = stage->track_count,
                                         .width = stage->settings.width,
                                         .height = stage->settings.height,
                                         .time = {stage->now_us},
                                         .explainer = &explainer,
                                         .maps = maps,
                                         .detections = stage->seen,
                                         .detection_count = stage->seen_count,
                                         .known = stage->known,
                                         .looks = stage->look,
                                         .look_count = stage->look_count};
    memset(stage->said, 0, sizeof stage->said);
    stage->of_things = stage->of_tracks = 0;
    vg_alloc_seal();
    vg_watcher_step(stage->watcher, &input, &stage->output);
    vg_alloc_unseal();
    check_numbers(&stage->output);
    stage->wishes += stage->output.wish_count;
    stage->now_us += stage->settings.step_us;
    stage->seen_count = stage->look_count = 0;
    return stage->output.sighting_count;
}
