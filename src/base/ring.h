/* A bounded queue from one thread to one other, of elements of one size, with an eventfd that
 * wakes the reader. Full: the writer is told (VG_E_FULL) and decides what is dropped. */
#ifndef VG_BASE_RING_H
#define VG_BASE_RING_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/status.h"

struct vg_ring;

/* count: a power of two, how many elements fit. VG_E_MEMORY, VG_E_LACK (no eventfd). */
enum vg_status vg_ring_open(struct vg_ring **ring, size_t count, size_t element_bytes) VG_MUST_USE;
void vg_ring_close(struct vg_ring **ring);

/* Writer's thread. Copies the element in and wakes the reader. VG_E_FULL when there is no
 * place; nothing is changed then. */
enum vg_status vg_ring_push(struct vg_ring *ring, const void *element) VG_MUST_USE;

/* The same, but the reader sleeps on: a vg_ring_push must follow soon, and tells of both, even when
 * it finds no place. */
enum vg_status vg_ring_push_quietly(struct vg_ring *ring, const void *element) VG_MUST_USE;

/* Reader's thread. Copies the oldest element out, or VG_E_END when empty; peek leaves it there. */
enum vg_status vg_ring_pop(struct vg_ring *ring, void *element) VG_MUST_USE;
enum vg_status vg_ring_peek(const struct vg_ring *ring, void *element) VG_MUST_USE;

/* Reader's thread: blocks until something was pushed or `timeout_ms` passed (-1: for ever). */
enum vg_status vg_ring_wait(struct vg_ring *ring, int timeout_ms) VG_MUST_USE;

/* The eventfd, readable when something was pushed; for an event loop. vg_ring_drain clears it
 * before popping all. */
int vg_ring_fd(const struct vg_ring *ring);
void vg_ring_drain(struct vg_ring *ring);

#endif
