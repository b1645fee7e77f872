/* How many cores there are for this process, and how they are divided: quotas of a tree of groups that
 * the test writes, the processors of the machine it runs on. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/cores.h"
#include "src/base/file.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

struct stage {
    char root[64];
};

static void put(const struct stage *s, const char *path, const char *text)
{
    char whole[512], *slash;
    assert_true((size_t)snprintf(whole, sizeof whole, "%s/%s", s->root, path) < sizeof whole);
    slash = strrchr(whole, '/');
    *slash = '\0';
    assert_int_equal(vg_folder_make(whole, NULL), VG_OK);
    *slash = '/';
    assert_int_equal(vg_file_write(whole, text, strlen(text), 0600, VG_FILE_PLAIN, NULL), VG_OK);
}

static struct vg_cores read_all(const struct stage *s)
{
    struct vg_cores_place place;
    struct vg_cores cores;
    vg_cores_find(&place, s->root);
    vg_cores_read(&place, &cores);
    return cores;
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    assert_non_null(s);
    (void)snprintf(s->root, sizeof s->root, "/tmp/vg-test-cores-XXXXXX");
    assert_non_null(mkdtemp(s->root));
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    static const char *const files[] = {
        "proc/self/cgroup",
        "proc/self/mountinfo",
        "proc/self",
        "proc",
        "sys/cg/a/b/cpu.max",
        "sys/cg/a/cpu.max",
        "sys/cg/cpu.max",
        "sys/cg/a/cpu.stat",
        "sys/cg/a/b/cpu.stat",
        "sys/cg/a/b",
        "sys/cg/a",
        "sys/cg/cpu.cfs_quota_us",
        "sys/cg/cpu.cfs_period_us",
        "sys/cg/cpuacct.usage",
        "sys/cg",
        "sys",
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", s->root, files[i]);
        (void)remove(path);
    }
    assert_int_equal(rmdir(s->root), 0);
    free(s);
    return 0;
}

static void nothing_said_is_no_limit(void **state)
{
    const struct vg_cores cores = read_all(*state);
    assert_int_equal(cores.online, sysconf(_SC_NPROCESSORS_ONLN));
    assert_true(cores.allowed >= 1 && cores.allowed <= cores.online);
    assert_int_equal(cores.quota_milli, 0);
    assert_int_equal(cores.used_us, 0);
    assert_int_equal(vg_cores_usable_milli(&cores), cores.allowed * 1000);
}

/* Version 2: a group within a group. The machine that runs it has half a core at least. */
static void the_least_of_the_groups_counts(void **state)
{
    const struct stage *s = *state;
    put(s, "proc/self/cgroup", "0::/a/b\n");
    put(s, "proc/self/mountinfo", "41 31 0:38 / /sys/cg rw - cgroup2 cgroup2 rw\n");
    put(s, "sys/cg/a/b/cpu.max", "70000 100000\n");
    put(s, "sys/cg/a/b/cpu.stat", "usage_usec 5\n");
    struct vg_cores cores = read_all(s);
    assert_int_equal(cores.quota_milli, 700);
    assert_int_equal(cores.used_us, 5);
    put(s, "sys/cg/a/cpu.max", "50000 100000\n"); /* the parent has less */
    put(s, "sys/cg/a/cpu.stat", "usage_usec 7\n");
    cores = read_all(s);
    assert_int_equal(cores.quota_milli, 500);
    assert_int_equal(cores.used_us, 7);
    assert_int_equal(vg_cores_usable_milli(&cores), 500);
    assert_true(vg_cores_limited(&cores));
    put(s, "sys/cg/cpu.max", "90000 100000\n");
    put(s, "sys/cg/a/cpu.max", "max 100000\n");
    assert_int_equal(read_all(s).quota_milli, 700);
    put(s, "sys/cg/a/b/cpu.max", "rubbish\n");
    assert_int_equal(read_all(s).quota_milli, 900); /* of the top, whose use is not told */
    assert_int_equal(read_all(s).used_us, 0);
}

