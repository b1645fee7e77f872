#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "models/class.h"

/* The contract's list, in its order. */
static const char *const names[] = {
    "person",    "bicycle", "motorcycle", "car",     "bus",      "truck",
    "train",     "boat",    "backpack",   "handbag", "suitcase", "animal",
    "furniture", "knife",   "weapon",     "fire",    "smoke",    "other",
};

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(sizeof names / sizeof *names, VG_CLASS_COUNT);
    for (int i = 0; i < VG_CLASS_COUNT; i++) {
        assert_string_equal(vg_class_name((enum vg_class)i), names[i]);
        assert_int_equal(vg_class_parse(names[i]), i);
        assert_true(strlen(vg_class_label((enum vg_class)i)) > 0);
    }
    assert_string_equal(vg_class_name(VG_CLASS_NONE), "");
    assert_string_equal(vg_class_name(VG_CLASS_COUNT), "");
    assert_string_equal(vg_class_label(VG_CLASS_NONE), "");
}

static void test_unknown(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "Person", "person ", "face", "motorbike", "none"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vg_class_parse(rows[i]), VG_CLASS_NONE);
}

static void test_default_set(void **state)
{
    (void)state;
    for (int i = 0; i < VG_CLASS_COUNT; i++)
        assert_int_equal((VG_CLASS_SET_MOVING >> i) & 1, i <= VG_CLASS_BOAT);
}

static void test_forbidden(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int forbidden;
    } rows[] = {
        {"face", 1},
        {"Human Face", 1},
        {"head-face", 1},
        {"license plate", 1},
        {"licence_plate2", 1},
        {"numberplate", 1},
        {"iris", 1},
        {"gender", 1},
        {"person", 0},
        {"surface", 0},
        {"facet", 0},
        {"template", 0},
        {"", 0},
        {"fire hydrant", 0},
        {"parking meter", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (vg_class_forbidden(rows[i].word) != (rows[i].forbidden != 0))
            fail_msg("\"%s\"", rows[i].word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_default_set),
        cmocka_unit_test(test_forbidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
