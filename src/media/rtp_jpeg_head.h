/* The head of a JPEG file that RTP leaves out (RFC 2435 appendixes A and B). Pure. */
#ifndef VG_MEDIA_RTP_JPEG_HEAD_H
#define VG_MEDIA_RTP_JPEG_HEAD_H

#include <stddef.h>
#include <stdint.h>

#define VG_RTP_JPEG_HEAD_SIZE 1024 /* room for any */

struct vg_rtp_jpeg_about {
    uint32_t width, height; /* 1 to 65535 */
    uint32_t sampling;      /* 0: 4:2:2, 1: 4:2:0 */
    uint32_t restart;       /* interval in MCU; 0: none */
    const uint8_t *tables;  /* borrowed: one or two of 64 coefficients in zigzag order */
    uint32_t table_bytes;   /* at most 256 */
    uint32_t precision;     /* bit i: table i has 16 bits each */
};

/* The two tables of a Q from 1 to 99, 64 bytes each, in zigzag order. */
void vg_rtp_jpeg_tables(uint32_t q, uint8_t tables[128]);

/* Writes SOI to SOS into head, VG_RTP_JPEG_HEAD_SIZE bytes; returns how many. 0: the tables are
 * not one or two whole ones. */
size_t vg_rtp_jpeg_head(const struct vg_rtp_jpeg_about *about, uint8_t *head);

#endif
