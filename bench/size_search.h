/* The largest number of flux that is held: doubling, then bisection. Pure: who measures asks for
 * the next number and tells what came of it. That what is not held by N is not held by more is
 * taken for granted. */
#ifndef VG_BENCH_SIZE_SEARCH_H
#define VG_BENCH_SIZE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

enum vg_size_search_end {
    VG_SIZE_EXACT, /* until N is held and N + 1 is not */
    VG_SIZE_NEAR   /* until they are a tenth apart, or one */
};

struct vg_size_search {
    uint32_t most; /* never more than that is asked for; at least 1 */
    enum vg_size_search_end end;
    uint32_t held;   /* the most that was; 0: none yet */
    uint32_t failed; /* the fewest that was not; 0: none yet */
};

/* 0: it is over. */
uint32_t vg_size_search_next(const struct vg_size_search *search);

void vg_size_search_tell(struct vg_size_search *search, uint32_t flux, uint32_t lacks);

#endif
