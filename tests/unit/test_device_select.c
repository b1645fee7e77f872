/* More devices than can be used: which are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "src/engine/device_select.h"

static const struct {
    const char
        *there; /* g: a card, l: a processor that comes last; in the order of the selection */
    uint32_t most, left_out;
    const char *kept; /* which of them */
} rows[] = {
    {"", 2, 0, ""},          {"g", 2, 0, "0"},    {"gl", 2, 0, "01"},  {"ggl", 2, 1, "02"},
    {"ggg", 2, 1, "01"},     {"lgg", 2, 1, "01"}, {"glg", 2, 1, "01"}, {"gggggl", 2, 4, "05"},
    {"gggglg", 3, 3, "014"}, {"ggl", 1, 2, "2"},
};

static void the_last_resort_is_kept(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_device_selection s = {.count = (uint32_t)strlen(rows[r].there)};
        struct vg_device_info devices[VG_DEVICES_MAX] = {{.index = 0}};
        for (uint32_t i = 0; i < s.count; i++) {
            s.index[i] = devices[i].index = i;
            s.last[i] = rows[r].there[i] == 'l';
        }
        assert_int_equal(vg_device_select_keep(&s, devices, rows[r].most), rows[r].left_out);
        assert_int_equal(s.count, strlen(rows[r].kept));
        for (uint32_t i = 0; i < s.count; i++) {
            const uint32_t want = (uint32_t)(rows[r].kept[i] - '0');
            if (s.index[i] != want || devices[i].index != want ||
                s.last[i] != (rows[r].there[want] == 'l'))
                fail_msg("row %zu: %u in place %u", r, s.index[i], i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_resort_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
