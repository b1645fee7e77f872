/* A file of a flux's view, any bytes: never read past its end; what is accepted has its reference
 * within it, and the head written again gives the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/sight_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *bytes, size_t size)
{
    struct vg_sight_file file;
    uint8_t head[VG_SIGHT_FILE_HEAD];
    if (vg_sight_file_parse(bytes, size, &file)) {
        if (file.reference)
            abort();
        return;
    }
    if (file.reference + VG_VIEW_REFERENCE_BYTES != bytes + size)
        abort();
    vg_sight_file_head(&file, head);
    if (memcmp(head, bytes, sizeof head) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* the whole length as well, so that small inputs reach what stands behind its check */
    static uint8_t bytes[VG_SIGHT_FILE_BYTES];
    const size_t used = size < sizeof bytes ? size : sizeof bytes;
    memset(bytes, 0, sizeof bytes);
    if (used)
        memcpy(bytes, data, used);
    parse(data, size);
    parse(bytes, sizeof bytes);
    return 0;
}
