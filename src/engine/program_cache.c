#include "src/engine/program_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/folders.h"
#include "src/base/log.h"

enum {
    AT_VERSION = 8,
    AT_KEY = 16,
    AT_BYTES = AT_KEY + VG_SHA256_BYTES,
    HEAD_BYTES = AT_BYTES + 8,
    FRAME_BYTES = HEAD_BYTES + VG_SHA256_BYTES,
    NAME_DIGITS = 2 * VG_SHA256_BYTES,
    PATH_SIZE = 4096,
    FILES_MAX = 4096 /* looked at when room is made; those beyond wait for the next time */
};

static const uint8_t magic[AT_VERSION] = {'V', 'I', 'G', 'I', 'E', 'P', 'R', 'G'};

/* ---- key ---- */

#define KEY_TEXT_SIZE 512 /* of each part; the device's own texts have 255 */

struct vg_program_key vg_program_key_make(const struct vg_program_origin *origin)
{
    /* each part at its place in zeros, so that no two origins give the same bytes */
    const char *const parts[] = {origin->options, origin->device, origin->device_version,
                                 origin->driver, origin->platform_version};
    struct {
        uint8_t source[VG_SHA256_BYTES];
        uint32_t version;
        char part[sizeof parts / sizeof *parts][KEY_TEXT_SIZE];
    } all;
    struct vg_program_key key;
    memset(&all, 0, sizeof all);
    all.version = VG_PROGRAM_FILE_VERSION;
    memcpy(all.source, origin->source_digest, sizeof all.source);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        (void)snprintf(all.part[i], sizeof all.part[i], "%s", parts[i]);
    vg_sha256(&all, sizeof all, key.digest);
    return key;
}

/* ---- one file ---- */

