/* The small modules of src/base: clocks, ids, digests, allocator, files, stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/random.h"
#include "src/base/sha256.h"
#include "src/base/stop.h"
#include "src/base/ulid.h"

static const struct {
    const char *text;
    int64_t us; /* -1: refused */
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-21T10:15:30.120+01:00", 1795252530120000},
    {"2026-11-21T10:15:30.12+0100", 1795252530120000},
    {"2026-11-21T09:15Z", 1795252500000000},
    {"2026-02-30T00:00:00Z", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"2026-11-21", -1},
    {"2026-11-21T10:15:30+01:00x", -1},
    {"", -1},
};

static void iso_times_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct vg_wall_time t = {-1};
        const int refused = vg_wall_parse(times[i].text, &t);
        if ((refused != 0) != (times[i].us < 0) || (!refused && t.us != times[i].us))
            fail_msg("%s: %d %lld", times[i].text, refused, (long long)t.us);
    }
}

static void a_written_time_is_read_back(void **state)
{
    (void)state;
    const int64_t us[] = {0, 1795252530120000, 1785252530999000};
    for (size_t i = 0; i < 3; i++) {
        char text[40];
        struct vg_wall_time t;
        vg_wall_format((struct vg_wall_time){us[i]}, text, sizeof text);
        assert_int_equal(strlen(text), 29);
        assert_int_equal(vg_wall_parse(text, &t), 0);
        assert_int_equal(t.us, us[i]);
    }
}

