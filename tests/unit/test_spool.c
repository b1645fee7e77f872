/* The spool: what was promised is read back, whatever happens to the power, the disk or a bit.
 *
 * test_power_cut records every write, sync, cut and deletion of a run with appends, rotations,
 * archivings and a restart; then, for each prefix of that trace and each byte of its last write, the
 * folder is rebuilt as a power cut would have left it and opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/alerts/spool.h"
#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "tests/store_fixture.h"

#define PATH 256
#ifdef VG_SANITIZED /* a tenth of the cuts: each costs ten times as much */
#define CUT_STEP 11
#else
#define CUT_STEP 1
#endif

static uint8_t buffer[VG_SPOOL_RECORD_MAX];

/* ---- alerts whose bytes follow from their number ---- */

struct made {
    struct vg_spool_record record;
    char json[64];
    uint8_t picture[32];
};

static void make(struct made *made, int n)
{
    memset(made, 0, sizeof *made);
    (void)snprintf(made->record.id, sizeof made->record.id, "01ID%04d", n);
    (void)snprintf(made->record.key, sizeof made->record.key, "key-%d", n);
    (void)snprintf(made->json, sizeof made->json, "{\"id\":\"01ID%04d\",\"n\":%d}", n, n * n);
    for (size_t i = 0; i < sizeof made->picture; i++)
        made->picture[i] = (uint8_t)(n * 31 + (int)i);
    made->record.json = made->json;
    made->record.json_bytes = (uint32_t)strlen(made->json);
    made->record.picture = n % 3 ? made->picture : NULL;
    made->record.picture_bytes = n % 3 ? (uint32_t)(n % 32) : 0;
    if (made->record.picture_bytes == 0)
        made->record.picture = NULL;
}

static void assert_made(const struct vg_spool_record *record, int n)
{
    struct made made;
    make(&made, n);
    assert_string_equal(record->id, made.record.id);
    assert_string_equal(record->key, made.record.key);
    assert_int_equal(record->json_bytes, made.record.json_bytes);
    assert_memory_equal(record->json, made.json, record->json_bytes);
    assert_int_equal(record->picture_bytes, made.record.picture_bytes);
    if (record->picture_bytes > 0)
        assert_memory_equal(record->picture, made.picture, record->picture_bytes);
}

static int number_of(const char *id)
{
    return (int)strtol(id + 4, NULL, 10);
}

static enum vg_status append(struct vg_spool *spool, int n)
{
    struct made made;
    make(&made, n);
    return vg_spool_append(spool, &made.record, NULL);
}

static enum vg_status archived(struct vg_spool *spool, int n)
{
    struct made made;
    char ids[1][VG_SPOOL_ID_SIZE];
    make(&made, n);
    memcpy(ids[0], made.record.id, sizeof ids[0]);
    return vg_spool_archived(spool, ids, 1, NULL);
}

/* Which numbers the spool holds, each read from the disk and compared. */
static void read_held(struct vg_spool *spool, bool *held, int room)
{
    char ids[64][VG_SPOOL_ID_SIZE];
    struct vg_spool_record record;
    for (int i = 0; i < room; i++)
        held[i] = false;
    for (int s = 0; s < 2; s++) {
        size_t from = 0;
        do {
            const size_t n =
                vg_spool_pick(spool, s ? VG_SPOOL_UNSURE : VG_SPOOL_WAITING, &from, ids, 64);
            for (size_t i = 0; i < n; i++) {
                const int number = number_of(ids[i]);
                assert_in_range(number, 0, room - 1);
                assert_false(held[number]); /* never twice */
                assert_int_equal(vg_spool_read(spool, ids[i], buffer, &record, NULL), VG_OK);
                assert_made(&record, number);
                held[number] = true;
            }
        } while (from != 0);
    }
}

static int set_up(void **state)
{
    /* thousands of folders are built: in memory where there is such a file system */
    char *folder = strdup(access("/dev/shm", W_OK) == 0 ? "/dev/shm/vigie-spool-XXXXXX"
                                                        : "/tmp/vigie-spool-XXXXXX");
    *state = folder;
    return folder && mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    store_remove_tree(*state, 0);
    free(*state);
    return 0;
}

