/* docs/schemas/scene.json says the same as the reader: keys, enumerations, what is required,
 * bounds and defaults. Bounds are tried on the reader itself, just inside and just outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/class.h"
#include "src/scene/scene.h"
#include "src/scene/scene_keys.h"
#include "tests/shared_data.h"

static int load(void **state)
{
    char path[1024];
    json_error_t error;
    vg_source_path("docs/schemas/scene.json", path, sizeof path);
    *state = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    return *state ? 0 : -1;
}

static int unload(void **state)
{
    json_decref(*state);
    return 0;
}

/* The value that "a/b/c" leads to. */
static json_t *at(json_t *value, const char *path)
{
    char key[64];
    while (value && *path) {
        const size_t length = strcspn(path, "/");
        (void)snprintf(key, sizeof key, "%.*s", (int)(length < 60 ? length : 60), path);
        value = json_object_get(value, key);
        path += length + (path[length] == '/');
    }
    return value;
}

static bool in_list(const char *const *words, const char *word)
{
    for (; *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

static void keys_are_those_of_the_reader(void **state)
{
    static const struct {
        const char *place; /* of the object in the schema */
        const char *const *keys;
    } rows[] = {
        {"", vg_scene_keys_top},
        {"$defs/mask", vg_scene_keys_mask},
        {"$defs/zone", vg_scene_keys_zone},
        {"$defs/line", vg_scene_keys_line},
        {"$defs/calibration", vg_scene_keys_calibration},
        {"$defs/ground", vg_scene_keys_ground},
        {"$defs/person", vg_scene_keys_person},
        {"$defs/rule", vg_scene_keys_rule},
        {"$defs/calendar", vg_scene_keys_calendar},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *object = at(*state, rows[i].place);
        json_t *properties = json_object_get(object, "properties");
        assert_true(json_is_false(json_object_get(object, "additionalProperties")));
        size_t count = 0;
        for (; rows[i].keys[count]; count++)
            if (!json_object_get(properties, rows[i].keys[count]))
                fail_msg("%s lacks %s", rows[i].place, rows[i].keys[count]);
        assert_int_equal(json_object_size(properties), count);
    }
}

/* A part has the keys of a rule but those of the whole, and its own. */
static void keys_of_a_part_are_those_of_the_reader(void **state)
{
    json_t *object = at(*state, "$defs/part");
    json_t *properties = json_object_get(object, "properties");
    assert_true(json_is_false(json_object_get(object, "additionalProperties")));
    size_t count = 0;
    for (size_t i = 0; vg_scene_keys_part[i]; i++, count++)
        assert_non_null(json_object_get(properties, vg_scene_keys_part[i]));
    for (size_t i = 0; vg_scene_keys_rule[i]; i++) {
        if (in_list(vg_scene_keys_whole, vg_scene_keys_rule[i]))
            continue;
        assert_non_null(json_object_get(properties, vg_scene_keys_rule[i]));
        count++;
    }
    assert_int_equal(json_object_size(properties), count);
}

static void check_words(json_t *list, const char *const *words)
{
    size_t count = 0;
    while (words[count])
        count++;
    assert_int_equal(json_array_size(list), count);
    for (size_t i = 0; i < count; i++)
        assert_true(in_list(words, json_string_value(json_array_get(list, i))));
}

static void words_are_those_of_the_reader(void **state)
{
    const char *events[VG_EVENT_COUNT + 1] = {NULL}, *classes[VG_CLASS_COUNT + 1] = {NULL};
    for (int i = 0; i < VG_EVENT_COUNT; i++)
        events[i] = vg_event_name((enum vg_event)i);
    for (int i = 0; i < VG_CLASS_COUNT; i++)
        classes[i] = vg_class_name((enum vg_class)i);
    check_words(at(*state, "$defs/rule/properties/event/enum"), events);
    check_words(at(*state, "$defs/rule/properties/classes/items/enum"), classes);
    check_words(at(*state, "$defs/rule/properties/severity/enum"), vg_scene_severities);
    check_words(at(*state, "$defs/rule/properties/direction/enum"), vg_scene_sides);
    check_words(at(*state, "$defs/calendar/properties/days/items/enum"), vg_scene_days);
    check_words(at(*state, "$defs/calendar/properties/holidays_region/enum"), vg_scene_regions);
}

static void sizes_are_those_of_the_reader(void **state)
{
    static const struct {
        const char *place;
        int64_t want;
    } rows[] = {
        {"properties/masks/maxItems", VG_SCENE_PLACES_MAX},
        {"properties/zones/maxItems", VG_SCENE_PLACES_MAX},
        {"properties/lines/maxItems", VG_SCENE_PLACES_MAX},
        {"properties/rules/maxItems", VG_SCENE_GIVEN_MAX},
        {"properties/name/maxLength", VG_SCENE_LABEL_SIZE - 1},
        {"$defs/parts/maxItems", VG_SCENE_PARTS_MAX},
        {"$defs/part/properties/then/maxItems", VG_SCENE_PARTS_MAX},
        {"$defs/id/maxLength", VG_SCENE_ID_SIZE - 1},
        {"$defs/label/maxLength", VG_SCENE_LABEL_SIZE - 1},
        {"$defs/polygon/minItems", 3},
        {"$defs/calibration/properties/ground/maxItems", VG_TERRAIN_POINTS_MAX},
        {"$defs/calibration/properties/persons/maxItems", VG_TERRAIN_PERSONS_MAX},
        {"$defs/polygon/maxItems", VG_SCENE_CORNERS_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(json_integer_value(at(*state, rows[i].place)), rows[i].want);
}

/* ---- tried on the reader ------------------------------------------------------------------ */

/* A density rule with everything that is required and no more. */
static json_t *least_scene(void)
{
    return json_pack("{s:i, s:s, s:[{s:s, s:[[i,i],[i,i],[i,i]]}], s:[{s:s, s:s, s:s, s:s, s:i}]}",
                     "version", 1, "name", "x", "zones", "id", "z", "polygon", 0, 0, 1, 0, 1, 1,
                     "rules", "id", "r", "severity", "low", "event", "density", "at", "z", "over",
                     1);
}

static json_t *rule_of(json_t *scene)
{
    return json_array_get(json_object_get(scene, "rules"), 0);
}

/* Reads the scene, taking the reference; *rule is its first rule if it is good. */
static enum vg_status read_scene(json_t *json, struct vg_rule *rule)
{
    char *text = json_dumps(json, JSON_COMPACT);
    struct vg_scene *scene;
    assert_non_null(text);
    const enum vg_status status = vg_scene_parse("x", text, strlen(text), &scene, NULL);
    if (!status && rule) {
        *rule = scene->rule[0];
        rule->text = NULL; /* gone with the scene */
    }
    vg_scene_close(&scene);
    free(text);
    json_decref(json);
    return status;
}

static void bounds_are_those_of_the_reader(void **state)
{
    static const char *const keys[] = {"min_score", "over", "hold_s", "cooldown_s"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *row = json_object_get(at(*state, "$defs/rule/properties"), keys[i]);
        const double least = json_number_value(json_object_get(row, "minimum"));
        const double most = json_number_value(json_object_get(row, "maximum"));
        const struct {
            double value;
            enum vg_status want;
        } tries[] = {
            {least, VG_OK}, {most, VG_OK}, {least - 0.001, VG_E_INPUT}, {most + 0.001, VG_E_INPUT}};
        for (size_t k = 0; k < 4; k++) {
            json_t *scene = least_scene();
            (void)json_object_set_new(rule_of(scene), keys[i], json_real(tries[k].value));
            assert_int_equal(read_scene(scene, NULL), tries[k].want);
        }
    }
}

static void defaults_are_those_of_the_reader(void **state)
{
    struct vg_rule rule;
    assert_int_equal(read_scene(least_scene(), &rule), VG_OK);
    json_t *row = at(*state, "$defs/rule/properties");
    assert_float_equal(rule.min_score, json_number_value(at(row, "min_score/default")), 1e-6);
    assert_float_equal(((double)rule.cooldown_us / 1e6),
                       json_number_value(at(row, "cooldown_s/default")), 1e-6);
    assert_int_equal(rule.active, json_is_true(at(row, "active/default")));
    json_t *scene = least_scene();
    (void)json_object_set_new(rule_of(scene), "calendar", json_object());
    assert_int_equal(read_scene(scene, &rule), VG_OK);
    assert_int_equal(rule.calendar.days, 0x7f);
    assert_int_equal(rule.calendar.from_min, 0);
    assert_int_equal(rule.calendar.to_min, 1440);
    assert_int_equal(rule.calendar.holidays,
                     json_is_true(at(*state, "$defs/calendar/properties/holidays/default")));
}

static void what_is_required_is_missed(void **state)
{
    static const struct {
        const char *place, *holder; /* in the schema; key of the list in a scene, NULL: the top */
    } rows[] = {
        {"required", NULL}, {"$defs/zone/required", "zones"}, {"$defs/rule/required", "rules"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t index;
        json_t *key;
        json_array_foreach(at(*state, rows[i].place), index, key)
        {
            json_t *scene = least_scene();
            json_t *object =
                rows[i].holder ? json_array_get(json_object_get(scene, rows[i].holder), 0) : scene;
            assert_int_equal(json_object_del(object, json_string_value(key)), 0);
            assert_int_equal(read_scene(scene, NULL), VG_E_INPUT);
        }
        assert_true(index >= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_the_reader),
        cmocka_unit_test(keys_of_a_part_are_those_of_the_reader),
        cmocka_unit_test(words_are_those_of_the_reader),
        cmocka_unit_test(sizes_are_those_of_the_reader),
        cmocka_unit_test(bounds_are_those_of_the_reader),
        cmocka_unit_test(defaults_are_those_of_the_reader),
        cmocka_unit_test(what_is_required_is_missed),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
