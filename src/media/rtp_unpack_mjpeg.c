/* MJPEG (RFC 2435): the scan in fragments, each with a head that says what the JPEG's own head
 * was. Pictures of more than 2040 pixels, for which that head has no room, have their size from
 * the description, or from the frame header in ONVIF's header extension (Streaming 5.1.3). */
#include <stddef.h>
#include <string.h>

#include "src/media/rtp_jpeg_head.h"
#include "src/media/rtp_unpack.h"

enum {
    HEAD_BYTES = 8,
    RESTART_BYTES = 4,
    TABLE_HEAD_BYTES = 4,
    TYPE_RESTART = 64, /* types from here to 127 have restart intervals */
    TYPE_LAST = 127,
    Q_COMPUTED_LAST = 99,
    Q_IN_BAND = 128,
    Q_EVERY_TIME = 255,
    ONVIF_JPEG = 0xffd8 /* 0xffff too */
};

struct head {
    uint32_t offset, type, q, width, height, restart;
    const uint8_t *rest; /* behind it: tables in the first one, then the scan */
    size_t rest_bytes;
};

static enum vg_status read_head(const uint8_t *p, size_t size, struct head *head)
{
    if (size < HEAD_BYTES)
        return VG_E_INPUT;
    *head = (struct head){.offset = vg_rtp_u32(p) & 0xffffff,
                          .type = p[4],
                          .q = p[5],
                          .width = p[6] * 8u,
                          .height = p[7] * 8u,
                          .rest = p + HEAD_BYTES,
                          .rest_bytes = size - HEAD_BYTES};
    if (head->type > TYPE_LAST || (head->type & 63) > 1)
        return VG_E_INPUT;
    if (head->type < TYPE_RESTART)
        return VG_OK;
    if (head->rest_bytes < RESTART_BYTES)
        return VG_E_INPUT;
    head->restart = vg_rtp_u16(head->rest);
    head->rest += RESTART_BYTES;
    head->rest_bytes -= RESTART_BYTES;
    return VG_OK;
}

/* ---- tables ---- */

static const struct vg_rtp_tables *find_tables(const struct vg_rtp_jpeg *jpeg, uint32_t q)
{
    for (size_t i = 0; i < VG_RTP_TABLES_KEPT; i++)
        if (jpeg->kept[i].q == q)
            return &jpeg->kept[i];
    return NULL;
}

static void keep_tables(struct vg_rtp_jpeg *jpeg, const struct vg_rtp_tables *tables)
{
    const struct vg_rtp_tables *known = find_tables(jpeg, tables->q);
    const size_t at = known ? (size_t)(known - jpeg->kept) : jpeg->kept_at;
    if (!known)
        jpeg->kept_at = (jpeg->kept_at + 1) % VG_RTP_TABLES_KEPT;
    jpeg->kept[at] = *tables;
}

/* The quantisation table header (3.1.8) and what is behind it. Length 0: those of before. */
static enum vg_status read_tables(struct vg_rtp_jpeg *jpeg, struct head *head,
                                  struct vg_rtp_tables *tables)
{
    if (head->rest_bytes < TABLE_HEAD_BYTES)
        return VG_E_INPUT;
    const uint32_t precision = head->rest[1];
    const size_t size = vg_rtp_u16(head->rest + 2);
    const uint8_t *data = head->rest + TABLE_HEAD_BYTES;
    if (size > head->rest_bytes - TABLE_HEAD_BYTES)
        return VG_E_INPUT;
    head->rest = data + size;
    head->rest_bytes -= TABLE_HEAD_BYTES + size;
    if (size == 0) {
        const struct vg_rtp_tables *known = find_tables(jpeg, head->q);
        if (!known || head->q == Q_EVERY_TIME)
            return VG_E_INPUT;
        *tables = *known;
        return VG_OK;
    }
    *tables = (struct vg_rtp_tables){.q = head->q, .precision = precision};
    tables->bytes = (uint32_t)(size < sizeof tables->data ? size : sizeof tables->data);
    memcpy(tables->data, data, tables->bytes);
    if (head->q != Q_EVERY_TIME)
        keep_tables(jpeg, tables);
    return VG_OK;
}

static enum vg_status make_tables(struct vg_rtp_jpeg *jpeg, struct head *head,
                                  struct vg_rtp_tables *tables)
{
    if (head->q >= Q_IN_BAND)
        return read_tables(jpeg, head, tables);
    if (head->q == 0 || head->q > Q_COMPUTED_LAST)
        return VG_E_INPUT;
    *tables = (struct vg_rtp_tables){.q = head->q, .bytes = 128};
    vg_rtp_jpeg_tables(head->q, tables->data);
    return VG_OK;
}

