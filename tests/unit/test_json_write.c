#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/json.h"
#include "src/base/json_write.h"

static void values_follow_each_other(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct vg_json_writer w;
    assert_non_null(out);
    vg_json_writer_init(&w, out);
    vg_json_object_open(&w, NULL);
    vg_json_array_open(&w, "empty");
    vg_json_array_close(&w);
    vg_json_array_open(&w, "a");
    vg_json_write_integer(&w, NULL, INT64_MIN);
    vg_json_object_open(&w, NULL);
    vg_json_object_close(&w);
    vg_json_write_null(&w, NULL);
    vg_json_array_close(&w);
    vg_json_write_number(&w, "n", 0.5);
    vg_json_write_number(&w, "not", (double)NAN);
    vg_json_write_number(&w, "endless", (double)-INFINITY);
    vg_json_write_fixed(&w, "f", 123456789.123, 3);
    vg_json_write_text(&w, "t", "x");
    vg_json_object_close(&w);
    (void)fclose(out);
    assert_string_equal(text,
                        "{\"empty\": [], \"a\": [-9223372036854775808, {}, null], \"n\": 0.5, "
                        "\"not\": null, \"endless\": null, \"f\": 123456789.123, \"t\": "
                        "\"x\"}");
    free(text);
}

/* The right column is what a reader of JSON gets back: bad bytes have become U+FFFD. */
static const struct {
    const char *in, *back;
} texts[] = {
    {"plain", "plain"},
    {"\"quoted\" \\ /", "\"quoted\" \\ /"},
    {"line\nfeed\ttab\x01", "line\nfeed\ttab\x01"},
    {"\x7f", "\x7f"},
    {"pr\xc3\xa9"
     "cision \xe2\x82\xac \xf0\x9f\x8e\x88",
     "pr\xc3\xa9"
     "cision \xe2\x82\xac \xf0\x9f\x8e\x88"},
    {"cut \xc3", "cut \xef\xbf\xbd"},
    {"\xff", "\xef\xbf\xbd"},
    {"\x80"
     "a",
     "\xef\xbf\xbd"
     "a"},
    {"overlong \xc0\xaf", "overlong \xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"surrogate \xed\xa0\x80", "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"beyond \xf4\x90\x80\x80", "beyond \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

static void any_bytes_make_a_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        struct vg_json_writer w;
        struct vg_json json;
        struct vg_fault fault = {0};
        assert_non_null(out);
        vg_json_writer_init(&w, out);
        vg_json_object_open(&w, NULL);
        vg_json_write_text(&w, "t", texts[i].in);
        vg_json_object_close(&w);
        (void)fclose(out);
        assert_int_equal(vg_json_open(&json, "t", text, size, 4096, &fault), VG_OK);
        assert_string_equal(json_string_value(json_object_get(json.root, "t")), texts[i].back);
        vg_json_close(&json);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_follow_each_other),
        cmocka_unit_test(any_bytes_make_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
