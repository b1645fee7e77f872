/* The meters of a bench while it measures: a processor's counter that is a file, by a clock of the
 * analysis that the test moves on.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/energy_watch.h"
#include "src/base/clock.h"
#include "src/base/file.h"

#define ZONE "/sys/class/powercap/intel-rapl:0"

static char root[64];
static atomic_bool ends;
static pthread_t counter;

static void put(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s" ZONE "/%s", root, name);
    assert_int_equal(vg_file_write(path, text, strlen(text), 0644, VG_FILE_WHOLE, NULL), VG_OK);
}

/* 50 W. */
static void *count_on(void *user)
{
    const int64_t start_us = vg_mono_now().us;
    (void)user;
    while (!atomic_load(&ends)) {
        char text[32];
        (void)snprintf(text, sizeof text, "%lld\n", (long long)(vg_mono_now().us - start_us) * 50);
        put("energy_uj", text);
        vg_pause_us(500);
    }
    return NULL;
}

static int make_meter(void **state)
{
    char folder[256];
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/vigie-test-watch-XXXXXX");
    assert_non_null(mkdtemp(root));
    (void)snprintf(folder, sizeof folder, "%s" ZONE, root);
    assert_int_equal(vg_folder_make(folder, NULL), VG_OK);
    put("name", "package-0\n");
    put("max_energy_range_uj", "262143328850\n");
    put("energy_uj", "0\n");
    return pthread_create(&counter, NULL, count_on, NULL);
}

static int remove_meter(void **state)
{
    static const char *const names[] = {ZONE "/name",
                                        ZONE "/energy_uj",
                                        ZONE "/max_energy_range_uj",
                                        ZONE,
                                        "/sys/class/powercap",
                                        "/sys/class",
                                        "/sys",
                                        ""};
    (void)state;
    atomic_store(&ends, true);
    (void)pthread_join(counter, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s%s", root, names[i]);
        (void)remove(path);
    }
    return 0;
}

/* A load of so many blocks of 30 s by the analysis' clock, block_us by ours, 150 pictures each. */
static void load(struct vg_energy_watch *watch, int blocks, int64_t block_us)
{
    vg_energy_watch_begin(watch, 30.0 * blocks);
    for (int i = 0; i <= blocks; i++) {
        vg_pause_us(i > 0 ? block_us : 0);
        vg_energy_watch_count(watch, 100 + 30.0 * i, 1000 + (uint64_t)(150 * i));
    }
}

static void rest(struct vg_energy_watch *watch)
{
    struct vg_fault fault;
    assert_int_equal(vg_energy_watch_rest(watch, 1, &fault), VG_OK);
}

static struct vg_energy_watch *open_watch(void)
{
    struct vg_fault fault;
    struct vg_energy_watch *watch = NULL;
    struct vg_meter_settings settings = {.kinds = 1u << VG_METER_RAPL};
    (void)snprintf(settings.root, sizeof settings.root, "%s", root);
    assert_int_equal(vg_energy_watch_open(&watch, &settings, &fault), VG_OK);
    return watch;
}

static void intervals_are_those_of_the_blocks(void **state)
{
    (void)state;
    struct vg_energy_watch *watch = open_watch();
    struct vg_energy_told told[VG_METERS_MAX];
    assert_int_equal(vg_energy_watch_meters(watch), 1);
    load(watch, 12, 100000);
    assert_int_equal(vg_energy_watch_tell(watch, 4, 365, told), 1);
    const struct vg_energy_account *a = &told[0].account;
    assert_string_equal(told[0].meter, "rapl:package");
    assert_int_equal(a->status, VG_ENERGY_MEASURED);
    const struct vg_energy_figure *const sure[] = {&a->gross_w, &a->gross_j, &a->w_per_flux,
                                                   &a->kwh_per_day, &a->j_per_picture};
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++) {
        assert_int_equal(sure[i]->count, 12);
        assert_true(sure[i]->low <= sure[i]->mean && sure[i]->mean <= sure[i]->high);
    }
    assert_int_equal(a->net_w.count, 0); /* it was never at rest */
    load(watch, 9, 100000);
    (void)vg_energy_watch_tell(watch, 4, 365, told);
    assert_int_equal(a->w_per_flux.count, 1); /* too few blocks for an interval */
    vg_energy_watch_close(&watch);
}

static void rest_is_before_and_after(void **state)
{
    (void)state;
    struct vg_energy_watch *watch = open_watch();
    struct vg_energy_told told[VG_METERS_MAX];
    rest(watch);
    load(watch, 2, 500000);
    rest(watch);
    (void)vg_energy_watch_tell(watch, 4, 365, told);
    assert_int_equal(told[0].account.status, VG_ENERGY_MEASURED);
    assert_int_equal(told[0].account.net_w.count, 1);
    assert_true(told[0].account.idle_w.mean > 40 && told[0].account.idle_w.mean < 60);
    assert_ptr_equal(vg_energy_told_widest(told, 1), told);
    vg_energy_watch_close(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_those_of_the_blocks),
        cmocka_unit_test(rest_is_before_and_after),
    };
    return cmocka_run_group_tests(tests, make_meter, remove_meter);
}
