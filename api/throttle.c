#include "api/throttle.h"

#include <string.h>

#include "src/base/sha256.h"

static const struct {
    uint32_t free;
    int64_t most_us;
} patience[] = {
    [VG_THROTTLE_NAME] = {5, 60 * VG_US_PER_S},
    [VG_THROTTLE_ADDRESS] = {20, 300 * VG_US_PER_S},
};

static const int64_t forget_us = 3600 * VG_US_PER_S;

static void hash_key(enum vg_throttle_kind kind, const char *text, uint8_t hash[16])
{
    char whole[256] = {kind == VG_THROTTLE_NAME ? 'n' : 'a'};
    uint8_t digest[VG_SHA256_BYTES];
    const size_t size = strlen(text) < sizeof whole - 1 ? strlen(text) : sizeof whole - 1;
    memcpy(whole + 1, text, size);
    vg_sha256(whole, size + 1, digest);
    memcpy(hash, digest, 16);
}

/* Its index, or count. */
static size_t find(const struct vg_throttle *throttle, const uint8_t hash[16])
{
    size_t i = 0;
    while (i < throttle->count && memcmp(throttle->key[i].hash, hash, 16) != 0)
        i++;
    return i;
}

int64_t vg_throttle_wait_us(const struct vg_throttle *throttle, enum vg_throttle_kind kind,
                            const char *text, struct vg_mono_time now)
{
    uint8_t hash[16];
    hash_key(kind, text, hash);
    const size_t i = find(throttle, hash);
    if (i == throttle->count || throttle->key[i].until.us <= now.us)
        return 0;
    return throttle->key[i].until.us - now.us;
}

static struct vg_throttle_key *place_for(struct vg_throttle *throttle, const uint8_t hash[16])
{
    size_t i = find(throttle, hash);
    if (i < throttle->count)
        return &throttle->key[i];
    if (throttle->count < VG_THROTTLE_KEYS) {
        i = throttle->count++;
    } else {
        i = 0;
        for (size_t k = 1; k < throttle->count; k++)
            if (throttle->key[k].last.us < throttle->key[i].last.us)
                i = k;
    }
    throttle->key[i] = (struct vg_throttle_key){0};
    memcpy(throttle->key[i].hash, hash, 16);
    return &throttle->key[i];
}

void vg_throttle_failed(struct vg_throttle *throttle, enum vg_throttle_kind kind, const char *text,
                        struct vg_mono_time now)
{
    uint8_t hash[16];
    hash_key(kind, text, hash);
    struct vg_throttle_key *key = place_for(throttle, hash);
    if (key->failures > 0 && now.us - key->last.us > forget_us)
        key->failures = 0;
    key->failures++;
    key->last = now;
    if (key->failures < patience[kind].free)
        return;
    const uint32_t over = key->failures - patience[kind].free;
    int64_t wait = over < 20 ? VG_US_PER_S << over : patience[kind].most_us;
    if (wait > patience[kind].most_us)
        wait = patience[kind].most_us;
    key->until.us = now.us + wait;
}

void vg_throttle_passed(struct vg_throttle *throttle, const char *name)
{
    uint8_t hash[16];
    hash_key(VG_THROTTLE_NAME, name, hash);
    const size_t i = find(throttle, hash);
    if (i < throttle->count)
        throttle->key[i] = throttle->key[--throttle->count];
}
