/* What a profile looks like: as a table, JSON, a picture and a time line. Golden files stand in
 * tests/golden; a file that differs is left beside the build as NAME.got. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/profile_json.h"
#include "bench/profile_svg.h"
#include "bench/profile_text.h"
#include "bench/trace_file.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/text.h"

static const struct vg_profile_heading heading = {.model = "small & <odd>",
                                                  .precision = "f32",
                                                  .device = "cpu \"x\"",
                                                  .width = 64,
                                                  .height = 32,
                                                  .threads = 2};

static const struct vg_step_time steps[] = {
    {"conv 3x3 s2 3>16 32x16", "conv_direct", 100, 0.004, 0.05, 0.004},
    {"conv 3x3 16>16 32x16", "conv_wino", 250.5, 0.02, 0.07, 0.005},
    {"pool 3x3 <&> \x01 and a name that is as long as a name can be", "max_pool", 30, 0, 0.04, 0},
    {"nothing", "copy_channels", 0, 0, 0, 0},
    {"conv 1x1 16>16 16x8", "conv_direct", 50, 0.004, 0.06, 0.004},
};
#define STEPS ((uint32_t)(sizeof steps / sizeof *steps))

enum peaks {
    WITHOUT_PEAKS,
    WITH_PEAKS
};

/* Two runs on two queues. */
static void profile_make(struct vg_profile *profile, enum peaks peaks)
{
    struct vg_fault fault = {0};
    double at = 0;
    assert_int_equal(vg_profile_init(profile, STEPS, 2 * STEPS, &fault), VG_OK);
    memcpy(profile->step, steps, sizeof steps);
    profile->runs = 2;
    profile->batch = 4;
    profile->whole_us = 500;
    for (uint32_t i = 0; i < 2 * STEPS; i++) {
        const uint32_t step = i % STEPS;
        profile->span[i] = (struct vg_step_span){.step = step,
                                                 .run = i / STEPS,
                                                 .queue = step == 2,
                                                 .start_us = at,
                                                 .us = steps[step].us};
        at += steps[step].us + 1.25;
    }
    if (peaks == WITH_PEAKS) {
        profile->peak_gflop_s = 200;
        profile->peak_gbyte_s = 10;
    }
}

static void golden_compare(const char *name, const char *got, size_t size)
{
    char path[512];
    uint8_t *want = NULL;
    size_t want_size = 0;
    struct vg_fault fault = {0};
    const char *source = getenv("VIGIE_SOURCE_DIR"), *build = getenv("VIGIE_BUILD_DIR");
    assert_non_null(source);
    assert_non_null(build);
    (void)snprintf(path, sizeof path, "%s/tests/golden/%s", source, name);
    const enum vg_status status = vg_file_read(path, 1 << 20, &want, &want_size, &fault);
    const int same = !status && size == want_size && memcmp(got, want, size) == 0;
    vg_free(want);
    if (same)
        return;
    (void)snprintf(path, sizeof path, "%s/%s.got", build, name);
    assert_int_equal(vg_file_write(path, got, size, 0644, VG_FILE_PLAIN, &fault), VG_OK);
    fail_msg("%s differs from the golden one: see %s", name, path);
}

struct shown {
    char *text;
    size_t size;
    FILE *out;
};

static struct shown *show_open(struct shown *shown)
{
    *shown = (struct shown){.text = NULL};
    shown->out = open_memstream(&shown->text, &shown->size);
    assert_non_null(shown->out);
    return shown;
}

static void show_close(struct shown *shown)
{
    assert_int_equal(ferror(shown->out), 0);
    assert_int_equal(fclose(shown->out), 0);
}

static void a_table_is_as_golden(void **state)
{
    (void)state;
    struct vg_profile profile;
    struct shown shown;
    struct vg_fault fault = {0};
    profile_make(&profile, WITH_PEAKS);
    (void)show_open(&shown);
    assert_int_equal(vg_profile_text(&profile, &heading, VG_PROFILE_AS_RUN, shown.out, &fault),
                     VG_OK);
    (void)fputc('\n', shown.out);
    profile.peak_gflop_s = profile.peak_gbyte_s = 0;
    assert_int_equal(vg_profile_text(&profile, &heading, VG_PROFILE_BY_TIME, shown.out, &fault),
                     VG_OK);
    show_close(&shown);
    golden_compare("profile.txt", shown.text, shown.size);
    free(shown.text);
    vg_profile_release(&profile);
}

