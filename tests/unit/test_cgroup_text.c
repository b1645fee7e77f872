/* What Linux says of control groups: where the process's own stands, what it may take and has taken.
 * Texts as kernels and containers write them, and others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "src/base/cgroup_text.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static void the_group_is_the_one_of_the_hierarchy(void **state)
{
    static const struct {
        const char *text;
        enum vg_cgroup_kind kind;
        enum vg_status status;
        const char *group;
    } rows[] = {
        {"0::/\n", VG_CGROUP_V2, VG_OK, "/"},
        {"0::/system.slice/vigie.service\n", VG_CGROUP_V2, VG_OK, "/system.slice/vigie.service"},
        {"0::/a:b", VG_CGROUP_V2, VG_OK, "/a:b"}, /* no line feed, a colon of the path */
        {"4:memory:/m\n3:cpu,cpuacct:/docker/x\n0::/u\n", VG_CGROUP_V1, VG_OK, "/docker/x"},
        {"4:memory:/m\n3:cpu,cpuacct:/docker/x\n0::/u\n", VG_CGROUP_V2, VG_OK, "/u"},
        {"2:cpuacct:/a\n1:cpu:/b\n", VG_CGROUP_V1, VG_OK, "/b"},
        {"5:cpuset:/a\n", VG_CGROUP_V1, VG_E_MISSING, NULL}, /* not the beginning of a word */
        {"1:name=systemd:/a\n", VG_CGROUP_V2, VG_E_MISSING, NULL},
        {"0::\n", VG_CGROUP_V2, VG_E_MISSING, NULL},
        {"", VG_CGROUP_V2, VG_E_MISSING, NULL},
    };
    char group[VG_CGROUP_PATH_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const enum vg_status status =
            vg_cgroup_group_parse(rows[i].text, strlen(rows[i].text), rows[i].kind, group);
        if (status != rows[i].status || (!status && strcmp(group, rows[i].group) != 0))
            fail_msg("row %zu: %d, %s", i, status, status ? "" : group);
    }
}

#define V1_MOUNT \
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
#define V2_MOUNT "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"

static void the_mount_is_found(void **state)
{
    static const struct {
        const char *text;
        enum vg_cgroup_kind kind;
        enum vg_status status;
        const char *group, *folder;
    } rows[] = {
        {V1_MOUNT V2_MOUNT, VG_CGROUP_V1, VG_OK, "/", "/sys/fs/cgroup/cpu,cpuacct"},
        {V1_MOUNT V2_MOUNT, VG_CGROUP_V2, VG_OK, "/", "/sys/fs/cgroup/unified"},
        {"1 2 0:3 /docker/x /sys/fs/cgroup ro shared:1 master:2 - cgroup2 cgroup rw\n",
         VG_CGROUP_V2, VG_OK, "/docker/x", "/sys/fs/cgroup"},
        {"1 2 0:3 / /a\\040b rw - cgroup2 c rw\n", VG_CGROUP_V2, VG_OK, "/", "/a b"},
        {"1 2 0:3 / /sys/fs/cgroup/cpuset rw - cgroup c rw,cpuset\n", VG_CGROUP_V1, VG_E_MISSING,
         NULL, NULL},
        {"1 2 0:3 / /cpu rw,cpu - ext4 /dev/cgroup2 rw,cpu\n", VG_CGROUP_V1, VG_E_MISSING, NULL,
         NULL},
        {"1 2 0:3 a /b rw - cgroup2 c rw\n", VG_CGROUP_V2, VG_E_MISSING, NULL, NULL},
        {"- cgroup2\n\n- \n", VG_CGROUP_V2, VG_E_MISSING, NULL, NULL},
    };
    struct vg_cgroup_mount mount;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const enum vg_status status =
            vg_cgroup_mount_parse(rows[i].text, strlen(rows[i].text), rows[i].kind, &mount);
        if (status != rows[i].status || (!status && (strcmp(mount.group, rows[i].group) != 0 ||
                                                     strcmp(mount.folder, rows[i].folder) != 0)))
            fail_msg("row %zu: %d", i, status);
    }
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char text[VG_CGROUP_PATH_SIZE + 64], group[VG_CGROUP_PATH_SIZE];
    (void)state;
    for (size_t more = 0; more < 2; more++) { /* the longest one, and one byte more */
        const size_t size = VG_CGROUP_PATH_SIZE - 1 + more;
        memcpy(text, "0::", 3);
        memset(text + 3, 'a', size);
        text[3] = '/';
        assert_int_equal(vg_cgroup_group_parse(text, 3 + size, VG_CGROUP_V2, group),
                         more ? VG_E_FULL : VG_OK);
        if (!more)
            assert_int_equal(strlen(group), size);
    }
}

