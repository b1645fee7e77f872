/* The page of a sizing result: what is known stands with its mark, what is missing degrades, nothing of
 * the JSON becomes markup; what may be compared and what may not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/html_out.h"
#include "bench/sizing_chart.h"
#include "bench/sizing_compare.h"
#include "bench/sizing_figure.h"
#include "bench/sizing_page.h"
#include "src/base/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char *page_of(const json_t *result, const json_t *other)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    vg_sizing_page_write(out, result, other);
    assert_int_equal(ferror(out), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static json_t *read_json(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

/* ---- figures ---- */

static void figures_are_read(void **state)
{
    static const struct {
        const char *json;
        bool known;
        double value;
        enum vg_sizing_mark mark;
        const char *why;
    } rows[] = {
        {"{\"k\": 3}", true, 3, VG_SIZING_MEASURED, NULL},
        {"{\"k\": {\"value\": 2.5, \"status\": \"extrapolated\"}}", true, 2.5,
         VG_SIZING_EXTRAPOLATED, NULL},
        {"{\"k\": {\"value\": 2, \"status\": \"other\"}}", true, 2, VG_SIZING_MEASURED, NULL},
        {"{\"k\": {\"value\": null, \"status\": \"not_known\", \"why\": \"no meter\"}}", false, 0,
         VG_SIZING_MEASURED, "no meter"},
        {"{\"k\": null, \"k_why\": \"no meter\"}", false, 0, VG_SIZING_MEASURED, "no meter"},
        {"{\"k\": null, \"k_why\": \"\"}", false, 0, VG_SIZING_MEASURED, NULL},
        {"{}", false, 0, VG_SIZING_MEASURED, NULL},
        {"{\"k\": -1}", false, 0, VG_SIZING_MEASURED, NULL},
        {"{\"k\": 1e300}", false, 0, VG_SIZING_MEASURED, NULL},
        {"{\"k\": {\"value\": {\"value\": 1}}}", false, 0, VG_SIZING_MEASURED, NULL},
        {"{\"k\": [1]}", false, 0, VG_SIZING_MEASURED, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *json = read_json(rows[i].json);
        const struct vg_sizing_figure f = vg_sizing_figure_of(json, "k", VG_SIZING_MEASURED);
        assert_int_equal(f.known, rows[i].known);
        if (f.known)
            assert_true(fabs(f.value - rows[i].value) < 1e-9);
        assert_int_equal(f.mark, rows[i].mark);
        assert_int_equal(f.why != NULL, rows[i].why != NULL);
        if (f.why)
            assert_string_equal(f.why, rows[i].why);
        json_decref(json);
    }
}

/* ---- the page ---- */

#define TIER(flux, held, status, value)                               \
    "{\"flux\":" flux ",\"held\":" held ",\"status\":\"" status       \
    "\",\"latency_ms\":{\"p95\":190},\"needs\":{\"cpu_cores\":" value \
    "},\"energy\":{\"status\":\"not_measured\",\"why\":\"no <meter>\"}}"

static const char whole[] =
    "{\"machine\":{\"cpu\":\"A & B\",\"cores\":2},\"profile\":{\"name\":\"p\",\"classes\":"
    "[{\"name\":\"c\",\"share\":1,\"codec\":\"h264\",\"rate_fps\":5}]},\"held\":9,\"tiers\":[" TIER(
        "8", "true", "measured",
        "2.5") "," TIER("20", "false", "extrapolated",
                        "6.25") "],\"runs\":[{\"flux\":8,\"held\":true,\"lacks\":[],\"analysed_"
                                "fps\":40,"
                                "\"latency_ms\":{\"p50\":90,\"p95\":190,\"p99\":240},\"energy\":[{"
                                "\"status\":\"measured\","
                                "\"meter\":\"rapl\",\"scope\":\"package\",\"w_per_flux\":3.5}]},{"
                                "\"flux\":20,\"held\":false,"
                                "\"lacks\":[\"rate\"],\"latency_ms\":{\"p50\":900,\"p95\":1900,"
                                "\"p99\":2400}}]}";

static void a_page_says_all(void **state)
{
    static const char *const parts[] = {"A &amp; B",
                                        "holds 9 flux",
                                        "no &lt;meter&gt;",
                                        ">measured</span>",
                                        ">extrapolated</span>",
                                        ">2.5<",
                                        ">6.2<",
                                        "id=\"throughput\"",
                                        "id=\"latency\"",
                                        "id=\"energy\"",
                                        "class=\"limit\"",
                                        "class=\"failed\"",
                                        "data-line=\"p99\"",
                                        "package",
                                        "lang=\"en\""};
    json_t *json = read_json(whole);
    char *page = page_of(json, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++)
        if (!strstr(page, parts[i]))
            fail_msg("the page lacks %s", parts[i]);
    assert_null(strstr(page, "<meter>"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "other:"));
    free(page);
    json_decref(json);
}

/* Every value of the result, one after the other, is missing, of another kind, or hostile: a page comes
 * out all the same, and none of it is markup. */
static void spoil(json_t *root, json_t *at, int *left, const json_t *with)
{
    void *next;
    const char *key;
    json_t *value;
    if (json_is_object(at)) {
        json_object_foreach_safe(at, next, key, value)
        {
            if ((*left)-- == 0) {
                assert_int_equal(json_object_set_new(at, key, json_deep_copy(with)), 0);
                return;
            }
            if (*left >= 0)
                spoil(root, value, left, with);
        }
    }
    for (size_t i = 0; json_is_array(at) && i < json_array_size(at) && *left >= 0; i++)
        if ((*left)-- == 0)
            assert_int_equal(json_array_set_new(at, i, json_deep_copy(with)), 0);
        else
            spoil(root, json_array_get(at, i), left, with);
}

static void a_page_of_anything(void **state)
{
    static const char *const with[] = {"[null]",
                                       "[-1e308]",
                                       "[9223372036854775807]",
                                       "[\"<script>alert(1)</script>\\u0001\\\"'&%s%n\"]",
                                       "[[[], {}, 1]]",
                                       "[{\"value\": \"</title>\", \"why\": \"</td>\"}]",
                                       "[true]",
                                       "[\"\"]"};
    static const char *const no_number[] = {">nan", " nan", ",nan", "\"nan", "-nan", "inf"};
    (void)state;
    for (size_t w = 0; w < COUNT(with); w++) {
        json_t *value = read_json(with[w]);
        int left = -1, n = 0;
        for (; left < 0 && n < 200; n++) {
            json_t *json = read_json(whole), *copy = read_json(whole);
            left = n;
            spoil(json, json, &left, json_array_get(value, 0));
            char *page = page_of(json, copy);
            assert_non_null(strstr(page, "</html>"));
            assert_null(strstr(page, "<script"));
            for (size_t i = 0; i < COUNT(no_number); i++)
                assert_null(strstr(page, no_number[i]));
            free(page);
            page = page_of(copy, json);
            assert_null(strstr(page, "<script"));
            free(page);
            json_decref(json);
            json_decref(copy);
        }
        assert_in_range(n, 40, 199); /* all of them were spoilt */
        json_decref(value);
    }
}

static void nothing_is_no_crash(void **state)
{
    json_t *empty = json_object();
    char *page = page_of(empty, empty);
    (void)state;
    assert_non_null(strstr(page, "was not measured"));
    assert_null(strstr(page, "<svg"));
    free(page);
    page = page_of(NULL, NULL);
    assert_non_null(strstr(page, "was not measured"));
    free(page);
    json_decref(empty);
}

/* What is foretold, and the device that worked. */
static void the_simulation_stands_at_the_top(void **state)
{
    static const struct {
        const char *more,
            *other;              /* keys of the result, of the one beside it; NULL: there is none */
        const char *has, *lacks; /* of the page; NULL: nothing is asked */
    } rows[] = {
        {"\"predicted\":{\"held\":7,\"why\":null}", NULL, "it holds 7 flux (extrapolated)",
         "foretold:"},
        {"\"predicted\":{\"held\":0,\"why\":null}", NULL, "it holds 0 flux", NULL},
        {"\"predicted\":{\"held\":null,\"why\":\"<b>\"}", NULL, "foretold: &lt;b&gt;.", "it holds"},
        {"\"predicted\":{\"held\":null}", NULL, NULL, "id=\"predicted\""},
        {"\"held\":1", NULL, NULL, "id=\"predicted\""},
        {"\"predicted\":{\"held\":7}", "\"predicted\":{\"held\":5}", "result: 5 flux", NULL},
        {"\"method\":{\"device\":\"A\"}", NULL, "?, A</p>", "other-device"},
        {"\"method\":{\"device\":\"A\"}", "\"method\":{\"device\":\"A\"}", NULL, "other-device"},
        {"\"method\":{\"device\":\"A\"}", "\"method\":{\"device\":\"B&\"}",
         "another device: B&amp;.", NULL},
        {"\"method\":{\"device\":\"A\"}", "\"method\":{}", NULL, "other-device"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "{%s}", rows[i].more);
        json_t *one = read_json(text), *other = NULL;
        (void)snprintf(text, sizeof text, "{%s}", rows[i].other ? rows[i].other : "");
        if (rows[i].other)
            other = read_json(text);
        char *page = page_of(one, other);
        if (rows[i].has && !strstr(page, rows[i].has))
            fail_msg("row %zu: the page lacks %s", i, rows[i].has);
        if (rows[i].lacks && strstr(page, rows[i].lacks))
            fail_msg("row %zu: the page has %s", i, rows[i].lacks);
        free(page);
        json_decref(one);
        json_decref(other);
    }
}

static void differences_stand_beside(void **state)
{
    json_t *one = read_json(whole), *other = read_json(whole);
    (void)state;
    json_t *needs = json_object_get(json_array_get(json_object_get(other, "tiers"), 0), "needs");
    assert_int_equal(json_object_set_new(needs, "cpu_cores", json_real(2.0)), 0);
    assert_int_equal(
        json_object_set_new(json_object_get(other, "machine"), "cpu", json_string("Bigger")), 0);
    char *page = page_of(one, other);
    assert_non_null(strstr(page, "other: 2.0 (+25\xc2\xa0%)"));
    assert_non_null(strstr(page, "another machine: Bigger"));
    assert_non_null(strstr(page, "data-line=\"other\""));
    free(page);
    json_decref(one);
    json_decref(other);
}

/* ---- charts ---- */

static void points_are_in_order_and_bounded(void **state)
{
    struct vg_chart_line line = {.key = "k", .name = "n"};
    (void)state;
    vg_chart_add(&line, (struct vg_chart_point){5, 1, true});
    vg_chart_add(&line, (struct vg_chart_point){2, 3, true});
    vg_chart_add(&line, (struct vg_chart_point){0, 3, true});
    vg_chart_add(&line, (struct vg_chart_point){3, -1, true});
    vg_chart_add(&line, (struct vg_chart_point){3, 2e9, true});
    assert_int_equal(line.count, 2);
    assert_true(fabs(line.point[0].flux - 2) < 1e-9);
    for (int i = 0; i < 100; i++)
        vg_chart_add(&line, (struct vg_chart_point){1 + i, 1, true});
    assert_int_equal(line.count, VG_CHART_POINTS_MAX);
}

/* Latencies of a server that answered no picture. */
static void zeros_alone_are_no_chart_of_decades(void **state)
{
    struct vg_chart chart = {.key = "k", .title = "t", .unit = "ms", .line_count = 1};
    (void)state;
    chart.line[0] = (struct vg_chart_line){.key = "k", .name = "n"};
    vg_chart_add(&chart.line[0], (struct vg_chart_point){1, 0, false});
    assert_int_equal(vg_chart_points(&chart), 1);
    chart.scale = VG_CHART_LOG;
    assert_int_equal(vg_chart_points(&chart), 0);
    vg_chart_add(&chart.line[0], (struct vg_chart_point){2, 5, false});
    assert_int_equal(vg_chart_points(&chart), 1);
}

static void texts_are_cut_between_characters(void **state)
{
    char long_text[3 * VG_HTML_WORDS_MAX], *text = NULL;
    size_t size = 0;
    (void)state;
    for (size_t i = 0; i + 2 < sizeof long_text; i += 2)
        memcpy(long_text + i, "\xc3\xa9", 3);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    vg_html_words(out, long_text);
    vg_html_cell_of(out, "b class=\"x\"", "%s", long_text);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(size, 2 * (VG_HTML_WORDS_MAX + 3) + strlen("<b class=\"x\"></b>"));
    assert_memory_equal(text + VG_HTML_WORDS_MAX, "\xe2\x80\xa6", 3);
    free(text);
}

static void own_words_are_whole(void **state)
{
    char long_text[3 * VG_HTML_WORDS_MAX], *text = NULL;
    size_t size = 0;
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[0] = '<';
    long_text[sizeof long_text - 1] = '\0';
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    vg_html_own(out, "p class=\"x\"", long_text);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(size, strlen(long_text) + strlen("<p class=\"x\">lt;&</p>") - 1);
    assert_memory_equal(text, "<p class=\"x\">&lt;x", 18);
    free(text);
}

/* ---- comparing ---- */

#define CLASS(share, codec, rate) \
    "{\"name\":\"n\",\"share\":" share ",\"codec\":\"" codec "\",\"rate_fps\":" rate "}"

static void loads_are_compared(void **state)
{
    static const struct {
        const char *one, *other, *place; /* NULL: they may */
    } rows[] = {
        {CLASS("1", "h264", "5"), CLASS("2", "h264", "5.0"), NULL},
        {CLASS("1", "h264", "5"), CLASS("1", "hevc", "5"), "/profile/classes/0/codec: h264, hevc"},
        {CLASS("1", "h264", "5"), CLASS("1", "h264", "6"), "/profile/classes/0/rate_fps: 5, 6"},
        {CLASS("1", "h264", "5"), CLASS("1", "h264", "null"), "/profile/classes/0/rate_fps: 5, -"},
        {CLASS("1", "h264", "5") "," CLASS("1", "h264", "1"), CLASS("1", "h264", "5"),
         "/profile/classes: 2, 1"},
        {CLASS("1", "h264", "5") "," CLASS("1", "h264", "1"),
         CLASS("3", "h264", "5") "," CLASS("1", "h264", "1"),
         "/profile/classes/0/share: 0.5, 0.75"},
        {"", CLASS("1", "h264", "5"), "/profile/classes"},
        {"7", CLASS("1", "h264", "5"), "/profile/classes/0/codec: -, h264"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[1024];
        struct vg_fault fault = {.status = VG_OK};
        (void)snprintf(text, sizeof text, "{\"profile\":{\"classes\":[%s]}}", rows[i].one);
        json_t *one = read_json(text);
        (void)snprintf(text, sizeof text, "{\"profile\":{\"classes\":[%s]}}", rows[i].other);
        json_t *other = read_json(text);
        const enum vg_status status = vg_sizing_comparable(one, other, &fault);
        assert_int_equal(status, rows[i].place ? VG_E_INPUT : VG_OK);
        if (rows[i].place)
            assert_string_equal(fault.place, rows[i].place);
        json_decref(one);
        json_decref(other);
    }
}

static void machines_are_told_apart(void **state)
{
    static const struct {
        const char *other;
        bool same;
    } rows[] = {
        {"{\"cpu\":\"A\",\"cores\":2,\"memory_mb\":8100,\"devices\":[{\"name\":\"d\"}]}", true},
        {"{\"cpu\":\"B\",\"cores\":2,\"memory_mb\":8000,\"devices\":[{\"name\":\"d\"}]}", false},
        {"{\"cpu\":\"A\",\"cores\":4,\"memory_mb\":8000,\"devices\":[{\"name\":\"d\"}]}", false},
        {"{\"cpu\":\"A\",\"cores\":2,\"memory_mb\":9000,\"devices\":[{\"name\":\"d\"}]}", false},
        {"{\"cpu\":\"A\",\"cores\":2,\"memory_mb\":8000,\"devices\":[{\"name\":\"e\"}]}", false},
        {"{\"cpu\":\"A\",\"cores\":2,\"memory_mb\":8000,\"devices\":[]}", false},
        {"{\"cpu\":\"A\",\"cores\":2,\"usable_cores\":2.0,\"memory_mb\":8000,"
         "\"devices\":[{\"name\":\"d\"}]}",
         true},
        {"{\"cpu\":\"A\",\"cores\":2,\"usable_cores\":1.5,\"memory_mb\":8000,"
         "\"devices\":[{\"name\":\"d\"}]}",
         false},
        {"{}", false},
    };
    json_t *one = read_json("{\"cpu\":\"A\",\"cores\":2,\"usable_cores\":2,\"memory_mb\":8000,"
                            "\"devices\":[{\"name\":\"d\"}]}");
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *other = read_json(rows[i].other);
        assert_int_equal(vg_sizing_same_machine(one, other), rows[i].same);
        json_decref(other);
    }
    json_decref(one);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_read),
        cmocka_unit_test(a_page_says_all),
        cmocka_unit_test(a_page_of_anything),
        cmocka_unit_test(nothing_is_no_crash),
        cmocka_unit_test(the_simulation_stands_at_the_top),
        cmocka_unit_test(differences_stand_beside),
        cmocka_unit_test(points_are_in_order_and_bounded),
        cmocka_unit_test(zeros_alone_are_no_chart_of_decades),
        cmocka_unit_test(texts_are_cut_between_characters),
        cmocka_unit_test(own_words_are_whole),
        cmocka_unit_test(loads_are_compared),
        cmocka_unit_test(machines_are_told_apart),
    };
    (void)vg_text_init("en");
    return cmocka_run_group_tests_name("sizing_page_parts", tests, NULL, NULL);
}
