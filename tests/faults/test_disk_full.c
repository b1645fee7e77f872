/* A disk that is really full: as root a file system of 2 MB in memory, in a name space of this
 * process's own; else a bound on the size of files, which stops a write half-way just the same.
 * New alerts are refused, the old ones stay, and all goes on when there is room again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "src/alerts/publisher.h"
#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/store/archive.h"
#include "tests/private_redis.h"
#include "tests/store_fixture.h"

#define DEADLINE_US (20 * VG_US_PER_S)

struct fixture {
    char folder[64], filler[96];
    bool mounted;
};

static uint8_t picture[100000], buffer[VG_SPOOL_RECORD_MAX];

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/vigie-full-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    (void)snprintf(f->filler, sizeof f->filler, "%s/filler", f->folder);
    f->mounted = mount("vigie-full", f->folder, "tmpfs", 0, "size=2m,mode=700") == 0;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_FSIZE, &none);
    store_remove_tree(f->folder, 0);
    if (f->mounted)
        (void)umount2(f->folder, MNT_DETACH);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

/* From now on nothing more can be written. */
static void fill_disk(const struct fixture *f)
{
    static uint8_t block[4096];
    if (!f->mounted) { /* the soft bound: it can be taken back */
        struct rlimit bound;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &bound), 0);
        bound.rlim_cur = 50000;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &bound), 0);
        return;
    }
    const int fd = open(f->filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, sizeof block) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    (void)close(fd);
}

static void free_disk(const struct fixture *f)
{
    struct rlimit bound;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &bound), 0);
    bound.rlim_cur = bound.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &bound), 0);
    (void)unlink(f->filler);
}

static struct vg_spool_record record_of(const char *id)
{
    struct vg_spool_record record = {.key = "key",
                                     .json = "{}",
                                     .json_bytes = 2,
                                     .picture = picture,
                                     .picture_bytes = sizeof picture};
    (void)snprintf(record.id, sizeof record.id, "%s", id);
    return record;
}

static void assert_read(struct vg_spool *spool, const char *id)
{
    struct vg_spool_record record;
    assert_int_equal(vg_spool_read(spool, id, buffer, &record, NULL), VG_OK);
    assert_int_equal(record.picture_bytes, sizeof picture);
    assert_memory_equal(record.picture, picture, sizeof picture);
}

static void test_spool(void **state)
{
    const struct fixture *f = *state;
    struct vg_spool_settings settings;
    struct vg_spool_found found;
    struct vg_spool *spool = NULL;
    struct vg_fault fault;
    char folder[96], ids[1][VG_SPOOL_ID_SIZE] = {"01A"};
    (void)snprintf(folder, sizeof folder, "%s/spool", f->folder);
    settings = vg_spool_defaults(folder);
    settings.segment_bytes = 250000;
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    const struct vg_spool_record a = record_of("01A"), b = record_of("01B"), c = record_of("01C");
    assert_int_equal(vg_spool_append(spool, &a, &fault), VG_OK);
    assert_int_equal(vg_spool_append(spool, &b, &fault), VG_OK);
    fill_disk(f);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(vg_spool_append(spool, &c, &fault), VG_E_LACK);
        assert_non_null(fault.remedy);
    }
    assert_read(spool, "01A");
    assert_read(spool, "01B");
    /* what the archive has is forgotten even now; at worst its mark is not written */
    const enum vg_status marked = vg_spool_archived(spool, ids, 1, &fault);
    assert_true(marked == VG_OK || marked == VG_E_LACK);
    vg_spool_close(&spool);
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.damaged_files, 0);
    assert_in_range(found.records, 1, 2);
    assert_read(spool, "01B");
    assert_int_equal(vg_spool_append(spool, &c, &fault), VG_E_LACK);
    free_disk(f);
    assert_int_equal(vg_spool_append(spool, &c, &fault), VG_OK);
    vg_spool_close(&spool);
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_read(spool, "01B");
    assert_read(spool, "01C");
    vg_spool_close(&spool);
}

