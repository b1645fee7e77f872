#include "tests/va/va_h264.h"

#include <string.h>

/* ---- writing bits ---- */

struct bits {
    uint8_t byte[VA_H264_HEADERS_MAX / 4];
    size_t count; /* of bits */
};

static void put(struct bits *bits, uint32_t value, unsigned width)
{
    while (width-- > 0) {
        const size_t at = bits->count / 8;
        if (at >= sizeof bits->byte)
            return;
        const unsigned shift = 7 - (unsigned)(bits->count % 8);
        bits->byte[at] = (uint8_t)(bits->byte[at] | ((value >> width & 1) << shift));
        bits->count++;
    }
}

static void put_ue(struct bits *bits, uint32_t value)
{
    unsigned width = 0;
    while ((value + 1) >> width > 1)
        width++;
    put(bits, 0, width);
    put(bits, value + 1, width + 1);
}

static void put_se(struct bits *bits, int32_t value)
{
    put_ue(bits, value > 0 ? 2 * (uint32_t)value - 1 : 2 * (uint32_t)-value);
}

/* Ends the NAL unit and writes it with start code and emulation prevention. */
static size_t put_nal(struct bits *bits, uint8_t *out)
{
    static const uint8_t start_code[4] = {0, 0, 0, 1};
    size_t n = sizeof start_code;
    unsigned zeros = 0;
    put(bits, 1, 1);
    while (bits->count % 8 != 0)
        put(bits, 0, 1);
    memcpy(out, start_code, sizeof start_code);
    for (size_t i = 0; i < bits->count / 8; i++) {
        if (zeros >= 2 && bits->byte[i] <= 3) {
            out[n++] = 3;
            zeros = 0;
        }
        out[n++] = bits->byte[i];
        zeros = bits->byte[i] ? 0 : zeros + 1;
    }
    return n;
}

/* One scaling list. libavcodec 5.1 hands them over in raster order, not in the zig-zag order of
 * the bit stream: the walk below is the zig-zag. */
static void put_list(struct bits *bits, const uint8_t *list, int width)
{
    int last = 8, x = 0, y = 0, up = 1;
    put(bits, 1, 1);
    for (int i = 0; i < width * width; i++) {
        const int value = list[y * width + x];
        int delta = value - last;
        if (delta > 127)
            delta -= 256;
        if (delta < -128)
            delta += 256;
        put_se(bits, delta);
        last = value;
        if (up && x == width - 1) {
            y++;
            up = 0;
        } else if (up && y == 0) {
            x++;
            up = 0;
        } else if (up) {
            x++;
            y--;
        } else if (y == width - 1) {
            x++;
            up = 1;
        } else if (x == 0) {
            y++;
            up = 1;
        } else {
            x--;
            y++;
        }
    }
}

/* ---- the two parameter sets ---- */

static size_t write_sps(const struct va_h264 *h264, uint8_t *out)
{
    const VAPictureParameterBufferH264 *p = &h264->picture;
    struct bits bits = {.count = 0};
    const uint32_t rows = p->picture_height_in_mbs_minus1;
    put(&bits, 0x67, 8);
    put(&bits, 100, 8); /* High: what the others can, it can */
    put(&bits, 0, 8);
    put(&bits, 51, 8);
    put_ue(&bits, 0);
    put_ue(&bits, 1); /* 4:2:0 */
    put_ue(&bits, 0);
    put_ue(&bits, 0);
    put(&bits, 0, 2);
    put_ue(&bits, p->seq_fields.bits.log2_max_frame_num_minus4);
    put_ue(&bits, p->seq_fields.bits.pic_order_cnt_type);
    if (p->seq_fields.bits.pic_order_cnt_type == 0)
        put_ue(&bits, p->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4);
    if (p->seq_fields.bits.pic_order_cnt_type == 1) {
        put(&bits, p->seq_fields.bits.delta_pic_order_always_zero_flag, 1);
        put_se(&bits, 0);
        put_se(&bits, 0);
        put_ue(&bits, 0);
    }
    put_ue(&bits, p->num_ref_frames);
    put(&bits, p->seq_fields.bits.gaps_in_frame_num_value_allowed_flag, 1);
    put_ue(&bits, p->picture_width_in_mbs_minus1);
    put_ue(&bits, p->seq_fields.bits.frame_mbs_only_flag ? rows : (rows + 1) / 2 - 1);
    put(&bits, p->seq_fields.bits.frame_mbs_only_flag, 1);
    if (!p->seq_fields.bits.frame_mbs_only_flag)
        put(&bits, p->seq_fields.bits.mb_adaptive_frame_field_flag, 1);
    put(&bits, p->seq_fields.bits.direct_8x8_inference_flag, 1);
    put(&bits, 0, 2); /* no cropping, no VUI */
    return put_nal(&bits, out);
}

static int is_flat(const VAIQMatrixBufferH264 *matrix)
{
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 16; j++)
            if (matrix->ScalingList4x4[i][j] != 16)
                return 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 64; j++)
            if (matrix->ScalingList8x8[i][j] != 16)
                return 0;
    return 1;
}

