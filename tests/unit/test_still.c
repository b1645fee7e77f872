/* Picture files made here, byte by byte: sizes, colours, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/media/still.h"
#include "tests/shared_data.h"

static char path[] = "/tmp/vg-still-XXXXXX";

static int setup(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 ? 1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static enum vg_status read_bytes(const void *data, size_t size, struct vg_still **still,
                                 struct vg_fault *fault)
{
    assert_int_equal(vg_file_write(path, data, size, 0600, VG_FILE_PLAIN, NULL), VG_OK);
    return vg_still_read(path, still, fault);
}

/* A PPM of one colour. */
static size_t make_ppm(char *out, size_t room, unsigned width, unsigned height, const char *rgb)
{
    const size_t head = (size_t)snprintf(out, room, "P6 %u %u 255\n", width, height);
    for (size_t i = 0; i < (size_t)width * height; i++)
        memcpy(out + head + 3 * i, rgb, 3);
    return head + (size_t)3 * width * height;
}

static void test_colours(void **state)
{
    (void)state;
    /* BT.601 limited, as the conversion makes it: Y = 16 + 65.5 R + 128.6 G + 25.0 B of 0..1 */
    static const struct {
        const char *rgb;
        int luma, blue, red;
    } rows[] = {
        {"\x00\x00\x00", 16, 128, 128}, {"\xff\xff\xff", 235, 128, 128},
        {"\xff\x00\x00", 81, 90, 240},  {"\x00\xff\x00", 145, 54, 34},
        {"\x00\x00\xff", 41, 240, 110},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char data[1024];
        struct vg_still *still = NULL;
        const size_t size = make_ppm(data, sizeof data, 16, 8, rows[i].rgb);
        assert_int_equal(read_bytes(data, size, &still, NULL), VG_OK);
        const struct vg_picture *p = vg_still_picture(still);
        assert_int_equal(p->width, 16);
        assert_int_equal(p->height, 8);
        assert_int_equal(p->matrix, VG_MATRIX_BT601);
        assert_int_equal(p->range, VG_RANGE_LIMITED);
        for (uint32_t y = 0; y < p->height; y++)
            for (uint32_t x = 0; x < p->width; x++) {
                const uint8_t *uv = p->chroma + (size_t)(y / 2) * p->chroma_stride + x / 2 * 2;
                assert_in_range(p->luma[(size_t)y * p->luma_stride + x] + 1, rows[i].luma,
                                rows[i].luma + 2);
                assert_in_range(uv[0] + 1, rows[i].blue, rows[i].blue + 2);
                assert_in_range(uv[1] + 1, rows[i].red, rows[i].red + 2);
            }
        vg_still_close(&still);
        vg_still_close(&still);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        unsigned width, height, want_width, want_height;
    } rows[] = {{2, 2, 2, 2}, {17, 9, 16, 8}, {64, 3, 64, 2}, {5000, 4, 4096, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *data = malloc(64 + (size_t)3 * rows[i].width * rows[i].height);
        struct vg_still *still = NULL;
        assert_non_null(data);
        const size_t size = make_ppm(data, 64, rows[i].width, rows[i].height, "\x10\x20\x30");
        assert_int_equal(read_bytes(data, size, &still, NULL), VG_OK);
        assert_int_equal(vg_still_picture(still)->width, rows[i].want_width);
        assert_int_equal(vg_still_picture(still)->height, rows[i].want_height);
        vg_still_close(&still);
        free(data);
    }
}

static void test_refused(void **state)
{
    (void)state;
    char ppm[1024];
    const size_t size = make_ppm(ppm, sizeof ppm, 16, 8, "abc");
    const struct {
        const char *data;
        size_t size;
    } rows[] = {
        {"", 0},
        {"no picture at all, just words, some more of them to fill a probe", 64},
        {ppm, size / 2},
        {"P6 100000 100000 255\n", 21},
        {"BM", 2},
        {"\x89PNG\r\n\x1a\n", 8},
        {"\xff\xd8\xff\xe0", 4},
        {"\xff\xd8\xff\xd9", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_still *still = NULL;
        struct vg_fault fault = {.place = ""};
        const enum vg_status status = read_bytes(rows[i].data, rows[i].size, &still, &fault);
        if (status != VG_E_INPUT || still || !strstr(fault.place, path))
            fail_msg("row %zu: %s: %s", i, vg_status_name(status), fault.place);
    }
    struct vg_still *still = NULL;
    struct vg_fault fault = {.what = ""};
    assert_int_equal(read_bytes(rows[1].data, rows[1].size, &still, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "neither a picture nor a clip that can be read");
    assert_int_equal(vg_still_read("/nowhere/x.jpg", &still, NULL), VG_E_MISSING);
}

/* A photograph, and the same file cut: never half a picture. */
static void test_photograph(void **state)
{
    (void)state;
    char photo[4096];
    uint8_t *data = NULL;
    size_t size = 0;
    struct vg_still *still = NULL;
    if (!vg_shared_data("data/coco_val128/images/000000000139.jpg", photo, sizeof photo))
        skip();
    assert_int_equal(vg_still_read(photo, &still, NULL), VG_OK);
    assert_int_equal(vg_still_picture(still)->width, 640);
    assert_int_equal(vg_still_picture(still)->height, 426);
    assert_int_equal(vg_still_picture(still)->range, VG_RANGE_FULL);
    assert_int_equal(vg_still_picture(still)->matrix, VG_MATRIX_BT601);
    vg_still_close(&still);
    assert_int_equal(vg_file_read(photo, 1 << 24, &data, &size, NULL), VG_OK);
    for (size_t part = 1; part < 8; part++)
        assert_int_equal(read_bytes(data, size * part / 8, &still, NULL), VG_E_INPUT);
    vg_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_photograph),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
