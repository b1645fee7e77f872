/* Parts of the analysis process that need no device: configuration, timeline, stage times, what is
 * not well with a flux. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/decide_energy.h"
#include "scheduler/live_config.h"
#include "scheduler/live_metrics.h"
#include "scheduler/live_timeline.h"
#include "scheduler/live_warnings.h"
#include "scheduler/stage_times.h"
#include "src/base/alloc.h"
#include "src/media/decode_steps.h"

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
    /* the bucket's greatest: above the value by less than one part in 64 */
    assert_float_equal(vg_stage_times_quantile_s(times, VG_STAGE_TOTAL, 0.95), 0.020223, 1e-9);
    assert_float_equal(vg_stage_times_quantile_s(times, VG_STAGE_TOTAL, 0.96), 20.185087, 1e-6);
    vg_stage_times_add_due(times, 500000, 200000, 3); /* 500, 300 and 100 ms */
    vg_stage_times_add(times, VG_STAGE_REDIS, 250000);
    char text[32768];
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, text, sizeof text);
    vg_stage_times_print(times, (struct vg_mono_time){100 * VG_US_PER_S}, &out);
    assert_int_equal(out.left_out, 0);
    assert_non_null(strstr(text, "vigie_latency_seconds_bucket{le=\"0.025\"} 95\n"));
    assert_non_null(strstr(text, "vigie_latency_seconds_count 100\n"));
    assert_non_null(strstr(text, "vigie_latency_recent_seconds{quantile=\"0.95\"} 0.020223\n"));
    assert_non_null(strstr(text, "vigie_latency_due_seconds_bucket{le=\"0.25\"} 1\n"));
    assert_non_null(strstr(text, "vigie_latency_due_seconds_count 3\n"));
    assert_non_null(
        strstr(text, "vigie_alert_latency_seconds_bucket{to=\"redis\",le=\"0.25\"} 1\n"));
    assert_non_null(strstr(text, "# fine vigie_latency_seconds 100 "));
    assert_null(strstr(text, "stage=\"wait\",quantile")); /* nothing came */
    static const char *const stages[] = {"receive", "decode", "wait",  "prepare", "infer",
                                         "maps",    "track",  "rules", "publish", "alert"};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        char line[96];
        (void)snprintf(line, sizeof line, "vigie_stage_seconds_count{stage=\"%s\"} 0\n", stages[i]);
        assert_non_null(strstr(text, line));
    }
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
    {"view", CONFIG(FLUX(",\"view_source\":4,\"view_confirmed\":9"), "null"), VG_OK, 0},
    {"declared", CONFIG(FLUX(",\"declared_milli\":1500"), "null"), VG_OK, 0},
    {"declared out of bounds", CONFIG(FLUX(",\"declared_milli\":1000001"), "null"), VG_OK, 0},
    {"declared below nothing", CONFIG(FLUX(",\"declared_milli\":-1"), "null"), VG_OK, 0},
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
            const int view = strcmp(configs[i].name, "view") == 0;
            assert_int_equal(config->flux[0].view_source, view ? 4 : 0);
            assert_int_equal(config->flux[0].view_confirmed, view ? 9 : 0);
            const int declared = strcmp(configs[i].name, "declared") == 0;
            assert_int_equal(config->flux[0].declared_milli, declared ? 1500 : 0);
        }
        vg_live_config_free(&config);
        json_decref(message);
    }
}

