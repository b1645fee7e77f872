/* Numbers at will: a seeded generator for jitter, simulation and property tests (PCG32,
 * M. O'Neill 2014), and the system's source for secrets. */
#ifndef VG_BASE_RANDOM_H
#define VG_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct vg_random {
    uint64_t state;
};

void vg_random_seed(struct vg_random *random, uint64_t seed);
uint32_t vg_random_u32(struct vg_random *random);
/* 0 to bound - 1, without bias; bound > 0. */
uint32_t vg_random_below(struct vg_random *random, uint32_t bound);
/* 0 to 1, 1 excluded. */
double vg_random_unit(struct vg_random *random);

/* From the system, for secrets and ids; aborts if the system has none. */
void vg_random_bytes(void *data, size_t size);

#endif
