/* The spool on disk and its index in memory. The index is a plain array, oldest first; a spool
 * holds some thousands of records at the very worst, and a few as a rule. */
#include "src/alerts/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/text.h"

#define HEAD       VG_SPOOL_HEAD_BYTES
#define FRAME      VG_SPOOL_FRAME_BYTES
#define PIECE      64u /* ids forgotten at once */
#define MARK_BYTES 16u
#define FILE_LIMIT (256u << 20) /* a segment is never larger */
#define PATH_SIZE  640
#define ID_AT      16
#define KEY_AT     48
#define PAYLOAD_AT 88
#define CHECK_AT   92

static const char head_magic[8] = {'V', 'G', 'S', 'P', 'O', 'O', 'L', '1'};
static const char record_magic[4] = {'V', 'G', 'A', 'L'};

struct entry {
    uint64_t offset; /* of the record in its file */
    uint32_t file;   /* number */
    uint32_t bytes;  /* of the record with its frame */
    enum vg_spool_state state;
    char id[VG_SPOOL_ID_SIZE];
};

struct file {
    uint32_t number, live; /* live: records not known as archived */
    uint64_t bytes, mark_bytes;
};

struct vg_spool {
    char folder[512];
    uint64_t bytes_max, segment_bytes;
    uint32_t records_max;
    struct vg_spool_disk disk;
    struct entry *entries;
    struct file *files; /* by rising number; each but the last has a live record */
    size_t count, capacity, file_count;
    int fd; /* of the last file, which may be appended to; -1: the next append makes one */
    uint32_t next_number;
    uint64_t bytes;
    uint8_t *buffer; /* HEAD + VG_SPOOL_RECORD_MAX */
};