static void give(struct vg_publisher *publisher, const char *id)
{
    struct vg_publisher_item *item = NULL;
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    while (!(item = vg_publisher_take(publisher, 0))) {
        assert_true(vg_mono_now().us < deadline);
        vg_pause_us(500);
    }
    (void)snprintf(item->id, sizeof item->id, "%s", id);
    (void)snprintf(item->key, sizeof item->key, "key-%s", id);
    item->alert_bytes = 2;
    memcpy(item->alert, "{}", 2);
    item->picture_bytes = sizeof picture;
    memcpy(item->picture, picture, sizeof picture);
    vg_publisher_give(publisher, 0, item);
}

static struct vg_publisher_counts wait_given(struct vg_publisher *publisher, uint64_t given)
{
    struct vg_publisher_counts counts;
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    do {
        assert_true(vg_mono_now().us < deadline);
        vg_pause_us(1000);
        vg_publisher_read_counts(publisher, &counts);
    } while (counts.given < given);
    return counts;
}

/* Loudly: refused alerts are counted, and nothing promised is lost. */
static void test_publisher(void **state)
{
    const struct fixture *f = *state;
    char folder[96], socket[96];
    struct vg_publisher *publisher = NULL;
    struct vg_spool_found found;
    (void)snprintf(folder, sizeof folder, "%s/spool", f->folder);
    (void)snprintf(socket, sizeof socket, "%s/no.sock", f->folder); /* Redis does not start */
    struct vg_publisher_settings settings = vg_publisher_defaults(folder, socket, "a1");
    settings.linger_ms = 0;
    assert_int_equal(vg_publisher_open(&publisher, &settings, NULL, NULL), VG_OK);
    give(publisher, "01A");
    struct vg_publisher_counts counts = wait_given(publisher, 1);
    assert_int_equal(counts.promised, 1);
    fill_disk(f);
    give(publisher, "01B");
    give(publisher, "01C");
    counts = wait_given(publisher, 3);
    assert_int_equal(counts.promised, 1);
    assert_int_equal(counts.refused, 2);
    free_disk(f);
    give(publisher, "01D");
    counts = wait_given(publisher, 4);
    assert_int_equal(counts.promised, 2);
    vg_publisher_close(&publisher);
    assert_int_equal(vg_publisher_open(&publisher, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 2);
    vg_publisher_close(&publisher);
}

static enum vg_status put(struct vg_database *database, const char *id, enum vg_archive_fate *fate)
{
    char text[400];
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"%s\",\"key\":\"%s\",\"flux\":\"f\",\"event\":\"crossing\","
                   "\"rule\":\"r\",\"severity\":\"low\",\"time\":\"2026-11-21T10:15:30Z\"}",
                   id, id);
    const struct vg_archive_item item = {text, strlen(text), picture, sizeof picture};
    struct vg_fault fault;
    return vg_archive_put(database, &item, 1, fate, &fault);
}

static void test_archive(void **state)
{
    const struct fixture *f = *state;
    struct vg_database *database = NULL;
    struct vg_archive_row *row = NULL;
    struct vg_fault fault;
    enum vg_archive_fate fate;
    assert_int_equal(vg_database_open(&database, f->folder, VG_DATABASE_CREATE, &fault), VG_OK);
    assert_int_equal(put(database, "01A", &fate), VG_OK);
    fill_disk(f);
    for (int i = 0; i < 3; i++) { /* the queue gives it again and again */
        const enum vg_status status = put(database, "01B", &fate);
        assert_true(status == VG_E_LACK || status == VG_E_IO);
        assert_int_equal(vg_archive_get(database, "01B", &row, &fault), VG_E_MISSING);
    }
    assert_int_equal(vg_archive_get(database, "01A", &row, &fault), VG_OK);
    vg_archive_rows_free(&row, 1);
    free_disk(f);
    assert_int_equal(put(database, "01B", &fate), VG_OK);
    assert_int_equal(fate, VG_ARCHIVED_NOW);
    assert_int_equal(vg_database_check(database, &fault), VG_OK);
    uint8_t *jpeg = NULL;
    size_t size = 0;
    assert_int_equal(vg_archive_picture(database, "01B", &jpeg, &size, &fault), VG_OK);
    assert_int_equal(size, sizeof picture);
    vg_free(jpeg);
    vg_database_close(&database);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)setenv("VIGIE_LOG", "error", 0);
    vg_log_init("test");
    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (uint8_t)(i * 7);
    /* mounts of this process alone: they go with it. Refused without root: then the bound. */
    if (syscall(SYS_unshare, CLONE_NEWNS) == 0)
        (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spool, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_publisher, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_archive, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
