/* What power strips, controllers and programs answer: good ones, and those that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/energy/dcmi_power.h"
#include "src/energy/snmp_message.h"
#include "src/energy/watts_text.h"

static void near(const char *name, double is, double wanted)
{
    if (fabs(is - wanted) > 1e-9 * (1 + fabs(wanted)))
        fail_msg("%s: %.12g instead of %.12g", name, is, wanted);
}

static const struct {
    const char *text;
    enum vg_status status;
    double watts;
} watts[] = {
    {"12.5", VG_OK, 12.5},
    {" 12,5 W\n", VG_OK, 12.5},
    {"0", VG_OK, 0},
    {"340W", VG_OK, 340},
    {"7.", VG_OK, 7},
    {"", VG_E_INPUT, 0},
    {"W", VG_E_INPUT, 0},
    {".5", VG_E_INPUT, 0},
    {"-3", VG_E_INPUT, 0},
    {"1e3", VG_E_INPUT, 0},
    {"1.2.3", VG_E_INPUT, 0},
    {"12 13", VG_E_INPUT, 0},
    {"nan", VG_E_INPUT, 0},
    {"1000001", VG_E_INPUT, 0},
    {"100000000000000000000000000000000000", VG_E_INPUT, 0},
    {"12 kW", VG_E_INPUT, 0},
};

static void watts_as_programs_print_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof watts / sizeof *watts; i++) {
        double value = 0;
        if (vg_watts_parse(watts[i].text, strlen(watts[i].text), &value) != watts[i].status)
            fail_msg("\"%s\"", watts[i].text);
        if (!watts[i].status)
            near(watts[i].text, value, watts[i].watts);
    }
    double value = 0;
    assert_int_equal(vg_watts_parse("12\0", 3, &value), VG_E_INPUT);
}

static const struct {
    const char *text;
    enum vg_status status;
    const char *words; /* joined by | */
} lines[] = {
    {"prise --watts", VG_OK, "prise|--watts"},
    {"  a\tb  c ", VG_OK, "a|b|c"},
    {"'ma prise' \"x y\"z", VG_OK, "ma prise|x yz"},
    {"a ''", VG_OK, "a|"},
    {"a;b|c $HOME *", VG_OK, "a;b|c|$HOME|*"},
    {"a \"it's\"", VG_OK, "a|it's"},
    {"", VG_E_INPUT, ""},
    {"   ", VG_E_INPUT, ""},
    {"a 'b", VG_E_INPUT, ""},
};

static void command_lines_are_split_without_a_shell(void **state)
{
    (void)state;
    char room[64], joined[128];
    char *words[VG_COMMAND_WORDS_MAX + 1];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (vg_command_split(lines[i].text, room, sizeof room, words) != lines[i].status)
            fail_msg("\"%s\"", lines[i].text);
        size_t at = 0;
        joined[0] = '\0';
        for (int w = 0; !lines[i].status && words[w]; w++)
            at += (size_t)snprintf(joined + at, sizeof joined - at, "%s%s", w ? "|" : "", words[w]);
        assert_string_equal(joined, lines[i].words);
    }
    assert_int_equal(vg_command_split("abcd", room, 4, words), VG_E_FULL);
    assert_int_equal(vg_command_split("abcd", room, 5, words), VG_OK);
}

static const struct {
    const char *name;
    uint8_t data[24];
    size_t size;
    enum vg_status status;
    uint16_t watts;
} controllers[] = {
    {"187 W",
     {0, 0xdc, 187, 0, 12, 0, 0x2c, 1, 180, 0, 1, 2, 3, 4, 0xe8, 3, 0, 0, 0x40},
     19,
     VG_OK,
     187},
    {"does not measure",
     {0, 0xdc, 187, 0, 12, 0, 0x2c, 1, 180, 0, 1, 2, 3, 4, 0xe8, 3, 0, 0, 0},
     19,
     VG_E_LACK,
     0},
    {"no such command", {0xc1}, 1, VG_E_LACK, 0},
    {"another group",
     {0, 0xdd, 187, 0, 12, 0, 0x2c, 1, 180, 0, 1, 2, 3, 4, 0xe8, 3, 0, 0, 0x40},
     19,
     VG_E_INPUT,
     0},
    {"cut",
     {0, 0xdc, 187, 0, 12, 0, 0x2c, 1, 180, 0, 1, 2, 3, 4, 0xe8, 3, 0, 0, 0x40},
     18,
     VG_E_INPUT,
     0},
    {"nothing", {0}, 0, VG_E_INPUT, 0},
};

