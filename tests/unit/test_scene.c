/* Scenes good and bad. tests/scenes/bad/NAME.json is refused with exactly the words of
 * NAME.expect; tests/scenes/good/NAME.json is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/scene/scene.h"
#include "tests/shared_data.h"

#define PATH_SIZE 1024

/* Parses the file under its bare name, so that messages hold no path. */
static enum vg_status parse(const char *folder, const char *name, struct vg_scene **scene,
                            char *message, size_t size)
{
    char inside[512], path[PATH_SIZE];
    uint8_t *data;
    size_t bytes;
    struct vg_fault fault = {0};
    (void)snprintf(inside, sizeof inside, "tests/scenes/%s/%s", folder, name);
    vg_source_path(inside, path, sizeof path);
    assert_int_equal(vg_file_read(path, VG_SCENE_TEXT_MAX, &data, &bytes, NULL), VG_OK);
    const enum vg_status status = vg_scene_parse(name, (const char *)data, bytes, scene, &fault);
    vg_free(data);
    message[0] = '\0';
    if (status)
        vg_fault_text(&fault, message, size);
    return status;
}

static void expected(const char *name, char *text, size_t size)
{
    char stem[200], inside[512], path[PATH_SIZE];
    (void)snprintf(stem, sizeof stem, "%s", name);
    stem[strcspn(stem, ".")] = '\0';
    (void)snprintf(inside, sizeof inside, "tests/scenes/bad/%s.expect", stem);
    vg_source_path(inside, path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("no %s", path);
    if (!fgets(text, (int)size, file))
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    (void)fclose(file);
}

/* Calls `check` for each .json of the folder and returns how many there were. */
static int each(const char *folder, void (*check)(const char *name))
{
    char inside[64], path[PATH_SIZE];
    (void)snprintf(inside, sizeof inside, "tests/scenes/%s", folder);
    vg_source_path(inside, path, sizeof path);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int count = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        const size_t length = strlen(e->d_name);
        if (length < 6 || strcmp(e->d_name + length - 5, ".json") != 0)
            continue;
        check(e->d_name);
        count++;
    }
    (void)closedir(dir);
    return count;
}

static void check_bad(const char *name)
{
    char message[2048], want[2048];
    struct vg_scene *scene = NULL;
    const enum vg_status status = parse("bad", name, &scene, message, sizeof message);
    if (getenv("VIGIE_PRINT_MESSAGES"))
        (void)printf("%s\t%s\n", name, message);
    assert_null(scene);
    assert_int_equal(status, VG_E_INPUT);
    expected(name, want, sizeof want);
    assert_string_equal(message, want);
}

static void bad_scenes_are_refused_word_for_word(void **state)
{
    (void)state;
    assert_true(each("bad", check_bad) > 80);
}

static void check_good(const char *name)
{
    char message[2048];
    struct vg_scene *scene = NULL;
    const enum vg_status status = parse("good", name, &scene, message, sizeof message);
    if (status)
        fail_msg("%s: %s", name, message);
    for (uint32_t i = 0; i < scene->rule_count; i++) {
        char text[1024];
        vg_scene_explain_rule(scene, &scene->rule[i], text, sizeof text);
        assert_int_equal(text[strlen(text) - 1], '.');
        assert_non_null(strstr(text, scene->rule[i].id));
    }
    vg_scene_close(&scene);
    assert_null(scene);
}

static void good_scenes_are_read(void **state)
{
    (void)state;
    assert_true(each("good", check_good) >= 5);
}

static struct vg_scene *read_good(const char *name)
{
    char message[2048];
    struct vg_scene *scene = NULL;
    if (parse("good", name, &scene, message, sizeof message))
        fail_msg("%s", message);
    return scene;
}

