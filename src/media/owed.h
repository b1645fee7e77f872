/* Which of the pictures that nobody asked for were owed to the flux all the same: who looks at it
 * less often than it should says so by not asking. Pure.
 *
 * Time that goes by is credit, each picture asked for pays a period of it. Up to a period and a
 * half may be open, as whoever asks keeps a grid of his own and pictures come when they come. */
#ifndef VG_MEDIA_OWED_H
#define VG_MEDIA_OWED_H

#include <stdbool.h>
#include <stdint.h>

struct vg_owed {
    int64_t credit_us; /* zeroed: none */
};

enum vg_owed_ask {
    VG_OWED_ASKED,
    VG_OWED_NOT_ASKED
};

/* A picture came, since_us after the one before it (what is over a second does not count: nothing
 * came), at a period as vg_slots_owed_us has it. True: it was not asked for, and should have been. */
bool vg_owed_picture(struct vg_owed *owed, int64_t period_us, int64_t since_us,
                     enum vg_owed_ask ask);

#endif