static void a_controller_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
        struct vg_dcmi_power power = {0};
        struct vg_fault fault;
        if (vg_dcmi_power_parse(controllers[i].data, controllers[i].size, &power, &fault) !=
            controllers[i].status)
            fail_msg("%s", controllers[i].name);
        assert_int_equal(power.watts, controllers[i].watts);
        if (!controllers[i].status)
            assert_int_equal(power.period_ms, 1000);
    }
}

/* The request that other programs make for the same question, byte by byte. */
static const uint8_t asked_v2c[] = {
    0x30, 0x2e, 0x02, 0x01, 0x01, 0x04, 0x06, 'p',  'u',  'b',  'l',  'i',  'c',  0xa0, 0x21, 0x02,
    0x04, 0x12, 0x34, 0x56, 0x78, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x13, 0x30, 0x11, 0x06,
    0x0d, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x3e, 0x01, 0x01, 0x0c, 0x01, 0x10, 0x00, 0x05, 0x00};

static struct vg_snmp_get the_get(void)
{
    struct vg_snmp_get get = {.version = VG_SNMP_V2C, .community = "public", .request = 0x12345678};
    assert_int_equal(vg_snmp_oid_parse(".1.3.6.1.4.1.318.1.1.12.1.16.0", &get.oid), VG_OK);
    return get;
}

static void a_question_is_written(void **state)
{
    (void)state;
    uint8_t out[256];
    size_t used;
    struct vg_snmp_get get = the_get();
    assert_int_equal(vg_snmp_get_write(&get, out, sizeof out, &used), VG_OK);
    assert_int_equal(used, sizeof asked_v2c);
    assert_memory_equal(out, asked_v2c, sizeof asked_v2c);
    for (size_t size = 0; size < sizeof asked_v2c; size++)
        assert_int_equal(vg_snmp_get_write(&get, out, size, &used), VG_E_FULL);
    get.request = -1;
    assert_int_equal(vg_snmp_get_write(&get, out, sizeof out, &used), VG_E_CALL);
}

