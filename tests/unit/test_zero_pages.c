/* Pages of zeros go back to the system; what is read stays the same, and so do the pages around. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <malloc.h>

#include "src/media/zero_pages.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PAGES        ((size_t)64)
#define ROOM         (PAGES + 4) /* the C library may give more than it was asked for */

static const struct {
    const char *name;
    size_t page[4]; /* these have one byte that is not zero; from 1 on, 0: no more */
    int at_end;     /* it is the page's last byte */
} rows[] = {
    {"nothing but zeros", {0}, 0},
    {"the first byte of the first page", {1}, 0},
    {"the last byte of the first page", {1}, 1},
    {"side by side", {20, 21, 22}, 0},
    {"every second", {10, 12, 14, 16}, 1},
    {"both ends", {1, 30, PAGES}, 0},
};

static size_t resident(uint8_t *memory, size_t pages, size_t page)
{
    unsigned char in[ROOM];
    size_t count = 0;
    assert_true(pages <= ROOM);
    assert_int_equal(mincore(memory, pages * page, in), 0);
    for (size_t i = 0; i < pages; i++)
        count += in[i] & 1u;
    return count;
}

static void test_rows(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++) {
        size_t written = 0;
        void *block = NULL;
        (void)printf("%s\n", rows[r].name);
        assert_int_equal(posix_memalign(&block, page, PAGES * page), 0);
        const size_t bytes = malloc_usable_size(block), pages = bytes / page;
        uint8_t *memory = block, *same = calloc(1, bytes);
        assert_non_null(same);
        for (; written < 4 && rows[r].page[written]; written++)
            same[rows[r].page[written] * page - (rows[r].at_end ? 1 : page)] = 0xa5;
        memcpy(memory, same, bytes);
        assert_int_equal(resident(memory, pages, page), pages);
        assert_int_equal(vg_zero_pages_give_back(memory), (pages - written) * page);
        assert_int_equal(resident(memory, pages, page), written);
        assert_memory_equal(memory, same, bytes);
        memset(memory, 0x5a, bytes); /* it is all there again */
        assert_int_equal(vg_zero_pages_give_back(memory), 0);
        assert_int_equal(memory[bytes - 1], 0x5a);
        free(same);
        free(block);
    }
}

static void test_no_whole_page(void **state)
{
    (void)state;
    assert_int_equal(vg_zero_pages_give_back(NULL), 0);
    for (size_t bytes = 1; bytes < 4096; bytes = bytes * 3 + 1) {
        uint8_t *memory = calloc(1, bytes);
        assert_non_null(memory);
        assert_int_equal(vg_zero_pages_give_back(memory), 0);
        assert_int_equal(memory[bytes - 1], 0);
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_no_whole_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
