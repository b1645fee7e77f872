/* A session description, any bytes: what is read is within its bounds, texts end, and what goes
 * into a request has no blanks or marks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/media/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void check_control(const char *text)
{
    must(strnlen(text, VG_SDP_CONTROL_SIZE) < VG_SDP_CONTROL_SIZE);
    for (; *text; text++)
        must((unsigned char)*text > ' ' && *text != 0x7f);
}

static void check_address(const char *text)
{
    must(strnlen(text, 64) < 64 && strspn(text, "0123456789abcdefABCDEF.:") == strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_sdp_video video;
    struct vg_fault fault = {.what = NULL};
    const enum vg_status status = vg_sdp_read((const char *)data, size, &video, &fault);
    must(status == VG_OK || status == VG_E_INPUT);
    if (status) {
        must(fault.what != NULL);
        for (const char *p = fault.place; *p; p++) /* it is shown */
            must(*p >= ' ' && *p < 0x7f);
        return 0;
    }
    must(size <= VG_SDP_BYTES_MAX && video.payload_type < 128);
    must(video.clock_hz >= 1000 && video.clock_hz <= 1000000);
    check_control(video.session_control);
    check_control(video.control);
    check_address(video.address);
    check_address(video.source);
    must(video.ttl < 256 && video.don_diff_max < 32768 && video.fps_milli <= 1000999);
    must((video.width == 0) == (video.height == 0) && video.width <= 16384 &&
         video.height <= 16384);
    must(video.parameter_bytes <= VG_SDP_PARAMETERS_MAX);
    if (video.parameter_bytes > 0)
        must(video.parameter_bytes > 3 && video.parameters[0] == 0 && video.parameters[1] == 0);
    return 0;
}
