#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/base/json.h"

static const char text[] = "{ \"version\": 1,\n  \"zones\": [ { \"id\": \"a\" },\n"
                           "    { \"id\": \"é}\", \"x\": 2.5, \"on\": true } ] }";

static const struct {
    const char *pointer;
    unsigned line, column;
    bool found;
} places[] = {
    {"/version", 1, 14, true},    {"/zones", 2, 12, true},     {"/zones/0", 2, 14, true},
    {"/zones/1/id", 3, 13, true}, {"/zones/1/x", 3, 24, true}, {"/zones/1/y", 3, 5, false},
    {"/zones/2", 2, 12, false},   {"/nothing/x", 1, 1, false}, {"", 1, 1, true},
};

static void a_pointer_leads_to_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        unsigned line, column;
        const bool found = vg_json_locate(text, sizeof text - 1, places[i].pointer, &line, &column);
        if (found != places[i].found || line != places[i].line || column != places[i].column)
            fail_msg("%s: %d at %u:%u", places[i].pointer, found, line, column);
    }
}

static const struct {
    const char *text, *place;
    enum vg_status status;
} broken[] = {
    {"{", "f:1:1", VG_E_INPUT},
    {"{\"a\":1,\"a\":2}", "f:1:10", VG_E_INPUT},
    {"[]", "f:1:1", VG_E_INPUT},
    {"{} x", "f:1:4", VG_E_INPUT},
    {"{\"a\":1e999}", "f:1:10", VG_E_INPUT},
};

static void broken_text_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct vg_json json;
        struct vg_fault fault;
        const enum vg_status status =
            vg_json_open(&json, "f", broken[i].text, strlen(broken[i].text), 1000, &fault);
        assert_int_equal(status, broken[i].status);
        assert_string_equal(fault.place, broken[i].place);
    }
}

static void values_are_typed_and_bounded(void **state)
{
    (void)state;
    struct vg_json json;
    struct vg_fault fault;
    assert_int_equal(vg_json_open(&json, "f", text, sizeof text - 1, 1000, &fault), VG_OK);
    json_t *zones;
    assert_int_equal(vg_json_array(&json, json.root, "", "zones", VG_JSON_REQUIRED, 5, &zones),
                     VG_OK);
    const json_t *zone = json_array_get(zones, 1);
    char id[8] = "";
    double x = 0;
    bool on = false;
    int64_t whole = 0;
    assert_int_equal(vg_json_string(&json, zone, "/zones/1", "id", VG_JSON_REQUIRED, id, sizeof id),
                     VG_OK);
    assert_string_equal(id, "é}");
    assert_int_equal(vg_json_string(&json, zone, "/zones/1", "id", VG_JSON_REQUIRED, id, 3),
                     VG_E_INPUT);
    assert_string_equal(fault.place, "f:3:13: /zones/1/id");
    assert_int_equal(vg_json_number(&json, zone, "/zones/1", "x", VG_JSON_REQUIRED, 0, 3, &x),
                     VG_OK);
    assert_float_equal(x, 2.5, 0);
    assert_int_equal(vg_json_number(&json, zone, "/zones/1", "x", VG_JSON_REQUIRED, 0, 2, &x),
                     VG_E_INPUT);
    assert_string_equal(fault.place, "f:3:24: /zones/1/x (2.5, 0..2)");
    assert_int_equal(vg_json_integer(&json, zone, "/zones/1", "x", VG_JSON_REQUIRED, 0, 9, &whole),
                     VG_E_INPUT);
    assert_int_equal(vg_json_flag(&json, zone, "/zones/1", "on", VG_JSON_REQUIRED, &on), VG_OK);
    assert_true(on);
    assert_int_equal(vg_json_flag(&json, zone, "/zones/1", "off", VG_JSON_REQUIRED, &on),
                     VG_E_INPUT);
    assert_int_equal(vg_json_flag(&json, zone, "/zones/1", "off", VG_JSON_OPTIONAL, &on), VG_OK);
    const char *const keys[] = {"id", "x", NULL};
    assert_int_equal(vg_json_keys(&json, zone, "/zones/1", keys), VG_E_INPUT);
    assert_string_equal(fault.place, "f:3:35: /zones/1/on");
    vg_json_close(&json);
}

static void reals_are_written_shortly(void **state)
{
    (void)state;
    json_t *v = json_pack("{s:f,s:i}", "a", 0.1, "b", 2);
    char *out = vg_json_text(v);
    assert_string_equal(out, "{\"a\":0.1,\"b\":2}");
    vg_free(out);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pointer_leads_to_its_line),
        cmocka_unit_test(broken_text_is_refused_with_its_place),
        cmocka_unit_test(values_are_typed_and_bounded),
        cmocka_unit_test(reals_are_written_shortly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
