#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/text_buffer.h"

static void digits_are_those_of_the_number(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        const char *text;
    } row[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {1007, "1007"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char digits[VG_TEXT_DIGITS];
        assert_string_equal(vg_text_digits(row[i].number, digits), row[i].text);
    }
}

static void pieces_are_added_whole_or_left_out(void **state)
{
    (void)state;
    static const char *const pieces[] = {"ab", "", "cd", "e"};
    for (size_t room = 1; room <= 16; room++) {
        char text[17];
        struct vg_text_buffer out;
        memset(text, '#', sizeof text);
        vg_text_buffer_init(&out, text, room);
        vg_text_add_pieces(&out, pieces, 4);
        vg_text_add_pieces(&out, pieces, 4);
        vg_text_add_pieces(&out, pieces, 4);
        const size_t fit = (room - 1) / 5;
        assert_int_equal(out.size, 5 * fit);
        assert_int_equal(out.left_out, 3 - fit);
        assert_int_equal(strlen(text), out.size);
        assert_memory_equal(text, "abcdeabcdeabcde", out.size);
        assert_int_equal(text[room], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_those_of_the_number),
        cmocka_unit_test(pieces_are_added_whole_or_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
