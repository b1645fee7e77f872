/* Composed rules in the rulebook: scripts of pictures, two a second. A letter is seen by every
 * rule that looks for it: 'l' a passage of the line, 'z' somebody in the zone, 'w' somebody
 * against its way, 'b' somebody who begins to go so, 'd' a crowd in it; '.' nothing. Rule "c" is
 * the composed one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/rules/rulebook.h"
#include "src/scene/scene.h"

#define S VG_US_PER_S

/* None holds for long, none cools down: what is composed of them decides. */
#define SCENE(when, more)                                                                     \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[1,0],[1,1]]," \
    "\"direction\":[1,0]}],\"lines\":[{\"id\":\"l\",\"points\":[[0,0],[1,1]]}],\"rules\":["   \
    "{\"id\":\"c\",\"severity\":\"high\",\"cooldown_s\":0,\"when\":" when more "},"           \
    "{\"id\":\"l\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\"},"                \
    "{\"id\":\"z\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\",\"hold_s\":0},"   \
    "{\"id\":\"z1\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\",\"hold_s\":1},"  \
    "{\"id\":\"w\",\"severity\":\"low\",\"event\":\"wrong_way\",\"at\":\"z\",\"hold_s\":0},"  \
    "{\"id\":\"d\",\"severity\":\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":3,"       \
    "\"hold_s\":0},"                                                                          \
    "{\"id\":\"off\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\",\"hold_s\":0,"  \
    "\"active\":false},"                                                                      \
    "{\"id\":\"zd\",\"severity\":\"low\",\"when\":{\"all\":[{\"rule\":\"z\"},"                \
    "{\"rule\":\"d\"}]}}]}"

/* Parts of their own. */
#define Z "{\"event\":\"crossing\",\"at\":\"z\",\"hold_s\":0}"
#define L "{\"event\":\"crossing\",\"at\":\"l\"}"
#define D "{\"event\":\"density\",\"at\":\"z\",\"over\":3,\"hold_s\":0}"
#define W "{\"event\":\"wrong_way\",\"at\":\"z\",\"hold_s\":0}"

struct bench {
    struct vg_scene *scene;
    struct vg_rulebook *book;
    struct vg_watch_output watched;
    struct vg_alert alert[VG_ALERTS_PER_PICTURE_MAX];
    struct vg_alert last; /* of rule "c" */
    struct vg_rule_moment moment;
    int picture;
    char raised[256]; /* the pictures in which "c" raised an alert */
};

