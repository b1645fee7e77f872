/* Energy in the metrics: what pictures and flux cost of late, and the thread that looks at the meters.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/decide_energy.h"
#include "scheduler/live_energy.h"
#include "src/base/alloc.h"
#include "src/base/file.h"

enum {
    WAIT_US = 8000000
};

static void near(const char *name, double is, double wanted)
{
    if (fabs(is - wanted) > 1e-6 * (1 + fabs(wanted)))
        fail_msg("%s: %.12g instead of %.12g", name, is, wanted);
}

/* 60 W, 10 pictures a second, flux 3 takes three times what flux 7 takes. */
static struct vg_energy_point at(int64_t half_s)
{
    struct vg_energy_point p = {
        .now_us = (1000 + half_s) * 500000, .pictures = (uint64_t)half_s * 5, .meters = 1};
    p.meter[0].joules = 30.0 * (double)half_s;
    p.meter[0].covered_us = half_s * 500000;
    p.busy_us[3] = half_s * 30000;
    p.busy_us[7] = half_s * 10000;
    return p;
}

static void means_are_those_of_the_last_minute(void **state)
{
    (void)state;
    struct vg_energy_window *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (int64_t i = 0; i < 1000; i++) {
        const struct vg_energy_point p = at(i);
        vg_energy_window_step(w, &p);
        const struct vg_energy_mean mean = vg_energy_window_mean(w, &p, 0);
        assert_int_equal(mean.known, i >= 60);
        assert_true(p.now_us - w->older.now_us <= 2 * VG_ENERGY_HALF_US);
        if (!mean.known)
            continue;
        near("watts", mean.watts, 60);
        near("a picture", mean.picture_j, 6);
        const int64_t total_us = vg_energy_window_busy_us(w, &p);
        near("3", vg_energy_window_share(w, &p, 3, total_us), 0.75);
        near("7", vg_energy_window_share(w, &p, 7, total_us), 0.25);
        near("0", vg_energy_window_share(w, &p, 0, total_us), 0);
        assert_false(vg_energy_window_mean(w, &p, 1).known);
    }
    free(w);
}

static void what_is_not_known_is_not_told(void **state)
{
    (void)state;
    struct vg_energy_window *w = calloc(1, sizeof *w);
    assert_non_null(w);
    struct vg_energy_point p = at(0);
    vg_energy_window_step(w, &p);
    p = at(80);
    p.pictures = 0;
    assert_true(vg_energy_window_mean(w, &p, 0).picture_j < 0); /* no picture: no joules for one */
    near("but watts", vg_energy_window_mean(w, &p, 0).watts, 60);
    p.meter[0].covered_us /= 2; /* the meter was gone for half of the time */
    assert_false(vg_energy_window_mean(w, &p, 0).known);
    p = at(80);
    p.meter[0].joules = -1; /* opened anew */
    assert_false(vg_energy_window_mean(w, &p, 0).known);
    memset(p.busy_us, 0, sizeof p.busy_us);
    near("idle", vg_energy_window_share(w, &p, 3, vg_energy_window_busy_us(w, &p)), 0);
    p = at(80); /* another flux has the place of flux 3: it counts from its own beginning */
    struct vg_energy_point q = at(140);
    vg_energy_window_step(w, &p);
    vg_energy_window_step(w, &q);
    q = at(200);
    q.busy_us[3] = 600000;
    assert_int_equal(vg_energy_window_busy_us(w, &q), 600000 + 120 * 10000);
    free(w);
}

static void put(const char *root, const char *name, const char *text)
{
    char path[256], folder[256];
    (void)snprintf(folder, sizeof folder, "%s/sys/class/powercap/intel-rapl:0", root);
    assert_int_equal(vg_folder_make(folder, NULL), VG_OK);
    (void)snprintf(path, sizeof path, "%s/sys/class/powercap/intel-rapl:0/%s", root, name);
    assert_int_equal(vg_file_write(path, text, strlen(text), 0644, VG_FILE_PLAIN, NULL), VG_OK);
}

static void remove_all(const char *root)
{
    static const char *const names[] = {"/sys/class/powercap/intel-rapl:0/name",
                                        "/sys/class/powercap/intel-rapl:0/energy_uj",
                                        "/sys/class/powercap/intel-rapl:0/max_energy_range_uj",
                                        "/sys/class/powercap/intel-rapl:0",
                                        "/sys/class/powercap",
                                        "/sys/class",
                                        "/sys",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s%s", root, names[i]);
        (void)remove(path);
    }
}

