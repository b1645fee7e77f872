/* The small pure parts of the API: languages, places of faults, tags, health messages, metrics,
 * bodies, events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/accept_language.h"
#include "api/archive_thread.h"
#include "api/body.h"
#include "api/exchange.h"
#include "api/metrics_text.h"
#include "api/parts.h"
#include "src/base/alloc.h"

static void languages(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum vg_language want;
    } rows[] = {
        {NULL, VG_LANGUAGE_FR},
        {"", VG_LANGUAGE_FR},
        {"en", VG_LANGUAGE_EN},
        {"EN-gb", VG_LANGUAGE_EN},
        {"fr-CA,en;q=0.8", VG_LANGUAGE_FR},
        {"en;q=0.5, fr;q=0.9", VG_LANGUAGE_FR},
        {"en;q=0.9,fr;q=0.5", VG_LANGUAGE_EN},
        {"de, en;q=0.1", VG_LANGUAGE_EN},
        {"de,es", VG_LANGUAGE_FR},
        {"en;q=0", VG_LANGUAGE_FR},
        {"english", VG_LANGUAGE_FR},
        {"en;q=", VG_LANGUAGE_EN},
        {"en;q=0.", VG_LANGUAGE_FR},
        {",,;q=1,", VG_LANGUAGE_FR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (vg_accept_language(rows[i].header) != rows[i].want)
            fail_msg("%s", rows[i].header ? rows[i].header : "none");
}

static void places_of_faults(void **state)
{
    (void)state;
    static const struct {
        const char *place, *where, *detail;
    } rows[] = {
        {"body:3:7: /zones/0/polygon", "/zones/0/polygon", "3:7"},
        {"body:3:7: /rate_fps (99, 0.1..25)", "/rate_fps", "3:7 (99, 0.1..25)"},
        {"body:2:1: unexpected token", "2:1", "2:1"},
        {"body:1:1", "1:1", "1:1"},
        {"/url", "/url", ""},
        {"some file", "", "some file"},
        {"", "", ""},
        {"body:x", "", "body:x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char where[64], detail[64];
        vg_fault_where(rows[i].place, where, sizeof where, detail, sizeof detail);
        assert_string_equal(where, rows[i].where);
        assert_string_equal(detail, rows[i].detail);
    }
}

static void tags(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool good;
        uint64_t version;
    } rows[] = {
        {"\"17\"", true, 17},
        {"*", true, VG_VERSION_ANY},
        {"", false, 0},
        {"17", false, 0},
        {"\"\"", false, 0},
        {"\"0\"", false, 0}, /* means "there must be none" to the store */
        {"\"-1\"", false, 0},
        {"\"17\"x", false, 0},
        {"W/\"17\"", false, 0},
        {"\"18446744073709551615\"", false, 0},
        {"\"99999999999999999999999\"", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_request request = {0};
        uint64_t version = 0;
        (void)snprintf(request.if_match, sizeof request.if_match, "%s", rows[i].header);
        if (vg_request_if_match(&request, &version) != rows[i].good ||
            (rows[i].good && version != rows[i].version))
            fail_msg("%s", rows[i].header);
    }
}

static void health_messages(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum vg_status want;
    } rows[] = {
        {"{\"parts\":[]}", VG_OK},
        {"{\"parts\":[{\"part\":\"a\",\"up\":true,\"restarts\":1,\"since\":\"x\"}]}", VG_OK},
        {"{}", VG_E_INPUT},
        {"{\"parts\":[{\"part\":\"\",\"up\":true}]}", VG_E_INPUT},
        {"{\"parts\":[{\"part\":\"a\"}]}", VG_E_INPUT},
        {"{\"parts\":[{\"part\":\"a\",\"up\":1}]}", VG_E_INPUT},
        {"{\"parts\":[{\"part\":\"a\",\"up\":true,\"restarts\":-1}]}", VG_E_INPUT},
        {"{\"parts\":[7]}", VG_E_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_parts parts = {.count = 1, .part = {{.name = "before"}}};
        json_t *message = json_loads(rows[i].text, 0, NULL);
        const enum vg_status status = vg_parts_read(&parts, message);
        json_decref(message);
        if (status != rows[i].want)
            fail_msg("%s", rows[i].text);
        if (status)
            assert_string_equal(parts.part[0].name, "before");
    }
}

