#include "src/media/pixels.h"

static uint32_t stride_of(uint32_t width)
{
    return (width + 63) / 64 * 64;
}

size_t vg_pixels_bytes(uint32_t width, uint32_t height)
{
    return (size_t)stride_of(width) * (height + height / 2);
}

struct vg_pixels vg_pixels_over(uint8_t *memory, uint32_t width, uint32_t height)
{
    const uint32_t stride = stride_of(width);
    return (struct vg_pixels){.luma = memory,
                              .chroma = memory + (size_t)stride * height,
                              .luma_stride = stride,
                              .chroma_stride = stride,
                              .width = width,
                              .height = height};
}

static uint32_t even(uint64_t size)
{
    return size < 2 ? 2 : (uint32_t)(size / 2 * 2);
}

void vg_pixels_fit(uint32_t width, uint32_t height, uint32_t width_max, uint32_t height_max,
                   uint32_t *fit_width, uint32_t *fit_height)
{
    uint64_t w = width, h = height;
    if (w > width_max) {
        h = (h * width_max + w / 2) / w;
        w = width_max;
    }
    if (h > height_max) {
        w = (w * height_max + h / 2) / h;
        h = height_max;
    }
    *fit_width = even(w);
    *fit_height = even(h);
}
