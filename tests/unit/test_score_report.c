/* What a score shows: JSON keys that others rely on, rows for people, a page without markup
 * from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/score/score_sheet.h"

static const char truth_text[] = "file,event,start_s,end_s,duration_s,condition\n"
                                 "<b>&\"x\".mp4,crossing,10,20,1800,<rain>\n"
                                 "quiet.mp4,,,,1800\n";
static const char alert_text[] =
    "{\"flux\":\"in/<b>&\\\"x\\\".mp4\",\"event\":\"crossing\",\"media_s\":12,"
    "\"model\":\"m@sha256:1\",\"boxes\":[{\"track\":3,\"box\":[0,0.5,0.1,0.2]}]}\n"
    "{\"flux\":\"in/<b>&\\\"x\\\".mp4\",\"event\":\"crossing\",\"media_s\":13}\n"
    "{\"flux\":\"quiet.mp4\",\"event\":\"density\",\"media_s\":12,\"rule\":\"<r>\"}\n"
    "{\"flux\":\"unheard.mp4\",\"event\":\"density\",\"media_s\":12}\n";

struct fixture {
    struct vg_event_truth truth;
    struct vg_alert_file alerts;
    struct vg_event_score events;
    struct vg_ap_result boxes;
    struct vg_track_result tracks;
    struct vg_event_sweep sweep[VG_SCORE_EVENTS];
    struct vg_case_note note[3];
    struct vg_score_results results;
    struct vg_sheet sheets[VG_SHEETS_MAX];
};

static struct fixture *made(void)
{
    const struct vg_event_settings settings = vg_event_settings_defaults();
    struct fixture *f = vg_alloc(sizeof *f);
    struct vg_fault fault;
    assert_non_null(f);
    assert_int_equal(vg_event_truth_parse("t", (const uint8_t *)truth_text, sizeof truth_text - 1,
                                          &f->truth, &fault),
                     VG_OK);
    f->truth.clip[0].analysed = true;
    assert_int_equal(vg_alert_file_parse(&f->alerts, "a", (const uint8_t *)alert_text,
                                         sizeof alert_text - 1, &f->truth, &fault),
                     VG_OK);
    assert_int_equal(vg_event_score_make(&f->truth, &f->alerts, &settings, &f->events), VG_OK);
    f->boxes = (struct vg_ap_result){.truths = 4, .detections = 5, .ap50 = 0.75};
    f->tracks.clear.mota = 0.5;
    f->tracks.identity.idf1 = 0.25;
    f->results = (struct vg_score_results){.truth_name = "<t>.csv",
                                           .class_id = VG_CLASS_PERSON,
                                           .events = &f->events,
                                           .clips = &f->truth,
                                           .alerts = &f->alerts,
                                           .sweeps = f->sweep,
                                           .notes = f->note,
                                           .made_of = "<made>"};
    static uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xe0};
    assert_int_equal(f->events.case_count, 3);
    f->sweep[vg_event_kind_of("density")] = (struct vg_event_sweep){
        2, {{0.25, 0.5, 0.75, 1234.5, 3, 1, 3}, {0.5, VG_UNKNOWN, 0, 0, 0, 4, 0}}};
    f->note[2] = (struct vg_case_note){1, {"<why>"}, jpeg, sizeof jpeg};
    return f;
}

static void released(struct fixture *f)
{
    vg_event_score_close(&f->events);
    vg_alert_file_close(&f->alerts);
    vg_event_truth_close(&f->truth);
    vg_free(f);
}

static double at(const json_t *o, const char *a, const char *b, const char *c)
{
    const json_t *v = json_object_get(o, a);
    v = b ? json_object_get(v, b) : v;
    v = c ? json_object_get(v, c) : v;
    if (!json_is_number(v))
        fail_msg("no number at %s %s %s", a, b ? b : "", c ? c : "");
    return json_number_value(v);
}

static void test_json_of_events(void **state)
{
    struct fixture *f = made();
    json_t *o = vg_score_json(&f->results);
    (void)state;
    assert_non_null(o);
    const json_t *alerts = json_object_get(o, "alerts");
    assert_string_equal(json_string_value(json_object_get(alerts, "profile")), "onset");
    assert_int_equal(at(alerts, "events", "crossing", "true"), 1);
    assert_int_equal(at(alerts, "events", "crossing", "duplicates"), 1);
    assert_int_equal(at(alerts, "events", "density", "false"), 1);
    assert_true(fabs(at(alerts, "events", "density", "false_per_camera_day") - 24) < 1e-9);
    assert_int_equal(at(alerts, "clips_without_results", NULL, NULL), 1);
    assert_int_equal(at(alerts, "alerts_left_out", NULL, NULL), 1);
    assert_true(fabs(at(alerts, "micro", "precision", NULL) - 0.5) < 1e-9);
    assert_true(json_is_null(
        json_object_get(json_object_get(json_object_get(alerts, "events"), "density"), "recall")));
    assert_null(json_object_get(json_object_get(alerts, "events"), "fire"));
    assert_null(json_object_get(o, "mota"));
    const json_t *density = json_object_get(json_object_get(alerts, "events"), "density");
    assert_int_equal(json_array_size(json_object_get(density, "sweep")), 2);
    assert_true(
        fabs(at(json_array_get(json_object_get(density, "sweep"), 0), "recall", NULL, NULL) -
             0.75) < 1e-9);
    const json_t *by = json_object_get(density, "conditions");
    assert_int_equal(json_array_size(by), 2); /* rain, and what says nothing */
    assert_string_equal(json_string_value(json_object_get(json_array_get(by, 0), "condition")),
                        "<rain>");
    assert_int_equal(at(json_array_get(by, 0), "false", NULL, NULL), 0);
    assert_int_equal(at(json_array_get(by, 1), "false", NULL, NULL), 1);
    assert_true(fabs(at(json_array_get(by, 1), "false_per_camera_day", NULL, NULL) - 48) < 1e-9);
    const json_t *cases = json_object_get(alerts, "cases");
    assert_int_equal(json_array_size(cases), 3);
    static const char *const what[] = {"found", "repeated", "false"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(cases, i), "what")),
                            what[i]);
    const json_t *wrong = json_array_get(cases, 2);
    assert_true(json_is_null(json_object_get(wrong, "start_s")));
    assert_string_equal(json_string_value(json_object_get(wrong, "rule")), "<r>");
    assert_string_equal(json_string_value(json_array_get(json_object_get(wrong, "why"), 0)),
                        "<why>");
    assert_null(json_object_get(json_array_get(cases, 0), "why")); /* what was found needs none */
    json_decref(o);
    released(f);
}

