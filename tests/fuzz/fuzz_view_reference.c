/* A kept reference, any bytes: never read past its end; what is accepted lies within it, packed
 * again gives the same bytes, and any view whatever can be held against it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/sha256.h"
#include "src/vision/view_reference.h"
#include "src/vision/view_watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input's bytes as head, again and again as pixels, and the right sum: what lies behind the
 * checks is reached by small inputs, too. */
static void complete(uint8_t bytes[VG_VIEW_REFERENCE_BYTES], const uint8_t *data, size_t size)
{
    const size_t covered = VG_VIEW_REFERENCE_BYTES - VG_SHA256_BYTES;
    for (size_t i = 0; i < covered; i++)
        bytes[i] = size ? data[i % size] : 0;
    vg_sha256(bytes, covered, bytes + covered);
}

static void hold_against(const uint8_t *bytes)
{
    static struct vg_view_thumb thumb;
    const struct vg_view_settings settings = vg_view_settings_defaults();
    struct vg_view_watch *watch;
    struct vg_view_scratch *scratch;
    if (vg_view_watch_open(&watch, &settings) || vg_view_scratch_open(&scratch))
        abort();
    if (vg_view_watch_restore(watch, bytes, VG_VIEW_REFERENCE_BYTES))
        abort();
    for (size_t i = 0; i < VG_VIEW_PIXELS; i++)
        thumb.luma[i] = (uint8_t)(bytes[VG_VIEW_REFERENCE_HEAD + i] ^ (i % 7));
    for (int64_t n = 0; n < 2; n++)
        if (vg_view_watch_look(watch, scratch, &thumb, (struct vg_media_time){n * 1000000}, 0)
                ->failures)
            abort();
    vg_view_scratch_close(&scratch);
    vg_view_watch_close(&watch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[VG_VIEW_REFERENCE_BYTES], again[VG_VIEW_REFERENCE_BYTES];
    struct vg_view_reference reference;
    if (vg_view_reference_parse(data, size, &reference)) {
        if (reference.anchor || reference.view)
            abort();
    } else if (reference.anchor < data || reference.view + VG_VIEW_PIXELS > data + size) {
        abort();
    }
    complete(bytes, data, size);
    if (vg_view_reference_parse(bytes, sizeof bytes, &reference))
        return 0;
    vg_view_reference_pack(&reference, again);
    if (memcmp(again, bytes, sizeof bytes) != 0)
        abort();
    if (size % 8 == 0) /* a look takes a hundred times as long as all the rest */
        hold_against(bytes);
    return 0;
}
