/* Meters on trees, servers, libraries and programs of the test's own, which wrap, stall, refuse and
 * vanish. labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/energy/meter.h"

enum {
    WAIT_US = 8000000,
    SOON_US = 200000
};

struct place {
    char root[64];
    struct vg_meter_settings settings;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    (void)snprintf(p->root, sizeof p->root, "/tmp/vigie-meters-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    (void)snprintf(p->settings.root, sizeof p->settings.root, "%s", p->root);
    p->settings.period_us = 60 * VG_US_PER_S; /* samples are asked for */
    *state = p;
    return 0;
}

static void remove_tree(const char *folder, int depth)
{
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char path[512];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (vg_path_join(path, sizeof path, folder, e->d_name) == VG_OK && unlink(path) != 0 &&
            depth < 8)
            remove_tree(path, depth + 1);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(folder);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    remove_tree(p->root, 0);
    free(p);
    return 0;
}

/* "FOLDER/FILE" below the root, with the folders above it. */
static void put(const struct place *p, const char *name, const char *text)
{
    char path[512], folder[512];
    (void)snprintf(path, sizeof path, "%s/%s", p->root, name);
    (void)snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(vg_folder_make(folder, NULL), VG_OK);
    assert_int_equal(vg_file_write(path, text, strlen(text), 0644, VG_FILE_PLAIN, NULL), VG_OK);
}

static void put_zone(const struct place *p, const char *zone, const char *name, const char *uj)
{
    char path[128];
    (void)snprintf(path, sizeof path, "sys/class/powercap/%s/name", zone);
    put(p, path, name);
    (void)snprintf(path, sizeof path, "sys/class/powercap/%s/max_energy_range_uj", zone);
    put(p, path, "65712999613\n");
    (void)snprintf(path, sizeof path, "sys/class/powercap/%s/energy_uj", zone);
    put(p, path, uj);
}

static void remove_file(const struct place *p, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", p->root, name);
    assert_int_equal(unlink(path), 0);
}

static struct vg_meter_list *find(struct place *p, enum vg_meter_kind kind)
{
    struct vg_meter_list *list = NULL;
    p->settings.kinds = 1u << kind;
    assert_int_equal(vg_meter_find(&list, &p->settings, NULL), VG_OK);
    return list;
}

static const struct vg_meter_entry *named(const struct vg_meter_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->entry[i].about.name, name) == 0)
            return &list->entry[i];
    fail_msg("%s is not there", name);
    abort();
}

static struct vg_meter *open_named(struct place *p, enum vg_meter_kind kind, const char *name)
{
    struct vg_meter_list *list = find(p, kind);
    struct vg_meter *meter = NULL;
    struct vg_fault fault = {.what = ""};
    if (vg_meter_open(&meter, &p->settings, &named(list, name)->about, &fault))
        fail_msg("%s: %s %s", name, fault.what, fault.place);
    vg_free(list);
    return meter;
}

static enum vg_status sample(struct vg_meter *meter, struct vg_meter_reading *reading)
{
    struct vg_fault fault;
    return vg_meter_sample(meter, WAIT_US, reading, &fault);
}

static void near(double is, double wanted)
{
    if (fabs(is - wanted) > 1e-6)
        fail_msg("%.9g instead of %.9g", is, wanted);
}

/* ---- processors ---- */

