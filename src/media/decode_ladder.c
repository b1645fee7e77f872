#include "src/media/decode_ladder.h"

#include <libavcodec/avcodec.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/base/thread_look.h"

#define SOON_US (VG_US_PER_S / 5) /* until a device that is being opened is asked for again */

/* One packet. The last `room` of them are known; those from `first` on are held. */
struct kept {
    AVPacket *packet; /* NULL: not held */
    int64_t arrival_us, sent_us;
    bool given;   /* its picture was given out, or is not wanted any more */
    bool refused; /* told to the caller as lost */
};

struct vg_ladder {
    struct vg_ladder_settings settings; /* constant but for `pick` */
    AVCodecParameters *codec;           /* constant */

    /* Atomic, relaxed: written by the ladder's thread, read by the one that watches. Each field
     * is good by itself. */
    _Atomic int64_t due_us, entered_us; /* of the call under way; 0: none */
    _Atomic int64_t until_us;           /* as vg_ladder_record has it, without a hang */
    _Atomic uint32_t ceiling, hangs, step_now;
    _Atomic int32_t thread; /* that called */

    /* the thread's own */
    struct vg_decoder *decoder;
    struct vg_decode_device *device; /* of a hardware step */
    struct vg_decode_steps steps;
    struct vg_random random;
    enum vg_decode_step step;
    bool begun;  /* on a step: not before the first packet */
    bool proven; /* the step has given a picture */
    bool awaits; /* a device that was being opened when a step was wanted */
    int32_t thread_now;
    int64_t now_us;    /* arrival of the last packet */
    uint32_t silent;   /* packets since the last picture */
    struct kept *kept; /* by number modulo room */
    uint32_t room;
    bool keeps; /* holds packets: there is hardware and a key frame was there */
    bool key_seen;
    bool key_given;  /* the picture of key_now was given out */
    int64_t first;   /* number of the first packet held; `next`: none is */
    int64_t fed;     /* of the next one for the decoder; `next`: it has had all */
    int64_t next;    /* of the next one to come; the first is 1 */
    int64_t key_now; /* of the last key frame; 0: none */
    int64_t at_hand; /* of the picture at hand; 0: none */
    uint64_t kept_bytes;
    bool damaged; /* the stream itself is, since the last key frame */
    bool ending;  /* the caller said that the stream is at its end */
    bool ended;   /* and the decoder knows */
    int64_t entered_cpu_us;
    struct vg_ladder_state state; /* counts, step, since, cause */
};

static const char *const cause_names[VG_LADDER_CAUSE_COUNT] = {
    "none", "no_device", "refused", "error", "transfer", "silent", "hung", "budget", "software"};

const char *vg_ladder_cause_name(enum vg_ladder_cause cause)
{
    return (unsigned)cause < VG_LADDER_CAUSE_COUNT ? cause_names[cause] : "?";
}

struct vg_ladder_settings vg_ladder_defaults(void)
{
    return (struct vg_ladder_settings){.software = VG_DECODE_FULL,
                                       .retry_us_min = 10 * VG_US_PER_S,
                                       .retry_us_max = 600 * VG_US_PER_S,
                                       .stable_us = 60 * VG_US_PER_S,
                                       .call_us = 2 * VG_US_PER_S,
                                       .open_us = 5 * VG_US_PER_S,
                                       .silent_max = 40,
                                       .packets_max = 512,
                                       .bytes_max = 16 << 20};
}

/* ---- the watch ---- */

static void enter_for(struct vg_ladder *ladder, int64_t within_us)
{
    const int64_t now_us = vg_mono_now().us;
    atomic_store_explicit(&ladder->entered_us, now_us, memory_order_relaxed);
    atomic_store_explicit(&ladder->thread, ladder->thread_now, memory_order_relaxed);
    atomic_store_explicit(&ladder->due_us, now_us + within_us, memory_order_relaxed);
}

/* Around each call that may reach hardware. The first ones load what the driver needs. */
static void enter(struct vg_ladder *ladder)
{
    if (vg_decode_step_is_hardware(ladder->step))
        enter_for(ladder, ladder->proven ? ladder->settings.call_us : 2 * ladder->settings.call_us);
}

