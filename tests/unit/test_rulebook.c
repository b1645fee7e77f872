/* Hold, cooldown, calendar, stop, and what survives a restart: scripts of pictures, ten a
 * second unless said, in which a letter is a subject seen for rule "z" (a zone), a great one the
 * same while it builds up, '|' a passage for rule "l" (a line), '.' nobody. */
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
#include "src/base/text.h"
#include "src/rules/rulebook.h"
#include "src/scene/scene.h"

#define S VG_US_PER_S

/* hold 1 s, cooldown 5 s at the zone; no hold, cooldown 5 s at the line */
#define PLACES                                                                                  \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[1,0],[1,1]]}]," \
    "\"lines\":[{\"id\":\"l\",\"points\":[[0,0],[1,1]]}],\"rules\":["
#define ZONE_RULE \
    "{\"id\":\"z\",\"severity\":\"high\",\"event\":\"crossing\",\"at\":\"z\",\"cooldown_s\":5"
#define LINE_RULE \
    "{\"id\":\"l\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\",\"cooldown_s\":5}"
#define SCENE PLACES ZONE_RULE "}," LINE_RULE "]}"

enum {
    ZONE,
    LINE
};

struct bench {
    struct vg_scene *scene;
    struct vg_rulebook *book;
    struct vg_watch_output watched;
    struct vg_alert alert[VG_ALERTS_PER_PICTURE_MAX];
    struct vg_rule_moment moment;
    int64_t step_us;
    enum vg_why_not why; /* last told */
    char raised[512];    /* a mark for each alert, as in struct row */
};

static void hear(void *user, uint32_t rule, uint32_t track, enum vg_why_not why, double value)
{
    (void)rule;
    (void)track;
    (void)value;
    ((struct bench *)user)->why = why;
}

