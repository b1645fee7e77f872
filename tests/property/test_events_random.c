/* Random tracks through watcher and rulebook. What must hold whatever happens:
 *   - two runs of one seed give the same bytes, with the rules' books saved and taken back at
 *     random moments too, and alerts refused or killed before their promise;
 *   - a rule's alerts are numbered 1, 2, 3... and never nearer than its cooldown;
 *   - an alert's onset is not after it, and its condition held for the rule's hold;
 *   - two alerts of a rule never have the same onset;
 *   - no alert of a rule that is stopped; nothing is allocated on the way.
 * The seed is printed, with a digest of its alerts that is the same from every compiler;
 * VIGIE_SEED=n runs that seed alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/class.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/random.h"
#include "src/base/sha256.h"
#include "src/events/watcher.h"
#include "src/rules/rulebook.h"
#include "src/scene/scene.h"

#define WALKERS  24
#define PICTURES 600
#define RUNS     40
#define WIDTH    640
#define HEIGHT   360

static const char scene_text[] =
    "{\"version\":1,\"name\":\"x\","
    "\"masks\":[{\"polygon\":[[0,0],[0.2,0],[0.2,0.2]]}],"
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0.1,0.3],[0.9,0.2],[0.8,0.9],[0.4,0.6],[0.2,0.95]],"
    "\"direction\":[1,-0.5]}],"
    "\"lines\":[{\"id\":\"l\",\"points\":[[0.5,0.1],[0.45,0.9]]}],"
    "\"rules\":["
    "{\"id\":\"a\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\",\"cooldown_s\":3},"
    "{\"id\":\"b\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\",\"direction\":\"left\","
    "\"cooldown_s\":0},"
    "{\"id\":\"c\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\",\"cooldown_s\":4},"
    "{\"id\":\"d\",\"severity\":\"low\",\"event\":\"wrong_way\",\"at\":\"z\",\"cooldown_s\":0},"
    "{\"id\":\"e\",\"severity\":\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":6,"
    "\"hold_s\":0.5,\"cooldown_s\":2,\"classes\":[\"person\",\"car\"]},"
    "{\"id\":\"f\",\"severity\":\"low\",\"cooldown_s\":3,\"when\":{\"then\":[{\"rule\":\"a\"},"
    "{\"event\":\"crossing\",\"at\":\"l\",\"direction\":\"left\"}],\"within_s\":4}},"
    "{\"id\":\"g\",\"severity\":\"low\",\"cooldown_s\":1,\"hold_s\":0.4,\"when\":{\"all\":["
    "{\"any\":[{\"rule\":\"f\"},{\"event\":\"density\",\"at\":\"z\",\"over\":4}]},"
    "{\"not\":{\"event\":\"wrong_way\",\"at\":\"z\",\"classes\":[\"car\"]}}],"
    "\"unless\":{\"rule\":\"b\"},\"within_s\":1}}]}";

struct world {
    struct vg_random random;
    struct vg_track track[WALKERS];
    const struct vg_track *list[WALKERS];
    uint32_t next_id;
    struct vg_point velocity[WALKERS]; /* pixels per picture */
};

static float between(struct vg_random *random, double least, double most)
{
    return (float)(least + (most - least) * vg_random_unit(random));
}

static void be_born(struct world *w, uint32_t i)
{
    struct vg_random *r = &w->random;
    w->track[i] = (struct vg_track){.id = ++w->next_id,
                                    .class_id = (enum vg_class)vg_random_below(r, 5),
                                    .score = between(r, 0.1, 1),
                                    .box = {between(r, -20, WIDTH), between(r, -20, HEIGHT),
                                            between(r, 5, 60), between(r, 10, 120)}};
    w->velocity[i] = (struct vg_point){between(r, -12, 12), between(r, -8, 8)};
}

/* The tracker hands tracks in by rising id. */
static int by_id(const void *a, const void *b)
{
    const struct vg_track *const *left = a, *const *right = b;
    return ((*left)->id > (*right)->id) - ((*left)->id < (*right)->id);
}