static void test_what_alerts_say(void **state)
{
    struct fixture *f = made();
    (void)state;
    const struct vg_raised *a = &f->alerts.alert[0];
    assert_int_equal(a->subject, 3);
    assert_true(a->boxed && a->box[1] > 0.49F && a->box[1] < 0.51F);
    assert_false(f->alerts.alert[1].boxed);
    assert_string_equal(f->alerts.model, "m@sha256:1");
    released(f);
}

static void test_printed_cases(void **state)
{
    struct fixture *f = made();
    char *text = NULL;
    size_t size = 0;
    (void)state;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    vg_score_print_cases(&f->results, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "\nMissed and false, one by one\n"
                              "  quiet.mp4: Density, false, alert at 12.0 s, rule <r>\n"
                              "    <why>\n");
    free(text);
    released(f);
}

static void test_json_of_boxes_and_tracks(void **state)
{
    struct fixture *f = made();
    (void)state;
    const struct vg_score_results r = {
        .truth_name = "t", .class_id = VG_CLASS_PERSON, .boxes = &f->boxes, .tracks = &f->tracks};
    json_t *o = vg_score_json(&r);
    assert_non_null(o);
    assert_true(fabs(at(o, "ap50", NULL, NULL) - 0.75) < 1e-9);
    assert_true(fabs(at(o, "detections", "ap50", NULL) - 0.75) < 1e-9);
    assert_true(fabs(at(o, "mota", NULL, NULL) - 0.5) < 1e-9);
    assert_true(fabs(at(o, "tracks", "idf1", NULL) - 0.25) < 1e-9);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(o, "detections"), "convention")), "area");
    json_decref(o);
    f->boxes.truths = 0; /* no precision without truth: null, not 0 */
    o = vg_score_json(&r);
    assert_true(json_is_null(json_object_get(o, "ap50")));
    json_decref(o);
    released(f);
}

