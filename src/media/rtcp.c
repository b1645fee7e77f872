#include "src/media/rtcp.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/media/rtp_packet.h"

enum {
    SENDER_REPORT = 200,
    RECEIVER_REPORT = 201,
    DESCRIPTION = 202,
    BYE = 203,
    HEAD_BYTES = 4,
    SENDER_REPORT_BYTES = 28,
    BLOCK_BYTES = 24,
    CNAME = 1
};

static void read_sender_report(const uint8_t *p, size_t size, struct vg_rtcp_news *news)
{
    if (size < SENDER_REPORT_BYTES)
        return;
    news->report = true;
    news->report_ssrc = vg_rtp_u32(p + 4);
    news->report_ntp = (uint64_t)vg_rtp_u32(p + 8) << 32 | vg_rtp_u32(p + 12);
    news->report_stamp = vg_rtp_u32(p + 16);
}

static void read_bye(const uint8_t *p, size_t size, struct vg_rtcp_news *news)
{
    const size_t count = p[0] & 31;
    for (size_t i = 0; i < count && (i + 2) * 4 <= size && news->bye_count < VG_RTCP_BYE_MAX; i++)
        news->bye_ssrc[news->bye_count++] = vg_rtp_u32(p + 4 + i * 4);
}

enum vg_status vg_rtcp_read(const uint8_t *data, size_t size, struct vg_rtcp_news *news)
{
    *news = (struct vg_rtcp_news){.report = false};
    if (size < HEAD_BYTES)
        return VG_E_INPUT;
    for (size_t at = 0; at < size;) {
        const uint8_t *p = data + at;
        if (size - at < HEAD_BYTES || p[0] >> 6 != 2 || p[1] < 192 || p[1] > 223)
            return VG_E_INPUT;
        const size_t bytes = ((size_t)vg_rtp_u16(p + 2) + 1) * 4;
        if (bytes > size - at)
            return VG_E_INPUT;
        if (p[1] == SENDER_REPORT)
            read_sender_report(p, bytes, news);
        if (p[1] == BYE)
            read_bye(p, bytes, news);
        at += bytes;
    }
    return VG_OK;
}

/* The head of a packet of `bytes` in all. */
static void put_head(uint8_t *p, int count, int type, size_t bytes)
{
    p[0] = (uint8_t)(0x80 | count);
    p[1] = (uint8_t)type;
    p[2] = 0;
    p[3] = (uint8_t)(bytes / 4 - 1);
}

static uint32_t lost_24_bits(int64_t lost)
{
    const int64_t most = 0x7fffff;
    const int64_t kept = lost > most ? most : lost < -most - 1 ? -most - 1 : lost;
    return (uint32_t)((uint64_t)kept & 0xffffff);
}

static void put_block(uint8_t *p, const struct vg_rtcp_block *block)
{
    const int64_t age_us = block->report_age_us > 0 ? block->report_age_us : 0;
    const int64_t age_s = age_us / VG_US_PER_S < 65535 ? age_us / VG_US_PER_S : 65535;
    const uint32_t age = (uint32_t)(age_s << 16 | (age_us % VG_US_PER_S << 16) / VG_US_PER_S);
    const uint32_t frac = block->lost_frac < 255 ? block->lost_frac : 255;
    vg_rtp_put_u32(p, block->ssrc);
    vg_rtp_put_u32(p + 4, frac << 24 | lost_24_bits(block->lost));
    vg_rtp_put_u32(p + 8, block->sequence_max);
    vg_rtp_put_u32(p + 12, block->jitter);
    vg_rtp_put_u32(p + 16, (uint32_t)(block->report_ntp >> 16));
    vg_rtp_put_u32(p + 20, block->report_ntp ? age : 0);
}

/* Ended by one to four zeros, which fill up to 4 bytes (6.5). */
static size_t put_description(uint8_t *p, uint32_t ssrc)
{
    char name[16];
    const int length = snprintf(name, sizeof name, "vigie-%08lx", (unsigned long)ssrc);
    const size_t bytes = ((size_t)HEAD_BYTES + 4 + 2 + (size_t)length) / 4 * 4 + 4;
    memset(p, 0, bytes);
    put_head(p, 1, DESCRIPTION, bytes);
    vg_rtp_put_u32(p + 4, ssrc);
    p[8] = CNAME;
    p[9] = (uint8_t)length;
    memcpy(p + 10, name, (size_t)length);
    return bytes;
}

size_t vg_rtcp_write(uint32_t ssrc, const struct vg_rtcp_block *block, uint8_t *data, size_t size)
{
    assert(size >= VG_RTCP_REPORT_SIZE);
    (void)size; /* without assertions */
    const size_t bytes = HEAD_BYTES + 4 + (block ? (size_t)BLOCK_BYTES : 0);
    put_head(data, block ? 1 : 0, RECEIVER_REPORT, bytes);
    vg_rtp_put_u32(data + 4, ssrc);
    if (block)
        put_block(data + 8, block);
    const size_t all = bytes + put_description(data + bytes, ssrc);
    assert(all <= VG_RTCP_REPORT_SIZE);
    return all;
}