static void the_contract_example_is_understood(void **state)
{
    (void)state;
    struct vg_scene *scene = read_good("contract.json");
    assert_string_equal(scene->name, "Parvis nord");
    assert_int_equal(scene->place_count, 3);
    assert_int_equal(scene->terrain.point_count, 1);
    const struct vg_place *quai = &scene->place[1];
    assert_int_equal(quai->kind, VG_PLACE_ZONE);
    assert_string_equal(quai->id, "quai");
    assert_string_equal(quai->label, "Quai");
    assert_true(quai->directed);
    assert_float_equal(quai->direction.x, 1, 0);
    assert_string_equal(vg_scene_place_name(scene, 1), "Quai");
    assert_string_equal(vg_scene_place_name(scene, 2), "portique");
    assert_string_equal(vg_scene_place_name(scene, -1), "");

    const struct vg_rule *r1 = &scene->rule[0];
    assert_int_equal(r1->event, VG_EVENT_CROSSING);
    assert_int_equal(r1->place, 2);
    assert_int_equal(r1->direction, VG_SIDE_LEFT);
    assert_int_equal(r1->classes, 1u << VG_CLASS_PERSON);
    assert_float_equal(r1->min_score, 0.4, 1e-6);
    assert_int_equal(r1->hold_us, 0);
    assert_int_equal(r1->cooldown_us, 20 * VG_US_PER_S);
    assert_int_equal(r1->severity, VG_SEVERITY_HIGH);
    assert_true(r1->calendar.given);
    assert_int_equal(r1->calendar.days, 3);
    assert_int_equal(r1->calendar.from_min, 480);
    assert_int_equal(r1->calendar.to_min, 1200);
    assert_false(r1->calendar.holidays);
    assert_non_null(strstr(r1->text, "{\"id\":\"r1\",\"event\":\"crossing\",\"at\":\"portique\""));

    const struct vg_rule *r2 = &scene->rule[1];
    assert_float_equal(r2->over, 12, 0);
    assert_false(scene->rule[2].active);
    assert_float_equal(vg_scene_floor_fps(scene), 4, 0);
    vg_scene_close(&scene);
}

static void absent_keys_take_the_contract_defaults(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[1,0],[1,1]],"
        "\"direction\":[0,-2]}],\"lines\":[{\"id\":\"l\",\"points\":[[0,0],[1,1]]}],\"rules\":["
        "{\"id\":\"a\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\"},"
        "{\"id\":\"b\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\"},"
        "{\"id\":\"c\",\"severity\":\"low\",\"event\":\"wrong_way\",\"at\":\"z\"},"
        "{\"id\":\"d\",\"severity\":\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":0}]}";
    static const int64_t hold_us[] = {0, VG_US_PER_S, VG_US_PER_S, VG_US_PER_S};
    struct vg_scene *scene;
    assert_int_equal(vg_scene_parse("x", text, strlen(text), &scene, NULL), VG_OK);
    assert_int_equal(scene->rule_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        const struct vg_rule *rule = &scene->rule[i];
        assert_int_equal(rule->hold_us, hold_us[i]);
        assert_int_equal(rule->cooldown_us, 20 * VG_US_PER_S);
        assert_float_equal(rule->min_score, 0.35, 1e-6);
        assert_int_equal(rule->classes, VG_CLASS_SET_MOVING);
        assert_true(rule->active);
        assert_false(rule->calendar.given);
        assert_int_equal(rule->direction, VG_SIDE_NONE);
    }
    vg_scene_close(&scene);
}