static void packages_are_added_and_nothing_is_counted_twice(void **state)
{
    struct place *p = *state;
    struct vg_meter_reading r;
    put_zone(p, "intel-rapl:0", "package-0\n", "65712000000\n"); /* about to wrap */
    put_zone(p, "intel-rapl:0:0", "core\n", "1\n");
    put_zone(p, "intel-rapl:0:1", "dram\n", "5000000\n");
    put_zone(p, "intel-rapl:1", "package-1\n", "1000000\n");
    put_zone(p, "intel-rapl:2", "psys\n", "7000000\n");
    put_zone(p, "intel-rapl-mmio:0", "package-0\n", "9\n");
    struct vg_meter_list *list = find(p, VG_METER_RAPL);
    assert_int_equal(list->count, 3);
    assert_int_equal(named(list, "rapl:package")->about.parts, 2);
    assert_int_equal(named(list, "rapl:package")->about.scope, VG_ENERGY_PACKAGE);
    assert_int_equal(named(list, "rapl:dram")->about.scope, VG_ENERGY_DRAM);
    assert_int_equal(named(list, "rapl:psys")->about.scope, VG_ENERGY_BOARD);
    vg_free(list);
    struct vg_meter *meter = open_named(p, VG_METER_RAPL, "rapl:package");
    put_zone(p, "intel-rapl:0", "package-0\n", "3000387\n"); /* 999613 to the range, then 3000387 */
    put_zone(p, "intel-rapl:1", "package-1\n", "3000000\n");
    assert_int_equal(sample(meter, &r), VG_OK);
    near(r.joules, 4 + 2);
    assert_int_equal(r.wraps, 1);
    assert_true(r.covered_us > 0 && r.state == VG_METER_WELL);
    put_zone(p, "intel-rapl:1", "package-1\n", "100\n"); /* back: not 65 kJ */
    put_zone(p, "intel-rapl:0", "package-0\n", "4000000\n");
    assert_int_equal(sample(meter, &r), VG_OK);
    near(r.joules, 6);
    assert_int_equal(r.resets, 1);
    vg_meter_close(&meter);
    assert_null(meter);
}

static void a_counter_that_vanishes_is_said_and_comes_back(void **state)
{
    struct place *p = *state;
    struct vg_meter_reading r;
    put_zone(p, "intel-rapl:0", "package-0\n", "1000000\n");
    struct vg_meter *meter = open_named(p, VG_METER_RAPL, "rapl:package");
    remove_file(p, "sys/class/powercap/intel-rapl:0/energy_uj");
    assert_int_equal(sample(meter, &r), VG_E_MISSING);
    assert_int_equal(r.state, VG_METER_FAILING);
    assert_string_equal(r.fault.what, "the meter is not there");
    near(r.watts, -1);
    put_zone(p, "intel-rapl:0", "package-0\n", "what?\n");
    assert_int_equal(sample(meter, &r), VG_E_INPUT);
    put_zone(p, "intel-rapl:0", "package-0\n", "3000000\n");
    assert_int_equal(sample(meter, &r), VG_OK);
    near(r.joules, 2);
    assert_int_equal(r.failures, 2);
    assert_int_equal(r.state, VG_METER_WELL);
    vg_meter_close(&meter);
}

static void a_counter_that_stands_still_is_said(void **state)
{
    struct place *p = *state;
    struct vg_meter_reading r;
    put_zone(p, "intel-rapl:0", "package-0\n", "1000000\n");
    p->settings.period_us = 1000;
    p->settings.stall_us = 3000;
    struct vg_meter *meter = open_named(p, VG_METER_RAPL, "rapl:package");
    const int64_t until_us = vg_mono_now().us + WAIT_US;
    do
        vg_meter_read(meter, &r);
    while (r.state != VG_METER_STALLED && vg_mono_now().us < until_us);
    assert_int_equal(r.state, VG_METER_STALLED);
    near(r.joules, 0);
    assert_int_equal(r.covered_us, 0);
    vg_meter_close(&meter);
}

static void without_the_right_the_remedy_is_told(void **state)
{
    struct place *p = *state;
    char path[512];
    const uid_t user = geteuid(), nobody = 65534;
    if (user == 0) { /* root may read all */
        assert_int_equal(chown(p->root, nobody, (gid_t)-1), 0);
        assert_int_equal(seteuid(nobody), 0);
    }
    put_zone(p, "intel-rapl:0", "package-0\n", "1000000\n");
    (void)snprintf(path, sizeof path, "%s/sys/class/powercap/intel-rapl:0/energy_uj", p->root);
    assert_int_equal(chmod(path, 0), 0);
    struct vg_meter_list *list = find(p, VG_METER_RAPL);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(list->count, 1);
    assert_int_equal(list->entry[0].status, VG_E_DENIED);
    assert_non_null(list->entry[0].fault.remedy);
    vg_free(list);
}