static struct vg_spool_settings small_settings(const char *folder)
{
    struct vg_spool_settings settings = vg_spool_defaults(folder);
    settings.segment_bytes = 420; /* three or so records a file */
    settings.records_max = 64;
    return settings;
}

/* RFC 3720, appendix B.4 */
static void test_crc(void **state)
{
    uint8_t bytes[32];
    (void)state;
    assert_int_equal(vg_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(vg_crc32c(vg_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(vg_crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(vg_crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
}

/* ---- the ordinary way ---- */

static void test_append_and_restart(void **state)
{
    const struct vg_spool_settings settings = small_settings(*state);
    struct vg_spool *spool = NULL;
    struct vg_spool_found found;
    struct vg_spool_numbers numbers;
    bool held[32];
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(append(spool, i), VG_OK);
    read_held(spool, held, 32);
    vg_spool_close(&spool);

    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 20);
    assert_int_equal(found.torn_bytes, 0);
    read_held(spool, held, 32);
    for (int i = 0; i < 32; i++)
        assert_int_equal(held[i], i < 20);
    vg_spool_read_numbers(spool, &numbers);
    assert_true(numbers.files >= 5);

    /* archived in another order; the first file's last one empties it */
    for (int i = 19; i >= 0; i -= 2)
        assert_int_equal(archived(spool, i), VG_OK);
    assert_int_equal(archived(spool, 77), VG_OK); /* unknown: ignored */
    vg_spool_close(&spool);
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 10);
    read_held(spool, held, 32);
    for (int i = 0; i < 20; i++)
        assert_int_equal(held[i], i % 2 == 0);
    for (int i = 0; i < 20; i += 2)
        assert_int_equal(archived(spool, i), VG_OK);
    vg_spool_read_numbers(spool, &numbers);
    assert_int_equal(numbers.records, 0);
    assert_int_equal(numbers.files, 0);
    assert_int_equal(numbers.bytes, 0);
    assert_int_equal(append(spool, 20), VG_OK);
    vg_spool_close(&spool);
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 1);
    vg_spool_close(&spool);
}

static void test_states(void **state)
{
    const struct vg_spool_settings settings = small_settings(*state);
    struct vg_spool *spool = NULL;
    char ids[8][VG_SPOOL_ID_SIZE];
    size_t from = 0;
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(append(spool, i), VG_OK);
    assert_int_equal(vg_spool_pick(spool, VG_SPOOL_WAITING, &from, ids, 2), 2);
    assert_string_equal(ids[1], "01ID0001");
    assert_int_equal(vg_spool_pick(spool, VG_SPOOL_WAITING, &from, ids, 8), 3);
    assert_string_equal(ids[0], "01ID0002"); /* goes on where it stopped */
    assert_int_equal(from, 0);
    vg_spool_note(spool, "01ID0003", VG_SPOOL_UNSURE);
    assert_int_equal(vg_spool_pick(spool, VG_SPOOL_WAITING, &from, ids, 8), 4);
    assert_int_equal(vg_spool_pick(spool, VG_SPOOL_UNSURE, &from, ids, 8), 1);
    assert_string_equal(ids[0], "01ID0003");
    vg_spool_close(&spool);
    from = 0; /* of an earlier run: all must be asked about */
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    assert_int_equal(vg_spool_pick(spool, VG_SPOOL_UNSURE, &from, ids, 8), 5);
    vg_spool_close(&spool);
}

static void test_bounds(void **state)
{
    struct vg_spool_settings settings = small_settings(*state);
    struct vg_spool *spool = NULL;
    struct vg_fault fault;
    struct made made;
    settings.records_max = 4;
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(append(spool, i), VG_OK);
    make(&made, 4);
    assert_int_equal(vg_spool_append(spool, &made.record, &fault), VG_E_FULL);
    assert_non_null(fault.remedy);
    bool held[8];
    read_held(spool, held, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(held[i], i < 4); /* the old ones stay */
    assert_int_equal(archived(spool, 2), VG_OK);
    assert_int_equal(append(spool, 4), VG_OK);
    vg_spool_close(&spool);

    settings.bytes_max = 300; /* what is there counts: nothing more goes in */
    settings.records_max = 64;
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    assert_int_equal(append(spool, 5), VG_E_FULL);
    read_held(spool, held, 8);
    assert_true(held[0] && held[1] && held[3] && held[4]);

    static char large[VG_SPOOL_JSON_MAX + 1];
    memset(large, ' ', sizeof large);
    make(&made, 6);
    made.record.json = large;
    made.record.json_bytes = sizeof large;
    assert_int_equal(vg_spool_append(spool, &made.record, NULL), VG_E_INPUT);
    make(&made, 6);
    made.record.id[0] = '\0';
    assert_int_equal(vg_spool_append(spool, &made.record, NULL), VG_E_INPUT);
    make(&made, 6);
    memset(made.record.id, 'x', sizeof made.record.id);
    assert_int_equal(vg_spool_append(spool, &made.record, NULL), VG_E_INPUT);
    make(&made, 6);
    made.record.json_bytes = 0;
    assert_int_equal(vg_spool_append(spool, &made.record, NULL), VG_E_INPUT);
    vg_spool_close(&spool);
}

/* A spool written with a larger bound opens with a smaller one: promises are never dropped. */
static void test_smaller_bounds(void **state)
{
    struct vg_spool_settings settings = small_settings(*state);
    struct vg_spool *spool = NULL;
    struct vg_spool_found found;
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    for (int i = 0; i < 40; i++)
        assert_int_equal(append(spool, i), VG_OK);
    vg_spool_close(&spool);
    settings.records_max = 1;
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 40);
    assert_int_equal(append(spool, 40), VG_E_FULL);
    vg_spool_close(&spool);
}

static void test_no_memory(void **state)
{
    const struct vg_spool_settings settings = small_settings(*state);
    struct vg_spool *spool = NULL;
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(append(spool, i), VG_OK);
    vg_spool_close(&spool);
    enum vg_status status = VG_E_MEMORY;
    for (uint32_t n = 1; status != VG_OK && n < 100; n++) {
        struct vg_spool_found found = {.damaged_files = 0};
        vg_alloc_fail_at(n);
        status = vg_spool_open(&spool, &settings, &found, NULL);
        vg_alloc_fail_at(0);
        assert_true(status == VG_OK ? spool != NULL : spool == NULL);
        if (status == VG_OK)
            assert_int_equal(found.records, 4);
    }
    assert_int_equal(status, VG_OK);
    vg_spool_close(&spool);
}

/* ---- a segment's bytes ---- */

/* One file with `count` records; *ends[i]: where record i ends. */
static uint8_t *make_segment(const char *folder, int count, size_t *ends, size_t *size)
{
    struct vg_spool_settings settings = vg_spool_defaults(folder);
    struct vg_spool *spool = NULL;
    struct vg_spool_record record;
    struct vg_spool_walk walk = {.offset = 0};
    char path[PATH];
    uint8_t *data = NULL;
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    for (int i = 1; i <= count; i++)
        assert_int_equal(append(spool, i), VG_OK);
    vg_spool_close(&spool);
    (void)snprintf(path, sizeof path, "%s/00000001.spool", folder);
    assert_int_equal(vg_file_read(path, 1 << 20, &data, size, NULL), VG_OK);
    for (int i = 0; i < count; i++) {
        assert_int_equal(vg_spool_walk(&walk, data, *size, &record), VG_OK);
        assert_made(&record, i + 1);
        ends[i] = walk.offset;
    }
    assert_int_equal(vg_spool_walk(&walk, data, *size, &record), VG_E_END);
    assert_int_equal(walk.damaged_records, 0);
    assert_int_equal(walk.good_end, *size);
    return data;
}

static void test_every_prefix(void **state)
{
    size_t ends[5], size = 0;
    uint8_t *data = make_segment(*state, 5, ends, &size);
    for (size_t cut = 0; cut <= size; cut++) {
        struct vg_spool_walk walk = {.offset = 0};
        struct vg_spool_record record;
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, data, cut);
        int expected = 0;
        while (expected < 5 && ends[expected] <= cut)
            expected++;
        for (int i = 0; i < expected; i++) {
            assert_int_equal(vg_spool_walk(&walk, exact, cut, &record), VG_OK);
            assert_made(&record, i + 1);
        }
        assert_int_equal(vg_spool_walk(&walk, exact, cut, &record), VG_E_END);
        assert_int_equal(walk.good_end, expected > 0                 ? ends[expected - 1]
                                        : cut >= VG_SPOOL_HEAD_BYTES ? VG_SPOOL_HEAD_BYTES
                                                                     : 0);
        free(exact);
    }
    vg_free(data);
}

/* Each bit turned: the record it stands in is refused, all others are read. */
static void test_every_bit(void **state)
{
    size_t ends[5], size = 0;
    uint8_t *data = make_segment(*state, 5, ends, &size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        struct vg_spool_walk walk = {.offset = 0};
        struct vg_spool_record record;
        const size_t at = bit / 8;
        int hurt = 0; /* 0: the head */
        if (at >= VG_SPOOL_HEAD_BYTES)
            for (hurt = 1; ends[hurt - 1] <= at; hurt++)
                ;
        data[at] ^= (uint8_t)(1u << (bit % 8));
        for (int i = 1; i <= 5; i++) {
            if (i == hurt)
                continue;
            assert_int_equal(vg_spool_walk(&walk, data, size, &record), VG_OK);
            assert_made(&record, i);
        }
        assert_int_equal(vg_spool_walk(&walk, data, size, &record), VG_E_END);
        assert_int_equal(walk.damaged_records, 1);
        data[at] ^= (uint8_t)(1u << (bit % 8));
    }
    vg_free(data);
}

/* A file that is damaged in its middle opens with the rest, and can be emptied. */
static void test_damaged_file(void **state)
{
    size_t ends[5], size = 0;
    struct vg_spool_settings settings = vg_spool_defaults(*state);
    struct vg_spool *spool = NULL;
    struct vg_spool_found found;
    char path[PATH];
    bool held[8];
    uint8_t *data = make_segment(*state, 5, ends, &size);
    data[ends[1] + VG_SPOOL_FRAME_BYTES + 3] ^= 4;
    (void)snprintf(path, sizeof path, "%s/00000001.spool", (const char *)*state);
    assert_int_equal(vg_file_write(path, data, size, 0600, VG_FILE_PLAIN, NULL), VG_OK);
    vg_free(data);
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 4);
    assert_int_equal(found.damaged_records, 1);
    read_held(spool, held, 8);
    assert_false(held[3]);
    assert_int_equal(append(spool, 6), VG_OK); /* in a file of its own */
    for (int i = 1; i <= 5; i++)
        assert_int_equal(archived(spool, i), VG_OK);
    assert_false(vg_file_exists(path));
    read_held(spool, held, 8);
    assert_true(held[6]);
    vg_spool_close(&spool);
}