static void put(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *from, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

enum vg_status vg_program_file_parse(const uint8_t *data, size_t size,
                                     const struct vg_program_key *key, const uint8_t **binary,
                                     size_t *binary_bytes)
{
    uint8_t digest[VG_SHA256_BYTES];
    *binary = NULL;
    *binary_bytes = 0;
    if (size < sizeof magic || memcmp(data, magic, sizeof magic) != 0)
        return VG_E_INPUT;
    if (size <= FRAME_BYTES || get(data + AT_BYTES, 8) != size - FRAME_BYTES)
        return VG_E_INTEGRITY;
    vg_sha256(data, size - VG_SHA256_BYTES, digest);
    if (memcmp(digest, data + size - VG_SHA256_BYTES, sizeof digest) != 0)
        return VG_E_INTEGRITY;
    if (get(data + AT_VERSION, 8) != VG_PROGRAM_FILE_VERSION ||
        memcmp(data + AT_KEY, key->digest, sizeof key->digest) != 0)
        return VG_E_INPUT;
    *binary = data + HEAD_BYTES;
    *binary_bytes = size - FRAME_BYTES;
    return VG_OK;
}

enum vg_status vg_program_file_pack(const struct vg_program_key *key, const void *binary,
                                    size_t binary_bytes, uint8_t **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    if (!binary_bytes || binary_bytes > VG_PROGRAM_BINARY_MAX)
        return VG_E_FULL;
    uint8_t *bytes = vg_alloc(binary_bytes + FRAME_BYTES);
    if (!bytes)
        return VG_E_MEMORY;
    memcpy(bytes, magic, sizeof magic);
    put(bytes + AT_VERSION, VG_PROGRAM_FILE_VERSION, 8); /* and the four zeros */
    memcpy(bytes + AT_KEY, key->digest, sizeof key->digest);
    put(bytes + AT_BYTES, binary_bytes, 8);
    memcpy(bytes + HEAD_BYTES, binary, binary_bytes);
    vg_sha256(bytes, HEAD_BYTES + binary_bytes, bytes + HEAD_BYTES + binary_bytes);
    *data = bytes;
    *size = binary_bytes + FRAME_BYTES;
    return VG_OK;
}

/* ---- the folder ---- */

void vg_program_cache_init(struct vg_program_cache *cache, const char *folder)
{
    char under[VG_PROGRAM_FOLDER_SIZE];
    memset(cache, 0, sizeof *cache);
    cache->bytes_max = VG_PROGRAM_CACHE_BYTES;
    if (folder) {
        if ((size_t)snprintf(cache->folder, sizeof cache->folder, "%s", folder) >=
            sizeof cache->folder)
            cache->folder[0] = 0;
        return;
    }
    if (vg_folder_path(VG_FOLDER_CACHE, under, sizeof under) ||
        vg_path_join(cache->folder, sizeof cache->folder, under, "programs"))
        cache->folder[0] = 0;
}

static void path_of(const struct vg_program_cache *cache, const struct vg_program_key *key,
                    char path[PATH_SIZE])
{
    char name[VG_SHA256_TEXT];
    vg_sha256_text(key->digest, name);
    (void)snprintf(path, PATH_SIZE, "%.*s/%s", VG_PROGRAM_FOLDER_SIZE, cache->folder, name);
}

/* A binary is code: only what this user alone could have written is run. */
static int is_ours(const char *path, mode_t type)
{
    struct stat st;
    return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
           !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static void stale_remove(struct vg_program_cache *cache, const char *path)
{
    cache->missed++;
    cache->stale++;
    (void)unlink(path);
}

enum vg_status vg_program_cache_load(struct vg_program_cache *cache,
                                     const struct vg_program_key *key, struct vg_program_file *file)
{
    char path[PATH_SIZE];
    size_t size = 0;
    memset(file, 0, sizeof *file);
    path_of(cache, key, path);
    if (!cache->folder[0] || !is_ours(cache->folder, S_IFDIR) || !vg_file_exists(path)) {
        cache->missed++;
        return VG_E_MISSING;
    }
    enum vg_status status = VG_E_INPUT;
    if (is_ours(path, S_IFREG))
        status = vg_file_read(path, VG_PROGRAM_BINARY_MAX + FRAME_BYTES, &file->data, &size, NULL);
    if (status == VG_E_MEMORY)
        return status;
    if (!status)
        status = vg_program_file_parse(file->data, size, key, &file->binary, &file->binary_bytes);
    if (status) {
        vg_free(file->data);
        memset(file, 0, sizeof *file);
        stale_remove(cache, path);
        return VG_E_MISSING;
    }
    (void)utimensat(AT_FDCWD, path, NULL, 0); /* used: not the next to go */
    cache->found++;
    return VG_OK;
}

void vg_program_cache_refuse(struct vg_program_cache *cache, const struct vg_program_key *key)
{
    char path[PATH_SIZE];
    path_of(cache, key, path);
    cache->found--;
    stale_remove(cache, path);
}

/* ---- bounded size ---- */

struct kept {
    char name[NAME_DIGITS + 24]; /* digest; of one being written also ".PID.part" */
    uint64_t bytes;
    struct timespec used;
};

static int kept_order(const void *left, const void *right)
{
    const struct kept *a = left, *b = right;
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    if (a->used.tv_nsec != b->used.tv_nsec)
        return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* The files that are ours by their name; others in the folder are not touched. */
static uint32_t kept_list(DIR *folder, struct kept *list, uint64_t *bytes)
{
    uint32_t count = 0;
    for (const struct dirent *e; count < FILES_MAX && (e = readdir(folder)) != NULL;) {
        struct stat st;
        if (strspn(e->d_name, "0123456789abcdef") != NAME_DIGITS ||
            strlen(e->d_name) >= sizeof list->name ||
            fstatat(dirfd(folder), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        struct kept *kept = &list[count++];
        (void)snprintf(kept->name, sizeof kept->name, "%.*s", (int)sizeof kept->name - 1,
                       e->d_name);
        kept->bytes = (uint64_t)st.st_size;
        kept->used = st.st_mtim;
        *bytes += kept->bytes;
    }
    return count;
}

void vg_program_cache_trim(struct vg_program_cache *cache)
{
    uint64_t bytes = 0;
    DIR *folder = opendir(cache->folder);
    struct kept *list = folder ? vg_alloc_array(FILES_MAX, sizeof *list) : NULL;
    const uint32_t count = list ? kept_list(folder, list, &bytes) : 0;
    if (bytes > cache->bytes_max)
        qsort(list, count, sizeof *list, kept_order);
    for (uint32_t i = 0; i < count && bytes > cache->bytes_max; i++) {
        if (unlinkat(dirfd(folder), list[i].name, 0) != 0)
            continue;
        bytes -= list[i].bytes;
        cache->removed++;
    }
    vg_free(list);
    if (folder)
        (void)closedir(folder);
}

static enum vg_status file_store(struct vg_program_cache *cache, const struct vg_program_key *key,
                                 const void *binary, size_t binary_bytes, struct vg_fault *fault)
{
    char path[PATH_SIZE];
    uint8_t *data = NULL;
    size_t size = 0;
    path_of(cache, key, path);
    enum vg_status status = vg_folder_make(cache->folder, fault);
    if (!status && !is_ours(cache->folder, S_IFDIR))
        status = vg_fault_set(fault, VG_E_DENIED, vg_status_text(VG_E_DENIED), NULL, "%.300s",
                              cache->folder);
    if (!status) {
        status = vg_program_file_pack(key, binary, binary_bytes, &data, &size);
        if (status)
            (void)vg_fault_set(fault, status, vg_status_text(status), NULL, "%zu B", binary_bytes);
    }
    if (!status)
        status = vg_file_write(path, data, size, 0600, VG_FILE_WHOLE, fault);
    vg_free(data);
    return status;
}

void vg_program_cache_store(struct vg_program_cache *cache, const struct vg_program_key *key,
                            const void *binary, size_t binary_bytes)
{
    struct vg_fault fault = {.status = VG_OK};
    if (!cache->folder[0]) {
        cache->store_failures++;
        return;
    }
    if (file_store(cache, key, binary, binary_bytes, &fault)) {
        if (!cache->store_failures++)
            vg_log(VG_LOG_WARN, "compiled kernels are not kept, each start compiles them: %s: %s",
                   fault.what, fault.place);
        return;
    }
    cache->stored++;
}
