/* A file of the program cache, any bytes: never read past its end; what is accepted lies within
 * it, and packed again gives the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/engine/program_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_program_key key = {{0}};
    const uint8_t *binary = NULL;
    uint8_t *again = NULL;
    size_t bytes = 0, again_bytes = 0;
    if (size >= 16 + sizeof key) /* its own key, else the checks behind it are never reached */
        memcpy(key.digest, data + 16, sizeof key.digest);
    if (vg_program_file_parse(data, size, &key, &binary, &bytes)) {
        if (binary || bytes)
            abort();
        return 0;
    }
    if (binary < data || bytes == 0 || binary + bytes > data + size ||
        vg_program_file_pack(&key, binary, bytes, &again, &again_bytes) || again_bytes != size ||
        memcmp(again, data, size) != 0)
        abort();
    vg_free(again);
    return 0;
}
