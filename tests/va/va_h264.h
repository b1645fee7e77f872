/* H.264 parameter sets written anew from what VA-API hands to a driver, so that slices which come
 * without them can be given to an ordinary decoder. For the test driver alone. */
#ifndef VG_TESTS_VA_H264_H
#define VG_TESTS_VA_H264_H

#include <stddef.h>
#include <stdint.h>
#include <va/va.h>

#define VA_H264_HEADERS_MAX 2048

struct va_h264 {
    VAPictureParameterBufferH264 picture;
    VAIQMatrixBufferH264 matrix;
    int has_picture, has_matrix;
    /* read from the slices: what the PPS must carry for them to be understood */
    uint32_t pps_id, list0, list1;
};

/* Reads the head of one slice (its NAL unit, without start code). */
void va_h264_slice(struct va_h264 *h264, const VASliceParameterBufferH264 *slice,
                   const uint8_t *nal, size_t size);

/* Writes SPS and PPS in Annex B into `out` (VA_H264_HEADERS_MAX bytes); the bytes written. */
size_t va_h264_headers(const struct va_h264 *h264, uint8_t *out);

#endif
