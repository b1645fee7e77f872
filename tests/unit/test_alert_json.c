/* The Alert JSON: the contract's members in its order, rounded, null where batch knows nothing;
 * keys and ids that follow from what they name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/alerts/alert_json.h"

static char rule_text[] = "{\"id\":\"r1\",\"event\":\"crossing\",\"at\":\"portique\","
                          "\"min_score\":0.4}";

static struct vg_scene *make_scene(void)
{
    struct vg_scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->place_count = 1;
    scene->rule_count = 2;
    (void)snprintf(scene->place[0].id, sizeof scene->place[0].id, "portique");
    (void)snprintf(scene->rule[0].id, sizeof scene->rule[0].id, "r1");
    (void)snprintf(scene->rule[1].id, sizeof scene->rule[1].id, "r2");
    scene->rule[0].text = rule_text;
    return scene;
}

static struct vg_alert make_alert(void)
{
    struct vg_alert alert = {.rule = 0,
                             .event = VG_EVENT_CROSSING,
                             .severity = VG_SEVERITY_HIGH,
                             .place = 0,
                             .media = {12480400},
                             .onset = {12480400},
                             .sequence = 1,
                             .score = 0.83F,
                             .box_count = 1};
    alert.box[0] = (struct vg_sighting_box){.track = 17,
                                            .class_id = VG_CLASS_PERSON,
                                            .score = 0.83F,
                                            .box = {288.64F, 184.32F, 35.2F, 103.68F}};
    return alert;
}

static struct vg_alert_context make_context(void)
{
    return (struct vg_alert_context){.id = "01J0000000000000000000000A",
                                     .flux = "cam-3",
                                     .node = "a1",
                                     .software = "1.0.0",
                                     .model = "nanodet-g@sha256:00",
                                     .plan = "p",
                                     .phase = "operational",
                                     .wall_known = true,
                                     .wall = {INT64_C(1795252530120000)},
                                     .width = 704,
                                     .height = 576,
                                     .has_picture = true,
                                     .latency_ms = 212};
}

static void test_whole(void **state)
{
    struct vg_scene *scene = make_scene();
    const struct vg_alert alert = make_alert();
    const struct vg_alert_context context = make_context();
    char text[VG_ALERT_JSON_MAX], key[VG_ALERT_KEY_TEXT], expected[1024];
    size_t size = 0;
    (void)state;
    assert_int_equal(vg_alert_json(&alert, scene, &context, text, sizeof text, &size, key), VG_OK);
    (void)snprintf(
        expected, sizeof expected,
        "{\"id\":\"01J0000000000000000000000A\",\"key\":\"%s\",\"flux\":\"cam-3\","
        "\"event\":\"crossing\",\"rule\":\"r1\",\"severity\":\"high\","
        "\"time\":\"2026-11-21T10:15:30.120+01:00\",\"media_s\":12.48,\"score\":0.83,"
        "\"place\":\"portique\",\"boxes\":[{\"track\":17,\"class\":\"person\",\"score\":0.83,"
        "\"box\":[0.41,0.32,0.05,0.18]}],\"evidence\":{\"picture\":true,\"clip\":false},"
        "\"rule_as_it_was\":{\"id\":\"r1\",\"event\":\"crossing\",\"at\":\"portique\","
        "\"min_score\":0.4},\"measures\":{},\"state\":\"new\",\"verdict\":null,"
        "\"phase\":\"operational\",\"node\":\"a1\",\"latency_ms\":212,\"software\":\"1.0.0\","
        "\"model\":\"nanodet-g@sha256:00\",\"plan\":\"p\"}",
        key);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(text));
    assert_int_equal(strlen(key), 32);

    /* a buffer too small is said, not overrun */
    char small[100];
    memset(small, '#', sizeof small);
    assert_int_equal(vg_alert_json(&alert, scene, &context, small, 50, &size, key), VG_E_FULL);
    assert_int_equal(small[50], '#');
    assert_int_equal(size, 0);
    free(scene);
}

