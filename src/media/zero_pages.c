#include "src/media/zero_pages.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Each byte is that before it, and the first is zero. */
static bool all_zero(const uint8_t *at, size_t size)
{
    return at[0] == 0 && memcmp(at, at + 1, size - 1) == 0;
}

static size_t zeros_from(const uint8_t *at, size_t left, size_t page)
{
    size_t zeros = 0;
    while (zeros < left && all_zero(at + zeros, page))
        zeros += page;
    return zeros;
}

/* The C library's memory is private and has no file behind it: a page given back reads as zeros. */
size_t vg_zero_pages_give_back(void *allocation)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t before = (page - (uintptr_t)allocation % page) % page;
    const size_t usable = malloc_usable_size(allocation);
    size_t given = 0;
    if (usable < before)
        return 0;
    uint8_t *const first = (uint8_t *)allocation + before;
    const size_t whole = (usable - before) / page * page;
    for (size_t at = 0; at < whole; at += page) {
        const size_t zeros = zeros_from(first + at, whole - at, page);
        if (zeros && madvise(first + at, zeros, MADV_DONTNEED) == 0)
            given += zeros;
        at += zeros; /* the page behind them is not one, or is the end */
    }
    return given;
}