/* A tail that no append had finished is cut off the file. */
static void test_tail_is_cut(void **state)
{
    size_t ends[5], size = 0;
    struct vg_spool_settings settings = vg_spool_defaults(*state);
    struct vg_spool *spool = NULL;
    struct vg_spool_found found;
    char path[PATH];
    struct stat facts;
    uint8_t *data = make_segment(*state, 5, ends, &size);
    vg_free(data);
    (void)snprintf(path, sizeof path, "%s/00000001.spool", (const char *)*state);
    assert_int_equal(truncate(path, (off_t)ends[3] + 50), 0);
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 4);
    assert_int_equal(found.torn_bytes, 50);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_size, ends[3]);
    vg_spool_close(&spool);
    assert_int_equal(truncate(path, VG_SPOOL_HEAD_BYTES + 9), 0); /* nothing promised in it */
    assert_int_equal(vg_spool_open(&spool, &settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 0);
    assert_false(vg_file_exists(path));
    vg_spool_close(&spool);
}

/* Bytes of all files in the folder. */
static uint64_t bytes_in(const char *folder)
{
    uint64_t sum = 0;
    struct stat facts;
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (struct dirent *e; (e = readdir(open)) != NULL;) {
        char path[PATH];
        assert_int_equal(vg_path_join(path, sizeof path, folder, e->d_name), VG_OK);
        if (stat(path, &facts) == 0 && S_ISREG(facts.st_mode))
            sum += (uint64_t)facts.st_size;
    }
    (void)closedir(open);
    return sum;
}