static void leave(struct vg_ladder *ladder)
{
    atomic_store_explicit(&ladder->due_us, 0, memory_order_relaxed);
}

struct vg_ladder_call vg_ladder_call(const struct vg_ladder *ladder)
{
    return (struct vg_ladder_call){
        .entered = {atomic_load_explicit(&ladder->entered_us, memory_order_relaxed)},
        .due = {atomic_load_explicit(&ladder->due_us, memory_order_relaxed)},
        .thread = atomic_load_explicit(&ladder->thread, memory_order_relaxed)};
}

bool vg_ladder_hung(const struct vg_ladder *ladder, struct vg_mono_time now)
{
    const int64_t due_us = vg_ladder_call(ladder).due.us;
    return due_us != 0 && now.us > due_us;
}

struct vg_ladder_record vg_ladder_record(const struct vg_ladder *ladder, enum vg_ladder_leave why,
                                         struct vg_mono_time now)
{
    const uint32_t step = atomic_load_explicit(&ladder->step_now, memory_order_relaxed);
    struct vg_ladder_record record = {
        .until_us = atomic_load_explicit(&ladder->until_us, memory_order_relaxed),
        .hangs = atomic_load_explicit(&ladder->hangs, memory_order_relaxed),
        .ceiling = (uint8_t)atomic_load_explicit(&ladder->ceiling, memory_order_relaxed)};
    if (why == VG_LADDER_ENDS || !vg_decode_step_is_hardware((enum vg_decode_step)step))
        return record;
    const struct vg_decode_steps_settings back_off = {.retry_us_min = ladder->settings.retry_us_min,
                                                      .retry_us_max =
                                                          ladder->settings.retry_us_max};
    if (record.hangs < UINT32_MAX)
        record.hangs++;
    record.ceiling = (uint8_t)(step + 1);
    record.until_us = now.us + vg_decode_steps_retry_us(&back_off, record.hangs, 0);
    return record;
}

/* Takes over what was left, as far as it can be true. */
static void inherit(struct vg_ladder *ladder, struct vg_mono_time now)
{
    const struct vg_ladder_record *record = &ladder->settings.record;
    const int64_t most_us = now.us + ladder->settings.retry_us_max;
    atomic_store_explicit(&ladder->hangs, record->hangs, memory_order_relaxed);
    if (record->ceiling == VG_DECODE_VAAPI || record->ceiling > VG_DECODE_HARDWARE_COUNT)
        return;
    ladder->steps.ceiling = (enum vg_decode_step)record->ceiling;
    ladder->steps.ceiling_us = record->until_us < most_us ? record->until_us : most_us;
    atomic_store_explicit(&ladder->until_us, ladder->steps.ceiling_us, memory_order_relaxed);
    atomic_store_explicit(&ladder->ceiling, record->ceiling, memory_order_relaxed);
    if (now.us >= ladder->steps.ceiling_us || record->hangs == 0) /* a fall that was told then */
        return;
    ladder->state.cause = VG_LADDER_HUNG;
    ladder->state.falls[VG_LADDER_HUNG] = 1;
}

/* ---- packets kept ---- */

static struct kept *kept_of(const struct vg_ladder *ladder, int64_t number)
{
    return &ladder->kept[(uint64_t)number % ladder->room];
}

static void let_go(struct vg_ladder *ladder, struct kept *kept)
{
    if (!kept->packet)
        return;
    ladder->kept_bytes -= (uint64_t)kept->packet->size;
    av_packet_free(&kept->packet);
}

static void let_go_before(struct vg_ladder *ladder, int64_t number)
{
    for (; ladder->first < number; ladder->first++)
        let_go(ladder, kept_of(ladder, ladder->first));
}

static void stop_keeping(struct vg_ladder *ladder)
{
    let_go_before(ladder, ladder->next);
    ladder->keeps = false;
}

/* Enters a packet; its number. With a key frame the GOP before the last one goes, or the last one
 * as well when all of its pictures are out: those of the new GOP's own open beginning need it. */
