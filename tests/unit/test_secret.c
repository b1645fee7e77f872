/* Sealing: what was sealed comes back, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/store/secret.h"

struct fixture {
    char folder[64];
    struct vg_secret *secret;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/vigie-secret-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(vg_secret_make(f->folder, NULL), VG_OK);
    assert_int_equal(vg_secret_open(&f->secret, f->folder, NULL), VG_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char path[128];
    vg_secret_close(&f->secret);
    (void)snprintf(path, sizeof path, "%s/%s", f->folder, VG_SECRET_FILE);
    (void)unlink(path);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static void test_round_trip(void **state)
{
    const struct fixture *f = *state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 255, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t plain[4096], box[4096 + VG_SECRET_OVERHEAD], back[4096];
        size_t used = 0, got = 0;
        memset(plain, (int)(i + 1), sizeof plain);
        assert_int_equal(
            vg_secret_seal(f->secret, "cam-1", plain, sizes[i], box, sizeof box, &used), VG_OK);
        assert_int_equal(used, sizes[i] + VG_SECRET_OVERHEAD);
        assert_int_equal(vg_secret_unseal(f->secret, "cam-1", box, used, back, sizeof back, &got),
                         VG_OK);
        assert_int_equal(got, sizes[i]);
        assert_memory_equal(back, plain, sizes[i]);
    }
}

static void test_every_bit_counts(void **state)
{
    const struct fixture *f = *state;
    uint8_t box[64], back[64];
    size_t used = 0, got = 0;
    assert_int_equal(
        vg_secret_seal(f->secret, "cam-1", (const uint8_t *)"pass", 4, box, sizeof box, &used),
        VG_OK);
    for (size_t bit = 0; bit < used * 8; bit++) {
        box[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(vg_secret_unseal(f->secret, "cam-1", box, used, back, sizeof back, &got),
                         VG_E_INTEGRITY);
        box[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t n = 0; n < used; n++)
        assert_int_equal(vg_secret_unseal(f->secret, "cam-1", box, n, back, sizeof back, &got),
                         VG_E_INTEGRITY);
    assert_int_equal(vg_secret_unseal(f->secret, "cam-2", box, used, back, sizeof back, &got),
                     VG_E_INTEGRITY); /* another flux's row */
    assert_int_equal(vg_secret_unseal(f->secret, "cam-1", box, used, back, 3, &got), VG_E_FULL);
    assert_int_equal(vg_secret_seal(f->secret, "cam-1", (const uint8_t *)"pass", 4, box, 32, &used),
                     VG_E_FULL);
}

static void test_two_seals_differ(void **state)
{
    const struct fixture *f = *state;
    uint8_t a[64], b[64];
    size_t n = 0;
    assert_int_equal(vg_secret_seal(f->secret, "x", (const uint8_t *)"p", 1, a, sizeof a, &n),
                     VG_OK);
    assert_int_equal(vg_secret_seal(f->secret, "x", (const uint8_t *)"p", 1, b, sizeof b, &n),
                     VG_OK);
    assert_memory_not_equal(a, b, n);
}

static void test_key_file(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat facts;
    (void)snprintf(path, sizeof path, "%s/%s", f->folder, VG_SECRET_FILE);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(vg_secret_make(f->folder, NULL), VG_E_EXISTS);
    vg_secret_close(&f->secret);
    assert_null(f->secret);

    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(vg_secret_open(&f->secret, f->folder, NULL), VG_E_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_int_equal(vg_secret_open(&f->secret, f->folder, NULL), VG_E_INTEGRITY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(vg_secret_open(&f->secret, f->folder, NULL), VG_E_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_bit_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_seals_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_file, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
