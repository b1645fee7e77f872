/* Parts of the analysis process that need no device: configuration, timeline, stage times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/live_config.h"
#include "scheduler/live_timeline.h"
#include "scheduler/stage_times.h"
#include "src/base/alloc.h"

static void media_time_goes_on_over_epochs(void **state)
{
    (void)state;
    struct vg_live_timeline t = {0};
    const struct {
        uint32_t epoch;
        int64_t media, arrival, want;
    } rows[] = {
        {3, 5000, 100000, 0},        /* the first picture is the origin */
        {3, 205000, 300500, 200000}, /* within an epoch the stamps count */
        {4, 0, 1300500, 1200000},    /* after a loss: by the arrival clock */
        {4, 200000, 1500000, 1400000}, {4, 100000, 1600000, 1400000}, /* never back */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_media_time time =
            vg_live_timeline_step(&t, rows[i].epoch, (struct vg_media_time){rows[i].media},
                                  (struct vg_mono_time){rows[i].arrival});
        assert_int_equal(time.us, rows[i].want);
    }
}

static void quantiles_come_from_the_buckets(void **state)
{
    (void)state;
    struct vg_stage_times *times = vg_alloc(sizeof *times);
    assert_non_null(times);
    assert_float_equal(vg_stage_times_quantile_s(times, VG_STAGE_TOTAL, 0.95), 0, 0);
    for (int i = 0; i < 95; i++)
        vg_stage_times_add(times, VG_STAGE_TOTAL, 20000);
    for (int i = 0; i < 5; i++)
        vg_stage_times_add(times, VG_STAGE_TOTAL, 20000000);
    assert_float_equal(vg_stage_times_quantile_s(times, VG_STAGE_TOTAL, 0.95), 0.025, 1e-9);
    assert_float_equal(vg_stage_times_quantile_s(times, VG_STAGE_TOTAL, 0.96), 3600, 0);
    char text[16384];
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, text, sizeof text);
    vg_stage_times_print(times, &out);
    assert_int_equal(out.left_out, 0);
    assert_non_null(strstr(text, "vigie_latency_seconds_bucket{le=\"0.025\"} 95\n"));
    assert_non_null(strstr(text, "vigie_latency_seconds_count 100\n"));
    vg_free(times);
}

#define FLUX(more)                                                                         \
    "{\"index\":0,\"ingest\":0,\"slot\":1,\"id\":\"cam\",\"label\":\"\",\"rate_fps\":5.0," \
    "\"priority\":5,\"active\":true" more "}"
#define CONFIG(flux, order)                                                               \
    "{\"type\":\"config\",\"version\":7,\"authorisation\":" order ",\"phase\":\"setup\"," \
    "\"model\":\"m\",\"node\":\"a1\",\"flux\":[" flux "]}"

static const struct {
    const char *name, *text;
    enum vg_status status;
    int scene; /* the flux has one */
} configs[] = {
    {"plain", CONFIG(FLUX(), "null"), VG_OK, 0},
    {"scene", CONFIG(FLUX(",\"scene\":{\"version\":1,\"name\":\"s\"}"), "null"), VG_OK, 1},
    {"a bad scene leaves the flux", CONFIG(FLUX(",\"scene\":{\"version\":9}"), "null"), VG_OK, 0},
    {"no id", CONFIG("{\"ingest\":0}", "null"), VG_E_INPUT, 0},
    {"bad order", CONFIG(FLUX(), "{\"reference\":\"x\"}"), VG_E_INPUT, 0},
    {"no flux", "{\"type\":\"config\"}", VG_E_INPUT, 0},
};

static void configurations_are_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct vg_live_config *config;
        struct vg_fault fault;
        json_t *message = json_loads(configs[i].text, 0, NULL);
        if (!message)
            fail_msg("%s is not JSON", configs[i].name);
        const enum vg_status status = vg_live_config_read(message, &config, &fault);
        if (status != configs[i].status)
            fail_msg("%s: %s", configs[i].name, vg_status_name(status));
        if (!status) {
            assert_int_equal(config->version, 7);
            assert_int_equal(config->flux_count, 1);
            assert_int_equal(config->flux[0].slot, 1);
            assert_int_equal(config->flux[0].scene != NULL, configs[i].scene);
        }
        vg_live_config_free(&config);
        json_decref(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_time_goes_on_over_epochs),
        cmocka_unit_test(quantiles_come_from_the_buckets),
        cmocka_unit_test(configurations_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
