/* The step of a shaken camera, out of rows of people: each row says where they were expected and
 * how each of them stepped. Boxes are 30 wide and 80 high. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "src/track/shake.h"

#define PEOPLE 5

static struct vg_box person(double x, double y)
{
    return (struct vg_box){(float)x, (float)y, 30, 80};
}

static const struct {
    const char *name;
    uint32_t people;
    double step[PEOPLE][2]; /* of each */
    double want[2];
} rows[] = {
    {"all stand", 5, {{0, 0}}, {0, 0}},
    {"all step together", 5, {{30, 20}, {30, 20}, {30, 20}, {30, 20}, {30, 20}}, {30, 20}},
    {"three of five do", 5, {{-40, 10}, {-40, 10}, {-40, 10}, {9, 30}, {40, 40}}, {-40, 10}},
    {"one runs", 5, {{40, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}, {0, 0}},
    {"two run, two stand", 4, {{40, 0}, {40, 0}, {0, 0}, {0, 0}}, {0, 0}},
    {"each his own way", 5, {{40, 0}, {-40, 0}, {0, 40}, {0, -40}, {30, 30}}, {0, 0}},
    {"two are too few", 2, {{40, 0}, {40, 0}}, {0, 0}},
    {"farther than they are high", 3, {{90, 0}, {90, 0}, {90, 0}}, {0, 0}},
    {"nearly together", 3, {{40, 3}, {43, 0}, {40, -3}}, {41, 0}},
    {"nobody", 0, {{0, 0}}, {0, 0}},
};

static void steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_box expected[PEOPLE], seen[PEOPLE];
        for (uint32_t k = 0; k < rows[i].people; k++) {
            expected[k] = person(200 * k, 37 * (k * k % 5));
            seen[rows[i].people - 1 - k] = person((double)expected[k].left + rows[i].step[k][0],
                                                  (double)expected[k].top + rows[i].step[k][1]);
        }
        const struct vg_point got = vg_shake_step(expected, rows[i].people, seen, rows[i].people);
        if (fabs((double)got.x - rows[i].want[0]) > 0.1 ||
            fabs((double)got.y - rows[i].want[1]) > 0.1)
            fail_msg("%s: %g %g", rows[i].name, (double)got.x, (double)got.y);
    }
}

static void more_than_it_looks_at(void **state)
{
    (void)state;
    static struct vg_box expected[1000], seen[1000];
    for (int i = 0; i < 1000; i++) {
        expected[i] = person(200.0 * i, 0);
        seen[i] = person(200.0 * i + 25, 0);
    }
    const struct vg_point got = vg_shake_step(expected, 1000, seen, 1000);
    assert_float_equal(got.x, 25, 0.1);
    assert_float_equal(got.y, 0, 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),
        cmocka_unit_test(more_than_it_looks_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
