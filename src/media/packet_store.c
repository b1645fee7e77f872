#include "src/media/packet_store.h"

#include <libavcodec/avcodec.h>
#include <libavutil/buffer.h>
#include <string.h>
#include <sys/mman.h>

/* Stands at the begin of a block: what unmap wants to know. */
struct head {
    _Alignas(64) size_t bytes;
};

static void unmap(void *opaque, uint8_t *data)
{
    (void)opaque;
    const struct head *head = (const struct head *)(const void *)data;
    (void)munmap(data, head->bytes);
}

/* NULL: no memory. */
static AVBufferRef *map(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    ((struct head *)at)->bytes = bytes;
    AVBufferRef *block = av_buffer_create(at, bytes, unmap, NULL, 0);
    if (!block)
        (void)munmap(at, bytes);
    return block;
}

void vg_packet_store_release(struct vg_packet_store *store)
{
    av_buffer_unref(&store->block);
    store->used = 0;
}

/* The padding is zero: nobody has written there before. */
static const uint8_t *write_at(const AVBufferRef *block, size_t offset, const uint8_t *bytes,
                               size_t size)
{
    memcpy(block->data + offset, bytes, size);
    return block->data + offset;
}

/* One that would leave most of a block empty has a block of its own. */
static enum vg_status put_alone(const uint8_t *bytes, size_t size, struct vg_stored_packet *stored)
{
    stored->buffer = map(sizeof(struct head) + size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!stored->buffer)
        return VG_E_MEMORY;
    stored->data = write_at(stored->buffer, sizeof(struct head), bytes, size);
    return VG_OK;
}

enum vg_status vg_packet_store_put(struct vg_packet_store *store, const uint8_t *bytes, size_t size,
                                   struct vg_stored_packet *stored)
{
    const size_t need = size + AV_INPUT_BUFFER_PADDING_SIZE;
    *stored = (struct vg_stored_packet){.buffer = NULL};
    if (size > VG_PACKET_STORE_BLOCK / 2)
        return put_alone(bytes, size, stored);
    if (!store->block || need > VG_PACKET_STORE_BLOCK - store->used) {
        AVBufferRef *next = map(VG_PACKET_STORE_BLOCK);
        if (!next)
            return VG_E_MEMORY;
        av_buffer_unref(&store->block);
        store->block = next;
        store->used = sizeof(struct head);
    }
    stored->buffer = av_buffer_ref(store->block);
    if (!stored->buffer)
        return VG_E_MEMORY;
    stored->data = write_at(store->block, store->used, bytes, size);
    store->used += need;
    return VG_OK;
}
