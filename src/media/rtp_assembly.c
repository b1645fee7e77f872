#include "src/media/rtp_assembly.h"

#include <assert.h>
#include <libavcodec/avcodec.h>
#include <libavutil/buffer.h>
#include <string.h>

#include "src/media/rtp_stream.h"

#define LEAST_BYTES 4096u

void vg_rtp_assembly_begin(struct vg_rtp_assembly *assembly, size_t head)
{
    assert(head <= VG_SDP_PARAMETERS_MAX);
    assembly->head = assembly->size = head;
}

void vg_rtp_assembly_release(struct vg_rtp_assembly *assembly)
{
    av_buffer_unref(&assembly->buffer);
    *assembly = (struct vg_rtp_assembly){.buffer = NULL};
}

static enum vg_status grow(struct vg_rtp_assembly *assembly, size_t need)
{
    const size_t padded = need + AV_INPUT_BUFFER_PADDING_SIZE;
    const size_t room = assembly->buffer ? assembly->buffer->size : 0;
    if (padded <= room)
        return VG_OK;
    const size_t most = VG_RTP_UNIT_BYTES_MAX + AV_INPUT_BUFFER_PADDING_SIZE;
    const size_t doubled = room > 0 ? room * 2 : assembly->usual + LEAST_BYTES;
    const size_t wanted = doubled < most ? doubled : most;
    return av_buffer_realloc(&assembly->buffer, padded > wanted ? padded : wanted) < 0 ? VG_E_MEMORY
                                                                                       : VG_OK;
}

enum vg_status vg_rtp_assembly_add(struct vg_rtp_assembly *assembly, const uint8_t *bytes,
                                   size_t size)
{
    if (size > VG_RTP_UNIT_BYTES_MAX - assembly->size)
        return VG_E_FULL;
    const enum vg_status status = grow(assembly, assembly->size + size);
    if (status || size == 0)
        return status;
    memcpy(assembly->buffer->data + assembly->size, bytes, size);
    assembly->size += size;
    return VG_OK;
}

size_t vg_rtp_assembly_bytes(const struct vg_rtp_assembly *assembly)
{
    return assembly->size - assembly->head;
}

const uint8_t *vg_rtp_assembly_at(const struct vg_rtp_assembly *assembly)
{
    return assembly->buffer ? assembly->buffer->data + assembly->head : NULL;
}

void vg_rtp_assembly_cut(struct vg_rtp_assembly *assembly, size_t size)
{
    assert(size <= vg_rtp_assembly_bytes(assembly));
    assembly->size = assembly->head + size;
}

enum vg_status vg_rtp_assembly_finish(struct vg_rtp_assembly *assembly, const uint8_t *parameters,
                                      size_t parameter_bytes, enum vg_rtp_size usual,
                                      struct vg_rtp_assembled *assembled)
{
    assert(assembly->buffer && assembly->size > assembly->head &&
           parameter_bytes <= assembly->head);
    const size_t padded = assembly->size + AV_INPUT_BUFFER_PADDING_SIZE;
    if (padded < assembly->buffer->size && av_buffer_realloc(&assembly->buffer, padded) < 0)
        return VG_E_MEMORY;
    if (usual == VG_RTP_SIZE_USUAL) /* the largest of late */
        assembly->usual = assembly->size > assembly->usual - assembly->usual / 8
                              ? assembly->size
                              : assembly->usual - assembly->usual / 8;
    const size_t begin = assembly->head - parameter_bytes;
    uint8_t *data = assembly->buffer->data;
    if (parameter_bytes > 0)
        memcpy(data + begin, parameters, parameter_bytes);
    memset(data + assembly->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    *assembled = (struct vg_rtp_assembled){assembly->buffer, data + begin, assembly->size - begin};
    assembly->buffer = NULL;
    assembly->size = assembly->head;
    return VG_OK;
}