static void the_folder_is_below_what_is_seen(void **state)
{
    static const struct {
        struct vg_cgroup_mount mount;
        const char *group;
        enum vg_status status;
        const char *folder;
    } rows[] = {
        {{"/", "/sys/fs/cgroup"}, "/", VG_OK, "/sys/fs/cgroup"},
        {{"/", "/sys/fs/cgroup"}, "/a/b", VG_OK, "/sys/fs/cgroup/a/b"},
        {{"/docker/x", "/sys/fs/cgroup/cpu"}, "/docker/x", VG_OK, "/sys/fs/cgroup/cpu"},
        {{"/docker/x", "/sys/fs/cgroup/cpu"}, "/docker/x/y", VG_OK, "/sys/fs/cgroup/cpu/y"},
        {{"/docker/x", "/sys/fs/cgroup/cpu"}, "/docker/xy", VG_E_MISSING, NULL},
        {{"/docker/x", "/sys/fs/cgroup/cpu"}, "/", VG_E_MISSING, NULL},
        {{"/", "/sys/fs/cgroup"}, "/../other", VG_E_MISSING, NULL},
        {{"/", "/"}, "/a", VG_OK, "/a"},
        {{"/", "/"}, "/", VG_OK, "/"},
    };
    char folder[VG_CGROUP_PATH_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const enum vg_status status = vg_cgroup_folder(&rows[i].mount, rows[i].group, folder);
        if (status != rows[i].status || (!status && strcmp(folder, rows[i].folder) != 0))
            fail_msg("row %zu: %d", i, status);
    }
}

static void a_limit_is_a_part_of_its_period(void **state)
{
    static const struct {
        const char *text;
        enum vg_status status;
        uint32_t milli;
    } rows[] = {
        {"max 100000\n", VG_OK, 0},
        {"150000 100000\n", VG_OK, 1500},
        {"50000 100000", VG_OK, 500},
        {"1000 1000000\n", VG_OK, 1},
        {"1 1000000\n", VG_OK, 1},  /* never none for very little */
        {"-1\n100000\n", VG_OK, 0}, /* v1: two files */
        {"200000\n100000\n", VG_OK, 2000},
        {"18446744073709551615 1\n", VG_OK, VG_CGROUP_CORES_MOST},
        {"18446744073709551616 1\n", VG_E_INPUT, 0},
        {"0 100000\n", VG_E_INPUT, 0},
        {"100000 0\n", VG_E_INPUT, 0},
        {"100000\n", VG_E_INPUT, 0},
        {"max\n", VG_E_INPUT, 0},
        {"maximum 100000\n", VG_E_INPUT, 0},
        {"-2 100000\n", VG_E_INPUT, 0},
        {"1.5 1\n", VG_E_INPUT, 0},
        {"150000 100000 x\n", VG_E_INPUT, 0},
        {"", VG_E_INPUT, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t milli = 7;
        const enum vg_status status =
            vg_cgroup_limit_parse(rows[i].text, strlen(rows[i].text), &milli);
        if (status != rows[i].status || (!status && milli != rows[i].milli))
            fail_msg("%s: %d, %u", rows[i].text, status, milli);
    }
}

static void what_was_taken_is_read(void **state)
{
    static const struct {
        const char *text;
        enum vg_cgroup_kind kind;
        enum vg_status status;
        int64_t us;
    } rows[] = {
        {"usage_usec 123\nuser_usec 100\nsystem_usec 23\n", VG_CGROUP_V2, VG_OK, 123},
        {"user_usec 100\nusage_usec 123", VG_CGROUP_V2, VG_OK, 123},
        {"user_usec 100\n", VG_CGROUP_V2, VG_E_INPUT, 0},
        {"usage_usec \n", VG_CGROUP_V2, VG_E_INPUT, 0},
        {"usage_usec 12x\n", VG_CGROUP_V2, VG_E_INPUT, 0},
        {"usage_usec 9223372036854775808\n", VG_CGROUP_V2, VG_E_INPUT, 0},
        {"123456789\n", VG_CGROUP_V1, VG_OK, 123456},
        {"-1\n", VG_CGROUP_V1, VG_E_INPUT, 0},
        {"", VG_CGROUP_V1, VG_E_INPUT, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = -7;
        const enum vg_status status =
            vg_cgroup_used_parse(rows[i].text, strlen(rows[i].text), rows[i].kind, &us);
        if (status != rows[i].status || (!status && us != rows[i].us))
            fail_msg("row %zu: %d, %lld", i, status, (long long)us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_group_is_the_one_of_the_hierarchy),
        cmocka_unit_test(the_mount_is_found),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(the_folder_is_below_what_is_seen),
        cmocka_unit_test(a_limit_is_a_part_of_its_period),
        cmocka_unit_test(what_was_taken_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
