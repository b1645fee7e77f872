#include "bench/size_search.h"

uint32_t vg_size_search_next(const struct vg_size_search *search)
{
    if (search->failed == 0) {
        if (search->held == 0)
            return 1;
        if (search->held >= search->most)
            return 0;
        return search->held > search->most / 2 ? search->most : 2 * search->held;
    }
    const uint32_t gap = search->failed - search->held;
    const uint32_t near = search->end == VG_SIZE_NEAR ? search->held / 10 : 0;
    return gap <= 1 || gap <= near ? 0 : search->held + gap / 2;
}

void vg_size_search_tell(struct vg_size_search *search, uint32_t flux, uint32_t lacks)
{
    if (lacks == 0 && flux > search->held)
        search->held = flux;
    if (lacks != 0 && (search->failed == 0 || flux < search->failed))
        search->failed = flux;
}

void vg_size_search_take(struct vg_size_search *search, const uint32_t *flux, const uint32_t *lacks,
                         uint32_t count)
{
    search->held = search->failed = 0;
    for (uint32_t i = 0; i < count; i++)
        if (lacks[i] != 0)
            vg_size_search_tell(search, flux[i], lacks[i]);
    for (uint32_t i = 0; i < count; i++)
        if (lacks[i] == 0 && (search->failed == 0 || flux[i] < search->failed))
            vg_size_search_tell(search, flux[i], lacks[i]);
}

uint32_t vg_size_search_about(uint32_t most, uint32_t *to, uint32_t room)
{
    const uint32_t first = most / 2 + 1, last = most + most / 2 + 2;
    const uint32_t step = (last - first) / (room - 1) + 1; /* a place is left for `most` */
    uint32_t count = 0;
    for (uint32_t n = first; n <= last && count < room;) {
        to[count++] = n;
        n = n < most && n + step > most ? most : n + step;
    }
    return count;
}