static void bench_open(struct bench *b, const char *scene)
{
    struct vg_fault fault = {0};
    memset(b, 0, sizeof *b);
    if (vg_scene_parse("x", scene, strlen(scene), &b->scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_int_equal(vg_rulebook_open(&b->book, b->scene), VG_OK);
    b->step_us = S / 10;
    b->moment.wall_known = true;
    b->moment.wall.us = INT64_C(1763980000) * S;
}

static void bench_close(struct bench *b)
{
    vg_rulebook_close(&b->book);
    vg_scene_close(&b->scene);
}

static void see(struct bench *b, uint32_t rule, uint32_t subject)
{
    struct vg_sighting *sighting = &b->watched.sighting[b->watched.sighting_count++];
    memset(sighting, 0, sizeof *sighting);
    sighting->rule = rule;
    sighting->subject = subject;
    sighting->instant = rule == LINE;
    sighting->time = b->moment.media;
    sighting->score = 0.5f;
    sighting->box_count = 1;
    sighting->box[0].track = subject;
}

/* One picture with the sightings put in before; clears them. */
static uint32_t picture(struct bench *b)
{
    const struct vg_explainer explainer = {hear, b};
    b->moment.explainer = &explainer;
    vg_alloc_seal();
    const uint32_t count = vg_rulebook_step(b->book, &b->watched, &b->moment, b->alert);
    vg_alloc_unseal();
    b->watched.sighting_count = 0;
    b->moment.media.us += b->step_us;
    b->moment.wall.us += b->step_us;
    b->moment.explainer = NULL;
    return count;
}

/* Plays a script; pictures are parted by blanks and may show several subjects. Adds to
 * b->raised "PICTURE:BOXES " for each alert, pictures counted from 0 in the script. */
static void play(struct bench *b, const char *script)
{
    int number = 0;
    while (*script) {
        for (; *script && *script != ' '; script++) {
            if (*script == '|')
                see(b, LINE, 99);
            else if (*script >= 'a') {
                see(b, ZONE, (uint32_t)(*script - 'a' + 1));
            } else if (*script != '.') {
                see(b, ZONE, (uint32_t)(*script - 'A' + 1));
                b->watched.sighting[b->watched.sighting_count - 1].building = true;
            }
        }
        const uint32_t count = picture(b);
        for (uint32_t i = 0; i < count; i++) {
            const size_t used = strlen(b->raised);
            (void)snprintf(b->raised + used, sizeof b->raised - used, "%d:", number);
            for (uint32_t k = 0; k < b->alert[i].box_count; k++) {
                const size_t end = strlen(b->raised);
                const uint32_t track = b->alert[i].box[k].track;
                b->raised[end] = track == 99 ? '|' : (char)('a' + track - 1);
            }
            b->raised[strlen(b->raised)] = ' ';
        }
        number++;
        while (*script == ' ')
            script++;
    }
}

/* `script` with its last picture repeated until it has `pictures`. */
static void stretch(char *text, size_t size, const char *script, int pictures)
{
    int have = 1;
    for (const char *p = script; *p; p++)
        have += *p == ' ';
    const char *last = strrchr(script, ' ');
    last = last ? last + 1 : script;
    size_t used = (size_t)snprintf(text, size, "%s", script);
    for (; have < pictures; have++)
        used += (size_t)snprintf(text + used, size - used, " %s", last);
}

static void scripts(void **state)
{
    (void)state;
    static const struct {
        const char *name, *script;
        int pictures;
        const char *want;
    } rows[] = {
        {"nobody", ".", 30, ""},
        {"held for a second", "a", 11, "10:a "},
        {"told once for as long as it lasts", "a", 120, "10:a "},
        {"not long enough", "a a a a a a a a a a . .", 20, ""},
        {"one missed picture does not end it", "a a a a a . a a a a a", 11, "10:a "},
        {"half a second missed does not", "a . . . . a a a a a a", 11, "10:a "},
        {"more than that ends it", "a . . . . . . a", 18, "17:a "},
        {"not raised in a picture that misses it", "a a a a a a a a a a . a", 12, "11:a "},
        {"two together are one alert", "ab", 40, "10:ab "},
        {"who joins is shown, and told by the next", "a a a ab", 80, "10:ab 60:ba "},
        {"who has left before the next is not told", "a a a ab ab ab ab ab ab ab ab a", 80,
         "10:ab "},
        {"who is missing from that picture waits for the next", "a ab ab ab ab ab ab ab ab ab a b",
         80, "10:a 60:b "},
        {"who began together and is missing too", "ab ab ab ab ab ab ab ab ab ab a b", 80,
         "10:a 60:b "},
        {"who comes in the cooldown waits for its end", "a a a a a a a a a a a a a b", 80,
         "10:a 60:b "},
        {"who left before is never told", "a a a a a a a a a a a a a b b b b b b b b b b b b .", 80,
         "10:a "},
        {"back after a while is a new onset", "a a a a a a a a a a a . . . . . . . . . . a", 90,
         "10:a 60:a "},
        {"what builds up is not told", "A", 80, ""},
        {"it is once it is enough", "A A A A A A A A A A A A A a", 30, "13:a "},
        {"and has lasted", "A A A a", 30, "10:a "},
        {"who builds up is not shown, and told by the next", "bA bA bA bA bA bA bA bA bA bA bA ba",
         80, "10:b 60:ab "},
        {"a passage at once", "|", 1, "0:| "},
        {"a passage in the cooldown is dropped", "| . . . | . .", 60, "0:| "},
        {"two passages of a picture are one alert", "|| .", 60, "0:|| "},
        {"rules do not cool one another", "a| a", 11, "0:| 10:a "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char script[1024];
        struct bench b;
        stretch(script, sizeof script, rows[i].script, rows[i].pictures);
        bench_open(&b, SCENE);
        play(&b, script);
        if (strcmp(b.raised, rows[i].want) != 0)
            fail_msg("%s: raised \"%s\", not \"%s\"", rows[i].name, b.raised, rows[i].want);
        bench_close(&b);
    }
}

static void a_missed_picture_is_bridged_at_any_rate(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, PLACES ZONE_RULE ",\"hold_s\":4}]}");
    b.step_us = S;
    play(&b, "a a . a a");
    assert_string_equal(b.raised, "4:a ");
    bench_close(&b);
    bench_open(&b, PLACES ZONE_RULE ",\"hold_s\":4}]}");
    b.step_us = S;
    play(&b, "a a . . a a a a a");
    assert_string_equal(b.raised, "8:a ");
    bench_close(&b);
}

static void an_alert_says_what_was_seen(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    const int64_t wall = b.moment.wall.us;
    for (int k = 0; k < 11; k++) {
        see(&b, ZONE, 7);
        b.watched.sighting[0].count = 3;
        assert_int_equal(picture(&b), k == 10);
    }
    const struct vg_alert *alert = &b.alert[0];
    assert_int_equal(alert->rule, ZONE);
    assert_int_equal(alert->event, VG_EVENT_CROSSING);
    assert_int_equal(alert->severity, VG_SEVERITY_HIGH);
    assert_int_equal(alert->place, b.scene->rule[ZONE].place);
    assert_int_equal(alert->media.us, S);
    assert_int_equal(alert->onset.us, 0);
    assert_int_equal(alert->onset_wall.us, wall);
    assert_int_equal(alert->sequence, 1);
    assert_float_equal(alert->score, 0.5, 1e-6);
    assert_float_equal(alert->count, 3, 0);
    bench_close(&b);
}

static void what_may_not_speak_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *rule; /* what is added to it */
        bool wall_known;
        uint32_t stopped;
        enum vg_rule_sight sight;
        enum vg_why_not want;
    } rows[] = {
        {"", true, 0, VG_SIGHT_ALL, VG_WHY_HOLDS},
        {"", true, 0, VG_SIGHT_DOUBTFUL, VG_WHY_VIEW},
        {"", true, 0, VG_SIGHT_NO_PLACES, VG_WHY_VIEW},
        {"", true, 0, VG_SIGHT_NOTHING, VG_WHY_VIEW},
        {",\"active\":false", true, 0, VG_SIGHT_ALL, VG_WHY_INACTIVE},
        {"", true, 1u << VG_EVENT_CROSSING, VG_SIGHT_ALL, VG_WHY_STOPPED},
        {"", true, 1u << VG_EVENT_DENSITY, VG_SIGHT_ALL, VG_WHY_HOLDS},
        /* the bench begins at 2025-11-24 10:26:40 UTC, a Monday */
        {",\"calendar\":{\"days\":[\"mon\"],\"from\":\"10:00\",\"to\":\"11:00\"}", true, 0,
         VG_SIGHT_ALL, VG_WHY_HOLDS},
        {",\"calendar\":{\"days\":[\"tue\"]}", true, 0, VG_SIGHT_ALL, VG_WHY_CALENDAR},
        {",\"calendar\":{\"days\":[\"tue\"]}", false, 0, VG_SIGHT_ALL, VG_WHY_HOLDS},
        {",\"calendar\":{\"from\":\"20:00\",\"to\":\"06:00\"}", true, 0, VG_SIGHT_ALL,
         VG_WHY_CALENDAR},
        {",\"hold_s\":3", true, 0, VG_SIGHT_ALL, VG_WHY_HOLD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char scene[1024];
        (void)snprintf(scene, sizeof scene, PLACES ZONE_RULE "%s}]}", rows[i].rule);
        struct bench b;
        bench_open(&b, scene);
        b.moment.wall_known = rows[i].wall_known;
        b.moment.stopped_events = rows[i].stopped;
        b.moment.sight = rows[i].sight;
        play(&b, "a a a a a a a a a a a");
        assert_int_equal(b.why, rows[i].want);
        assert_string_equal(b.raised, rows[i].want == VG_WHY_HOLDS ? "10:a " : "");
        bench_close(&b);
    }
}

/* Ten pictures short of the hold, then pictures of that sight, then good ones: when it is told. */
static void a_suspended_rule_forgets_and_a_doubted_one_waits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_rule_sight sight;
        int place; /* 0: none, the whole picture */
        const char *before, *during, *after;
    } rows[] = {
        {"seen", VG_SIGHT_ALL, 1, "", "1:a ", ""},
        {"doubted", VG_SIGHT_DOUBTFUL, 1, "", "", "0:a "},
        {"no places", VG_SIGHT_NO_PLACES, 1, "", "", "10:a "},
        {"nothing", VG_SIGHT_NOTHING, 1, "", "", "10:a "},
        {"seen, no place", VG_SIGHT_ALL, 0, "", "1:a ", ""},
        {"doubted, no place", VG_SIGHT_DOUBTFUL, 0, "", "1:a ", ""},
        {"no places, no place", VG_SIGHT_NO_PLACES, 0, "", "1:a ", ""},
        {"nothing, no place", VG_SIGHT_NOTHING, 0, "", "", "10:a "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_open(&b, SCENE);
        if (!rows[i].place)
            b.scene->rule[ZONE].place = -1;
        play(&b, "a a a a a a a a a");
        assert_string_equal(b.raised, rows[i].before);
        b.moment.sight = rows[i].sight;
        play(&b, "a a a");
        if (strcmp(b.raised, rows[i].during) != 0)
            fail_msg("%s: then \"%s\"", rows[i].name, b.raised);
        b.raised[0] = '\0';
        b.moment.sight = VG_SIGHT_ALL;
        play(&b, "a a a a a a a a a a a");
        if (strcmp(b.raised, rows[i].after) != 0)
            fail_msg("%s: after it \"%s\"", rows[i].name, b.raised);
        bench_close(&b);
    }
}