static void a_rule_is_one_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        uint32_t rule;
        const char *want;
    } rows[] = {
        {"contract.json", 0,
         "Rule r1 raises an alert of high severity as soon as an object (person) crosses the line "
         "\"portique\" towards its left, Monday, Tuesday from 08:00 to 20:00 except on public "
         "holidays, with a score of at least 0.4, at most once every 20 s."},
        {"contract.json", 1,
         "Rule r2 raises an alert of medium severity when more than 12 objects (person or "
         "vehicle) are in the zone \"Quai\" for at least 1 s, at any time, with a score of at "
         "least 0.35, at most once every 20 s."},
        {"contract.json", 2,
         "Rule r3 raises an alert of low severity when an object (person or vehicle) moves "
         "against the way of the zone \"Quai\" for at least 1 s, at any time, with a score of at "
         "least 0.35, at most once every 20 s; the rule is switched off."},
        {"calendar_midnight.json", 0,
         "Rule nuit raises an alert of medium severity as soon as an object (person or vehicle) "
         "crosses the line \"Grille « nord »\" in either direction, every day from 22:00 to "
         "06:00, with a score of at least 0.35, at most once every 20 s."},
        {"corners_64.json", 0,
         "Rule r raises an alert of low severity when an object (person or vehicle) is in the "
         "zone \"z\" for at least 1 s, at any time, with a score of at least 0.35, at most once "
         "every 20 s."},
        {"composed.json", 1,
         "Rule r2 raises an alert of medium severity as soon as (rule r1 holds and then, within "
         "10 s, more than 12 objects (person or vehicle) are in the zone \"Quai\" for at least 1 "
         "s), at any time, at most once every 20 s."},
        {"composed.json", 2,
         "Rule jour raises an alert of low severity when ((more than 3 objects (person or vehicle) "
         "are in the zone \"Quai\" for at least 1 s and it is outside of these hours: every day "
         "from 08:00 to 20:00) or (rule r2 holds and then, within 30 s, an object (person or "
         "vehicle) is in the zone \"Quai\" for at least 4 s), unless an object (car) moves against "
         "the way of the zone \"Quai\" for at least 1 s or did in the last 30 s) for at least 2 s, "
         "Saturday; the rule is switched off."},
        {"composed.json", 3,
         "Rule r4 raises an alert of low severity as soon as rule r1 holds, unless rule jour holds "
         "or did in the last 5 s, at any time, at most once every 20 s."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_scene *scene = read_good(rows[i].file);
        char text[1024];
        vg_scene_explain_rule(scene, &scene->rule[rows[i].rule], text, sizeof text);
        assert_string_equal(text, rows[i].want);
        for (size_t size = 1; size < 300; size++) { /* cut, never beyond its room */
            char *small = vg_alloc(size);
            vg_scene_explain_rule(scene, &scene->rule[rows[i].rule], small, size);
            assert_int_equal(strlen(small), size - 1 < strlen(text) ? size - 1 : strlen(text));
            vg_free(small);
        }
        vg_scene_close(&scene);
    }
}

/* All eight, whatever this version watches, in a zone and in the whole picture. */
static void each_event_has_its_sentence(void **state)
{
    (void)state;
    static const struct {
        enum vg_event event;
        const char *zone, *picture;
    } events[] = {
        {VG_EVENT_WRONG_WAY, "an object (person or vehicle) moves against the way of the zone",
         NULL},
        {VG_EVENT_CROSSING, "an object (person or vehicle) is in the zone", NULL},
        {VG_EVENT_CROWD_MOVEMENT, "a crowd moves as it usually does not in the zone",
         "a crowd moves as it usually does not for"},
        {VG_EVENT_DENSITY, "more than 12 objects (person or vehicle) are in the zone", NULL},
        {VG_EVENT_ABANDONED_OBJECT, "an object is left behind in the zone",
         "an object is left behind for"},
        {VG_EVENT_WEAPON, "a weapon is seen in the zone", "a weapon is seen for"},
        {VG_EVENT_PERSON_DOWN, "a person lies on the ground in the zone",
         "a person lies on the ground for"},
        {VG_EVENT_FIRE, "a fire starts in the zone", "a fire starts for"},
    };
    struct vg_scene *scene = read_good("contract.json");
    struct vg_rule *rule = &scene->rule[1];
    char text[1024];
    for (size_t i = 0; i < VG_EVENT_COUNT; i++) {
        rule->event = events[i].event;
        rule->place = 1;
        vg_scene_explain_rule(scene, rule, text, sizeof text);
        assert_non_null(strstr(text, events[i].zone));
        assert_non_null(strstr(text, "Quai"));
        rule->place = -1;
        vg_scene_explain_rule(scene, rule, text, sizeof text);
        if (events[i].picture)
            assert_non_null(strstr(text, events[i].picture));
    }
    rule->event = VG_EVENT_WEAPON;
    rule->classes = 1u << VG_CLASS_KNIFE;
    vg_scene_explain_rule(scene, rule, text, sizeof text);
    assert_non_null(strstr(text, "a weapon or a knife is seen for"));
    vg_scene_close(&scene);
}