/* A part is up when both say so, and what nobody spoke of is added. */
static void findings_are_put_to_what_was_said(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool said, said_up, found_up, want_up;
        const char *want_reason;
    } rows[] = {
        {"both well", true, true, true, true, ""},
        {"it hangs", true, true, false, false, "found"},
        {"it is dead, and the dead say why", true, false, false, false, "said"},
        {"it starts", true, false, true, false, "said"},
        {"nobody spoke, well", false, false, true, true, ""},
        {"nobody spoke, away", false, false, false, false, "found"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_parts parts = {.count = 1, .part = {{.name = "api", .up = true}}};
        if (rows[i].said) {
            parts.part[parts.count] = (struct vg_part){.name = "redis", .up = rows[i].said_up};
            if (!rows[i].said_up)
                memcpy(parts.part[parts.count].reason, "said", 5);
            parts.count++;
        }
        const struct vg_part_finding finding = {"redis", rows[i].found_up, "found", "remedy"};
        vg_parts_find(&parts, &finding);
        if (parts.count != 2 || strcmp(parts.part[1].name, "redis") != 0 ||
            parts.part[1].up != rows[i].want_up ||
            strcmp(parts.part[1].reason, rows[i].want_reason) != 0)
            fail_msg("%s: %d %s", rows[i].name, parts.part[1].up, parts.part[1].reason);
    }
}

/* All that the supervisor may say, and what the api adds, has room. */
static void parts_have_room(void **state)
{
    (void)state;
    struct vg_parts parts = {.count = 0};
    json_t *list = json_array();
    for (int i = 0; i < VG_PARTS_SAID_MAX; i++)
        (void)json_array_append_new(list, json_pack("{s:s,s:b}", "part", "ingest-0", "up", 1));
    json_t *message = json_pack("{s:O}", "parts", list);
    assert_int_equal(vg_parts_read(&parts, message), VG_OK);
    vg_parts_find(&parts, &(struct vg_part_finding){"redis", false, "", ""});
    vg_parts_find(&parts, &(struct vg_part_finding){"archive", false, "", ""});
    vg_parts_find(&parts, &(struct vg_part_finding){"one too many", false, "", ""});
    assert_int_equal(parts.count, VG_PARTS_MAX);
    assert_string_equal(parts.part[VG_PARTS_MAX - 1].name, "archive");
    (void)json_array_append_new(list, json_pack("{s:s,s:b}", "part", "ingest-0", "up", 1));
    assert_int_equal(vg_parts_read(&parts, message), VG_E_INPUT);
    json_decref(message);
    json_decref(list);
}

/* What the JSON library says in English stays behind. */
static void bad_json_is_said_in_our_words(void **state)
{
    (void)state;
    static const struct {
        const char *body, *place;
    } rows[] = {
        {"{\"id\":", "body:1:6"},
        {"{\n\"id\": nope}", "body:2:10"},
        {"", "body:1:0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_fault fault = {0};
        assert_int_equal(vg_body_check((const uint8_t *)rows[i].body, strlen(rows[i].body), &fault),
                         VG_E_CALL);
        assert_string_equal(fault.place, rows[i].place);
        assert_string_equal(fault.what, "not valid JSON");
    }
}

static void limits_are_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *value; /* NULL: not given */
        bool good;
        uint32_t limit;
    } rows[] = {{NULL, true, 50},   {"1", true, 1},
                {"200", true, 200}, {"201", false, 0},
                {"0", false, 0},    {"-1", false, 0},
                {"", false, 0},     {"5x", false, 0},
                {" 5", false, 0},   {"99999999999999999999999", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_request request = {.query_count = rows[i].value ? 1 : 0,
                                     .query = {{.name = "limit"}}};
        uint32_t limit = 0;
        if (rows[i].value)
            (void)snprintf(request.query[0].value, sizeof request.query[0].value, "%s",
                           rows[i].value);
        if (vg_request_limit(&request, &limit) != rows[i].good ||
            (rows[i].good && limit != rows[i].limit))
            fail_msg("%s", rows[i].value ? rows[i].value : "none");
    }
}