static void test_batch(void **state)
{
    struct vg_scene *scene = make_scene();
    struct vg_alert alert = make_alert();
    struct vg_alert_context context = make_context();
    char text[VG_ALERT_JSON_MAX], key[VG_ALERT_KEY_TEXT];
    size_t size = 0;
    (void)state;
    context.node = NULL;
    context.plan = NULL;
    context.wall_known = false;
    context.latency_ms = -1;
    alert.place = -1;
    alert.event = VG_EVENT_DENSITY;
    alert.count = 13;
    alert.box[0].track = 0;
    alert.box[0].box = (struct vg_box){-10, -10, 2000, 2000}; /* beyond the picture: clipped */
    assert_int_equal(vg_alert_json(&alert, scene, &context, text, sizeof text, &size, key), VG_OK);
    json_t *root = json_loads(text, 0, NULL);
    static const char *const nulls[] = {"node", "plan", "time", "latency_ms", "place", "verdict"};
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        assert_true(json_is_null(json_object_get(root, nulls[i])));
    assert_non_null(strstr(text, "\"measures\":{\"count\":13.0}"));
    assert_non_null(strstr(text, "{\"track\":null,"));
    assert_non_null(strstr(text, "\"box\":[0.0,0.0,1.0,1.0]"));
    json_decref(root);
    context.flux = "caf\xe9"; /* Latin-1: not UTF-8 */
    assert_int_equal(vg_alert_json(&alert, scene, &context, text, sizeof text, &size, key),
                     VG_E_INPUT);
    free(scene);
}

/* A composed rule: the rules it names as they were, and its parts with their times. */
static void test_parts(void **state)
{
    struct vg_scene *scene = make_scene();
    struct vg_alert alert = make_alert();
    const struct vg_alert_context context = make_context();
    static char text_of_it[] = "{\"id\":\"r2\",\"when\":{}}";
    char text[VG_ALERT_JSON_MAX], key[VG_ALERT_KEY_TEXT];
    size_t size = 0;
    (void)state;
    scene->rule_count = 3;
    scene->rule[0].event = VG_EVENT_CROSSING;
    scene->rule[1].text = text_of_it;
    scene->rule[1].event = VG_EVENT_NONE;
    scene->rule[2] = (struct vg_rule){.hidden = true, .event = VG_EVENT_DENSITY, .place = -1};
    alert.rule = 1;
    alert.event = VG_EVENT_DENSITY;
    alert.count = 13;
    alert.part_count = 3;
    alert.part[0] = (struct vg_alert_part){0, 0.83f, {8000000}, {8999600}};
    alert.part[1] = (struct vg_alert_part){2, 0.5f, {12000000}, {12480400}};
    alert.part[2] = alert.part[0];
    assert_int_equal(vg_alert_json(&alert, scene, &context, text, sizeof text, &size, key), VG_OK);
    assert_non_null(strstr(text, "\"event\":\"density\",\"rule\":\"r2\""));
    assert_non_null(
        strstr(text, "\"rule_as_it_was\":{\"id\":\"r2\",\"when\":{},\"parts\":[{\"id\":\"r1\","
                     "\"event\":\"crossing\",\"at\":\"portique\",\"min_score\":0.4}]}"));
    assert_non_null(strstr(text,
                           "\"measures\":{\"parts\":[{\"rule\":\"r1\",\"event\":\"crossing\","
                           "\"place\":\"portique\",\"score\":0.83,\"from_s\":8.0,\"to_s\":9.0},"
                           "{\"rule\":null,\"event\":\"density\",\"place\":null,\"score\":0.5,"
                           "\"from_s\":12.0,\"to_s\":12.48},"));
    assert_non_null(strstr(text, "\"count\":13.0"));
    free(scene);
}