static void a_mask_may_hide_from_some_events_only(void **state)
{
    (void)state;
    struct vg_scene *scene = read_good("composed.json");
    const struct vg_point in = {0.15f, 0.05f}, out = {0.5f, 0.5f};
    const uint32_t both = 1u << VG_EVENT_PERSON_DOWN | 1u << VG_EVENT_ABANDONED_OBJECT;
    char text[256];
    for (int e = 0; e < VG_EVENT_COUNT; e++) {
        assert_int_equal(vg_scene_masked(scene, (enum vg_event)e, in), both >> e & 1);
        assert_false(vg_scene_masked(scene, (enum vg_event)e, out));
    }
    assert_false(vg_scene_masked(scene, VG_EVENT_NONE, in));
    assert_int_equal(vg_scene_masks_at(scene, in), both);
    vg_scene_explain_mask(scene, 0, text, sizeof text);
    assert_string_equal(text,
                        "The mask \"lit\" hides from the rules on: Abandoned object, Person down.");
    scene->place[0].events = 0;
    assert_int_equal(vg_scene_masks_at(scene, in), (1u << VG_EVENT_COUNT) - 1);
    vg_scene_explain_mask(scene, 0, text, sizeof text);
    assert_string_equal(text, "The mask \"lit\" hides from all rules.");
    vg_scene_close(&scene);
}

static void composed_rules_are_trees_behind_the_rules(void **state)
{
    (void)state;
    struct vg_scene *scene = read_good("composed.json");
    assert_int_equal(scene->given_count, 4);
    assert_int_equal(scene->rule_count, 8);
    assert_int_equal(scene->composed_count, 3);
    for (uint32_t i = 0; i < scene->rule_count; i++) {
        assert_int_equal(scene->rule[i].hidden, i >= 4);
        assert_non_null(scene->rule[i].text);
    }
    assert_int_equal(scene->composed[0], 1); /* each after those that it names */
    assert_int_equal(scene->composed[1], 2);
    assert_int_equal(scene->composed[2], 3);
    const struct vg_rule *r2 = &scene->rule[1];
    assert_int_equal(r2->event, VG_EVENT_NONE);
    assert_int_equal(r2->place, -1);
    assert_true(r2->parts_placed);
    assert_int_equal(r2->hold_us, 0);
    assert_int_equal(r2->part_count, 3);
    const struct vg_part *then = &scene->part[r2->part_first];
    assert_int_equal(then->kind, VG_PART_THEN);
    assert_int_equal(then->within_us, 10 * VG_US_PER_S);
    assert_int_equal(then->unless, -1);
    assert_int_equal(scene->part[then->child].rule, 0);
    const struct vg_part *density = &scene->part[scene->part[then->child].next];
    assert_int_equal(density->next, -1);
    assert_int_equal(scene->rule[density->rule].event, VG_EVENT_DENSITY);
    assert_float_equal(scene->rule[density->rule].over, 12, 0);
    assert_true(scene->rule[density->rule].active);
    assert_false(scene->rule[6].active); /* as the rule that it is a part of */
    assert_int_equal(vg_scene_rule_events(scene, r2),
                     1u << VG_EVENT_CROSSING | 1u << VG_EVENT_DENSITY);
    assert_int_equal(vg_scene_rule_events(scene, &scene->rule[3]),
                     1u << VG_EVENT_CROSSING | 1u << VG_EVENT_DENSITY | 1u << VG_EVENT_WRONG_WAY);
    for (uint32_t i = 0; i < scene->composed_count; i++) { /* children behind their parents */
        const struct vg_rule *rule = &scene->rule[scene->composed[i]];
        for (uint32_t k = 0; k < rule->part_count; k++) {
            const int at = (int)(rule->part_first + k);
            const struct vg_part *part = &scene->part[at];
            assert_true(part->child < 0 || part->child > at);
            assert_true(part->unless < 0 || part->unless > at);
            assert_true(part->next < 0 || part->next > at);
        }
    }
    assert_float_equal(vg_scene_floor_fps(scene), 4, 0);
    vg_scene_close(&scene);
}