static void cores_for_decoding_are_thousandths(void **state)
{
    static const struct {
        const char *number;
        uint32_t milli;
    } rows[] = {{"0.0", 0},   {"1.5", 1500},          {"2", 2000}, {"0.0001", 1}, {"-1.0", 0},
                {"\"2\"", 0}, {"1e300", 1024 * 1000}, {"null", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_live_config *config;
        json_t *message = json_loads(CONFIG(FLUX(), "null"), 0, NULL);
        json_t *number = json_loads(rows[i].number, JSON_DECODE_ANY, NULL);
        assert_true(message && number);
        assert_int_equal(json_object_set_new(message, "decode_cores", number), 0);
        assert_int_equal(vg_live_config_read(message, &config, NULL), VG_OK);
        if (config->decode_milli != rows[i].milli)
            fail_msg("%s: %u", rows[i].number, config->decode_milli);
        vg_live_config_free(&config);
        json_decref(message);
    }
}

#define MS INT64_C(1000)

static void a_connection_without_pictures_is_stalled(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_connection connection;
        int64_t decoded_us, age_us, input_milli, nominal_milli, decoder, key_interval;
        const char *want;
    } rows[] = {
        {"live", VG_CONNECTION_LIVE, 1, 1400 * MS, 25000, 0, VG_DECODE_FULL, 0, "live"},
        {"silent", VG_CONNECTION_LIVE, 1, 1600 * MS, 25000, 0, VG_DECODE_FULL, 0, "stalled"},
        {"slow", VG_CONNECTION_LIVE, 1, 4900 * MS, 1000, 25000, VG_DECODE_FULL, 0, "live"},
        {"slow and silent", VG_CONNECTION_LIVE, 1, 5100 * MS, 1000, 0, VG_DECODE_FULL, 0,
         "stalled"},
        {"slow by its word", VG_CONNECTION_LIVE, 1, 2400 * MS, 0, 2000, VG_DECODE_FULL, 0, "live"},
        {"unknown rate", VG_CONNECTION_LIVE, 1, 1600 * MS, 0, 0, VG_DECODE_FULL, 0, "stalled"},
        {"keys", VG_CONNECTION_LIVE, 1, 9900 * MS, 25000, 0, VG_DECODE_KEYS, 50, "live"},
        {"keys, silent", VG_CONNECTION_LIVE, 1, 10100 * MS, 25000, 0, VG_DECODE_KEYS, 50,
         "stalled"},
        {"no picture yet", VG_CONNECTION_LIVE, 0, 9000 * MS, 25000, 0, VG_DECODE_FULL, 0, "live"},
        {"lost", VG_CONNECTION_LOST, 1, 9000 * MS, 25000, 0, VG_DECODE_FULL, 0, "lost"},
        {"waiting", VG_CONNECTION_WAITING, 1, 9000 * MS, 25000, 0, VG_DECODE_FULL, 0, "waiting"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_slots_state slots = {.connection = rows[i].connection,
                                       .fps_milli = (uint32_t)rows[i].nominal_milli,
                                       .decoded_at = {rows[i].decoded_us}};
        slots.figure[VG_FIGURE_INPUT_RATE] = rows[i].input_milli;
        slots.figure[VG_FIGURE_DECODER] = rows[i].decoder;
        slots.figure[VG_FIGURE_KEY_INTERVAL] = rows[i].key_interval;
        const struct vg_mono_time now = {rows[i].decoded_us + rows[i].age_us};
        const char *got = vg_live_state_name(&slots, now);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].name, got);
    }
}

static uint32_t blind(struct vg_live_flux *flux, struct vg_scene *scene, vg_class_set known,
                      const struct vg_slots_state *slots)
{
    flux->config.scene = scene;
    flux->known = known;
    return vg_live_blind(flux, slots);
}

