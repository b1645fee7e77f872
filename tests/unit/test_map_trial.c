/* Who makes the maps, over rows of processes that live or end over the first of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "scheduler/map_trial.h"
#include "src/base/file.h"

#define HOUR_US (3600 * VG_US_PER_S)

struct folder {
    char path[64], state[128], mark[256];
};

static int set_up(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    (void)snprintf(f->path, sizeof f->path, "/tmp/vigie-trial-XXXXXX");
    if (!mkdtemp(f->path))
        return -1;
    (void)snprintf(f->state, sizeof f->state, "%s/state", f->path);
    (void)snprintf(f->mark, sizeof f->mark, "%s/maps.trial", f->state);
    *state = f;
    return mkdir(f->state, 0700);
}

static int tear_down(void **state)
{
    struct folder *f = *state;
    (void)unlink(f->mark);
    const int failed = rmdir(f->state) || rmdir(f->path);
    free(f);
    return failed;
}

/* A process: d: it ends over its first map; l: it lives on; q: it ends in order while one is under way;
 * n: no scene asks for any. Upper case: with another device. */
static const struct {
    const char *name, *processes;
    int64_t step_us;    /* from one to the next */
    const char *makers; /* d: device, h: host */
} rows[] = {
    {"all is well", "lllnql", HOUR_US, "dddddd"},
    {"one end is nobody's fault", "ldlll", HOUR_US, "ddddd"},
    {"two in a row", "lddlll", 1000, "dddhhh"},
    {"not in a row", "ldldldl", 1000, "ddddddd"},
    {"it keeps what it knows while nobody asks", "dndnnl", 1000, "dddhhh"},
    {"another device is another matter", "ddLLl", 1000, "ddddd"},
    {"after a day once more", "dddddd", 9 * HOUR_US, "ddhhdh"},
    {"and it may have been mended", "ddddll", 9 * HOUR_US, "ddhhdd"},
};

static void rows_hold(void **state)
{
    struct folder *f = *state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        int64_t now_us = 1790000000 * VG_US_PER_S;
        (void)unlink(f->mark);
        for (size_t i = 0; rows[r].processes[i]; i++, now_us += rows[r].step_us) {
            struct vg_map_trial trial;
            const char what = rows[r].processes[i];
            const struct vg_wall_time now = {now_us};
            const enum vg_map_maker maker =
                vg_map_trial_open(&trial, f->path, 0, what == 'L' ? "other" : "card", now);
            if ((maker == VG_MAPS_BY_HOST) != (rows[r].makers[i] == 'h'))
                fail_msg("%s: process %zu", rows[r].name, i);
            if (maker == VG_MAPS_BY_HOST || what == 'n')
                continue;
            vg_map_trial_begin(&trial, now);
            vg_map_trial_begin(&trial, now);
            assert_int_equal(access(f->mark, F_OK), 0);
            if (what == 'd')
                continue;
            vg_map_trial_end(&trial);
            assert_int_not_equal(access(f->mark, F_OK), 0);
            vg_map_trial_begin(&trial, now); /* once answered it is proven */
            assert_int_not_equal(access(f->mark, F_OK), 0);
        }
    }
}

static void nonsense_says_nothing(void **state)
{
    static const char *const texts[] = {
        "", "maps", "maps 2 9 1 1\n", "maps 1 2 x 1", "maps 1 -1 1", "\x01\x02\x03"};
    struct folder *f = *state;
    struct vg_map_trial trial;
    struct vg_fault fault;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(
            vg_file_write(f->mark, texts[i], strlen(texts[i]), 0600, VG_FILE_PLAIN, &fault), VG_OK);
        assert_int_equal(vg_map_trial_open(&trial, f->path, 0, "card", (struct vg_wall_time){1}),
                         VG_MAPS_BY_DEVICE);
    }
    /* a folder that is not there */
    assert_int_equal(vg_map_trial_open(&trial, "/nowhere", 0, "card", (struct vg_wall_time){1}),
                     VG_MAPS_BY_DEVICE);
    vg_map_trial_begin(&trial, (struct vg_wall_time){1});
    vg_map_trial_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nonsense_says_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
