#include "src/cli/bench_noise.h"

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"

enum vg_status vg_bench_noise_make(struct vg_bench_noise *noise, uint32_t width, uint32_t height,
                                   uint64_t seed, struct vg_fault *fault)
{
    struct vg_random random;
    const size_t area = (size_t)width * height, bytes = area * 3 / 2;
    noise->pixels = vg_alloc(bytes);
    if (!noise->pixels)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u x %u", width,
                            height);
    vg_random_seed(&random, seed);
    for (size_t i = 0; i < bytes; i++)
        noise->pixels[i] = (uint8_t)(255 * vg_random_unit(&random));
    noise->picture = (struct vg_picture){.luma = noise->pixels,
                                         .chroma = noise->pixels + area,
                                         .width = width,
                                         .height = height,
                                         .luma_stride = width,
                                         .chroma_stride = width};
    return VG_OK;
}

void vg_bench_noise_release(struct vg_bench_noise *noise)
{
    vg_free(noise->pixels);
    *noise = (struct vg_bench_noise){.pixels = NULL};
}
