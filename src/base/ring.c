/* Indices grow for ever and are masked on use; head is written by the reader, tail by the
 * writer, each published with release and read by the other with acquire. */
#include "src/base/ring.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "src/base/alloc.h"

struct vg_ring {
    /* fixed after open */
    size_t mask, element_bytes;
    int fd;
    unsigned char *elements;
    /* writer's; on a line of its own so that the two threads do not share one */
    _Alignas(64) atomic_size_t tail;
    bool untold; /* of quiet pushes */
    /* reader's */
    _Alignas(64) atomic_size_t head;
};

enum vg_status vg_ring_open(struct vg_ring **ring, size_t count, size_t element_bytes)
{
    *ring = NULL;
    if (count == 0 || (count & (count - 1)) != 0)
        return VG_E_CALL;
    struct vg_ring *r = vg_alloc(sizeof *r);
    if (!r)
        return VG_E_MEMORY;
    r->mask = count - 1;
    r->element_bytes = element_bytes;
    r->fd = -1;
    enum vg_status status = VG_E_MEMORY;
    r->elements = vg_alloc_array(count, element_bytes);
    if (!r->elements)
        goto done;
    r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    status = r->fd >= 0 ? VG_OK : VG_E_LACK;
done:
    if (status)
        vg_ring_close(&r);
    *ring = r;
    return status;
}

void vg_ring_close(struct vg_ring **ring)
{
    struct vg_ring *r = *ring;
    if (!r)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    vg_free(r->elements);
    vg_free(r);
    *ring = NULL;
}

static enum vg_status put(struct vg_ring *ring, const void *element)
{
    const size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    const size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (tail - head > ring->mask)
        return VG_E_FULL;
    memcpy(ring->elements + (tail & ring->mask) * ring->element_bytes, element,
           ring->element_bytes);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return VG_OK;
}

enum vg_status vg_ring_push_quietly(struct vg_ring *ring, const void *element)
{
    const enum vg_status status = put(ring, element);
    ring->untold |= status == VG_OK;
    return status;
}

enum vg_status vg_ring_push(struct vg_ring *ring, const void *element)
{
    const uint64_t one = 1;
    const enum vg_status status = put(ring, element);
    if (status && !ring->untold) /* full, and the reader was told of all that is there */
        return status;
    ring->untold = false;
    /* it can only fail when the counter is full: then the reader is awake anyway */
    if (write(ring->fd, &one, sizeof one) < 0)
        return status;
    return status;
}

enum vg_status vg_ring_peek(const struct vg_ring *ring, void *element)
{
    const size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    const size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (head == tail)
        return VG_E_END;
    memcpy(element, ring->elements + (head & ring->mask) * ring->element_bytes,
           ring->element_bytes);
    return VG_OK;
}

enum vg_status vg_ring_pop(struct vg_ring *ring, void *element)
{
    const enum vg_status status = vg_ring_peek(ring, element);
    if (!status)
        atomic_store_explicit(&ring->head,
                              atomic_load_explicit(&ring->head, memory_order_relaxed) + 1,
                              memory_order_release);
    return status;
}

enum vg_status vg_ring_wait(struct vg_ring *ring, int timeout_ms)
{
    const size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (atomic_load_explicit(&ring->tail, memory_order_acquire) != head)
        return VG_OK;
    struct pollfd p = {ring->fd, POLLIN, 0};
    const int n = poll(&p, 1, timeout_ms);
    vg_ring_drain(ring);
    return n > 0 ? VG_OK : VG_E_TIMEOUT;
}

int vg_ring_fd(const struct vg_ring *ring)
{
    return ring->fd;
}

void vg_ring_drain(struct vg_ring *ring)
{
    uint64_t count;
    if (read(ring->fd, &count, sizeof count) < 0)
        return; /* nothing was pushed since */
}