static int64_t keep(struct vg_ladder *ladder, const AVPacket *packet)
{
    const int64_t number = ladder->next;
    const bool key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (ladder->keeps && ladder->next - ladder->first >= (int64_t)ladder->room)
        stop_keeping(ladder);
    if (key) {
        let_go_before(ladder, ladder->key_now);
        ladder->key_now = number;
        ladder->key_given = false;
        ladder->key_seen = true;
        ladder->damaged = false;
        if (!ladder->keeps)
            let_go_before(ladder, number);
        ladder->keeps = ladder->settings.devices != NULL;
    }
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0)
        ladder->damaged = true;
    struct kept *slot = kept_of(ladder, number);
    *slot = (struct kept){.arrival_us = ladder->now_us, .sent_us = vg_mono_now().us};
    ladder->next++;
    if (ladder->keeps)
        slot->packet = av_packet_clone(packet);
    if (slot->packet)
        ladder->kept_bytes += (uint64_t)packet->size;
    if (!slot->packet || ladder->kept_bytes > ladder->settings.bytes_max)
        stop_keeping(ladder); /* until the next key frame */
    if (!ladder->keeps)
        ladder->first = ladder->next;
    return number;
}

static bool is_known(const struct vg_ladder *ladder, int64_t number)
{
    return number > 0 && number < ladder->next && ladder->next - number <= (int64_t)ladder->room;
}

/* ---- steps ---- */

static struct vg_mono_time time_of(const struct vg_ladder *ladder)
{
    return (struct vg_mono_time){ladder->now_us};
}

static enum vg_decoder_pick pick_on(const struct vg_ladder *ladder, enum vg_decode_step step)
{
    return step == VG_DECODE_KEYS ? VG_DECODER_KEYS : ladder->settings.pick;
}

/* Closes what the step has open. */
static void put_down(struct vg_ladder *ladder, enum vg_decode_verdict verdict)
{
    if (vg_decode_step_is_hardware(ladder->step) && ladder->begun)
        enter_for(ladder, ladder->settings.open_us);
    vg_decoder_rest(ladder->decoder);
    vg_decode_device_give_back(&ladder->device, verdict, time_of(ladder));
    leave(ladder);
}

/* Opens this step; nothing is open. */
static enum vg_status pick_up(struct vg_ladder *ladder, enum vg_decode_step step,
                              enum vg_decoder_start start, uint32_t delay)
{
    struct vg_decoder_settings settings = vg_decoder_defaults(ladder->codec);
    enum vg_status status = VG_OK;
    settings.pick = pick_on(ladder, step);
    settings.start = start;
    settings.delay = delay;
    ladder->step = step;
    atomic_store_explicit(&ladder->step_now, (uint32_t)step, memory_order_relaxed);
    ladder->silent = 0;
    ladder->at_hand = 0;
    ladder->ended = ladder->proven = false;
    if (step == VG_DECODE_NONE)
        return VG_OK;
    if (!vg_decode_step_is_hardware(step))
        return vg_decoder_reopen(ladder->decoder, &settings);
    enter_for(ladder, ladder->settings.open_us);
    status =
        vg_decode_device_take(ladder->settings.devices, step, time_of(ladder), &ladder->device);
    if (status == VG_OK) {
        settings.device = vg_decode_device_context(ladder->device);
        status = vg_decoder_reopen(ladder->decoder, &settings);
    }
    if (status)
        vg_decode_device_give_back(&ladder->device, VG_DECODE_DEVICE_FINE, time_of(ladder));
    leave(ladder);
    return status;
}

/* What the next process shall keep to when this one ends for another reason: the same. */
static void note_record(struct vg_ladder *ladder)
{
    const struct vg_mono_time retry = vg_decode_steps_retry(&ladder->steps, ladder->step);
    const bool below = retry.us != INT64_MAX && retry.us > ladder->now_us;
    const unsigned ceiling = (unsigned)ladder->step < VG_DECODE_HARDWARE_COUNT
                                 ? (unsigned)ladder->step
                                 : VG_DECODE_HARDWARE_COUNT;
    atomic_store_explicit(&ladder->until_us, below ? retry.us : 0, memory_order_relaxed);
    atomic_store_explicit(&ladder->ceiling, below ? ceiling : 0, memory_order_relaxed);
}

