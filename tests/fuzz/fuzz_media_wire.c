/* Frames between ingest and api. Never: a read past the frame, a flux without an end, a window or a
 * range beyond its bound, a status that is no failure, a frame that is written otherwise than read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/media_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void same(const struct vg_wire_frame *frame, const uint8_t *again, size_t size)
{
    must(size == frame->size && memcmp(again, frame->data, size) == 0);
}

static void read_clip(const struct vg_wire_frame *frame)
{
    struct vg_wire_clip clip;
    uint8_t again[VG_WIRE_CLIP_MAX];
    if (vg_wire_read_clip(frame, &clip))
        return;
    must(memchr(clip.flux, 0, sizeof clip.flux) != NULL && clip.flux[0] != '\0');
    must(clip.from_us >= 0 && clip.to_us >= clip.from_us && clip.window <= VG_WIRE_WINDOW_MAX);
    same(frame, again, vg_wire_write_clip(&clip, again));
}

static void read_live(const struct vg_wire_frame *frame)
{
    struct vg_wire_live live;
    uint8_t again[VG_WIRE_LIVE_MAX];
    if (vg_wire_read_live(frame, &live))
        return;
    must(memchr(live.flux, 0, sizeof live.flux) != NULL && live.flux[0] != '\0');
    must(live.window <= VG_WIRE_WINDOW_MAX);
    same(frame, again, vg_wire_write_live(&live, again));
}

static void read_about(const struct vg_wire_frame *frame)
{
    struct vg_wire_about about;
    uint8_t again[VG_WIRE_ABOUT_BYTES];
    if (vg_wire_read_about(frame, &about) == VG_OK)
        same(frame, again, vg_wire_write_about(&about, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_wire_frame frame;
    struct vg_wire_peer peer = {.own = 1, .other = 2};
    uint8_t head[VG_WIRE_HEAD];
    uint32_t bytes = 0;
    if (vg_wire_read(data, size, &frame))
        return 0;
    must(frame.size == size - VG_WIRE_HEAD && frame.data == data + VG_WIRE_HEAD);
    vg_wire_write_head(&frame, head);
    must(memcmp(head, data, sizeof head) == 0);
    read_clip(&frame);
    read_live(&frame);
    read_about(&frame);
    if (vg_wire_read_more(&frame, &bytes) == VG_OK)
        must(bytes >= 1 && bytes <= VG_WIRE_WINDOW_MAX);
    must(vg_wire_read_refused(&frame) < 0);
    if (vg_wire_peer_hear(&peer, &frame) == VG_WIRE_HEARD)
        must(frame.from == 2 && frame.to == 1 && frame.type != VG_WIRE_HELLO);
    return 0;
}
