/* Where compressed video comes from: a clip, a file played as if it were a camera, a folder of files,
 * RTSP; or given to us: RTP or MPEG-TS that is sent to a group or to us, RTSP that is pushed.
 *
 * Every call ends: at its deadline, or when another thread cancels it. Files are read by
 * libavformat; only known containers are opened (no playlists, no pictures, no subtitles, which it
 * would also take and which may name other files), and only from the place that was named. RTSP and
 * RTP are ours (decisions/0029). An address or a password never reaches a log or a fault. One
 * thread at a time uses a source. */
#ifndef VG_MEDIA_SOURCE_H
#define VG_MEDIA_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/base/source_url.h"
#include "src/media/cancel.h"
#include "src/media/folder_mark.h"
#include "src/media/rtsp_client.h"
#include "src/media/timeline.h"

struct AVCodecParameters; /* libavcodec's */
struct AVPacket;

enum vg_source_kind {
    VG_SOURCE_CLIP, /* a file, as fast as it can be read, once */
    VG_SOURCE_LIVE, /* from the network; or a file at its true rate, again and again */
    VG_SOURCE_ONCE  /* a file at its true rate, once */
};

#define VG_SOURCE_URL_SIZE 1024

/* How the network is used; NULL, "" and 0 leave each to the system. */
struct vg_source_network {
    struct vg_tls_trust trust;
    const char *interface;          /* name or numeric address to receive on */
    uint16_t port_first, port_last; /* ours, of UDP */
    /* whether this is a source that the site declares: a redirect may be followed there, a group
     * joined, who comes from there (port 0: any) may give us video. NULL: no redirect is followed,
     * and all the rest may be. Asked until close */
    bool (*may_visit)(const void *context, const char *host, uint16_t port);
    const void *visit_context;
};

/* All strings are borrowed for the call of open. */
struct vg_source_settings {
    enum vg_source_kind kind;
    const char *url;      /* as src/base/source_url.h has them; a clip: any path */
    const char *user;     /* NULL or "": none; who pushes by RTSP must give them */
    const char *password; /* may be NULL */
    enum vg_transport transport;
    enum vg_transport worked; /* of an earlier session, tried first by AUTO; AUTO: none */
    struct vg_source_network network;
    int64_t open_us, read_us; /* deadlines of the whole opening, and of each read */
    struct vg_cancel cancel;  /* kept until close */
    /* of a folder: what was finished before; files up to it are not read again. Zeroed: nothing */
    struct vg_folder_mark played;
};

/* TCP first, 5 s to open, 2.5 s to read, nobody cancels. */
struct vg_source_settings vg_source_defaults(void);

struct vg_source;

/* Opens and finds the video stream.
 * VG_E_MISSING no such file; VG_E_INPUT not a video that can be read, no video in it, a scheme
 * that is not known; VG_E_DENIED the source refuses user and password; VG_E_TIMEOUT;
 * VG_E_STATE it refuses this transport; VG_E_INTEGRITY its certificate is not believed;
 * VG_E_INTERRUPTED cancelled; VG_E_IO the source does not answer rightly; VG_E_MEMORY.
 * The place of the fault is the path of a file, or what was asked of a camera ("DESCRIBE 404"). */
enum vg_status vg_source_open(struct vg_source **source, const struct vg_source_settings *settings,
                              struct vg_fault *fault) VG_MUST_USE;
void vg_source_close(struct vg_source **source);

struct vg_source_about {
    /* borrowed until the next read; sizes may be 0 where it comes by network; NULL: nothing has
     * come yet */
    const struct AVCodecParameters *codec;
    uint32_t codec_version;     /* from 1; another one: *codec was told anew */
    int32_t tick_num, tick_den; /* seconds of a tick of its stamps */
    uint32_t fps_milli;         /* nominal, thousandths; 0: unknown */
    int64_t duration_us;        /* of a file, by its head; 0: unknown */
    uint64_t pictures;          /* of a file, by its head or its rate; 0: unknown */
};
struct vg_source_about vg_source_about(const struct vg_source *source);

/* How it comes, as far as it is known by now. */
struct vg_source_link {
    enum vg_transport transport; /* AUTO: a file */
    bool encrypted;
    uint64_t packets, lost; /* of the network */
    uint32_t jitter_us;
};
struct vg_source_link vg_source_link(const struct vg_source *source);

/* One packet of the video stream. */
struct vg_packet {
    const struct AVPacket *data; /* borrowed until the next read or close */
    struct vg_mono_time arrival; /* when it was there, however late it is read */
    bool key;
    bool damaged;   /* cut short, as the container says */
    bool early;     /* of a live source, before its first key frame: not to be decoded */
    bool restarted; /* a file begins with this packet, or another publisher: finish the decoder
                     * first, open it anew if codec_version is another one */
};

/* The last file that a folder has finished; zeroed: none since it was opened, or no folder. */
struct vg_folder_mark vg_source_played(const struct vg_source *source);

/* Another deadline of each read, from the next one on. */
void vg_source_set_read(struct vg_source *source, int64_t read_us);

/* The next packet. A live file waits until it is due.
 * VG_E_END end of a clip; VG_E_CLOSED the camera closed, or who pushes (the next read awaits the
 * next one); VG_E_TIMEOUT nothing came within read_us; VG_E_INTERRUPTED cancelled; VG_E_IO reading
 * failed or the file is damaged here; VG_E_INPUT what comes cannot be read; VG_E_STATE there is
 * nothing to read now and that is as it should be (a file of a folder is at its end, there is no new
 * one, nobody pushes): finish the decoder, ask again. */
enum vg_status vg_source_read(struct vg_source *source, struct vg_packet *packet) VG_MUST_USE;

/* After VG_E_END of a clip: whether it ended before what its head promises for this stream, by
 * more than 1 s; AVI, which numbers its pictures: by more than one. False where nothing is
 * promised. */
bool vg_source_ended_early(const struct vg_source *source);

/* A stamp of this stream in microseconds; VG_PTS_NONE stays so. */
int64_t vg_source_stamp_us(const struct vg_source *source, int64_t stamp);

/* The wall clock of a picture with this stamp: as the source's sender reports say, if that is
 * within 2 s of `arrival` (cameras without a time service say anything), else `arrival`. */
struct vg_wall_time vg_source_wall(const struct vg_source *source, int64_t pts_us,
                                   struct vg_wall_time arrival);

#endif