static void a_machine_without_meters_says_why(void **state)
{
    struct place *p = *state;
    struct vg_meter_list *list = NULL;
    (void)snprintf(p->settings.library, sizeof p->settings.library, "libnothing-of-this-name.so");
    assert_int_equal(vg_meter_find(&list, &p->settings, NULL), VG_OK);
    assert_int_equal(list->count, VG_METER_KINDS);
    for (uint32_t i = 0; i < list->count; i++) {
        assert_int_equal(list->entry[i].about.kind, i);
        assert_true(list->entry[i].status == VG_E_MISSING || list->entry[i].status == VG_E_LACK);
        assert_non_null(list->entry[i].fault.what);
    }
    vg_free(list);
}

/* ---- a driver that does not answer: a pipe that nobody writes to ---- */

static void a_driver_that_stalls_holds_up_nobody(void **state)
{
    struct place *p = *state;
    struct vg_meter_reading r;
    struct vg_fault fault;
    char path[512];
    put_zone(p, "intel-rapl:0", "package-0\n", "1000000\n");
    p->settings.deadline_us = SOON_US;
    struct vg_meter *meter = open_named(p, VG_METER_RAPL, "rapl:package");
    (void)snprintf(path, sizeof path, "%s/sys/class/powercap/intel-rapl:0/energy_uj", p->root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    const struct vg_mono_time start = vg_mono_now();
    assert_int_equal(vg_meter_sample(meter, SOON_US, &r, &fault), VG_E_TIMEOUT);
    do
        vg_meter_read(meter, &r);
    while (r.state != VG_METER_LATE && vg_mono_now().us - start.us < WAIT_US);
    assert_int_equal(r.state, VG_METER_LATE);
    vg_meter_close(&meter);                              /* its thread is left behind */
    struct vg_meter_list *list = find(p, VG_METER_RAPL); /* and nothing is found in time */
    assert_int_equal(list->count, 1);
    assert_int_equal(list->entry[0].status, VG_E_TIMEOUT);
    vg_free(list);
    assert_true(vg_mono_now().us - start.us < WAIT_US);
    /* whoever still waits is let go, so that what he holds is given back */
    const int64_t until_us = vg_mono_now().us + WAIT_US;
    while (vg_alloc_held() > 0 && vg_mono_now().us < until_us) {
        const int fd = open(path, O_WRONLY | O_NONBLOCK);
        if (fd >= 0)
            (void)close(fd);
    }
    assert_int_equal(vg_alloc_held(), 0);
}

/* ---- boards ---- */

static void put_board(const struct place *p, const char *number, const char *driver,
                      const char *file, const char *value)
{
    char path[128];
    (void)snprintf(path, sizeof path, "sys/class/hwmon/%s/name", number);
    put(p, path, driver);
    (void)snprintf(path, sizeof path, "sys/class/hwmon/%s/device/uevent", number);
    put(p, path, "DRIVER=x\nPCI_SLOT_NAME=0000:03:00.0\n");
    (void)snprintf(path, sizeof path, "sys/class/hwmon/%s/%s", number, file);
    put(p, path, value);
}

static const struct {
    const char *driver, *file, *name;
    enum vg_energy_scope scope;
    enum vg_meter_form form;
} boards[] = {
    {"amdgpu\n", "power1_average", "hwmon:amdgpu@0000:03:00.0", VG_ENERGY_GPU, VG_METER_POWER},
    {"amdgpu\n", "power1_input", "hwmon:amdgpu@0000:03:00.0", VG_ENERGY_GPU, VG_METER_POWER},
    {"i915\n", "energy1_input", "hwmon:i915@0000:03:00.0", VG_ENERGY_GPU, VG_METER_COUNTER},
    {"xe\n", "energy2_input", "hwmon:xe@0000:03:00.0", VG_ENERGY_GPU, VG_METER_COUNTER},
    {"power_meter\n", "power1_average", "hwmon:power_meter@0000:03:00.0", VG_ENERGY_BOARD,
     VG_METER_POWER},
};

static void boards_tell_joules_or_watts(void **state)
{
    struct place *p = *state;
    put_board(p, "hwmon0", "coretemp\n", "temp1_input", "40000\n");
    put_board(p, "hwmon1", "nvme\n", "power1_input", "1\n"); /* not a board that we know */
    for (size_t i = 0; i < sizeof boards / sizeof *boards; i++) {
        struct vg_meter_reading r;
        put_board(p, "hwmon7", boards[i].driver, boards[i].file, "30000000\n");
        struct vg_meter *meter = open_named(p, VG_METER_HWMON, boards[i].name);
        assert_int_equal(vg_meter_about(meter)->scope, boards[i].scope);
        assert_int_equal(vg_meter_about(meter)->form, boards[i].form);
        put_board(p, "hwmon7", boards[i].driver, boards[i].file, "34000000\n");
        assert_int_equal(sample(meter, &r), VG_OK);
        if (boards[i].form == VG_METER_COUNTER)
            near(r.joules, 4);
        else
            near(r.joules, 32e-6 * (double)r.covered_us);
        if (boards[i].form == VG_METER_POWER)
            near(r.watts, 34);
        vg_meter_close(&meter);
        char file[128];
        (void)snprintf(file, sizeof file, "sys/class/hwmon/hwmon7/%s", boards[i].file);
        remove_file(p, file);
    }
}

static void nvidias_boards(void **state)
{
    struct place *p = *state;
    struct vg_meter_reading r;
    (void)snprintf(p->settings.library, sizeof p->settings.library, "%s/tests/libfake_nvml.so",
                   getenv("VIGIE_BUILD_DIR"));
    assert_int_equal(setenv("VIGIE_FAKE_NVML", "", 1), 0);
    struct vg_meter *meter = open_named(p, VG_METER_NVML, "nvml:00000000:3b:00.0");
    assert_string_equal(vg_meter_about(meter)->label, "Board of a test");
    assert_int_equal(sample(meter, &r), VG_OK);
    near(r.joules, 2);
    assert_int_equal(setenv("VIGIE_FAKE_NVML", "gone", 1), 0);
    assert_int_equal(sample(meter, &r), VG_E_DEVICE);
    assert_int_equal(r.state, VG_METER_FAILING);
    assert_int_equal(setenv("VIGIE_FAKE_NVML", "back", 1), 0);
    assert_int_equal(sample(meter, &r), VG_OK);
    assert_int_equal(r.resets, 1);
    near(r.joules, 2);
    vg_meter_close(&meter);
    assert_int_equal(setenv("VIGIE_FAKE_NVML", "counter", 1), 0);
    meter = open_named(p, VG_METER_NVML, "nvml:00000000:3b:00.0");
    assert_int_equal(sample(meter, &r), VG_OK);
    near(r.joules, 100e-6 * (double)r.covered_us);
    vg_meter_close(&meter);
    assert_int_equal(setenv("VIGIE_FAKE_NVML", "counter power", 1), 0);
    struct vg_meter_list *list = find(p, VG_METER_NVML);
    assert_int_equal(list->entry[0].status, VG_E_LACK); /* there, and says nothing */
    vg_free(list);
}

/* ---- a power strip ---- */

struct strip {
    int fd;
    uint16_t port;
    uint8_t speaks; /* the only version it answers: 0 or 1 */
    int mute;       /* so many questions are left without an answer */
    int watts;
    pthread_t thread;
};

/* Turns the question into its answer in place: [a0 ...] to [a2 ...], NULL to an INTEGER of two bytes. */
static size_t strip_answer(uint8_t *data, size_t size, int watts)
{
    size_t at = 2 + 3;       /* version */
    at += 2u + data[at + 1]; /* community */
    data[at] = 0xa2;
    data[1] = (uint8_t)(data[1] + 2);
    data[at + 1] = (uint8_t)(data[at + 1] + 2);
    at += 2;
    at += 2u + data[at + 1]; /* request */
    at += 6;
    data[at + 1] = (uint8_t)(data[at + 1] + 2);
    data[at + 3] = (uint8_t)(data[at + 3] + 2);
    data[size - 2] = 0x02;
    data[size - 1] = 2;
    data[size] = (uint8_t)(watts >> 8);
    data[size + 1] = (uint8_t)watts;
    return size + 2;
}

static void *strip_main(void *user)
{
    struct strip *s = user;
    for (;;) {
        uint8_t data[512];
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        const ssize_t n =
            recvfrom(s->fd, data, sizeof data - 2, 0, (struct sockaddr *)&from, &length);
        if (n < 20) /* the end of the test is one byte */
            return NULL;
        if (data[4] != s->speaks || s->mute-- > 0)
            continue;
        uint8_t other[512];
        memcpy(other, data, (size_t)n);
        other[2 + 3 + 2 + other[6] + 4] ^= 1; /* of another request: it is passed over */
        (void)!sendto(s->fd, other, strip_answer(other, (size_t)n, 9), 0,
                      (const struct sockaddr *)&from, length);
        (void)!sendto(s->fd, data, strip_answer(data, (size_t)n, s->watts), 0,
                      (const struct sockaddr *)&from, length);
    }
}

static void strip_open(struct strip *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof at;
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (const struct sockaddr *)&at, length), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &length), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, strip_main, s), 0);
}