static void count_fall(struct vg_ladder *ladder, enum vg_ladder_cause cause)
{
    ladder->state.falls[cause]++;
    ladder->state.cause = cause;
}

static void blame(struct vg_ladder *ladder, enum vg_decode_step step, enum vg_ladder_cause cause)
{
    count_fall(ladder, cause);
    vg_decode_steps_failed(&ladder->steps, step, time_of(ladder), vg_random_unit(&ladder->random));
}

enum way {
    WAY_ANY, /* a step is wanted */
    WAY_UP   /* there is one, which stays when the better one is not to be had */
};

/* The step cannot be gone to now. On the way up nothing is lost by that: it is a failure only if the device was
 * being opened when a step was wanted, and then does not open. What another flux brought about by failing on the
 * device is no failure of this one's: a step down is told, the back-off does not grow by it. Flux that wait for
 * the same device do not come back together. */
static void pass_over(struct vg_ladder *ladder, enum vg_decode_step step, enum vg_status why,
                      enum way way)
{
    const bool wanted = way == WAY_ANY || ladder->awaits;
    struct vg_mono_time later = {ladder->now_us + SOON_US};
    ladder->awaits = why == VG_E_STATE && wanted;
    if (why != VG_E_STATE && why != VG_E_DEVICE && wanted) {
        blame(ladder, step, VG_LADDER_NO_DEVICE);
        return;
    }
    if (why == VG_E_DEVICE && way == WAY_ANY)
        count_fall(ladder, VG_LADDER_NO_DEVICE);
    if (why != VG_E_STATE)
        later.us +=
            (int64_t)((double)ladder->settings.retry_us_min / 4 * vg_random_unit(&ladder->random));
    vg_decode_steps_postpone(&ladder->steps, step, later);
}

/* Whether the step may be gone to now; a hardware step that may not is passed over for a while. */
static bool is_offered(struct vg_ladder *ladder, enum vg_decode_step step, enum way way)
{
    if (!vg_decode_step_is_hardware(step))
        return true;
    const enum vg_status status =
        vg_decode_devices_offer(ladder->settings.devices, step, time_of(ladder));
    if (status)
        pass_over(ladder, step, status, way);
    else
        ladder->awaits = false;
    return status == VG_OK;
}

/* Goes to the best step there is; nothing is open. Ends: each round that fails bars a hardware
 * step, and there are two. */
static enum vg_status go(struct vg_ladder *ladder, enum vg_decoder_start start, uint32_t delay,
                         enum way way)
{
    enum vg_status status = VG_OK;
    for (;;) {
        const enum vg_decode_step best = vg_decode_steps_best(&ladder->steps, time_of(ladder));
        if (!is_offered(ladder, best, way))
            continue;
        status = pick_up(ladder, best, start, delay);
        if (status == VG_OK || !vg_decode_step_is_hardware(best))
            break;
        if (status == VG_E_DEVICE) /* it failed under another flux since it was offered */
            pass_over(ladder, best, status, way);
        else
            blame(ladder, best, VG_LADDER_NO_DEVICE);
    }
    if (status) {
        count_fall(ladder, VG_LADDER_SOFTWARE);
        (void)pick_up(ladder, VG_DECODE_NONE, start, 0);
    }
    ladder->begun = true;
    ladder->state.since = time_of(ladder);
    vg_decode_steps_begun(&ladder->steps, ladder->step, time_of(ladder));
    note_record(ladder);
    return status;
}

/* Where the next decoder begins: with the packets kept, or with the next key frame, if the stream
 * has any. */
static enum vg_status go_again(struct vg_ladder *ladder, uint32_t delay)
{
    const bool replay = ladder->first < ladder->next;
    ladder->fed = ladder->first;
    return go(ladder, ladder->key_seen && !replay ? VG_DECODER_AT_KEY : VG_DECODER_ANYWHERE, delay,
              WAY_ANY);
}

/* A step down. Other flux are not to suffer for a stream that the device does not take, or that
 * came damaged. */
