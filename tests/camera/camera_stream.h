/* One RTP stream out of a clip: what is sent when, with which stamps, by which way, and the faults
 * in it. Times are microseconds of one monotonic clock. */
#ifndef VG_TESTS_CAMERA_STREAM_H
#define VG_TESTS_CAMERA_STREAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "src/base/random.h"
#include "tests/camera/camera_clip.h"
#include "tests/camera/camera_fault.h"
#include "tests/camera/camera_wire.h"

#define VG_STREAM_BATCH 64
#define VG_STREAM_IDLE  1000000 /* what "nothing is due" waits, in microseconds */

struct vg_stream_packet {
    uint8_t head[4 + VG_RTP_HEAD]; /* of interleaving, then of RTP */
    size_t head_size;              /* the last so many of them; 0: payload alone */
    const uint8_t *payload;
    size_t size;
};

struct vg_stream_way {
    struct vg_wire *wire; /* interleaved in it; NULL: by the sockets */
    int channel;
    int rtp_fd, rtcp_fd; /* borrowed */
    struct sockaddr_storage rtp_to, rtcp_to;
    socklen_t to_size;
};

struct vg_stream {
    const struct vg_clip *clip, *second; /* second: from its fault's time on; NULL: none */
    struct vg_camera_faults *faults;
    struct vg_stream_way way;
    struct vg_random random;
    int64_t start_us; /* of the first picture; later by each pause */
    int64_t origin;   /* ticks of the clip's first dts in this loop */
    size_t next;
    uint32_t stamp, ssrc, packets, octets;
    uint16_t sequence;
    uint64_t rtp_count;
    unsigned burst_left;
    int64_t report_us;
    bool parted;
    struct vg_stream_packet held; /* kept back to come too late */
    unsigned held_left;           /* packets until then; 0: none is held */
    struct vg_stream_packet batch[VG_STREAM_BATCH];
    size_t batch_count;
};

/* New stamps, sequence and SSRC. faults: borrowed. */
void vg_stream_init(struct vg_stream *stream, const struct vg_clip *clip,
                    const struct vg_clip *second, struct vg_camera_faults *faults, uint64_t seed);
void vg_stream_start(struct vg_stream *stream, int64_t now_us);
/* Sends what is due; microseconds until the next call, -1: the stream wishes its end. */
int64_t vg_stream_play(struct vg_stream *stream, int64_t now_us);
/* RTCP BYE. */
void vg_stream_part(struct vg_stream *stream);

#endif
