/* Where the heat maps live: one file per flux and UTC day beside its measures (day_file.h),
 *
 *   DATA/measures/YYYY-MM-DD/FLUX.heat
 *
 *   0       head, 128 bytes: "VGHEATM1", records of 4 bytes, 25 of them, the number at 20: bytes of
 *           a place
 *   4096    place 0, 20 480 bytes: the hour 00:00; ... place 23: 23:00; place 24: the spare
 *
 *   place   0 u32 CRC-32C of all of its bytes behind, up to the last cell
 *           4 u16 columns   6 u16 rows   8 u32 pictures   12 zeros
 *          16 u64 milliseconds watched   24 i64 hour since 1970   32 zeros
 *          64 columns x rows u32: milliseconds of persons (src/base/heat_grid.h)
 *
 * An hour grows: what is added is put to what stands there. It is written in the spare place first,
 * which is synced, and then in its own, so that a write that is cut spoils one of the two at most;
 * the one with more pictures counts. All zero: nothing was watched in that hour. Places that were
 * never written take no room on the disk. One process writes (analysis), any reads. */
#ifndef VG_STORE_HEAT_FILE_H
#define VG_STORE_HEAT_FILE_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/heat_grid.h"
#include "src/store/day_file.h"

#define VG_HEAT_HOURS          24
#define VG_HEAT_PLACES_AT      4096u
#define VG_HEAT_PLACE_BYTES    20480u
#define VG_HEAT_CELLS_AT       64u
#define VG_HEAT_FILE_BYTES_MAX (VG_HEAT_PLACES_AT + (VG_HEAT_HOURS + 1) * VG_HEAT_PLACE_BYTES)

/* What a file is of. */
struct vg_heat_day {
    int64_t day; /* since 1970-01-01 UTC */
    char flux[VG_FLUX_ID_SIZE];
};

/* The head. VG_E_INPUT: no such file. Pure. */
enum vg_status vg_heat_parse(const uint8_t *bytes, size_t size,
                             struct vg_heat_day *day) VG_MUST_USE;

enum vg_heat_place {
    VG_HEAT_UNWRITTEN,
    VG_HEAT_GOOD,
    VG_HEAT_DAMAGED
};
/* An hour (0 to 23) of a file that was parsed; grid is filled when it is good. Pure. */
enum vg_heat_place vg_heat_hour(const uint8_t *bytes, size_t size, const struct vg_heat_day *day,
                                uint32_t hour, struct vg_heat_grid *grid);

/* A day of a flux: its bytes (given, vg_free). VG_E_MISSING: nothing was written; VG_E_INPUT: not
 * such a file, or another flux's; VG_E_CALL: no id of a flux; VG_E_IO, VG_E_MEMORY. */
enum vg_status vg_heat_read(const char *data, const char *flux, int64_t number, uint8_t **bytes,
                            size_t *size, struct vg_heat_day *day,
                            struct vg_fault *fault) VG_MUST_USE;

/* Puts a grid to what stands at its hour; makes folder and file. VG_E_LACK (disk full), VG_E_IO,
 * VG_E_MEMORY, VG_E_CALL (no id of a flux, a grid without pictures or shape). */
enum vg_status vg_heat_add(const char *data, const char *flux, const struct vg_heat_grid *grid,
                           struct vg_fault *fault) VG_MUST_USE;

/* As vg_day_sweep. */
enum vg_status vg_heat_sweep(const char *data, int64_t today, int64_t keep_days, uint32_t *removed,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
