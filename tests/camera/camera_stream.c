#define _GNU_SOURCE /* sendmmsg */
#include "tests/camera/camera_stream.h"

#include <string.h>
#include <time.h>

#define REPORT_US       5000000
#define NTP_1970        UINT64_C(2208988800)
#define CNAME           "camera"
#define GARBAGE         "\r\n\x01\xff garbage\r\n"
#define STRANGE_CHANNEL 77

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* ---- one's own numbers ---- */

static void renew(struct vg_stream *stream)
{
    stream->ssrc = vg_random_u32(&stream->random);
    stream->stamp = vg_random_u32(&stream->random);
    stream->sequence = (uint16_t)vg_random_u32(&stream->random);
    stream->packets = stream->octets = 0;
    if (stream->faults->wrap > 0) { /* so many seconds, so many pictures before the end */
        stream->stamp = 0 - (uint32_t)VG_TICKS(stream->faults->wrap);
        stream->sequence = (uint16_t)(0 - (unsigned)(25 * stream->faults->wrap));
    }
}

void vg_stream_init(struct vg_stream *stream, const struct vg_clip *clip,
                    const struct vg_clip *second, struct vg_camera_faults *faults, uint64_t seed)
{
    *stream = (struct vg_stream){.clip = clip, .second = second, .faults = faults};
    vg_random_seed(&stream->random, faults->seed > 0 ? (uint64_t)faults->seed : seed);
    renew(stream);
    const bool want_key = faults->startnokey <= 0;
    while (stream->next < clip->picture_count - 1 && clip->pictures[stream->next].key != want_key)
        stream->next++;
    stream->origin = -clip->pictures[stream->next].dts;
}

void vg_stream_start(struct vg_stream *stream, int64_t now_us)
{
    stream->start_us = now_us;
}

/* ---- the way out ---- */

static void flush_wire(struct vg_stream *stream)
{
    struct iovec parts[2 * VG_STREAM_BATCH];
    size_t count = 0;
    for (size_t i = 0; i < stream->batch_count; i++) {
        struct vg_stream_packet *p = &stream->batch[i];
        if (p->head_size > 0)
            parts[count++] = (struct iovec){p->head + sizeof p->head - p->head_size, p->head_size};
        parts[count++] = (struct iovec){(void *)(uintptr_t)p->payload, p->size};
    }
    vg_wire_put(stream->way.wire, parts, count);
}

static void flush_sockets(struct vg_stream *stream)
{
    struct mmsghdr messages[VG_STREAM_BATCH];
    struct iovec parts[VG_STREAM_BATCH][2];
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < stream->batch_count; i++) {
        struct vg_stream_packet *p = &stream->batch[i];
        parts[i][0] = (struct iovec){p->head + 4, VG_RTP_HEAD};
        parts[i][1] = (struct iovec){(void *)(uintptr_t)p->payload, p->size};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &stream->way.rtp_to,
                                              .msg_namelen = stream->way.to_size,
                                              .msg_iov = parts[i],
                                              .msg_iovlen = 2};
    }
    /* one that the system refuses (no route, no room) is lost, those behind it are tried */
    for (size_t done = 0; done < stream->batch_count;) {
        const int sent = sendmmsg(stream->way.rtp_fd, messages + done,
                                  (unsigned)(stream->batch_count - done), MSG_DONTWAIT);
        done += sent > 0 ? (size_t)sent : 1;
    }
}

static void flush_batch(struct vg_stream *stream)
{
    if (stream->batch_count == 0)
        return;
    if (stream->way.wire)
        flush_wire(stream);
    else
        flush_sockets(stream);
    stream->batch_count = 0;
}

static void append(struct vg_stream *stream, const struct vg_stream_packet *packet)
{
    stream->batch[stream->batch_count++] = *packet;
    if (stream->batch_count == VG_STREAM_BATCH)
        flush_batch(stream);
}

static void interleave(uint8_t head[4], int channel, size_t size)
{
    head[0] = '$';
    head[1] = (uint8_t)channel;
    head[2] = (uint8_t)(size >> 8);
    head[3] = (uint8_t)size;
}

static void send_report(struct vg_stream *stream, const uint8_t *data, size_t size)
{
    uint8_t head[4];
    flush_batch(stream);
    if (!stream->way.wire) {
        (void)sendto(stream->way.rtcp_fd, data, size, MSG_DONTWAIT,
                     (const struct sockaddr *)&stream->way.rtcp_to, stream->way.to_size);
        return;
    }
    interleave(head, stream->way.channel + 1, size);
    const struct iovec parts[2] = {{head, sizeof head}, {(void *)(uintptr_t)data, size}};
    vg_wire_put(stream->way.wire, parts, 2);
}

