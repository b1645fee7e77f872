/* Files of compiled programs: what is kept comes back, what is damaged, foreign or another's is
 * refused, removed and counted; the folder stays within its bound. No device is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/engine/program_cache.h"
#include "tests/store_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const uint8_t binary[] = "what a compiler made";

static struct vg_program_key key_of(const char *options)
{
    uint8_t source[VG_SHA256_BYTES] = {1};
    return vg_program_key_make(
        &(struct vg_program_origin){source, options, "device", "2.0", "driver 1", "platform 3"});
}

/* ---- key ---- */

static void each_part_makes_another_key(void **state)
{
    (void)state;
    static const uint8_t one[VG_SHA256_BYTES] = {1}, two[VG_SHA256_BYTES] = {2};
    static const struct vg_program_origin origins[] = {
        {one, "-DP=1", "d", "v", "r", "p"}, {two, "-DP=1", "d", "v", "r", "p"},
        {one, "-DP=2", "d", "v", "r", "p"}, {one, "-DP=1", "dv", "", "r", "p"},
        {one, "-DP=1", "d", "", "vr", "p"}, {one, "-DP=1", "d", "v", "rp", ""},
        {one, "-DP=1d", "", "v", "r", "p"}, {one, "", "-DP=1d", "v", "r", "p"},
    };
    for (size_t i = 0; i < COUNT(origins); i++)
        for (size_t k = 0; k < COUNT(origins); k++) {
            const struct vg_program_key a = vg_program_key_make(&origins[i]);
            const struct vg_program_key b = vg_program_key_make(&origins[k]);
            assert_int_equal(memcmp(&a, &b, sizeof a) == 0, i == k);
        }
}

/* ---- one file ---- */

static void every_changed_byte_is_seen(void **state)
{
    (void)state;
    const struct vg_program_key key = key_of("-DP=1"), other = key_of("-DP=2");
    const uint8_t *got = NULL;
    uint8_t *data = NULL;
    size_t size = 0, bytes = 0;
    assert_int_equal(vg_program_file_pack(&key, binary, sizeof binary, &data, &size), VG_OK);
    assert_int_equal(vg_program_file_parse(data, size, &key, &got, &bytes), VG_OK);
    assert_int_equal(bytes, sizeof binary);
    assert_memory_equal(got, binary, sizeof binary);
    assert_int_equal(vg_program_file_parse(data, size, &other, &got, &bytes), VG_E_INPUT);
    assert_null(got);
    for (size_t i = 0; i < size; i++) {
        data[i] ^= 0x10;
        assert_int_not_equal(vg_program_file_parse(data, size, &key, &got, &bytes), VG_OK);
        data[i] ^= 0x10;
        assert_int_not_equal(vg_program_file_parse(data, i, &key, &got, &bytes), VG_OK);
    }
    vg_free(data);
}