static void bench_open(struct bench *b, const char *scene)
{
    struct vg_fault fault = {0};
    memset(b, 0, sizeof *b);
    if (vg_scene_parse("x", scene, strlen(scene), &b->scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_int_equal(vg_rulebook_open(&b->book, b->scene), VG_OK);
    b->moment.wall_known = true;
    b->moment.wall.us = INT64_C(1763980000) * S; /* Monday 2025-11-24, 11:26:40 in Paris */
}

static void bench_close(struct bench *b)
{
    vg_rulebook_close(&b->book);
    vg_scene_close(&b->scene);
}

static char letter_of(const struct bench *b, const struct vg_rule *rule)
{
    if (rule->part_count > 0)
        return '\0';
    if (rule->event == VG_EVENT_WRONG_WAY)
        return 'w';
    if (rule->event == VG_EVENT_DENSITY)
        return 'd';
    return b->scene->place[rule->place].kind == VG_PLACE_LINE ? 'l' : 'z';
}

/* As the watcher does: a switched-off rule sees nothing. */
static void see(struct bench *b, char letter)
{
    for (uint32_t i = 0; i < b->scene->rule_count; i++) {
        const struct vg_rule *rule = &b->scene->rule[i];
        if (!rule->active || letter_of(b, rule) != (letter == 'b' ? 'w' : letter))
            continue;
        struct vg_sighting *sighting = &b->watched.sighting[b->watched.sighting_count++];
        memset(sighting, 0, sizeof *sighting);
        sighting->rule = i;
        sighting->subject = letter == 'd' ? 0 : (uint32_t)letter;
        sighting->instant = letter == 'l';
        sighting->building = letter == 'b';
        sighting->time = b->moment.media;
        sighting->score = letter == 'd' ? 0.5f : 0.8f;
        sighting->count = letter == 'd' ? 7 : 0;
        sighting->box_count = 1;
        sighting->box[0].track = (uint32_t)letter;
    }
}

static void picture(struct bench *b, const char *letters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        see(b, letters[i]);
    vg_alloc_seal();
    const uint32_t alerts = vg_rulebook_step(b->book, &b->watched, &b->moment, b->alert);
    vg_alloc_unseal();
    for (uint32_t i = 0; i < alerts; i++) {
        assert_false(b->scene->rule[b->alert[i].rule].hidden);
        if (b->alert[i].rule != 0)
            continue;
        const size_t used = strlen(b->raised);
        (void)snprintf(b->raised + used, sizeof b->raised - used, "%d ", b->picture);
        b->last = b->alert[i];
    }
    b->watched.sighting_count = 0;
    b->moment.media.us += S / 2;
    b->moment.wall.us += S / 2;
    b->picture++;
}

static void play(struct bench *b, const char *script)
{
    while (*script) {
        const size_t length = strcspn(script, " ");
        picture(b, script, length);
        script += length + (script[length] == ' ');
    }
}

static const struct {
    const char *name, *scene, *script, *want;
} rows[] = {
    {"all, by name", SCENE("{\"all\":[{\"rule\":\"z\"},{\"rule\":\"d\"}]}", ""), "z d zd", "1 "},
    {"all, of its own", SCENE("{\"all\":[" Z "," D "]}", ""), "z . . . d zd", "5 "},
    {"all, told once while it lasts", SCENE("{\"all\":[" Z "," D "]}", ""), "zd zd zd zd zd zd",
     "0 "},
    {"all, again after a gap", SCENE("{\"all\":[" Z "," D "]}", ""), "zd . . . . . zd", "0 6 "},
    {"any", SCENE("{\"any\":[" Z "," D "]}", ""), ". d . . . . z", "1 6 "},
    {"one subject in two parts is one alert", SCENE("{\"any\":[" Z ",{\"rule\":\"z\"}]}", ""),
     "z z z", "0 "},
    {"a part waits for its own hold", SCENE("{\"all\":[{\"rule\":\"z1\"},{\"rule\":\"d\"}]}", ""),
     "zd zd zd zd", "2 "},
    {"what has only begun is no part", SCENE("{\"all\":[" W "," Z "]}", ""), "bz bz bz wz", "3 "},
    {"and the whole for its own", SCENE("{\"all\":[" Z "," D "]}", ",\"hold_s\":1"), "zd zd zd zd",
     "2 "},
    {"a passage holds for a second", SCENE("{\"all\":[" L "," D "]}", ""), "l d", "1 "},
    {"and no longer", SCENE("{\"all\":[" L "," D "]}", ""), "l . d d", ""},
    {"not", SCENE("{\"all\":[" Z ",{\"not\":" D "}]}", ""), "zd zd z z z z z", "4 "},
    {"then", SCENE("{\"then\":[" L "," D "],\"within_s\":2}", ""), "l . . . d", "4 "},
    {"then, too late", SCENE("{\"then\":[" L "," D "],\"within_s\":2}", ""), "l . . . . d d", ""},
    {"then, the other way round", SCENE("{\"then\":[" L "," D "],\"within_s\":2}", ""),
     "d . . . l d d", "5 "},
    {"then, it was there before", SCENE("{\"then\":[" L "," D "],\"within_s\":2}", ""),
     "d d dl d d d", ""},
    {"then, in one picture is no order", SCENE("{\"then\":[" L "," D "],\"within_s\":2}", ""),
     "ld d d", ""},
    {"then, twice the same", SCENE("{\"then\":[" L "," L "],\"within_s\":2}", ""), "l . . l", "3 "},
    {"then, each within of the one before",
     SCENE("{\"then\":[" L "," W "," D "],\"within_s\":2}", ""), "l . . w . . d", "6 "},
    {"then, holds while the last one does",
     SCENE("{\"then\":[" L "," D "],\"within_s\":2}", ",\"hold_s\":2"), "l d d d d d", "5 "},
    {"unless", SCENE("{\"all\":[" Z "],\"unless\":" D "}", ""), "zd zd z z z z z", "4 "},
    {"unless lately", SCENE("{\"all\":[" Z "],\"unless\":" L ",\"within_s\":3}", ""),
     "lz z z z z z z z z", "8 "},
    {"unless lately, a rule by name",
     SCENE("{\"rule\":\"z\",\"unless\":{\"rule\":\"l\"},\"within_s\":3}", ""),
     "lz . . . . . . . . z", "9 "},
    {"a composed rule as a part",
     SCENE("{\"then\":[{\"rule\":\"l\"},{\"rule\":\"zd\"}],"
           "\"within_s\":2}",
           ""),
     "l z zd", "2 "},
    {"a rule that is switched off never holds",
     SCENE("{\"any\":[{\"rule\":\"off\"},{\"rule\":\"d\"}]}", ""), "z z z d", "3 "},
    {"the composed rule is switched off", SCENE("{\"any\":[" Z "]}", ",\"active\":false"), "z z",
     ""},
    {"its hours", SCENE("{\"any\":[" Z "]}", ",\"calendar\":{\"days\":[\"mon\"]}"), "z", "0 "},
    {"out of them", SCENE("{\"any\":[" Z "]}", ",\"calendar\":{\"days\":[\"tue\"]}"), "z z", ""},
    {"hours as a part", SCENE("{\"all\":[" Z ",{\"calendar\":{\"days\":[\"mon\"]}}]}", ""), "z",
     "0 "},
    {"not these hours",
     SCENE("{\"all\":[" Z ",{\"not\":{\"calendar\":{\"days\":[\"mon\"]}}}]}", ""), "z z", ""},
    {"unless in these hours",
     SCENE("{\"all\":[" Z "],\"unless\":{\"calendar\":{\"from\":\"11:00\",\"to\":\"12:00\"}}}", ""),
     "z z", ""},
};

static void scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_open(&b, rows[i].scene);
        play(&b, rows[i].script);
        if (strcmp(b.raised, rows[i].want) != 0)
            fail_msg("%s: raised \"%s\", not \"%s\"", rows[i].name, b.raised, rows[i].want);
        bench_close(&b);
    }
}

