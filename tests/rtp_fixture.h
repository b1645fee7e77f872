/* What the RTP tests share: packets made by hand, and clips that are encoded here and packed by
 * libavformat's own muxer. All static, so that a test includes what it needs. */
#ifndef VG_TESTS_RTP_FIXTURE_H
#define VG_TESTS_RTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RTP_BYTES_MAX 2048

struct rtp_bytes {
    size_t size;
    uint8_t data[RTP_BYTES_MAX];
};

struct rtp_spec {
    uint32_t ssrc, stamp, sequence; /* the low 16 bits of sequence are sent */
    int payload_type;
    int marker;
    const void *payload;
    size_t size;
};

static inline void put_be(uint8_t *p, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static inline struct rtp_bytes rtp_make(const struct rtp_spec *spec)
{
    struct rtp_bytes made = {.size = 12 + spec->size};
    assert_true(made.size <= RTP_BYTES_MAX);
    made.data[0] = 0x80;
    made.data[1] = (uint8_t)(spec->payload_type | (spec->marker ? 0x80 : 0));
    put_be(made.data + 2, 2, spec->sequence & 0xffff);
    put_be(made.data + 4, 4, spec->stamp);
    put_be(made.data + 8, 4, spec->ssrc);
    if (spec->size > 0)
        memcpy(made.data + 12, spec->payload, spec->size);
    return made;
}

/* A sender report alone. */
static inline struct rtp_bytes rtcp_report(uint32_t ssrc, uint64_t ntp, uint32_t stamp)
{
    struct rtp_bytes made = {.size = 28, .data = {0x80, 200, 0, 6}};
    put_be(made.data + 4, 4, ssrc);
    put_be(made.data + 8, 8, ntp);
    put_be(made.data + 16, 4, stamp);
    return made;
}

/* "65 aa bb" as bytes; returns how many. */
static inline size_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
    size_t n = 0;
    for (const char *p = text; *p;) {
        char *end = NULL;
        if (*p == ' ') {
            p++;
            continue;
        }
        const char digits[3] = {p[0], p[1], 0};
        assert_true(n < room && p[1] != 0);
        bytes[n++] = (uint8_t)strtoul(digits, &end, 16);
        assert_true(end == digits + 2);
        p += 2;
    }
    return n;
}

#endif