/* ---- sizes ---- */

/* Width and height of the frame header (SOF0) among the segments of ONVIF's extension. */
static void size_of_extension(const struct vg_rtp_packet *packet, struct head *head)
{
    const uint8_t *p = packet->extension;
    const size_t size = packet->extension_bytes;
    if (size == 0 || (packet->extension_id != ONVIF_JPEG && packet->extension_id != 0xffff))
        return;
    for (size_t at = 0; at + 9 <= size && p[at] == 0xff;) {
        if (p[at + 1] == 0xc0) {
            head->height = vg_rtp_u16(p + at + 5);
            head->width = vg_rtp_u16(p + at + 7);
            return;
        }
        at += 2 + (size_t)vg_rtp_u16(p + at + 2);
    }
}

/* The announced side where the packet's has no room (0), or counts it in whole blocks. */
static uint32_t side(uint32_t of_packet, uint32_t announced)
{
    const bool same_blocks = announced > 0 && (announced + 7) / 8 * 8 == of_packet;
    return of_packet == 0 || same_blocks ? announced : of_packet;
}

static enum vg_status begin(struct vg_rtp_unpack *unpack, const struct vg_rtp_packet *packet,
                            struct head *head)
{
    struct vg_rtp_tables tables;
    uint8_t bytes[VG_RTP_JPEG_HEAD_SIZE];
    head->width = side(head->width, unpack->video.width);
    head->height = side(head->height, unpack->video.height);
    size_of_extension(packet, head);
    if (head->width == 0 || head->height == 0)
        return VG_E_INPUT;
    enum vg_status status = make_tables(&unpack->jpeg, head, &tables);
    if (status)
        return status;
    const struct vg_rtp_jpeg_about about = {.width = head->width,
                                            .height = head->height,
                                            .sampling = head->type & 63,
                                            .restart = head->restart,
                                            .tables = tables.data,
                                            .table_bytes = tables.bytes,
                                            .precision = tables.precision};
    const size_t size = vg_rtp_jpeg_head(&about, bytes);
    if (size == 0)
        return VG_E_INPUT;
    status = vg_rtp_assembly_add(&unpack->assembly, bytes, size);
    unpack->jpeg.begun = status == VG_OK;
    return status;
}

static enum vg_status add(struct vg_rtp_unpack *unpack, const struct vg_rtp_packet *packet)
{
    struct head head;
    struct vg_rtp_jpeg *jpeg = &unpack->jpeg;
    enum vg_status status = read_head(packet->payload, packet->payload_bytes, &head);
    if (status == VG_OK && head.offset == 0)
        status = jpeg->begun ? VG_E_INPUT : begin(unpack, packet, &head);
    if (status)
        return status;
    if (!jpeg->begun || jpeg->broken || head.offset != jpeg->scan_bytes) {
        jpeg->broken = unpack->cut = true; /* what comes behind a hole is no picture */
        return VG_OK;
    }
    status = vg_rtp_assembly_add(&unpack->assembly, head.rest, head.rest_bytes);
    if (status == VG_OK)
        jpeg->scan_bytes += head.rest_bytes;
    return status;
}

static void lose(struct vg_rtp_unpack *unpack)
{
    if (unpack->jpeg.begun)
        unpack->jpeg.broken = true;
}

static enum vg_status finish(struct vg_rtp_unpack *unpack)
{
    static const uint8_t end[2] = {0xff, 0xd9};
    if (!unpack->jpeg.begun || unpack->jpeg.scan_bytes == 0) {
        unpack->cut |= unpack->jpeg.begun; /* a head alone */
        return VG_OK;
    }
    const uint8_t *last = vg_rtp_assembly_at(&unpack->assembly) +
                          vg_rtp_assembly_bytes(&unpack->assembly) - sizeof end;
    unpack->decodable = unpack->key = true;
    if (memcmp(last, end, sizeof end) == 0)
        return VG_OK;
    return vg_rtp_assembly_add(&unpack->assembly, end, sizeof end);
}

const struct vg_rtp_unpacker vg_rtp_unpack_mjpeg = {
    .codec = VG_RTP_MJPEG,
    .slices = false,
    .sets_whole = 0,
    .add = add,
    .lose = lose,
    .finish = finish,
};
