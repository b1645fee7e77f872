#include "src/store/coverage_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/base/text.h"
#include "src/store/day_file.h"

#define HEAD   VG_COVERAGE_HEAD_BYTES
#define RECORD VG_COVERAGE_RECORD_BYTES
#define READS  3 /* of a file that is being written */

static_assert(VG_COVERAGE_CAUSES == 10, "another number of causes is another version of the file");
static_assert(24 + 4 * VG_COVERAGE_CAUSES == VG_COVERAGE_RECORD_BYTES, "a record is full");
static_assert(HEAD % RECORD == 0 && 512 % RECORD == 0, "no record crosses a sector");

static const struct vg_day_kind kind = {.name = "coverage",
                                        .magic = {'V', 'G', 'C', 'O', 'V', 'E', 'R', '1'},
                                        .record_bytes = RECORD,
                                        .own = VG_COVERAGE_CAUSES};

/* ---- records ---- */

static uint32_t record_check(const uint8_t *p, int64_t minute)
{
    uint8_t name[8];
    vg_put64(name, (uint64_t)minute);
    return vg_crc32c(vg_crc32c(0, name, sizeof name), p + 4, RECORD - 4);
}

static void put_record(uint8_t *p, const struct vg_coverage_row *row)
{
    vg_put16(p + 4, vg_minute_of_day(row->minute));
    p[6] = (uint8_t)((uint32_t)row->first | (uint32_t)row->last << 4);
    p[7] = row->stepped;
    vg_put32(p + 8, row->begin_us);
    vg_put32(p + 12, row->head_us);
    vg_put32(p + 16, row->tail_us);
    vg_put16(p + 20, row->wanted);
    vg_put16(p + 22, row->analysed);
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        vg_put32(p + 24 + 4 * c, row->part_us[c]);
    vg_put32(p, record_check(p, row->minute));
}

/* Whether there is a row. The checks hold for whatever stands there, the CRC's forgers included. */
static bool get_record(const uint8_t *p, int64_t minute, struct vg_coverage_row *row)
{
    const uint32_t first = p[6] & 15u, last = p[6] >> 4;
    if (vg_get32(p) != record_check(p, minute) || vg_get16(p + 4) != vg_minute_of_day(minute) ||
        first >= VG_COVERAGE_CAUSES || last >= VG_COVERAGE_CAUSES || p[7] > 1)
        return false;
    *row = (struct vg_coverage_row){
        .minute = minute,
        .begin_us = vg_get32(p + 8),
        .stepped = p[7] == 1,
        .first = (enum vg_coverage_cause)first,
        .last = (enum vg_coverage_cause)last,
        .head_us = vg_get32(p + 12),
        .tail_us = vg_get32(p + 16),
        .wanted = vg_get16(p + 20),
        .analysed = vg_get16(p + 22),
    };
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        row->part_us[c] = vg_get32(p + 24 + 4 * c);
    return row->begin_us < VG_COVERAGE_MINUTE_US && row->head_us <= row->part_us[first] &&
           row->tail_us <= row->part_us[last];
}

int64_t vg_coverage_day_of(int64_t minute)
{
    return vg_day_of(minute);
}

enum vg_status vg_coverage_file_parse(const uint8_t *bytes, size_t size,
                                      struct vg_coverage_day *day)
{
    memset(day, 0, sizeof *day);
    if (size < HEAD || size > VG_COVERAGE_FILE_BYTES ||
        vg_day_head_get(&kind, bytes, &day->day, day->flux))
        return VG_E_INPUT;
    for (uint32_t i = 0; HEAD + (i + 1) * RECORD <= size && i < VG_COVERAGE_DAY_MINUTE; i++) {
        const uint8_t *p = bytes + HEAD + i * RECORD;
        day->there[i] = get_record(p, day->day * VG_COVERAGE_DAY_MINUTE + i, &day->row[i]);
        day->damaged += !day->there[i] && !vg_all_zero(p, RECORD);
    }
    return VG_OK;
}

void vg_coverage_file_pack(const struct vg_coverage_day *day, uint8_t *bytes)
{
    memset(bytes, 0, VG_COVERAGE_FILE_BYTES);
    vg_day_head_put(&kind, day->day, day->flux, bytes);
    for (uint32_t i = 0; i < VG_COVERAGE_DAY_MINUTE; i++) {
        if (!day->there[i])
            continue;
        assert(day->row[i].minute == day->day * VG_COVERAGE_DAY_MINUTE + i);
        put_record(bytes + HEAD + i * RECORD, &day->row[i]);
    }
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
    char path[VG_DAY_PATH_SIZE];
    enum vg_status status = vg_day_path(&kind, data, flux, day, path, fault);
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
    char path[VG_DAY_PATH_SIZE];
    uint8_t bytes[RECORD] = {0};
    const off_t at = (off_t)(HEAD + vg_minute_of_day(minute) * RECORD);
    const enum vg_status status =
        vg_day_path(&kind, data, flux, vg_coverage_day_of(minute), path, fault);
    if (status)
        return status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return vg_day_io_fault(fault, N_("the file cannot be read"), path);
    const ssize_t got = fd < 0 ? 0 : pread(fd, bytes, sizeof bytes, at);
    if (fd >= 0)
        (void)close(fd);
    if (got < 0)
        return vg_day_io_fault(fault, N_("the file cannot be read"), path);
    if (got == (ssize_t)sizeof bytes && get_record(bytes, minute, row))
        return VG_OK;
    return vg_fault_set(fault, VG_E_MISSING, N_("the file is not there"), NULL, "%s", path);
}

/* ---- writing ---- */

enum vg_status vg_coverage_row_write(const char *data, const char *flux,
                                     const struct vg_coverage_row *row, enum vg_file_sync sync,
                                     struct vg_fault *fault)
{
    char path[VG_DAY_PATH_SIZE];
    uint8_t bytes[RECORD];
    int fd;
    enum vg_status status = vg_day_open(&kind, data, flux, vg_day_of(row->minute),
                                        VG_COVERAGE_FILE_BYTES, &fd, path, fault);
    if (status)
        return status;
    put_record(bytes, row);
    bool good =
        vg_day_write_at(fd, bytes, RECORD, (off_t)(HEAD + vg_minute_of_day(row->minute) * RECORD));
    if (good && sync == VG_FILE_SYNCED)
        good = fdatasync(fd) == 0;
    if (!good)
        status = vg_day_io_fault(fault, N_("the file cannot be written"), path);
    (void)close(fd);
    return status;
}

enum vg_status vg_coverage_sweep(const char *data, int64_t today, int64_t keep_days,
                                 uint32_t *removed, struct vg_fault *fault)
{
    return vg_day_sweep(&kind, data, today, keep_days, removed, fault);
}
