/* The allocator, which a thread can seal once it has started: after that its way of a picture
 * must allocate nothing. A sealed allocation is counted, and with VIGIE_SEAL=abort it aborts
 * (the tests run so). Third-party libraries have their own allocator and are not counted.
 *
 * Memory is aligned to 64 bytes and zeroed. Any thread may free. */
#ifndef VG_BASE_ALLOC_H
#define VG_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

/* `size` bytes, zeroed, aligned to 64; NULL when there is no memory. Given; vg_free it. */
void *vg_alloc(size_t size) VG_MUST_USE;

/* count * size bytes, NULL also when the product overflows. */
void *vg_alloc_array(size_t count, size_t size) VG_MUST_USE;

/* A copy of `text`, given. */
char *vg_alloc_text(const char *text) VG_MUST_USE;

/* Takes memory of vg_alloc*; NULL is allowed. */
void vg_free(void *memory);

/* Seals or unseals the calling thread. */
void vg_alloc_seal(void);
void vg_alloc_unseal(void);

/* Gives the memory behind the whole pages among these bytes back to the system: what stands there
 * is lost, and may be written anew. For large blocks that are used up from one end to the other. */
void vg_alloc_forget(void *bytes, size_t size);

/* Allocations made by sealed threads since the process started. */
uint64_t vg_alloc_sealed_count(void);

/* Bytes that the process holds of this allocator now, and held at most since the last reset: what
 * a stated limit is tested by. Any thread. */
uint64_t vg_alloc_held(void);
uint64_t vg_alloc_peak(void);
void vg_alloc_peak_reset(void);

/* For tests: the n-th allocation of the calling thread from now fails (1: the next one);
 * 0 switches this off. */
void vg_alloc_fail_at(uint32_t n);

/* *product = a * b, or VG_E_FULL when it overflows. */
enum vg_status vg_size_mul(size_t a, size_t b, size_t *product) VG_MUST_USE;

#endif
