#include "src/base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void vg_random_seed(struct vg_random *random, uint64_t seed)
{
    random->state = 0;
    (void)vg_random_u32(random);
    random->state += seed;
    (void)vg_random_u32(random);
}

uint32_t vg_random_u32(struct vg_random *random)
{
    const uint64_t old = random->state;
    random->state = old * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27);
    const uint32_t turn = (uint32_t)(old >> 59);
    return (shifted >> turn) | (shifted << ((32 - turn) & 31));
}

uint32_t vg_random_below(struct vg_random *random, uint32_t bound)
{
    const uint32_t least = (uint32_t)-bound % bound; /* below it the remainder is biased */
    for (;;) {
        const uint32_t value = vg_random_u32(random);
        if (value >= least)
            return value % bound;
    }
}

double vg_random_unit(struct vg_random *random)
{
    const uint32_t value = vg_random_u32(random);
    return (double)value / 4294967296.0;
}

void vg_random_bytes(void *data, size_t size)
{
    unsigned char *p = data;
    while (size > 0) {
        const ssize_t n = getrandom(p, size, 0);
        if (n < 0 && errno != EINTR)
            abort(); /* a secret that is not random would be worse */
        if (n > 0) {
            p += n;
            size -= (size_t)n;
        }
    }
}
