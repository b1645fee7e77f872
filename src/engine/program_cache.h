/* Programs that a device's compiler has made, kept in the cache folder under the digest of all
 * that they were made from. One file each, little endian:
 *
 *   | "VIGIEPRG" | u32 version | u32 0 | key, 32 B | u64 binary bytes | binary | SHA-256, 32 B |
 *
 * the last one over all before it. A file that is cut, damaged, of another key, or not ours (of
 * another user, or one that others may write: its content is executed) is removed and counted;
 * a folder that cannot be written is counted and said once. Never an error: there is always the
 * source. Belongs to one thread; several processes may share the folder. */
#ifndef VG_ENGINE_PROGRAM_CACHE_H
#define VG_ENGINE_PROGRAM_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/sha256.h"
#include "src/base/status.h"

#define VG_PROGRAM_FILE_VERSION 1
#define VG_PROGRAM_BINARY_MAX   (32u << 20)
/* PoCL's are 30 to 190 kB, so that the plans of a few nets stand in 10 MB; the tuner tries more */
#define VG_PROGRAM_CACHE_BYTES (64u << 20)
#define VG_PROGRAM_FOLDER_SIZE 3072 /* leaves room in a path of 4096 for the file's name */

struct vg_program_key {
    uint8_t digest[VG_SHA256_BYTES];
};

/* What a program is made from. Borrowed for the call. */
struct vg_program_origin {
    const uint8_t *source_digest; /* VG_SHA256_BYTES, of the source with what it includes */
    const char *options;
    const char *device, *device_version, *driver, *platform_version;
};
struct vg_program_key vg_program_key_make(const struct vg_program_origin *origin);

/* ---- one file, pure ---- */

/* *binary: within data. VG_E_INPUT: not such a file, another version or another key;
 * VG_E_INTEGRITY: cut or damaged. */
enum vg_status vg_program_file_parse(const uint8_t *data, size_t size,
                                     const struct vg_program_key *key, const uint8_t **binary,
                                     size_t *binary_bytes) VG_MUST_USE;
/* *data given (vg_free). VG_E_FULL (larger than VG_PROGRAM_BINARY_MAX), VG_E_MEMORY. */
enum vg_status vg_program_file_pack(const struct vg_program_key *key, const void *binary,
                                    size_t binary_bytes, uint8_t **data, size_t *size) VG_MUST_USE;

/* ---- the folder ---- */

struct vg_program_cache {
    char folder[VG_PROGRAM_FOLDER_SIZE]; /* "": nothing is kept */
    uint64_t bytes_max;                  /* all files; the longest unused are removed beyond it */
    /* since init */
    uint32_t found, missed;
    uint32_t stale; /* of those missed: refused and removed */
    uint32_t stored, store_failures;
    uint32_t removed; /* to keep within bytes_max */
};

/* folder: NULL: programs/ in the cache folder (base/folders.h). Makes and reads nothing yet. */
void vg_program_cache_init(struct vg_program_cache *cache, const char *folder);

struct vg_program_file {
    uint8_t *data; /* given: vg_free it; the binary lies in it */
    const uint8_t *binary;
    size_t binary_bytes;
};

/* VG_E_MISSING: none, or none that is good (counted, removed); VG_E_MEMORY. */
enum vg_status vg_program_cache_load(struct vg_program_cache *cache,
                                     const struct vg_program_key *key,
                                     struct vg_program_file *file) VG_MUST_USE;

/* The device refuses what load gave: removed, and counted as stale instead of found. */
void vg_program_cache_refuse(struct vg_program_cache *cache, const struct vg_program_key *key);

/* Keeps a binary, mode 0600, whole or not at all. */
void vg_program_cache_store(struct vg_program_cache *cache, const struct vg_program_key *key,
                            const void *binary, size_t binary_bytes);

/* Removes what is over bytes_max, the longest unused first: once after a row of stores. */
void vg_program_cache_trim(struct vg_program_cache *cache);

#endif