static void json_is_read_back(void **state)
{
    (void)state;
    struct vg_profile profile;
    struct shown shown;
    struct vg_json json;
    struct vg_fault fault = {0};
    profile_make(&profile, WITH_PEAKS);
    (void)show_open(&shown);
    vg_profile_json_print(&profile, &heading, shown.out);
    show_close(&shown);
    assert_int_equal(vg_json_open(&json, "profile", shown.text, shown.size, 1 << 20, &fault),
                     VG_OK);
    const json_t *list = json_object_get(json.root, "steps");
    assert_int_equal(json_array_size(list), STEPS);
    assert_string_equal(json_string_value(json_object_get(json.root, "model")), heading.model);
    assert_string_equal(json_string_value(json_object_get(json.root, "size")), "64x32");
    assert_int_equal(json_integer_value(json_object_get(json.root, "batch")), 4);
    for (uint32_t i = 0; i < STEPS; i++) {
        const json_t *step = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(step, "name")), steps[i].name);
        assert_string_equal(json_string_value(json_object_get(step, "kernel")), steps[i].kernel);
        assert_true(fabs(json_number_value(json_object_get(step, "us")) - steps[i].us) < 1e-6);
        assert_true(fabs(json_number_value(json_object_get(step, "peak_frac")) -
                         vg_step_share_frac(&profile, &profile.step[i])) < 1e-6);
    }
    vg_json_close(&json);
    free(shown.text);
    vg_profile_release(&profile);
}

/* ---- XML: tags nest, attributes are quoted, references are known, one element at the top ---- */

struct xml {
    const char *p;
    char open[32][32];
    int depth;
    const char *wrong;
};

static int xml_fail(struct xml *x, const char *why)
{
    if (!x->wrong)
        x->wrong = why;
    return 0;
}

static int xml_name(struct xml *x, char name[32])
{
    size_t n = strspn(x->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:_-0123456789");
    if (!n || n > 31)
        return xml_fail(x, "name");
    memcpy(name, x->p, n);
    name[n] = 0;
    x->p += n;
    return 1;
}

static int xml_reference(struct xml *x)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(x->p, known[i], strlen(known[i])) == 0) {
            x->p += strlen(known[i]);
            return 1;
        }
    return xml_fail(x, "reference");
}

static int xml_attributes(struct xml *x)
{
    char name[32];
    for (;;) {
        x->p += strspn(x->p, " \n");
        if (*x->p == '>' || *x->p == '/')
            return 1;
        if (!xml_name(x, name))
            return 0;
        if (x->p[0] != '=' || x->p[1] != '"')
            return xml_fail(x, "attribute");
        for (x->p += 2; *x->p != '"';) {
            if (!*x->p || *x->p == '<')
                return xml_fail(x, "attribute's end");
            if (*x->p != '&')
                x->p++;
            else if (!xml_reference(x))
                return 0;
        }
        x->p++;
    }
}

static int xml_tag(struct xml *x)
{
    char name[32];
    const int closing = x->p[1] == '/';
    x->p += 1 + closing;
    if (!xml_name(x, name))
        return 0;
    if (closing) {
        if (!x->depth || strcmp(x->open[--x->depth], name) != 0 || *x->p++ != '>')
            return xml_fail(x, "closing tag");
        return 1;
    }
    if (!xml_attributes(x))
        return 0;
    if (x->p[0] == '/' && x->p[1] == '>') {
        x->p += 2;
        return 1;
    }
    if (*x->p++ != '>' || x->depth == 32)
        return xml_fail(x, "tag");
    (void)snprintf(x->open[x->depth++], sizeof x->open[0], "%s", name);
    return 1;
}

static const char *xml_judge(const char *text)
{
    struct xml x = {.p = text};
    int tops = 0;
    while (*x.p && !x.wrong) {
        tops += x.depth == 0 && *x.p == '<' && x.p[1] != '/';
        if (*x.p == '<')
            (void)xml_tag(&x);
        else if (*x.p == '&')
            (void)xml_reference(&x);
        else if (((unsigned char)*x.p < 0x20 && *x.p != '\n') || (!x.depth && *x.p != '\n'))
            (void)xml_fail(&x, "character");
        else
            x.p++;
    }
    if (!x.wrong && (x.depth || tops != 1))
        (void)xml_fail(&x, "top element");
    return x.wrong;
}