/* "Density and not in these hours, or a passage followed by presence", row by row. */
static void the_truth_table_of_a_composition(void **state)
{
    (void)state;
#define TABLE                                                                            \
    SCENE("{\"any\":[{\"all\":[" D ",{\"not\":{\"calendar\":{\"from\":\"11:00\",\"to\":" \
          "\"12:00\"}}}]},{\"then\":[" L "," Z "],\"within_s\":5}]}",                    \
          "")
    static const struct {
        const char *script;
        int hour; /* added to 11:26 */
        const char *want;
    } table[] = {
        {"d d", 0, ""},         {"d d", 2, "0 "},   {". z", 2, ""},     {"l z", 0, "1 "},
        {"z . . . . l", 0, ""}, {"ld zd", 0, "1 "}, {"ld zd", 2, "0 "}, {"l .", 2, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bench b;
        bench_open(&b, TABLE);
        b.moment.wall.us += table[i].hour * 3600 * S;
        play(&b, table[i].script);
        if (strcmp(b.raised, table[i].want) != 0)
            fail_msg("row %zu: \"%s\", not \"%s\"", i, b.raised, table[i].want);
        bench_close(&b);
    }
}

static void without_a_clock_hours_are_passed_over(void **state)
{
    (void)state;
    static const char *const scenes[] = {
        SCENE("{\"all\":[" Z ",{\"calendar\":{\"days\":[\"tue\"]}}]}", ""),
        SCENE("{\"all\":[" Z ",{\"not\":{\"calendar\":{\"days\":[\"mon\"]}}}]}", ""),
        SCENE("{\"all\":[" Z "],\"unless\":{\"calendar\":{\"days\":[\"mon\"]}}}", ""),
        SCENE("{\"all\":[" Z "],\"unless\":{\"not\":{\"calendar\":{\"days\":[\"tue\"]}}}}", ""),
    };
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        struct bench b;
        bench_open(&b, scenes[i]);
        b.moment.wall_known = false;
        play(&b, "z");
        assert_string_equal(b.raised, "0 ");
        bench_close(&b);
    }
}

