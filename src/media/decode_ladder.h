/* One flux's way from packets to pictures, over the steps of decode_steps.h: the best that the
 * machine and the budget allow, one step down at each failure of the hardware, up again after a
 * back-off.
 *
 * The packets since the last key frame (and those of the GOP before while pictures of it are
 * still held back) are kept, bounded. When a decoder fails they are given to the next one, and the
 * pictures that were given out already are dropped by the number of their packet: none is lost,
 * none comes twice, and each is what software alone would have made. The same way leads up.
 *
 * A driver that hangs cannot be interrupted. Before each call into hardware the ladder stores a
 * deadline; another thread reads it by vg_ladder_call, keeps the record where the next process
 * finds it (vg_ladder_record), and ends the process.
 *
 * One thread at a time uses a ladder, but for vg_ladder_call, vg_ladder_hung and vg_ladder_record:
 * any thread. */
#ifndef VG_MEDIA_DECODE_LADDER_H
#define VG_MEDIA_DECODE_LADDER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/decode_device.h"
#include "src/media/decode_steps.h"
#include "src/media/decoder.h"

/* What one process leaves to the next about one flux; all zero: nothing. Fits shared memory, and
 * is believed only within reason. */
struct vg_ladder_record {
    int64_t until_us; /* monotonic: not above the ceiling before then */
    uint32_t hangs;   /* in a row */
    uint8_t ceiling;  /* enum vg_decode_step */
    uint8_t unused[3];
};
static_assert(sizeof(struct vg_ladder_record) == 16, "lies in shared memory");

/* Why the last step down was made. */
enum vg_ladder_cause {
    VG_LADDER_NO_CAUSE,
    VG_LADDER_NO_DEVICE, /* none opens, or all were barred when a step was wanted */
    VG_LADDER_REFUSED,   /* the device does not take this stream */
    VG_LADDER_ERROR,     /* it failed while decoding */
    VG_LADDER_TRANSFER,  /* it failed when a picture was fetched */
    VG_LADDER_SILENT,    /* packets went in and no pictures came out */
    VG_LADDER_HUNG,      /* it hung the process before this one */
    VG_LADDER_BUDGET,    /* the cores for software decoding do not suffice */
    VG_LADDER_SOFTWARE,  /* software could not be opened either */
    VG_LADDER_CAUSE_COUNT
};
/* "none", "no_device", "refused", "error", "transfer", "silent", "hung", "budget", "software". */
const char *vg_ladder_cause_name(enum vg_ladder_cause cause);

struct vg_ladder_settings {
    struct vg_decode_devices *devices; /* borrowed for the ladder's life; NULL: software alone */
    struct vg_ladder_record record;    /* of the process before */
    enum vg_decode_step software;      /* the best software step allowed */
    enum vg_decoder_pick pick;
    int64_t retry_us_min, retry_us_max, stable_us; /* see vg_decode_steps_settings */
    /* deadlines of a call into hardware; twice the first until a step has given a picture */
    int64_t call_us, open_us;
    uint32_t silent_max;  /* packets in without a picture out: the device is broken */
    uint32_t packets_max; /* kept; a GOP beyond either bound is not kept at all, and a failure */
    uint64_t bytes_max;   /* within it costs the pictures until the next key frame */
    uint64_t seed;        /* of the back-offs' spread */
};
/* Full decoding, 10 s to 10 min, trusted after 60 s; 2 s for a call, 5 s to open; 40 packets
 * silent; 512 packets or 16 MiB kept. */
struct vg_ladder_settings vg_ladder_defaults(void);

struct vg_ladder;

/* codec: borrowed for the call. Opens no decoder: the first packet does. VG_E_INPUT: no decoder
 * for it; VG_E_MEMORY. */
enum vg_status vg_ladder_open(struct vg_ladder **ladder, const struct vg_ladder_settings *settings,
                              const struct AVCodecParameters *codec, struct vg_mono_time now,
                              struct vg_fault *fault) VG_MUST_USE;
void vg_ladder_close(struct vg_ladder **ladder);

