#include "src/store/coverage_file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/base/text.h"

#define HEAD      VG_COVERAGE_HEAD_BYTES
#define RECORD    VG_COVERAGE_RECORD_BYTES
#define ENDING    ".coverage"
#define DATE_SIZE 16
#define PATH_SIZE 4096
#define READS     3 /* of a file that is being written */

static_assert(VG_COVERAGE_CAUSES == 10, "another number of causes is another version of the file");
static_assert(24 + 4 * VG_COVERAGE_CAUSES == VG_COVERAGE_RECORD_BYTES, "a record is full");
static_assert(HEAD % RECORD == 0 && 512 % RECORD == 0, "no record crosses a sector");

static const char magic[8] = {'V', 'G', 'C', 'O', 'V', 'E', 'R', '1'};

static void put16(uint8_t *p, uint32_t v)
{
    v = v > UINT16_MAX ? UINT16_MAX : v;
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return (uint64_t)get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* ---- head and records ---- */

static void put_head(uint8_t *p, int64_t day, const char *flux)
{
    memset(p, 0, HEAD);
    memcpy(p, magic, sizeof magic);
    put32(p + 8, HEAD);
    put32(p + 12, RECORD);
    put32(p + 16, VG_COVERAGE_DAY_MINUTE);
    put32(p + 20, VG_COVERAGE_CAUSES);
    put64(p + 24, (uint64_t)day);
    memcpy(p + 32, flux, strlen(flux));
    put32(p + 124, vg_crc32c(0, p, 124));
}

static bool head_good(const uint8_t *p)
{
    return memcmp(p, magic, sizeof magic) == 0 && get32(p + 8) == HEAD && get32(p + 12) == RECORD &&
           get32(p + 16) == VG_COVERAGE_DAY_MINUTE && get32(p + 20) == VG_COVERAGE_CAUSES &&
           p[32 + VG_FLUX_ID_SIZE - 1] == 0 && get32(p + 124) == vg_crc32c(0, p, 124);
}

static uint32_t record_check(const uint8_t *p, int64_t minute)
{
    uint8_t name[8];
    put64(name, (uint64_t)minute);
    return vg_crc32c(vg_crc32c(0, name, sizeof name), p + 4, RECORD - 4);
}

static uint32_t minute_of_day(int64_t minute)
{
    return (uint32_t)(minute - vg_coverage_day_of(minute) * VG_COVERAGE_DAY_MINUTE);
}

static void put_record(uint8_t *p, const struct vg_coverage_row *row)
{
    put16(p + 4, minute_of_day(row->minute));
    p[6] = (uint8_t)((uint32_t)row->first | (uint32_t)row->last << 4);
    p[7] = row->stepped;
    put32(p + 8, row->begin_us);
    put32(p + 12, row->head_us);
    put32(p + 16, row->tail_us);
    put16(p + 20, row->wanted);
    put16(p + 22, row->analysed);
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        put32(p + 24 + 4 * c, row->part_us[c]);
    put32(p, record_check(p, row->minute));
}

/* Whether there is a row. The checks hold for whatever stands there, the CRC's forgers included. */
static bool get_record(const uint8_t *p, int64_t minute, struct vg_coverage_row *row)
{
    const uint32_t first = p[6] & 15u, last = p[6] >> 4;
    if (get32(p) != record_check(p, minute) || get16(p + 4) != minute_of_day(minute) ||
        first >= VG_COVERAGE_CAUSES || last >= VG_COVERAGE_CAUSES || p[7] > 1)
        return false;
    *row = (struct vg_coverage_row){
        .minute = minute,
        .begin_us = get32(p + 8),
        .stepped = p[7] == 1,
        .first = (enum vg_coverage_cause)first,
        .last = (enum vg_coverage_cause)last,
        .head_us = get32(p + 12),
        .tail_us = get32(p + 16),
        .wanted = get16(p + 20),
        .analysed = get16(p + 22),
    };
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        row->part_us[c] = get32(p + 24 + 4 * c);
    return row->begin_us < VG_COVERAGE_MINUTE_US && row->head_us <= row->part_us[first] &&
           row->tail_us <= row->part_us[last];
}

static bool unwritten(const uint8_t *p)
{
    for (uint32_t i = 0; i < RECORD; i++)
        if (p[i])
            return false;
    return true;
}

int64_t vg_coverage_day_of(int64_t minute)
{
    const int64_t day = minute / VG_COVERAGE_DAY_MINUTE;
    return minute % VG_COVERAGE_DAY_MINUTE < 0 ? day - 1 : day;
}

enum vg_status vg_coverage_file_parse(const uint8_t *bytes, size_t size,
                                      struct vg_coverage_day *day)
{
    memset(day, 0, sizeof *day);
    if (size < HEAD || size > VG_COVERAGE_FILE_BYTES || !head_good(bytes))
        return VG_E_INPUT;
    const int64_t number = (int64_t)get64(bytes + 24);
    if (number < -INT32_MAX || number > INT32_MAX)
        return VG_E_INPUT;
    day->day = number;
    memcpy(day->flux, bytes + 32, VG_FLUX_ID_SIZE);
    for (uint32_t i = 0; HEAD + (i + 1) * RECORD <= size && i < VG_COVERAGE_DAY_MINUTE; i++) {
        const uint8_t *p = bytes + HEAD + i * RECORD;
        day->there[i] = get_record(p, number * VG_COVERAGE_DAY_MINUTE + i, &day->row[i]);
        day->damaged += !day->there[i] && !unwritten(p);
    }
    return VG_OK;
}

void vg_coverage_file_pack(const struct vg_coverage_day *day, uint8_t *bytes)
{
    memset(bytes, 0, VG_COVERAGE_FILE_BYTES);
    put_head(bytes, day->day, day->flux);
    for (uint32_t i = 0; i < VG_COVERAGE_DAY_MINUTE; i++) {
        if (!day->there[i])
            continue;
        assert(day->row[i].minute == day->day * VG_COVERAGE_DAY_MINUTE + i);
        put_record(bytes + HEAD + i * RECORD, &day->row[i]);
    }
}

/* ---- paths ---- */

static enum vg_status date_of(int64_t day, char date[DATE_SIZE])
{
    const time_t t = (time_t)(day * 86400);
    struct tm tm;
    return gmtime_r(&t, &tm) && strftime(date, DATE_SIZE, "%Y-%m-%d", &tm) == 10 ? VG_OK
                                                                                 : VG_E_CALL;
}

/* flux NULL: the day's folder. */
static enum vg_status path_of(const char *data, const char *flux, int64_t day, char path[PATH_SIZE],
                              struct vg_fault *fault)
{
    char date[DATE_SIZE] = "";
    if ((flux && !vg_flux_id_valid(flux)) || date_of(day, date))
        return vg_fault_set(fault, VG_E_CALL, N_("a flux cannot have this id"), NULL, "%s",
                            flux ? flux : data);
    const int n = flux ? snprintf(path, PATH_SIZE, "%s/coverage/%s/%s" ENDING, data, date, flux)
                       : snprintf(path, PATH_SIZE, "%s/coverage/%s", data, date);
    if (n < 0 || n >= PATH_SIZE)
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", data);
    return VG_OK;
}

static enum vg_status io_fault(struct vg_fault *fault, const char *what, const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return vg_fault_set(fault, VG_E_LACK, N_("the disk is full"), N_("make room on it"), "%s",
                            path);
    return vg_fault_set(fault, VG_E_IO, what, N_("check its rights and its disk"), "%s", path);
}

/* ---- reading ---- */

static enum vg_status read_once(const char *path, const char *flux, int64_t day,
                                struct vg_coverage_day *out, struct vg_fault *fault)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum vg_status status = vg_file_read(path, VG_COVERAGE_FILE_BYTES, &bytes, &size, fault);
    if (status)
        return status == VG_E_FULL ? VG_E_INPUT : status;
    status = vg_coverage_file_parse(bytes, size, out);
    vg_free(bytes);
    if (status || out->day != day || strcmp(out->flux, flux) != 0)
        return vg_fault_set(fault, VG_E_INPUT, N_("not a file of the coverage"), NULL, "%s", path);
    return VG_OK;
}

