/* GET /measures: what was measured is told as curves.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/openapi.h"
#include "src/store/measures_file.h"
#include "tests/unit/api_reader.h"

#define V1   "/api/v1/measures?flux=cam-1"
#define HOUR "&from=2026-01-05T10:00:00Z&to=2026-01-05T11:00:00Z"

/* From 2026-01-05 10:00 UTC: two minutes of the quay, none, another; one of the whole picture. */
static void write_rows(const char *data)
{
    static const struct {
        struct vg_measures_curve curve;
        int minute;
        double value[2];
    } rows[] = {
        {{"quay", "count"}, 0, {1, 3}},
        {{"quay", "count"}, 1, {4, 6}},
        {{"quay", "count"}, 30, {0, 0}},
        {{"", "flow"}, 1, {0.25, 0.25}},
    };
    struct vg_wall_time from;
    struct vg_fault fault;
    assert_int_equal(vg_wall_parse("2026-01-05T10:00:00Z", &from), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_measure_row row = {.minute = from.us / (60 * VG_US_PER_S) + rows[i].minute};
        for (int k = 0; k < 2; k++)
            vg_measure_row_add(&row, rows[i].value[k]);
        assert_int_equal(vg_measures_add(data, "cam-1", &rows[i].curve, &row, &fault), VG_OK);
    }
}

static int start(void **out)
{
    return api_reader_start(out, write_rows, vg_openapi_make());
}

static const char *word(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static double value(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void curves_are_told(void **out)
{
    struct api_reader *s = *out;
    json_t *root = api_reader_ask(s, V1 HOUR "&step=60", 200);
    const json_t *items = json_object_get(root, "items");
    assert_int_equal(json_array_size(items), 2);
    assert_float_equal(value(root, "step"), 60, 0);
    assert_float_equal(value(root, "damaged"), 0, 0);
    const json_t *item = json_array_get(items, 0), *curve = json_object_get(item, "curve");
    assert_string_equal(word(item, "flux"), "cam-1");
    assert_string_equal(word(item, "place"), "quay");
    assert_string_equal(word(item, "measure"), "count");
    static const struct {
        int minute;
        double mean, least, greatest;
    } points[] = {{0, 2, 1, 3}, {1, 5, 4, 6}, {30, 0, 0, 0}};
    assert_int_equal(json_array_size(curve), 3); /* what was not measured is no point */
    for (size_t i = 0; i < 3; i++) {
        const json_t *point = json_array_get(curve, i);
        struct vg_wall_time from, at;
        assert_int_equal(vg_wall_parse("2026-01-05T10:00:00Z", &from), 0);
        assert_int_equal(vg_wall_parse(word(point, "time"), &at), 0);
        assert_int_equal(at.us - from.us, points[i].minute * 60 * VG_US_PER_S);
        assert_float_equal(value(point, "mean"), points[i].mean, 0);
        assert_float_equal(value(point, "least"), points[i].least, 0);
        assert_float_equal(value(point, "greatest"), points[i].greatest, 0);
        assert_float_equal(value(point, "pictures"), 2, 0);
    }
    item = json_array_get(items, 1);
    assert_string_equal(word(item, "place"), "");
    assert_string_equal(word(item, "measure"), "flow");
    json_decref(root);
}

static void steps_and_names_choose(void **out)
{
    struct api_reader *s = *out;
    static const struct {
        const char *query;
        size_t items, points; /* of the first */
        double mean;
    } rows[] = {
        {V1 HOUR, 2, 2, 3.5},
        {V1 HOUR "&step=300", 2, 2, 3.5},
        {V1 HOUR "&step=3600", 2, 1, 14.0 / 6},
        {V1 HOUR "&step=3600&place=quay", 1, 1, 14.0 / 6},
        {V1 HOUR "&place=", 1, 1, 0.25},
        {V1 HOUR "&measure=flow", 1, 1, 0.25},
        {V1 HOUR "&measure=flow&place=quay", 0, 0, 0},
        {V1 HOUR "&place=elsewhere", 0, 0, 0},
        {V1, 0, 0, 0}, /* the last day */
        {V1 "&from=2026-01-04T10:00:00Z&to=2026-01-05T10:00:00Z", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *root = api_reader_ask(s, rows[i].query, 200);
        const json_t *items = json_object_get(root, "items");
        const json_t *curve = json_object_get(json_array_get(items, 0), "curve");
        if (json_array_size(items) != rows[i].items || json_array_size(curve) != rows[i].points)
            fail_msg("%s: %zu items, %zu points", rows[i].query, json_array_size(items),
                     json_array_size(curve));
        if (rows[i].points)
            assert_float_equal(value(json_array_get(curve, 0), "mean"), rows[i].mean, 1e-9);
        json_decref(root);
    }
}

static void what_cannot_be_asked_is_refused(void **out)
{
    struct api_reader *s = *out;
    static const struct {
        const char *query, *where;
    } rows[] = {
        {"/api/v1/measures", "flux"},
        {"/api/v1/measures?flux=", "flux"},
        {"/api/v1/measures?flux=a%2F..%2Fb", "flux"},
        {V1 "&from=yesterday", "from"},
        {V1 "&to=x", "to"},
        {V1 "&step=61", "step"},
        {V1 "&step=minute", "step"},
        {V1 "&from=2026-01-05T10:00:00Z&to=2026-01-05T09:00:00Z", "from"},
        {V1 "&from=2026-01-01T00:00:00Z&to=2026-01-30T00:00:00Z&step=60", "step"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *root = api_reader_ask(s, rows[i].query, 400);
        const json_t *error = json_object_get(root, "error");
        assert_string_equal(word(error, "code"), "bad_query");
        assert_string_equal(word(error, "where"), rows[i].where);
        json_decref(root);
    }
    json_decref(api_reader_ask(s, "/api/v1/measures?flux=cam-99", 404));
}

static void it_is_asked_by_who_signed_in(void **out)
{
    struct api_reader *s = *out;
    struct client stranger;
    client_open(&stranger, s->server.port);
    struct answer answer = client_call(&stranger, "GET", V1, NULL, NULL);
    assert_int_equal(answer.code, 401);
    answer_free(&answer);
    client_close(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_are_told),
        cmocka_unit_test(steps_and_names_choose),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(it_is_asked_by_who_signed_in),
    };
    return cmocka_run_group_tests(tests, start, api_reader_stop);
}
