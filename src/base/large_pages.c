#include "src/base/large_pages.h"

#include <stdint.h>
#include <sys/mman.h>

static size_t whole(size_t bytes)
{
    return (bytes + VG_LARGE_PAGE_BYTES - 1) / VG_LARGE_PAGE_BYTES * VG_LARGE_PAGE_BYTES;
}

void *vg_large_pages_alloc(size_t bytes)
{
    if (!bytes || bytes > SIZE_MAX - 2 * VG_LARGE_PAGE_BYTES)
        return NULL;
    /* one page more than wanted; what lies beside the aligned part goes back */
    const size_t kept = whole(bytes), all = kept + VG_LARGE_PAGE_BYTES;
    uint8_t *memory = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    const size_t past = (uintptr_t)memory % VG_LARGE_PAGE_BYTES;
    const size_t before = past ? VG_LARGE_PAGE_BYTES - past : 0;
    if (before)
        (void)munmap(memory, before);
    (void)munmap(memory + before + kept, VG_LARGE_PAGE_BYTES - before);
    (void)madvise(memory + before, kept, MADV_HUGEPAGE); /* else in small ones: slower, no error */
    return memory + before;
}

void vg_large_pages_free(void *memory, size_t bytes)
{
    if (memory)
        (void)munmap(memory, whole(bytes));
}
