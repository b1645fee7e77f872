/* The normative matching of alerts with events, the figures of the worked example to 1e-6, the
 * intervals of the tables, and what the readers refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/score/event_sweep.h"

#define NEAR_BY(got, want, by)                                                     \
    do {                                                                           \
        if (!(fabs((got) - (want)) < (by)))                                        \
            fail_msg("%s is %.9f, not %.9f", #got, (double)(got), (double)(want)); \
    } while (0)
#define NEAR(got, want) NEAR_BY(got, want, 1e-6)

static const struct {
    size_t hits, trials;
    double low, high;
} shares[] = {
    {0, 5, 0.000000, 0.434482},   {5, 5, 0.565518, 1.000000},    {9, 10, 0.595850, 0.982124},
    {45, 50, 0.786398, 0.956524}, {90, 100, 0.825634, 0.944771}, {0, 0, 0, 1},
};

static const double counts[11][2] = {
    {0, 3.6889},       {0.0253, 5.5716},  {0.2422, 7.2247},  {0.6187, 8.7673},
    {1.0899, 10.2416}, {1.6235, 11.6683}, {2.2019, 13.0595}, {2.8144, 14.4227},
    {3.4538, 15.7632}, {4.1154, 17.0848}, {4.7954, 18.3904},
};

static void test_intervals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        const struct vg_interval v = vg_interval_share(shares[i].hits, shares[i].trials);
        NEAR(v.low, shares[i].low);
        NEAR(v.high, shares[i].high);
    }
    assert_true(vg_interval_share(35, 35).low > 0.90);
    assert_true(vg_interval_share(34, 34).low < 0.90);
    for (size_t i = 0; i < 11; i++) {
        const struct vg_interval v = vg_interval_count(i);
        NEAR_BY(v.low, counts[i][0], 6e-5);
        NEAR_BY(v.high, counts[i][1], 6e-5);
    }
    /* chi squared quantiles 0.025 and 0.975 of 40 and 42 degrees, halved: 12.2165, 30.8884 */
    NEAR_BY(vg_interval_count(20).low, 12.2165, 0.05);
    NEAR_BY(vg_interval_count(20).high, 30.8884, 0.05);
}

static const char example_truth[] = "file,event,start_s,end_s,ignore\n"
                                    "a.mp4,crossing,100,130,0\n"
                                    "a.mp4,crossing,300,302,0\n"
                                    "a.mp4,crossing,306,320,0\n"
                                    "a.mp4,crossing,900,960,0\n"
                                    "a.mp4,crossing,1500,1530,1\n"
                                    "a.mp4,crossing,2000,2010,0\n";

#define ALERT(id, t, score)                                                             \
    "{\"id\":\"" id "\",\"flux\":\"clips/a.mp4\",\"event\":\"crossing\",\"media_s\":" t \
    ",\"score\":" score "}\n"

/* not in the order of time: the score sorts */
static const char example_alerts[] = ALERT("A9", "3000.0", "0.50") ALERT("A1", "103.0", "0.90")
    ALERT("A2", "112.0", "0.85") ALERT("A3", "308.5", "0.80") ALERT("A4", "309.0", "0.75")
        ALERT("A5", "700.0", "0.60") ALERT("A6", "955.0", "0.70") "\n" ALERT("A7", "1505.0", "0.88")
            ALERT("A8", "2009.9", "0.55");