static void move_on(struct world *w, struct vg_media_time now)
{
    struct vg_random *r = &w->random;
    for (uint32_t i = 0; i < WALKERS; i++) {
        struct vg_track *track = &w->track[i];
        if (vg_random_below(r, 150) == 0)
            be_born(w, i);
        if (vg_random_below(r, 40) == 0)
            w->velocity[i] = (struct vg_point){between(r, -12, 12), between(r, -8, 8)};
        track->hits++;
        track->detected = vg_random_below(r, 8) != 0;
        track->state = !track->detected   ? VG_TRACK_LOST
                       : track->hits > 2u ? VG_TRACK_CONFIRMED
                                          : VG_TRACK_TENTATIVE;
        track->box.left += w->velocity[i].x;
        track->box.top += w->velocity[i].y;
        track->velocity = (struct vg_point){w->velocity[i].x * 5, w->velocity[i].y * 5};
        if (!track->detected)
            continue;
        track->last_seen = now;
        track->seen = track->box;
        track->score = between(r, 0.1, 1);
        const uint32_t at = (track->history_first + track->history_count) % VG_TRACK_HISTORY_SIZE;
        track->history[at] = (struct vg_track_step){now, vg_box_foot(track->box)};
        if (track->history_count < VG_TRACK_HISTORY_SIZE)
            track->history_count++;
        else
            track->history_first = (track->history_first + 1) % VG_TRACK_HISTORY_SIZE;
    }
    qsort(w->list, WALKERS, sizeof *w->list, by_id);
}

/* What was last said by each rule. */
struct said {
    uint64_t sequence;
    int64_t wall_us, onset_us;
};

static void check(const struct vg_scene *scene, const struct vg_alert *alert,
                  const struct vg_rule_moment *moment, struct said *said)
{
    const struct vg_rule *rule = &scene->rule[alert->rule];
    struct said *last = &said[alert->rule];
    const bool composed = rule->part_count > 0;
    const bool line = !composed && scene->place[rule->place].kind == VG_PLACE_LINE;
    const int64_t held_us = alert->media.us - alert->onset.us;
    assert_int_equal(alert->sequence, last->sequence + 1);
    assert_int_equal(alert->media.us, moment->media.us);
    assert_true(held_us >= (line ? 0 : rule->hold_us));
    assert_false(rule->hidden);
    assert_int_equal(moment->stopped_events & 1u << alert->event, 0);
    assert_true(alert->box_count > 0 || composed); /* its parts may be missing from a picture */
    assert_int_equal(alert->part_count > 0, composed);
    for (uint32_t i = 0; i < alert->part_count; i++) {
        assert_true(alert->part[i].first.us <= alert->part[i].last.us);
        assert_true(alert->part[i].last.us <= alert->media.us);
        assert_true(isfinite(alert->part[i].score));
    }
    if (last->sequence) {
        assert_true(moment->wall.us - last->wall_us >= rule->cooldown_us);
        assert_true(alert->onset_wall.us != last->onset_us);
    }
    *last = (struct said){alert->sequence, moment->wall.us, alert->onset_wall.us};
}

static struct vg_rulebook *restart(struct vg_rulebook *book, const struct vg_scene *scene,
                                   enum vg_rulebook_view view, struct vg_rule_moment *moment)
{
    char *text = vg_rulebook_save(book, moment->media, moment->wall, view);
    assert_non_null(text);
    vg_rulebook_close(&book);
    assert_int_equal(vg_rulebook_open(&book, scene), VG_OK);
    moment->media.us = 0;
    assert_int_equal(
        vg_rulebook_restore(book, text, strlen(text), moment->media, moment->wall, NULL), VG_OK);
    vg_free(text);
    return book;
}

