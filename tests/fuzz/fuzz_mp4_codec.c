/* Any bytes as the head of an MP4 file. Never: a read beyond them, or a name that is not four
 * letters that can be printed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/mp4_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[5];
    if (vg_mp4_codec(data, size, name) != VG_OK)
        return 0;
    must(strlen(name) == 4);
    for (size_t i = 0; i < 4; i++)
        must(name[i] > ' ' && name[i] <= '~');
    return 0;
}
