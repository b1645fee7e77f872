/* A datagram of media or of its control, as RTSP hands it over however it came. */
#ifndef VG_MEDIA_RTSP_DATA_H
#define VG_MEDIA_RTSP_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"

struct vg_rtsp_data {
    enum {
        VG_RTSP_RTP,
        VG_RTSP_RTCP
    } kind;
    const uint8_t *data; /* borrowed until the next receive */
    size_t size;
    struct vg_mono_time arrival;
};

#endif
