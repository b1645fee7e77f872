#include "src/store/measures_file.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/base/file.h"
#include "src/base/text.h"

#define HEAD   VG_DAY_HEAD_BYTES
#define RECORD VG_MEASURES_RECORD_BYTES
#define CURVE  VG_MEASURES_CURVE_BYTES
#define PLACE  8 /* in the head of a curve */
#define NAME   72

static_assert(sizeof(double) == 8, "a number of a file is a double");
static_assert(512 % RECORD == 0 && HEAD % RECORD == 0, "no record crosses a sector");
static_assert(PLACE + VG_MEASURES_PLACE_SIZE == NAME, "the names of a curve follow each other");

static const struct vg_day_kind kind = {.name = "measures",
                                        .magic = {'V', 'G', 'M', 'E', 'A', 'S', 'U', '1'},
                                        .record_bytes = RECORD,
                                        .own = CURVE};

/* ---- heads and records ---- */

static void put_double(uint8_t *p, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    vg_put64(p, bits);
}

static double get_double(const uint8_t *p)
{
    const uint64_t bits = vg_get64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint32_t curve_check(const uint8_t *p, uint32_t curve)
{
    uint8_t name[4];
    vg_put32(name, curve);
    return vg_crc32c(vg_crc32c(0, name, sizeof name), p + 4, HEAD - 4);
}

static void put_curve(uint8_t *p, uint32_t number, const struct vg_measures_curve *curve)
{
    memset(p, 0, HEAD);
    memcpy(p + PLACE, curve->place, strlen(curve->place));
    memcpy(p + NAME, curve->measure, strlen(curve->measure));
    vg_put32(p, curve_check(p, number));
}

/* Names of scenes and of events: a line of text, and zeros behind it. */
static bool is_text(const char *text, size_t size)
{
    const size_t n = strnlen(text, size);
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)text[i] < ' ')
            return false;
    return n < size && vg_all_zero((const uint8_t *)text + n, size - n);
}

static bool get_curve(const uint8_t *p, uint32_t number, struct vg_measures_curve *curve)
{
    if (vg_get32(p) != curve_check(p, number))
        return false;
    memcpy(curve->place, p + PLACE, sizeof curve->place);
    memcpy(curve->measure, p + NAME, sizeof curve->measure);
    return curve->measure[0] && is_text(curve->place, sizeof curve->place) &&
           is_text(curve->measure, sizeof curve->measure);
}

static uint32_t record_check(const uint8_t *p, uint32_t curve, int64_t minute)
{
    uint8_t name[12];
    vg_put64(name, (uint64_t)minute);
    vg_put32(name + 8, curve);
    return vg_crc32c(vg_crc32c(0, name, sizeof name), p + 4, RECORD - 4);
}

static void put_record(uint8_t *p, uint32_t curve, const struct vg_measure_row *row)
{
    vg_put32(p + 4, row->pictures);
    put_double(p + 8, row->sum);
    put_double(p + 16, row->least);
    put_double(p + 24, row->greatest);
    vg_put32(p, record_check(p, curve, row->minute));
}

static enum vg_measures_record get_record(const uint8_t *p, uint32_t curve, int64_t minute,
                                          struct vg_measure_row *row)
{
    if (vg_all_zero(p, RECORD))
        return VG_MEASURES_UNWRITTEN;
    *row = (struct vg_measure_row){.minute = minute,
                                   .pictures = vg_get32(p + 4),
                                   .sum = get_double(p + 8),
                                   .least = get_double(p + 16),
                                   .greatest = get_double(p + 24)};
    return vg_get32(p) == record_check(p, curve, minute) && vg_measure_row_holds(row)
               ? VG_MEASURES_GOOD
               : VG_MEASURES_DAMAGED;
}

static size_t curve_at(uint32_t curve)
{
    return HEAD + (size_t)curve * CURVE;
}

static size_t record_at(uint32_t curve, uint32_t minute)
{
    return curve_at(curve) + HEAD + (size_t)minute * RECORD;
}

enum vg_status vg_measures_parse(const uint8_t *bytes, size_t size, struct vg_measures_day *day)
{
    memset(day, 0, sizeof *day);
    if (size < HEAD || size > VG_MEASURES_FILE_BYTES_MAX ||
        vg_day_head_get(&kind, bytes, &day->day, day->flux))
        return VG_E_INPUT;
    for (uint32_t c = 0; c < VG_MEASURES_CURVES_MAX && curve_at(c) + HEAD <= size; c++) {
        const uint8_t *p = bytes + curve_at(c);
        day->curve_count = c + 1;
        if (get_curve(p, c, &day->curve[c]))
            continue;
        memset(&day->curve[c], 0, sizeof day->curve[c]);
        day->damaged += !vg_all_zero(p, HEAD);
    }
    return VG_OK;
}

enum vg_measures_record vg_measures_row(const uint8_t *bytes, size_t size,
                                        const struct vg_measures_day *day, uint32_t curve,
                                        uint32_t minute, struct vg_measure_row *row)
{
    assert(curve < day->curve_count && minute < VG_DAY_MINUTES);
    const size_t at = record_at(curve, minute);
    if (at + RECORD > size)
        return VG_MEASURES_UNWRITTEN;
    return get_record(bytes + at, curve, day->day * VG_DAY_MINUTES + minute, row);
}

