/* The chain when its source changes: what was known in other pixels, or of another epoch, is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "models/class.h"
#include "scheduler/chain.h"
#include "src/base/clock.h"
#include "src/scene/scene.h"

#define CROWD                                                                         \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":"             \
    "[[0,0],[1,0],[1,1],[0,1]]}],\"lines\":[],\"rules\":[{\"id\":\"d\",\"severity\":" \
    "\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":1,\"hold_s\":0}]}"

/* Somebody stands in the middle of every picture: one is never two. */
static void who_is_there_in_another_size_is_not_counted_twice(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height, epoch;
    } parts[] = {{320, 240, 0}, {1280, 960, 0}, {640, 960, 0}, {640, 960, 1}, {320, 240, 1}};
    struct vg_fault fault = {0};
    struct vg_scene *scene;
    struct vg_chain *chain;
    struct vg_chain_output seen;
    int64_t now_us = 0;
    if (vg_scene_parse("x", CROWD, strlen(CROWD), &scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_int_equal(vg_chain_open(&chain, scene, VG_CHAIN_TAKES_MAPS), VG_OK);
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        for (int i = 0; i < 10; i++, now_us += VG_US_PER_S / 5) {
            const float width = (float)parts[part].width, height = (float)parts[part].height;
            const struct vg_detection person = {
                .box = {0.45f * width, 0.3f * height, 0.1f * width, 0.4f * height},
                .score = 0.9f,
                .class_id = VG_CLASS_PERSON};
            const struct vg_chain_input input = {.detections = &person,
                                                 .detection_count = 1,
                                                 .width = parts[part].width,
                                                 .height = parts[part].height,
                                                 .epoch = parts[part].epoch,
                                                 .moment = {.media = {now_us}}};
            vg_chain_track(chain, &input, &seen);
            vg_chain_judge(chain, &input, &seen);
            if (seen.alert_count != 0 || seen.track_count != 1)
                fail_msg("part %zu, picture %d: %u tracks, %u alerts", part, i, seen.track_count,
                         seen.alert_count);
        }
    vg_chain_close(&chain);
    vg_scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_there_in_another_size_is_not_counted_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