/* The longest texts that the scene reader lets pass: room is kept for all the rest. */
static void test_longest_rules_fit(void **state)
{
    struct vg_scene *scene = make_scene();
    struct vg_alert alert = make_alert();
    const struct vg_alert_context context = make_context();
    static char text[VG_ALERT_JSON_MAX], key[VG_ALERT_KEY_TEXT], longest[VG_RULE_TEXT_MAX + 1];
    size_t size = 0;
    (void)state;
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "{\"id\":\"", 7);
    memcpy(longest + sizeof longest - 3, "\"}", 3);
    scene->rule_count = 2 + VG_ALERT_PARTS_MAX;
    alert.part_count = VG_ALERT_PARTS_MAX;
    for (uint32_t i = 0; i < scene->rule_count; i++) {
        struct vg_rule *rule = &scene->rule[i];
        rule->text = longest;
        rule->event = VG_EVENT_ABANDONED_OBJECT;
        memset(rule->id, '"', sizeof rule->id - 1); /* two bytes each in JSON */
    }
    memset(scene->place[0].id, '\\', sizeof scene->place[0].id - 1);
    for (uint32_t i = 0; i < VG_ALERT_PARTS_MAX; i++)
        alert.part[i] = (struct vg_alert_part){2 + i, 0.12345f, {INT64_MAX / 2}, {INT64_MAX / 2}};
    alert.box_count = VG_SIGHTING_BOXES_MAX;
    for (uint32_t i = 0; i < alert.box_count; i++)
        alert.box[i] = (struct vg_sighting_box){.track = UINT32_MAX - i,
                                                .class_id = VG_CLASS_MOTORCYCLE,
                                                .score = 0.33333F,
                                                .box = {123.456F, 234.567F, 34.5678F, 45.6789F}};
    assert_int_equal(vg_alert_json(&alert, scene, &context, text, sizeof text, &size, key), VG_OK);
    assert_true(size > 2 * VG_RULE_TEXT_MAX && size < VG_ALERT_JSON_MAX * 7 / 8);
    free(scene);
}

static void test_largest_fits(void **state)
{
    struct vg_scene *scene = make_scene();
    struct vg_alert alert = make_alert();
    const struct vg_alert_context context = make_context();
    char text[VG_ALERT_JSON_MAX], key[VG_ALERT_KEY_TEXT];
    size_t size = 0;
    (void)state;
    alert.box_count = VG_SIGHTING_BOXES_MAX;
    for (uint32_t i = 0; i < alert.box_count; i++)
        alert.box[i] = (struct vg_sighting_box){.track = UINT32_MAX - i,
                                                .class_id = VG_CLASS_MOTORCYCLE,
                                                .score = 0.33333F,
                                                .box = {123.456F, 234.567F, 34.5678F, 45.6789F}};
    assert_int_equal(vg_alert_json(&alert, scene, &context, text, sizeof text, &size, key), VG_OK);
    assert_true(size < VG_ALERT_JSON_MAX / 2);
    free(scene);
}