static void oids(void **state)
{
    (void)state;
    struct vg_snmp_oid oid;
    const char *const bad[] = {"",       ".",      "1",      "1.",        "1..3",
                               "1.3.a",  "3.1.1",  "1.40",   "1.3.-1",    "1.3.4294967296",
                               "1.3. 6", "1.3.6 ", "1.3.6x", "..1.3.6.1", "+1.3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (vg_snmp_oid_parse(bad[i], &oid) != VG_E_INPUT)
            fail_msg("\"%s\"", bad[i]);
    assert_int_equal(vg_snmp_oid_parse("1.3.4294967295", &oid), VG_OK);
    assert_int_equal(oid.id[2], UINT32_MAX);
}

/* The question with its head changed to an answer's, and its value replaced. */
static size_t answer(uint8_t *out, const uint8_t *value, size_t size)
{
    const size_t kept = sizeof asked_v2c - 2;
    memcpy(out, asked_v2c, kept);
    memcpy(out + kept, value, size);
    out[13] = 0xa2;
    out[1] = (uint8_t)(out[1] + size - 2);
    out[14] = (uint8_t)(out[14] + size - 2);
    out[28] = (uint8_t)(out[28] + size - 2);
    out[30] = (uint8_t)(out[30] + size - 2);
    return kept + size;
}

static const struct {
    const char *name;
    uint8_t data[16];
    size_t size;
    enum vg_status status;
    double value;
} values[] = {
    {"INTEGER", {0x02, 2, 1, 0x0b}, 4, VG_OK, 267},
    {"a negative INTEGER", {0x02, 1, 0xff}, 3, VG_OK, -1},
    {"Gauge32 of five bytes", {0x42, 5, 0, 0xff, 0xff, 0xff, 0xff}, 7, VG_OK, 4294967295.0},
    {"Gauge32 without its zero", {0x42, 4, 0x80, 0, 0, 0}, 6, VG_OK, 2147483648.0},
    {"Counter64", {0x46, 2, 1, 0}, 4, VG_OK, 256},
    {"a text", {0x04, 5, '1', '2', '0', '.', '5'}, 7, VG_OK, 120.5},
    {"a length in two bytes", {0x02, 0x81, 1, 9}, 4, VG_OK, 9},
    {"a text that is no number", {0x04, 2, 'o', 'n'}, 4, VG_E_INPUT, 0},
    {"null", {0x05, 0}, 2, VG_E_INPUT, 0},
    {"noSuchObject", {0x80, 0}, 2, VG_E_MISSING, 0},
    {"noSuchInstance", {0x81, 0}, 2, VG_E_MISSING, 0},
    {"no digits", {0x02, 0}, 2, VG_E_INPUT, 0},
    {"too many digits", {0x02, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1}, 12, VG_E_INPUT, 0},
    {"longer than there is", {0x02, 9, 1}, 3, VG_E_INPUT, 0},
    {"no definite length", {0x02, 0x80, 1}, 3, VG_E_INPUT, 0},
    {"a length of five bytes", {0x02, 0x85, 0, 0, 0, 0, 1, 1}, 8, VG_E_INPUT, 0},
};

static void a_power_strip_answers(void **state)
{
    (void)state;
    const struct vg_snmp_get get = the_get();
    uint8_t data[128];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double value = 0;
        struct vg_fault fault;
        const size_t size = answer(data, values[i].data, values[i].size);
        const enum vg_status status = vg_snmp_answer_parse(data, size, &get, &value, &fault);
        if (status != values[i].status)
            fail_msg("%s: %d", values[i].name, (int)status);
        if (!status)
            near(values[i].name, value, values[i].value);
        for (size_t cut = 0; cut < size; cut++) /* no prefix of an answer is one */
            if (!vg_snmp_answer_parse(data, cut, &get, &value, &fault))
                fail_msg("%s: %zu bytes of %zu", values[i].name, cut, size);
    }
}

static const struct {
    const char *name;
    size_t at;
    uint8_t byte;
    enum vg_status status;
} changes[] = {
    {"another request", 20, 0x79, VG_E_STATE}, {"another version", 4, 0, VG_E_STATE},
    {"another community", 7, 'P', VG_E_STATE}, {"another OID", 44, 2, VG_E_INPUT},
    {"a question", 13, 0xa0, VG_E_INPUT},      {"an error", 23, 5, VG_E_LACK},
    {"noSuchName", 23, 2, VG_E_MISSING},       {"no sequence", 0, 0x31, VG_E_INPUT},
};

static void answers_to_others_are_not_taken(void **state)
{
    (void)state;
    const struct vg_snmp_get get = the_get();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const uint8_t nine[] = {0x02, 1, 9};
        uint8_t data[128];
        double value;
        struct vg_fault fault;
        const size_t size = answer(data, nine, sizeof nine);
        data[changes[i].at] = changes[i].byte;
        if (vg_snmp_answer_parse(data, size, &get, &value, &fault) != changes[i].status)
            fail_msg("%s", changes[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watts_as_programs_print_them),
        cmocka_unit_test(command_lines_are_split_without_a_shell),
        cmocka_unit_test(a_controller_answers),
        cmocka_unit_test(a_question_is_written),
        cmocka_unit_test(oids),
        cmocka_unit_test(a_power_strip_answers),
        cmocka_unit_test(answers_to_others_are_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
