#include "src/base/png_write.h"

#include <stdbool.h>
#include <string.h>

#include "src/base/alloc.h"

/* head of the file, IHDR, PLTE, tRNS, IDAT without its data, IEND, with their 12 bytes each */
#define AROUND_BYTES 1536
#define MATCH_LEAST  3
#define MATCH_MOST   258

struct out {
    uint8_t *bytes;
    size_t size;
    uint32_t bits, held; /* not yet a byte */
};

static void put(struct out *out, const void *bytes, size_t size)
{
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_big(struct out *out, uint32_t v)
{
    const uint8_t bytes[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    put(out, bytes, sizeof bytes);
}

/* ---- chunks ---- */

/* CRC-32 of ISO 3309, bit by bit: a few kilobytes. */
static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int b = 0; b < 8; b++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static size_t begin_chunk(struct out *out, const char *type)
{
    const size_t at = out->size;
    put_big(out, 0);
    put(out, type, 4);
    return at;
}

static void end_chunk(struct out *out, size_t at)
{
    const size_t end = out->size, size = end - at - 8;
    out->size = at;
    put_big(out, (uint32_t)size);
    out->size = end;
    put_big(out, crc32_of(out->bytes + at + 4, size + 4));
}

/* ---- deflate ---- */

static void put_bits(struct out *out, uint32_t value, uint32_t count)
{
    out->bits |= value << out->held;
    for (out->held += count; out->held >= 8; out->held -= 8) {
        out->bytes[out->size++] = (uint8_t)out->bits;
        out->bits >>= 8;
    }
}

/* Codes go from their highest bit on, numbers from their lowest. */
static void put_code(struct out *out, uint32_t code, uint32_t count)
{
    uint32_t turned = 0;
    for (uint32_t i = 0; i < count; i++)
        turned |= (code >> i & 1) << (count - 1 - i);
    put_bits(out, turned, count);
}

/* The fixed code of a symbol, 0 to 287. */
static void put_symbol(struct out *out, uint32_t symbol)
{
    if (symbol < 144)
        put_code(out, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(out, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(out, symbol - 256, 7);
    else
        put_code(out, 0xC0 + symbol - 280, 8);
}

/* The byte before, once more, so many times: MATCH_LEAST to MATCH_MOST. */
static void put_run(struct out *out, uint32_t length)
{
    uint32_t extra = 0, first = MATCH_LEAST, symbol = 257;
    if (length == MATCH_MOST) {
        put_symbol(out, 285);
    } else {
        while (first + (4u << extra) * (extra ? 1 : 2) <= length) {
            first += (4u << extra) * (extra ? 1 : 2);
            symbol += extra ? 4 : 8;
            extra++;
        }
        put_symbol(out, symbol + ((length - first) >> extra));
        put_bits(out, (length - first) & ((1u << extra) - 1), extra);
    }
    put_code(out, 0, 5); /* one byte back */
}

static void deflate(struct out *out, const uint8_t *raw, size_t size)
{
    uint32_t a = 1, b = 0; /* Adler-32, RFC 1950 */
    put(out, "\x78\x01", 2);
    put_bits(out, 3, 3); /* the last block, of fixed codes */
    for (size_t i = 0; i < size;) {
        size_t run = 0;
        while (i > 0 && run < MATCH_MOST && i + run < size && raw[i + run] == raw[i - 1])
            run++;
        if (run >= MATCH_LEAST)
            put_run(out, (uint32_t)run);
        else
            put_symbol(out, raw[i]);
        i += run >= MATCH_LEAST ? run : 1;
    }
    put_symbol(out, 256);
    put_bits(out, 0, (8 - out->held) % 8);
    for (size_t i = 0; i < size; i++) {
        a = (a + raw[i]) % 65521;
        b = (b + a) % 65521;
    }
    put_big(out, b << 16 | a);
}

/* ---- the picture ---- */

/* Rows with the filter's number before each: 2 (as the row above) where nothing changes. */
static void filter(const struct vg_png_picture *picture, uint8_t *raw)
{
    const size_t width = picture->width;
    for (uint32_t y = 0; y < picture->height; y++) {
        const uint8_t *row = picture->index + y * width;
        uint8_t *to = raw + y * (width + 1);
        const bool same = y > 0 && memcmp(row, row - width, width) == 0;
        to[0] = same ? 2 : 0;
        if (same)
            memset(to + 1, 0, width);
        else
            memcpy(to + 1, row, width);
    }
}

static void put_colours(struct out *out, const struct vg_png_picture *picture)
{
    size_t at = begin_chunk(out, "PLTE");
    for (int i = 0; i < 256; i++)
        put(out, &picture->colour[i], 3);
    end_chunk(out, at);
    at = begin_chunk(out, "tRNS");
    for (int i = 0; i < 256; i++)
        put(out, &picture->colour[i].alpha, 1);
    end_chunk(out, at);
}

enum vg_status vg_png_write(const struct vg_png_picture *picture, uint8_t **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    if (picture->width < 1 || picture->height < 1 || picture->width > VG_PNG_SIDE_MAX ||
        picture->height > VG_PNG_SIDE_MAX)
        return VG_E_CALL;
    const size_t raw_size = (size_t)picture->height * (picture->width + 1);
    uint8_t *raw = vg_alloc(raw_size);
    struct out out = {.bytes = vg_alloc(raw_size + raw_size / 8 + AROUND_BYTES)}; /* 9 bits each */
    if (!raw || !out.bytes) {
        vg_free(raw);
        vg_free(out.bytes);
        return VG_E_MEMORY;
    }
    filter(picture, raw);
    put(&out, "\x89PNG\r\n\x1a\n", 8);
    size_t at = begin_chunk(&out, "IHDR");
    put_big(&out, picture->width);
    put_big(&out, picture->height);
    put(&out, "\x08\x03\0\0", 5); /* 8 bits, of a palette, nothing else of its kind */
    end_chunk(&out, at);
    put_colours(&out, picture);
    at = begin_chunk(&out, "IDAT");
    deflate(&out, raw, raw_size);
    end_chunk(&out, at);
    end_chunk(&out, begin_chunk(&out, "IEND"));
    vg_free(raw);
    *data = out.bytes;
    *size = out.size;
    return VG_OK;
}