static enum vg_status fall(struct vg_ladder *ladder, enum vg_ladder_cause cause)
{
    const uint32_t delay = vg_decoder_delay(ladder->decoder);
    const bool innocent = cause == VG_LADDER_REFUSED || ladder->damaged;
    blame(ladder, ladder->step, cause);
    put_down(ladder, innocent ? VG_DECODE_DEVICE_FINE : VG_DECODE_DEVICE_FAILED);
    return go_again(ladder, delay);
}

/* Whether the same decoder serves both steps with another pick. */
static bool software_both(enum vg_decode_step a, enum vg_decode_step b)
{
    return (a == VG_DECODE_FULL || a == VG_DECODE_KEYS) &&
           (b == VG_DECODE_FULL || b == VG_DECODE_KEYS);
}

static void change_pick(struct vg_ladder *ladder, enum vg_decode_step step)
{
    ladder->step = step;
    atomic_store_explicit(&ladder->step_now, (uint32_t)step, memory_order_relaxed);
    ladder->state.since = time_of(ladder);
    vg_decoder_set_pick(ladder->decoder, pick_on(ladder, step));
    note_record(ladder);
}

/* At a key frame, whose number it is: up, if something better may be tried. From a step that gave
 * all pictures, what is kept is decoded again, so that none is lost; from one that did not, the
 * new step begins with this key frame. */
static enum vg_status rise(struct vg_ladder *ladder, int64_t number)
{
    const enum vg_decode_step best = vg_decode_steps_best(&ladder->steps, time_of(ladder));
    const bool whole = ladder->step == VG_DECODE_FULL || ladder->step == VG_DECODE_CUDA;
    if (best >= ladder->step || !is_offered(ladder, best, WAY_UP))
        return VG_OK;
    const enum vg_decode_step from = ladder->step;
    enum vg_status status = VG_OK;
    if (software_both(ladder->step, best)) {
        change_pick(ladder, best);
    } else {
        const uint32_t delay = vg_decoder_delay(ladder->decoder);
        if (!whole)
            let_go_before(ladder, number);
        put_down(ladder, VG_DECODE_DEVICE_FINE);
        ladder->fed = ladder->first < number ? ladder->first : number;
        status = go(ladder, VG_DECODER_ANYWHERE, delay, WAY_UP);
    }
    if (ladder->step < from)
        ladder->state.rises++;
    return status;
}

void vg_ladder_allow(struct vg_ladder *ladder, enum vg_decode_step software,
                     struct vg_mono_time now)
{
    ladder->now_us = now.us;
    ladder->steps.settings.software = software;
    if (!ladder->begun || vg_decode_step_is_hardware(ladder->step) || software <= ladder->step)
        return;
    count_fall(ladder, VG_LADDER_BUDGET);
    if (software_both(ladder->step, software)) {
        change_pick(ladder, software);
        return;
    }
    put_down(ladder, VG_DECODE_DEVICE_FINE);
    (void)pick_up(ladder, VG_DECODE_NONE, VG_DECODER_ANYWHERE, 0);
    ladder->fed = ladder->next;
    ladder->state.since = now;
}

void vg_ladder_set_pick(struct vg_ladder *ladder, enum vg_decoder_pick pick)
{
    ladder->settings.pick = pick;
    if (!ladder->begun || ladder->step == VG_DECODE_NONE)
        return;
    enter(ladder);
    vg_decoder_set_pick(ladder->decoder, pick_on(ladder, ladder->step));
    leave(ladder);
}

/* ---- packets in ---- */

static bool was_refused(const struct vg_ladder *ladder)
{
    return vg_decode_step_is_hardware(ladder->step) &&
           vg_decoder_way(ladder->decoder) == VG_DECODER_REFUSED;
}

/* Gives one packet to the decoder; VG_E_DEVICE after a fall: there are packets to be fed again. */
static enum vg_status feed(struct vg_ladder *ladder, int64_t number, const AVPacket *packet)
{
    enum vg_ladder_cause cause = VG_LADDER_NO_CAUSE;
    ladder->fed = number + 1;
    if (ladder->step == VG_DECODE_NONE)
        return VG_E_FULL;
    enter(ladder);
    enum vg_status status = vg_decoder_send_numbered(ladder->decoder, packet, number);
    leave(ladder);
    if (was_refused(ladder))
        cause = VG_LADDER_REFUSED;
    else if (status == VG_E_DEVICE)
        cause = VG_LADDER_ERROR;
    else if (status == VG_OK && vg_decode_step_is_hardware(ladder->step) &&
             ++ladder->silent > ladder->settings.silent_max)
        cause = VG_LADDER_SILENT;
    if (cause == VG_LADDER_NO_CAUSE)
        return status;
    status = fall(ladder, cause);
    return status ? status : VG_E_DEVICE;
}