static void key_frames_alone_leave_some_events_blind(void **state)
{
    (void)state;
    static const struct {
        int64_t decoder, input_milli, key_interval;
        uint32_t want; /* of wrong_way and crossing (4 pictures a second), density (1) */
    } rows[] = {
        {VG_DECODE_FULL, 25000, 50, 0},
        {VG_DECODE_VAAPI, 2000, 50, 0}, /* slow, but all that comes is decoded */
        {VG_DECODE_KEYS, 25000, 5, 0},
        {VG_DECODE_KEYS, 25000, 10, 1u << VG_EVENT_CROSSING},
        {VG_DECODE_KEYS, 25000, 50, 1u << VG_EVENT_CROSSING | 1u << VG_EVENT_DENSITY},
        {VG_DECODE_KEYS, 25000, 0, 1u << VG_EVENT_CROSSING | 1u << VG_EVENT_DENSITY},
    };
    struct vg_live_flux *flux = vg_alloc(sizeof *flux);
    struct vg_scene *scene = vg_alloc(sizeof *scene);
    assert_non_null(flux);
    assert_non_null(scene);
    scene->rule_count = 4;
    scene->rule[3] = (struct vg_rule){.event = VG_EVENT_NONE, .active = true, .part_count = 1};
    scene->rule[0] = (struct vg_rule){.event = VG_EVENT_CROSSING, .active = true};
    scene->rule[1] = (struct vg_rule){.event = VG_EVENT_DENSITY, .active = true};
    scene->rule[2] = (struct vg_rule){.event = VG_EVENT_WRONG_WAY, .active = false};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_slots_state slots = {.connection = VG_CONNECTION_LIVE};
        slots.figure[VG_FIGURE_DECODER] = rows[i].decoder;
        slots.figure[VG_FIGURE_INPUT_RATE] = rows[i].input_milli;
        slots.figure[VG_FIGURE_KEY_INTERVAL] = rows[i].key_interval;
        assert_int_equal(blind(flux, scene, 0, &slots), rows[i].want);
        assert_int_equal(blind(flux, scene, 1u << VG_CLASS_PERSON, &slots), rows[i].want);
        assert_int_equal(blind(flux, NULL, 0, &slots), 0);
    }
    vg_free(scene);
    vg_free(flux);
}

static void a_model_that_lacks_the_class_is_blind(void **state)
{
    (void)state;
    const struct vg_slots_state slots = {.connection = VG_CONNECTION_LIVE};
    struct vg_live_flux *flux = vg_alloc(sizeof *flux);
    struct vg_scene *scene = vg_alloc(sizeof *scene);
    assert_non_null(flux);
    assert_non_null(scene);
    scene->rule_count = 1;
    scene->rule[0] = (struct vg_rule){.event = VG_EVENT_WEAPON, .active = true};
    assert_int_equal(blind(flux, scene, 1u << VG_CLASS_PERSON, &slots), 1u << VG_EVENT_WEAPON);
    assert_int_equal(blind(flux, scene, 1u << VG_CLASS_WEAPON, &slots), 0);
    assert_int_equal(blind(flux, scene, 0, &slots), 0); /* not known */
    vg_free(scene);
    vg_free(flux);
}

static void a_flux_that_is_shed_is_blind_and_says_so(void **state)
{
    (void)state;
    static const struct {
        enum vg_share_verdict verdict;
        int64_t declared_us, cost_us;
        uint32_t want, blind;
    } rows[] = {
        {VG_SHARE_WANTED, 0, 90000, 0, 0},
        {VG_SHARE_WANTED, 10000, 20000, 0, 0},
        {VG_SHARE_WANTED, 10000, 20002, 1u << VG_WARNING_COSTLY, 0},
        {VG_SHARE_RAISED, 0, 0, 0, 0},
        {VG_SHARE_REDUCED, 0, 0, 1u << VG_WARNING_REDUCED, 0},
        {VG_SHARE_SHED, 0, 0, 1u << VG_WARNING_SHED, 1u << VG_EVENT_DENSITY},
        {VG_SHARE_COSTLY, 0, 0, 1u << VG_WARNING_SHED | 1u << VG_WARNING_COSTLY,
         1u << VG_EVENT_DENSITY},
    };
    struct vg_live_flux *flux = vg_alloc(sizeof *flux);
    struct vg_scene *scene = vg_alloc(sizeof *scene);
    assert_non_null(flux);
    assert_non_null(scene);
    scene->rule_count = 2;
    scene->rule[0] = (struct vg_rule){.event = VG_EVENT_DENSITY, .active = true};
    scene->rule[1] = (struct vg_rule){.event = VG_EVENT_CROSSING, .active = false};
    flux->config.active = true;
    flux->wanted_period_us = VG_US_PER_S / 5;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_slots_state slots = {.connection = VG_CONNECTION_LIVE, .fps_milli = 25000};
        flux->share.verdict = rows[i].verdict;
        flux->share.declared_us = rows[i].declared_us;
        flux->share.cost_us = rows[i].cost_us;
        assert_int_equal(vg_live_warnings(flux, &slots), rows[i].want);
        assert_int_equal(blind(flux, scene, 0, &slots), rows[i].blind);
    }
    vg_free(scene);
    vg_free(flux);
}

