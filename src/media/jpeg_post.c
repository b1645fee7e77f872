#include "src/media/jpeg_post.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/media/picture_jpeg.h"

#define WANT_US (2 * VG_US_PER_S)
#define QUALITY 70
#define NEVER   (INT64_MIN / 2)

struct vg_jpeg_post {
    _Atomic int64_t wanted_until_us; /* relaxed: a picture more or less */

    /* the flux's own */
    struct vg_picture_jpeg *encoder; /* these two NULL before the first picture */
    uint8_t *room;                   /* VG_JPEG_POST_WIDTH x HEIGHT of NV12 */
    struct vg_pixels pixels;
    int64_t posted_us;

    pthread_mutex_t lock; /* of all below */
    int bell;
    uint8_t *data; /* VG_JPEG_POST_BYTES_MAX; pages that are not used cost nothing */
    size_t size;
    uint64_t number; /* of the picture; the first has 1 */
    struct vg_wall_time wall;
};

enum vg_status vg_jpeg_post_open(struct vg_jpeg_post **post)
{
    struct vg_jpeg_post *p = vg_alloc(sizeof *p);
    *post = p;
    if (!p)
        return VG_E_MEMORY;
    atomic_store_explicit(&p->wanted_until_us, NEVER, memory_order_relaxed);
    p->posted_us = NEVER;
    p->bell = -1;
    (void)pthread_mutex_init(&p->lock, NULL);
    return VG_OK;
}

void vg_jpeg_post_close(struct vg_jpeg_post **post)
{
    struct vg_jpeg_post *p = *post;
    if (!p)
        return;
    vg_picture_jpeg_close(&p->encoder);
    (void)pthread_mutex_destroy(&p->lock);
    vg_free(p->room);
    vg_free(p->data);
    vg_free(p);
    *post = NULL;
}

bool vg_jpeg_post_due(const struct vg_jpeg_post *post, struct vg_mono_time now)
{
    return now.us < atomic_load_explicit(&post->wanted_until_us, memory_order_relaxed) &&
           now.us - post->posted_us >= VG_JPEG_POST_EVERY_US;
}

void vg_jpeg_post_want(struct vg_jpeg_post *post, struct vg_mono_time now)
{
    atomic_store_explicit(&post->wanted_until_us, now.us + WANT_US, memory_order_relaxed);
}

enum vg_status vg_jpeg_post_begin(struct vg_jpeg_post *post, uint32_t width, uint32_t height,
                                  struct vg_pixels *pixels)
{
    uint32_t fit_width = 0, fit_height = 0;
    if (!post->encoder && vg_picture_jpeg_open(&post->encoder))
        return VG_E_MEMORY;
    if (!post->room)
        post->room = vg_alloc(vg_pixels_bytes(VG_JPEG_POST_WIDTH, VG_JPEG_POST_HEIGHT));
    if (!post->room)
        return VG_E_MEMORY;
    vg_pixels_fit(width, height, VG_JPEG_POST_WIDTH, VG_JPEG_POST_HEIGHT, &fit_width, &fit_height);
    post->pixels = vg_pixels_over(post->room, fit_width, fit_height);
    *pixels = post->pixels;
    return VG_OK;
}

static void ring_bell(int bell)
{
    const uint64_t one = 1;
    ssize_t written = 0;
    if (bell < 0)
        return;
    do
        written = write(bell, &one, sizeof one);
    while (written < 0 && errno == EINTR);
    /* EAGAIN: it rings already */
}

enum vg_status vg_jpeg_post_put(struct vg_jpeg_post *post, const struct vg_picture *about,
                                struct vg_mono_time now)
{
    const uint8_t *data = NULL;
    size_t size = 0;
    struct vg_picture picture = *about;
    post->posted_us = now.us; /* also when it fails: not again for each picture */
    picture.luma = post->pixels.luma;
    picture.chroma = post->pixels.chroma;
    picture.width = post->pixels.width;
    picture.height = post->pixels.height;
    picture.luma_stride = post->pixels.luma_stride;
    picture.chroma_stride = post->pixels.chroma_stride;
    const enum vg_status status = vg_picture_jpeg(post->encoder, &picture, QUALITY, &data, &size);
    if (status)
        return status;
    if (size > VG_JPEG_POST_BYTES_MAX)
        return VG_E_FULL;
    if (!post->data) { /* nobody reads it while size is 0 */
        uint8_t *room = vg_alloc(VG_JPEG_POST_BYTES_MAX);
        if (!room)
            return VG_E_MEMORY;
        (void)pthread_mutex_lock(&post->lock);
        post->data = room;
        (void)pthread_mutex_unlock(&post->lock);
    }
    (void)pthread_mutex_lock(&post->lock);
    memcpy(post->data, data, size);
    post->size = size;
    post->number++;
    post->wall = about->wall;
    ring_bell(post->bell);
    (void)pthread_mutex_unlock(&post->lock);
    return VG_OK;
}

void vg_jpeg_post_set_bell(struct vg_jpeg_post *post, int fd)
{
    (void)pthread_mutex_lock(&post->lock);
    post->bell = fd;
    (void)pthread_mutex_unlock(&post->lock);
}

void vg_jpeg_post_clear(struct vg_jpeg_post *post)
{
    (void)pthread_mutex_lock(&post->lock);
    post->size = 0;
    (void)pthread_mutex_unlock(&post->lock);
}

enum vg_status vg_jpeg_post_take(struct vg_jpeg_post *post, uint64_t *number, uint8_t *data,
                                 size_t room, size_t *size, struct vg_wall_time *wall)
{
    enum vg_status status = VG_E_END;
    (void)pthread_mutex_lock(&post->lock);
    *size = post->size;
    if (post->size == 0 || post->number == *number)
        goto done;
    status = post->size > room ? VG_E_FULL : VG_OK;
    if (status)
        goto done;
    memcpy(data, post->data, post->size);
    *number = post->number;
    *wall = post->wall;
done:
    (void)pthread_mutex_unlock(&post->lock);
    return status;
}
