/* Decoding of one stream by libavcodec, in software or by a hardware device, one thread (facts
 * measured: the least cost and no delay; the parallelism is the streams), and conversion of the
 * pictures that are wanted.
 *
 * A decoded picture is first described; only the wanted ones are converted to NV12, and only then
 * leave the device. One thread at a time uses a decoder. What a failing device costs is the
 * business of src/media/decode_ladder.h. */
#ifndef VG_MEDIA_DECODER_H
#define VG_MEDIA_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/picture.h"
#include "src/media/pixels.h"

struct AVBufferRef;
struct AVCodecParameters;
struct AVPacket;

struct vg_decoder;

/* codec: borrowed for the call. VG_E_INPUT: no decoder for it (the place names the codec);
 * VG_E_MEMORY. */
enum vg_status vg_decoder_open(struct vg_decoder **decoder, const struct AVCodecParameters *codec,
                               struct vg_fault *fault) VG_MUST_USE;

/* Which packets are decoded. */
enum vg_decoder_pick {
    VG_DECODER_ALL,
    VG_DECODER_KEYS /* key frames alone; each comes out at once, none waits for the next */
};

/* Where a decoder begins. */
enum vg_decoder_start {
    VG_DECODER_ANYWHERE,
    VG_DECODER_AT_KEY /* what comes before the first key frame is passed over, within a bound */
};

struct vg_decoder_settings {
    const struct AVCodecParameters *codec; /* borrowed for the call */
    struct AVBufferRef *device; /* an AVHWDeviceContext, borrowed for the call; NULL: software */
    enum vg_decoder_pick pick;
    enum vg_decoder_start start;
    uint32_t delay; /* pictures held back for reordering, if known; 0: the stream tells */
};
struct vg_decoder_settings vg_decoder_defaults(const struct AVCodecParameters *codec);

/* Like vg_decoder_open. A device that does not take the stream is no failure: the decoder then
 * works in software and says so in vg_decoder_way once it has met the stream's sizes. */
enum vg_status vg_decoder_open_with(struct vg_decoder **decoder,
                                    const struct vg_decoder_settings *settings,
                                    struct vg_fault *fault) VG_MUST_USE;

/* Begins anew with other settings in the memory that there is: nothing of ours is allocated.
 * After a failure the decoder refuses everything with VG_E_STATE. */
enum vg_status vg_decoder_reopen(struct vg_decoder *decoder,
                                 const struct vg_decoder_settings *settings) VG_MUST_USE;

/* Frees the pictures, the surfaces and the codec; the decoder refuses with VG_E_STATE. */
void vg_decoder_rest(struct vg_decoder *decoder);
void vg_decoder_close(struct vg_decoder **decoder);

/* Changes the pick at once. From all to keys, what is held back comes out of the next receives;
 * from keys to all, pictures come from the next key frame on. */
void vg_decoder_set_pick(struct vg_decoder *decoder, enum vg_decoder_pick pick);

/* Gives one packet, with its arrival, or NULL: the stream is at its end, give out what is held
 * back. Then receive until VG_E_END. VG_E_IO: the decoder refuses the packet, the pictures are
 * suspect until the next key frame; VG_E_FULL: passed over, by the pick or while waiting for a
 * key frame; VG_E_DEVICE: the hardware failed, what it gives from now on is worth nothing;
 * VG_E_MEMORY; VG_E_STATE: not open. */
enum vg_status vg_decoder_send(struct vg_decoder *decoder, const struct AVPacket *packet,
                               struct vg_mono_time arrival) VG_MUST_USE;

/* The same with a number that comes back in vg_decoded.number of the picture, whatever the
 * stream's stamps are; vg_decoded.arrival is then 0. */
enum vg_status vg_decoder_send_numbered(struct vg_decoder *decoder, const struct AVPacket *packet,
                                        int64_t number) VG_MUST_USE;

/* What is known of a decoded picture before it is converted. */
struct vg_decoded {
    int64_t stamp;               /* in the stream's time base, INT64_MIN: none */
    struct vg_mono_time arrival; /* of its packet */
    struct vg_mono_time sent; /* when that went to the decoder; 0: not known (a ladder knows it) */
    int64_t number;           /* of its packet, by vg_decoder_send_numbered */
    uint32_t width, height;   /* as decoded, after the stream's own cropping */
    uint32_t pixel_aspect_num, pixel_aspect_den; /* 1:1 when the stream does not say */
    enum vg_matrix matrix;
    enum vg_range range;
    bool key;
    bool bidirectional; /* a B-frame */
    bool interlaced;
    bool corrupt; /* damaged, or after a damage and before the next key frame */
};

/* The next picture in display order; it stays at hand until the next receive. VG_E_END: none
 * now. VG_E_IO: a picture was lost in the decoder; go on. VG_E_DEVICE, VG_E_STATE: as above. */
enum vg_status vg_decoder_receive(struct vg_decoder *decoder,
                                  struct vg_decoded *decoded) VG_MUST_USE;

/* Converts the picture at hand to NV12 of the size of `pixels` (vg_pixels_fit of its size gives
 * the right one): copied when nothing but the layout differs, scaled and converted else, matrix
 * and range kept. A picture of a device is fetched from it here, once. VG_E_IO: its layout cannot
 * be converted; VG_E_DEVICE: it cannot be fetched; VG_E_MEMORY. */
enum vg_status vg_decoder_convert(struct vg_decoder *decoder,
                                  const struct vg_pixels *pixels) VG_MUST_USE;

/* The rate that the stream itself announces, thousandths of a picture a second; 0: none. */
uint32_t vg_decoder_fps_milli(const struct vg_decoder *decoder);

/* Forgets all pictures: the stream begins anew (after a loop). */
void vg_decoder_flush(struct vg_decoder *decoder);

/* What the decoder has become. */
enum vg_decoder_way {
    VG_DECODER_SOFTWARE, /* as asked */
    VG_DECODER_DEVICE,
    VG_DECODER_UNTOLD, /* on a device by its settings, no packet seen yet */
    VG_DECODER_REFUSED /* the device does not take this stream: software for now */
};
enum vg_decoder_way vg_decoder_way(const struct vg_decoder *decoder);

/* Surfaces that the device holds for this stream, all made at once, and their bytes as the layout
 * of their format counts them (a driver may pad more); 0 in software. */
struct vg_decoder_surfaces {
    uint32_t count;
    uint64_t bytes;
};
struct vg_decoder_surfaces vg_decoder_surfaces(const struct vg_decoder *decoder);

/* The profile of the codec as libavcodec names it ("Main"); "": not known, or not yet. Static. */
const char *vg_decoder_profile(const struct vg_decoder *decoder);

/* Pictures that this stream holds back for reordering, as known so far. */
uint32_t vg_decoder_delay(const struct vg_decoder *decoder);

#endif
