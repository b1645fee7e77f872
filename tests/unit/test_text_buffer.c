#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "src/base/random.h"
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

static void decimals_are_those_of_the_number(void **state)
{
    (void)state;
    static const struct {
        double number;
        unsigned decimals;
        const char *text;
    } row[] = {{0, 0, "0"},
               {0, 3, "0.000"},
               {5, 3, "5.000"},
               {0.0625, 3, "0.063"},
               {-1, 1, "-1.0"},
               {-0.04, 1, "0.0"},
               {-0.06, 1, "-0.1"},
               {12.999, 2, "13.00"},
               {0.5, 0, "1"},
               {99.9996, 3, "100.000"},
               {999999999, 6, "999999999.000000"},
               {-999999999.5, 1, "-999999999.5"}};
    char digits[VG_TEXT_DIGITS];
    struct vg_random random;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_string_equal(vg_text_decimal(row[i].number, row[i].decimals, digits), row[i].text);
    vg_random_seed(&random, 5);
    for (int i = 0; i < 100000; i++) {
        const unsigned decimals = vg_random_below(&random, 7);
        const double number =
            (vg_random_unit(&random) - 0.5) * pow(10, vg_random_below(&random, 10));
        const char *text = vg_text_decimal(number, decimals, digits), *point = strchr(text, '.');
        assert_true(fabs(strtod(text, NULL) - number) <=
                    0.5 * pow(10, -(int)decimals) + 1e-15 * fabs(number) + 1e-15);
        assert_int_equal(point ? strlen(point + 1) : 0, decimals);
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
        cmocka_unit_test(decimals_are_those_of_the_number),
        cmocka_unit_test(pieces_are_added_whole_or_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