static void warnings_come_from_the_view_the_rate_and_the_decoder(void **state)
{
    (void)state;
    static const struct {
        uint32_t faults;
        int64_t period_us, input_milli, decoder;
        uint32_t want;
    } rows[] = {
        {0, 200 * MS, 25000, VG_DECODE_FULL, 0},
        {1u << VG_VIEW_SMALL, 200 * MS, 25000, VG_DECODE_FULL, 1u << VG_WARNING_SMALL},
        {1u << VG_VIEW_MOVED, 200 * MS, 25000, VG_DECODE_FULL, 0},
        {1u << VG_VIEW_SLOW | 1u << VG_VIEW_MOVED, 200 * MS, 8000, VG_DECODE_FULL,
         1u << VG_WARNING_SLOW},
        {0, 50 * MS, 15000, VG_DECODE_FULL, 1u << VG_WARNING_SLOW}, /* 20 are wanted */
        {0, 50 * MS, 0, VG_DECODE_FULL, 0},
        {0, 200 * MS, 25000, VG_DECODE_KEYS, 1u << VG_WARNING_KEYS},
    };
    struct vg_live_flux *flux = vg_alloc(sizeof *flux);
    assert_non_null(flux);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_slots_state slots = {.connection = VG_CONNECTION_LIVE};
        slots.figure[VG_FIGURE_DECODER] = rows[i].decoder;
        slots.figure[VG_FIGURE_INPUT_RATE] = rows[i].input_milli;
        flux->wanted_period_us = rows[i].period_us;
        flux->view.health.faults = rows[i].faults;
        assert_int_equal(vg_live_warnings(flux, &slots), rows[i].want);
    }
    vg_free(flux);
}

/* The most that a flux can come to: the longest name, every counter at its widest, every warning, all
 * events blind. */
static void make_widest(struct vg_live_flux *flux, struct vg_slots_state *slots,
                        struct vg_scene *scene)
{
    memset(flux->config.id, 'i', sizeof flux->config.id - 1);
    flux->config.active = true;
    flux->config.scene = scene;
    flux->asks = true;
    flux->period_us = 1;
    flux->wanted_period_us = 1;
    flux->wanted = UINT64_MAX;
    flux->share.verdict = VG_SHARE_SHED;
    flux->view.health.looks = 1;
    flux->view.health.faults = UINT32_MAX;
    slots->decoded = UINT64_MAX;
    slots->connection = VG_CONNECTION_CONNECTING;
    for (int f = 0; f < VG_FATE_COUNT; f++)
        slots->fate[f] = UINT64_MAX;
    for (int f = 0; f < VG_FIGURE_COUNT; f++)
        slots->figure[f] = INT64_MAX - 123456789;
}