/* ---- numbers and records ---- */

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static uint64_t get64(const uint8_t *p)
{
    return (uint64_t)get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void write_head(uint8_t *p, uint32_t number)
{
    memcpy(p, head_magic, sizeof head_magic);
    put32(p + 8, number);
    put32(p + 12, vg_crc32c(0, p, 12));
}

static bool head_good(const uint8_t *p, size_t size)
{
    return size >= HEAD && memcmp(p, head_magic, sizeof head_magic) == 0 &&
           get32(p + 12) == vg_crc32c(0, p, 12);
}

/* The frame and the payload; returns the whole length. */
static size_t write_record(uint8_t *p, const struct vg_spool_record *record)
{
    memset(p, 0, FRAME);
    memcpy(p, record_magic, sizeof record_magic);
    put32(p + 4, record->json_bytes);
    put32(p + 8, record->picture_bytes);
    memcpy(p + ID_AT, record->id, strlen(record->id));
    memcpy(p + KEY_AT, record->key, strlen(record->key));
    memcpy(p + FRAME, record->json, record->json_bytes);
    if (record->picture_bytes > 0)
        memcpy(p + FRAME + record->json_bytes, record->picture, record->picture_bytes);
    const size_t payload = (size_t)record->json_bytes + record->picture_bytes;
    put32(p + PAYLOAD_AT, vg_crc32c(0, p + FRAME, payload));
    put32(p + CHECK_AT, vg_crc32c(0, p, CHECK_AT));
    return FRAME + payload;
}

static bool name_good(const uint8_t *name, size_t size)
{
    return name[0] != 0 && name[size - 1] == 0;
}

/* Whether these FRAME bytes are a record's frame; its lengths can be trusted then. */
static bool frame_good(const uint8_t *p)
{
    const uint32_t json = get32(p + 4), picture = get32(p + 8);
    return memcmp(p, record_magic, sizeof record_magic) == 0 &&
           get32(p + CHECK_AT) == vg_crc32c(0, p, CHECK_AT) && json > 0 &&
           json <= VG_SPOOL_JSON_MAX && picture <= VG_SPOOL_PICTURE_MAX && get32(p + 12) == 0 &&
           name_good(p + ID_AT, VG_SPOOL_ID_SIZE) && name_good(p + KEY_AT, VG_SPOOL_KEY_SIZE);
}

static size_t frame_length(const uint8_t *p)
{
    return (size_t)FRAME + get32(p + 4) + get32(p + 8);
}

/* Whether the payload after a good frame is whole; then *record points into it. */
static bool read_record(const uint8_t *p, struct vg_spool_record *record)
{
    const uint32_t json = get32(p + 4), picture = get32(p + 8);
    if (get32(p + PAYLOAD_AT) != vg_crc32c(0, p + FRAME, (size_t)json + picture))
        return false;
    memcpy(record->id, p + ID_AT, VG_SPOOL_ID_SIZE);
    memcpy(record->key, p + KEY_AT, VG_SPOOL_KEY_SIZE);
    record->json = (const char *)p + FRAME;
    record->json_bytes = json;
    record->picture = picture > 0 ? p + FRAME + json : NULL;
    record->picture_bytes = picture;
    return true;
}

/* Offset of the next record's magic from `from` on, or size. */
static size_t find_magic(const uint8_t *data, size_t size, size_t from)
{
    while (from < size) {
        const uint8_t *hit = memchr(data + from, record_magic[0], size - from);
        if (!hit)
            return size;
        from = (size_t)(hit - data);
        if (size - from < sizeof record_magic)
            return size;
        if (memcmp(hit, record_magic, sizeof record_magic) == 0)
            return from;
        from++;
    }
    return size;
}

enum vg_status vg_spool_walk(struct vg_spool_walk *walk, const uint8_t *data, size_t size,
                             struct vg_spool_record *record)
{
    if (walk->offset == 0 && head_good(data, size))
        walk->offset = walk->good_end = HEAD;
    bool in_damage = false; /* one damaged place is counted once */
    while (walk->offset < size) {
        const uint8_t *p = data + walk->offset;
        const size_t left = size - walk->offset;
        const bool framed = left >= FRAME && frame_good(p);
        const size_t length = framed ? frame_length(p) : 0;
        if (framed && length <= left && read_record(p, record)) {
            walk->record_offset = walk->offset;
            walk->offset += length;
            walk->good_end = walk->offset;
            return VG_OK;
        }
        /* a good frame tells how far the damage goes; else the next magic is looked for */
        size_t next = size;
        if (framed && length <= left)
            next = walk->offset + length;
        else if (!framed)
            next = find_magic(data, size, walk->offset + 1);
        walk->damaged_records += !in_damage || framed ? 1 : 0;
        walk->damaged_bytes += next - walk->offset;
        walk->offset = next;
        in_damage = !framed;
    }
    return VG_E_END;
}

/* ---- the disk ---- */

static int real_open(void *user, const char *path, enum vg_spool_how how)
{
    (void)user;
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | (how == VG_SPOOL_NEW ? O_EXCL : 0), 0600);
}

static ssize_t real_write(void *user, int fd, const void *data, size_t size, uint64_t offset)
{
    (void)user;
    return pwrite(fd, data, size, (off_t)offset);
}

static int real_sync(void *user, int fd)
{
    (void)user;
    return fdatasync(fd);
}

static int real_cut(void *user, int fd, uint64_t size)
{
    (void)user;
    return ftruncate(fd, (off_t)size);
}

static int real_remove(void *user, const char *path)
{
    (void)user;
    return unlink(path);
}

static int real_sync_folder(void *user, const char *path)
{
    (void)user;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    const int result = fsync(fd);
    (void)close(fd);
    return result;
}

struct vg_spool_disk vg_spool_real_disk(void)
{
    return (struct vg_spool_disk){.open = real_open,
                                  .write = real_write,
                                  .sync = real_sync,
                                  .cut = real_cut,
                                  .remove = real_remove,
                                  .sync_folder = real_sync_folder};
}

static enum vg_status disk_fault(const struct vg_spool *spool, struct vg_fault *fault)
{
    const int error = errno;
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return vg_fault_set(fault, VG_E_LACK, N_("the disk of the spool is full"),
                            N_("make room on it: new alerts are refused until then"), "%s",
                            spool->folder);
    return vg_fault_set(fault, VG_E_IO, N_("the spool cannot be written"),
                        N_("check the rights and the disk of the data folder"), "%s (errno %d)",
                        spool->folder, error);
}

static void file_path(const struct vg_spool *spool, uint32_t number, const char *kind,
                      char path[PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "%s/%08u.%s", spool->folder, number, kind);
}