/* Counts what is told to the caller about a packet. */
static enum vg_status tell(struct vg_ladder *ladder, int64_t number, enum vg_status status)
{
    struct kept *slot = kept_of(ladder, number);
    if (status == VG_E_FULL) {
        slot->given = true; /* never to come: a later replay shall not bring it */
        ladder->state.passed++;
    }
    if (status == VG_E_IO) {
        ladder->damaged = true;
        slot->refused = true;
        ladder->state.refused++;
    }
    return status;
}

static enum vg_status take_in(struct vg_ladder *ladder, const AVPacket *packet)
{
    enum vg_status status = VG_OK;
    const int64_t number = keep(ladder, packet);
    ladder->state.packets++;
    ladder->ending = ladder->ended = false;
    if (!ladder->begun)
        status = go(ladder, VG_DECODER_ANYWHERE, 0, WAY_ANY);
    else if ((packet->flags & AV_PKT_FLAG_KEY) != 0)
        status = rise(ladder, number);
    if (status)
        return status;
    if (vg_decode_steps_trust(&ladder->steps, ladder->step, time_of(ladder)) && ladder->device) {
        vg_decode_device_trust(ladder->device);
        atomic_store_explicit(&ladder->hangs, 0, memory_order_relaxed);
    }
    if (ladder->fed < number) /* it comes in its turn, behind those that are fed again */
        return VG_OK;
    status = feed(ladder, number, packet);
    if (status != VG_E_DEVICE)
        return tell(ladder, number, status);
    if (ladder->fed <= number)
        return VG_OK;
    return tell(ladder, number, VG_E_IO); /* not kept: lost with the device */
}

static void start_cpu(struct vg_ladder *ladder)
{
    ladder->entered_cpu_us = vg_thread_cpu_time_us();
}

static void stop_cpu(struct vg_ladder *ladder)
{
    ladder->state.cpu_us += vg_thread_cpu_time_us() - ladder->entered_cpu_us;
}

enum vg_status vg_ladder_send(struct vg_ladder *ladder, const struct AVPacket *packet,
                              struct vg_mono_time arrival)
{
    ladder->now_us = arrival.us;
    ladder->thread_now = vg_thread_number();
    if (!packet) {
        ladder->ending = true;
        return VG_OK;
    }
    start_cpu(ladder);
    enum vg_status status = take_in(ladder, packet);
    stop_cpu(ladder);
    return status;
}

/* ---- pictures out ---- */

/* Feeds the next of what is to be fed, or the end. VG_E_END: there is nothing. */
static enum vg_status feed_next(struct vg_ladder *ladder)
{
    if (ladder->fed < ladder->first)
        ladder->fed = ladder->first; /* they are not kept any more */
    if (ladder->fed < ladder->next) {
        const int64_t number = ladder->fed;
        const bool again = number + 1 < ladder->next;
        struct kept *slot = kept_of(ladder, number);
        const enum vg_status status = feed(ladder, number, slot->packet);
        ladder->state.replayed += again ? 1 : 0;
        if (status == VG_E_DEVICE || status == VG_OK)
            return VG_OK;
        if (status == VG_E_IO && !slot->refused)
            return tell(ladder, number, status);
        if (status == VG_E_FULL && !slot->given)
            (void)tell(ladder, number, status);
        return status == VG_E_MEMORY ? status : VG_OK;
    }
    if (!ladder->ending || ladder->ended || ladder->step == VG_DECODE_NONE)
        return VG_E_END;
    ladder->ended = true;
    enter(ladder);
    const enum vg_status status = vg_decoder_send_numbered(ladder->decoder, NULL, 0);
    leave(ladder);
    return status;
}

