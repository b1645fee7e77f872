#include "src/media/memory_file.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
#include <string.h>

#include "src/base/alloc.h"

#define IO_BYTES   (32 << 10)
#define ROOM_FIRST ((size_t)256 << 10)

void vg_memory_file_release(struct vg_memory_file *file)
{
    vg_free(file->data);
    *file = (struct vg_memory_file){.max = file->max};
}

enum vg_status vg_memory_file_status(const struct vg_memory_file *file)
{
    if (file->full)
        return VG_E_FULL;
    return file->starved ? VG_E_MEMORY : VG_E_IO;
}

/* Room for `end` bytes: doubled, so that all the copying together is less than one copy more. */
static bool grow(struct vg_memory_file *file, size_t end)
{
    if (end <= file->room)
        return true;
    if (end > file->max) {
        file->full = true;
        return false;
    }
    size_t room = file->room ? 2 * file->room : ROOM_FIRST;
    if (room < end)
        room = end;
    if (room > file->max)
        room = file->max;
    uint8_t *data = vg_alloc(room);
    if (!data) {
        file->starved = true;
        return false;
    }
    if (file->size)
        memcpy(data, file->data, file->size);
    vg_free(file->data);
    file->data = data;
    file->room = room;
    return true;
}

static int on_write(void *opaque, uint8_t *data, int size)
{
    struct vg_memory_file *file = opaque;
    if (size < 0 || !grow(file, file->at + (size_t)size))
        return AVERROR(ENOSPC);
    memcpy(file->data + file->at, data, (size_t)size);
    file->at += (size_t)size;
    if (file->at > file->size)
        file->size = file->at;
    return size;
}

static int on_read(void *opaque, uint8_t *data, int size)
{
    struct vg_memory_file *file = opaque;
    if (file->read_at >= file->size)
        return AVERROR_EOF;
    size_t count = file->size - file->read_at;
    if (count > (size_t)size)
        count = (size_t)size;
    memcpy(data, file->data + file->read_at, count);
    file->read_at += count;
    return (int)count;
}

/* The new place, or -1: only places within the file. */
static int64_t place(const struct vg_memory_file *file, size_t from, int64_t offset, int whence)
{
    const int64_t base = whence == SEEK_CUR   ? (int64_t)from
                         : whence == SEEK_END ? (int64_t)file->size
                                              : 0;
    if (offset < -base || offset > (int64_t)file->size - base)
        return -1;
    return base + offset;
}

static int64_t seek(struct vg_memory_file *file, size_t *at, int64_t offset, int whence)
{
    if ((whence & AVSEEK_SIZE) != 0)
        return (int64_t)file->size;
    const int64_t to = place(file, *at, offset, whence & ~AVSEEK_FORCE);
    if (to < 0)
        return AVERROR(EINVAL);
    *at = (size_t)to;
    return to;
}

static int64_t on_write_seek(void *opaque, int64_t offset, int whence)
{
    struct vg_memory_file *file = opaque;
    return seek(file, &file->at, offset, whence);
}

static int64_t on_read_seek(void *opaque, int64_t offset, int whence)
{
    struct vg_memory_file *file = opaque;
    return seek(file, &file->read_at, offset, whence);
}

static void close_io(AVIOContext **io)
{
    if (!*io)
        return;
    av_freep(&(*io)->buffer);
    avio_context_free(io);
}

static AVIOContext *open_io(struct vg_memory_file *file, bool writes)
{
    uint8_t *buffer = av_malloc(IO_BYTES);
    if (!buffer)
        return NULL;
    AVIOContext *io =
        avio_alloc_context(buffer, IO_BYTES, writes, file, writes ? NULL : on_read,
                           writes ? on_write : NULL, writes ? on_write_seek : on_read_seek);
    if (!io)
        av_free(buffer);
    return io;
}

/* The muxer opens its own output a second time, for reading, to move it. Nothing else is opened. */
static int on_open(AVFormatContext *context, AVIOContext **io, const char *url, int flags,
                   AVDictionary **options)
{
    (void)url, (void)options;
    struct vg_memory_file *file = context->opaque;
    if ((flags & AVIO_FLAG_WRITE) != 0)
        return AVERROR(EPERM);
    file->read_at = 0;
    *io = open_io(file, false);
    return *io ? 0 : AVERROR(ENOMEM);
}

static int on_close(AVFormatContext *context, AVIOContext *io)
{
    (void)context;
    close_io(&io);
    return 0;
}

enum vg_status vg_memory_file_attach(struct vg_memory_file *file, struct AVFormatContext *context)
{
    context->pb = open_io(file, true);
    if (!context->pb)
        return VG_E_MEMORY;
    context->opaque = file;
    context->io_open = on_open;
    context->io_close2 = on_close;
    context->flags |= AVFMT_FLAG_CUSTOM_IO;
    return VG_OK;
}

void vg_memory_file_detach(struct AVFormatContext *context)
{
    close_io(&context->pb);
}
