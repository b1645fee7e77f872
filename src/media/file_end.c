/* Each walk goes from head to head, bounded in steps, and stops in doubt: what it cannot read is
 * not called cut. Formats: ISO/IEC 14496-12 4.2, RFC 8794 (EBML), OpenDML AVI 1.02,
 * Adobe's FLV 10.1 annex E, ISO/IEC 13818-1 2.4.3.2. */
#include "src/media/file_end.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS_MAX (1u << 20)
#define SIZE_OPEN UINT64_MAX /* not declared */

struct file {
    int fd;
    uint64_t size;
};

static bool read_at(const struct file *file, uint64_t at, uint8_t *into, size_t count)
{
    return at <= file->size && count <= file->size - at &&
           pread(file->fd, into, count, (off_t)at) == (ssize_t)count;
}

static uint64_t big_endian(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* Whether `length` bytes from `at` go beyond the end. */
static bool beyond(const struct file *file, uint64_t at, uint64_t length)
{
    return at > file->size || length > file->size - at;
}

/* ---- MP4, MOV ---- */

static bool is_box(const uint8_t *head)
{
    static const char known[][5] = {"ftyp", "moov", "mdat", "free", "wide", "skip", "pnot", "styp"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (memcmp(head + 4, known[i], 4) == 0)
            return true;
    return false;
}

static bool boxes_cut(const struct file *file)
{
    uint64_t at = 0;
    uint8_t head[16];
    for (unsigned step = 0; step < STEPS_MAX && read_at(file, at, head, 8); step++) {
        uint64_t size = big_endian(head, 4);
        if (size == 1) { /* the size follows in 64 bits */
            if (!read_at(file, at, head, 16))
                return true;
            size = big_endian(head + 8, 8);
        }
        if (size < 8) /* 0: to the end, whatever that is */
            return false;
        if (beyond(file, at, size))
            return true;
        at += size;
    }
    return false;
}

/* ---- Matroska, WebM ---- */

#define EBML_HEAD    UINT64_C(0x1A45DFA3)
#define EBML_SEGMENT UINT64_C(0x18538067)
#define EBML_CLUSTER UINT64_C(0x1F43B675)

/* Bytes of the number that begins with this one: 1 to 8; 9: none begins so. */
static size_t ebml_length(uint8_t first)
{
    size_t length = 1;
    while (length <= 8 && (first & (0x80u >> (length - 1))) == 0)
        length++;
    return length;
}

struct element {
    uint64_t id, size, data; /* data: where it begins */
};

static bool element_read(const struct file *file, uint64_t at, struct element *element)
{
    uint8_t bytes[8];
    if (!read_at(file, at, bytes, 1))
        return false;
    const size_t id_length = ebml_length(bytes[0]);
    if (id_length > 4 || !read_at(file, at, bytes, id_length))
        return false;
    element->id = big_endian(bytes, id_length);
    if (!read_at(file, at + id_length, bytes, 1))
        return false;
    const size_t length = ebml_length(bytes[0]);
    if (length > 8 || !read_at(file, at + id_length, bytes, length))
        return false;
    const uint64_t most = (UINT64_C(1) << (7 * length)) - 1;
    const uint64_t size = big_endian(bytes, length) & most;
    element->size = size == most ? SIZE_OPEN : size;
    element->data = at + id_length + length;
    return true;
}

/* Elements of open size are entered: their children follow at once. */
static bool elements_cut(const struct file *file)
{
    struct element element;
    uint64_t at = 0;
    for (unsigned step = 0; step < STEPS_MAX && element_read(file, at, &element); step++) {
        at = element.data;
        if (element.size == SIZE_OPEN) {
            if (element.id != EBML_SEGMENT && element.id != EBML_CLUSTER)
                return false;
            continue;
        }
        if (beyond(file, at, element.size))
            return true;
        at += element.size;
    }
    return false;
}

/* ---- AVI ---- */

/* One RIFF after the other. Some writers forget that the size leaves out its own head. */
static bool chunks_cut(const struct file *file)
{
    const uint64_t head_bytes = 8;
    uint64_t at = 0;
    uint8_t head[8];
    for (unsigned step = 0; step < STEPS_MAX && read_at(file, at, head, 8); step++) {
        const uint64_t size =
            head[4] | (uint64_t)head[5] << 8 | (uint64_t)head[6] << 16 | (uint64_t)head[7] << 24;
        if (memcmp(head, "RIFF", 4) != 0 || size == 0 || size == UINT32_MAX)
            return false;
        if (beyond(file, at, size))
            return true;
        at += head_bytes + size + size % 2;
    }
    return false;
}

/* ---- FLV ---- */

static bool tags_cut(const struct file *file)
{
    const uint64_t head_bytes = 11, back_bytes = 4; /* behind each: its length once more */
    uint8_t head[11];
    if (!read_at(file, 0, head, 9))
        return false;
    uint64_t at = big_endian(head + 5, 4) + back_bytes;
    for (unsigned step = 0; step < STEPS_MAX && read_at(file, at, head, sizeof head); step++) {
        const uint64_t size = head_bytes + big_endian(head + 1, 3);
        if (beyond(file, at, size))
            return true;
        at += size + back_bytes;
    }
    return false;
}

/* ---- MPEG-TS ---- */

/* The length of its packets: 188 bytes, 192 (a time before each), 204 (a check sum behind each);
 * 0: no such stream. */
static uint64_t packet_length(const struct file *file)
{
    static const struct {
        uint64_t length, sync;
    } kind[] = {{188, 0}, {192, 4}, {204, 0}};
    for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
        uint8_t byte = 0x47;
        for (uint64_t i = 0; i < 5 && byte == 0x47; i++)
            if (!read_at(file, i * kind[k].length + kind[k].sync, &byte, 1))
                byte = 0;
        if (byte == 0x47)
            return kind[k].length;
    }
    return 0;
}

/* ---- any ---- */

static bool is_cut(const struct file *file)
{
    uint8_t head[8];
    if (!read_at(file, 0, head, sizeof head))
        return false;
    if (big_endian(head, 4) == EBML_HEAD)
        return elements_cut(file);
    if (memcmp(head, "RIFF", 4) == 0)
        return chunks_cut(file);
    if (memcmp(head, "FLV", 3) == 0)
        return tags_cut(file);
    if (is_box(head))
        return boxes_cut(file);
    const uint64_t length = packet_length(file);
    return length > 0 && file->size % length != 0;
}

bool vg_file_is_cut(const char *path)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool cut = false;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0) {
        const struct file file = {.fd = fd, .size = (uint64_t)about.st_size};
        cut = is_cut(&file);
    }
    (void)close(fd);
    return cut;
}
