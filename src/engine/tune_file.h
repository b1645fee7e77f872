/* What the tuner found: for each need of a kernel the variant that was the fastest on one device
 * with one driver. A text file in the cache folder, or any path that a plan is pinned to:
 *
 *   vigie-tune 1
 *   device pthread-skylake-avx512-AMD EPYC
 *   driver Portable Computing Language 3.1
 *   conv:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 wino 13x1 330.512
 *   sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 *
 * need: op:window:strides:dilations:groups:channels in-out:width x height of the output:batch:
 * element (window, strides and dilations in rows x columns); then the variant's name and its
 * microseconds. Lines in the order of their needs, none twice; the digest is of all before it.
 * One thread at a time. */
#ifndef VG_ENGINE_TUNE_FILE_H
#define VG_ENGINE_TUNE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_TUNE_FILE_MAX     (1u << 20)
#define VG_TUNE_ROWS_MAX     4096
#define VG_TUNE_WORD_SIZE    16
#define VG_TUNE_VARIANT_SIZE 64
#define VG_TUNE_DEVICE_SIZE  256
#define VG_TUNE_NUMBER_MAX   65536 /* of a need; each is 1 at least */
#define VG_TUNE_LINE_SIZE    256   /* of a row, with its end */

struct vg_tune_need {
    char op[VG_TUNE_WORD_SIZE];      /* a-z, 0-9, _: "conv" */
    char element[VG_TUNE_WORD_SIZE]; /* "f32", "f16", "s8" */
    uint32_t size_y, size_x, stride_y, stride_x, dilation_y, dilation_x;
    uint32_t groups;
    uint32_t channels_in, channels_out;
    uint32_t width, height; /* of the output */
    uint32_t batch;
};

struct vg_tune_row {
    struct vg_tune_need need;
    char variant[VG_TUNE_VARIANT_SIZE]; /* printable ASCII, a blank only between two others */
    uint64_t ns;
};

/* Rows in the order of their needs, no two the same. */
struct vg_tune {
    char device[VG_TUNE_DEVICE_SIZE], driver[VG_TUNE_DEVICE_SIZE];
    uint32_t count, room;
    struct vg_tune_row *row; /* owned */
};

/* Nothing found yet. A control character in a name becomes '?'. */
void vg_tune_init(struct vg_tune *tune, const char *device, const char *driver);
void vg_tune_release(struct vg_tune *tune);

/* The row of this very need, borrowed until the next set; NULL. */
const struct vg_tune_row *vg_tune_find(const struct vg_tune *tune, const struct vg_tune_need *need);

/* The same, or, where this batch was not tuned, that of the nearest one that was. */
const struct vg_tune_row *vg_tune_nearest(const struct vg_tune *tune,
                                          const struct vg_tune_need *need);

/* Adds or replaces. VG_E_CALL (a word or a number that the file cannot hold), VG_E_FULL,
 * VG_E_MEMORY. */
enum vg_status vg_tune_set(struct vg_tune *tune, const struct vg_tune_need *need,
                           const char *variant, uint64_t ns) VG_MUST_USE;

/* The text of a need, "conv:3x3:...:f32". */
void vg_tune_need_text(const struct vg_tune_need *need, char text[VG_TUNE_LINE_SIZE]);

/* ---- the file; pure ---- */

/* *tune is made (release it), also when it is refused: empty then. name: for messages.
 * VG_E_INPUT (line named), VG_E_INTEGRITY (digest), VG_E_FULL, VG_E_MEMORY. */
enum vg_status vg_tune_parse(const char *name, const uint8_t *data, size_t size,
                             struct vg_tune *tune, struct vg_fault *fault) VG_MUST_USE;

/* *data given (vg_free). VG_E_MEMORY. */
enum vg_status vg_tune_pack(const struct vg_tune *tune, uint8_t **data, size_t *size) VG_MUST_USE;

/* ---- where it lies ---- */

/* tune/DIGEST in the cache folder, the digest of device and driver. VG_E_LACK: no such folder. */
enum vg_status vg_tune_path(const char *device, const char *driver, char *path,
                            size_t size) VG_MUST_USE;

/* A file that was asked for: whatever is wrong with it is an error. The device it was made on
 * may be another: the caller compares. Adds VG_E_MISSING and VG_E_IO to those of parse. */
enum vg_status vg_tune_read(const char *path, struct vg_tune *tune,
                            struct vg_fault *fault) VG_MUST_USE;

/* That of the cache folder. A device that was not tuned has no rows, and that is no error; a file
 * that is no good is removed, logged, and counts as none. */
void vg_tune_open(const char *device, const char *driver, struct vg_tune *tune);

/* Into the cache folder (made), or to `path` if not NULL; by rename, synced.
 * VG_E_LACK, VG_E_IO, VG_E_MEMORY. */
enum vg_status vg_tune_save(const struct vg_tune *tune, const char *path,
                            struct vg_fault *fault) VG_MUST_USE;

#endif
