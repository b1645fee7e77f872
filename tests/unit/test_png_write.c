/* Pictures of a palette as PNG: what is written is read again by libavcodec, which checks its sums,
 * and is the same to the last pixel and colour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libavcodec/avcodec.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/heat_picture.h"
#include "src/base/png_write.h"
#include "src/base/random.h"
#include "src/media/still.h"

struct decoder {
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
};

static void decode(struct decoder *d, const uint8_t *data, size_t size)
{
    d->context = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_PNG));
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    assert_true(d->context && d->packet && d->frame);
    d->context->err_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE;
    d->context->thread_count = 1;
    assert_int_equal(avcodec_open2(d->context, NULL, NULL), 0);
    assert_int_equal(av_new_packet(d->packet, (int)size), 0);
    memcpy(d->packet->data, data, size);
    assert_int_equal(avcodec_send_packet(d->context, d->packet), 0);
    assert_int_equal(avcodec_receive_frame(d->context, d->frame), 0);
    assert_int_equal(d->frame->format, AV_PIX_FMT_PAL8);
}

static void end(struct decoder *d)
{
    avcodec_free_context(&d->context);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
}

static void check(const struct vg_png_picture *picture)
{
    struct decoder d;
    uint8_t *data, *again;
    size_t size, size_again;
    assert_int_equal(vg_png_write(picture, &data, &size), VG_OK);
    assert_int_equal(vg_png_write(picture, &again, &size_again), VG_OK);
    assert_true(size == size_again && memcmp(data, again, size) == 0);
    decode(&d, data, size);
    assert_int_equal(d.frame->width, picture->width);
    assert_int_equal(d.frame->height, picture->height);
    for (uint32_t y = 0; y < picture->height; y++)
        if (memcmp(d.frame->data[0] + (ptrdiff_t)y * d.frame->linesize[0],
                   picture->index + (size_t)y * picture->width, picture->width) != 0)
            fail_msg("row %u of %ux%u", y, picture->width, picture->height);
    for (uint32_t i = 0; i < 256; i++) {
        const struct vg_png_colour c = picture->colour[i];
        uint32_t got;
        memcpy(&got, d.frame->data[1] + (size_t)i * 4, 4);
        assert_int_equal(got, (uint32_t)c.alpha << 24 | (uint32_t)c.r << 16 | (uint32_t)c.g << 8 |
                                  (uint32_t)c.b);
    }
    end(&d);
    vg_free(data);
    vg_free(again);
}

/* Runs of every length about the codes' steps, and noise. */
static void pictures_come_back(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        uint32_t run; /* of the same index, at most; 1: noise */
    } rows[] = {{1, 1, 1},     {1, 7, 1},   {3, 1, 2},   {5, 5, 3},     {640, 360, 70},
                {300, 40, 12}, {259, 3, 1}, {258, 4, 4}, {700, 9, 600}, {517, 11, 36}};
    static uint8_t index[640 * 360];
    struct vg_random random;
    vg_random_seed(&random, 7);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_png_picture picture = {rows[i].width, rows[i].height, index, {{0}}};
        const size_t all = (size_t)rows[i].width * rows[i].height;
        for (size_t k = 0; k < all;) {
            const uint8_t value = (uint8_t)vg_random_below(&random, 256);
            for (uint32_t n = vg_random_below(&random, rows[i].run) + 1; n > 0 && k < all; n--)
                index[k++] = value;
        }
        for (uint32_t c = 0; c < 256; c++)
            picture.colour[c] = (struct vg_png_colour){(uint8_t)c, (uint8_t)(255 - c),
                                                       (uint8_t)(c * 7), (uint8_t)(c * 3)};
        check(&picture);
    }
    for (uint32_t width = 1; width < 600; width++) { /* one colour: a run of every length */
        memset(index, 5, width);
        check(&(struct vg_png_picture){width, 1, index, {{0}}});
    }
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{0, 1}, {1, 0}, {VG_PNG_SIDE_MAX + 1, 1}};
    uint8_t *data, none[1] = {0};
    size_t size;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct vg_png_picture picture = {sizes[i][0], sizes[i][1], none, {{0}}};
        assert_int_equal(vg_png_write(&picture, &data, &size), VG_E_CALL);
        assert_null(data);
    }
    for (uint32_t n = 1; n < 3; n++) {
        const struct vg_png_picture picture = {1, 1, none, {{0}}};
        vg_alloc_fail_at(n);
        assert_int_equal(vg_png_write(&picture, &data, &size), VG_E_MEMORY);
        vg_alloc_fail_at(0);
        assert_null(data);
    }
}

/* A map of heat: clear where nobody was, reddest where most were, and never paler for more. */
static void heat_has_colours(void **state)
{
    (void)state;
    static struct vg_heat_sum sum;
    struct decoder d;
    uint8_t *data, before = 0;
    size_t size;
    for (uint64_t ms = 0; ms <= 1000; ms++) {
        const uint8_t level = vg_heat_level(ms, 1000);
        assert_true(level >= before && (level > 0) == (ms > 0));
        assert_true(vg_heat_colour(level).alpha >= vg_heat_colour(before).alpha);
        before = level;
    }
    assert_int_equal(before, 255);
    assert_int_equal(vg_heat_level(5, 0), 0);
    assert_int_equal(vg_heat_level(UINT64_MAX, UINT64_MAX), 255);
    assert_int_equal(vg_heat_colour(0).alpha, 0);
    sum.columns = 64;
    sum.rows = 36;
    sum.cell[0] = 10;
    sum.cell[64 * 35 + 63] = 1000;
    assert_int_equal(vg_heat_png(&sum, &data, &size), VG_OK);
    assert_true(size < 8192);
    decode(&d, data, size);
    assert_int_equal(d.frame->width, 640);
    assert_int_equal(d.frame->height, 360);
    static const struct {
        int x, y, level;
    } spots[] = {{0, 0, 26}, {9, 9, 26}, {10, 0, 0}, {0, 10, 0}, {639, 359, 255}, {629, 359, 0}};
    for (size_t i = 0; i < sizeof spots / sizeof *spots; i++)
        assert_int_equal(d.frame->data[0][spots[i].y * d.frame->linesize[0] + spots[i].x],
                         spots[i].level);
    end(&d);
    vg_free(data);
    sum = (struct vg_heat_sum){0}; /* nothing was watched */
    assert_int_equal(vg_heat_png(&sum, &data, &size), VG_OK);
    decode(&d, data, size);
    assert_true(d.frame->width == VG_HEAT_CELL_PX && d.frame->data[0][0] == 0);
    end(&d);
    vg_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_back),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(heat_has_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