/* ---- reading ---- */

enum vg_status vg_measures_read(const char *data, const char *flux, int64_t number, uint8_t **bytes,
                                size_t *size, struct vg_measures_day *day, struct vg_fault *fault)
{
    char path[VG_DAY_PATH_SIZE];
    *bytes = NULL;
    enum vg_status status = vg_day_path(&kind, data, flux, number, path, fault);
    if (!status)
        status = vg_file_read(path, VG_MEASURES_FILE_BYTES_MAX, bytes, size, fault);
    if (status)
        return status == VG_E_FULL ? VG_E_INPUT : status;
    if (vg_measures_parse(*bytes, *size, day) == VG_OK && day->day == number &&
        strcmp(day->flux, flux) == 0)
        return VG_OK;
    vg_free(*bytes);
    *bytes = NULL;
    return vg_fault_set(fault, VG_E_INPUT, N_("not a file of measures"), NULL, "%s", path);
}

/* ---- writing ---- */

static bool read_at(int fd, uint8_t *bytes, size_t size, size_t at)
{
    memset(bytes, 0, size); /* behind the end nothing is written yet */
    return pread(fd, bytes, size, (off_t)at) >= 0;
}

/* The curve of these names, or the first place where none begins; false and errno: none left
 * (EDOM), or the disk. */
static bool find_curve(int fd, const uint8_t want[HEAD], uint32_t *number)
{
    uint32_t free_one = VG_MEASURES_CURVES_MAX;
    for (uint32_t c = 0; c < VG_MEASURES_CURVES_MAX; c++) {
        uint8_t found[HEAD];
        if (!read_at(fd, found, HEAD, curve_at(c)))
            return false;
        *number = c;
        if (vg_get32(found) == curve_check(found, c) && memcmp(found + 4, want + 4, HEAD - 4) == 0)
            return true;
        if (!vg_all_zero(found, HEAD))
            continue;
        free_one = c;
        break; /* curves follow each other */
    }
    *number = free_one;
    errno = EDOM;
    return free_one < VG_MEASURES_CURVES_MAX;
}

/* Its head, and zeros for its records. */
static bool begin_curve(int fd, uint32_t number, const struct vg_measures_curve *curve)
{
    uint8_t head[HEAD];
    struct stat st;
    put_curve(head, number, curve);
    const off_t end = (off_t)curve_at(number + 1);
    return fstat(fd, &st) == 0 && (st.st_size >= end || ftruncate(fd, end) == 0) &&
           vg_day_write_at(fd, head, HEAD, (off_t)curve_at(number));
}

static bool join_row(int fd, uint32_t number, const struct vg_measure_row *row)
{
    const size_t at = record_at(number, vg_minute_of_day(row->minute));
    uint8_t bytes[RECORD];
    struct vg_measure_row whole;
    if (!read_at(fd, bytes, RECORD, at))
        return false;
    if (get_record(bytes, number, row->minute, &whole) == VG_MEASURES_GOOD)
        vg_measure_row_join(&whole, row);
    else
        whole = *row;
    put_record(bytes, number, &whole);
    return vg_day_write_at(fd, bytes, RECORD, (off_t)at);
}

static bool add(int fd, const struct vg_measures_curve *curve, const struct vg_measure_row *row)
{
    uint8_t want[HEAD], found[HEAD];
    uint32_t number;
    put_curve(want, 0, curve);
    if (!find_curve(fd, want, &number) || !read_at(fd, found, HEAD, curve_at(number)))
        return false;
    return (!vg_all_zero(found, HEAD) || begin_curve(fd, number, curve)) &&
           join_row(fd, number, row);
}

enum vg_status vg_measures_add(const char *data, const char *flux,
                               const struct vg_measures_curve *curve,
                               const struct vg_measure_row *row, struct vg_fault *fault)
{
    char path[VG_DAY_PATH_SIZE];
    int fd;
    if (!curve->measure[0] || !is_text(curve->measure, sizeof curve->measure) ||
        !is_text(curve->place, sizeof curve->place) || !vg_measure_row_holds(row))
        return vg_fault_set(fault, VG_E_CALL, N_("not a measure"), NULL, "%s", flux);
    enum vg_status status =
        vg_day_open(&kind, data, flux, vg_day_of(row->minute), HEAD, &fd, path, fault);
    if (status)
        return status;
    if (!add(fd, curve, row))
        status =
            errno == EDOM
                ? vg_fault_set(fault, VG_E_FULL, N_("a flux has too many measures for a day"),
                               N_("the scene was changed often: it is well tomorrow"), "%s", path)
                : vg_day_io_fault(fault, N_("the file cannot be written"), path);
    (void)close(fd);
    return status;
}

enum vg_status vg_measures_sweep(const char *data, int64_t today, int64_t keep_days,
                                 uint32_t *removed, struct vg_fault *fault)
{
    return vg_day_sweep(&kind, data, today, keep_days, removed, fault);
}
