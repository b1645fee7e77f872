/* Times that another process reads, and does not after a restart of the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/mono_stamp.h"
#include "src/store/database.h"
#include "tests/store_fixture.h"

static struct vg_boot_mark mark_of(const struct store_fixture *f, const char *boot)
{
    char path[160];
    struct vg_fault fault;
    (void)snprintf(path, sizeof path, "%s/boot_id", f->folder);
    assert_int_equal(vg_file_write(path, boot, strlen(boot), 0600, VG_FILE_PLAIN, &fault), VG_OK);
    return vg_boot_mark_read(path);
}

static void a_time_is_of_its_boot(void **state)
{
    const char id[] = "e5e8bb41-bf10-4cf1-b6a0-12b5331b62b2\n";
    const struct vg_boot_mark here = mark_of(*state, id), same = mark_of(*state, id);
    const struct vg_boot_mark later = mark_of(*state, "e5e8bb41-bf10-4cf1-b6a0-12b5331b62b3\n");
    char text[VG_MONO_STAMP_SIZE];
    vg_mono_stamp((struct vg_mono_time){1234567}, &here, text);
    assert_int_equal(vg_mono_stamp_read(text, &same).us, 1234567);
    assert_int_equal(vg_mono_stamp_read(text, &later).us, 0);
    vg_mono_stamp((struct vg_mono_time){INT64_MAX}, &here, text);
    assert_true(vg_mono_stamp_read(text, &here).us == INT64_MAX);
    assert_null(strstr(text, "e5e8bb41")); /* the kernel's number is not in it */
}

static void what_is_not_known_stays_so(void **state)
{
    const struct vg_boot_mark here = mark_of(*state, "one\n"), none = mark_of(*state, "");
    char text[VG_MONO_STAMP_SIZE];
    assert_string_equal(none.text, "");
    assert_string_equal(vg_boot_mark_read("/nowhere/boot_id").text, "");
    vg_mono_stamp((struct vg_mono_time){0}, &here, text);
    assert_string_equal(text, "");
    vg_mono_stamp((struct vg_mono_time){5}, &none, text);
    assert_string_equal(text, "");
    assert_int_equal(vg_mono_stamp_read("", &none).us, 0);
    assert_int_equal(vg_mono_stamp_read(" 5", &none).us, 0);
}

static void nonsense_is_no_time(void **state)
{
    const struct vg_boot_mark here = mark_of(*state, "one\n");
    static const char *const tails[] = {"",   " ", " x",  " 5x", " -5",
                                        " 0", "5", "\t5", "  ",  " 99999999999999999999x"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s%s", here.text, tails[i]);
        assert_int_equal(vg_mono_stamp_read(text, &here).us, 0);
    }
    assert_int_equal(vg_mono_stamp_read("1234567", &here).us, 0); /* as it was without a mark */
    assert_int_equal(vg_mono_stamp_read("", &here).us, 0);
}

static void this_machine_has_one(void **state)
{
    (void)state;
    const struct vg_boot_mark a = vg_boot_mark_read(VG_BOOT_FILE);
    const struct vg_boot_mark b = vg_boot_mark_read(VG_BOOT_FILE);
    assert_int_equal(strlen(a.text), VG_BOOT_MARK_SIZE - 1);
    assert_string_equal(a.text, b.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_of_its_boot),
        cmocka_unit_test(what_is_not_known_stays_so),
        cmocka_unit_test(nonsense_is_no_time),
        cmocka_unit_test(this_machine_has_one),
    };
    return cmocka_run_group_tests(tests, store_set_up, store_tear_down);
}