static void two_hundred_longest_flux_lose_no_line(void **state)
{
    (void)state;
    enum {
        FLUX = 200,
        OTHER_LINE = 200, /* of a flux, and of a flux and a meter: longer than any */
        COVERAGE_LINE = 190
    };
    struct vg_scene *scene = vg_alloc(sizeof *scene);
    struct vg_live_report *report = vg_alloc(sizeof *report);
    struct vg_live_flux *flux = vg_alloc(sizeof *flux);
    struct vg_live_view *view = vg_alloc_array(FLUX, sizeof *view);
    struct vg_stage_times *times = vg_alloc(sizeof *times);
    assert_true(scene && report && flux && view && times);
    for (uint32_t e = 0; e < VG_EVENT_COUNT; e++)
        scene->rule[e] = (struct vg_rule){.event = (enum vg_event)e, .active = true};
    scene->rule_count = VG_EVENT_COUNT;
    for (int i = 0; i < FLUX; i++) {
        view[i].flux = flux;
        make_widest(flux, &view[i].state, scene);
    }
    for (int s = 0; s < VG_STAGE_COUNT; s++)
        vg_stage_times_add(times, (enum vg_stage)s, 1000);
    const struct vg_live_totals totals = {.batches = 1};
    const struct vg_publisher_counts published = {.given = 0};
    vg_live_report_begin(report, &totals, times, &published);
    const size_t head = report->out.size;
    vg_live_report_flux(report, view, FLUX);
    assert_int_equal(report->out.left_out, 0);
    const size_t of_flux = report->out.size - head;
    print_message("%zu bytes of the process, %zu of a flux\n", head, of_flux / FLUX);
    assert_true(of_flux / FLUX > 5000); /* or it is not the most */
    /* what this flux has not: causes of coverage, the device's time, power by each meter */
    const size_t more = FLUX * (VG_COVERAGE_CAUSES * COVERAGE_LINE + OTHER_LINE +
                                (size_t)VG_ENERGY_METERS_MAX * OTHER_LINE);
    assert_true(report->out.size + more + 65536 <= VG_PUBLISHER_METRICS_MAX);
    vg_free(times);
    vg_free(view);
    vg_free(flux);
    vg_free(report);
    vg_free(scene);
}

static void the_process_tells_of_each_device_and_of_its_files(void **state)
{
    static const char *const lines[] = {
        "\nvigie_model_precision{device=\"0\",model=\"m\",asked=\"auto\",precision=\"f16\","
        "int8_form=\"yes\"} 1\n",
        "\nvigie_model_precision{device=\"2\",model=\"m\",asked=\"auto\",precision=\"int8\","
        "int8_form=\"yes\"} 1\n",
        "\nvigie_device_busy_seconds_total{device=\"0\"} 2.500000\n",
        "\nvigie_device_failures_total{device=\"1\"} 3\n",
        "\nvigie_usable_cores 1.500\n",
        "\nvigie_device_cores{device=\"2\"} 2\n",
        "\nvigie_state_files_total{fate=\"written\"} 10\n",
        "\nvigie_state_files_total{fate=\"failed\"} 2\n",
        "\nvigie_state_files_total{fate=\"replaced\"} 5\n",
    };
    (void)state;
    struct vg_live_report *report = vg_alloc(sizeof *report);
    struct vg_stage_times *times = vg_alloc(sizeof *times);
    assert_true(report && times);
    const struct vg_live_totals totals = {
        .arithmetic = {.model = "m", .asked = "auto", .has_int8 = true},
        .devices = 3,
        .device = {{.name = "card", .precision = "f16", .well = true, .busy_us = 2500000},
                   {.name = "away", .failures = 3},
                   {.name = "processor", .precision = "int8", .well = true, .cores = 2}},
        .usable_cores_milli = 1500,
        .saves = {.written = 10, .failed = 2, .replaced = 5}};
    const struct vg_publisher_counts published = {.given = 0};
    vg_live_report_begin(report, &totals, times, &published);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(report->text, lines[i]))
            fail_msg("not told: %s", lines[i]);
    assert_null(strstr(report->text, "vigie_model_precision{device=\"1\""));
    assert_null(strstr(report->text, "vigie_device_cores{device=\"0\"")); /* a card */
    vg_free(times);
    vg_free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_time_goes_on_over_epochs),
        cmocka_unit_test(two_hundred_longest_flux_lose_no_line),
        cmocka_unit_test(the_process_tells_of_each_device_and_of_its_files),
        cmocka_unit_test(quantiles_come_from_the_buckets),
        cmocka_unit_test(configurations_are_read_or_refused),
        cmocka_unit_test(cores_for_decoding_are_thousandths),
        cmocka_unit_test(a_connection_without_pictures_is_stalled),
        cmocka_unit_test(key_frames_alone_leave_some_events_blind),
        cmocka_unit_test(a_model_that_lacks_the_class_is_blind),
        cmocka_unit_test(a_flux_that_is_shed_is_blind_and_says_so),
        cmocka_unit_test(warnings_come_from_the_view_the_rate_and_the_decoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