/* ---- a disk that fails ---- */

enum failure {
    NONE,
    OPEN_FAILS,
    WRITE_FAILS,
    WRITE_STOPS,
    SYNC_FAILS,
    FOLDER_FAILS
};

struct bad_disk {
    struct vg_spool_disk real;
    enum failure failure;
    bool cut_fails;
    int code;
};

static int bad_open(void *user, const char *path, enum vg_spool_how how)
{
    struct bad_disk *disk = user;
    errno = disk->code;
    return disk->failure == OPEN_FAILS ? -1 : disk->real.open(disk->real.user, path, how);
}

static ssize_t bad_write(void *user, int fd, const void *data, size_t size, uint64_t offset)
{
    struct bad_disk *disk = user;
    if (disk->failure == WRITE_STOPS && size > 7) /* the disk is full half-way */
        return disk->real.write(disk->real.user, fd, data, 7, offset);
    errno = disk->code;
    if (disk->failure == WRITE_FAILS || disk->failure == WRITE_STOPS)
        return -1;
    return disk->real.write(disk->real.user, fd, data, size, offset);
}

static int bad_sync(void *user, int fd)
{
    struct bad_disk *disk = user;
    errno = disk->code;
    return disk->failure == SYNC_FAILS ? -1 : disk->real.sync(disk->real.user, fd);
}