/* The next picture that the decoder has, given out before or not. */
static enum vg_status next_picture(struct vg_ladder *ladder, struct vg_decoded *decoded)
{
    for (;;) {
        enum vg_status status = VG_E_END;
        if (ladder->begun && ladder->step != VG_DECODE_NONE) {
            enter(ladder);
            status = vg_decoder_receive(ladder->decoder, decoded);
            leave(ladder);
        }
        if (status == VG_OK) {
            ladder->silent = 0;
            ladder->proven = true;
        }
        if (status == VG_E_DEVICE) {
            status = fall(ladder, VG_LADDER_ERROR);
            if (status == VG_OK)
                continue;
        }
        if (status == VG_E_IO) {
            ladder->damaged = true;
            ladder->state.refused++;
        }
        if (status != VG_E_END)
            return status;
        status = feed_next(ladder);
        if (status)
            return status;
    }
}

/* Notes a picture as given out. With the one of the last key frame, all from before that key frame
 * are out: the GOP before is not needed any more. */
static void mark_given(struct vg_ladder *ladder, int64_t number)
{
    ladder->at_hand = number;
    if (!is_known(ladder, number))
        return;
    kept_of(ladder, number)->given = true;
    if (number != ladder->key_now)
        return;
    ladder->key_given = true;
    let_go_before(ladder, ladder->key_now);
}

static enum vg_status receive(struct vg_ladder *ladder, struct vg_decoded *decoded)
{
    for (;;) {
        const enum vg_status status = next_picture(ladder, decoded);
        if (status)
            return status;
        const bool known = is_known(ladder, decoded->number);
        if (known && kept_of(ladder, decoded->number)->given)
            continue;
        decoded->arrival.us = known ? kept_of(ladder, decoded->number)->arrival_us : ladder->now_us;
        decoded->sent.us = known ? kept_of(ladder, decoded->number)->sent_us : 0;
        mark_given(ladder, decoded->number);
        ladder->state.pictures++;
        return VG_OK;
    }
}

enum vg_status vg_ladder_receive(struct vg_ladder *ladder, struct vg_decoded *decoded)
{
    start_cpu(ladder);
    const enum vg_status status = receive(ladder, decoded);
    stop_cpu(ladder);
    return status;
}

/* Brings the picture of this number to hand again, out of the packets that are fed again. */
static enum vg_status find_again(struct vg_ladder *ladder, int64_t number)
{
    struct vg_decoded decoded;
    for (;;) {
        const enum vg_status status = next_picture(ladder, &decoded);
        if (status == VG_E_IO)
            continue;
        if (status)
            return status == VG_E_END ? VG_E_IO : status;
        if (decoded.number == number)
            return VG_OK;
        /* Display order is the same for all decoders: what comes before was given out. */
        if (is_known(ladder, decoded.number) && !kept_of(ladder, decoded.number)->given) {
            kept_of(ladder, decoded.number)->given = true;
            ladder->state.refused++;
        }
    }
}

static enum vg_status convert(struct vg_ladder *ladder, const struct vg_pixels *pixels)
{
    const int64_t number = ladder->at_hand;
    if (number == 0)
        return VG_E_IO;
    for (;;) { /* ends: each round is a step further down */
        enter(ladder);
        enum vg_status status = vg_decoder_convert(ladder->decoder, pixels);
        leave(ladder);
        if (status != VG_E_DEVICE)
            return status;
        status = fall(ladder, VG_LADDER_TRANSFER);
        if (status == VG_OK)
            status = find_again(ladder, number);
        if (status)
            return status;
        ladder->at_hand = number;
    }
}

enum vg_status vg_ladder_convert(struct vg_ladder *ladder, const struct vg_pixels *pixels)
{
    start_cpu(ladder);
    const enum vg_status status = convert(ladder, pixels);
    stop_cpu(ladder);
    return status;
}

/* ---- life ---- */

void vg_ladder_restart(struct vg_ladder *ladder)
{
    stop_keeping(ladder);
    ladder->fed = ladder->next;
    ladder->key_now = ladder->at_hand = 0;
    ladder->key_seen = ladder->key_given = false;
    ladder->ending = ladder->ended = false;
    ladder->silent = 0;
    enter(ladder);
    vg_decoder_flush(ladder->decoder);
    leave(ladder);
}

