/* libavformat behind deadlines: one container opened, its first video read. Two things guard each
 * call: the interrupt callback, with a flag of its own because the error code of an interrupted
 * call lies (it may be INVALIDDATA, EIO, EPERM or EXIT), and for sockets the source's own wait.
 * For src/media/source*.c alone. One thread. */
#ifndef VG_MEDIA_AV_READER_H
#define VG_MEDIA_AV_READER_H

#include <libavformat/avformat.h>
#include <stdbool.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/media/cancel.h"

enum vg_av_interrupted {
    VG_AV_NOT,
    VG_AV_LATE,
    VG_AV_CANCELLED
};

struct vg_av_reader {
    AVFormatContext *context;
    AVPacket *packet;
    AVStream *stream; /* NULL: no packet of a video has come yet */
    struct vg_cancel cancel;
    struct vg_mono_time until; /* deadline of the call in progress */
    enum vg_av_interrupted interrupted;
    int64_t interval_us; /* between two pictures, by the nominal rate; 40 ms when it is not known */
};

/* Opens `address`, by one of `formats` and with `protocols` alone (libavformat's default is to take
 * anything that some demuxer recognises).
 * VG_E_INPUT: no video in it; VG_E_LACK: libavformat does not know an option. */
enum vg_status vg_av_reader_open(struct vg_av_reader *reader, const char *address,
                                 const char *formats, const char *protocols,
                                 int64_t within_us) VG_MUST_USE;

/* Opens what `io` reads (borrowed until release), a stream of this format that has no end: nothing
 * is read ahead beyond some packets, the video is that of the first packet of one, its stamps are as
 * they come (they wrap). */
enum vg_status vg_av_reader_open_stream(struct vg_av_reader *reader, const char *format,
                                        AVIOContext *io, int64_t within_us) VG_MUST_USE;
void vg_av_reader_release(struct vg_av_reader *reader);

/* Sets the deadline of the calls that follow. */
void vg_av_reader_arm(struct vg_av_reader *reader, int64_t within_us);

/* Whether the deadline is over or somebody cancelled. */
bool vg_av_reader_stopped(struct vg_av_reader *reader);

/* The status of a failed call of libavformat. */
enum vg_status vg_av_reader_status(const struct vg_av_reader *reader, int error);

/* One packet of the video, into reader->packet. */
enum vg_status vg_av_reader_next(struct vg_av_reader *reader) VG_MUST_USE;

#endif
