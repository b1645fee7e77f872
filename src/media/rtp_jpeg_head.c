/* Tables: ISO 10918-1 annex K. The quantisers stand in their natural order, as there. */
#include "src/media/rtp_jpeg_head.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static const uint8_t luma[64] = {
    16, 11, 10, 16, 24,  40,  51,  61,  /**/
    12, 12, 14, 19, 26,  58,  60,  55,  /**/
    14, 13, 16, 24, 40,  57,  69,  56,  /**/
    14, 17, 22, 29, 51,  87,  80,  62,  /**/
    18, 22, 37, 56, 68,  109, 103, 77,  /**/
    24, 35, 55, 64, 81,  104, 113, 92,  /**/
    49, 64, 78, 87, 103, 121, 120, 101, /**/
    72, 92, 95, 98, 112, 100, 103, 99,
};

static const uint8_t chroma[64] = {
    17, 18, 24, 47, 99, 99, 99, 99, /**/
    18, 21, 26, 66, 99, 99, 99, 99, /**/
    24, 26, 56, 99, 99, 99, 99, 99, /**/
    47, 66, 99, 99, 99, 99, 99, 99, /**/
    99, 99, 99, 99, 99, 99, 99, 99, /**/
    99, 99, 99, 99, 99, 99, 99, 99, /**/
    99, 99, 99, 99, 99, 99, 99, 99, /**/
    99, 99, 99, 99, 99, 99, 99, 99,
};

static const uint8_t zigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, /**/
    17, 24, 32, 25, 18, 11, 4,  5,  /**/
    12, 19, 26, 33, 40, 48, 41, 34, /**/
    27, 20, 13, 6,  7,  14, 21, 28, /**/
    35, 42, 49, 56, 57, 50, 43, 36, /**/
    29, 22, 15, 23, 30, 37, 44, 51, /**/
    58, 59, 52, 45, 38, 31, 39, 46, /**/
    53, 60, 61, 54, 47, 55, 62, 63,
};

static const uint8_t luma_dc_lengths[16] = {0, 1, 5, 1, 1, 1, 1, 1, 1};
static const uint8_t chroma_dc_lengths[16] = {0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const uint8_t dc_symbols[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

static const uint8_t luma_ac_lengths[16] = {0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d};
static const uint8_t luma_ac_symbols[162] = {
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61,
    0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
    0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25,
    0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45,
    0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64,
    0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
    0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3,
    0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8,
    0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
};

static const uint8_t chroma_ac_lengths[16] = {0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77};
static const uint8_t chroma_ac_symbols[162] = {
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61,
    0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33,
    0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18,
    0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44,
    0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63,
    0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97,
    0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4,
    0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca,
    0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7,
    0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
};

/* DC and AC of luma, then of chroma: the class and number that DHT wants */
static const struct {
    uint8_t id;
    const uint8_t *lengths, *symbols;
    uint8_t symbol_count;
} codes[] = {
    {0x00, luma_dc_lengths, dc_symbols, sizeof dc_symbols},
    {0x10, luma_ac_lengths, luma_ac_symbols, sizeof luma_ac_symbols},
    {0x01, chroma_dc_lengths, dc_symbols, sizeof dc_symbols},
    {0x11, chroma_ac_lengths, chroma_ac_symbols, sizeof chroma_ac_symbols},
};

static uint8_t scaled(uint32_t quantiser, uint32_t percent)
{
    const uint32_t value = (quantiser * percent + 50) / 100;
    return (uint8_t)(value < 1 ? 1 : value > 255 ? 255 : value);
}

void vg_rtp_jpeg_tables(uint32_t q, uint8_t tables[128])
{
    assert(q >= 1 && q <= 99);
    const uint32_t percent = q < 50 ? 5000 / q : 200 - q * 2;
    for (size_t i = 0; i < 64; i++) {
        tables[i] = scaled(luma[zigzag[i]], percent);
        tables[64 + i] = scaled(chroma[zigzag[i]], percent);
    }
}

struct writer {
    uint8_t *at;
};

static void put(struct writer *w, uint32_t byte)
{
    *w->at++ = (uint8_t)byte;
}

static void put_u16(struct writer *w, uint32_t value)
{
    put(w, value >> 8 & 255);
    put(w, value & 255);
}

static void put_bytes(struct writer *w, const uint8_t *bytes, size_t size)
{
    memcpy(w->at, bytes, size);
    w->at += size;
}

/* A marker and the length of its segment, which counts itself. */
static void put_segment(struct writer *w, uint32_t marker, size_t bytes)
{
    put(w, 0xff);
    put(w, marker);
    put_u16(w, (uint32_t)bytes + 2);
}

/* How many bytes table i has. */
static uint32_t table_size(const struct vg_rtp_jpeg_about *about, uint32_t i)
{
    return about->precision >> i & 1 ? 128 : 64;
}

static void put_table(struct writer *w, const struct vg_rtp_jpeg_about *about, uint32_t i,
                      const uint8_t *table)
{
    const uint32_t size = table_size(about, i);
    put_segment(w, 0xdb, size + 1);
    put(w, (size == 128 ? 0x10u : 0) | i);
    put_bytes(w, table, size);
}

/* One component's number, sampling and table. */
static void put_frame(struct writer *w, const struct vg_rtp_jpeg_about *about,
                      uint32_t chroma_table)
{
    put_segment(w, 0xc0, 15);
    put(w, 8);
    put_u16(w, about->height);
    put_u16(w, about->width);
    put(w, 3);
    for (uint32_t i = 0; i < 3; i++) {
        put(w, i);
        put(w, i > 0 ? 0x11 : about->sampling == 0 ? 0x21 : 0x22);
        put(w, i > 0 ? chroma_table : 0);
    }
}

static void put_codes(struct writer *w)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        put_segment(w, 0xc4, 17u + codes[i].symbol_count);
        put(w, codes[i].id);
        put_bytes(w, codes[i].lengths, 16);
        put_bytes(w, codes[i].symbols, codes[i].symbol_count);
    }
}

static void put_scan(struct writer *w)
{
    put_segment(w, 0xda, 10);
    put(w, 3);
    for (uint32_t i = 0; i < 3; i++) {
        put(w, i);
        put(w, i > 0 ? 0x11 : 0);
    }
    put(w, 0);
    put(w, 63);
    put(w, 0);
}

size_t vg_rtp_jpeg_head(const struct vg_rtp_jpeg_about *about, uint8_t *head)
{
    struct writer w = {head};
    const uint32_t first = table_size(about, 0), second = table_size(about, 1);
    const bool two = about->table_bytes >= first + second;
    if (about->table_bytes < first)
        return 0;
    put(&w, 0xff);
    put(&w, 0xd8);
    put_table(&w, about, 0, about->tables);
    if (two)
        put_table(&w, about, 1, about->tables + first);
    if (about->restart > 0) {
        put_segment(&w, 0xdd, 2);
        put_u16(&w, about->restart);
    }
    put_frame(&w, about, two ? 1 : 0);
    put_codes(&w);
    put_scan(&w);
    assert(w.at - head <= VG_RTP_JPEG_HEAD_SIZE);
    return (size_t)(w.at - head);
}