/* Same flux, rule and onset: same key; anything else: another. */
static void test_key(void **state)
{
    struct vg_scene *scene = make_scene();
    const struct vg_alert_context base = make_context();
    char first[VG_ALERT_KEY_TEXT], key[VG_ALERT_KEY_TEXT];
    struct row {
        const char *name, *flux;
        uint32_t rule;
        int64_t media_us, onset_us, wall_us; /* wall: of the picture that raised it */
        int same;                            /* as the row before */
    };
    static const struct row rows[] = {
        {"a passage", "cam-3", 0, 5000000, 5000000, 1000000000, 0},
        {"media time starts anew", "cam-3", 0, 1000000, 1000000, 1000000000, 1},
        {"a millisecond later", "cam-3", 0, 1000000, 1000000, 1000001000, 0},
        {"another rule", "cam-3", 1, 1000000, 1000000, 1000001000, 0},
        {"another flux", "cam-33", 1, 1000000, 1000000, 1000001000, 0},
        {"held for 2 s", "cam-3", 0, 9000000, 7000000, 1002000000, 0},
        {"raised again later", "cam-3", 0, 19000000, 7000000, 1012000000, 1},
        {"after a restart", "cam-3", 0, 3000000, -10000000, 1013000000, 1},
        {"held from another onset", "cam-3", 0, 3000000, 1000000, 1013000000, 0},
    };
    (void)state;
    first[0] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_alert alert = make_alert();
        struct vg_alert_context context = base;
        alert.rule = rows[i].rule;
        alert.media.us = rows[i].media_us;
        alert.onset.us = rows[i].onset_us;
        alert.sequence = i; /* does not count */
        context.flux = rows[i].flux;
        context.wall.us = rows[i].wall_us;
        alert.onset_wall.us = rows[i].wall_us - (rows[i].media_us - rows[i].onset_us);
        context.id = i % 2 ? "x" : "y"; /* nor does this */
        vg_alert_key(&alert, scene, &context, key);
        if ((strcmp(first, key) == 0) != (rows[i].same != 0))
            fail_msg("%s", rows[i].name);
        memcpy(first, key, sizeof first);
    }
    /* batch: by media time */
    struct vg_alert alert = make_alert();
    struct vg_alert_context context = base;
    context.wall_known = false;
    vg_alert_key(&alert, scene, &context, first);
    context.wall.us++;
    vg_alert_key(&alert, scene, &context, key);
    assert_string_equal(key, first);
    alert.onset.us++;
    vg_alert_key(&alert, scene, &context, key);
    assert_string_not_equal(key, first);
    free(scene);
}

static void test_batch_id(void **state)
{
    struct vg_scene *scene = make_scene();
    struct vg_alert alert = make_alert();
    uint8_t clip[VG_SHA256_BYTES] = {1, 2, 3};
    char first[VG_ULID_TEXT], id[VG_ULID_TEXT];
    (void)state;
    vg_alert_batch_id(clip, &alert, scene, first);
    assert_int_equal(strlen(first), 26);
    vg_alert_batch_id(clip, &alert, scene, id);
    assert_string_equal(id, first);
    alert.sequence++;
    vg_alert_batch_id(clip, &alert, scene, id);
    assert_string_not_equal(id, first);
    alert.sequence--;
    alert.rule = 1;
    vg_alert_batch_id(clip, &alert, scene, id);
    assert_string_not_equal(id, first);
    alert.rule = 0;
    clip[31] = 1;
    vg_alert_batch_id(clip, &alert, scene, id);
    assert_string_not_equal(id, first);
    alert.media.us += 1000;
    vg_alert_batch_id(clip, &alert, scene, id);
    assert_true(strcmp(id, first) > 0); /* later sorts later */
    free(scene);
}

static void test_model_text(void **state)
{
    (void)state;
    struct vg_model *model = calloc(1, sizeof *model);
    char text[VG_ALERT_MODEL_TEXT];
    assert_non_null(model);
    memset(model->name, 'n', sizeof model->name - 1); /* the longest fits */
    vg_alert_model_text(model, "int8", text);
    assert_int_equal(strlen(text), VG_MODEL_NAME_SIZE - 1 + 8 + 64 + 5);
    (void)snprintf(model->name, sizeof model->name, "nanodet-g");
    memset(model->digest, 0xab, 2);
    vg_alert_model_text(model, "f32", text);
    assert_memory_equal(text, "nanodet-g@sha256:abab0000", 25);
    assert_int_equal(strlen(text), 9 + 8 + 64);
    vg_alert_model_text(model, "int8", text);
    assert_string_equal(text + 9 + 8 + 64, "/int8");
    free(model);
}

int main(void)
{
    (void)setenv("TZ", "CET-1", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_largest_fits), cmocka_unit_test(test_key),
        cmocka_unit_test(test_parts),        cmocka_unit_test(test_longest_rules_fit),
        cmocka_unit_test(test_batch_id),     cmocka_unit_test(test_model_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
