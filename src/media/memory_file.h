/* A file in memory that libavformat writes: ingest keeps none on disk. */
#ifndef VG_MEDIA_MEMORY_FILE_H
#define VG_MEDIA_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

struct AVFormatContext;

/* Zeroed but for max: empty. Of one thread. */
struct vg_memory_file {
    size_t max;    /* bytes at most */
    uint8_t *data; /* vg_free it, or vg_memory_file_release */
    size_t size, room;
    size_t at, read_at; /* where is written, and read */
    bool full, starved; /* more than max was wanted; no memory */
};
void vg_memory_file_release(struct vg_memory_file *file);

/* Lets `context` write into `file` (borrowed until detach), and read in it while it puts its head
 * before what it has written ("faststart"). VG_E_MEMORY. */
enum vg_status vg_memory_file_attach(struct vg_memory_file *file,
                                     struct AVFormatContext *context) VG_MUST_USE;
void vg_memory_file_detach(struct AVFormatContext *context);

/* What libavformat's error means: VG_E_FULL, VG_E_MEMORY by what happened here, else VG_E_IO. */
enum vg_status vg_memory_file_status(const struct vg_memory_file *file);

#endif
