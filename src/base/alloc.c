#include "src/base/alloc.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator's own state is the one exception to "no mutable static": a seal is a property
 * of the thread, and a counter of the process. */
static _Thread_local bool sealed;
static _Thread_local uint32_t fail_in;
static atomic_uint_fast64_t sealed_count;
static atomic_uint_fast64_t held, peak;

enum {
    ALIGNMENT = 64
};

static void note_sealed(size_t size)
{
    atomic_fetch_add_explicit(&sealed_count, 1, memory_order_relaxed);
    const char *mode = getenv("VIGIE_SEAL");
    if (mode && strcmp(mode, "abort") == 0) {
        (void)fprintf(stderr, "vigie: a sealed thread allocates %zu bytes\n", size);
        abort();
    }
}

static void note_held(size_t size)
{
    const uint64_t now = atomic_fetch_add_explicit(&held, size, memory_order_relaxed) + size;
    uint64_t most = atomic_load_explicit(&peak, memory_order_relaxed);
    while (now > most && !atomic_compare_exchange_weak_explicit(
                             &peak, &most, now, memory_order_relaxed, memory_order_relaxed))
        ;
}

void *vg_alloc(size_t size)
{
    if (sealed)
        note_sealed(size);
    if (fail_in && --fail_in == 0)
        return NULL;
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    const size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
    if (!memory)
        return NULL;
    memset(memory, 0, rounded ? rounded : ALIGNMENT);
    note_held(malloc_usable_size(memory));
    return memory;
}

void *vg_alloc_array(size_t count, size_t size)
{
    size_t bytes;
    return vg_size_mul(count, size, &bytes) ? NULL : vg_alloc(bytes);
}

char *vg_alloc_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = vg_alloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void vg_free(void *memory)
{
    if (memory)
        atomic_fetch_sub_explicit(&held, malloc_usable_size(memory), memory_order_relaxed);
    free(memory);
}

void vg_alloc_forget(void *bytes, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = ((uintptr_t)bytes + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)bytes + size) / page * page;
    if (end > first)
        (void)madvise((uint8_t *)bytes + (first - (uintptr_t)bytes), end - first, MADV_DONTNEED);
}

void vg_alloc_seal(void)
{
    sealed = true;
}

void vg_alloc_unseal(void)
{
    sealed = false;
}

uint64_t vg_alloc_sealed_count(void)
{
    return atomic_load_explicit(&sealed_count, memory_order_relaxed);
}

uint64_t vg_alloc_held(void)
{
    return atomic_load_explicit(&held, memory_order_relaxed);
}

uint64_t vg_alloc_peak(void)
{
    return atomic_load_explicit(&peak, memory_order_relaxed);
}

void vg_alloc_peak_reset(void)
{
    atomic_store_explicit(&peak, vg_alloc_held(), memory_order_relaxed);
}

void vg_alloc_fail_at(uint32_t n)
{
    fail_in = n;
}

enum vg_status vg_size_mul(size_t a, size_t b, size_t *product)
{
    if (b && a > SIZE_MAX / b)
        return VG_E_FULL;
    *product = a * b;
    return VG_OK;
}
