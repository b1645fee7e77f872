/* A clip out of a flux's packet ring: MP4 in memory, without transcoding.
 *
 * The head stands before the pictures ("faststart"), not fragments: that plays wherever MP4 does
 * (browsers, QuickTime, Windows, players of a court), with its length known and every place of it
 * to be reached at once. Fragments would be needed to write while one still records; a ring is
 * whole when it is cut, and its clip is made in memory in milliseconds and sent from there.
 *
 * Each clip begins with a key. The order of decoding is that of the packets; decoding stamps are
 * made anew from those of presentation (cameras do not send any), so they always grow. Stamps that
 * jump are put on one line. Any thread. */
#ifndef VG_MEDIA_CLIP_CUT_H
#define VG_MEDIA_CLIP_CUT_H

#include "src/media/packet_ring.h"

struct vg_clip_file {
    uint8_t *data; /* given: vg_free it */
    size_t size;
    uint32_t pictures;
    bool cut_short;               /* as vg_packet_run */
    struct vg_wall_time from, to; /* of its first picture, and of the last that was decoded */
    int64_t duration_us;
};

/* Cuts and muxes; at most bytes_max bytes. VG_E_END: nothing of that time is kept; VG_E_MISSING:
 * the stream's parameters are not known; VG_E_INPUT: MP4 does not take this codec; VG_E_FULL: larger
 * than bytes_max; VG_E_CALL, VG_E_MEMORY, VG_E_IO. */
enum vg_status vg_clip_cut(struct vg_packet_ring *ring, const struct vg_ring_range *range,
                           size_t bytes_max, struct vg_clip_file *file) VG_MUST_USE;

/* The same of packets at hand. run->format gets its size where that was not known. */
enum vg_status vg_clip_mux(struct vg_packet_run *run, size_t bytes_max,
                           struct vg_clip_file *file) VG_MUST_USE;

#endif
