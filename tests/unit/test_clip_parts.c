/* The pure parts of serving clips and live pictures: ranges, codecs, what is asked for, heads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/byte_range.h"
#include "api/live_stream.h"
#include "api/mp4_codec.h"

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t size;
        enum vg_range_kind want;
        uint64_t first, part;
    } rows[] = {
        {"", 100, VG_RANGE_WHOLE, 0, 0},
        {"bytes=0-", 100, VG_RANGE_PART, 0, 100},
        {"bytes=0-0", 100, VG_RANGE_PART, 0, 1},
        {"bytes=10-19", 100, VG_RANGE_PART, 10, 10},
        {"bytes=99-", 100, VG_RANGE_PART, 99, 1},
        {"bytes=90-1000", 100, VG_RANGE_PART, 90, 10},
        {"bytes=-10", 100, VG_RANGE_PART, 90, 10},
        {"bytes=-1000", 100, VG_RANGE_PART, 0, 100},
        {"bytes=-0", 100, VG_RANGE_OUTSIDE, 0, 0},
        {"bytes=100-", 100, VG_RANGE_OUTSIDE, 0, 0},
        {"bytes=100-200", 100, VG_RANGE_OUTSIDE, 0, 0},
        {"bytes=0-", 0, VG_RANGE_OUTSIDE, 0, 0},
        {"bytes=-5", 0, VG_RANGE_OUTSIDE, 0, 0},
        {"bytes=999999999999999999-", 100, VG_RANGE_OUTSIDE, 0, 0},
        {"bytes=9999999999999999999-", 100, VG_RANGE_WHOLE, 0, 0}, /* 19 digits: not well-formed */
        {"bytes=20-10", 100, VG_RANGE_WHOLE, 0, 0},
        {"bytes=0-9,20-29", 100, VG_RANGE_WHOLE, 0, 0},
        {"bytes=-", 100, VG_RANGE_WHOLE, 0, 0},
        {"bytes=", 100, VG_RANGE_WHOLE, 0, 0},
        {"bytes=a-b", 100, VG_RANGE_WHOLE, 0, 0},
        {"bytes= 0-9", 100, VG_RANGE_WHOLE, 0, 0},
        {"lines=0-9", 100, VG_RANGE_WHOLE, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_byte_range part = {0, 0};
        const enum vg_range_kind kind = vg_byte_range_read(rows[i].text, rows[i].size, &part);
        if (kind != rows[i].want || part.first != rows[i].first || part.size != rows[i].part)
            fail_msg("%s of %u: %d, %u+%u", rows[i].text, (unsigned)rows[i].size, (int)kind,
                     (unsigned)part.first, (unsigned)part.size);
    }
}

/* A box around what is there: returns the new size. */
static size_t wrap(uint8_t *bytes, size_t size, const char *name)
{
    memmove(bytes + 8, bytes, size);
    bytes[0] = bytes[1] = 0;
    bytes[2] = (uint8_t)((size + 8) >> 8);
    bytes[3] = (uint8_t)(size + 8);
    memcpy(bytes + 4, name, 4);
    return size + 8;
}

static void codecs(void **state)
{
    (void)state;
    static const char *const way[] = {"stsd", "stbl", "minf", "mdia", "trak", "moov"};
    uint8_t bytes[512] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 60, 'h', 'v', 'c', '1'};
    char name[5];
    size_t size = 80;
    for (size_t i = 0; i < 6; i++) {
        size = wrap(bytes, size, way[i]);
        /* another box before the one that is looked for */
        memmove(bytes + 16, bytes, size);
        memset(bytes, 0, 16);
        bytes[3] = 16;
        memcpy(bytes + 4, "free", 4);
        size += 16;
    }
    assert_int_equal(vg_mp4_codec(bytes, size, name), VG_OK);
    assert_string_equal(name, "hvc1");
    assert_int_equal(vg_mp4_codec(bytes, size - 64, name), VG_OK); /* the rest is not looked at */
    for (size_t cut = 0; cut < size - 64; cut++)
        assert_int_equal(vg_mp4_codec(bytes, cut, name), VG_E_INPUT);
    bytes[3] = 7; /* a box smaller than its own head */
    assert_int_equal(vg_mp4_codec(bytes, size, name), VG_E_INPUT);
}

static void wishes(void **state)
{
    (void)state;
    static const char long_id[] =
        "a234567890123456789012345678901234567890123456789012345678901234";
    static const struct {
        const char *flux, *plays, *wrong;
        size_t count;
        uint32_t bits;
    } rows[] = {
        {"a", NULL, NULL, 1, 1},
        {"a,b,c", "", NULL, 3, 1},
        {"a", "h264,h265", NULL, 1, 3},
        {"a", "h265", NULL, 1, 2},
        {"a", "jpeg", NULL, 1, 0},
        {"a", "h264,", "plays", 1, 1},
        {"a", "H264", "plays", 1, 0},
        {"a", "h2645", "plays", 1, 0},
        {NULL, NULL, "flux", 0, 0},
        {"", NULL, "flux", 0, 0},
        {",a", NULL, "flux", 0, 0},
        {"a,", NULL, "flux", 1, 0},
        {"a,,b", NULL, "flux", 1, 0},
        {"a,b,a", NULL, "flux", 2, 0},
        {"a,ab", NULL, NULL, 2, 1},
        {long_id, NULL, "flux", 0, 0},
        {long_id + 1, NULL, NULL, 1, 1},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18", NULL, NULL, 18, 1},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19", NULL, "flux", 18, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_live_wish wish;
        const char *wrong = vg_live_wish_read(rows[i].flux, rows[i].plays, &wish);
        if (strcmp(wrong ? wrong : "", rows[i].wrong ? rows[i].wrong : "") != 0 ||
            wish.count != rows[i].count || wish.plays != rows[i].bits)
            fail_msg("row %zu: %s, %zu, %u", i, wrong ? wrong : "good", wish.count, wish.plays);
    }
}

static void heads(void **state)
{
    (void)state;
    static const uint8_t want[VG_LIVE_HEAD_BYTES] = {0x04, 0x03, 0x02, 0x01, 3,    5,    17, 0,
                                                     0x08, 0x07, 0x06, 0x05, 0,    0,    0,  0,
                                                     0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0,  0};
    const struct vg_live_frame frame = {.type = VG_LIVE_FRAME_FRAGMENT,
                                        .flags = VG_LIVE_FRAME_BEGIN | VG_LIVE_FRAME_KEY,
                                        .flux = 17,
                                        .size = 0x01020304,
                                        .unit = 0x05060708,
                                        .wall_us = 0x111213141516};
    uint8_t head[VG_LIVE_HEAD_BYTES];
    vg_live_write_head(&frame, head);
    assert_memory_equal(head, want, sizeof want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges), cmocka_unit_test(codecs),
                                       cmocka_unit_test(wishes), cmocka_unit_test(heads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