static void the_alert_says_what_brought_it_about(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b,
               SCENE("{\"then\":[{\"rule\":\"l\"},{\"any\":[" W "," D "]}],\"within_s\":5}", ""));
    play(&b, "l . . d");
    assert_string_equal(b.raised, "3 ");
    const struct vg_alert *alert = &b.last;
    assert_int_equal(alert->event, VG_EVENT_DENSITY); /* of the part that came last */
    assert_int_equal(alert->place, 0);
    assert_int_equal(alert->severity, VG_SEVERITY_HIGH);
    assert_int_equal(alert->onset.us, 3 * S / 2);
    assert_float_equal(alert->score, 0.5, 1e-6); /* of the least sure */
    assert_float_equal(alert->count, 7, 0);
    assert_int_equal(alert->box_count, 1); /* of this picture */
    assert_int_equal(alert->box[0].track, 'd');
    assert_int_equal(alert->part_count, 2);
    assert_string_equal(b.scene->rule[alert->part[0].rule].id, "l");
    assert_int_equal(alert->part[0].first.us, 0);
    assert_int_equal(alert->part[0].last.us, S / 2); /* a passage, for less than a second */
    assert_true(b.scene->rule[alert->part[1].rule].hidden);
    assert_int_equal(b.scene->rule[alert->part[1].rule].event, VG_EVENT_DENSITY);
    assert_int_equal(alert->part[1].first.us, 3 * S / 2);
    bench_close(&b);
}

/* A named rule goes on raising its own alerts; a part without a name raises none. */
static void parts_and_the_whole_are_told_apart(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE("{\"all\":[{\"rule\":\"d\"}," W "]}", ""));
    picture(&b, "dw", 2);
    uint32_t by_rule[VG_SCENE_RULES_MAX] = {0};
    for (uint32_t i = 0; i < 8 && b.alert[i].sequence; i++)
        by_rule[b.alert[i].rule]++;
    assert_int_equal(by_rule[0], 1); /* c */
    assert_int_equal(by_rule[4], 1); /* w: a rule of its own in this scene */
    assert_int_equal(by_rule[5], 1); /* d */
    for (uint32_t i = 8; i < b.scene->rule_count; i++)
        assert_int_equal(by_rule[i], 0);
    bench_close(&b);
}

static void two_rules_about_one_subject_are_two_alerts(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE("{\"all\":[" Z "," Z ",{\"rule\":\"z\"}]}", ""));
    picture(&b, "z", 1);
    assert_int_equal(b.alert[0].rule, 2); /* z */
    assert_int_equal(b.alert[1].rule, 0); /* c, once though three of its parts see the same one */
    assert_int_equal(b.alert[2].sequence, 0);
    assert_int_equal(b.alert[0].severity, VG_SEVERITY_LOW);
    assert_int_equal(b.alert[1].severity, VG_SEVERITY_HIGH);
    bench_close(&b);
}