static int bad_cut(void *user, int fd, uint64_t size)
{
    struct bad_disk *disk = user;
    errno = EIO;
    return disk->cut_fails ? -1 : disk->real.cut(disk->real.user, fd, size);
}

static int bad_remove(void *user, const char *path)
{
    struct bad_disk *disk = user;
    return disk->real.remove(disk->real.user, path);
}

static int bad_sync_folder(void *user, const char *path)
{
    struct bad_disk *disk = user;
    errno = disk->code;
    return disk->failure == FOLDER_FAILS ? -1 : disk->real.sync_folder(disk->real.user, path);
}

static void try_bad_disk(const char *folder, const struct bad_disk *kind, int before,
                         enum vg_status expected)
{
    struct bad_disk disk = {.real = vg_spool_real_disk(), .failure = NONE};
    struct vg_spool_settings settings = small_settings(folder);
    struct vg_spool *spool = NULL;
    struct vg_fault fault;
    struct vg_spool_numbers numbers;
    struct made made;
    bool held[16];
    settings.disk = (struct vg_spool_disk){&disk,   bad_open,   bad_write,      bad_sync,
                                           bad_cut, bad_remove, bad_sync_folder};
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    for (int i = 0; i < before; i++)
        assert_int_equal(append(spool, i), VG_OK);
    disk.failure = kind->failure;
    disk.cut_fails = kind->cut_fails;
    disk.code = kind->code;
    make(&made, 9);
    for (int i = 0; i < 3; i++) { /* again and again: nothing piles up */
        const enum vg_status status = vg_spool_append(spool, &made.record, &fault);
        assert_int_equal(status, expected);
        if (status != VG_OK)
            assert_non_null(fault.remedy);
        if (status == VG_OK)
            break;
    }
    read_held(spool, held, 16);
    for (int i = 0; i < before; i++)
        assert_true(held[i]);
    assert_int_equal(held[9], expected == VG_OK);
    vg_spool_read_numbers(spool, &numbers);
    if (!kind->cut_fails) /* what a full disk had taken is given back */
        assert_int_equal(bytes_in(folder), numbers.bytes);
    const uint32_t files = numbers.files;
    disk.failure = NONE; /* repaired: it goes on */
    disk.cut_fails = false;
    assert_int_equal(append(spool, 10), VG_OK);
    vg_spool_read_numbers(spool, &numbers);
    if (kind->failure == SYNC_FAILS) /* what the file holds is not known: it is left */
        assert_int_equal(numbers.files, files + 1);
    assert_int_equal(append(spool, 11), VG_OK);
    vg_spool_close(&spool);
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    char ids[16][VG_SPOOL_ID_SIZE];
    size_t from = 0, n = vg_spool_pick(spool, VG_SPOOL_UNSURE, &from, ids, 16), of_refused = 0;
    for (size_t i = 0; i < n; i++)
        of_refused += number_of(ids[i]) == 9;
    if (!kind->cut_fails && expected != VG_OK)
        assert_int_equal(of_refused, 0);
    for (size_t i = 0; i < n; i++) /* whatever else is there, the promised ones are */
        held[number_of(ids[i])] = true;
    assert_true(held[10] && held[11]);
    for (int i = 0; i < before; i++)
        assert_true(held[i]);
    vg_spool_close(&spool);
}