/* All of it, or -1 with errno set. */
static int write_all(struct vg_spool *spool, int fd, const uint8_t *data, size_t size,
                     uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        const ssize_t n =
            spool->disk.write(spool->disk.user, fd, data + done, size - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = ENOSPC;
            return -1;
        }
        done += (size_t)n;
    }
    return 0;
}

/* ---- the index ---- */

static struct file *find_file(struct vg_spool *spool, uint32_t number)
{
    for (size_t i = 0; i < spool->file_count; i++)
        if (spool->files[i].number == number)
            return &spool->files[i];
    return NULL;
}

static struct entry *find_entry(const struct vg_spool *spool, const char *id)
{
    for (size_t i = 0; i < spool->count; i++)
        if (strncmp(spool->entries[i].id, id, VG_SPOOL_ID_SIZE) == 0)
            return &spool->entries[i];
    return NULL;
}

/* Room for one more entry and file; only while opening can it grow. */
static enum vg_status make_room(struct vg_spool *spool)
{
    if (spool->count < spool->capacity)
        return VG_OK;
    const size_t capacity = 2 * spool->capacity;
    struct entry *entries = vg_alloc_array(capacity, sizeof *entries);
    struct file *files = vg_alloc_array(capacity + 2, sizeof *files);
    if (!entries || !files) {
        vg_free(entries);
        vg_free(files);
        return VG_E_MEMORY;
    }
    memcpy(entries, spool->entries, spool->count * sizeof *entries);
    memcpy(files, spool->files, spool->file_count * sizeof *files);
    vg_free(spool->entries);
    vg_free(spool->files);
    spool->entries = entries;
    spool->files = files;
    spool->capacity = capacity;
    return VG_OK;
}

static void remove_file(struct vg_spool *spool, struct file *file)
{
    char path[PATH_SIZE];
    const size_t index = (size_t)(file - spool->files);
    if (index + 1 == spool->file_count && spool->fd >= 0) {
        (void)close(spool->fd);
        spool->fd = -1;
    }
    file_path(spool, file->number, "spool", path);
    if (spool->disk.remove(spool->disk.user, path) != 0 && errno != ENOENT)
        vg_log(VG_LOG_WARN, "spool: %s cannot be deleted (errno %d)", path, errno);
    if (file->mark_bytes > 0) {
        file_path(spool, file->number, "mark", path);
        (void)spool->disk.remove(spool->disk.user, path);
    }
    spool->bytes -= file->bytes;
    memmove(file, file + 1, (spool->file_count - index - 1) * sizeof *file);
    spool->file_count--;
}

/* ---- opening ---- */

/* Whether `offset` is marked as archived. */
static bool is_marked(const uint8_t *marks, size_t size, uint64_t offset)
{
    for (size_t at = 0; at + MARK_BYTES <= size; at += MARK_BYTES)
        if (get64(marks + at) == offset && get32(marks + at + 8) == vg_crc32c(0, marks + at, 8))
            return true;
    return false;
}

/* Cuts what stands after the last good record: no append had finished it. */
static void cut_tail(struct vg_spool *spool, const char *path, size_t good_end)
{
    const int fd = spool->disk.open(spool->disk.user, path, VG_SPOOL_KEPT);
    if (fd < 0 || spool->disk.cut(spool->disk.user, fd, good_end) != 0 ||
        spool->disk.sync(spool->disk.user, fd) != 0)
        vg_log(VG_LOG_WARN, "spool: the tail of %s cannot be cut (errno %d)", path, errno);
    if (fd >= 0)
        (void)close(fd);
}

static enum vg_status index_records(struct vg_spool *spool, struct file *file, const uint8_t *data,
                                    size_t size, const uint8_t *marks, struct vg_spool_walk *walk)
{
    struct vg_spool_record record;
    while (vg_spool_walk(walk, data, size, &record) == VG_OK) {
        if (is_marked(marks, file->mark_bytes, walk->record_offset))
            continue;
        const enum vg_status status = make_room(spool);
        if (status != VG_OK)
            return status;
        struct entry *entry = &spool->entries[spool->count++];
        entry->offset = walk->record_offset;
        entry->file = file->number;
        entry->bytes = (uint32_t)(walk->offset - walk->record_offset);
        entry->state = VG_SPOOL_UNSURE;
        memcpy(entry->id, record.id, sizeof entry->id);
        file->live++;
    }
    return VG_OK;
}

