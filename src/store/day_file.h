/* What the ledgers of flux have in common: one file per flux and UTC day,
 *
 *   DATA/KIND/YYYY-MM-DD/FLUX.KIND
 *
 *   head, 128 bytes, numbers little-endian
 *    0 magic, 8 bytes     8 u32 bytes of the head    12 u32 bytes of a record
 *   16 u32 records of a day (1440: its minutes)   20 u32 a number of the kind's own
 *   24 i64 day since 1970-01-01      32 id of the flux, 64 bytes, zeros behind
 *   96 zeros   124 u32 CRC-32C of bytes 0 to 123
 *
 * and behind it what the kind says. One process writes, any reads. */
#ifndef VG_STORE_DAY_FILE_H
#define VG_STORE_DAY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/store/config.h"

#define VG_DAY_HEAD_BYTES 128u
#define VG_DAY_MINUTES    1440
#define VG_DAY_PATH_SIZE  4096

struct vg_day_kind {
    const char *name; /* "coverage": of the folder, and the ending of its files */
    char magic[8];
    uint32_t record_bytes, own; /* own: the number at 20 */
    uint32_t records;           /* of a day; 0: its minutes */
    const char *folder;         /* where it is another's: the kinds share its days; NULL: name */
};

/* Little-endian numbers; a double as its bits. Pure. */
void vg_put16(uint8_t *p, uint32_t v); /* greater than 65 535: stays there */
void vg_put32(uint8_t *p, uint32_t v);
void vg_put64(uint8_t *p, uint64_t v);
uint32_t vg_get16(const uint8_t *p);
uint32_t vg_get32(const uint8_t *p);
uint64_t vg_get64(const uint8_t *p);
bool vg_all_zero(const uint8_t *p, size_t size);

/* flux: an id. Pure. */
void vg_day_head_put(const struct vg_day_kind *kind, int64_t day, const char *flux, uint8_t *p);
/* p: VG_DAY_HEAD_BYTES. VG_E_INPUT: no such head. Pure. */
enum vg_status vg_day_head_get(const struct vg_day_kind *kind, const uint8_t *p, int64_t *day,
                               char flux[VG_FLUX_ID_SIZE]) VG_MUST_USE;

/* A minute's day, both since 1970-01-01 UTC; floors. Its minute in that day. Pure. */
int64_t vg_day_of(int64_t minute);
uint32_t vg_minute_of_day(int64_t minute);

/* flux NULL: the day's folder. VG_E_CALL: no id of a flux, no such day, too long. */
enum vg_status vg_day_path(const struct vg_day_kind *kind, const char *data, const char *flux,
                           int64_t day, char path[VG_DAY_PATH_SIZE],
                           struct vg_fault *fault) VG_MUST_USE;

/* What errno says of that file: VG_E_LACK (disk full) or VG_E_IO with `what`. */
enum vg_status vg_day_io_fault(struct vg_fault *fault, const char *what,
                               const char *path) VG_MUST_USE;

/* Opens a file for writing, made with its folder when it is not there; its head is put if it is
 * new or was lost, and it then has `bytes` at least, zeros. *fd given. path: for messages. As
 * vg_day_path, vg_day_io_fault. */
enum vg_status vg_day_open(const struct vg_day_kind *kind, const char *data, const char *flux,
                           int64_t day, size_t bytes, int *fd, char path[VG_DAY_PATH_SIZE],
                           struct vg_fault *fault) VG_MUST_USE;
/* All of it, or false and errno. */
bool vg_day_write_at(int fd, const uint8_t *bytes, size_t size, off_t at);

/* Removes the days that are older than `keep_days` before the one of `today`; *removed of them.
 * What is not a day of ours stays, and a day with files of another kind until that is swept too. A folder that cannot be removed is left for the next time. */
enum vg_status vg_day_sweep(const struct vg_day_kind *kind, const char *data, int64_t today,
                            int64_t keep_days, uint32_t *removed,
                            struct vg_fault *fault) VG_MUST_USE;

#endif