static void test_bad_disk(void **state)
{
    static const struct {
        struct bad_disk disk;
        int before; /* records there already: 0 a new file, 3 a rotation, else an append */
        enum vg_status expected;
    } rows[] = {
        {{.failure = OPEN_FAILS, .code = ENOSPC}, 0, VG_E_LACK},
        {{.failure = OPEN_FAILS, .code = EACCES}, 0, VG_E_IO},
        {{.failure = OPEN_FAILS, .code = EMFILE}, 3, VG_E_IO},
        {{.failure = OPEN_FAILS, .code = EIO}, 1, VG_OK}, /* no file is opened for it */
        {{.failure = WRITE_FAILS, .code = ENOSPC}, 0, VG_E_LACK},
        {{.failure = WRITE_FAILS, .code = ENOSPC}, 2, VG_E_LACK},
        {{.failure = WRITE_STOPS, .code = ENOSPC}, 0, VG_E_LACK},
        {{.failure = WRITE_STOPS, .code = EDQUOT}, 2, VG_E_LACK},
        {{.failure = WRITE_STOPS, .code = ENOSPC}, 3, VG_E_LACK},
        {{.failure = WRITE_STOPS, .code = ENOSPC, .cut_fails = true}, 2, VG_E_LACK},
        {{.failure = WRITE_STOPS, .code = EIO, .cut_fails = true}, 0, VG_E_IO},
        {{.failure = SYNC_FAILS, .code = EIO}, 0, VG_E_IO},
        {{.failure = SYNC_FAILS, .code = EIO}, 2, VG_E_IO},
        {{.failure = SYNC_FAILS, .code = EIO, .cut_fails = true}, 2, VG_E_IO},
        {{.failure = FOLDER_FAILS, .code = EIO}, 0, VG_E_IO},
        {{.failure = FOLDER_FAILS, .code = EIO}, 3, VG_E_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char folder[PATH];
        (void)snprintf(folder, sizeof folder, "%s/%zu", (const char *)*state, i);
        try_bad_disk(folder, &rows[i].disk, rows[i].before, rows[i].expected);
    }
}

/* ---- power cuts ---- */

enum act {
    CREATED,
    WROTE,
    SYNCED,
    CUT,
    REMOVED,
    SYNCED_FOLDER,
    APPENDING,
    PROMISED,
    FORGETTING
};

struct step {
    enum act act;
    char name[24]; /* of the file */
    uint64_t offset, size;
    uint8_t *bytes;
    int number; /* of the alert */
};

#define STEPS_MAX 512

struct trace {
    struct vg_spool_disk real;
    struct step step[STEPS_MAX];
    size_t count;
    char fd_name[64][24];
};

static struct step *add_step(struct trace *trace, enum act act, const char *name)
{
    assert_true(trace->count < STEPS_MAX);
    struct step *step = &trace->step[trace->count++];
    *step = (struct step){.act = act};
    (void)snprintf(step->name, sizeof step->name, "%.23s", name);
    return step;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int traced_open(void *user, const char *path, enum vg_spool_how how)
{
    struct trace *trace = user;
    const int there = access(path, F_OK) == 0;
    const int fd = trace->real.open(NULL, path, how);
    assert_in_range(fd, 0, 63);
    (void)snprintf(trace->fd_name[fd], sizeof trace->fd_name[fd], "%.23s", base_of(path));
    if (!there)
        (void)add_step(trace, CREATED, base_of(path));
    return fd;
}

static ssize_t traced_write(void *user, int fd, const void *data, size_t size, uint64_t offset)
{
    struct trace *trace = user;
    struct step *step = add_step(trace, WROTE, trace->fd_name[fd]);
    step->bytes = malloc(size);
    memcpy(step->bytes, data, size);
    step->size = size;
    step->offset = offset;
    return trace->real.write(NULL, fd, data, size, offset);
}

static int traced_sync(void *user, int fd)
{
    struct trace *trace = user;
    (void)add_step(trace, SYNCED, trace->fd_name[fd]);
    return trace->real.sync(NULL, fd);
}

static int traced_cut(void *user, int fd, uint64_t size)
{
    struct trace *trace = user;
    add_step(trace, CUT, trace->fd_name[fd])->size = size;
    return trace->real.cut(NULL, fd, size);
}

static int traced_remove(void *user, const char *path)
{
    struct trace *trace = user;
    (void)add_step(trace, REMOVED, base_of(path));
    return trace->real.remove(NULL, path);
}

static int traced_sync_folder(void *user, const char *path)
{
    struct trace *trace = user;
    (void)add_step(trace, SYNCED_FOLDER, "");
    return trace->real.sync_folder(NULL, path);
}

/* A run: appends, archivings in odd orders, a restart, more of both. */
static void record_run(const char *folder, struct trace *trace)
{
    struct vg_spool_settings settings = small_settings(folder);
    struct vg_spool *spool = NULL;
    /* positive: append that number; negative: its archiving; 0: restart */
    static const int plan[] = {1,  2,  3,  4,  -2, 5,  6,  -1, -3, 7,   0,  8,  -5, 9,
                               -4, -6, 10, 11, 0,  12, -7, -8, 13, -13, 14, -9, 15, 0};
    trace->real = vg_spool_real_disk();
    settings.disk =
        (struct vg_spool_disk){trace,      traced_open,   traced_write,      traced_sync,
                               traced_cut, traced_remove, traced_sync_folder};
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) {
        if (plan[i] > 0) {
            add_step(trace, APPENDING, "")->number = plan[i];
            assert_int_equal(append(spool, plan[i]), VG_OK);
            add_step(trace, PROMISED, "")->number = plan[i];
        } else if (plan[i] < 0) {
            add_step(trace, FORGETTING, "")->number = -plan[i];
            assert_int_equal(archived(spool, -plan[i]), VG_OK);
        } else {
            vg_spool_close(&spool);
            assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
        }
    }
    vg_spool_close(&spool);
}

/* What a power cut may leave of what was not synced. */
enum fate {
    ALL_KEPT, /* everything that was asked for, and the first bytes of the last write */
    LOST,     /* nothing that was not synced */
    ZEROS     /* the file has its new length, its new bytes are zeros */
};

#define FILES_MAX 24
struct image {
    char name[FILES_MAX][24];
    uint8_t bytes[FILES_MAX][1024];
    uint64_t size[FILES_MAX];
    bool there[FILES_MAX];
    size_t count;
};

static size_t image_file(struct image *image, const char *name)
{
    for (size_t i = 0; i < image->count; i++)
        if (strcmp(image->name[i], name) == 0)
            return i;
    assert_true(image->count < FILES_MAX);
    memcpy(image->name[image->count], name, 24);
    return image->count++;
}

/* Whether the write at `at` was synced before the step `end`. */
static bool was_synced(const struct trace *trace, size_t at, size_t end)
{
    for (size_t i = at; i < end; i++)
        if (trace->step[i].act == SYNCED && strcmp(trace->step[i].name, trace->step[at].name) == 0)
            return true;
    return false;
}

static void replay(const struct trace *trace, size_t end, size_t partial, enum fate fate,
                   struct image *image)
{
    memset(image, 0, sizeof *image);
    for (size_t i = 0; i <= end && i < trace->count; i++) {
        const struct step *step = &trace->step[i];
        uint64_t size = step->size;
        if (i == end) {
            if (step->act != WROTE || partial == 0)
                break;
            size = partial;
        }
        switch (step->act) {
        case CREATED: {
            const size_t f = image_file(image, step->name);
            image->there[f] = true;
            image->size[f] = 0;
            break;
        }
        case WROTE: {
            const bool kept = fate == ALL_KEPT || was_synced(trace, i, end);
            if (!kept && fate == LOST)
                break;
            const size_t f = image_file(image, step->name);
            image->there[f] = true;
            assert_true(step->offset + size <= sizeof image->bytes[f]);
            if (kept)
                memcpy(image->bytes[f] + step->offset, step->bytes, size);
            else
                memset(image->bytes[f] + step->offset, 0, size);
            if (image->size[f] < step->offset + size)
                image->size[f] = step->offset + size;
            break;
        }
        case CUT:
            image->size[image_file(image, step->name)] = step->size;
            break;
        case REMOVED:
            image->there[image_file(image, step->name)] = false;
            break;
        case SYNCED:
        case SYNCED_FOLDER:
        case APPENDING:
        case PROMISED:
        case FORGETTING:
            break;
        }
    }
}

static void write_image(const struct image *image, const char *folder)
{
    store_remove_tree(folder, 0);
    assert_int_equal(vg_folder_make(folder, NULL), VG_OK);
    for (size_t i = 0; i < image->count; i++) {
        char path[PATH];
        if (!image->there[i])
            continue;
        assert_int_equal(vg_path_join(path, sizeof path, folder, image->name[i]), VG_OK);
        const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(vg_fd_write(fd, image->bytes[i], image->size[i]), VG_OK);
        (void)close(fd);
    }
}

/* What must be there, and what may be. */
static void judge(const struct trace *trace, size_t end, const char *folder)
{
    bool must[32] = {false}, may[32] = {false}, held[32];
    struct vg_spool_settings settings = small_settings(folder);
    struct vg_spool *spool = NULL;
    for (size_t i = 0; i < end; i++) {
        const struct step *step = &trace->step[i];
        if (step->act == APPENDING)
            may[step->number] = true;
        if (step->act == PROMISED)
            must[step->number] = true;
        if (step->act == FORGETTING)
            must[step->number] = false;
    }
    /* no sync here: this folder need not survive a power cut of its own */
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    read_held(spool, held, 32);
    for (int i = 0; i < 32; i++) {
        assert_true(held[i] || !must[i]);
        assert_true(may[i] || !held[i]);
    }
    assert_int_equal(append(spool, 31), VG_OK); /* and it goes on */
    vg_spool_close(&spool);
    assert_int_equal(vg_spool_open(&spool, &settings, NULL, NULL), VG_OK);
    bool again[32];
    read_held(spool, again, 32);
    for (int i = 0; i < 31; i++)
        assert_int_equal(again[i], held[i]);
    assert_true(again[31]);
    vg_spool_close(&spool);
}

static void test_power_cut(void **state)
{
    char run[PATH], cut[PATH];
    static struct image image;
    struct trace *trace = calloc(1, sizeof *trace);
    size_t images = 0;
    (void)snprintf(run, sizeof run, "%s/run", (const char *)*state);
    (void)snprintf(cut, sizeof cut, "%s/cut", (const char *)*state);
    record_run(run, trace);
    for (size_t end = 0; end <= trace->count; end++) {
        const bool writes = end < trace->count && trace->step[end].act == WROTE;
        const size_t size = writes ? trace->step[end].size : 0;
        for (int fate = ALL_KEPT; fate <= ZEROS; fate++) {
            /* what is lost does not depend on how far the last write came */
            for (size_t partial = 0; partial <= (fate == LOST ? 0 : size); partial += CUT_STEP) {
                replay(trace, end, partial, (enum fate)fate, &image);
                write_image(&image, cut);
                judge(trace, end, cut);
                images++;
            }
        }
    }
    print_message("%zu steps, %zu power cuts\n", trace->count, images);
    assert_true(images > 2000 / CUT_STEP);
    for (size_t i = 0; i < trace->count; i++)
        free(trace->step[i].bytes);
    free(trace);
}

int main(void)
{
    (void)setenv("VIGIE_LOG", "error", 0); /* it says what it finds, thousands of times here */
    vg_log_init("test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),
        cmocka_unit_test_setup_teardown(test_append_and_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_states, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_smaller_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_prefix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_bit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tail_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_power_cut, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