static enum vg_status load_file(struct vg_spool *spool, uint32_t number,
                                struct vg_spool_found *found)
{
    char path[PATH_SIZE], mark_path[PATH_SIZE];
    uint8_t *data = NULL, *marks = NULL;
    size_t size = 0, mark_size = 0;
    struct vg_spool_walk walk = {.offset = 0};
    struct file file = {.number = number};
    file_path(spool, number, "spool", path);
    file_path(spool, number, "mark", mark_path);
    enum vg_status status = vg_file_read(path, FILE_LIMIT, &data, &size, NULL);
    if (status == VG_E_MEMORY)
        goto done;
    if (status != VG_OK) {
        vg_log(VG_LOG_ERROR, "spool: %s cannot be read and is left as it is", path);
        found->damaged_files++;
        status = VG_OK;
        goto done;
    }
    if (vg_file_read(mark_path, FILE_LIMIT, &marks, &mark_size, NULL) == VG_OK)
        file.mark_bytes = mark_size - mark_size % MARK_BYTES;
    status = index_records(spool, &file, data, size, marks, &walk);
    if (status != VG_OK)
        goto done;
    const size_t torn = size - walk.good_end;
    found->damaged_records += walk.damaged_records;
    found->torn_bytes += torn;
    if (walk.damaged_records > 0)
        vg_log(VG_LOG_WARN, "spool: %s: %u places refused, %llu bytes", path, walk.damaged_records,
               (unsigned long long)walk.damaged_bytes);
    file.bytes = walk.good_end;
    spool->bytes += file.bytes;
    spool->files[spool->file_count++] = file;
    if (file.live == 0)
        remove_file(spool, &spool->files[spool->file_count - 1]);
    else if (torn > 0)
        cut_tail(spool, path, walk.good_end);
done:
    vg_free(data);
    vg_free(marks);
    return status;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* "00000012.spool": its number, else 0. */
static uint32_t parse_name(const char *name, const char *kind)
{
    uint32_t number = 0;
    for (int i = 0; i < 8; i++) {
        if (name[i] < '0' || name[i] > '9')
            return 0;
        number = number * 10 + (uint32_t)(name[i] - '0');
    }
    return name[8] == '.' && strcmp(name + 9, kind) == 0 ? number : 0;
}

/* *numbers given, sorted. */
static enum vg_status list_files(const struct vg_spool *spool, const char *kind, uint32_t **numbers,
                                 size_t *count)
{
    size_t capacity = 64;
    *count = 0;
    *numbers = vg_alloc_array(capacity, sizeof **numbers);
    DIR *folder = opendir(spool->folder);
    enum vg_status status = !*numbers ? VG_E_MEMORY : folder ? VG_OK : VG_E_IO;
    for (struct dirent *e; status == VG_OK && (e = readdir(folder)) != NULL;) {
        const uint32_t number = parse_name(e->d_name, kind);
        if (number == 0)
            continue;
        if (*count == capacity) {
            uint32_t *more = vg_alloc_array(2 * capacity, sizeof *more);
            if (!more) {
                status = VG_E_MEMORY;
                break;
            }
            memcpy(more, *numbers, *count * sizeof *more);
            vg_free(*numbers);
            *numbers = more;
            capacity *= 2;
        }
        (*numbers)[(*count)++] = number;
    }
    if (folder)
        (void)closedir(folder);
    if (status == VG_OK)
        qsort(*numbers, *count, sizeof **numbers, compare_numbers);
    return status;
}

/* Marks whose segment is gone: a crash came between the two deletions. */
static enum vg_status remove_stray_marks(struct vg_spool *spool)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    char path[PATH_SIZE];
    const enum vg_status status = list_files(spool, "mark", &numbers, &count);
    for (size_t i = 0; status == VG_OK && i < count; i++) {
        if (find_file(spool, numbers[i]))
            continue;
        file_path(spool, numbers[i], "spool", path);
        if (vg_file_exists(path))
            continue; /* it could not be read */
        file_path(spool, numbers[i], "mark", path);
        (void)spool->disk.remove(spool->disk.user, path);
    }
    vg_free(numbers);
    return status;
}

