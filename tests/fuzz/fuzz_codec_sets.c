/* Key pictures of cameras. Never: a read past the bytes, more sets than room, a sample of another
 * size than was said, a name without an end. */
#include <libavcodec/avcodec.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/media/codec_sets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ROOM = 256
};

static void must(int holds)
{
    if (!holds)
        abort();
}

static void take(int codec, const uint8_t *data, size_t size)
{
    char name[VG_CODEC_STRING_BYTES];
    uint8_t *sets = malloc(ROOM);
    must(sets != NULL);
    const size_t found = vg_sets_find(codec, data, size, sets, ROOM);
    must(found <= ROOM);
    if (found && codec != AV_CODEC_ID_MPEG4)
        must(vg_sets_annexb(codec, sets, found));
    if (vg_codec_string(codec, sets, found, name) == VG_OK)
        must(memchr(name, 0, sizeof name) != NULL && name[0] != '\0');
    if (vg_codec_string(codec, data, size, name) == VG_OK)
        must(memchr(name, 0, sizeof name) != NULL && name[0] != '\0');
    free(sets);
    const size_t wanted = vg_sample_make(codec, data, size, NULL, 0);
    uint8_t *sample = malloc(wanted + 1);
    must(sample != NULL);
    must(vg_sample_make(codec, data, size, sample, wanted) == wanted);
    if (wanted > 0) /* less room: less, never more */
        must(vg_sample_make(codec, data, size, sample, wanted - 1) <= wanted - 1);
    free(sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take(AV_CODEC_ID_H264, data, size);
    take(AV_CODEC_ID_HEVC, data, size);
    take(AV_CODEC_ID_MPEG4, data, size);
    return 0;
}
