/* Pages of 2 MB: whole, zeroed, aligned; beside one another; what cannot be given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "src/base/large_pages.h"

static void test_whole_and_zero(void **state)
{
    const size_t sizes[] = {1, 4096, VG_LARGE_PAGE_BYTES, VG_LARGE_PAGE_BYTES + 1,
                            5 * VG_LARGE_PAGE_BYTES - 7};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *memory = vg_large_pages_alloc(sizes[i]);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % VG_LARGE_PAGE_BYTES, 0);
        for (size_t at = 0; at < sizes[i]; at += 1021)
            assert_int_equal(memory[at], 0);
        memset(memory, 0xa5, sizes[i]);
        vg_large_pages_free(memory, sizes[i]);
    }
}

static void test_neighbours_are_apart(void **state)
{
    uint8_t *a = vg_large_pages_alloc(3 * VG_LARGE_PAGE_BYTES);
    uint8_t *b = vg_large_pages_alloc(3 * VG_LARGE_PAGE_BYTES);
    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    memset(a, 1, 3 * VG_LARGE_PAGE_BYTES);
    memset(b, 2, 3 * VG_LARGE_PAGE_BYTES);
    vg_large_pages_free(a, 3 * VG_LARGE_PAGE_BYTES);
    assert_int_equal(b[0], 2);
    assert_int_equal(b[3 * VG_LARGE_PAGE_BYTES - 1], 2);
    vg_large_pages_free(b, 3 * VG_LARGE_PAGE_BYTES);
}

static void test_refused(void **state)
{
    (void)state;
    assert_null(vg_large_pages_alloc(0));
    assert_null(vg_large_pages_alloc(SIZE_MAX));
    assert_null(vg_large_pages_alloc(SIZE_MAX / 2));
    vg_large_pages_free(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole_and_zero),
                                       cmocka_unit_test(test_neighbours_are_apart),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