static const struct vg_sheet_row *row(const struct vg_sheet *s, const char *label)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->row[i].label, label) == 0)
            return &s->row[i];
    }
    fail_msg("no row %s in %s", label, s->title);
    return NULL;
}

static void test_sheets(void **state)
{
    struct fixture *f = made();
    (void)state;
    const size_t n = vg_score_sheets(&f->results, f->sheets);
    assert_int_equal(n, 3); /* crossing, density, together */
    assert_string_equal(f->sheets[0].title, "Crossing or presence (crossing)");
    assert_string_equal(row(&f->sheets[0], "Recall")->value, "1.0000");
    assert_string_equal(row(&f->sheets[0], "Recall")->note, "95 %: 0.2065 to 1.0000");
    assert_string_equal(row(&f->sheets[1], "Recall")->value, "-");
    assert_string_equal(row(&f->sheets[1], "Recall")->note, "");
    assert_int_equal(f->sheets[2].remark_count, 2); /* a clip without results, a foreign alert */
    assert_non_null(strstr(f->sheets[2].remark[1], "unheard.mp4"));
    released(f);
}

/* What is opened is closed, in its order: a title left open hides the whole page. */
static void assert_tags_match(const char *html)
{
    char open[32][16];
    size_t depth = 0;
    for (const char *at = strchr(html, '<'); at; at = strchr(at + 1, '<')) {
        const bool closes = at[1] == '/';
        const size_t size = strspn(at + 1 + closes, "abcdefghijklmnopqrstuvwxyz0123456789");
        char name[16] = "";
        assert_true(size < sizeof name);
        memcpy(name, at + 1 + closes, size);
        const char *end = strchr(at, '>');
        const bool alone = strcmp(name, "meta") == 0 || strcmp(name, "img") == 0 ||
                           strcmp(name, "br") == 0 || at[1] == '!' || (end && end[-1] == '/');
        if (closes && (depth == 0 || strcmp(open[--depth], name) != 0))
            fail_msg("</%s> closes %s", name, open[depth]);
        if (!closes && !alone) {
            assert_true(depth < 32);
            memcpy(open[depth++], name, sizeof name);
        }
    }
    assert_int_equal(depth, 0);
}

static void test_page(void **state)
{
    struct fixture *f = made();
    char *html = NULL;
    size_t size = 0;
    (void)state;
    const size_t n = vg_score_sheets(&f->results, f->sheets);
    assert_int_equal(vg_score_html(&f->results, f->sheets, n, &html, &size), VG_OK);
    assert_int_equal(strlen(html), size);
    assert_null(strstr(html, "<b>"));
    assert_null(strstr(html, "<t>"));
    assert_null(strstr(html, "<rain>"));
    assert_non_null(strstr(html, "<td>&lt;rain&gt;</td>"));
    assert_null(strstr(html, "<why>"));
    assert_null(strstr(html, "<made>"));
    assert_non_null(strstr(html, "<li>&lt;why&gt;</li>"));
    assert_non_null(strstr(html, "rule &lt;r&gt;</h3>"));
    assert_non_null(strstr(html, "base64,/9j/4A==\""));
    assert_non_null(strstr(html, "points=\"360.0,40.0 0.0,160.0 \"")); /* falls to the left */
    assert_non_null(strstr(html, "<td class=\"n\">1234.5</td>"));
    assert_non_null(strstr(html, "<td class=\"n\">-</td>"));
    assert_null(strstr(html, "<script"));
    assert_tags_match(html);
    assert_null(strstr(html, "http"));
    assert_non_null(strstr(html, "&lt;b&gt;&amp;&quot;x&quot;.mp4"));
    assert_non_null(strstr(html, "</html>\n"));
    vg_free(html);
    for (uint32_t k = 1;; k++) {
        vg_alloc_fail_at(k);
        const enum vg_status status = vg_score_html(&f->results, f->sheets, n, &html, &size);
        vg_alloc_fail_at(0);
        if (status == VG_OK)
            break;
        assert_null(html);
    }
    vg_free(html);
    released(f);
}

int main(void)
{
    (void)vg_text_init("en");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_of_events),  cmocka_unit_test(test_json_of_boxes_and_tracks),
        cmocka_unit_test(test_what_alerts_say), cmocka_unit_test(test_printed_cases),
        cmocka_unit_test(test_sheets),          cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