static void a_passage_that_is_not_seen_is_lost(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    b.moment.sight = VG_SIGHT_DOUBTFUL;
    play(&b, "| . .");
    b.moment.sight = VG_SIGHT_ALL;
    play(&b, ". . |");
    assert_string_equal(b.raised, "2:| ");
    bench_close(&b);
}

static void an_hour_that_begins_finds_a_new_onset(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, PLACES ZONE_RULE ",\"calendar\":{\"from\":\"10:27\",\"to\":\"11:00\"}}]}");
    char script[1024];
    stretch(script, sizeof script, "a", 250);
    play(&b, script); /* 20 s until 10:27, and then a second of hold */
    assert_string_equal(b.raised, "210:a ");
    bench_close(&b);
}

static void a_new_epoch_ends_conditions_but_not_cooldowns(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    play(&b, "a a a a a");
    vg_rulebook_reset(b.book);
    play(&b, "a a a a a a a a a a a");
    assert_string_equal(b.raised, "10:a ");
    vg_rulebook_reset(b.book);
    char script[256];
    stretch(script, sizeof script, "a", 60);
    play(&b, script);
    assert_string_equal(b.raised, "10:a 49:a ");
    assert_int_equal(b.alert[0].sequence, 2);
    bench_close(&b);
}

/* What its event has watched for the hold is told in the first picture that sights it, under a name
 * of its own: two that came together and are sighted one after the other are two onsets. */