static void what_is_stopped_does_not_hold(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE("{\"then\":[" L "," D "],\"within_s\":60}", ""));
    play(&b, "l");
    b.moment.stopped_events = 1u << VG_EVENT_DENSITY;
    play(&b, "d d d");
    b.moment.stopped_events = 0;
    play(&b, "d"); /* its onset is now */
    assert_string_equal(b.raised, "4 ");
    play(&b, ". . . . l");
    b.moment.stopped_events = 1u << VG_EVENT_CROSSING;
    play(&b, ".");
    b.moment.stopped_events = 0;
    play(&b, "d"); /* what passed before the stop has not come */
    assert_string_equal(b.raised, "4 ");
    bench_close(&b);
}

static void a_view_that_is_lost_is_forgotten(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE("{\"then\":[" L "," D "],\"within_s\":60}", ""));
    assert_true(b.scene->rule[0].parts_placed);
    play(&b, "l");
    b.moment.sight = VG_SIGHT_NO_PLACES;
    play(&b, "d");
    b.moment.sight = VG_SIGHT_ALL;
    play(&b, "d d");
    assert_string_equal(b.raised, "");
    b.moment.sight = VG_SIGHT_ALL;
    play(&b, ". . . . l");
    b.moment.sight = VG_SIGHT_DOUBTFUL;
    play(&b, "d d");
    assert_string_equal(b.raised, "");
    b.moment.sight = VG_SIGHT_ALL;
    play(&b, "d"); /* it goes on, and is told once the view is sure */
    assert_string_equal(b.raised, "11 ");
    assert_true(vg_rulebook_holds_back(&b.scene->rule[0], VG_SIGHT_DOUBTFUL));
    bench_close(&b);
}

/* The whole's onset outlives a restart: not told twice. Hidden rules are not written. */
static void a_restart_does_not_tell_it_again(void **state)
{
    (void)state;
    struct bench b;
    const char *scene = SCENE("{\"all\":[" Z "," D "]}", "");
    bench_open(&b, scene);
    play(&b, "zd zd");
    assert_string_equal(b.raised, "0 ");
    char *text = vg_rulebook_save(b.book, b.moment.media, b.moment.wall, VG_RULEBOOK_TOLD);
    assert_non_null(text);
    assert_null(strstr(text, "#"));
    vg_rulebook_close(&b.book);
    assert_int_equal(vg_rulebook_open(&b.book, b.scene), VG_OK);
    b.moment.media.us = 0;
    assert_int_equal(
        vg_rulebook_restore(b.book, text, strlen(text), b.moment.media, b.moment.wall, NULL),
        VG_OK);
    vg_free(text);
    play(&b, "zd zd zd");
    assert_string_equal(b.raised, "0 ");
    bench_close(&b);
}

static void a_refused_alert_is_raised_again(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE("{\"all\":[" Z "," D "]}", ""));
    play(&b, "zd");
    vg_rulebook_refused(b.book, 0);
    play(&b, "zd zd zd");
    assert_string_equal(b.raised, "0 2 ");
    assert_int_equal(b.last.sequence, 1);
    assert_int_equal(b.last.onset.us, 0);
    vg_rulebook_reset(b.book);
    play(&b, "z z d");
    assert_string_equal(b.raised, "0 2 6 ");
    bench_close(&b);
}

int main(void)
{
    (void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts),
        cmocka_unit_test(the_truth_table_of_a_composition),
        cmocka_unit_test(without_a_clock_hours_are_passed_over),
        cmocka_unit_test(the_alert_says_what_brought_it_about),
        cmocka_unit_test(parts_and_the_whole_are_told_apart),
        cmocka_unit_test(two_rules_about_one_subject_are_two_alerts),
        cmocka_unit_test(what_is_stopped_does_not_hold),
        cmocka_unit_test(a_view_that_is_lost_is_forgotten),
        cmocka_unit_test(a_restart_does_not_tell_it_again),
        cmocka_unit_test(a_refused_alert_is_raised_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
