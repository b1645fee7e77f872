/* A clip made ready to be sent: read once, its parameter sets put in band, cut into RTP payloads by
 * libavformat's rtp muxer. All sessions send these bytes; each writes its own 12 bytes of header. */
#ifndef VG_TESTS_CAMERA_CLIP_H
#define VG_TESTS_CAMERA_CLIP_H

#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"

#define VG_RTP_HEAD   12
#define VG_CLOCK_HZ   90000
#define VG_TICKS(s)   ((int64_t)((s)*VG_CLOCK_HZ))
#define VG_TICK_US(t) ((t)*100 / 9)

struct vg_clip_packet { /* of RTP, its head included, whose stamps mean nothing */
    size_t offset, size;
};

struct vg_clip_picture {
    size_t first, count; /* of packets */
    int64_t dts, pts;    /* ticks of 90 kHz since the first picture's dts */
    bool key;
};

struct vg_clip {
    uint8_t *bytes;
    size_t byte_count, byte_room;
    struct vg_clip_packet *packets;
    size_t packet_count;
    struct vg_clip_picture *pictures;
    size_t picture_count;
    int64_t span; /* of one loop, ticks */
    AVCodecParameters *codec;
    double fps;
    unsigned payload_type;
};

enum vg_clip_flags {
    VG_CLIP_KEYS_ONLY = 1,  /* a picture a GOP, at its own time */
    VG_CLIP_OUT_OF_BAND = 2 /* parameter sets in the description alone */
};

/* Ends the program when the clip cannot be read. mtu: the largest RTP packet. */
void vg_clip_load(struct vg_clip *clip, const char *path, int mtu, unsigned flags);
void vg_clip_release(struct vg_clip *clip);

struct vg_clip_words {
    enum {
        VG_SDP_SETS,
        VG_SDP_NO_SETS
    } sets;                                /* whether parameter sets are announced */
    const char *session_control, *control; /* "": none */
    const char *address;                   /* where it is sent, with its ttl: "239.0.0.1/1" */
    unsigned port;
};
void vg_clip_describe(const struct vg_clip *clip, const struct vg_clip_words *words, char *text,
                      size_t size);

/* What a file holds, packet after packet, in Annex B; for the clip and for pushing. */
struct vg_clip_reader;
struct vg_clip_reader *vg_clip_reader_open(const char *path, unsigned flags);
const AVCodecParameters *vg_clip_reader_codec(const struct vg_clip_reader *reader);
double vg_clip_reader_fps(const struct vg_clip_reader *reader);
/* dts and pts in ticks; false at the file's end. */
bool vg_clip_reader_next(struct vg_clip_reader *reader, AVPacket *packet);
void vg_clip_reader_close(struct vg_clip_reader **reader);

/* Ends the program with words about why. */
_Noreturn void vg_camera_die(const char *what);
/* Writes behind what text holds; what does not fit is cut. */
void vg_camera_add(char *text, size_t size, const char *format, ...) VG_PRINTF(3, 4);

#endif