static struct vg_event_truth truth_of(const char *text)
{
    struct vg_event_truth truth;
    struct vg_fault fault = {0};
    if (vg_event_truth_parse("t.csv", (const uint8_t *)text, strlen(text), &truth, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    for (size_t i = 0; i < truth.clip_count; i++)
        truth.clip[i].analysed = true;
    return truth;
}

static struct vg_alert_file alerts_of(const char *text, const struct vg_event_truth *truth)
{
    struct vg_alert_file alerts = {0};
    struct vg_fault fault = {0};
    if (vg_alert_file_parse(&alerts, "a.jsonl", (const uint8_t *)text, strlen(text), truth, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    return alerts;
}

static struct vg_event_score scored(const char *truth_text, const char *alert_text,
                                    const struct vg_event_settings *settings)
{
    struct vg_event_truth truth = truth_of(truth_text);
    struct vg_alert_file alerts = alerts_of(alert_text, &truth);
    struct vg_event_score score;
    assert_int_equal(vg_event_score_make(&truth, &alerts, settings, &score), VG_OK);
    vg_alert_file_close(&alerts);
    vg_event_truth_close(&truth);
    return score;
}

static void test_example_matching(void **state)
{
    static const struct {
        const char *id;
        enum vg_finding finding;
        double start_s; /* of the event, -1: none */
    } want[] = {
        {"A1", VG_FINDING_TRUE, 100},          {"A2", VG_FINDING_DUPLICATE, 100},
        {"A3", VG_FINDING_TRUE, 300},          {"A4", VG_FINDING_TRUE, 306},
        {"A5", VG_FINDING_FALSE, -1},          {"A6", VG_FINDING_LATE, 900},
        {"A7", VG_FINDING_TRUE_IGNORED, 1500}, {"A8", VG_FINDING_TRUE, 2000},
        {"A9", VG_FINDING_FALSE, -1},
    };
    struct vg_event_truth truth = truth_of(example_truth);
    struct vg_alert_file alerts = alerts_of(example_alerts, &truth);
    const struct vg_event_settings settings = vg_event_settings_defaults();
    struct vg_event_score score;
    const struct vg_true_event *event[6];
    const struct vg_raised *alert[9];
    struct vg_finding_of found[9];
    bool matched[6];
    (void)state;
    assert_int_equal(vg_event_score_make(&truth, &alerts, &settings, &score), VG_OK); /* sorts */
    for (int i = 0; i < 6; i++)
        event[i] = &truth.event[i];
    for (int i = 0; i < 9; i++)
        alert[i] = &alerts.alert[i];
    const struct vg_event_window window = {VG_PROFILE_ONSET, 2, 10};
    vg_event_match(event, 6, alert, 9, &window, matched, found);
    for (int i = 0; i < 9; i++) {
        assert_string_equal(alert[i]->id, want[i].id);
        const double start = found[i].event ? found[i].event->start_s : -1;
        if (found[i].finding != want[i].finding || fabs(start - want[i].start_s) > 0)
            fail_msg("%s: %d of %g", want[i].id, (int)found[i].finding, start);
    }
    vg_event_score_close(&score);
    vg_alert_file_close(&alerts);
    vg_event_truth_close(&truth);
}

static void test_example_figures(void **state)
{
    struct vg_event_settings settings = vg_event_settings_defaults();
    (void)state;
    settings.seconds = 3600;
    struct vg_event_score score = scored(example_truth, example_alerts, &settings);
    const struct vg_event_figures *f = &score.kind[vg_event_kind_of("crossing")].figures;
    assert_int_equal(f->counts.hits, 4);
    assert_int_equal(f->counts.false_alerts, 3);
    assert_int_equal(f->counts.late, 1);
    assert_int_equal(f->counts.missed, 1);
    assert_int_equal(f->counts.duplicates, 1);
    assert_int_equal(f->counts.ignored, 1);
    NEAR(f->precision, 0.571428571);
    NEAR(f->recall, 0.8);
    NEAR(f->f[0], 0.617142857);
    NEAR(f->f[1], 0.666666667);
    NEAR(f->f[2], 0.771929825);
    NEAR(f->recall_interval.low, 0.375535);
    NEAR(f->recall_interval.high, 0.963776);
    NEAR(f->precision_interval.low, 0.250458);
    NEAR(f->precision_interval.high, 0.841780);
    NEAR(f->false_per_hour, 3);
    NEAR(f->false_per_day, 72);
    NEAR_BY(f->false_per_day_interval.low, 14.848, 1e-3);
    NEAR_BY(f->false_per_day_interval.high, 210.415, 1e-3);
    NEAR(f->alerts_per_day, 192);
    NEAR(f->duplicates_per_event, 0.25);
    NEAR(f->delay.median, 5.75);
    NEAR(f->delay.mean, 6.1);
    NEAR(f->delay.most, 9.9);
    NEAR(f->delay.censored_mean, 6.88);
    NEAR(score.together.precision, f->precision);
    NEAR(score.mean_recall, 0.8);
    vg_event_score_close(&score);
}

/* At each threshold the matching is made anew. */
static void test_example_thresholds(void **state)
{
    static const struct {
        double threshold, missed_share;
        size_t false_alerts;
    } want[] = {
        {0.52, 0.2, 2}, {0.58, 0.4, 2}, {0.65, 0.4, 1},
        {0.72, 0.4, 0}, {0.78, 0.6, 0}, {0.82, 0.8, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct vg_event_settings settings = vg_event_settings_defaults();
        settings.min_score = want[i].threshold;
        struct vg_event_score score = scored(example_truth, example_alerts, &settings);
        NEAR(1 - score.together.recall, want[i].missed_share);
        assert_int_equal(score.together.counts.false_alerts, want[i].false_alerts);
        vg_event_score_close(&score);
    }
}

/* The worked example's alerts have nine scores: the first six thresholds of the table above are
 * passed on the way. */
static void test_example_sweep(void **state)
{
    const struct vg_event_settings settings = vg_event_settings_defaults();
    struct vg_event_truth truth = truth_of(example_truth);
    struct vg_alert_file alerts = alerts_of(example_alerts, &truth);
    struct vg_event_sweep sweep[VG_SCORE_EVENTS];
    const int kind = vg_event_kind_of("crossing");
    (void)state;
    assert_int_equal(vg_event_sweep_make(&truth, &alerts, &settings, sweep), VG_OK);
    assert_int_equal(sweep[kind].count, 9);
    assert_int_equal(sweep[vg_event_kind_of("fire")].count, 0);
    static const struct {
        double score, recall;
        size_t false_alerts;
    } want[9] = {
        {0.50, 0.8, 3}, {0.55, 0.8, 2}, {0.60, 0.6, 2}, {0.70, 0.6, 1}, {0.75, 0.6, 0},
        {0.80, 0.4, 0}, {0.85, 0.2, 0}, {0.88, 0.2, 0}, {0.90, 0.2, 0},
    };
    for (size_t i = 0; i < 9; i++) {
        NEAR(sweep[kind].point[i].min_score, want[i].score);
        NEAR(sweep[kind].point[i].recall, want[i].recall);
        assert_int_equal(sweep[kind].point[i].false_alerts, want[i].false_alerts);
    }
    vg_alert_file_close(&alerts);
    vg_event_truth_close(&truth);
}

static void test_example_cases(void **state)
{
    static const enum vg_case_what want[] = {
        VG_CASE_FOUND, VG_CASE_REPEATED, VG_CASE_FOUND, VG_CASE_FOUND, VG_CASE_FALSE,
        VG_CASE_LATE,  VG_CASE_IGNORED,  VG_CASE_FOUND, VG_CASE_FALSE, VG_CASE_MISSED,
    };
    const struct vg_event_settings settings = vg_event_settings_defaults();
    struct vg_event_truth truth = truth_of(example_truth);
    struct vg_alert_file alerts = alerts_of(example_alerts, &truth);
    struct vg_event_score score;
    (void)state;
    assert_int_equal(vg_event_score_make(&truth, &alerts, &settings, &score), VG_OK);
    assert_int_equal(score.case_count, sizeof want / sizeof *want);
    for (size_t i = 0; i < score.case_count; i++)
        assert_int_equal(score.cases[i].what, want[i]);
    const struct vg_case *missed = &score.cases[9];
    assert_null(missed->alert);
    NEAR(missed->from_s, 898); /* the event at 900, its window */
    NEAR(missed->to_s, 910);
    assert_null(score.cases[4].event);
    NEAR(score.cases[4].to_s, 700);
    vg_event_score_close(&score);
    vg_alert_file_close(&alerts);
    vg_event_truth_close(&truth);
}

#define TRUTH(rows)  "file,event,start_s,end_s\n" rows
#define AT(clip, t)  "{\"flux\":\"" clip "\",\"event\":\"density\",\"media_s\":" t "}\n"
#define AT_ID(id, t) "{\"id\":\"" id "\",\"flux\":\"a\",\"event\":\"density\",\"media_s\":" t "}\n"

/* density: 5 s before, 20 s after the start */
static const struct {
    const char *name, *truth, *alerts;
    enum vg_event_profile profile;
    double before_s, after_s;
    size_t hits, false_alerts, late, missed, duplicates;
} edges[] = {
    {"at the very end", TRUTH("a,density,100,150\n"), AT("a", "120"), VG_PROFILE_ONSET, VG_UNKNOWN,
     VG_UNKNOWN, 1, 0, 0, 0, 0},
    {"a thousandth later", TRUTH("a,density,100,150\n"), AT("a", "120.001"), VG_PROFILE_ONSET,
     VG_UNKNOWN, VG_UNKNOWN, 0, 1, 1, 1, 0},
    {"at the very beginning", TRUTH("a,density,100,150\n"), AT("a", "95"), VG_PROFILE_ONSET,
     VG_UNKNOWN, VG_UNKNOWN, 1, 0, 0, 0, 0},
    {"before it", TRUTH("a,density,100,150\n"), AT("a", "94.999"), VG_PROFILE_ONSET, VG_UNKNOWN,
     VG_UNKNOWN, 0, 1, 0, 1, 0},
    {"after the event's end and window", TRUTH("a,density,100,150\n"), AT("a", "171"),
     VG_PROFILE_ONSET, VG_UNKNOWN, VG_UNKNOWN, 0, 1, 0, 1, 0},
    {"own window", TRUTH("a,density,100,150\n"), AT("a", "103"), VG_PROFILE_ONSET, 0, 3, 1, 0, 0, 0,
     0},
    {"no truth", TRUTH("a,,,\n"), AT("a", "10"), VG_PROFILE_ONSET, VG_UNKNOWN, VG_UNKNOWN, 0, 1, 0,
     0, 0},
    {"no alert", TRUTH("a,density,100,150\n"), "", VG_PROFILE_ONSET, VG_UNKNOWN, VG_UNKNOWN, 0, 0,
     0, 1, 0},
    {"another clip", TRUTH("a,density,100,150\nb,,,\n"), AT("b", "110"), VG_PROFILE_ONSET,
     VG_UNKNOWN, VG_UNKNOWN, 0, 1, 0, 1, 0},
    {"another event", TRUTH("a,fire,100,150\n"), AT("a", "110"), VG_PROFILE_ONSET, VG_UNKNOWN,
     VG_UNKNOWN, 0, 1, 0, 1, 0},
    {"late within the event", TRUTH("a,density,100,150\n"), AT("a", "140"), VG_PROFILE_ONSET,
     VG_UNKNOWN, VG_UNKNOWN, 0, 1, 1, 1, 0},
    {"overlap: late within is true", TRUTH("a,density,100,150\n"), AT("a", "140"),
     VG_PROFILE_OVERLAP, VG_UNKNOWN, VG_UNKNOWN, 1, 0, 0, 0, 0},
    {"overlap: both ends belong", TRUTH("a,density,1,2\na,density,3,4\n"),
     AT("a", "1") AT("a", "4"), VG_PROFILE_OVERLAP, VG_UNKNOWN, VG_UNKNOWN, 2, 0, 0, 0, 0},
    {"overlap: before and after", TRUTH("a,density,100,150\n"), AT("a", "99.9") AT("a", "150.1"),
     VG_PROFILE_OVERLAP, VG_UNKNOWN, VG_UNKNOWN, 0, 2, 0, 1, 0},
    {"overlap: one per event", TRUTH("a,density,100,150\n"), AT("a", "110") AT("a", "120"),
     VG_PROFILE_OVERLAP, VG_UNKNOWN, VG_UNKNOWN, 1, 0, 0, 0, 1},
    {"overlap: a margin", TRUTH("a,density,100,150\n"), AT("a", "99.9"), VG_PROFILE_OVERLAP, 1, 0,
     1, 0, 0, 0, 0},
    {"nested: the one that closes first", TRUTH("a,density,0,100\na,density,10,20\n"),
     AT("a", "15") AT("a", "50"), VG_PROFILE_OVERLAP, VG_UNKNOWN, VG_UNKNOWN, 2, 0, 0, 0, 0},
};

static void test_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct vg_event_settings settings = vg_event_settings_defaults();
        settings.profile = edges[i].profile;
        settings.before_s = edges[i].before_s;
        settings.after_s = edges[i].after_s;
        struct vg_event_score score = scored(edges[i].truth, edges[i].alerts, &settings);
        const struct vg_event_counts *c = &score.together.counts;
        if (c->hits != edges[i].hits || c->false_alerts != edges[i].false_alerts ||
            c->late != edges[i].late || c->missed != edges[i].missed ||
            c->duplicates != edges[i].duplicates)
            fail_msg("%s: %zu true, %zu false, %zu late, %zu missed, %zu twice", edges[i].name,
                     c->hits, c->false_alerts, c->late, c->missed, c->duplicates);
        vg_event_score_close(&score);
    }
}

static void test_what_can_not_be_said(void **state)
{
    const struct vg_event_settings settings = vg_event_settings_defaults();
    (void)state;
    struct vg_event_score score = scored(TRUTH("a,,,\n"), AT("a", "10"), &settings);
    assert_true(isnan(score.together.recall));
    NEAR(score.together.precision, 0);
    assert_true(isnan(score.together.false_per_day)); /* how long was watched is not known */
    assert_true(isnan(score.together.delay.median));
    vg_event_score_close(&score);
    score = scored(TRUTH("a,density,1,2\n"), "", &settings);
    NEAR(score.together.recall, 0);
    assert_true(isnan(score.together.precision));
    vg_event_score_close(&score);
}

static void test_same_time_by_id(void **state)
{
    struct vg_event_truth truth = truth_of(TRUTH("a,density,100,150\n"));
    struct vg_alert_file alerts = alerts_of(AT_ID("B", "110") AT_ID("A", "110"), &truth);
    const struct vg_event_settings settings = vg_event_settings_defaults();
    struct vg_event_score score;
    (void)state;
    assert_int_equal(vg_event_score_make(&truth, &alerts, &settings, &score), VG_OK);
    assert_string_equal(alerts.alert[0].id, "A");
    assert_int_equal(score.together.counts.duplicates, 1);
    vg_event_score_close(&score);
    vg_alert_file_close(&alerts);
    vg_event_truth_close(&truth);
}

static void test_duration_and_clips(void **state)
{
    static const char text[] = "duration_s,file,how,event,start_s,end_s\n"
                               "60,a,\"by hand, twice\",density,1,2\n"
                               "60,a,,density,30,32\n60,b\n60,c\n60,d\n60,e\n60,f\n";
    const struct vg_event_settings settings = vg_event_settings_defaults();
    (void)state;
    struct vg_event_score score = scored(text, AT("a", "1") AT("b", "9"), &settings);
    const struct vg_event_kind_score *k = &score.kind[vg_event_kind_of("density")];
    NEAR(score.seconds, 360);
    NEAR(k->figures.false_per_day, 240);
    assert_int_equal(score.by_clip[3 * 6 + 0].hits, 1); /* density is kind 3 */
    assert_int_equal(score.by_clip[3 * 6 + 0].missed, 1);
    assert_int_equal(score.by_clip[3 * 6 + 1].false_alerts, 1);
    /* six clips: intervals by drawing clips; half of the events are found in every draw */
    NEAR(k->recall_by_clips.low, 0.5);
    NEAR(k->recall_by_clips.high, 0.5);
    assert_true(k->false_per_day_by_clips.high > 240);
    vg_event_score_close(&score);
}

static const struct {
    const char *name, *text, *what, *place;
} bad_truth[] = {
    {"nothing", "", "a column is missing", "t.csv:1: file"},
    {"no header", "a,density,1,2\n", "a column is missing", "t.csv:1: file"},
    {"one missing", "file,event,start_s\n", "a column is missing", "t.csv:1: end_s"},
    {"event", TRUTH("a,riot,1,2\n"), "not an event", "t.csv:2: 2: \"riot\""},
    {"time", TRUTH("a,density,soon,2\n"), "not a number", "t.csv:2: 3: \"soon\""},
    {"no time", TRUTH("a,density,1\n"), "not a number", "t.csv:2: 4: \"\""},
    {"end before start", TRUTH("a,density,1,2\n\na,density,5,4\n"), "the number is out of range",
     "t.csv:4: 4: \"4\""},
    {"no file", TRUTH(",density,1,2\n"), "not a file name", "t.csv:2: 1: \"\""},
    {"ignore 2", "file,event,start_s,end_s,ignore\na,density,1,2,2\n", "the number is out of range",
     "t.csv:2: 5: \"2\""},
};

static void test_bad_truth(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_truth / sizeof *bad_truth; i++) {
        struct vg_event_truth truth;
        struct vg_fault fault = {0};
        const enum vg_status status = vg_event_truth_parse(
            "t.csv", (const uint8_t *)bad_truth[i].text, strlen(bad_truth[i].text), &truth, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, bad_truth[i].what) != 0 ||
            strcmp(fault.place, bad_truth[i].place) != 0)
            fail_msg("%s: %d %s: %s", bad_truth[i].name, status, fault.what, fault.place);
        assert_null(truth.event);
    }
}

static const struct {
    const char *name, *text, *what, *place;
} bad_alerts[] = {
    {"not JSON", AT("a", "1") "oops\n", "not valid JSON", "a.jsonl:2:4"},
    {"a list", "[1]\n", "a JSON object was expected", "a.jsonl:1:1"},
    {"no time", "\n{\"flux\":\"a\",\"event\":\"density\"}\n", "a required key is missing",
     "a.jsonl:2:1: /media_s"},
    {"time", AT("a", "1") AT("a", "1") "{\"flux\":\"a\",\"event\":\"density\",\"media_s\":\"1\"}",
     "a number was expected", "a.jsonl:3:41: /media_s"},
    {"event", "{\"flux\":\"a\",\"event\":\"riot\",\"media_s\":1}\n", "not an event",
     "a.jsonl:1:21: /event"},
    {"score", "{\"flux\":\"a\",\"event\":\"fire\",\"media_s\":1,\"score\":7}\n",
     "the number is out of range", "a.jsonl:1:48: /score"},
};

static void test_bad_alerts(void **state)
{
    struct vg_event_truth truth = truth_of(TRUTH("a,density,1,2\n"));
    (void)state;
    for (size_t i = 0; i < sizeof bad_alerts / sizeof *bad_alerts; i++) {
        struct vg_alert_file alerts = {0};
        struct vg_fault fault = {0};
        const enum vg_status status =
            vg_alert_file_parse(&alerts, "a.jsonl", (const uint8_t *)bad_alerts[i].text,
                                strlen(bad_alerts[i].text), &truth, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, bad_alerts[i].what) != 0 ||
            strncmp(fault.place, bad_alerts[i].place, strlen(bad_alerts[i].place)) != 0)
            fail_msg("%s: %d %s: %s", bad_alerts[i].name, status, fault.what, fault.place);
        assert_int_equal(alerts.count, 0);
        vg_alert_file_close(&alerts);
    }
    vg_event_truth_close(&truth);
}

