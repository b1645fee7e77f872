/* Software decoding of one stream by libavcodec, one thread (facts measured: the least cost and
 * no delay; the parallelism is the streams), and conversion of the pictures that are wanted.
 *
 * A decoded picture is first described; only the wanted ones are converted to NV12. One thread
 * at a time uses a decoder. */
#ifndef VG_MEDIA_DECODER_H
#define VG_MEDIA_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/picture.h"
#include "src/media/pixels.h"

struct AVCodecParameters;
struct AVPacket;

struct vg_decoder;

/* codec: borrowed for the call. VG_E_INPUT: no decoder for it (the place names the codec);
 * VG_E_MEMORY. */
enum vg_status vg_decoder_open(struct vg_decoder **decoder, const struct AVCodecParameters *codec,
                               struct vg_fault *fault) VG_MUST_USE;
void vg_decoder_close(struct vg_decoder **decoder);

/* Gives one packet, with its arrival, or NULL: the stream is at its end, give out what is held
 * back. Then receive until VG_E_END. VG_E_IO: the decoder refuses the packet, the pictures are
 * suspect until the next key frame; VG_E_MEMORY. */
enum vg_status vg_decoder_send(struct vg_decoder *decoder, const struct AVPacket *packet,
                               struct vg_mono_time arrival) VG_MUST_USE;

/* What is known of a decoded picture before it is converted. */
struct vg_decoded {
    int64_t stamp;                               /* in the stream's time base, INT64_MIN: none */
    struct vg_mono_time arrival;                 /* of its packet */
    uint32_t width, height;                      /* as decoded, after the stream's own cropping */
    uint32_t pixel_aspect_num, pixel_aspect_den; /* 1:1 when the stream does not say */
    enum vg_matrix matrix;
    enum vg_range range;
    bool key;
    bool corrupt; /* damaged, or after a damage and before the next key frame */
};

/* The next picture in display order; it stays at hand until the next receive. VG_E_END: none
 * now. VG_E_IO: a picture was lost in the decoder; go on. */
enum vg_status vg_decoder_receive(struct vg_decoder *decoder,
                                  struct vg_decoded *decoded) VG_MUST_USE;

/* Converts the picture at hand to NV12 of the size of `pixels` (vg_pixels_fit of its size gives
 * the right one): copied when nothing but the layout differs, scaled and converted else, matrix
 * and range kept. VG_E_IO: its layout cannot be converted; VG_E_MEMORY. */
enum vg_status vg_decoder_convert(struct vg_decoder *decoder,
                                  const struct vg_pixels *pixels) VG_MUST_USE;

/* The rate that the stream itself announces, thousandths of a picture a second; 0: none. */
uint32_t vg_decoder_fps_milli(const struct vg_decoder *decoder);

/* Forgets all pictures: the stream begins anew (after a loop). */
void vg_decoder_flush(struct vg_decoder *decoder);

#endif