/* ---- RTCP ---- */

static int64_t ticks_at(const struct vg_stream *stream, int64_t now_us)
{
    int64_t ticks = (now_us - stream->start_us) * 9 / 100;
    if (stream->faults->jump > 0 && ticks >= VG_TICKS(stream->faults->jump))
        ticks += VG_TICKS(stream->faults->by);
    return ticks;
}

/* Source description: CNAME, ended and padded by zeros. */
static size_t describe_source(const struct vg_stream *stream, uint8_t *p)
{
    static const uint8_t head[4] = {0x81, 202, 0, 4};
    memset(p, 0, 20);
    memcpy(p, head, sizeof head);
    put32(p + 4, stream->ssrc);
    p[8] = 1;
    p[9] = sizeof CNAME - 1;
    memcpy(p + 10, CNAME, sizeof CNAME - 1);
    return 20;
}

/* Sender report: the wall clock of the stamp of now (RFC 3550 6.4.1). */
static void report(struct vg_stream *stream, int64_t now_us)
{
    static const uint8_t head[4] = {0x80, 200, 0, 6};
    uint8_t data[64];
    struct timespec wall;
    stream->report_us = now_us + REPORT_US;
    if (stream->faults->nosr > 0)
        return;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    const int64_t second = (int64_t)wall.tv_sec + (int64_t)stream->faults->ntp;
    memcpy(data, head, sizeof head);
    put32(data + 4, stream->ssrc);
    put32(data + 8, (uint32_t)((uint64_t)second + NTP_1970));
    put32(data + 12, (uint32_t)(((uint64_t)wall.tv_nsec << 32) / 1000000000u));
    put32(data + 16, stream->stamp + (uint32_t)ticks_at(stream, now_us));
    put32(data + 20, stream->packets);
    put32(data + 24, stream->octets);
    send_report(stream, data, 28 + describe_source(stream, data + 28));
}

void vg_stream_part(struct vg_stream *stream)
{
    static const uint8_t report_head[4] = {0x80, 201, 0, 1}, bye_head[4] = {0x81, 203, 0, 1};
    uint8_t data[64];
    if (stream->parted)
        return;
    stream->parted = true;
    memcpy(data, report_head, 4); /* a compound packet begins with a report */
    put32(data + 4, stream->ssrc);
    const size_t described = 8 + describe_source(stream, data + 8);
    memcpy(data + described, bye_head, 4);
    put32(data + described + 4, stream->ssrc);
    send_report(stream, data, described + 8);
}

/* ---- RTP ---- */

static bool every(double n, uint64_t count)
{
    return n >= 1 && count % (uint64_t)n == 0;
}

static bool is_lost(struct vg_stream *stream)
{
    const struct vg_camera_faults *faults = stream->faults;
    const double length = faults->lossburst >= 1 ? faults->lossburst : 1;
    if (every(faults->lose, stream->rtp_count))
        return true;
    if (faults->loss <= 0)
        return false;
    if (stream->burst_left == 0 && vg_random_unit(&stream->random) < faults->loss / length)
        stream->burst_left = (unsigned)length;
    if (stream->burst_left == 0)
        return false;
    stream->burst_left--;
    return true;
}

static void add_garbage(struct vg_stream *stream)
{
    static const uint8_t garbage[] = GARBAGE, nothing[10] = "not agreed";
    struct vg_stream_packet packet = {.payload = garbage, .size = sizeof garbage - 1};
    if (every(stream->faults->garbage, stream->rtp_count))
        append(stream, &packet);
    if (!every(stream->faults->strange, stream->rtp_count))
        return;
    packet = (struct vg_stream_packet){.payload = nothing, .size = sizeof nothing, .head_size = 4};
    interleave(packet.head + VG_RTP_HEAD, STRANGE_CHANNEL, sizeof nothing);
    append(stream, &packet);
}

static void release_held(struct vg_stream *stream)
{
    if (stream->held_left == 0 || --stream->held_left > 0)
        return;
    append(stream, &stream->held);
}

