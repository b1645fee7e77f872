/* Fields of the wire format, and views: what Reshape, Transpose, Concat and Slice leave of a list
 * of channels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "models/onnx_shape.h"
#include "models/onnx_wire.h"

/* ------------------------------------------------------------ wire */

static void test_wire(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t data[16];
        size_t size;
        uint32_t fields; /* read before the end or the break */
        bool broken;
        uint64_t value; /* of the last one: a number, or a size */
    } rows[] = {
        {"nothing", {0}, 0, 0, false, 0},
        {"varint", {0x08, 0x96, 0x01}, 3, 1, false, 150},
        {"varint cut", {0x08, 0x96}, 2, 0, true, 0},
        {"varint of ten bytes",
         {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
         11,
         1,
         false,
         UINT64_MAX},
        {"varint too long",
         {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
         11,
         0,
         true,
         0},
        {"fixed 32", {0x0d, 1, 0, 0, 0x80}, 5, 1, false, 0x80000001u},
        {"fixed 64 cut", {0x09, 1, 2, 3, 4, 5, 6, 7}, 8, 0, true, 0},
        {"bytes", {0x0a, 2, 'o', 'k', 0x10, 7}, 6, 2, false, 7},
        {"bytes cut", {0x0a, 3, 'o', 'k'}, 4, 0, true, 0},
        {"bytes of a huge size", {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}, 7, 0, true, 0},
        {"field 0", {0x00, 1}, 2, 0, true, 0},
        {"a group", {0x0b}, 1, 0, true, 0},
        {"broken behind a good one", {0x10, 7, 0x0f}, 3, 1, true, 7},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_wire wire = vg_wire_begin(rows[r].data, rows[r].size);
        struct vg_wire_field field;
        uint32_t fields = 0;
        uint64_t value = 0;
        while (vg_wire_next(&wire, &field)) {
            value = field.kind == VG_WIRE_BYTES ? field.size : field.value;
            fields++;
        }
        if (fields != rows[r].fields || wire.broken != rows[r].broken || value != rows[r].value)
            fail_msg("%s: %u fields", rows[r].name, fields);
    }
}

static void test_packed(void **state)
{
    (void)state;
    const uint8_t packed[] = {0x0a, 3, 5, 0x96, 0x01}, plain[] = {0x08, 5, 0x08, 0x96, 0x01};
    const uint8_t *const both[] = {packed, plain};
    for (unsigned k = 0; k < 2; k++) {
        struct vg_wire wire = vg_wire_begin(both[k], 5);
        struct vg_wire_field field;
        uint64_t sum = 0, value = 0;
        uint32_t count = 0;
        while (vg_wire_next(&wire, &field)) {
            struct vg_wire_list list = vg_wire_values(&field, VG_WIRE_VARINT);
            while (vg_wire_value(&list, &value)) {
                sum += value;
                count++;
            }
            assert_false(list.rest.broken);
        }
        assert_int_equal(count, 2);
        assert_int_equal(sum, 155);
    }
}

/* ------------------------------------------------------------ views */

#define H 4u
#define W 6u

/* 12 channels of tensor 1, planes of 4x6. */
static struct vg_onnx_view start(struct vg_onnx_pool *pool)
{
    struct vg_onnx_view view;
    assert_null(vg_onnx_view_tensor(pool, 1, 12, H, W, VG_PLANES_OF_A_SIZE, &view));
    return view;
}

static void check_list(const struct vg_onnx_view *view, const uint32_t *channels, uint32_t count)
{
    assert_int_equal(view->channels, count);
    for (uint32_t k = 0; k < count; k++)
        assert_int_equal(view->part[0].word[k], VG_MAP_WORD(1, channels[k]));
}

static void test_reshape(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t target[VG_ONNX_RANK_MAX];
        uint32_t rank;
        const char *kinds; /* 1 C R X (columns) S (cells); NULL: refused */
    } rows[] = {
        {"the same", {1, 12, 4, 6}, 4, "1CRX"},
        {"0 keeps, -1 infers", {0, 0, -1}, 3, "1CS"},
        {"groups", {1, 3, 4, 4, 6}, 5, "1CCRX"},
        {"groups of cells", {3, 4, 24}, 3, "CCS"},
        {"ones between", {1, 1, 12, 1, 4, 6, 1}, 7, "11C1RX1"},
        {"flat", {12, 24}, 2, "CS"},
        {"channels and rows mixed", {1, 48, 6}, 3, NULL},
        {"rows apart", {1, 12, 2, 2, 6}, 5, NULL},
        {"too few", {1, 12, 4, 5}, 4, NULL},
        {"two to infer", {1, -1, -1}, 3, NULL},
        {"none fits", {5, -1}, 2, NULL},
        {"all in one", {-1}, 1, NULL},
        {"huge", {INT64_MAX, INT64_MAX}, 2, NULL},
        {"below zero", {1, -12, 4, 6}, 4, NULL},
    };
    struct vg_onnx_pool pool = {NULL, 0};
    const struct vg_onnx_view view = start(&pool);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_onnx_view out;
        const char *why = vg_onnx_view_reshape(&view, rows[r].target, rows[r].rank, &out);
        if ((why == NULL) != (rows[r].kinds != NULL))
            fail_msg("%s: %s", rows[r].name, why ? why : "taken");
        for (uint32_t d = 0; !why && d < out.rank; d++)
            if ("1CRXS"[out.axis[d].kind] != rows[r].kinds[d])
                fail_msg("%s: axis %u is %d", rows[r].name, d, (int)out.axis[d].kind);
        if (!why) { /* and back */
            assert_null(vg_onnx_view_reshape(&out, (int64_t[]){1, 12, 4, 6}, 4, &out));
            assert_true(vg_onnx_view_is_planes(&out));
        }
    }
    vg_onnx_pool_release(&pool);
}