static void a_mask_covers_what_lies_in_it(void **state)
{
    (void)state;
    struct vg_scene *scene = read_good("contract.json");
    assert_true(vg_scene_masked(scene, VG_EVENT_CROSSING, (struct vg_point){0.5f, 0.05f}));
    assert_false(vg_scene_masked(scene, VG_EVENT_CROSSING,
                                 (struct vg_point){0.5f, 0.6f})); /* a zone hides nothing */
    assert_false(vg_scene_masked(scene, VG_EVENT_CROSSING, (struct vg_point){0.5f, 0.2f}));
    vg_scene_close(&scene);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct vg_scene *scene;
    struct vg_fault fault = {0};
    assert_int_equal(vg_scene_open("/nowhere/scene.json", &scene, &fault), VG_E_MISSING);
    assert_non_null(strstr(fault.place, "/nowhere/scene.json"));
}

static void a_scene_that_is_too_long_is_an_input_refused(void **state)
{
    (void)state;
    const size_t size = VG_SCENE_TEXT_MAX + 1;
    char *text = vg_alloc(size);
    struct vg_scene *scene;
    struct vg_fault fault = {0};
    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, "{\"version\":1,\"name\":\"x\"}", 24);
    assert_int_equal(vg_scene_parse("x", text, size, &scene, &fault), VG_E_INPUT);
    assert_int_equal(fault.status, VG_E_INPUT);
    assert_null(scene);
    assert_int_equal(vg_scene_parse("x", text, size - 1, &scene, &fault), VG_OK);
    vg_scene_close(&scene);
    vg_free(text);
}

/* The n-th allocation fails, n from 1 until it succeeds: no leak (ASan), no crash. */
static void no_memory_is_survived(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\":1,\"name\":\"x\",\"lines\":[{\"id\":\"l\",\"points\":[[0,0],[1,1]]}],"
        "\"rules\":[{\"id\":\"a\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\"},"
        "{\"id\":\"b\",\"severity\":\"low\",\"when\":{\"any\":[{\"rule\":\"a\"},"
        "{\"event\":\"crossing\",\"at\":\"l\"}]}}]}";
    struct vg_scene *scene = NULL;
    uint32_t n = 1;
    for (;; n++) {
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_scene_parse("x", text, strlen(text), &scene, NULL);
        if (!status)
            break;
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(scene);
    }
    vg_alloc_fail_at(0);
    assert_true(n > 2);
    vg_scene_close(&scene);
}

static void events_have_names_and_rates(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_event event;
        double fps;
    } rows[] = {
        {"wrong_way", VG_EVENT_WRONG_WAY, 4},
        {"crossing", VG_EVENT_CROSSING, 4},
        {"crowd_movement", VG_EVENT_CROWD_MOVEMENT, 4},
        {"density", VG_EVENT_DENSITY, 1},
        {"abandoned_object", VG_EVENT_ABANDONED_OBJECT, 1},
        {"weapon", VG_EVENT_WEAPON, 4},
        {"person_down", VG_EVENT_PERSON_DOWN, 4},
        {"fire", VG_EVENT_FIRE, 5},
    };
    for (size_t i = 0; i < VG_EVENT_COUNT; i++) {
        assert_int_equal(vg_event_parse(rows[i].name), rows[i].event);
        assert_string_equal(vg_event_name(rows[i].event), rows[i].name);
        assert_float_equal(vg_event_floor_fps(rows[i].event), rows[i].fps, 0);
    }
    assert_int_equal(vg_event_parse("loitering"), VG_EVENT_NONE);
    assert_string_equal(vg_event_name(VG_EVENT_NONE), "");
}

int main(void)
{
    (void)vg_text_init("en");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_scenes_are_refused_word_for_word),
        cmocka_unit_test(good_scenes_are_read),
        cmocka_unit_test(the_contract_example_is_understood),
        cmocka_unit_test(absent_keys_take_the_contract_defaults),
        cmocka_unit_test(a_rule_is_one_sentence),
        cmocka_unit_test(each_event_has_its_sentence),
        cmocka_unit_test(a_mask_may_hide_from_some_events_only),
        cmocka_unit_test(composed_rules_are_trees_behind_the_rules),
        cmocka_unit_test(a_mask_covers_what_lies_in_it),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_scene_that_is_too_long_is_an_input_refused),
        cmocka_unit_test(no_memory_is_survived),
        cmocka_unit_test(events_have_names_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