static void ulids_sort_by_time(void **state)
{
    (void)state;
    const uint8_t random[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint8_t zero[10] = {0};
    char text[VG_ULID_TEXT], next[VG_ULID_TEXT];
    vg_ulid_format(281474976710655, random, text); /* the greatest of the specification */
    assert_string_equal(text, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    vg_ulid_format(1469918176385, zero, text); /* its example, 01ARYZ6S41 */
    assert_string_equal(text, "01ARYZ6S410000000000000000");
    struct vg_ulid_source source = {0};
    vg_ulid_make(&source, text);
    for (int i = 0; i < 1000; i++) {
        vg_ulid_make(&source, next);
        assert_true(strcmp(text, next) < 0);
        memcpy(text, next, sizeof text);
    }
}

static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    uint8_t digest[VG_SHA256_BYTES], back[VG_SHA256_BYTES];
    char text[VG_SHA256_TEXT];
    vg_sha256("abc", 3, digest);
    vg_sha256_text(digest, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(vg_sha256_parse(text, back), VG_OK);
    assert_memory_equal(back, digest, sizeof back);
    text[5] = 'g';
    assert_int_equal(vg_sha256_parse(text, back), VG_E_INPUT);
    assert_int_equal(vg_sha256_parse("ba78", back), VG_E_INPUT);
}

static void a_sealed_thread_counts_its_allocations(void **state)
{
    (void)state;
    const uint64_t before = vg_alloc_sealed_count();
    vg_alloc_seal();
    void *memory = vg_alloc(10);
    vg_alloc_unseal();
    vg_free(memory);
    vg_free(vg_alloc(10));
    assert_int_equal(vg_alloc_sealed_count() - before, 1);
}

static void the_nth_allocation_can_fail(void **state)
{
    (void)state;
    vg_alloc_fail_at(2);
    void *first = vg_alloc(1), *second = vg_alloc(1), *third = vg_alloc(1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    vg_free(first);
    vg_free(third);
    assert_null(vg_alloc_array(SIZE_MAX / 2, 3));
}

static int make_folder(void **state)
{
    char name[] = "/tmp/vigie-base-XXXXXX";
    if (!mkdtemp(name))
        return -1;
    *state = vg_alloc_text(name);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[256];
    const char *const names[] = {"a", VG_STOP_FILE, "d/e"};
    for (size_t i = 0; i < 3; i++)
        if (!vg_path_join(path, sizeof path, *state, names[i]))
            (void)remove(path);
    if (!vg_path_join(path, sizeof path, *state, "d"))
        (void)remove(path);
    (void)remove(*state);
    vg_free(*state);
    return 0;
}

static void files_are_written_whole_and_bounded(void **state)
{
    char path[256], missing[256];
    struct vg_fault fault;
    uint8_t *data;
    size_t size;
    assert_int_equal(vg_path_join(path, sizeof path, *state, "a"), VG_OK);
    assert_int_equal(vg_file_write(path, "hello", 5, 0600, VG_FILE_SYNCED, &fault), VG_OK);
    assert_int_equal(vg_file_read(path, 5, &data, &size, &fault), VG_OK);
    assert_int_equal(size, 5);
    assert_string_equal((const char *)data, "hello");
    vg_free(data);
    assert_int_equal(vg_file_read(path, 4, &data, &size, &fault), VG_E_FULL);
    assert_int_equal(vg_path_join(missing, sizeof missing, *state, "b"), VG_OK);
    assert_int_equal(vg_file_read(missing, 4, &data, &size, &fault), VG_E_MISSING);
    assert_string_equal(fault.place, missing);
    assert_int_equal(vg_file_read(*state, 4, &data, &size, &fault), VG_E_INPUT);
    assert_int_equal(vg_path_join(path, sizeof path, *state, "d/e"), VG_OK);
    assert_int_equal(vg_folder_make(path, &fault), VG_OK);
    assert_int_equal(vg_folder_make(path, &fault), VG_OK);
}

/* What cannot be kept is what the machine lacks, whatever the system calls it. */
static void a_folder_that_cannot_be_is_named(void **state)
{
    char file[128], below[160];
    struct vg_fault fault;
    assert_int_equal(vg_path_join(file, sizeof file, *state, "f"), VG_OK);
    assert_int_equal(vg_file_write(file, "x", 1, 0600, VG_FILE_PLAIN, &fault), VG_OK);
    assert_int_equal(vg_path_join(below, sizeof below, file, "d"), VG_OK);
    const struct {
        const char *path, *what;
    } rows[] = {
        {file, "not a folder"},
        {below, "the folder cannot be made"},         /* ENOTDIR */
        {"/proc/vigie", "the folder cannot be made"}, /* ENOENT */
        {"/proc/self/vigie/x", "the folder cannot be made"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vg_folder_make(rows[i].path, &fault), VG_E_LACK);
        assert_string_equal(fault.what, rows[i].what);
        assert_memory_equal(fault.place, rows[i].path, strlen(fault.place));
    }
}

/* The log as a child process would write it. */
static void log_line(const char *wish, const char *message, char *line, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)setenv("VIGIE_LOG", wish, 1);
        vg_log_init("test");
        const struct vg_fault fault = {.status = VG_E_IO, .what = message, .place = "p"};
        vg_fault_print(&fault);
        const char *unknown = vg_log_unknown_level();
        vg_log(VG_LOG_ERROR, "%s", unknown ? unknown : "-");
        _exit(0);
    }
    (void)close(ends[1]);
    size_t done = 0;
    assert_int_equal(vg_fd_read(ends[0], line, size - 1, &done), VG_OK);
    line[done] = '\0';
    (void)close(ends[0]);
    (void)waitpid(pid, NULL, 0);
}

static void the_log_takes_its_form_from_the_environment(void **state)
{
    (void)state;
    static const struct {
        const char *wish, *message, *part, *unknown;
    } rows[] = {
        {"info", "a", "vigie: a: p: ", " error test: -\n"},
        {"json", "a\"b",
         "\"level\":\"error\",\"part\":\"test\",\"message\":\"a\\\"b: p: ", "\"-\"}\n"},
        {"json:debug", "caf\xc3\xa9", "\"message\":\"caf\xc3\xa9: p: ", "\"-\"}\n"},
        {"json:", "\xc3(\xff\xe2\x82", "\"message\":\"?(??", "\"-\"}\n"},
        {"json:loud", "a", "\"message\":\"a: p: ", "\"loud\"}\n"},
        {"jsonx", "a", "vigie: a: p: ", " jsonx\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        log_line(rows[i].wish, rows[i].message, text, sizeof text);
        if (!strstr(text, rows[i].part) || !strstr(text, rows[i].unknown))
            fail_msg("row %zu: %s", i, text);
    }
}

static void a_full_disk_is_said(void **state)
{
    (void)state;
    const char byte = 'x';
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    (void)close(fd[1]);
    assert_int_equal(vg_fd_write(fd[0], &byte, 1), VG_E_IO);
    (void)close(fd[0]);
}

static void stop_is_kept_and_fails_safe(void **state)
{
    struct vg_stop *stop = vg_alloc(sizeof *stop);
    struct vg_fault fault;
    char path[256];
    assert_non_null(stop);
    assert_int_equal(vg_stop_read(*state, stop, &fault), VG_OK);
    assert_false(stop->all);
    assert_int_equal(vg_stop_list_set(&stop->flux, "cam-1", true), VG_OK);
    assert_int_equal(vg_stop_list_set(&stop->flux, "cam-2", true), VG_OK);
    assert_int_equal(vg_stop_list_set(&stop->flux, "cam-1", false), VG_OK);
    assert_int_equal(vg_stop_list_set(&stop->events, "density", true), VG_OK);
    assert_int_equal(vg_stop_write(*state, stop, &fault), VG_OK);
    memset(stop, 0, sizeof *stop);
    assert_int_equal(vg_stop_read(*state, stop, &fault), VG_OK);
    assert_int_equal(stop->flux.count, 1);
    assert_string_equal(stop->flux.name[0], "cam-2");
    assert_true(vg_stop_list_has(&stop->events, "density"));
    assert_int_equal(vg_path_join(path, sizeof path, *state, VG_STOP_FILE), VG_OK);
    assert_int_equal(vg_file_write(path, "{\"all\":", 7, 0600, VG_FILE_PLAIN, &fault), VG_OK);
    assert_int_equal(vg_stop_read(*state, stop, &fault), VG_E_INPUT);
    assert_true(stop->all);
    vg_free(stop);
}

static void the_authorisation_bounds_time_flux_and_events(void **state)
{
    (void)state;
    struct vg_stop *stop = vg_alloc(sizeof *stop);
    struct vg_authorisation *order = vg_alloc(sizeof *order);
    assert_non_null(stop);
    assert_non_null(order);
    const struct vg_wall_time early = {99}, first = {100}, last = {199}, late = {200};
    assert_true(vg_stop_permits(stop, order, "a", "fire", early));
    order->given = true;
    order->first.us = 100;
    order->last.us = 200;
    assert_false(vg_stop_permits(stop, order, "a", NULL, early));
    assert_true(vg_stop_permits(stop, order, "a", NULL, first));
    assert_true(vg_stop_permits(stop, order, "a", NULL, last));
    assert_false(vg_stop_permits(stop, order, "a", NULL, late));
    assert_int_equal(vg_stop_list_set(&order->flux, "b", true), VG_OK);
    assert_int_equal(vg_stop_list_set(&order->events, "density", true), VG_OK);
    assert_false(vg_stop_permits(stop, order, "a", NULL, first));
    assert_true(vg_stop_permits(stop, order, "b", "density", first));
    assert_false(vg_stop_permits(stop, order, "b", "crossing", first));
    assert_int_equal(vg_stop_list_set(&stop->events, "density", true), VG_OK);
    assert_false(vg_stop_permits(stop, order, "b", "density", first));
    assert_true(vg_stop_permits(stop, order, "b", NULL, first));
    stop->all = true;
    assert_false(vg_stop_permits(stop, order, "b", NULL, first));
    vg_free(order);
    vg_free(stop);
}

static void the_generator_is_the_published_one(void **state)
{
    (void)state;
    struct vg_random a, b;
    vg_random_seed(&a, 42);
    vg_random_seed(&b, 42);
    uint32_t seen = 0;
    for (int i = 0; i < 1000; i++) {
        const uint32_t v = vg_random_below(&a, 10);
        assert_int_equal(v, vg_random_below(&b, 10));
        assert_true(v < 10);
        seen |= UINT32_C(1) << v;
    }
    assert_int_equal(seen, 0x3ff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_times_are_read),
        cmocka_unit_test(a_written_time_is_read_back),
        cmocka_unit_test(ulids_sort_by_time),
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(a_sealed_thread_counts_its_allocations),
        cmocka_unit_test(the_nth_allocation_can_fail),
        cmocka_unit_test_setup_teardown(files_are_written_whole_and_bounded, make_folder,
                                        remove_folder),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_is_named, make_folder,
                                        remove_folder),
        cmocka_unit_test(the_log_takes_its_form_from_the_environment),
        cmocka_unit_test_setup_teardown(stop_is_kept_and_fails_safe, make_folder, remove_folder),
        cmocka_unit_test(the_authorisation_bounds_time_flux_and_events),
        cmocka_unit_test(the_generator_is_the_published_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
