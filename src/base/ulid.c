#include "src/base/ulid.h"

#include "src/base/clock.h"
#include "src/base/random.h"

void vg_ulid_format(uint64_t time_ms, const uint8_t random[10], char text[VG_ULID_TEXT])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (int i = 9; i >= 0; i--, time_ms >>= 5)
        text[i] = letters[time_ms & 31];
    for (int half = 0; half < 2; half++) { /* 5 bytes are 8 letters */
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 8 | random[half * 5 + i];
        for (int i = 7; i >= 0; i--, bits >>= 5)
            text[10 + half * 8 + i] = letters[bits & 31];
    }
    text[VG_ULID_TEXT - 1] = '\0';
}

void vg_ulid_make(struct vg_ulid_source *source, char text[VG_ULID_TEXT])
{
    const uint64_t now_ms = (uint64_t)(vg_wall_now().us / 1000);
    if (now_ms > source->time_ms) {
        source->time_ms = now_ms;
        vg_random_bytes(source->random, sizeof source->random);
        source->random[0] &= 0x7f; /* room to count up */
    } else {                       /* the same millisecond, or the clock was set back: count up */
        for (int i = 9; i >= 0 && ++source->random[i] == 0; i--) {
        }
    }
    vg_ulid_format(source->time_ms, source->random, text);
}