static void metrics_stand_in_groups(void **state)
{
    (void)state;
    static const char one[] = "# TYPE b gauge\nb{x=\"1\"} 1\n# TYPE a_s histogram\n"
                              "a_s_bucket{le=\"+Inf\"} 2\na_s_sum 3\n";
    static const char two[] =
        "# TYPE b gauge\n# fine b 1 2:1\nb{x=\"2\"} 4\nnot a line\n1b 5\nb\na_s_count 2";
    static const char want[] = "# TYPE a_s histogram\na_s_bucket{le=\"+Inf\"} 2\na_s_sum 3\n"
                               "a_s_count 2\n# TYPE b gauge\nb{x=\"1\"} 1\nb{x=\"2\"} 4\n"
                               "not a line\n";
    struct vg_metrics *metrics = vg_metrics_open();
    size_t size;
    vg_metrics_add(metrics, one, sizeof one - 1);
    vg_metrics_add(metrics, two, sizeof two - 1);
    char *text = vg_metrics_text(metrics, &size);
    assert_string_equal(text, want);
    assert_int_equal(size, strlen(want));
    vg_free(text);
    vg_metrics_close(&metrics);
}

/* A text that is too long loses lines, says how many, and never that line. */
static void metrics_that_are_lost_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t lines, width;
        int lost;
    } rows[] = {{"fits", 30000, 100, 0},
                {"too many lines", VG_METRICS_LINES_MAX + 9, 30, 1},
                {"too many bytes", 40000, 400, 1},
                {"a long line", 1, 1000, 0},
                {"too long a line", 1, 1024, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_metrics *metrics = vg_metrics_open();
        size_t size, kept = 0;
        char want[96];
        for (size_t n = 0; n < rows[i].lines; n++)
            vg_metrics_line(metrics, "m{a=\"%0*zu\"} 1", (int)rows[i].width, n);
        vg_metrics_end(metrics, "api");
        char *text = vg_metrics_text(metrics, &size);
        for (size_t at = 0; at < size; at++)
            kept += text[at] == '\n';
        (void)snprintf(want, sizeof want, "vigie_metrics_lines_lost{part=\"api\"} %zu\n",
                       rows[i].lines + 2 - kept);
        if ((rows[i].lines + 2 != kept) != rows[i].lost || size < strlen(want) ||
            memcmp(text + size - strlen(want), want, strlen(want)) != 0)
            fail_msg("%s: %zu lines kept", rows[i].name, kept);
        vg_free(text);
        vg_metrics_close(&metrics);
    }
}

static void events_are_one_line_of_data(void **state)
{
    (void)state;
    char json[] = "{\"a\":1,\n\"b\":2}";
    const struct vg_archive_row row = {.change = 7, .json = json};
    struct vg_news *news = vg_news_make(&row);
    static const char want[] = "id: 7\nevent: alert\ndata: {\"a\":1, \"b\":2}\n\n";
    assert_int_equal(news->size, sizeof want - 1);
    assert_memory_equal(news->frame, want, news->size);
    vg_free(news);
    const struct vg_archive_row judged = {.change = 8, .json = json, .judged = true};
    news = vg_news_make(&judged);
    assert_non_null(strstr(news->frame, "event: verdict\n"));
    vg_free(news);
}

/* A change of a flux leaves what it does not name. */
static void a_flux_is_changed_in_part(void **state)
{
    (void)state;
    static const char text[] = "{\"label\":\"Quai\",\"password\":\"\"}";
    struct vg_body_flux body;
    struct vg_fault fault = {0};
    vg_flux_defaults(&body.flux, "cam-1");
    (void)snprintf(body.flux.url, sizeof body.flux.url, "file:/x");
    body.flux.rate_fps = 7;
    assert_int_equal(
        vg_body_flux((const uint8_t *)text, sizeof text - 1, VG_BODY_CHANGE, &body, &fault), VG_OK);
    assert_string_equal(body.flux.label, "Quai");
    assert_string_equal(body.flux.url, "file:/x");
    assert_float_equal(body.flux.rate_fps, 7, 0);
    assert_true(body.has_password); /* taken away */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(languages),
        cmocka_unit_test(places_of_faults),
        cmocka_unit_test(tags),
        cmocka_unit_test(health_messages),
        cmocka_unit_test(findings_are_put_to_what_was_said),
        cmocka_unit_test(parts_have_room),
        cmocka_unit_test(bad_json_is_said_in_our_words),
        cmocka_unit_test(limits_are_bounded),
        cmocka_unit_test(metrics_stand_in_groups),
        cmocka_unit_test(metrics_that_are_lost_are_counted),
        cmocka_unit_test(events_are_one_line_of_data),
        cmocka_unit_test(a_flux_is_changed_in_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