static void what_has_held_before_is_told_at_once(void **state)
{
    (void)state;
    struct bench b;
    int64_t onset_us[2];
    bench_open(&b, SCENE);
    for (uint32_t i = 0; i < 2; i++) {
        b.moment.media.us = (2 + 10 * (int64_t)i) * S;
        see(&b, ZONE, 1 + i);
        b.watched.sighting[0].held_us = b.moment.media.us - S;
        assert_int_equal(picture(&b), 1);
        onset_us[i] = b.alert[0].onset.us;
        see(&b, ZONE, 1 + i);
        b.watched.sighting[0].held_us = b.moment.media.us - S;
        assert_int_equal(picture(&b), 0);
    }
    assert_true(onset_us[0] != onset_us[1]);
    see(&b, ZONE, 3);
    b.watched.sighting[0].held_us = S / 2; /* and half of it is waited for */
    assert_int_equal(picture(&b), 0);
    bench_close(&b);
}

static void sixteen_alerts_a_picture_and_the_rest_later(void **state)
{
    (void)state;
    enum {
        RULES = 20
    };
    char scene[16384];
    size_t used = (size_t)snprintf(scene, sizeof scene, PLACES);
    for (int i = 0; i < RULES; i++)
        used += (size_t)snprintf(scene + used, sizeof scene - used,
                                 "%s{\"id\":\"%d\",\"severity\":\"low\",\"event\":\"crossing\","
                                 "\"at\":\"%s\",\"hold_s\":0}",
                                 i ? "," : "", i, i < 10 ? "z" : "l");
    (void)snprintf(scene + used, sizeof scene - used, "]}");
    struct bench b;
    bench_open(&b, scene);
    for (int k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < RULES; i++) {
            see(&b, RULES - 1 - i, 5); /* passages first */
            b.watched.sighting[i].instant = i < 10;
        }
        assert_int_equal(picture(&b), k == 0 ? 16 : 4);
    }
    assert_int_equal(vg_rulebook_dropped(b.book), 0); /* only what lasts had to wait */
    bench_close(&b);
}