static void the_judge_of_xml_sees_faults(void **state)
{
    (void)state;
    static const char *const bad[] = {"<a>",      "<a></b>",      "<a b=c/>", "<a>&no;</a>",
                                      "<a/><b/>", "<a b=\"<\"/>", "x",        "<a>\x01</a>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(xml_judge(bad[i]));
    assert_null(xml_judge("<a b=\"&lt;\"><c/>x &amp; y</a>\n"));
}

static void a_picture_is_sound_and_as_golden(void **state)
{
    (void)state;
    struct vg_profile profile;
    struct shown shown;
    struct vg_fault fault = {0};
    profile_make(&profile, WITH_PEAKS);
    (void)show_open(&shown);
    assert_int_equal(vg_profile_svg(&profile, &heading, VG_PROFILE_AS_RUN, shown.out, &fault),
                     VG_OK);
    show_close(&shown);
    const char *wrong = xml_judge(shown.text);
    if (wrong)
        fail_msg("not well-formed: %s", wrong);
    golden_compare("profile.svg", shown.text, shown.size);
    free(shown.text);
    vg_profile_release(&profile);
}

/* More kernels than colours: the least ones are shown together, and nothing is lost. */
static void many_kernels_share_the_last_colour(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"};
    struct vg_profile profile;
    struct vg_profile_family family[VG_PROFILE_FAMILIES_MAX];
    struct vg_fault fault = {0};
    struct shown shown;
    double sum = 0;
    assert_int_equal(vg_profile_init(&profile, 11, 0, &fault), VG_OK);
    for (uint32_t i = 0; i < 11; i++) {
        (void)snprintf(profile.step[i].name, sizeof profile.step[i].name, "%s", names[i]);
        profile.step[i].kernel = names[i];
        profile.step[i].us = (double)((i * 7) % 11 + 1);
    }
    assert_int_equal(vg_profile_families(&profile, family), VG_PROFILE_FAMILIES_MAX);
    for (uint32_t i = 0; i < VG_PROFILE_FAMILIES_MAX; i++)
        sum += family[i].us;
    assert_true(fabs(sum - vg_profile_steps_us(&profile)) < 1e-9);
    for (uint32_t i = 0; i + 1 < VG_PROFILE_FAMILIES_MAX; i++)
        assert_true(fabs(family[i].us - (double)(11 - i)) < 1e-9);
    assert_null(family[VG_PROFILE_FAMILIES_MAX - 1].kernel);
    assert_int_equal(family[VG_PROFILE_FAMILIES_MAX - 1].steps, 4);
    (void)show_open(&shown);
    assert_int_equal(vg_profile_svg(&profile, &heading, VG_PROFILE_BY_TIME, shown.out, &fault),
                     VG_OK);
    assert_int_equal(vg_profile_text(&profile, &heading, VG_PROFILE_BY_TIME, shown.out, &fault),
                     VG_OK);
    show_close(&shown);
    free(shown.text);
    vg_profile_release(&profile);
}

/* Every event says what the format wants of its kind; on a track slices nest or follow. */
static void a_time_line_is_as_the_format_wants(void **state)
{
    (void)state;
    struct vg_profile profile;
    struct shown shown;
    struct vg_json json;
    struct vg_fault fault = {0};
    uint32_t complete = 0, named = 0;
    double end[8] = {0};
    profile_make(&profile, WITH_PEAKS);
    (void)show_open(&shown);
    vg_trace_print(&profile, &heading, shown.out);
    show_close(&shown);
    assert_int_equal(vg_json_open(&json, "trace", shown.text, shown.size, 1 << 20, &fault), VG_OK);
    const json_t *list = json_object_get(json.root, "traceEvents");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *event = json_array_get(list, i);
        const char *kind = json_string_value(json_object_get(event, "ph"));
        const json_int_t track = json_integer_value(json_object_get(event, "tid"));
        assert_non_null(json_string_value(json_object_get(event, "name")));
        assert_int_equal(json_integer_value(json_object_get(event, "pid")), 1);
        assert_in_range(track, 0, 7);
        if (strcmp(kind, "M") == 0) {
            assert_non_null(
                json_string_value(json_object_get(json_object_get(event, "args"), "name")));
            named++;
            continue;
        }
        assert_string_equal(kind, "X");
        assert_true(json_is_number(json_object_get(event, "ts")));
        assert_true(json_is_number(json_object_get(event, "dur")));
        const double start = json_number_value(json_object_get(event, "ts"));
        assert_true(start >= end[track]);
        end[track] = start + json_number_value(json_object_get(event, "dur"));
        complete++;
    }
    assert_int_equal(complete, 2 * STEPS + 2); /* and the runs */
    assert_int_equal(named, 4);                /* process, runs, two queues */
    golden_compare("trace.json", shown.text, shown.size);
    vg_json_close(&json);
    free(shown.text);
    vg_profile_release(&profile);
}