static void strip_close(struct strip *s)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(s->port)};
    (void)!sendto(s->fd, "", 1, 0, (const struct sockaddr *)&at, sizeof at);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->fd);
}

static void a_power_strip_is_asked(void **state)
{
    struct place *p = *state;
    for (uint8_t version = 0; version < 2; version++) {
        struct vg_meter_reading r;
        struct strip s = {.speaks = version, .mute = 1, .watts = 420};
        char name[300];
        strip_open(&s);
        (void)snprintf(p->settings.snmp, sizeof p->settings.snmp, "127.0.0.1:%u/1.3.6.1.4.1.318.1",
                       s.port);
        p->settings.snmp_scale = 0.1;
        p->settings.deadline_us = 2 * VG_US_PER_S;
        (void)snprintf(name, sizeof name, "snmp:%s", p->settings.snmp);
        struct vg_meter *meter = open_named(p, VG_METER_SNMP, name);
        assert_int_equal(vg_meter_about(meter)->scope, VG_ENERGY_WALL);
        assert_int_equal(sample(meter, &r), VG_OK);
        near(r.watts, 42);
        strip_close(&s);
        assert_true(sample(meter, &r) != VG_OK); /* unplugged */
        assert_int_equal(r.state, VG_METER_FAILING);
        vg_meter_close(&meter);
    }
}