static enum vg_status load(struct vg_spool *spool, struct vg_spool_found *found)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    enum vg_status status = list_files(spool, "spool", &numbers, &count);
    for (size_t i = 0; status == VG_OK && i < count; i++) {
        status = make_room(spool); /* for the file: entries and files grow together */
        if (status == VG_OK)
            status = load_file(spool, numbers[i], found);
        spool->next_number = numbers[i] + 1;
    }
    if (status == VG_OK)
        status = remove_stray_marks(spool);
    found->records = (uint32_t)spool->count;
    vg_free(numbers);
    return status;
}

struct vg_spool_settings vg_spool_defaults(const char *folder)
{
    return (struct vg_spool_settings){.folder = folder,
                                      .bytes_max = UINT64_C(1) << 30,
                                      .segment_bytes = 16u << 20,
                                      .records_max = 16384,
                                      .disk = vg_spool_real_disk()};
}

enum vg_status vg_spool_open(struct vg_spool **spool, const struct vg_spool_settings *settings,
                             struct vg_spool_found *found, struct vg_fault *fault)
{
    struct vg_spool_found local = {.records = 0};
    *spool = NULL;
    struct vg_spool *s = vg_alloc(sizeof *s);
    if (!s)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", settings->folder);
    s->fd = -1;
    s->next_number = 1;
    s->bytes_max = settings->bytes_max;
    s->segment_bytes = settings->segment_bytes;
    s->records_max = settings->records_max;
    s->disk = settings->disk;
    s->capacity = settings->records_max > 0 ? settings->records_max : 1;
    enum vg_status status = VG_E_MEMORY;
    if ((size_t)snprintf(s->folder, sizeof s->folder, "%s", settings->folder) >= sizeof s->folder) {
        status = vg_fault_set(fault, VG_E_INPUT, N_("the path of the data folder is too long"),
                              N_("choose a shorter one"), "%s", settings->folder);
        goto done;
    }
    s->entries = vg_alloc_array(s->capacity, sizeof *s->entries);
    s->files = vg_alloc_array(s->capacity + 2, sizeof *s->files);
    s->buffer = vg_alloc(HEAD + VG_SPOOL_RECORD_MAX);
    if (s->entries && s->files && s->buffer)
        status = vg_folder_make(s->folder, fault);
    if (status == VG_OK) { /* the folder's own name must survive a power cut as well */
        char above[PATH_SIZE];
        (void)snprintf(above, sizeof above, "%s/..", s->folder);
        if (s->disk.sync_folder(s->disk.user, above) != 0)
            status = disk_fault(s, fault);
    }
    if (status == VG_OK && (status = load(s, &local)) != VG_OK && status != VG_E_MEMORY)
        status = disk_fault(s, fault);
    if (status == VG_E_MEMORY)
        (void)vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", s->folder);
done:
    if (status != VG_OK)
        vg_spool_close(&s);
    if (found)
        *found = local;
    *spool = s;
    return status;
}

void vg_spool_close(struct vg_spool **spool)
{
    struct vg_spool *s = *spool;
    if (!s)
        return;
    if (s->fd >= 0)
        (void)close(s->fd);
    vg_free(s->entries);
    vg_free(s->files);
    vg_free(s->buffer);
    vg_free(s);
    *spool = NULL;
}

/* ---- appending ---- */

static bool text_fits(const char *text, size_t size)
{
    return text[0] != '\0' && memchr(text, '\0', size) != NULL;
}

static enum vg_status check_record(const struct vg_spool *spool,
                                   const struct vg_spool_record *record, struct vg_fault *fault)
{
    if (!text_fits(record->id, sizeof record->id) || !text_fits(record->key, sizeof record->key) ||
        !record->json || record->json_bytes == 0 || record->json_bytes > VG_SPOOL_JSON_MAX ||
        record->picture_bytes > VG_SPOOL_PICTURE_MAX ||
        (record->picture_bytes > 0 && !record->picture))
        return vg_fault_set(fault, VG_E_INPUT, N_("this alert cannot be put into the spool"), NULL,
                            "%.31s", record->id);
    const size_t bytes = (size_t)FRAME + record->json_bytes + record->picture_bytes;
    if (spool->count >= spool->records_max || spool->bytes + bytes + HEAD > spool->bytes_max)
        return vg_fault_set(
            fault, VG_E_FULL, N_("the spool is full: new alerts are refused, the old ones stay"),
            N_("see why Redis or the archive does not take them"), "%s: %zu records, %llu bytes",
            spool->folder, spool->count, (unsigned long long)spool->bytes);
    return VG_OK;
}