/* ---- restart ------------------------------------------------------------------------------ */

/* Saves, lets `away_us` go by on the wall, and goes on in a new book with a new media clock. */
static void restart(struct bench *b, enum vg_rulebook_view view, int64_t away_us)
{
    char *text = vg_rulebook_save(b->book, b->moment.media, b->moment.wall, view);
    assert_non_null(text);
    vg_rulebook_close(&b->book);
    assert_int_equal(vg_rulebook_open(&b->book, b->scene), VG_OK);
    b->moment.media.us = 0;
    b->moment.wall.us += away_us;
    struct vg_fault fault = {0};
    if (vg_rulebook_restore(b->book, text, strlen(text), b->moment.media, b->moment.wall, &fault))
        fail_msg("%s: %s", fault.place, text);
    vg_free(text);
    memset(b->raised, 0, sizeof b->raised);
}

static void what_survives_a_restart(void **state)
{
    (void)state;
    static const struct {
        const char *name, *before;
        int pictures; /* of before */
        int64_t away_us;
        const char *after;
        int length;
        const char *want;
    } rows[] = {
        {"an onset goes on, of another track now", "a", 6, S / 5, ". . b", 40, "2:b "},
        {"one that is told stays told", "a", 15, S, ". . b", 120, ""},
        {"too long away: a new onset", "a", 6, 16 * S, "b", 40, "10:b "},
        {"who comes later is new", "a", 6, S,
         ". . . . . . . . . . . . . . . . . . . . . . . . . "
         ". . . . . . . . . . b",
         60, "45:b "},
        {"a cooldown goes on", "|", 1, 2 * S,
         ". . . . | . . . . . . . . . . . . . . . . . . . . "
         ". . . . . . |",
         40, "31:| "},
        {"and is over when its time is", "|", 1, 10 * S, "|", 1, "0:| "},
        {"a clock set back: no time has gone by", "|", 1, -3600 * S, "|", 60, "49:| "},
        {"the cooldown of a told onset binds the next", "a", 15, S,
         ". . . . . . . . . . . . . . "
         ". . . . . . . . . . . . . . "
         ". . . . . . . b",
         60, "45:b "},
        {"a told onset silences one of two", "a", 15, S, ". . bc", 80, "35:cb "},
        {"and one of those who come one by one", "a", 15, S, ". . b . . . . . . . . . c", 80,
         "35:c "},
        {"an untold onset goes to one of two", "a", 6, S / 5, ". . bc", 60, "2:bc 52:cb "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char script[1024];
        struct bench b;
        bench_open(&b, SCENE);
        stretch(script, sizeof script, rows[i].before, rows[i].pictures);
        play(&b, script);
        restart(&b, VG_RULEBOOK_TOLD, rows[i].away_us);
        stretch(script, sizeof script, rows[i].after, rows[i].length);
        play(&b, script);
        if (strcmp(b.raised, rows[i].want) != 0)
            fail_msg("%s: raised \"%s\", not \"%s\"", rows[i].name, b.raised, rows[i].want);
        bench_close(&b);
    }
}

static void an_onset_keeps_its_name_and_the_count_goes_on(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    play(&b, "| .");
    const int64_t wall = b.moment.wall.us;
    play(&b, "a a a a a");
    restart(&b, VG_RULEBOOK_TOLD, S);
    restart(&b, VG_RULEBOOK_TOLD, S); /* a second one before anything was seen */
    play(&b, ". . b");
    assert_int_equal(b.alert[0].onset_wall.us, wall);
    assert_int_equal(b.alert[0].onset.us, -2 * S - S / 2);
    assert_int_equal(b.alert[0].sequence, 1);
    char script[256];
    stretch(script, sizeof script, "|", 60);
    play(&b, script);
    assert_int_equal(b.alert[0].rule, LINE);
    assert_true(b.alert[0].sequence >= 2);
    bench_close(&b);
}

/* A kill around a promise: `before` ends with the picture that raises, its alert is the last. */
static void a_kill_before_the_promise_raises_the_same_onset(void **state)
{
    (void)state;
    static const struct {
        const char *name, *before;
        int pictures;
        enum vg_rulebook_view view;
        const char *after, *want;
        bool same; /* onset and number as before the kill */
    } rows[] = {
        {"not promised: at once again", "a", 11, VG_RULEBOOK_UNTOLD, ". b", "1:b ", true},
        {"promised: no more", "a", 11, VG_RULEBOOK_TOLD, ". b", "", false},
        {"a second alert, its cooldown was over", "a a a a a a a a a a a . . . . . . . . . . a", 61,
         VG_RULEBOOK_UNTOLD, "b", "0:b ", true},
        {"an onset that is not due yet steps back", "a a a ab ab ab ab ab ab ab ab", 11,
         VG_RULEBOOK_UNTOLD, "c", "0:c ", true},
        {"so does an older one that is missing", "b ba ba ba ba ba ba ba ba ba a a", 12,
         VG_RULEBOOK_UNTOLD, "c", "0:c ", true},
        {"the alert was not of the last step", "a", 12, VG_RULEBOOK_UNTOLD, ". b", "", false},
        {"a passage: the next one", "|", 1, VG_RULEBOOK_UNTOLD, ". |", "1:| ", false},
        {"a passage that was promised: its cooldown", "|", 1, VG_RULEBOOK_TOLD, ". |", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char script[1024];
        struct bench b;
        bench_open(&b, SCENE);
        stretch(script, sizeof script, rows[i].before, rows[i].pictures);
        play(&b, script);
        const struct vg_alert first = b.alert[0];
        restart(&b, rows[i].view, S);
        play(&b, rows[i].after);
        if (strcmp(b.raised, rows[i].want) != 0)
            fail_msg("%s: raised \"%s\", not \"%s\"", rows[i].name, b.raised, rows[i].want);
        if (rows[i].same && (b.alert[0].onset_wall.us != first.onset_wall.us ||
                             b.alert[0].sequence != first.sequence))
            fail_msg("%s: another alert", rows[i].name);
        bench_close(&b);
    }
}

/* Saving is looking: what was written as untold stays told in the book. */
static void a_save_as_untold_changes_nothing(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    play(&b, "a a a a a a a a a a a");
    vg_free(vg_rulebook_save(b.book, b.moment.media, b.moment.wall, VG_RULEBOOK_UNTOLD));
    char script[1024];
    stretch(script, sizeof script, "a", 100);
    play(&b, script);
    assert_string_equal(b.raised, "10:a ");
    bench_close(&b);
}

static void what_is_refused_is_raised_again(void **state)
{
    (void)state;
    static const struct {
        const char *name, *before;
        int pictures;
        const char *after;
        int length;
        const char *want;
        bool same; /* onset and number */
    } rows[] = {
        {"a second later, and then told", "a", 11, "a", 120, "9:a ", true},
        {"not while it is missing", "a", 11, "a a a a a a a . . . . a", 120, "11:a ", true},
        {"not who has left", "a", 11, ".", 120, "", false},
        {"another, a second later at the soonest", "a", 11, ". . . . . . . . . . . b", 60, "21:b ",
         false},
        {"all that it told are told by the next", "ab", 11, "ba", 120, "9:ba ", true},
        {"the answer comes late", "a", 31, "a", 120, "0:a ", true},
        {"the cooldown before it goes on from where it was",
         "a a a a a a a a a a a . . . . . . . . . . a", 61, "a", 120, "9:a ", true},
        {"passages: the next, a second later at the soonest", "|", 1,
         "| . . . . . . . . | . . . . . . . . |", 19, "9:| ", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char script[1024];
        struct bench b;
        bench_open(&b, SCENE);
        stretch(script, sizeof script, rows[i].before, rows[i].pictures);
        play(&b, script);
        const struct vg_alert first = b.alert[0];
        vg_rulebook_refused(b.book, first.rule);
        vg_rulebook_refused(b.book, first.rule); /* the same answer twice is one */
        memset(b.raised, 0, sizeof b.raised);
        stretch(script, sizeof script, rows[i].after, rows[i].length);
        play(&b, script);
        if (strcmp(b.raised, rows[i].want) != 0)
            fail_msg("%s: raised \"%s\", not \"%s\"", rows[i].name, b.raised, rows[i].want);
        if (rows[i].same && (b.alert[0].onset_wall.us != first.onset_wall.us ||
                             b.alert[0].sequence != first.sequence))
            fail_msg("%s: another alert", rows[i].name);
        bench_close(&b);
    }
}

static void a_refusal_is_of_its_rule_alone(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    vg_rulebook_refused(b.book, ZONE); /* it has raised nothing */
    vg_rulebook_refused(b.book, VG_SCENE_RULES_MAX);
    play(&b, "a a a a a a a a a a a|");
    assert_string_equal(b.raised, "10:a 10:| ");
    vg_rulebook_refused(b.book, LINE);
    memset(b.raised, 0, sizeof b.raised);
    char script[256];
    stretch(script, sizeof script, "a|", 30);
    play(&b, script);
    assert_string_equal(b.raised, "9:| ");
    bench_close(&b);
}

/* For as long as alerts are refused, one is raised each second and no more. */
static void a_full_disk_is_asked_once_a_second(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    for (int k = 0; k < 100; k++) {
        see(&b, ZONE, 1);
        const uint32_t count = picture(&b);
        assert_int_equal(count, k > 0 && k % 10 == 0);
        if (!count)
            continue;
        assert_int_equal(b.alert[0].onset.us, 0);
        assert_int_equal(b.alert[0].sequence, 1);
        vg_rulebook_refused(b.book, ZONE);
    }
    bench_close(&b);
}

static void a_rule_no_longer_there_is_passed_over(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    play(&b, "|");
    char *text = vg_rulebook_save(b.book, b.moment.media, b.moment.wall, VG_RULEBOOK_TOLD);
    bench_close(&b);
    bench_open(&b, PLACES ZONE_RULE "}]}");
    assert_int_equal(
        vg_rulebook_restore(b.book, text, strlen(text), b.moment.media, b.moment.wall, NULL),
        VG_OK);
    vg_free(text);
    bench_close(&b);
}

static void the_text_is_as_documented(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE);
    b.moment.wall.us = 5 * S;
    play(&b, "|a a a");
    char *text = vg_rulebook_save(b.book, b.moment.media, b.moment.wall, VG_RULEBOOK_TOLD);
    assert_string_equal(text, "{\"version\":1,\"saved_us\":5300000,\"rules\":[{\"id\":\"z\","
                              "\"sequence\":0,\"onset\":{\"age_us\":300000,\"last_age_us\":100000,"
                              "\"wall_us\":5000000,\"told\":false}},{\"id\":\"l\",\"sequence\":1,"
                              "\"raised_age_us\":300000}]}");
    vg_free(text);
    bench_close(&b);
}

static void bad_states_are_refused_and_nothing_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "not valid JSON"},
        {"[]", "a JSON object was expected"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[", "not valid JSON"},
        {"{\"version\":2,\"saved_us\":0,\"rules\":[]}", "this version of the state is not known"},
        {"{\"saved_us\":0,\"rules\":[]}", "a required key is missing"},
        {"{\"version\":1,\"rules\":[]}", "a required key is missing"},
        {"{\"version\":1,\"saved_us\":0}", "a required key is missing"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[],\"x\":1}", "unknown key"},
        {"{\"version\":1,\"saved_us\":-1,\"rules\":[]}", "the number is out of range"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[{\"id\":\"l\"}]}", "a required key is missing"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[{\"id\":\"l\",\"sequence\":9,"
         "\"raised_age_us\":0},3]}",
         "an object was expected"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[{\"id\":\"l\",\"sequence\":9,"
         "\"raised_age_us\":0},{\"id\":\"l\",\"sequence\":1}]}",
         "this rule stands there twice"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[{\"id\":\"l\",\"sequence\":1,"
         "\"raised_age_us\":1e300}]}",
         "a whole number was expected"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[{\"id\":\"l\",\"sequence\":1,"
         "\"raised_age_us\":9223372036854775807}]}",
         "the number is out of range"},
        {"{\"version\":1,\"saved_us\":0,\"rules\":[{\"id\":\"l\",\"sequence\":1,\"onset\":{"
         "\"age_us\":1,\"last_age_us\":1,\"wall_us\":1}}]}",
         "a required key is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        struct vg_fault fault = {0};
        bench_open(&b, SCENE);
        assert_int_equal(vg_rulebook_restore(b.book, rows[i].text, strlen(rows[i].text),
                                             b.moment.media, b.moment.wall, &fault),
                         VG_E_INPUT);
        assert_string_equal(fault.what, rows[i].want);
        play(&b, "|");
        assert_string_equal(b.raised, "0:| ");
        assert_int_equal(b.alert[0].sequence, 1);
        bench_close(&b);
    }
}

int main(void)
{
    (void)vg_text_init("en");
    (void)setenv("TZ", "UTC0", 1);
    tzset();
    const uint64_t before = vg_alloc_sealed_count();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts),
        cmocka_unit_test(a_missed_picture_is_bridged_at_any_rate),
        cmocka_unit_test(an_alert_says_what_was_seen),
        cmocka_unit_test(what_may_not_speak_says_why),
        cmocka_unit_test(a_suspended_rule_forgets_and_a_doubted_one_waits),
        cmocka_unit_test(a_passage_that_is_not_seen_is_lost),
        cmocka_unit_test(an_hour_that_begins_finds_a_new_onset),
        cmocka_unit_test(a_new_epoch_ends_conditions_but_not_cooldowns),
        cmocka_unit_test(what_has_held_before_is_told_at_once),
        cmocka_unit_test(sixteen_alerts_a_picture_and_the_rest_later),
        cmocka_unit_test(what_survives_a_restart),
        cmocka_unit_test(an_onset_keeps_its_name_and_the_count_goes_on),
        cmocka_unit_test(a_kill_before_the_promise_raises_the_same_onset),
        cmocka_unit_test(a_save_as_untold_changes_nothing),
        cmocka_unit_test(what_is_refused_is_raised_again),
        cmocka_unit_test(a_refusal_is_of_its_rule_alone),
        cmocka_unit_test(a_full_disk_is_asked_once_a_second),
        cmocka_unit_test(a_rule_no_longer_there_is_passed_over),
        cmocka_unit_test(the_text_is_as_documented),
        cmocka_unit_test(bad_states_are_refused_and_nothing_is_taken),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed || vg_alloc_sealed_count() != before;
}
