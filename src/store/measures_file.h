/* Where the measures live: one file per flux and UTC day (src/store/day_file.h),
 *
 *   DATA/measures/YYYY-MM-DD/FLUX.measures
 *
 *   0       head, 128 bytes: "VGMEASU1", records of 32 bytes, the number at 20: bytes of a curve
 *   128     curve 0, 46 208 bytes; curve 1 behind it, and so on: at most 256 of a day
 *
 *   curve   0 u32 CRC-32C of its number (u32) and of bytes 4 to 127     4 zeros
 *           8 id of the place, 64 bytes, zeros behind: empty is the whole picture
 *          72 name of the measure, 32 bytes, zeros behind     104 zeros
 *         128 1440 records: minute 00:00, 00:01, ...; all zero: nothing was measured
 *   record  0 u32 CRC-32C of the minute since 1970 (i64), of the curve's number (u32) and of
 *           bytes 4 to 31
 *           4 u32 pictures   8 f64 sum   16 f64 least   24 f64 greatest (src/base/measure_row.h)
 *
 * A curve begins when its number is first measured on that day. A minute has a fixed place and a
 * record never crosses a sector: cut at any point, a write spoils no other. Nothing is synced by
 * itself: a power cut loses what the system had not written yet. One process writes (analysis),
 * any reads; a record read while it is written fails its CRC and is missing this once. */
#ifndef VG_STORE_MEASURES_FILE_H
#define VG_STORE_MEASURES_FILE_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/measure_row.h"
#include "src/store/day_file.h"

#define VG_MEASURES_PLACE_SIZE   64 /* with the end */
#define VG_MEASURES_NAME_SIZE    32
#define VG_MEASURES_CURVES_MAX   256 /* what the rules of a scene can measure */
#define VG_MEASURES_RECORD_BYTES 32u
#define VG_MEASURES_CURVE_BYTES  (VG_DAY_HEAD_BYTES + VG_DAY_MINUTES * VG_MEASURES_RECORD_BYTES)
#define VG_MEASURES_FILE_BYTES_MAX \
    (VG_DAY_HEAD_BYTES + VG_MEASURES_CURVES_MAX * VG_MEASURES_CURVE_BYTES)
#define VG_MEASURES_KEEP_DAYS 30 /* whole days that are kept, beside today */

struct vg_measures_curve {
    char place[VG_MEASURES_PLACE_SIZE];  /* "": the whole picture */
    char measure[VG_MEASURES_NAME_SIZE]; /* "": the head of this curve is damaged */
};

/* What a file has. */
struct vg_measures_day {
    int64_t day; /* since 1970-01-01 UTC */
    char flux[VG_FLUX_ID_SIZE];
    uint32_t damaged; /* heads of curves */
    uint32_t curve_count;
    struct vg_measures_curve curve[VG_MEASURES_CURVES_MAX];
};

/* The heads; a file that ends early lacks its last minutes. VG_E_INPUT: no such file. Pure. */
enum vg_status vg_measures_parse(const uint8_t *bytes, size_t size,
                                 struct vg_measures_day *day) VG_MUST_USE;

enum vg_measures_record {
    VG_MEASURES_UNWRITTEN,
    VG_MEASURES_GOOD,
    VG_MEASURES_DAMAGED
};
/* A row of a file that was parsed: of a curve that it has and a minute of the day. Pure. */
enum vg_measures_record vg_measures_row(const uint8_t *bytes, size_t size,
                                        const struct vg_measures_day *day, uint32_t curve,
                                        uint32_t minute, struct vg_measure_row *row);

/* A day of a flux: its bytes (given, vg_free) and what they have. VG_E_MISSING: nothing was
 * written; VG_E_INPUT: not such a file, or another flux's; VG_E_CALL: no id of a flux;
 * VG_E_IO, VG_E_MEMORY. */
enum vg_status vg_measures_read(const char *data, const char *flux, int64_t number, uint8_t **bytes,
                                size_t *size, struct vg_measures_day *day,
                                struct vg_fault *fault) VG_MUST_USE;

/* Joins a row to what stands at its minute; makes folder, file and curve. VG_E_FULL: a day has
 * no more curves; VG_E_LACK (disk full), VG_E_IO, VG_E_CALL (no id of a flux, no name, no row). */
enum vg_status vg_measures_add(const char *data, const char *flux,
                               const struct vg_measures_curve *curve,
                               const struct vg_measure_row *row,
                               struct vg_fault *fault) VG_MUST_USE;

/* As vg_day_sweep. */
enum vg_status vg_measures_sweep(const char *data, int64_t today, int64_t keep_days,
                                 uint32_t *removed, struct vg_fault *fault) VG_MUST_USE;

#endif
