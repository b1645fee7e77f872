/* The table of a flux's figures, and the words that other modules give the same numbers. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/media/decode_ladder.h"
#include "src/media/figure.h"
#include "src/media/source.h"

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && *c != '_')
            return false;
    return name[0] != '\0';
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (int i = 0; i < VG_FIGURE_COUNT; i++) {
        const struct vg_figure_row *row = vg_figure_row((enum vg_figure)i);
        assert_true(row->scale > 0);
        assert_true((row->kind == VG_FIGURE_WORD) == (row->words != NULL));
        assert_true(row->name || !row->metric); /* what is measured is shown */
        assert_true((row->name != NULL) == (i < VG_FIGURE_SHOWN));
        if (row->name)
            assert_true(is_name(row->name));
        if (row->metric)
            assert_true(is_name(row->metric));
        if (row->metric && row->kind == VG_FIGURE_COUNTER) {
            const char *end = row->metric + strlen(row->metric) - strlen("_total");
            assert_string_equal(end, "_total");
        }
        for (int j = 0; row->name && j < i; j++) {
            const char *other = vg_figure_row((enum vg_figure)j)->name;
            assert_true(!other || strcmp(other, row->name) != 0);
        }
    }
}

static void words_are_those_of_their_modules(void **state)
{
    (void)state;
    const struct vg_figure_row *decoder = vg_figure_row(VG_FIGURE_DECODER);
    const struct vg_figure_row *cause = vg_figure_row(VG_FIGURE_FALL_CAUSE);
    assert_int_equal(decoder->words_count, VG_DECODE_STEP_COUNT);
    for (int i = 0; i < VG_DECODE_STEP_COUNT; i++)
        assert_string_equal(vg_figure_word(decoder, i),
                            vg_decode_step_name((enum vg_decode_step)i));
    assert_int_equal(cause->words_count, VG_LADDER_CAUSE_COUNT);
    for (int i = 0; i < VG_LADDER_CAUSE_COUNT; i++)
        assert_string_equal(vg_figure_word(cause, i),
                            vg_ladder_cause_name((enum vg_ladder_cause)i));
    assert_string_equal(vg_figure_word(vg_figure_row(VG_FIGURE_TRANSPORT), VG_TRANSPORT_TCP),
                        "tcp");
    assert_string_equal(vg_figure_word(vg_figure_row(VG_FIGURE_TRANSPORT), VG_TRANSPORT_UDP),
                        "udp");
    assert_string_equal(vg_figure_word(vg_figure_row(VG_FIGURE_TRANSPORT), VG_TRANSPORT_MULTICAST),
                        "multicast");
}

/* What stands in shared memory may be anything. */
static void nonsense_is_unknown(void **state)
{
    (void)state;
    static const int64_t values[] = {-1, INT64_MIN, INT64_MAX, 99};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_string_equal(vg_figure_word(vg_figure_row(VG_FIGURE_DECODER), values[i]), "unknown");
        assert_string_equal(vg_figure_word(vg_figure_row(VG_FIGURE_PACKETS), values[i]), "unknown");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(words_are_those_of_their_modules),
        cmocka_unit_test(nonsense_is_unknown),
    };
    return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}