static void what_is_no_power_strip_is_refused(void **state)
{
    struct place *p = *state;
    const char *const bad[] = {"host",         "host/",        "/1.3.6",
                               "host:/1.3.6",  "host:x/1.3.6", "[::1/1.3.6",
                               "[::1]x/1.3.6", "host/1.3.x",   ":161/1.3.6"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(p->settings.snmp, sizeof p->settings.snmp, "%s", bad[i]);
        struct vg_meter_list *list = find(p, VG_METER_SNMP);
        assert_int_equal(list->count, 1);
        if (list->entry[0].status != VG_E_CALL)
            fail_msg("%s: %d", bad[i], (int)list->entry[0].status);
        vg_free(list);
    }
}

/* ---- a program ---- */

static const struct {
    const char *command;
    enum vg_status status;
} programs[] = {
    {"echo 12.5", VG_OK},
    {"printf '%s W' 12", VG_OK},
    {"echo hello", VG_E_INPUT},
    {"true", VG_E_INPUT},
    {"false", VG_E_IO},
    {"sh -c 'echo 5; exit 3'", VG_E_IO},
    {"sh -c 'echo 5; kill -9 $$'", VG_E_IO},
    {"no-program-of-this-name", VG_E_LACK},
    {"sleep 60", VG_E_TIMEOUT},
    {"sh -c 'echo 5; exec >&-; sleep 60'", VG_E_TIMEOUT},
    {"sh -c 'sleep 60 & echo 5'", VG_E_TIMEOUT}, /* its child keeps the output open */
    {"yes", VG_E_FULL},
    {"echo 'x", VG_E_CALL},
};

