#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "src/base/random.h"
#include "src/base/sha256.h"
#include "src/base/sha256_plain.h"

/* FIPS 180-4's examples (NIST, "Secure Hash Algorithm-2 examples") and the empty message. */
static const struct {
    const char *message, *digest;
} known[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void plain(const void *data, size_t size, size_t piece, uint8_t digest[VG_SHA256_BYTES])
{
    struct vg_sha256_plain state;
    vg_sha256_plain_init(&state);
    for (size_t at = 0; at < size; at += piece)
        vg_sha256_plain_add(&state, (const uint8_t *)data + at,
                            size - at < piece ? size - at : piece);
    vg_sha256_plain_end(&state, digest);
}

static void known_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t digest[VG_SHA256_BYTES];
        char text[VG_SHA256_TEXT];
        const size_t size = strlen(known[i].message);
        vg_sha256(known[i].message, size, digest);
        vg_sha256_text(digest, text);
        assert_string_equal(text, known[i].digest);
        plain(known[i].message, size, 7, digest);
        vg_sha256_text(digest, text);
        assert_string_equal(text, known[i].digest);
    }
}

/* Every length about the block and its padding, in pieces of any size. */
static void both_ways_give_the_same(void **state)
{
    (void)state;
    uint8_t data[300], a[VG_SHA256_BYTES], b[VG_SHA256_BYTES];
    struct vg_random random;
    vg_random_seed(&random, 3);
    for (size_t size = 0; size < sizeof data; size++) {
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)vg_random_below(&random, 256);
        vg_sha256(data, size, a);
        plain(data, size, 1 + (size_t)vg_random_below(&random, 130), b);
        assert_memory_equal(a, b, sizeof a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_messages),
        cmocka_unit_test(both_ways_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
