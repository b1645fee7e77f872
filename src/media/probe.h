/* What a source is: opened, received and decoded for some seconds, and described by figures. It
 * ends whatever the source does. One thread a probe; any number of them at once. */
#ifndef VG_MEDIA_PROBE_H
#define VG_MEDIA_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/picture.h"
#include "src/media/source.h"

struct vg_probe_settings {
    int64_t last_us;  /* how long it is received, from the first packet on */
    int64_t every_us; /* between two pictures that are looked at */
    /* looks at a picture; NULL: none is. The pixels are borrowed. Nothing is received meanwhile:
     * what takes long is done by another thread, on a copy. */
    void (*look)(void *context, const struct vg_picture *picture);
    void *context;
};

struct vg_probe_figures {
    enum vg_status status; /* VG_OK: it was opened and gave pictures until the end */
    char codec[32];        /* libavcodec's name: "h264"; "" when it was not opened */
    char profile[32];      /* libavcodec's name: "Main"; "": not known */
    uint32_t width, height;
    uint32_t pixel_aspect_num, pixel_aspect_den;
    uint32_t fps_milli;    /* by the arrivals */
    uint32_t told_milli;   /* as the stream says; 0: it does not */
    uint32_t key_interval; /* pictures; 0: fewer than two key frames came */
    int64_t key_us; /* the longest time without a key frame, at least: it may end there by chance */
    int64_t lasted_us; /* from the first picture's arrival to the last's */
    bool b_frames, interlaced;
    bool given;     /* sent to us, or put into a folder, when somebody wants to */
    int64_t gap_us; /* the longest time between two pictures' arrivals */
    uint64_t bits_per_s;
    enum vg_transport transport; /* AUTO: a file */
    bool encrypted;
    uint64_t packets, lost;     /* of the network */
    uint32_t jitter_us;         /* RFC 3550, the highest */
    uint64_t early, received;   /* compressed pictures: before the first key frame; from it on */
    uint64_t pictures, damaged; /* decoded; of them, spoilt */
    uint64_t refused;           /* packets that the decoder did not take */
    uint64_t sizes;             /* how often the size changed */
    uint64_t jumps;             /* of the stamps */
    int64_t open_us;            /* until it was open; until the first picture */
    int64_t first_us;
};

struct vg_probe_settings vg_probe_defaults(void); /* 10 s, a look each second, nobody looks */

/* Runs; *figures is always filled as far as it went. fault (may be NULL) says why where status is not
 * VG_OK, which is then returned as well. */
enum vg_status vg_probe_run(const struct vg_source_settings *source,
                            const struct vg_probe_settings *settings,
                            struct vg_probe_figures *figures, struct vg_fault *fault) VG_MUST_USE;

#endif
