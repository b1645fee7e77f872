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

/* Instead, of numbers that somebody else chose, in any order: held is the most below the fewest that
 * was not. */
void vg_size_search_take(struct vg_size_search *search, const uint32_t *flux, const uint32_t *lacks,
                         uint32_t count);

/* Numbers about `most`, from half of it to half as many more, rising, at most `room` (4 at least), and
 * `most` itself one of them unless it is 0; how many. */
uint32_t vg_size_search_about(uint32_t most, uint32_t *to, uint32_t room);

#endif
