/* GET /flux/{id}/coverage: what was written is told, exact to the second.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/openapi.h"
#include "src/store/coverage_file.h"
#include "tests/unit/api_reader.h"

#define V1 "/api/v1/flux/cam-1/coverage"

/* 2026-01-05 10:00 to 10:03 UTC: 60 s, 50 and 10 lost, 30 lost and 30 analysed; then off. */
static void write_rows(const char *data)
{
    static const struct {
        int minute;
        struct {
            enum vg_coverage_cause cause;
            uint32_t us;
        } run[2];
    } rows[] = {
        {0, {{VG_COVERAGE_ANALYSED, 60000000}, {VG_COVERAGE_ANALYSED, 0}}},
        {1, {{VG_COVERAGE_ANALYSED, 49600000}, {VG_COVERAGE_LOST, 10400000}}},
        {2, {{VG_COVERAGE_LOST, 60000000}, {VG_COVERAGE_LOST, 0}}},
        {3, {{VG_COVERAGE_LOST, 29600000}, {VG_COVERAGE_ANALYSED, 30400000}}},
        {4, {{VG_COVERAGE_ANALYSED, 20000000}, {VG_COVERAGE_OFF, 40000000}}},
    };
    struct vg_wall_time from;
    assert_int_equal(vg_wall_parse("2026-01-05T10:00:00Z", &from), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_coverage_row row;
        vg_coverage_row_init(&row, vg_coverage_minute_of(from.us) + rows[i].minute, 0);
        for (int r = 0; r < 2; r++)
            vg_coverage_row_add(&row, rows[i].run[r].cause, rows[i].run[r].us);
        row.wanted = 300;
        row.analysed = 290;
        assert_int_equal(vg_coverage_row_write(data, "cam-1", &row, VG_FILE_PLAIN, NULL), VG_OK);
    }
}

static int start(void **out)
{
    return api_reader_start(out, write_rows, vg_openapi_make());
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static json_int_t sum_of(const json_t *object)
{
    const char *name;
    json_t *value;
    json_int_t sum = number(object, "analysed_s");
    json_object_foreach(json_object_get(object, "causes"), name, value) sum +=
        strcmp(name, "off") == 0 ? 0 : json_integer_value(value);
    return sum;
}

static void minutes_are_told(void **out)
{
    struct api_reader *s = *out;
    json_t *root =
        api_reader_ask(s, V1 "?from=2026-01-05T10:00:00Z&to=2026-01-05T10:05:00Z&step=minute", 200);
    const json_t *items = json_object_get(root, "items"), *gaps = json_object_get(root, "gaps");
    assert_int_equal(json_array_size(items), 5);
    assert_int_equal(number(root, "nominal_s"), 260);
    assert_int_equal(number(root, "analysed_s"), 160);
    assert_int_equal(number(json_object_get(root, "causes"), "lost"), 100);
    assert_int_equal(number(json_object_get(root, "causes"), "off"), 40);
    assert_float_equal(json_real_value(json_object_get(root, "percent")), 61.53, 1e-9);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        assert_int_equal(number(item, "nominal_s"), i == 4 ? 20 : 60);
        assert_int_equal(sum_of(item), number(item, "nominal_s"));
        assert_int_equal(number(item, "wanted"), 300);
    }
    assert_int_equal(number(json_array_get(items, 1), "analysed_s"), 50); /* 49.6: the remainder */
    assert_int_equal(json_array_size(gaps), 1);
    struct vg_wall_time begin, end;
    const json_t *gap = json_array_get(gaps, 0);
    assert_int_equal(vg_wall_parse(json_string_value(json_object_get(gap, "begin")), &begin), 0);
    assert_int_equal(vg_wall_parse(json_string_value(json_object_get(gap, "end")), &end), 0);
    assert_int_equal(end.us - begin.us, 100 * VG_US_PER_S);
    assert_string_equal(json_string_value(json_object_get(gap, "cause")), "lost");
    json_decref(root);
}

/* From 10:00 on: nothing is said of the time before. */
static void steps_add_up(void **out)
{
    struct api_reader *s = *out;
    static const char *const steps[] = {"minute", "hour", "day"};
    for (size_t i = 0; i < 3; i++) {
        char path[160];
        (void)snprintf(path, sizeof path,
                       V1 "?from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z&step=%s", steps[i]);
        json_t *root = api_reader_ask(s, path, 200), *item;
        json_int_t nominal = 0;
        size_t k;
        assert_int_equal(number(root, "nominal_s"), 260);
        assert_int_equal(number(root, "analysed_s"), 160);
        json_array_foreach(json_object_get(root, "items"), k, item) nominal +=
            number(item, "nominal_s");
        assert_int_equal(nominal, 260);
        assert_int_equal(json_array_size(json_object_get(root, "items")), i == 0   ? 840
                                                                          : i == 1 ? 14
                                                                                   : 1);
        json_decref(root);
    }
}

static void a_table_is_told(void **out)
{
    struct api_reader *s = *out;
    char type[96];
    struct answer answer = client_call(
        &s->client, "GET",
        V1 "?from=2026-01-05T10:01:00Z&to=2026-01-05T10:02:00Z&step=minute&format=csv", NULL, NULL);
    assert_int_equal(answer.code, 200);
    assert_non_null(head_value(answer.head, "Content-Type", type, sizeof type));
    assert_memory_equal(type, "text/csv", 8);
    static const char head[] = "time,nominal_s,wanted,analysed,analysed_s,lost_s,decoder_s,keys_s,"
                               "overload_s,corrupt_s,view_s,stopped_s,down_s,off_s\n2026-01-05T";
    assert_memory_equal(answer.body, head, sizeof head - 1);
    assert_non_null(find_text(answer.body, ",60,300,290,50,10,0,0,0,0,0,0,0,0\n"));
    answer_free(&answer);
}

static void the_last_day_by_hours_is_the_default(void **out)
{
    struct api_reader *s = *out;
    json_t *root = api_reader_ask(s, V1, 200);
    assert_string_equal(json_string_value(json_object_get(root, "step")), "hour");
    assert_int_equal(json_array_size(json_object_get(root, "items")), 0); /* of long ago */
    assert_true(json_is_null(json_object_get(root, "percent")));
    json_decref(root);
}

static void what_cannot_be_asked_is_refused(void **out)
{
    struct api_reader *s = *out;
    static const struct {
        const char *query, *where;
    } rows[] = {
        {"?from=yesterday", "from"},
        {"?to=x", "to"},
        {"?step=second", "step"},
        {"?gap_s=5", "gap_s"},
        {"?gap_s=1e9", "gap_s"},
        {"?format=xml", "format"},
        {"?from=2026-01-05T10:00:00Z&to=2026-01-05T09:00:00Z", "from"},
        {"?from=2026-01-01T00:00:00Z&to=2026-01-30T00:00:00Z&step=minute", "step"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, V1 "%s", rows[i].query);
        json_t *root = api_reader_ask(s, path, 400);
        const json_t *error = json_object_get(root, "error");
        assert_string_equal(json_string_value(json_object_get(error, "code")), "bad_query");
        assert_string_equal(json_string_value(json_object_get(error, "where")), rows[i].where);
        json_decref(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_are_told),
        cmocka_unit_test(steps_add_up),
        cmocka_unit_test(a_table_is_told),
        cmocka_unit_test(the_last_day_by_hours_is_the_default),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
    };
    return cmocka_run_group_tests(tests, start, api_reader_stop);
}