static void the_thread_finds_and_reads(void **state)
{
    (void)state;
    char root[] = "/tmp/vigie-energy-XXXXXX", uj[32];
    struct vg_live_energy *e = calloc(1, sizeof *e);
    struct vg_live_flux *flux = calloc(VG_LIVE_FLUX_MAX, sizeof *flux);
    static const int room = 65536;
    char *text = calloc(1, (size_t)room);
    assert_true(e && flux && text && mkdtemp(root));
    struct vg_text_buffer out;
    (void)snprintf(flux[2].config.id, sizeof flux[2].config.id, "cam-2");
    flux[2].used = true;
    flux[2].busy_us = 1500000;
    vg_text_buffer_init(&out, text, (size_t)room);
    vg_live_energy_step(e, flux, 0, vg_mono_now()); /* no thread */
    vg_live_energy_report(e, flux, &out);
    assert_non_null(strstr(text, "vigie_flux_device_seconds_total{flux=\"cam-2\"} 1.500000\n"));
    assert_null(strstr(text, "joules"));

    put(root, "name", "package-0\n");
    put(root, "max_energy_range_uj", "262143328850\n");
    put(root, "energy_uj", "1000000\n");
    assert_int_equal(vg_energy_thread_open(&e->thread, root, "libnothing-of-this-name.so"), VG_OK);
    const int64_t until_us = vg_mono_now().us + WAIT_US;
    for (long long n = 1; e->seen.meter[0].joules <= 0 && vg_mono_now().us < until_us; n++) {
        (void)snprintf(uj, sizeof uj, "%lld\n", 1000000 + n);
        put(root, "energy_uj", uj);
        vg_text_buffer_init(&out, text, (size_t)room);
        vg_live_energy_step(e, flux, 0, vg_mono_now());
        vg_live_energy_report(e, flux, &out);
    }
    assert_int_equal(e->seen.count, 1);
    assert_int_equal(out.left_out, 0);
    assert_non_null(
        strstr(text, "vigie_energy_joules_total{scope=\"package\",meter=\"rapl:package\"} "));
    assert_non_null(strstr(text, "vigie_power_watts{scope=\"package\",meter=\"rapl:package\"} "));
    assert_non_null(
        strstr(text, "vigie_energy_meter_well{scope=\"package\",meter=\"rapl:package\"} 1\n"));
    assert_null(strstr(text, "vigie_picture_joules{")); /* not for half a minute yet */
    assert_null(strstr(text, "vigie_flux_power_watts{"));
    vg_energy_thread_close(&e->thread);
    assert_null(e->thread);
    remove_all(root);
    free(text);
    free(flux);
    free(e);
    assert_int_equal(vg_alloc_held(), 0);
}

static double value_of(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    if (!at)
        fail_msg("no %s in %s", line, text);
    return at ? strtod(at + strlen(line), NULL) : 0;
}

static void flux_add_up_to_the_meter(void **state)
{
    (void)state;
    struct vg_live_energy *e = calloc(1, sizeof *e);
    struct vg_live_flux *flux = calloc(VG_LIVE_FLUX_MAX, sizeof *flux);
    char *text = calloc(1, 65536);
    assert_true(e && flux && text);
    struct vg_text_buffer out;
    flux[3].used = flux[7].used = true;
    (void)snprintf(flux[3].config.id, sizeof flux[3].config.id, "cam-3");
    (void)snprintf(flux[7].config.id, sizeof flux[7].config.id, "cam-7");
    e->seen.count = 1;
    e->seen.meter[0] = (struct vg_energy_seen){.name = "hwmon:power_meter@x",
                                               .scope = VG_ENERGY_BOARD,
                                               .state = VG_METER_STALLED,
                                               .joules = 2400,
                                               .watts = -1};
    e->point = at(0);
    vg_energy_window_step(&e->window, &e->point);
    e->point = at(80);
    vg_text_buffer_init(&out, text, 65536);
    vg_live_energy_report(e, flux, &out);
#define LABELS "scope=\"board\",meter=\"hwmon:power_meter@x\"} "
    near("3", value_of(text, "vigie_flux_power_watts{flux=\"cam-3\"," LABELS), 45);
    near("7", value_of(text, "vigie_flux_power_watts{flux=\"cam-7\"," LABELS), 15);
    near("J", value_of(text, "vigie_picture_joules{" LABELS), 6);
    near("well", value_of(text, "vigie_energy_meter_well{" LABELS), 0);
    near("total", value_of(text, "vigie_energy_joules_total{" LABELS), 2400);
    assert_null(strstr(text, "vigie_power_watts{")); /* not known while it is stalled */
    assert_int_equal(out.left_out, 0);
    free(text);
    free(flux);
    free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_those_of_the_last_minute),
        cmocka_unit_test(what_is_not_known_is_not_told),
        cmocka_unit_test(the_thread_finds_and_reads),
        cmocka_unit_test(flux_add_up_to_the_meter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