/* One run; returns how many alerts there were, and a digest of all of them. */
static uint32_t run(uint64_t seed, uint8_t digest[VG_SHA256_BYTES])
{
    struct world w = {.next_id = 0};
    struct vg_scene *scene;
    struct vg_watcher *watcher;
    struct vg_rulebook *book;
    struct said said[VG_SCENE_RULES_MAX] = {{0}};
    uint32_t count = 0;
    vg_random_seed(&w.random, seed);
    assert_int_equal(vg_scene_parse("x", scene_text, sizeof scene_text - 1, &scene, NULL), VG_OK);
    assert_int_equal(vg_watcher_open(&watcher, scene), VG_OK);
    assert_int_equal(vg_rulebook_open(&book, scene), VG_OK);
    struct vg_watch_output *watched = vg_alloc(sizeof *watched);
    struct vg_alert *alerts = vg_alloc_array(VG_ALERTS_PER_PICTURE_MAX, sizeof *alerts);
    struct vg_rule_moment moment = {.wall_known = true, .wall = {1000 * VG_US_PER_S}};
    memset(digest, 0, VG_SHA256_BYTES);
    for (uint32_t i = 0; i < WALKERS; i++) {
        be_born(&w, i);
        w.list[i] = &w.track[i];
    }
    const bool restarts = seed % 2;
    for (int k = 0; k < PICTURES; k++) {
        const int64_t step_us = 150000 + (int64_t)vg_random_below(&w.random, 100000);
        moment.media.us += step_us;
        moment.wall.us += step_us;
        if (vg_random_below(&w.random, 60) == 0)
            moment.stopped_events ^= 1u << vg_random_below(&w.random, VG_EVENT_COUNT);
        if (restarts && vg_random_below(&w.random, 100) == 0) {
            book = restart(book, scene, VG_RULEBOOK_TOLD, &moment);
            vg_watcher_reset(watcher);
            for (uint32_t i = 0; i < WALKERS; i++)
                be_born(&w, i);
        }
        move_on(&w, moment.media);
        const struct vg_watch_input input = {.tracks = w.list,
                                             .track_count = WALKERS,
                                             .width = WIDTH,
                                             .height = HEIGHT,
                                             .time = moment.media};
        vg_alloc_seal();
        vg_watcher_step(watcher, &input, watched);
        const uint32_t now = vg_rulebook_step(book, watched, &moment, alerts);
        vg_alloc_unseal();
        struct said before[VG_SCENE_RULES_MAX];
        memcpy(before, said, sizeof said);
        for (uint32_t i = 0; i < now; i++) {
            check(scene, &alerts[i], &moment, said);
            if (restarts && vg_random_below(&w.random, 8) == 0) {
                vg_rulebook_refused(book, alerts[i].rule);
                said[alerts[i].rule] = before[alerts[i].rule];
            }
            uint8_t both[2][VG_SHA256_BYTES];
            memcpy(both[0], digest, VG_SHA256_BYTES);
            vg_sha256(&alerts[i], sizeof alerts[i], both[1]);
            vg_sha256(both, sizeof both, digest);
        }
        count += now;
        if (restarts && now && vg_random_below(&w.random, 16) == 0) {
            memcpy(said, before, sizeof said);
            book = restart(book, scene, VG_RULEBOOK_UNTOLD, &moment);
        }
    }
    vg_free(alerts);
    vg_free(watched);
    vg_rulebook_close(&book);
    vg_watcher_close(&watcher);
    vg_scene_close(&scene);
    return count;
}

static void invariants_hold_for_any_seed(void **state)
{
    (void)state;
    const char *given = getenv("VIGIE_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261121;
    uint32_t alerts = 0;
    for (int i = 0; i < (given ? 1 : RUNS); i++, seed++) {
        uint8_t first[VG_SHA256_BYTES], second[VG_SHA256_BYTES];
        char text[VG_SHA256_TEXT];
        const uint32_t count = run(seed, first);
        vg_sha256_text(first, text);
        (void)printf("seed %llu: %u alerts, %s\n", (unsigned long long)seed, count, text);
        assert_int_equal(run(seed, second), count);
        assert_memory_equal(first, second, VG_SHA256_BYTES);
        alerts += count;
    }
    assert_true(given || alerts > 1000); /* the world is lively enough to prove something */
    assert_int_equal(vg_alloc_sealed_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(invariants_hold_for_any_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
