/* NaN and infinity in activations: found, counted, named by the first step that made one. The
 * steps are invented: what reads an engine is one line. No device is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/engine/numbers.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void values_are_scanned(void **state)
{
    (void)state;
    static const struct {
        float values[4];
        size_t count, first;
    } rows[] = {
        {{0, -1, 3e38f, 1e-45f}, 0, 0}, {{NAN, 0, 0, 0}, 1, 0},       {{0, 0, 0, INFINITY}, 1, 3},
        {{0, -INFINITY, NAN, 0}, 2, 1}, {{NAN, NAN, NAN, NAN}, 4, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct vg_numbers found = vg_numbers_scan(rows[i].values, 4);
        assert_int_equal(found.count, rows[i].count);
        assert_int_equal(found.first, rows[i].first);
    }
    assert_int_equal(vg_numbers_scan(NULL, 0).count, 0);
}

/* Tensor t holds zeros, but for what is bad in the one and the next. */
struct net {
    struct vg_numbers_source source;
    uint32_t bad; /* tensor */
    size_t at, values[3];
    float value;
    uint32_t reads, fail_at;
};

static enum vg_status net_read(struct vg_numbers_source *source, uint32_t tensor, float *values,
                               struct vg_fault *fault)
{
    struct net *net = (struct net *)(void *)source;
    if (++net->reads == net->fail_at)
        return vg_fault_set(fault, VG_E_DEVICE, "lost", NULL, "x");
    memset(values, 0, net->values[tensor] * sizeof *values);
    if (tensor >= net->bad)
        values[net->at] = net->value;
    return VG_OK;
}

static void the_first_step_is_named(void **state)
{
    (void)state;
    static const struct vg_numbers_step steps[] = {
        {0, 3, 2, 4, "input"}, {1, 5, 3, 2, "step 0, conv"}, {2, 1, 7, 11, "step 1, act"}};
    static const struct {
        uint32_t bad, fail_at, reads;
        size_t at;
        float value;
        enum vg_status status;
        const char *place;
    } rows[] = {
        {3, 0, 3, 0, NAN, VG_OK, ""},
        {0, 0, 1, 23, NAN, VG_E_INPUT,
         "input, tensor 0: 1 of 24, first at channel 2, row 1, column 3"},
        {1, 0, 2, 13, INFINITY, VG_E_INPUT,
         "step 0, conv, tensor 1: 1 of 30, first at channel 2, row 0, column 1"},
        {2, 0, 3, 76, -INFINITY, VG_E_INPUT,
         "step 1, act, tensor 2: 1 of 77, first at channel 0, row 6, column 10"},
        {2, 2, 2, 0, NAN, VG_E_DEVICE, "x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct net net = {.source = {net_read},
                          .bad = rows[i].bad,
                          .at = rows[i].at,
                          .values = {24, 30, 77},
                          .value = rows[i].value,
                          .fail_at = rows[i].fail_at};
        struct vg_fault fault = {.status = VG_OK};
        assert_int_equal(vg_numbers_check(&net.source, steps, COUNT(steps), &fault),
                         rows[i].status);
        assert_string_equal(fault.place, rows[i].place);
        assert_int_equal(net.reads, rows[i].reads);
    }
}

static void memory_may_fail(void **state)
{
    (void)state;
    const struct vg_numbers_step huge = {0, UINT32_MAX, UINT32_MAX, UINT32_MAX, "huge"};
    const struct vg_numbers_step small = {0, 1, 1, 1, "small"};
    struct net net = {.source = {net_read}};
    assert_int_equal(vg_numbers_check(&net.source, &huge, 1, NULL), VG_E_MEMORY);
    vg_alloc_fail_at(1);
    assert_int_equal(vg_numbers_check(&net.source, &small, 1, NULL), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_int_equal(net.reads, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_scanned),
        cmocka_unit_test(the_first_step_is_named),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
