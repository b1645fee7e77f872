/* The writer of what outlives the process, on a disk that hangs and on one that is full. A file is
 * written by way of a part beside it: where that is a pipe that nobody reads, opening it hangs as a
 * disk does; where it leads to /dev/full, the disk is full.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <sys/stat.h>

#include "scheduler/save_thread.h"
#include "src/base/alloc.h"
#include "tests/store_fixture.h"

struct play {
    const struct store_fixture *f;
    struct vg_save_thread *thread;
};

static void path_of(const struct play *p, char *path, size_t size, const char *name)
{
    assert_int_equal(vg_path_join(path, size, p->f->folder, name), VG_OK);
}

static void part_of(const struct play *p, char *path, size_t size, const char *name)
{
    char part[64];
    (void)snprintf(part, sizeof part, "%s.%ld.part", name, (long)getpid());
    path_of(p, path, size, part);
}

static struct play begin(void **state)
{
    struct play p = {.f = *state};
    assert_int_equal(vg_save_thread_open(&p.thread), VG_OK);
    return p;
}

static struct vg_save_file *open_file(const struct play *p, const char *name)
{
    char path[256];
    struct vg_save_file *file;
    path_of(p, path, sizeof path, name);
    assert_int_equal(vg_save_file_open(&file, p->thread, path), VG_OK);
    return file;
}

static void give(struct vg_save_file *file, const char *text, enum vg_save_need need)
{
    char *copy = vg_alloc_text(text);
    assert_non_null(copy);
    vg_save_file_give(file, copy, strlen(copy), need);
}

/* What the file has, by the disk. NULL: there is none. */
static void expect_on_disk(const struct play *p, const char *name, const char *want)
{
    char path[256];
    struct vg_fault fault;
    uint8_t *text;
    size_t size;
    path_of(p, path, sizeof path, name);
    const enum vg_status status = vg_file_read(path, 4096, &text, &size, &fault);
    assert_int_equal(status, want ? VG_OK : VG_E_MISSING);
    if (want)
        assert_string_equal((const char *)text, want);
    vg_free(text);
}

/* The same, by what was given last. */
static void expect(struct vg_save_file *file, const char *want)
{
    struct vg_fault fault;
    uint8_t *text;
    size_t size;
    const enum vg_status status = vg_save_file_read(file, 4096, &text, &size, &fault);
    assert_int_equal(status, want ? VG_OK : VG_E_MISSING);
    if (want) {
        assert_string_equal((const char *)text, want);
        assert_int_equal(size, strlen(want));
    }
    vg_free(text);
}

/* From now on the file's disk hangs. */
static void hang(const struct play *p, const char *name)
{
    char part[256];
    part_of(p, part, sizeof part, name);
    assert_int_equal(mkfifo(part, 0600), 0);
}

static bool is_busy(struct vg_save_thread *thread)
{
    return !vg_beat_idle(vg_save_thread_beat(thread));
}

static bool has_failed(struct vg_save_thread *thread)
{
    return vg_save_thread_counts(thread).failed > 0;
}

/* Long before it is thought to hang. */
static void await(const struct play *p, bool (*is_so)(struct vg_save_thread *), const char *what)
{
    const int64_t end_us = vg_mono_now().us + 20 * VG_US_PER_S;
    while (!is_so(p->thread)) {
        if (vg_mono_now().us > end_us)
            fail_msg("not within 20 s: %s", what);
        vg_pause_us(100);
    }
}

/* The thread stands before it. */
static void await_hanging(const struct play *p)
{
    await(p, is_busy, "the thread writes");
}

/* It goes on: what hung fails, as it does on a disk that comes back with an error. */
static void go_on(const struct play *p, const char *name)
{
    char part[256];
    part_of(p, part, sizeof part, name);
    const int fd = open(part, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    await(p, has_failed, "what hung has failed");
    (void)close(fd);
}

static void all_is_written_before_the_end(void **state)
{
    struct play p = begin(state);
    char name[32], text[32];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 100; i++) {
            (void)snprintf(name, sizeof name, "f%d", i);
            (void)snprintf(text, sizeof text, "%d of %d", round, i);
            struct vg_save_file *file = open_file(&p, name);
            give(file, text, i % 3 ? VG_SAVE_WHOLE : VG_SAVE_SOON);
            expect(file, text);
            vg_save_file_close(&file);
            assert_null(file);
        }
    vg_save_thread_close(&p.thread);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "f%d", i);
        (void)snprintf(text, sizeof text, "2 of %d", i);
        expect_on_disk(&p, name, text);
    }
}