/* [3, 4] channels turned to [4, 3]: a shuffle. */
static void test_transpose(void **state)
{
    (void)state;
    struct vg_onnx_pool pool = {NULL, 0};
    struct vg_onnx_view view = start(&pool), out;
    static const uint32_t shuffled[] = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
    assert_null(vg_onnx_view_reshape(&view, (int64_t[]){1, 3, 4, 24}, 4, &view));
    assert_null(vg_onnx_view_transpose(&pool, &view, (int64_t[]){0, 2, 1, 3}, &out));
    check_list(&out, shuffled, 12);
    assert_null(vg_onnx_view_transpose(&pool, &view, (int64_t[]){3, 2, 1, 0}, &out));
    check_list(&out, shuffled, 12);
    assert_int_equal(out.axis[0].kind, VG_AXIS_CELLS);
    assert_non_null(vg_onnx_view_transpose(&pool, &view, (int64_t[]){0, 1, 1, 3}, &out));
    assert_non_null(vg_onnx_view_transpose(&pool, &view, (int64_t[]){0, 1, 2, 4}, &out));
    view = start(&pool); /* columns before rows are no cells */
    assert_null(vg_onnx_view_transpose(&pool, &view, (int64_t[]){0, 1, 3, 2}, &out));
    assert_non_null(vg_onnx_view_reshape(&out, (int64_t[]){1, 12, 24}, 3, &out));
    vg_onnx_pool_release(&pool);
}

static void test_slice_and_concat(void **state)
{
    (void)state;
    struct vg_onnx_pool pool = {NULL, 0};
    const struct vg_onnx_view view = start(&pool);
    struct vg_onnx_view part[2], out, grouped;
    static const uint32_t odd[] = {1, 3, 5}, back[] = {1, 3, 5, 10, 11}, second[] = {1, 5, 9};
    assert_null(vg_onnx_view_slice(&pool, &view, 1, (struct vg_onnx_range){1, 2, 3}, &part[0]));
    check_list(&part[0], odd, 3);
    assert_null(vg_onnx_view_slice(&pool, &view, 1, (struct vg_onnx_range){10, 1, 2}, &part[1]));
    assert_null(vg_onnx_view_concat(&pool, part, 2, 1, &out));
    check_list(&out, back, 5);
    assert_non_null(vg_onnx_view_concat(&pool, part, 2, 2, &out));
    assert_null(vg_onnx_view_reshape(&view, (int64_t[]){1, 3, 4, 24}, 4, &grouped));
    assert_null(vg_onnx_view_slice(&pool, &grouped, 2, (struct vg_onnx_range){1, 1, 1}, &out));
    check_list(&out, second, 3);
    vg_onnx_view_drop_axis(&out, 2);
    assert_int_equal(vg_onnx_view_channel_axis(&out), 1);
    assert_non_null(vg_onnx_view_slice(&pool, &view, 2, (struct vg_onnx_range){0, 1, 2}, &out));
    assert_null(vg_onnx_view_slice(&pool, &view, 3, (struct vg_onnx_range){1, 2, 3}, &out));
    assert_true(vg_onnx_view_pending(&out));
    assert_int_equal(out.columns, VG_HALF_SECOND);
    vg_onnx_pool_release(&pool);
}

/* Cells of levels behind each other stay parts. */
static void test_levels(void **state)
{
    (void)state;
    struct vg_onnx_pool pool = {NULL, 0};
    struct vg_onnx_view level[2], out;
    for (uint32_t l = 0; l < 2; l++) {
        assert_null(
            vg_onnx_view_tensor(&pool, l, 12, H >> l, W >> l, VG_PLANES_OF_A_SIZE, &level[l]));
        assert_null(vg_onnx_view_reshape(&level[l], (int64_t[]){1, 12, -1}, 3, &level[l]));
    }
    assert_null(vg_onnx_view_concat(&pool, level, 2, 2, &out));
    assert_int_equal(out.part_count, 2);
    assert_int_equal(out.axis[2].size, 24 + 6);
    assert_int_equal(out.part[1].word[3], VG_MAP_WORD(1, 3));
    assert_null(vg_onnx_view_transpose(&pool, &out, (int64_t[]){0, 2, 1}, &out));
    assert_int_equal(out.axis[1].kind, VG_AXIS_CELLS);
    assert_non_null(vg_onnx_view_reshape(&out, (int64_t[]){1, 5, 6, 12}, 4, &out));
    vg_onnx_pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_slice_and_concat),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
