/* GET /flux/{id}/heat: where persons were, as numbers and as a picture.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "api/openapi.h"
#include "src/store/heat_file.h"
#include "tests/unit/api_reader.h"

#define V1   "/api/v1/flux/cam-1/heat"
#define HOUR "?from=2026-01-05T10:20:00Z&to=2026-01-05T10:40:00Z"

/* Two hours of 2026-01-05 from 10:00 UTC. */
static void write_hours(const char *data)
{
    static struct vg_heat_grid grid;
    struct vg_wall_time from;
    struct vg_fault fault;
    assert_int_equal(vg_wall_parse("2026-01-05T10:00:00Z", &from), 0);
    for (int h = 0; h < 2; h++) {
        grid = (struct vg_heat_grid){.hour = from.us / (3600 * VG_US_PER_S) + h};
        vg_heat_grid_shape(&grid, 1920, 1080);
        vg_heat_grid_watch(&grid, 60000);
        vg_heat_grid_add(&grid, 0, 1500);
        vg_heat_grid_add(&grid, 35 * 64 + 63, 250);
        assert_int_equal(vg_heat_add(data, "cam-1", &grid, &fault), VG_OK);
    }
}

static int start(void **out)
{
    return api_reader_start(out, write_hours, vg_openapi_make());
}

static double value(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static double cell(const json_t *root, size_t row, size_t column)
{
    return json_number_value(
        json_array_get(json_array_get(json_object_get(root, "seconds"), row), column));
}

static void seconds_are_told(void **out)
{
    struct api_reader *s = *out;
    static const struct {
        const char *query;
        int hours;
        double first, last, watched;
    } rows[] = {
        {HOUR, 1, 1.5, 0.25, 60},
        {HOUR "&format=json", 1, 1.5, 0.25, 60},
        {"?from=2026-01-05T10:00:00Z&to=2026-01-05T12:00:00Z", 2, 3, 0.5, 120},
        {"?from=2026-01-01T00:00:00Z&to=2026-01-31T00:00:00Z", 2, 3, 0.5, 120},
        {"?from=2026-01-05T12:00:00Z&to=2026-01-05T13:00:00Z", 0, 0, 0, 0},
        {"", 0, 0, 0, 0}, /* the last day */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%s%s", V1, rows[i].query);
        json_t *root = api_reader_ask(s, path, 200);
        assert_float_equal(value(root, "hours"), rows[i].hours, 0);
        assert_float_equal(value(root, "columns"), (rows[i].hours ? 64 : 0), 0);
        assert_int_equal(json_array_size(json_object_get(root, "seconds")), rows[i].hours ? 36 : 0);
        assert_float_equal(cell(root, 0, 0), rows[i].first, 0);
        assert_float_equal(cell(root, 35, 63), rows[i].last, 0);
        assert_float_equal(value(root, "watched_s"), rows[i].watched, 0);
        assert_true(fabs(value(root, "person_s") - rows[i].first - rows[i].last) < 1e-9);
        assert_float_equal(value(root, "damaged"), 0, 0);
        json_decref(root);
    }
    json_t *root = api_reader_ask(s, V1 HOUR, 200);
    struct vg_wall_time from, to, hour;
    assert_int_equal(vg_wall_parse("2026-01-05T10:00:00Z", &hour), 0);
    assert_int_equal(vg_wall_parse(json_string_value(json_object_get(root, "from")), &from), 0);
    assert_int_equal(vg_wall_parse(json_string_value(json_object_get(root, "to")), &to), 0);
    assert_true(from.us == hour.us && to.us == hour.us + 3600 * VG_US_PER_S); /* whole hours */
    json_decref(root);
}

static void it_comes_as_a_picture(void **out)
{
    struct api_reader *s = *out;
    static const char *const paths[] = {V1 HOUR "&format=png", V1 "?format=png"};
    for (size_t i = 0; i < 2; i++) {
        struct answer answer = client_call(&s->client, "GET", paths[i], NULL, NULL);
        assert_int_equal(answer.code, 200);
        assert_non_null(strstr(answer.head, "image/png"));
        assert_true(answer.size > 100 && memcmp(answer.body, "\x89PNG\r\n\x1a\n", 8) == 0);
        answer_free(&answer);
    }
}

static void what_cannot_be_asked_is_refused(void **out)
{
    struct api_reader *s = *out;
    static const struct {
        const char *query, *where;
    } rows[] = {
        {V1 "?from=yesterday", "from"},
        {V1 "?to=x", "to"},
        {V1 "?format=gif", "format"},
        {V1 "?from=2026-01-05T10:00:00Z&to=2026-01-05T09:00:00Z", "from"},
        {V1 "?from=2026-01-01T00:00:00Z&to=2026-02-02T00:00:00Z", "from"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *root = api_reader_ask(s, rows[i].query, 400);
        const json_t *error = json_object_get(root, "error");
        assert_string_equal(json_string_value(json_object_get(error, "code")), "bad_query");
        assert_string_equal(json_string_value(json_object_get(error, "where")), rows[i].where);
        json_decref(root);
    }
    json_decref(api_reader_ask(s, "/api/v1/flux/cam-99/heat", 404));
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
        cmocka_unit_test(seconds_are_told),
        cmocka_unit_test(it_comes_as_a_picture),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(it_is_asked_by_who_signed_in),
    };
    return cmocka_run_group_tests(tests, start, api_reader_stop);
}
