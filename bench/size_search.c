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
