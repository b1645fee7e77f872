/* Where the ledger of coverage lives: one file per flux and UTC day,
 *
 *   DATA/coverage/YYYY-MM-DD/FLUX.coverage        92 288 bytes
 *
 *   0     head, 128 bytes
 *   128   1440 records of 64 bytes: minute 00:00, 00:01, ...; all zero: never written
 *
 * A minute has a fixed place and a record never crosses a sector: written anew every few seconds
 * by one pwrite, killed or cut at any point, it spoils no other. Numbers are little-endian.
 *
 *   head    0 "VGCOVER1"   8 u32 bytes of the head   12 u32 bytes of a record   16 u32 records
 *          20 u32 causes  24 i64 day since 1970-01-01  32 id of the flux, 64 bytes, zeros behind
 *          96 zeros      124 u32 CRC-32C of bytes 0 to 123
 *   record  0 u32 CRC-32C of the minute since 1970 (i64) and of bytes 4 to 63
 *           4 u16 minute of the day   6 u8 first cause | last cause << 4   7 u8 1: stepped
 *           8 u32 begin_us  12 u32 head_us  16 u32 tail_us  20 u16 wanted  22 u16 analysed
 *          24 u32 parts, microseconds, of the ten causes in the order of src/base/coverage.h
 *
 * Counts above 65 535 stay there. One process writes (analysis), any reads; a record read while
 * it is written fails its CRC and is read again. */
#ifndef VG_STORE_COVERAGE_FILE_H
#define VG_STORE_COVERAGE_FILE_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/coverage.h"
#include "src/base/fault.h"
#include "src/base/file.h"
#include "src/store/config.h"

#define VG_COVERAGE_HEAD_BYTES   128u
#define VG_COVERAGE_RECORD_BYTES 64u
#define VG_COVERAGE_FILE_BYTES \
    (VG_COVERAGE_HEAD_BYTES + VG_COVERAGE_DAY_MINUTE * VG_COVERAGE_RECORD_BYTES)
#define VG_COVERAGE_KEEP_DAYS 30 /* whole days that are kept, beside today */

/* A file's content. */
struct vg_coverage_day {
    int64_t day; /* since 1970-01-01 UTC */
    char flux[VG_FLUX_ID_SIZE];
    uint32_t damaged; /* records that are neither good nor unwritten */
    bool there[VG_COVERAGE_DAY_MINUTE];
    struct vg_coverage_row row[VG_COVERAGE_DAY_MINUTE]; /* where there */
};

/* A minute's day; floors. Pure. */
int64_t vg_coverage_day_of(int64_t minute);

/* Bytes to struct; a file that ends early lacks its last minutes. VG_E_INPUT: no such file. Pure. */
enum vg_status vg_coverage_file_parse(const uint8_t *bytes, size_t size,
                                      struct vg_coverage_day *day) VG_MUST_USE;
/* Struct to VG_COVERAGE_FILE_BYTES; rows have minutes of the day. Pure. */
void vg_coverage_file_pack(const struct vg_coverage_day *day, uint8_t *bytes);

/* A day of a flux. VG_E_MISSING: nothing was written; VG_E_INPUT: not such a file, or another
 * flux's; VG_E_CALL: no id of a flux; VG_E_IO, VG_E_MEMORY. */
enum vg_status vg_coverage_day_read(const char *data, const char *flux, int64_t day,
                                    struct vg_coverage_day *out,
                                    struct vg_fault *fault) VG_MUST_USE;

/* The row of that minute. VG_E_MISSING: not written, or damaged; others as above. */
enum vg_status vg_coverage_row_read(const char *data, const char *flux, int64_t minute,
                                    struct vg_coverage_row *row,
                                    struct vg_fault *fault) VG_MUST_USE;

/* Puts a row at its minute, over what stands there; makes folder and file. VG_FILE_SYNCED: it
 * survives a power cut. VG_E_LACK (disk full), VG_E_IO, VG_E_CALL (no id of a flux). */
enum vg_status vg_coverage_row_write(const char *data, const char *flux,
                                     const struct vg_coverage_row *row, enum vg_file_sync sync,
                                     struct vg_fault *fault) VG_MUST_USE;

/* Removes the days that are older than `keep_days` before the one of `today`; *removed of them.
 * What is not a day of ours stays. A folder that cannot be removed is left for the next time. */
enum vg_status vg_coverage_sweep(const char *data, int64_t today, int64_t keep_days,
                                 uint32_t *removed, struct vg_fault *fault) VG_MUST_USE;

#endif