static void write_file(const char *dir, const char *folder, const char *name, const char *text)
{
    char path[512];
    struct vg_fault fault;
    (void)snprintf(path, sizeof path, "%s/%s", dir, folder);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/%s/%s", dir, folder, name);
    assert_int_equal(vg_file_write(path, text, strlen(text), 0600, VG_FILE_PLAIN, &fault), VG_OK);
}

static void remove_file(const char *dir, const char *folder, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s/%s", dir, folder, name);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/%s", dir, folder);
    (void)rmdir(path);
}

/* DIR/STEM/alerts.jsonl as batch writes it; a folder of the same stem got "-2" */
static void test_folder(void **state)
{
    char dir[] = "/tmp/vg_score_XXXXXX";
    char inner[64];
    struct vg_event_truth truth =
        truth_of(TRUTH("walk.mp4,density,1,2\nrun.avi,,,\nnight.mp4,fire,1,9\n"));
    struct vg_alert_file alerts;
    struct vg_fault fault = {0};
    (void)state;
    for (size_t i = 0; i < truth.clip_count; i++)
        truth.clip[i].analysed = false;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(vg_alert_file_open(dir, &truth, &alerts, &fault), VG_E_INPUT);
    vg_alert_file_close(&alerts);
    write_file(dir, "walk", "alerts.jsonl", AT("x/walk.mp4", "1.5") AT("y/other.mp4", "3"));
    write_file(dir, "walk", "measures.csv",
               "time_s,place,measure,value\n0,z,count,1\n30.5,z,count,2\n");
    write_file(dir, "run-2", "alerts.jsonl", "");
    write_file(dir, "nightly", "alerts.jsonl", "");
    assert_int_equal(vg_alert_file_open(dir, &truth, &alerts, &fault), VG_OK);
    assert_int_equal(alerts.count, 1);
    assert_int_equal(alerts.foreign, 1);
    assert_string_equal(alerts.first_foreign, "y/other.mp4");
    assert_true(truth.clip[0].analysed && truth.clip[1].analysed && !truth.clip[2].analysed);
    NEAR(truth.clip[0].seconds, 30.5);
    assert_string_equal(truth.clip[0].folder, "walk");
    vg_alert_file_close(&alerts);
    /* the ledger knows better: two minutes, a part of the second */
    write_file(dir, "walk", "coverage.csv",
               "time_s,nominal_s,wanted,analysed\n0,60.000,300,300\n60,10.250,52,40\n");
    truth.clip[0].seconds = 0;
    assert_int_equal(vg_alert_file_open(dir, &truth, &alerts, &fault), VG_OK);
    NEAR(truth.clip[0].seconds, 70.25);
    vg_alert_file_close(&alerts);
    remove_file(dir, "walk", "coverage.csv");
    (void)snprintf(inner, sizeof inner, "%s/walk", dir); /* one clip's own folder */
    assert_int_equal(vg_alert_file_open(inner, &truth, &alerts, &fault), VG_OK);
    assert_int_equal(alerts.count, 1);
    vg_alert_file_close(&alerts);
    remove_file(dir, "walk", "alerts.jsonl");
    remove_file(dir, "walk", "measures.csv");
    remove_file(dir, "run-2", "alerts.jsonl");
    remove_file(dir, "nightly", "alerts.jsonl");
    assert_int_equal(rmdir(dir), 0);
    vg_event_truth_close(&truth);
}