/* A new last file, its head not yet written. */
static enum vg_status begin_file(struct vg_spool *spool, struct vg_fault *fault)
{
    char path[PATH_SIZE];
    if (spool->fd >= 0)
        (void)close(spool->fd);
    file_path(spool, spool->next_number, "spool", path);
    spool->fd = spool->disk.open(spool->disk.user, path, VG_SPOOL_NEW);
    if (spool->fd < 0)
        return disk_fault(spool, fault);
    spool->files[spool->file_count++] = (struct file){.number = spool->next_number++};
    return VG_OK;
}

/* What a failed append left behind is taken back. A file whose sync failed, or that cannot be
 * cut, is not appended to any more: its end is not known. */
static void take_back(struct vg_spool *spool, struct file *file, bool trusted)
{
    const bool cut = spool->disk.cut(spool->disk.user, spool->fd, file->bytes) == 0;
    if (!trusted || !cut) {
        (void)close(spool->fd);
        spool->fd = -1;
    }
    if (file->live == 0)
        remove_file(spool, file);
}

enum vg_status vg_spool_append(struct vg_spool *spool, const struct vg_spool_record *record,
                               struct vg_fault *fault)
{
    enum vg_status status = check_record(spool, record, fault);
    if (status != VG_OK)
        return status;
    uint8_t *const start = spool->buffer + HEAD;
    const size_t length = write_record(start, record);
    const struct file *last = spool->file_count > 0 ? &spool->files[spool->file_count - 1] : NULL;
    if (spool->fd < 0 || (last && last->bytes + length > spool->segment_bytes)) {
        status = begin_file(spool, fault);
        if (status != VG_OK)
            return status;
    }
    struct file *file = &spool->files[spool->file_count - 1];
    const bool fresh = file->bytes == 0;
    const uint64_t offset = fresh ? HEAD : file->bytes;
    if (fresh)
        write_head(spool->buffer, file->number);
    const size_t size = length + (fresh ? HEAD : 0);
    if (write_all(spool, spool->fd, fresh ? spool->buffer : start, size, file->bytes) != 0) {
        status = disk_fault(spool, fault);
        take_back(spool, file, true);
        return status;
    }
    if (spool->disk.sync(spool->disk.user, spool->fd) != 0 ||
        (fresh && spool->disk.sync_folder(spool->disk.user, spool->folder) != 0)) {
        status = disk_fault(spool, fault);
        take_back(spool, file, false);
        return status;
    }
    struct entry *entry = &spool->entries[spool->count++];
    *entry = (struct entry){.offset = offset,
                            .file = file->number,
                            .bytes = (uint32_t)length,
                            .state = VG_SPOOL_WAITING};
    memcpy(entry->id, record->id, strlen(record->id));
    file->bytes += size;
    file->live++;
    spool->bytes += size;
    return VG_OK;
}

/* ---- reading and forgetting ---- */

size_t vg_spool_pick(const struct vg_spool *spool, enum vg_spool_state state, size_t *from,
                     char (*ids)[VG_SPOOL_ID_SIZE], size_t most)
{
    size_t n = 0, i = *from;
    for (; i < spool->count && n < most; i++)
        if (spool->entries[i].state == state)
            memcpy(ids[n++], spool->entries[i].id, VG_SPOOL_ID_SIZE);
    *from = i < spool->count ? i : 0;
    return n;
}

