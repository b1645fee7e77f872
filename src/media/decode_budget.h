/* Who may decode in software, and how much: a budget of cores, shared by priority.
 *
 * First each flux gets its key frames, in order of priority, then full decoding in the same order,
 * as long as the budget lasts. What a flux has it keeps while the whole fits; to get more, it must
 * fit with a margin and have been left in peace for a while, so that measures which waver do not
 * make it flap. A flux takes what one of lower priority has without that while, and none of lower
 * priority keeps what one that costs no more was refused.
 * Pure: no clock, no allocation. */
#ifndef VG_MEDIA_DECODE_BUDGET_H
#define VG_MEDIA_DECODE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/media/decode_steps.h"

struct vg_decode_budget {
    int64_t us_per_s;    /* processor time for software decoding: 1 000 000 a core */
    double margin_frac;  /* of it, free after a step up */
    int64_t patience_us; /* without a change before a step up */
};
/* `cores` of them, a margin of a tenth, 20 s. */
struct vg_decode_budget vg_decode_budget_of(double cores);

/* One flux that decodes in software, or would if its hardware failed: only the first kind is to
 * be given here. */
struct vg_decode_ask {
    uint32_t priority; /* 0 first, 9 last */
    /* measured, or guessed; µs of processor time a second; full_us >= keys_us >= 0 */
    int64_t full_us, keys_us;
    enum vg_decode_step has;     /* VG_DECODE_FULL, _KEYS or _NONE: now */
    struct vg_mono_time changed; /* when it last changed */
};

/* given[i]: the step for asks[i]; what hardware steps `has` holds counts as none. Of equal
 * priority, the one that has more comes first, then the first in order. Time grows with the
 * square of `count`: some hundreds. */
void vg_decode_budget_share(const struct vg_decode_budget *budget, const struct vg_decode_ask *asks,
                            size_t count, struct vg_mono_time now, enum vg_decode_step *given);

/* µs a second for full decoding by one thread when nothing is measured yet: 4.2 ns a pixel (facts:
 * 1.68 ms a picture of 704 x 576, 5.3 ms of 1920 x 1080), a quarter more for caution. Rates and
 * sizes of 0 are taken for 704 x 576 and 25 a second. */
int64_t vg_decode_budget_guess_us(uint32_t width, uint32_t height, uint32_t fps_milli);

#endif