/* Lets go of all packets and closes the decoder and its device, which a driver may hold up: under
 * the watch still. After it vg_ladder_close alone; that does not reach hardware any more. */
void vg_ladder_rest(struct vg_ladder *ladder);

/* Gives one packet, or NULL: the stream is at its end. Whether it is a key frame stands in its
 * flags (AV_PKT_FLAG_KEY). Then receive until VG_E_END. Allocates nothing of ours. VG_E_IO: the
 * packet is refused, a picture is lost; VG_E_FULL: passed over, for the step or the pick takes
 * key frames alone or nothing, or one is waited for; VG_E_MEMORY. A failing device is none of the
 * caller's business. */
enum vg_status vg_ladder_send(struct vg_ladder *ladder, const struct AVPacket *packet,
                              struct vg_mono_time arrival) VG_MUST_USE;

/* The next picture in display order; see vg_decoder_receive. Its number is that of its packet: the
 * first one sent is 1, restart does not begin again. */
enum vg_status vg_ladder_receive(struct vg_ladder *ladder, struct vg_decoded *decoded) VG_MUST_USE;

/* Converts the picture at hand; when it cannot be fetched from the device, it is decoded again on
 * the next step. VG_E_IO: it cannot be had; VG_E_MEMORY. */
enum vg_status vg_ladder_convert(struct vg_ladder *ladder,
                                 const struct vg_pixels *pixels) VG_MUST_USE;

/* Forgets all pictures and packets: the stream begins anew (after a loop). The step stays. */
void vg_ladder_restart(struct vg_ladder *ladder);

/* The best software step allowed from now on (VG_DECODE_FULL, _KEYS, _NONE), by the budget. Down
 * at once, up with the next key frame; hardware steps are not touched. */
void vg_ladder_allow(struct vg_ladder *ladder, enum vg_decode_step software,
                     struct vg_mono_time now);

/* All pictures or key frames alone, whatever the step. */
void vg_ladder_set_pick(struct vg_ladder *ladder, enum vg_decoder_pick pick);

/* See vg_decoder_fps_milli. */
uint32_t vg_ladder_fps_milli(const struct vg_ladder *ladder);

struct vg_ladder_state {
    enum vg_decode_step step;
    struct vg_mono_time since;  /* on this step */
    struct vg_mono_time retry;  /* a better hardware step may be tried then; INT64_MAX: never */
    enum vg_ladder_cause cause; /* of the last fall */
    uint64_t falls[VG_LADDER_CAUSE_COUNT], rises;
    uint64_t packets;  /* taken in */
    uint64_t pictures; /* given out */
    uint64_t passed;   /* packets passed over */
    uint64_t refused;  /* packets refused, and pictures lost, as told to the caller */
    uint64_t replayed; /* packets decoded once more after a step */
    struct vg_decoder_surfaces surfaces;
    uint64_t kept_bytes; /* of packets */
    uint32_t kept_count;
    int64_t cpu_us; /* processor time of the calling threads spent in here */
    char device[VG_DECODE_DEVICE_NAME_MAX]; /* "" in software */
};
void vg_ladder_state(const struct vg_ladder *ladder, struct vg_ladder_state *state);

/* A call into hardware that is under way. */
struct vg_ladder_call {
    struct vg_mono_time entered, due; /* due 0: there is none */
    int32_t thread;                   /* that made it, for vg_thread_can_run */
};
/* Any thread. */
struct vg_ladder_call vg_ladder_call(const struct vg_ladder *ladder);

/* Whether a call into hardware is past its deadline. Any thread. */
bool vg_ladder_hung(const struct vg_ladder *ladder, struct vg_mono_time now);

/* Why a ladder is left. */
enum vg_ladder_leave {
    VG_LADDER_ENDS,        /* for a reason of its own */
    VG_LADDER_DRIVER_HANGS /* with its process: a driver that hangs does so for all */
};
/* What the next process, or the next ladder, shall know. Any thread. */
struct vg_ladder_record vg_ladder_record(const struct vg_ladder *ladder, enum vg_ladder_leave why,
                                         struct vg_mono_time now);

#endif