enum vg_status vg_spool_read(struct vg_spool *spool, const char *id, uint8_t *buffer,
                             struct vg_spool_record *record, struct vg_fault *fault)
{
    char path[PATH_SIZE];
    const struct entry *entry = find_entry(spool, id);
    if (!entry)
        return vg_fault_set(fault, VG_E_MISSING, N_("the spool has no such alert"), NULL, "%.31s",
                            id);
    file_path(spool, entry->file, "spool", path);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : pread(fd, buffer, entry->bytes, (off_t)entry->offset);
    if (fd >= 0)
        (void)close(fd);
    if (n < 0)
        return vg_fault_set(fault, VG_E_IO, N_("the spool cannot be read"), N_("check its disk"),
                            "%s", path);
    if ((size_t)n != entry->bytes || !frame_good(buffer) || frame_length(buffer) != entry->bytes ||
        !read_record(buffer, record))
        return vg_fault_set(fault, VG_E_INTEGRITY, N_("an alert in the spool is damaged"),
                            N_("check its disk"), "%s: %llu", path,
                            (unsigned long long)entry->offset);
    return VG_OK;
}

void vg_spool_note(struct vg_spool *spool, const char *id, enum vg_spool_state state)
{
    struct entry *entry = find_entry(spool, id);
    if (entry)
        entry->state = state;
}

/* Appends the marks of what is archived in one file (offsets, count of them), synced. */
static enum vg_status mark(struct vg_spool *spool, struct file *file, const uint64_t *offsets,
                           size_t count, struct vg_fault *fault)
{
    char path[PATH_SIZE];
    enum vg_status status = VG_OK;
    file_path(spool, file->number, "mark", path);
    const int fd = spool->disk.open(spool->disk.user, path, VG_SPOOL_KEPT);
    if (fd < 0)
        return disk_fault(spool, fault);
    for (size_t i = 0; i < count && status == VG_OK; i++) {
        uint8_t bytes[MARK_BYTES] = {0};
        put64(bytes, offsets[i]);
        put32(bytes + 8, vg_crc32c(0, bytes, 8));
        if (write_all(spool, fd, bytes, sizeof bytes, file->mark_bytes) != 0)
            status = disk_fault(spool, fault);
        else
            file->mark_bytes += MARK_BYTES;
    }
    if (status == VG_OK && spool->disk.sync(spool->disk.user, fd) != 0)
        status = disk_fault(spool, fault);
    (void)close(fd);
    return status;
}

/* Takes the entries of one file that stand in ids out of the index, at most PIECE; their
 * offsets. */
static size_t take_out(struct vg_spool *spool, uint32_t number, char (*ids)[VG_SPOOL_ID_SIZE],
                       size_t count, uint64_t *offsets)
{
    size_t kept = 0, taken = 0;
    for (size_t i = 0; i < spool->count; i++) {
        struct entry *entry = &spool->entries[i];
        bool out = false;
        for (size_t k = 0; !out && taken < PIECE && entry->file == number && k < count; k++)
            out = strncmp(entry->id, ids[k], VG_SPOOL_ID_SIZE) == 0;
        if (out)
            offsets[taken++] = entry->offset;
        else if (kept++ != i)
            spool->entries[kept - 1] = *entry;
    }
    spool->count = kept;
    return taken;
}

enum vg_status vg_spool_archived(struct vg_spool *spool, char (*ids)[VG_SPOOL_ID_SIZE],
                                 size_t count, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    uint64_t offsets[PIECE];
    while (count > 0) {
        const size_t piece = count < PIECE ? count : PIECE;
        for (size_t i = 0; i < piece; i++) {
            const struct entry *entry = find_entry(spool, ids[i]);
            struct file *file = entry ? find_file(spool, entry->file) : NULL;
            if (!file)
                continue; /* unknown, or taken out with another of its file */
            const size_t taken = take_out(spool, file->number, ids, piece, offsets);
            file->live -= (uint32_t)taken;
            if (file->live == 0) {
                remove_file(spool, file);
                continue;
            }
            const enum vg_status marked = mark(spool, file, offsets, taken, fault);
            status = status == VG_OK ? marked : status;
        }
        ids += piece;
        count -= piece;
    }
    return status;
}

void vg_spool_read_numbers(const struct vg_spool *spool, struct vg_spool_numbers *numbers)
{
    numbers->records = (uint32_t)spool->count;
    numbers->files = (uint32_t)spool->file_count;
    numbers->bytes = spool->bytes;
}