static void programs_print_watts_or_are_refused(void **state)
{
    struct place *p = *state;
    p->settings.deadline_us = SOON_US * 2;
    p->settings.command_scope = VG_ENERGY_WALL;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        (void)snprintf(p->settings.command, sizeof p->settings.command, "%s", programs[i].command);
        if (!programs[i].status)
            p->settings.deadline_us = WAIT_US;
        struct vg_meter_list *list = find(p, VG_METER_COMMAND);
        assert_int_equal(list->count, 1);
        if (list->entry[0].status != programs[i].status)
            fail_msg("%s: %d", programs[i].command, (int)list->entry[0].status);
        vg_free(list);
        p->settings.deadline_us = SOON_US * 2;
    }
}

static void a_program_is_run_for_each_reading(void **state)
{
    struct place *p = *state;
    struct vg_meter_reading r;
    put(p, "watts", "40\n");
    (void)snprintf(p->settings.command, sizeof p->settings.command, "cat %s/watts", p->root);
    p->settings.command_scope = VG_ENERGY_WALL;
    struct vg_meter *meter = open_named(p, VG_METER_COMMAND, "command:cat");
    put(p, "watts", "60\n");
    assert_int_equal(sample(meter, &r), VG_OK);
    near(r.joules, 50e-6 * (double)r.covered_us);
    remove_file(p, "watts");
    assert_int_equal(sample(meter, &r), VG_E_IO);
    put(p, "watts", "60\n");
    assert_int_equal(sample(meter, &r), VG_OK);
    const double before = r.joules; /* what lay around the failure is not known */
    assert_int_equal(sample(meter, &r), VG_OK);
    assert_true(r.joules > before);
    vg_meter_close(&meter);
}

static void memory_may_run_out(void **state)
{
    struct place *p = *state;
    put_zone(p, "intel-rapl:0", "package-0\n", "1000000\n");
    struct vg_meter_list *list = NULL;
    p->settings.kinds = 1u << VG_METER_RAPL;
    enum vg_status status = VG_E_MEMORY;
    for (uint32_t n = 1; status == VG_E_MEMORY && n < 20; n++) {
        vg_alloc_fail_at(n);
        status = vg_meter_find(&list, &p->settings, NULL);
        vg_alloc_fail_at(0);
    }
    assert_int_equal(status, VG_OK);
    struct vg_meter *meter = NULL;
    vg_alloc_fail_at(1);
    assert_int_equal(vg_meter_open(&meter, &p->settings, &list->entry[0].about, NULL), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(meter);
    vg_free(list);
    assert_int_equal(vg_alloc_held(), 0);
}

#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(packages_are_added_and_nothing_is_counted_twice),
        WITH_PLACE(a_counter_that_vanishes_is_said_and_comes_back),
        WITH_PLACE(a_counter_that_stands_still_is_said),
        WITH_PLACE(without_the_right_the_remedy_is_told),
        WITH_PLACE(a_machine_without_meters_says_why),
        WITH_PLACE(a_driver_that_stalls_holds_up_nobody),
        WITH_PLACE(boards_tell_joules_or_watts),
        WITH_PLACE(nvidias_boards),
        WITH_PLACE(a_power_strip_is_asked),
        WITH_PLACE(what_is_no_power_strip_is_refused),
        WITH_PLACE(programs_print_watts_or_are_refused),
        WITH_PLACE(a_program_is_run_for_each_reading),
        WITH_PLACE(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