static void prepare_steps(struct vg_ladder *ladder, struct vg_mono_time now)
{
    const struct vg_ladder_settings *settings = &ladder->settings;
    struct vg_decode_steps_settings steps = {.software = settings->software,
                                             .retry_us_min = settings->retry_us_min,
                                             .retry_us_max = settings->retry_us_max,
                                             .stable_us = settings->stable_us};
    for (unsigned i = 0; i < VG_DECODE_HARDWARE_COUNT; i++)
        steps.present[i] = vg_decode_devices_has(settings->devices, (enum vg_decode_step)i);
    if (!steps.present[VG_DECODE_VAAPI] && !steps.present[VG_DECODE_CUDA])
        ladder->settings.devices = NULL; /* nothing to fall from: no packets are kept */
    vg_decode_steps_init(&ladder->steps, &steps);
    inherit(ladder, now);
}

static enum vg_status prepare(struct vg_ladder *ladder, const struct AVCodecParameters *codec,
                              struct vg_fault *fault)
{
    const struct vg_decoder_settings decoder = vg_decoder_defaults(codec);
    ladder->room = ladder->settings.packets_max < 64 ? 64 : ladder->settings.packets_max;
    ladder->kept = vg_alloc_array(ladder->room, sizeof *ladder->kept);
    ladder->codec = avcodec_parameters_alloc();
    if (!ladder->kept || !ladder->codec || avcodec_parameters_copy(ladder->codec, codec) < 0)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                            avcodec_get_name(codec->codec_id));
    enum vg_status status = vg_decoder_open_with(&ladder->decoder, &decoder, fault);
    if (status == VG_OK)
        vg_decoder_rest(ladder->decoder);
    return status;
}

enum vg_status vg_ladder_open(struct vg_ladder **ladder, const struct vg_ladder_settings *settings,
                              const struct AVCodecParameters *codec, struct vg_mono_time now,
                              struct vg_fault *fault)
{
    struct vg_ladder *l = vg_alloc(sizeof *l);
    *ladder = NULL;
    if (!l)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                            avcodec_get_name(codec->codec_id));
    l->settings = *settings;
    l->first = l->fed = l->next = 1;
    l->now_us = now.us;
    l->step = VG_DECODE_NONE;
    vg_random_seed(&l->random, settings->seed);
    enum vg_status status = prepare(l, codec, fault);
    if (status) {
        vg_ladder_close(&l);
        return status;
    }
    prepare_steps(l, now);
    *ladder = l;
    return VG_OK;
}

void vg_ladder_rest(struct vg_ladder *ladder)
{
    stop_keeping(ladder);
    put_down(ladder, VG_DECODE_DEVICE_FINE);
    ladder->step = VG_DECODE_NONE;
}

void vg_ladder_close(struct vg_ladder **ladder)
{
    struct vg_ladder *l = *ladder;
    if (!l)
        return;
    if (l->kept)
        stop_keeping(l);
    if (l->decoder)
        put_down(l, VG_DECODE_DEVICE_FINE); /* nothing, after a rest */
    vg_decoder_close(&l->decoder);
    avcodec_parameters_free(&l->codec);
    vg_free(l->kept);
    vg_free(l);
    *ladder = NULL;
}

uint32_t vg_ladder_fps_milli(const struct vg_ladder *ladder)
{
    return vg_decoder_fps_milli(ladder->decoder);
}

void vg_ladder_state(const struct vg_ladder *ladder, struct vg_ladder_state *state)
{
    *state = ladder->state;
    state->step = ladder->step;
    state->retry = vg_decode_steps_retry(&ladder->steps, ladder->step);
    state->surfaces = vg_decoder_surfaces(ladder->decoder);
    state->kept_bytes = ladder->kept_bytes;
    state->kept_count = (uint32_t)(ladder->next - ladder->first);
    if (ladder->device)
        (void)snprintf(state->device, sizeof state->device, "%s",
                       vg_decode_device_name(ladder->device));
}