static void send_packet(struct vg_stream *stream, const struct vg_clip_packet *from, uint32_t stamp)
{
    const struct vg_camera_faults *faults = stream->faults;
    const uint8_t *bytes = stream->clip->bytes + from->offset;
    struct vg_stream_packet packet = {.head_size = sizeof packet.head,
                                      .payload = bytes + VG_RTP_HEAD,
                                      .size = from->size - VG_RTP_HEAD};
    uint8_t *head = packet.head + 4;
    interleave(packet.head, stream->way.channel, from->size);
    head[0] = 0x80;
    head[1] = faults->nomarker > 0 ? bytes[1] & 0x7f : bytes[1];
    head[2] = (uint8_t)(stream->sequence >> 8);
    head[3] = (uint8_t)stream->sequence;
    put32(head + 4, stamp);
    put32(head + 8, stream->ssrc);
    stream->sequence++;
    stream->packets++;
    stream->octets += (uint32_t)packet.size;
    stream->rtp_count++;
    if (is_lost(stream))
        return;
    if (stream->way.wire)
        add_garbage(stream);
    if (every(faults->reorder, stream->rtp_count) && stream->held_left == 0) {
        stream->held = packet;
        stream->held_left = faults->late >= 1 ? (unsigned)faults->late : 1;
        return;
    }
    append(stream, &packet);
    if (every(faults->doubled, stream->rtp_count))
        append(stream, &packet);
    release_held(stream);
}

/* ---- time ---- */

static double played(const struct vg_stream *stream, int64_t now_us)
{
    return (double)(now_us - stream->start_us) / 1e6;
}

/* Microseconds to wait until the fault that rules now is over; 0: none rules. */
static int64_t held_back(struct vg_stream *stream, int64_t now_us)
{
    struct vg_camera_faults *faults = stream->faults;
    const double seconds = played(stream, now_us);
    if (faults->nodata > 0)
        return VG_STREAM_IDLE;
    if (faults->freeze > 0 && seconds >= faults->freeze) {
        if (faults->thaw <= 0 || seconds < faults->freeze + faults->thaw)
            return 10000;
        stream->start_us += (int64_t)(faults->thaw * 1e6);
        faults->freeze = 0;
    }
    if (faults->burst > 0 &&
        seconds - (double)(int64_t)(seconds / faults->burst) * faults->burst > 0.02)
        return 10000;
    return 0;
}

static void change(struct vg_stream *stream, int64_t now_us)
{
    struct vg_camera_faults *faults = stream->faults;
    if (faults->ssrc > 0 && played(stream, now_us) >= faults->ssrc) {
        faults->ssrc = 0;
        renew(stream);
        stream->report_us = 0;
    }
    if (faults->second <= 0 || !stream->second || played(stream, now_us) < faults->second)
        return;
    stream->origin += stream->clip->pictures[stream->next].dts;
    stream->clip = stream->second;
    stream->second = NULL;
    for (stream->next = 0; stream->next < stream->clip->picture_count - 1 &&
                           !stream->clip->pictures[stream->next].key;)
        stream->next++;
    stream->origin -= stream->clip->pictures[stream->next].dts;
}

static int64_t due(const struct vg_stream *stream)
{
    const struct vg_clip_picture *picture = &stream->clip->pictures[stream->next];
    const int64_t due_us = stream->start_us + VG_TICK_US(stream->origin + picture->dts);
    struct vg_random random; /* the same whenever it is asked */
    if (stream->faults->jitter <= 0)
        return due_us;
    vg_random_seed(&random, (uint64_t)(stream->origin + picture->dts));
    return due_us + (int64_t)(vg_random_unit(&random) * stream->faults->jitter * 1000);
}

static void send_picture(struct vg_stream *stream, int64_t now_us)
{
    const struct vg_clip_picture *picture = &stream->clip->pictures[stream->next];
    int64_t ticks = stream->origin + picture->pts;
    if (stream->faults->jump > 0 && played(stream, now_us) >= stream->faults->jump)
        ticks += VG_TICKS(stream->faults->by);
    for (size_t i = 0; i < picture->count; i++)
        send_packet(stream, &stream->clip->packets[picture->first + i],
                    stream->stamp + (uint32_t)ticks);
    if (++stream->next == stream->clip->picture_count) {
        stream->next = 0;
        stream->origin += stream->clip->span;
    }
}

int64_t vg_stream_play(struct vg_stream *stream, int64_t now_us)
{
    const double seconds = played(stream, now_us);
    if (stream->faults->bye > 0 && seconds >= stream->faults->bye) {
        vg_stream_part(stream);
        return VG_STREAM_IDLE;
    }
    if (stream->faults->close > 0 && seconds >= stream->faults->close)
        return -1;
    const int64_t held_us = held_back(stream, now_us);
    if (held_us != 0)
        return held_us;
    if (now_us >= stream->report_us)
        report(stream, now_us);
    for (;;) {
        change(stream, now_us);
        const int64_t wait_us = due(stream) - now_us;
        if (wait_us > 0) {
            flush_batch(stream);
            return wait_us < VG_STREAM_IDLE ? wait_us : VG_STREAM_IDLE;
        }
        send_picture(stream, now_us);
    }
}