static void a_quota_is_read_anew_each_time(void **state)
{
    const struct stage *s = *state;
    struct vg_cores_place place;
    struct vg_cores cores;
    put(s, "proc/self/cgroup", "0::/a\n");
    put(s, "proc/self/mountinfo", "41 31 0:38 / /sys/cg rw - cgroup2 cgroup2 rw\n");
    vg_cores_find(&place, s->root);
    vg_cores_read(&place, &cores);
    assert_int_equal(cores.quota_milli, 0);
    put(s, "sys/cg/a/cpu.max", "25000 100000\n");
    vg_cores_read(&place, &cores);
    assert_int_equal(cores.quota_milli, 250);
    put(s, "sys/cg/a/cpu.max", "100000000 100000\n"); /* a thousand cores: more than there are */
    vg_cores_read(&place, &cores);
    assert_int_equal(cores.quota_milli, 1000000);
    assert_int_equal(vg_cores_usable_milli(&cores), cores.allowed * 1000);
    assert_int_equal(cores.used_us, 0);
}

/* Version 1 in a container that sees its own group as the root, the file system of the host's paths. */
static void version_1_in_a_container(void **state)
{
    const struct stage *s = *state;
    put(s, "proc/self/cgroup", "4:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x\n0::/\n");
    put(s, "proc/self/mountinfo",
        "32 31 0:29 /docker/x /sys/cg ro - cgroup cgroup rw,cpu,cpuacct\n");
    put(s, "sys/cg/cpu.cfs_quota_us", "30000\n");
    put(s, "sys/cg/cpu.cfs_period_us", "50000\n");
    put(s, "sys/cg/cpuacct.usage", "9000000\n");
    const struct vg_cores cores = read_all(s);
    assert_int_equal(cores.quota_milli, 600);
    assert_int_equal(cores.used_us, 9000);
    put(s, "sys/cg/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(read_all(s).quota_milli, 0);
}

static void the_mask_of_the_thread_counts(void **state)
{
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    size_t first = 0;
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    const struct vg_cores cores = read_all(*state);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(cores.allowed, 1);
    assert_int_equal(vg_cores_usable_milli(&cores), 1000);
    assert_int_equal(vg_cores_limited(&cores), cores.online > 1);
}

static void cores_are_divided(void **state)
{
    static const struct {
        struct vg_cores cores;
        uint32_t told, decode_milli, threads;
    } rows[] = {
        {{.online = 4, .allowed = 4}, 0, 0, 0}, /* nothing is said: all to both */
        {{.online = 4, .allowed = 4}, 0, 1000, 3},
        {{.online = 4, .allowed = 4}, 0, 1500, 3}, /* two and a half */
        {{.online = 4, .allowed = 4}, 0, 1600, 2},
        {{.online = 4, .allowed = 4}, 0, 500, 4},
        {{.online = 4, .allowed = 4}, 0, 4000, 1},
        {{.online = 4, .allowed = 4}, 0, 1000000, 1},
        {{.online = 4, .allowed = 4}, 2, 0, 2},
        {{.online = 4, .allowed = 4}, 2, 3000, 2}, /* what is told is told */
        {{.online = 4, .allowed = 4}, 64, 0, 4},   /* but there are no more */
        {{.online = 64, .allowed = 2}, 0, 0, 2},   /* a mask */
        {{.online = 64, .allowed = 2}, 0, 1000, 1},
        {{.online = 64, .allowed = 64, .quota_milli = 1500}, 0, 0, 2},
        {{.online = 64, .allowed = 64, .quota_milli = 1400}, 0, 0, 1},
        {{.online = 64, .allowed = 64, .quota_milli = 1500}, 0, 500, 1},
        {{.online = 64, .allowed = 64, .quota_milli = 1500}, 8, 0, 2},
        {{.online = 64, .allowed = 64, .quota_milli = 300}, 0, 0, 1},
        {{.online = 2, .allowed = 2, .quota_milli = 4000}, 0, 0, 0}, /* more than there are */
        {{.online = 1, .allowed = 1}, 0, 1000, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint32_t threads =
            vg_cores_for_device(&rows[i].cores, rows[i].told, rows[i].decode_milli);
        if (threads != rows[i].threads)
            fail_msg("row %zu: %u instead of %u", i, threads, rows[i].threads);
    }
}

static void here_there_is_at_least_something(void **state)
{
    (void)state;
    const struct vg_cores cores = vg_cores_here();
    assert_in_range(vg_cores_usable_milli(&cores), 1, cores.online * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_said_is_no_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_least_of_the_groups_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quota_is_read_anew_each_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(version_1_in_a_container, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_mask_of_the_thread_counts, set_up, tear_down),
        cmocka_unit_test(cores_are_divided),
        cmocka_unit_test(here_there_is_at_least_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
