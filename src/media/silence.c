#include "src/media/silence.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PARTS   (sizeof((struct vg_silence *)0)->part / sizeof((struct vg_silence *)0)->part[0])
#define PART_US (10 * VG_US_PER_S)

void vg_silence_begin(struct vg_silence *silence)
{
    silence->last_us = 0;
}

static void insert(int64_t longest[VG_SILENCE_USUAL], int64_t interval_us)
{
    for (size_t i = 0; i < VG_SILENCE_USUAL; i++) {
        if (interval_us <= longest[i])
            continue;
        const int64_t less = longest[i];
        longest[i] = interval_us;
        interval_us = less;
    }
}

/* Parts that are over a minute ago are forgotten. */
static void turn(struct vg_silence *silence, int64_t now_us)
{
    if (silence->part_us == 0 || now_us - silence->part_us >= (int64_t)PARTS * PART_US) {
        memset(silence->part, 0, sizeof silence->part);
        silence->part_us = now_us;
    }
    while (now_us - silence->part_us >= PART_US) {
        silence->part_us += PART_US;
        silence->at = (silence->at + 1) % PARTS;
        memset(&silence->part[silence->at], 0, sizeof silence->part[0]);
    }
}

void vg_silence_take(struct vg_silence *silence, struct vg_mono_time arrival)
{
    const int64_t interval_us = arrival.us - silence->last_us;
    const bool first = silence->last_us == 0;
    if (!first && interval_us < 0)
        return;
    silence->last_us = arrival.us;
    if (first)
        return;
    turn(silence, arrival.us);
    insert(silence->part[silence->at].longest, interval_us);
    silence->known += silence->known < VG_SILENCE_USUAL;
}

int64_t vg_silence_allowed_us(const struct vg_silence *silence, int64_t least_us)
{
    int64_t longest[VG_SILENCE_USUAL] = {0};
    for (size_t i = 0; i < PARTS; i++)
        for (size_t k = 0; k < VG_SILENCE_USUAL; k++)
            insert(longest, silence->part[i].longest[k]);
    const int64_t usual_us = longest[VG_SILENCE_USUAL - 1];
    const bool unknown = silence->known < VG_SILENCE_USUAL && silence->last_us != 0;
    int64_t allowed_us = usual_us < VG_SILENCE_MOST_US ? 2 * usual_us : VG_SILENCE_MOST_US;
    if (unknown && allowed_us < 2 * least_us)
        allowed_us = 2 * least_us;
    if (allowed_us > VG_SILENCE_MOST_US)
        allowed_us = VG_SILENCE_MOST_US;
    return allowed_us > least_us ? allowed_us : least_us;
}