static void put_matrix(struct bits *bits, const struct va_h264 *h264)
{
    const int lists = h264->has_matrix && !is_flat(&h264->matrix);
    put(bits, lists ? 1 : 0, 1);
    if (!lists)
        return;
    for (size_t i = 0; i < 6; i++)
        put_list(bits, h264->matrix.ScalingList4x4[i], 4);
    if (!h264->picture.pic_fields.bits.transform_8x8_mode_flag)
        return;
    for (size_t i = 0; i < 2; i++)
        put_list(bits, h264->matrix.ScalingList8x8[i], 8);
}

static size_t write_pps(const struct va_h264 *h264, uint8_t *out)
{
    const VAPictureParameterBufferH264 *p = &h264->picture;
    struct bits bits = {.count = 0};
    put(&bits, 0x68, 8);
    put_ue(&bits, h264->pps_id);
    put_ue(&bits, 0);
    put(&bits, p->pic_fields.bits.entropy_coding_mode_flag, 1);
    put(&bits, p->pic_fields.bits.pic_order_present_flag, 1);
    put_ue(&bits, 0);
    put_ue(&bits, h264->list0);
    put_ue(&bits, h264->list1);
    put(&bits, p->pic_fields.bits.weighted_pred_flag, 1);
    put(&bits, p->pic_fields.bits.weighted_bipred_idc, 2);
    put_se(&bits, p->pic_init_qp_minus26);
    put_se(&bits, p->pic_init_qs_minus26);
    put_se(&bits, p->chroma_qp_index_offset);
    put(&bits, p->pic_fields.bits.deblocking_filter_control_present_flag, 1);
    put(&bits, p->pic_fields.bits.constrained_intra_pred_flag, 1);
    put(&bits, p->pic_fields.bits.redundant_pic_cnt_present_flag, 1);
    put(&bits, p->pic_fields.bits.transform_8x8_mode_flag, 1);
    put_matrix(&bits, h264);
    put_se(&bits, p->second_chroma_qp_index_offset);
    return put_nal(&bits, out);
}

size_t va_h264_headers(const struct va_h264 *h264, uint8_t *out)
{
    const size_t size = write_sps(h264, out);
    return size + write_pps(h264, out + size);
}

/* ---- the head of a slice ---- */

struct reader {
    uint8_t byte[128];
    size_t count, at; /* of bytes; bit to be read */
};

static uint32_t get(struct reader *reader, unsigned width)
{
    uint32_t value = 0;
    for (; width > 0; width--, reader->at++) {
        const size_t byte = reader->at / 8;
        const unsigned bit =
            byte < reader->count ? (uint32_t)reader->byte[byte] >> (7 - reader->at % 8) & 1u : 0;
        value = value << 1 | bit;
    }
    return value;
}

static uint32_t get_ue(struct reader *reader)
{
    unsigned zeros = 0;
    while (zeros < 31 && !get(reader, 1))
        zeros++;
    return (UINT32_C(1) << zeros) - 1 + get(reader, zeros);
}

/* Takes the emulation prevention out. */
static void fill(struct reader *reader, const uint8_t *nal, size_t size)
{
    unsigned zeros = 0;
    for (size_t i = 1; i < size && reader->count < sizeof reader->byte; i++) {
        if (zeros >= 2 && nal[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal[i] ? 0 : zeros + 1;
        reader->byte[reader->count++] = nal[i];
    }
}

/* Order count and redundancy: read to get past them. */
static void skip_order(struct reader *reader, const VAPictureParameterBufferH264 *p, uint32_t field)
{
    const uint32_t type = p->seq_fields.bits.pic_order_cnt_type;
    const int bottom = p->pic_fields.bits.pic_order_present_flag && !field;
    if (type == 0)
        (void)get(reader, p->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 + 4u);
    if (type == 1 && p->seq_fields.bits.delta_pic_order_always_zero_flag)
        return;
    if (type == 1)
        (void)get_ue(reader);
    if (type < 2 && bottom)
        (void)get_ue(reader);
}

void va_h264_slice(struct va_h264 *h264, const VASliceParameterBufferH264 *slice,
                   const uint8_t *nal, size_t size)
{
    const VAPictureParameterBufferH264 *p = &h264->picture;
    struct reader reader = {.count = 0};
    uint32_t field = 0;
    if (size < 2)
        return;
    fill(&reader, nal, size);
    (void)get_ue(&reader);
    const uint32_t type = get_ue(&reader) % 5; /* 0 P, 1 B, 2 I */
    h264->pps_id = get_ue(&reader);
    (void)get(&reader, p->seq_fields.bits.log2_max_frame_num_minus4 + 4u);
    if (!p->seq_fields.bits.frame_mbs_only_flag) {
        field = get(&reader, 1);
        if (field)
            (void)get(&reader, 1);
    }
    if ((nal[0] & 31) == 5)
        (void)get_ue(&reader);
    skip_order(&reader, p, field);
    if (p->pic_fields.bits.redundant_pic_cnt_present_flag)
        (void)get_ue(&reader);
    if (type == 1)
        (void)get(&reader, 1);
    if (type > 1 || get(&reader, 1)) /* the slice says its counts itself */
        return;
    h264->list0 = slice->num_ref_idx_l0_active_minus1;
    if (type == 1)
        h264->list1 = slice->num_ref_idx_l1_active_minus1;
}