static void test_no_memory(void **state)
{
    const struct vg_event_settings settings = vg_event_settings_defaults();
    (void)state;
    for (uint32_t n = 1;; n++) {
        struct vg_event_truth truth;
        struct vg_alert_file alerts = {0};
        struct vg_event_score score = {0};
        struct vg_event_sweep sweep[VG_SCORE_EVENTS];
        struct vg_fault fault;
        assert_true(n < 200);
        vg_alloc_fail_at(n);
        enum vg_status status = vg_event_truth_parse("t", (const uint8_t *)example_truth,
                                                     sizeof example_truth - 1, &truth, &fault);
        if (status == VG_OK)
            status = vg_alert_file_parse(&alerts, "a", (const uint8_t *)example_alerts,
                                         sizeof example_alerts - 1, &truth, &fault);
        if (status == VG_OK)
            status = vg_event_sweep_make(&truth, &alerts, &settings, sweep);
        if (status == VG_OK)
            status = vg_event_score_make(&truth, &alerts, &settings, &score);
        vg_alloc_fail_at(0);
        vg_event_score_close(&score);
        vg_alert_file_close(&alerts);
        vg_event_truth_close(&truth);
        if (status == VG_OK)
            return;
        assert_int_equal(status, VG_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_sweep),   cmocka_unit_test(test_example_cases),
        cmocka_unit_test(test_intervals),       cmocka_unit_test(test_example_matching),
        cmocka_unit_test(test_example_figures), cmocka_unit_test(test_example_thresholds),
        cmocka_unit_test(test_edges),           cmocka_unit_test(test_what_can_not_be_said),
        cmocka_unit_test(test_same_time_by_id), cmocka_unit_test(test_duration_and_clips),
        cmocka_unit_test(test_bad_truth),       cmocka_unit_test(test_bad_alerts),
        cmocka_unit_test(test_folder),          cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