static void nobody_waits_for_a_disk_that_hangs(void **state)
{
    struct play p = begin(state);
    struct vg_save_file *a = open_file(&p, "a"), *b = open_file(&p, "b"), *c = open_file(&p, "c");
    hang(&p, "a");
    give(a, "lost", VG_SAVE_WHOLE);
    await_hanging(&p);
    for (int i = 0; i < 1000; i++) { /* all of them: one at a time is kept */
        give(a, "newer", VG_SAVE_WHOLE);
        give(b, "b", VG_SAVE_WHOLE);
        give(c, "c", VG_SAVE_SOON);
    }
    assert_true(vg_save_thread_counts(p.thread).replaced >= 3 * 999);
    expect_on_disk(&p, "b", NULL);
    expect(a, "newer");
    expect(b, "b");
    vg_save_file_close(&b); /* nor does who leaves */
    vg_save_file_remove(c);
    expect(c, NULL);
    b = open_file(&p, "b");
    expect(b, "b");
    go_on(&p, "a");
    vg_save_file_close(&a);
    vg_save_file_close(&b);
    vg_save_file_close(&c);
    vg_save_thread_close(&p.thread);
    expect_on_disk(&p, "a", "newer");
    expect_on_disk(&p, "b", "b");
    expect_on_disk(&p, "c", NULL);
}

/* What is to be there before an alert is promised waits for nobody's file but its own. */
static void what_must_be_written_now_overtakes(void **state)
{
    struct play p = begin(state);
    struct vg_fault fault;
    struct vg_save_file *a = open_file(&p, "a"), *b = open_file(&p, "b");
    hang(&p, "a");
    give(a, "a", VG_SAVE_WHOLE);
    await_hanging(&p);
    give(b, "old", VG_SAVE_WHOLE);
    assert_int_equal(vg_save_file_now(b, "untold", 6, &fault), VG_OK);
    expect_on_disk(&p, "b", "untold"); /* and what is older does not come after it */
    give(b, "told", VG_SAVE_SOON);
    expect(b, "told");
    go_on(&p, "a");
    vg_save_file_close(&a);
    vg_save_file_close(&b);
    vg_save_thread_close(&p.thread);
    expect_on_disk(&p, "b", "told");
}

static void a_full_disk_is_counted_and_tried_again(void **state)
{
    struct play p = begin(state);
    char part[256];
    struct vg_fault fault;
    struct vg_save_file *a = open_file(&p, "a");
    part_of(&p, part, sizeof part, "a");
    assert_int_equal(vg_save_file_now(a, "before", 6, &fault), VG_OK);
    assert_int_equal(symlink("/dev/full", part), 0);
    give(a, "lost", VG_SAVE_SOON);
    await(&p, has_failed, "the disk is full");
    assert_true(vg_save_thread_counts(p.thread).failing);
    expect(a, "before");
    assert_int_equal(symlink("/dev/full", part), 0);
    assert_int_equal(vg_save_file_now(a, "lost too", 8, &fault), VG_E_LACK);
    expect(a, "before");
    assert_int_equal(vg_save_file_now(a, "again", 5, &fault), VG_OK);
    assert_false(vg_save_thread_counts(p.thread).failing);
    give(a, "after", VG_SAVE_WHOLE);
    vg_save_file_close(&a);
    vg_save_thread_close(&p.thread);
    expect_on_disk(&p, "a", "after");
}

static void a_file_that_is_gone_stays_gone(void **state)
{
    struct play p = begin(state);
    struct vg_save_file *a = open_file(&p, "a"), *again = open_file(&p, "a");
    assert_ptr_equal(a, again);
    give(a, "a", VG_SAVE_SOON);
    vg_save_file_remove(a);
    vg_save_file_remove(again); /* also where there is none */
    vg_save_file_close(&again);
    expect(a, NULL);
    vg_save_file_close(&a);
    vg_save_file_close(&a);
    vg_save_thread_close(&p.thread);
    expect_on_disk(&p, "a", NULL);
}

static void what_is_too_long_is_refused(void **state)
{
    struct play p = begin(state);
    struct vg_fault fault;
    struct vg_save_file *file;
    uint8_t *bytes;
    size_t size;
    char path[600];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(vg_save_file_open(&file, p.thread, path), VG_E_CALL);
    assert_null(file);
    file = open_file(&p, "a");
    hang(&p, "a");
    give(file, "0123456789", VG_SAVE_WHOLE);
    assert_int_equal(vg_save_file_read(file, 9, &bytes, &size, &fault), VG_E_FULL);
    assert_null(bytes);
    await_hanging(&p);
    go_on(&p, "a");
    vg_save_file_close(&file);
    vg_save_thread_close(&p.thread);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, store_set_up, store_tear_down)
    const struct CMUnitTest tests[] = {
        ROW(all_is_written_before_the_end),      ROW(nobody_waits_for_a_disk_that_hangs),
        ROW(what_must_be_written_now_overtakes), ROW(a_full_disk_is_counted_and_tried_again),
        ROW(a_file_that_is_gone_stays_gone),     ROW(what_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