static void bounds_hold(void **state)
{
    (void)state;
    const struct vg_program_key key = key_of("");
    uint8_t *data = NULL;
    size_t size = 0;
    assert_int_equal(vg_program_file_pack(&key, binary, 0, &data, &size), VG_E_FULL);
    assert_int_equal(vg_program_file_pack(&key, binary, VG_PROGRAM_BINARY_MAX + 1, &data, &size),
                     VG_E_FULL);
    vg_alloc_fail_at(1);
    assert_int_equal(vg_program_file_pack(&key, binary, sizeof binary, &data, &size), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(data);
}

/* ---- the folder ---- */

struct folder {
    char base[64], path[80];
    struct vg_program_cache cache;
};

static int set_up(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    (void)snprintf(f->base, sizeof f->base, "/tmp/vigie-programs-XXXXXX");
    if (!mkdtemp(f->base))
        return -1;
    (void)snprintf(f->path, sizeof f->path, "%s/programs", f->base);
    vg_program_cache_init(&f->cache, f->path);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *f = *state;
    store_remove_tree(f->base, 0);
    free(f);
    return 0;
}

static void file_path(const struct folder *f, const struct vg_program_key *key, char path[256])
{
    char name[VG_SHA256_TEXT];
    vg_sha256_text(key->digest, name);
    (void)snprintf(path, 256, "%s/%s", f->path, name);
}

static enum vg_status load(struct folder *f, const struct vg_program_key *key)
{
    struct vg_program_file file;
    const enum vg_status status = vg_program_cache_load(&f->cache, key, &file);
    if (!status) {
        assert_int_equal(file.binary_bytes, sizeof binary);
        assert_memory_equal(file.binary, binary, sizeof binary);
    }
    vg_free(file.data);
    return status;
}

static void what_is_kept_comes_back(void **state)
{
    struct folder *f = *state;
    const struct vg_program_key key = key_of("-DP=1"), other = key_of("-DP=2");
    char path[256];
    struct stat st;
    assert_int_equal(load(f, &key), VG_E_MISSING);
    vg_program_cache_store(&f->cache, &key, binary, sizeof binary);
    assert_int_equal(f->cache.stored, 1);
    assert_int_equal(load(f, &key), VG_OK);
    assert_int_equal(load(f, &other), VG_E_MISSING);
    assert_int_equal(f->cache.found, 1);
    assert_int_equal(f->cache.missed, 2);
    assert_int_equal(f->cache.stale, 0);
    file_path(f, &key, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    vg_program_cache_refuse(&f->cache, &key); /* the device did not take it */
    assert_int_equal(f->cache.found, 0);
    assert_int_equal(f->cache.stale, 1);
    assert_int_not_equal(stat(path, &st), 0);
}

enum harm {
    CUT,
    FLIPPED,
    EMPTY,
    OF_ANOTHER_KEY,
    WRITABLE_BY_OTHERS,
    OF_ANOTHER_USER,
    A_LINK
};

static void harm(const struct folder *f, const char *path, enum harm how)
{
    uint8_t *data = NULL;
    size_t size = 0;
    char other[256];
    const struct vg_program_key key = key_of("-DP=2");
    assert_int_equal(vg_file_read(path, 1000, &data, &size, NULL), VG_OK);
    switch (how) {
    case CUT:
        assert_int_equal(truncate(path, (off_t)size - 1), 0);
        break;
    case FLIPPED:
        data[size / 2] ^= 1;
        assert_int_equal(vg_file_write(path, data, size, 0600, VG_FILE_PLAIN, NULL), VG_OK);
        break;
    case EMPTY:
        assert_int_equal(truncate(path, 0), 0);
        break;
    case OF_ANOTHER_KEY:
        file_path(f, &key, other);
        assert_int_equal(rename(other, path), 0);
        break;
    case WRITABLE_BY_OTHERS:
        assert_int_equal(chmod(path, 0602), 0);
        break;
    case OF_ANOTHER_USER:
        if (chown(path, 65534, 65534) != 0) /* not root: the same by other rights */
            assert_int_equal(chmod(path, 0620), 0);
        break;
    case A_LINK:
        (void)snprintf(other, sizeof other, "%s/elsewhere", f->base);
        assert_int_equal(rename(path, other), 0);
        assert_int_equal(symlink(other, path), 0);
        break;
    }
    vg_free(data);
}

static void what_is_no_good_is_removed(void **state)
{
    static const enum harm harms[] = {
        CUT, FLIPPED, EMPTY, OF_ANOTHER_KEY, WRITABLE_BY_OTHERS, OF_ANOTHER_USER, A_LINK};
    struct folder *f = *state;
    const struct vg_program_key key = key_of("-DP=1"), other = key_of("-DP=2");
    char path[256];
    struct stat st;
    file_path(f, &key, path);
    for (uint32_t i = 0; i < COUNT(harms); i++) {
        vg_program_cache_store(&f->cache, &key, binary, sizeof binary);
        vg_program_cache_store(&f->cache, &other, binary, sizeof binary);
        harm(f, path, harms[i]);
        assert_int_equal(load(f, &key), VG_E_MISSING);
        assert_int_equal(f->cache.stale, i + 1);
        assert_int_not_equal(lstat(path, &st), 0);
    }
    assert_int_equal(f->cache.found, 0);
}

static void a_folder_of_others_is_not_used(void **state)
{
    struct folder *f = *state;
    const struct vg_program_key key = key_of("-DP=1");
    vg_program_cache_store(&f->cache, &key, binary, sizeof binary);
    assert_int_equal(chmod(f->path, 0777), 0);
    assert_int_equal(load(f, &key), VG_E_MISSING);
    vg_program_cache_store(&f->cache, &key, binary, sizeof binary);
    assert_int_equal(f->cache.store_failures, 1);
    assert_int_equal(f->cache.stale, 0);
    assert_int_equal(chmod(f->path, 0700), 0);
    assert_int_equal(load(f, &key), VG_OK);
}

static void no_folder_is_no_error(void **state)
{
    struct folder *f = *state;
    const struct vg_program_key key = key_of("-DP=1");
    char below[96], far_away[VG_PROGRAM_FOLDER_SIZE + 8];
    (void)snprintf(below, sizeof below, "%s/file", f->base);
    assert_int_equal(vg_file_write(below, "x", 1, 0600, VG_FILE_PLAIN, NULL), VG_OK);
    (void)snprintf(below, sizeof below, "%s/file/programs", f->base);
    memset(far_away, 'a', sizeof far_away - 1);
    far_away[sizeof far_away - 1] = 0;
    const char *const folders[] = {below, far_away, ""};
    for (size_t i = 0; i < COUNT(folders); i++) {
        vg_program_cache_init(&f->cache, folders[i]);
        assert_int_equal(load(f, &key), VG_E_MISSING);
        vg_program_cache_store(&f->cache, &key, binary, sizeof binary);
        vg_program_cache_store(&f->cache, &key, binary, sizeof binary);
        vg_program_cache_trim(&f->cache);
        assert_int_equal(f->cache.store_failures, 2);
        assert_int_equal(f->cache.stored, 0);
    }
}

static void the_longest_unused_go_first(void **state)
{
    struct folder *f = *state;
    struct vg_program_key key[5];
    char path[256], mine[96];
    (void)snprintf(mine, sizeof mine, "%s/notes", f->path);
    for (uint32_t i = 0; i < COUNT(key); i++) {
        char options[16];
        const struct timespec then[2] = {{.tv_sec = 1000 + i}, {.tv_sec = 1000 + i}};
        (void)snprintf(options, sizeof options, "-DP=%u", i);
        key[i] = key_of(options);
        vg_program_cache_store(&f->cache, &key[i], binary, sizeof binary);
        file_path(f, &key[i], path);
        assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
    }
    assert_int_equal(vg_file_write(mine, binary, sizeof binary, 0600, VG_FILE_PLAIN, NULL), VG_OK);
    assert_int_equal(load(f, &key[0]), VG_OK); /* used just now */
    vg_program_cache_trim(&f->cache);
    assert_int_equal(f->cache.removed, 0);
    f->cache.bytes_max = 3 * (sizeof binary + 88) + 10; /* FORMAT: 88 bytes around a binary */
    vg_program_cache_trim(&f->cache);
    assert_int_equal(f->cache.removed, 2);
    static const enum vg_status want[] = {VG_OK, VG_E_MISSING, VG_E_MISSING, VG_OK, VG_OK};
    for (uint32_t i = 0; i < COUNT(key); i++)
        assert_int_equal(load(f, &key[i]), want[i]);
    assert_true(vg_file_exists(mine)); /* not one of ours */
}

static void memory_may_fail_anywhere(void **state)
{
    struct folder *f = *state;
    const struct vg_program_key key = key_of("-DP=1");
    for (uint32_t n = 1; n < 4; n++) {
        vg_alloc_fail_at(n);
        vg_program_cache_store(&f->cache, &key, binary, sizeof binary);
        vg_program_cache_trim(&f->cache);
        vg_alloc_fail_at(0);
    }
    assert_int_equal(f->cache.stored, 2);
    vg_alloc_fail_at(1);
    assert_int_equal(load(f, &key), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_int_equal(load(f, &key), VG_OK); /* it was not thrown away */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_makes_another_key),
        cmocka_unit_test(every_changed_byte_is_seen),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test_setup_teardown(what_is_kept_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_good_is_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_of_others_is_not_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_folder_is_no_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_longest_unused_go_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_may_fail_anywhere, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
