/* The spool: where an alert goes first, and stays until the archive has it.
 *
 * Files in DATA/spool: NNNNNNNN.spool, only ever appended to, one record per alert; beside each
 * NNNNNNNN.mark, which of its records are archived. All numbers little-endian.
 *
 *   segment   "VGSPOOL1" | u32 number | u32 CRC-32C of the 12 bytes before
 *   record    "VGAL" | u32 json bytes | u32 picture bytes | u32 0 | id[32] | key[40] |
 *             u32 CRC of json and picture | u32 CRC of the 92 bytes before | json | picture
 *   mark      u64 offset of the record | u32 CRC of these 8 bytes | u32 0
 *
 * A record is promised when vg_spool_append returns VG_OK: one write, one fdatasync. After a
 * crash everything promised is read back; a record that is cut or does not match its CRC is
 * refused and counted, and what stands after it is still found. A tail that no append had
 * finished is cut off. A file of an earlier run is never appended to. A file is deleted when all
 * its records are archived. When full, new alerts are refused and the old ones stay.
 *
 * Threads: one at a time; the owner locks. */
#ifndef VG_ALERTS_SPOOL_H
#define VG_ALERTS_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SPOOL_ID_SIZE     32 /* with the end */
#define VG_SPOOL_KEY_SIZE    40
#define VG_SPOOL_JSON_MAX    (64u << 10)
#define VG_SPOOL_PICTURE_MAX (1u << 20)
#define VG_SPOOL_HEAD_BYTES  16u /* of a segment */
#define VG_SPOOL_FRAME_BYTES 96u /* of a record, before its json */
#define VG_SPOOL_RECORD_MAX  (VG_SPOOL_FRAME_BYTES + VG_SPOOL_JSON_MAX + VG_SPOOL_PICTURE_MAX)

/* An alert; its bytes are borrowed. */
struct vg_spool_record {
    char id[VG_SPOOL_ID_SIZE], key[VG_SPOOL_KEY_SIZE]; /* not empty; ended and filled by zeros */
    const char *json;
    uint32_t json_bytes;
    const uint8_t *picture; /* NULL if none */
    uint32_t picture_bytes;
};

/* Walks the records of a segment's bytes. Zeroed at first. */
struct vg_spool_walk {
    size_t offset;        /* where the next record is looked for */
    size_t record_offset; /* of the record just given */
    size_t good_end;      /* end of the last good record, or of the head */
    uint64_t damaged_bytes;
    uint32_t damaged_records; /* places where something was refused */
};

/* The next good record, its json and picture pointing into data. VG_E_END when there is none.
 * Pure; linear in size over a whole walk. Never reads outside data. */
enum vg_status vg_spool_walk(struct vg_spool_walk *walk, const uint8_t *data, size_t size,
                             struct vg_spool_record *record) VG_MUST_USE;

/* What the spool asks of the disk; tests put their own in its place to record every write and
 * to fail at will. Functions return what the system calls do, errno set. */
enum vg_spool_how {
    VG_SPOOL_NEW, /* it must not be there */
    VG_SPOOL_KEPT /* made where it is missing */
};
struct vg_spool_disk {
    void *user;
    int (*open)(void *user, const char *path, enum vg_spool_how how); /* a descriptor, or -1 */
    ssize_t (*write)(void *user, int fd, const void *data, size_t size, uint64_t offset);
    int (*sync)(void *user, int fd); /* of data and size */
    int (*cut)(void *user, int fd, uint64_t size);
    int (*remove)(void *user, const char *path);
    int (*sync_folder)(void *user, const char *path);
};
struct vg_spool_disk vg_spool_real_disk(void);

struct vg_spool_settings {
    const char *folder;     /* DATA/spool; made if missing; copied */
    uint64_t bytes_max;     /* 1 GiB */
    uint64_t segment_bytes; /* 16 MiB: a file is not begun beyond it */
    uint32_t records_max;   /* 16,384 */
    struct vg_spool_disk disk;
};
struct vg_spool_settings vg_spool_defaults(const char *folder);

/* What opening found. */
struct vg_spool_found {
    uint32_t records;         /* promised and not known as archived */
    uint32_t damaged_records; /* refused for their CRC */
    uint32_t damaged_files;   /* could not be read; they are left as they are */
    uint64_t torn_bytes;      /* of unfinished tails, cut off */
};

struct vg_spool;

/* VG_E_LACK (the folder cannot be written), VG_E_MEMORY, VG_E_IO. found may be NULL. */
enum vg_status vg_spool_open(struct vg_spool **spool, const struct vg_spool_settings *settings,
                             struct vg_spool_found *found, struct vg_fault *fault) VG_MUST_USE;
void vg_spool_close(struct vg_spool **spool);

/* Promises an alert. On anything but VG_OK it is not promised, and what was is untouched.
 * VG_E_FULL (bounds of the spool), VG_E_LACK (disk full), VG_E_IO, VG_E_INPUT (a record that
 * cannot be: no id, too large). */
enum vg_status vg_spool_append(struct vg_spool *spool, const struct vg_spool_record *record,
                               struct vg_fault *fault) VG_MUST_USE;

/* What is known of where an alert is. */
enum vg_spool_state {
    VG_SPOOL_WAITING,    /* not sent yet */
    VG_SPOOL_UNREADABLE, /* not sent: the disk does not give it */
    VG_SPOOL_UNSURE      /* sent, or of an earlier run: Redis must be asked */
};

/* Ids (each VG_SPOOL_ID_SIZE bytes) of up to `most` records in that state, oldest first,
 * beginning at record number *from (0: the oldest), which is moved on and becomes 0 at the end.
 * Returns how many. */
size_t vg_spool_pick(const struct vg_spool *spool, enum vg_spool_state state, size_t *from,
                     char (*ids)[VG_SPOOL_ID_SIZE], size_t most);

/* Reads a record from the disk into buffer (VG_SPOOL_RECORD_MAX bytes) and checks it again.
 * VG_E_MISSING (no such id), VG_E_INTEGRITY, VG_E_IO. */
enum vg_status vg_spool_read(struct vg_spool *spool, const char *id, uint8_t *buffer,
                             struct vg_spool_record *record, struct vg_fault *fault) VG_MUST_USE;

/* Unknown ids are ignored. */
void vg_spool_note(struct vg_spool *spool, const char *id, enum vg_spool_state state);

/* These are in the archive: marked, synced, then forgotten; files without any other record are
 * deleted. VG_E_IO or VG_E_LACK: the marks could not be written; they are forgotten in memory
 * all the same, and a later run asks Redis again. */
enum vg_status vg_spool_archived(struct vg_spool *spool, char (*ids)[VG_SPOOL_ID_SIZE],
                                 size_t count, struct vg_fault *fault) VG_MUST_USE;

struct vg_spool_numbers {
    uint32_t records; /* promised, not archived */
    uint32_t files;
    uint64_t bytes; /* on disk */
};
void vg_spool_read_numbers(const struct vg_spool *spool, struct vg_spool_numbers *numbers);

#endif
