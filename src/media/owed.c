#include "src/media/owed.h"

#include "src/base/clock.h"

/* Beyond any sum of periods and steps that could wrap. */
#define PERIOD_US_MAX (3600 * VG_US_PER_S)

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

bool vg_owed_picture(struct vg_owed *owed, int64_t period_us, int64_t since_us,
                     enum vg_owed_ask ask)
{
    if (period_us > PERIOD_US_MAX || period_us < 0) {
        owed->credit_us = 0;
        return false;
    }
    const int64_t most_us = 2 * period_us + period_us / 2;
    owed->credit_us =
        within(owed->credit_us + within(since_us, 0, VG_US_PER_S), -period_us, most_us);
    const bool missed = ask == VG_OWED_NOT_ASKED && 2 * owed->credit_us >= 3 * period_us;
    if (missed || ask == VG_OWED_ASKED)
        owed->credit_us = within(owed->credit_us - period_us, -period_us, most_us);
    return missed;
}