enum vg_status vg_coverage_day_read(const char *data, const char *flux, int64_t day,
                                    struct vg_coverage_day *out, struct vg_fault *fault)
{
    char path[PATH_SIZE];
    enum vg_status status = path_of(data, flux, day, path, fault);
    for (int i = 0; !status && i < READS; i++) {
        status = read_once(path, flux, day, out, fault);
        if (!status && out->damaged == 0)
            break;
    }
    return status;
}

enum vg_status vg_coverage_row_read(const char *data, const char *flux, int64_t minute,
                                    struct vg_coverage_row *row, struct vg_fault *fault)
{
    char path[PATH_SIZE];
    uint8_t bytes[RECORD] = {0};
    const off_t at = (off_t)(HEAD + minute_of_day(minute) * RECORD);
    const enum vg_status status = path_of(data, flux, vg_coverage_day_of(minute), path, fault);
    if (status)
        return status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return io_fault(fault, N_("the file cannot be read"), path);
    const ssize_t got = fd < 0 ? 0 : pread(fd, bytes, sizeof bytes, at);
    if (fd >= 0)
        (void)close(fd);
    if (got < 0)
        return io_fault(fault, N_("the file cannot be read"), path);
    if (got == (ssize_t)sizeof bytes && get_record(bytes, minute, row))
        return VG_OK;
    return vg_fault_set(fault, VG_E_MISSING, N_("the file is not there"), NULL, "%s", path);
}

