/* How long each kind of source may say nothing: rows of "so many intervals of so many ms". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/media/silence.h"

#define S     VG_US_PER_S
#define LEAST (5 * S / 2)

struct stretch {
    int times, ms; /* times 0: the end; ms -1: another session */
};

static const struct {
    const char *name;
    struct stretch stretch[6];
    int64_t want_ms;
} rows[] = {
    {"nothing came", {{0}}, 2500},
    {"one packet: nobody knows when the next is due", {{1, 0}}, 5000},
    {"25 a second", {{1, 0}, {100, 40}}, 2500},
    {"the first three of them do", {{1, 0}, {3, 40}}, 2500},
    {"a picture a second", {{1, 0}, {60, 1000}}, 2500},
    {"a key frame every 2 s", {{1, 0}, {30, 2000}}, 4000},
    {"and from the third interval on", {{1, 0}, {3, 2000}}, 4000},
    {"before that", {{1, 0}, {2, 2000}}, 5000},
    {"late by half a second", {{1, 0}, {3, 2500}}, 5000},
    {"every 4 s", {{1, 0}, {10, 4000}}, 8000},
    {"every 6 s", {{1, 0}, {10, 6000}}, 10000},
    {"every minute", {{1, 0}, {10, 60000}}, 2500}, /* in no minute three */
    {"one stall, or two, are no habit", {{1, 0}, {500, 40}, {2, 2400}, {500, 40}}, 2500},
    {"three are", {{1, 0}, {100, 40}, {3, 2400}, {100, 40}}, 4800},
    {"for a minute", {{1, 0}, {100, 40}, {3, 2400}, {1000, 40}}, 4800},
    {"and no longer", {{1, 0}, {100, 40}, {3, 2400}, {1800, 40}}, 2500},
    {"what a burst holds back", {{1, 0}, {3, 2000}, {50, 0}, {1, 2000}, {50, 0}}, 4000},
    {"another session: the habit stays", {{1, 0}, {10, 2000}, {1, -1}}, 4000},
    {"the time between is no interval", {{1, 0}, {100, 40}, {1, -1}, {1, 9000}, {1, 40}}, 2500},
    {"a clock that goes back", {{1, 0}, {5, 40}, {5, -40}, {5, 40}}, 2500},
};

static void allowed(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_silence silence = {0};
        int64_t now = 100 * S;
        vg_silence_begin(&silence);
        for (const struct stretch *s = rows[r].stretch; s->times; s++)
            for (int i = 0; i < s->times; i++) {
                if (s->ms == -1) {
                    vg_silence_begin(&silence);
                    continue;
                }
                now += (int64_t)s->ms * 1000;
                vg_silence_take(&silence, (struct vg_mono_time){now});
            }
        const int64_t got = vg_silence_allowed_us(&silence, LEAST) / 1000;
        if (got != rows[r].want_ms)
            fail_msg("%s: %lld ms, not %lld", rows[r].name, (long long)got,
                     (long long)rows[r].want_ms);
    }
}

/* Whatever is asked for at least is given. */
static void at_least(void **state)
{
    (void)state;
    struct vg_silence silence = {0};
    assert_int_equal(vg_silence_allowed_us(&silence, 30 * S), 30 * S);
    for (int i = 1; i < 20; i++)
        vg_silence_take(&silence, (struct vg_mono_time){i * 3 * S});
    assert_int_equal(vg_silence_allowed_us(&silence, 30 * S), 30 * S);
    assert_int_equal(vg_silence_allowed_us(&silence, S), 6 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(allowed), cmocka_unit_test(at_least)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