static void shares_are_of_the_nearer_roof(void **state)
{
    (void)state;
    const struct vg_profile profile = {.peak_gflop_s = 100, .peak_gbyte_s = 10};
    static const struct {
        struct vg_step_time step;
        double bound_us, share;
    } rows[] = {
        {{.us = 20, .gflop = 0.001, .mbytes = 0.01, .needed_gflop = 0.001}, 10, 0.5},
        {{.us = 20, .gflop = 0.001, .mbytes = 0.15, .needed_gflop = 0.001}, 15, 0.75},
        {{.us = 20, .gflop = 0.004, .mbytes = 0.01, .needed_gflop = 0.001}, 10, 0.5},
        {{.us = 0, .gflop = 0.001, .mbytes = 0.01, .needed_gflop = 0.001}, 10, 0},
        {{.us = 5, .gflop = 0, .mbytes = 0}, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(fabs(vg_step_bound_us(&profile, &rows[i].step) - rows[i].bound_us) < 1e-9);
        assert_true(fabs(vg_step_share_frac(&profile, &rows[i].step) - rows[i].share) < 1e-9);
    }
}

static void medians_and_spans_come_from_the_clock(void **state)
{
    (void)state;
    /* two steps, four runs; in the last one the clock went back */
    static const uint64_t start[] = {1000, 3000, 10000, 12000, 20000, 23000, 30000, 40000};
    static const uint64_t end[] = {2000, 7000, 11500, 15000, 22000, 25000, 29000, 41000};
    struct vg_profile profile;
    struct vg_fault fault = {0};
    assert_int_equal(vg_profile_init(&profile, 2, 100, &fault), VG_OK);
    assert_int_equal(vg_profile_fill(&profile, 4, start, end, &fault), VG_OK);
    assert_int_equal(profile.runs, 4);
    assert_int_equal(profile.span_count, 8);
    assert_true(fabs(profile.step[0].us - 1.25) < 1e-9); /* of 0, 1, 1.5, 2 */
    assert_true(fabs(profile.step[1].us - 2.5) < 1e-9);  /* of 1, 2, 3, 4 */
    assert_int_equal(profile.span[3].run, 1);
    assert_int_equal(profile.span[3].step, 1);
    assert_true(fabs(profile.span[3].start_us - 11) < 1e-9);
    assert_true(fabs(profile.span[3].us - 3) < 1e-9);
    profile.span_count = 3; /* less room than spans */
    assert_int_equal(vg_profile_fill(&profile, 4, start, end, &fault), VG_OK);
    assert_int_equal(profile.span_count, 3);
    vg_profile_release(&profile);
}

static void without_memory_nothing_is_held(void **state)
{
    (void)state;
    struct vg_profile profile;
    struct vg_fault fault = {0};
    for (uint32_t n = 1; n <= 2; n++) {
        vg_alloc_fail_at(n);
        assert_int_equal(vg_profile_init(&profile, 3, 3, &fault), VG_E_MEMORY);
    }
    profile_make(&profile, WITHOUT_PEAKS);
    FILE *none = fopen("/dev/null", "w");
    assert_non_null(none);
    for (uint32_t n = 1; n <= 3; n++) {
        vg_alloc_fail_at(n);
        assert_int_equal(vg_profile_text(&profile, &heading, VG_PROFILE_BY_TIME, none, &fault),
                         VG_E_MEMORY);
    }
    vg_alloc_fail_at(0);
    (void)fclose(none);
    vg_profile_release(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_as_golden),
        cmocka_unit_test(json_is_read_back),
        cmocka_unit_test(the_judge_of_xml_sees_faults),
        cmocka_unit_test(a_picture_is_sound_and_as_golden),
        cmocka_unit_test(many_kernels_share_the_last_colour),
        cmocka_unit_test(a_time_line_is_as_the_format_wants),
        cmocka_unit_test(shares_are_of_the_nearer_roof),
        cmocka_unit_test(medians_and_spans_come_from_the_clock),
        cmocka_unit_test(without_memory_nothing_is_held),
    };
    (void)vg_text_init("en");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
