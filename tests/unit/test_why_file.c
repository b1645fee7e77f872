/* The reader of explain.jsonl: what counts within a span of time, how it is summed up, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/score/why_file.h"

static const char words[] =
    "{\"media_s\":1,\"rule\":\"a\",\"track\":0,\"why\":\"few\",\"value\":3}\n"
    "{\"media_s\":2,\"rule\":\"b\",\"track\":7,\"why\":\"still\",\"value\":0}\n"
    "\n"
    "{\"media_s\":12,\"rule\":\"b\",\"track\":7,\"why\":\"hold\",\"value\":0.2,\"more\":[1]}\n"
    "{\"media_s\":12.4,\"rule\":\"b\",\"track\":7,\"why\":\"hold\",\"value\":0.6}\n"
    "{\"media_s\":13,\"rule\":\"b\",\"track\":9,\"why\":\"hold\",\"value\":0.1}\n"
    "{\"media_s\":13,\"rule\":\"b\",\"track\":9,\"why\":\"outside\"}\n"
    "{\"media_s\":20,\"rule\":\"a\",\"track\":0,\"why\":\"holds\",\"value\":8}\n";

static struct vg_why_file opened(const char *text)
{
    struct vg_why_file file = {0};
    struct vg_fault fault;
    assert_int_equal(vg_why_file_parse(&file, "e", (const uint8_t *)text, strlen(text), &fault),
                     VG_OK);
    return file;
}

/* The sums as text: "rule why times subjects first-last least..most; ". */
static void summed(const struct vg_why_ask *ask, char *text, size_t size)
{
    struct vg_why_file file = opened(words);
    struct vg_why_sum sum[8];
    size_t count = 0, used = 0;
    assert_int_equal(vg_why_file_sum(&file, ask, sum, 8, &count), VG_OK);
    *text = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %s %zu %u %g-%g %g..%g; ",
                                 sum[i].rule, sum[i].why, sum[i].times, sum[i].subjects,
                                 sum[i].first_s, sum[i].last_s, sum[i].least, sum[i].most);
    vg_why_file_close(&file);
}

static void spans_are_summed(void **state)
{
    static const struct {
        const char *name;
        struct vg_why_ask ask;
        const char *want;
    } rows[] = {
        {"a place's word holds until the next one, however long",
         {.from_s = 10, .to_s = 14, .rule = "a"},
         "a few 1 0 10-10 3..3; "},
        {"a track's word is forgotten, the most said comes first",
         {.from_s = 10, .to_s = 14, .rule = "b"},
         "b hold 3 2 12-13 0.1..0.6; b outside 1 1 13-13 0..0; "},
        {"a track's word is kept for seconds",
         {.from_s = 6, .to_s = 11, .rule = "b"},
         "b still 1 1 6-6 0..0; "},
        {"one subject, and the place",
         {.from_s = 11, .to_s = 20, .subject = 9},
         "a few 1 0 11-11 3..3; a holds 1 0 20-20 8..8; b hold 1 1 13-13 0.1..0.1; "
         "b outside 1 1 13-13 0..0; "},
        {"ends belong to it", {.from_s = 20, .to_s = 20, .rule = "a"}, "a holds 1 0 20-20 8..8; "},
        {"before all", {.from_s = -5, .to_s = 0}, ""},
        {"a rule that is not there", {.from_s = 0, .to_s = 99, .rule = "c"}, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        summed(&rows[i].ask, text, sizeof text);
        if (strcmp(text, rows[i].want) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", rows[i].name, text, rows[i].want);
    }
}

static void least_said_are_left_out(void **state)
{
    struct vg_why_file file = opened(words);
    const struct vg_why_ask ask = {.from_s = 10, .to_s = 14, .rule = "b"};
    struct vg_why_sum one;
    size_t count = 0;
    (void)state;
    assert_int_equal(vg_why_file_sum(&file, &ask, &one, 1, &count), VG_OK);
    assert_int_equal(count, 1);
    assert_string_equal(one.why, "hold");
    vg_why_file_close(&file);
}

static void bad_lines_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text, *place;
    } rows[] = {
        {"{\"rule\":\"a\",\"why\":\"few\"}\n", "e:1:1"},
        {"\n{\"media_s\":1,\"rule\":\"a\",\"why\":7}\n", "e:2:"},
        {"{\"media_s\":1,\"rule\":\"a\",\"why\":\"few\",\"track\":-1}\n", "e:1:"},
        {"{\"media_s\":1e300,\"rule\":\"a\",\"why\":\"few\"}\n", "e:1:"},
        {"oops\n", "e:1:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_why_file file = {0};
        struct vg_fault fault;
        assert_int_equal(vg_why_file_parse(&file, "e", (const uint8_t *)rows[i].text,
                                           strlen(rows[i].text), &fault),
                         VG_E_INPUT);
        if (strncmp(fault.place, rows[i].place, strlen(rows[i].place)) != 0)
            fail_msg("%s: place %s", rows[i].text, fault.place);
        vg_why_file_close(&file);
    }
}

static void memory_may_lack(void **state)
{
    struct vg_why_file file = opened(words);
    const struct vg_why_ask ask = {.from_s = 0, .to_s = 30};
    struct vg_why_sum sum[8];
    size_t count = 0;
    (void)state;
    for (uint32_t k = 1;; k++) {
        vg_alloc_fail_at(k);
        const enum vg_status status = vg_why_file_sum(&file, &ask, sum, 8, &count);
        vg_alloc_fail_at(0);
        if (status == VG_OK)
            break;
        assert_int_equal(status, VG_E_MEMORY);
        assert_int_equal(count, 0);
    }
    assert_int_equal(count, 5);
    vg_why_file_close(&file);
}

int main(void)
{
    (void)vg_text_init("en");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_summed),
        cmocka_unit_test(least_said_are_left_out),
        cmocka_unit_test(bad_lines_are_refused_with_their_place),
        cmocka_unit_test(memory_may_lack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
