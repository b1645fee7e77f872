/* What the kernel tells of an open render node, any bytes. Never: names or an address without an end, more
 * decoders than there is room for, a capacity of 0. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/drm_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_drm_client client;
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    const bool is_client = vg_drm_client_parse(text, &client);
    if (!memchr(client.board, 0, sizeof client.board) || client.decoders > VG_DRM_DECODERS_MAX ||
        (!is_client && (client.decoders || client.memory_told)))
        abort();
    for (uint32_t i = 0; i < client.decoders; i++)
        if (!memchr(client.decoder[i].name, 0, sizeof client.decoder[i].name) ||
            client.decoder[i].capacity == 0)
            abort();
    free(text);
    return 0;
}
