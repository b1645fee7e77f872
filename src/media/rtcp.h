/* RTCP (RFC 3550 6): what a sender reports is read, what we report is written. Pure. */
#ifndef VG_MEDIA_RTCP_H
#define VG_MEDIA_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_RTCP_BYE_MAX     31
#define VG_RTCP_REPORT_SIZE 60 /* bytes of what vg_rtcp_write writes at most */

/* What a compound packet says that matters here. */
struct vg_rtcp_news {
    bool report; /* a sender report: */
    uint32_t report_ssrc, report_stamp;
    uint64_t report_ntp;
    uint32_t bye_count; /* sources that leave */
    uint32_t bye_ssrc[VG_RTCP_BYE_MAX];
};

/* VG_E_INPUT: not RTCP, or a length in it does not hold. Packets of other types are passed over;
 * of several reports the last counts. */
enum vg_status vg_rtcp_read(const uint8_t *data, size_t size,
                            struct vg_rtcp_news *news) VG_MUST_USE;

/* A report block (6.4.1) */
struct vg_rtcp_block {
    uint32_t ssrc;         /* of the sender */
    uint32_t lost_frac;    /* since the last report, of 256 */
    int64_t lost;          /* in all; cut to 24 bits with sign */
    uint32_t sequence_max; /* extended */
    uint32_t jitter;       /* ticks */
    uint64_t report_ntp;   /* of the last sender report; 0: none */
    int64_t report_age_us;
};

/* A receiver report and SDES with our CNAME, made of `ssrc`, which is random (RFC 7022 4.2).
 * block: borrowed; NULL: nothing was received. size >= VG_RTCP_REPORT_SIZE. Returns the bytes. */
size_t vg_rtcp_write(uint32_t ssrc, const struct vg_rtcp_block *block, uint8_t *data, size_t size);

#endif
