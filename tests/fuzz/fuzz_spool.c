/* A segment of the spool, any bytes: what is given is whole and within the data, the walk ends,
 * and never gives more than there is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/alerts/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_spool_walk walk = {.offset = 0};
    struct vg_spool_record record;
    size_t before = 0;
    uint64_t good = 0;
    while (vg_spool_walk(&walk, data, size, &record) == VG_OK) {
        const uint8_t *json = (const uint8_t *)record.json;
        if (walk.record_offset < before || walk.offset <= walk.record_offset ||
            walk.offset > size || walk.good_end != walk.offset)
            abort();
        if (json < data || json + record.json_bytes > data + size || record.json_bytes == 0 ||
            record.json_bytes > VG_SPOOL_JSON_MAX || record.picture_bytes > VG_SPOOL_PICTURE_MAX)
            abort();
        if (record.picture &&
            (record.picture < data || record.picture + record.picture_bytes > data + size))
            abort();
        if (strnlen(record.id, sizeof record.id) == sizeof record.id || record.id[0] == '\0' ||
            strnlen(record.key, sizeof record.key) == sizeof record.key)
            abort();
        good += walk.offset - walk.record_offset;
        before = walk.offset;
    }
    if (good + walk.damaged_bytes > size || walk.good_end > size)
        abort();
    return 0;
}
