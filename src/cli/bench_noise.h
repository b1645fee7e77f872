/* Pictures of noise for the benches: by a seed, the same on every machine. */
#ifndef VG_CLI_BENCH_NOISE_H
#define VG_CLI_BENCH_NOISE_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/picture.h"

struct vg_bench_noise {
    uint8_t *pixels; /* owned */
    struct vg_picture picture;
};

/* Even sizes. VG_E_MEMORY. */
enum vg_status vg_bench_noise_make(struct vg_bench_noise *noise, uint32_t width, uint32_t height,
                                   uint64_t seed, struct vg_fault *fault) VG_MUST_USE;
/* All zero is allowed. */
void vg_bench_noise_release(struct vg_bench_noise *noise);

#endif