/* ---- writing ---- */

static bool write_at(int fd, const uint8_t *bytes, size_t size, off_t at)
{
    const ssize_t n = pwrite(fd, bytes, size, at);
    if (n >= 0 && (size_t)n != size)
        errno = ENOSPC; /* a file of records is cut short by nothing else */
    return n >= 0 && (size_t)n == size;
}

static void sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd); /* what is written in the file counts, and is said */
    (void)close(fd);
}

/* A new file, or one whose head was lost: its records are their own proof. A new file is on the
 * disk with its folder before anything is written in it. */
static bool make_head(int fd, const char *folder, const char *flux, int64_t day)
{
    uint8_t head[HEAD], found[HEAD] = {0};
    put_head(head, day, flux);
    if (pread(fd, found, HEAD, 0) == (ssize_t)HEAD && memcmp(head, found, HEAD) == 0)
        return true;
    struct stat st;
    if (!write_at(fd, head, HEAD, 0) || fstat(fd, &st) != 0 ||
        (st.st_size != (off_t)VG_COVERAGE_FILE_BYTES &&
         ftruncate(fd, (off_t)VG_COVERAGE_FILE_BYTES) != 0) ||
        fsync(fd) != 0)
        return false;
    sync_folder(folder);
    return true;
}

static int open_for_writing(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

enum vg_status vg_coverage_row_write(const char *data, const char *flux,
                                     const struct vg_coverage_row *row, enum vg_file_sync sync,
                                     struct vg_fault *fault)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    const int64_t day = vg_coverage_day_of(row->minute);
    uint8_t bytes[RECORD];
    enum vg_status status = path_of(data, flux, day, path, fault);
    if (!status)
        status = path_of(data, NULL, day, folder, fault);
    if (status)
        return status;
    int fd = open_for_writing(path);
    if (fd < 0 && errno == ENOENT) {
        status = vg_folder_make(folder, fault);
        if (status)
            return status;
        fd = open_for_writing(path);
    }
    if (fd < 0)
        return io_fault(fault, N_("the file cannot be written"), path);
    put_record(bytes, row);
    bool good = make_head(fd, folder, flux, day) &&
                write_at(fd, bytes, RECORD, (off_t)(HEAD + minute_of_day(row->minute) * RECORD));
    if (good && sync == VG_FILE_SYNCED)
        good = fdatasync(fd) == 0;
    if (!good)
        status = io_fault(fault, N_("the file cannot be written"), path);
    (void)close(fd);
    return status;
}

/* ---- old days ---- */

static bool is_date(const char *name)
{
    static const char form[] = "dddd-dd-dd";
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
            return false;
    return name[sizeof form - 1] == '\0';
}

static bool has_ending(const char *name)
{
    const size_t size = strlen(name), n = sizeof ENDING - 1;
    return size > n && strcmp(name + size - n, ENDING) == 0;
}

static bool remove_day(const char *folder)
{
    DIR *open = opendir(folder);
    for (const struct dirent *e; open && (e = readdir(open)) != NULL;) {
        char path[PATH_SIZE];
        if (has_ending(e->d_name) && !vg_path_join(path, sizeof path, folder, e->d_name))
            (void)unlink(path);
    }
    if (open)
        (void)closedir(open);
    return rmdir(folder) == 0;
}

enum vg_status vg_coverage_sweep(const char *data, int64_t today, int64_t keep_days,
                                 uint32_t *removed, struct vg_fault *fault)
{
    char root[PATH_SIZE], oldest[DATE_SIZE];
    *removed = 0;
    if (vg_path_join(root, sizeof root, data, "coverage") || date_of(today - keep_days, oldest))
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", data);
    DIR *open = opendir(root);
    if (!open)
        return errno == ENOENT ? VG_OK : io_fault(fault, N_("the folder cannot be read"), root);
    for (const struct dirent *e; (e = readdir(open)) != NULL;) {
        char folder[PATH_SIZE];
        if (is_date(e->d_name) && strcmp(e->d_name, oldest) < 0 &&
            !vg_path_join(folder, sizeof folder, root, e->d_name))
            *removed += remove_day(folder);
    }
    (void)closedir(open);
    return VG_OK;
}
