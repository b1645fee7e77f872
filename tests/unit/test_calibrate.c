/* Calibration of a whole small model: which tensors, which ranges, and that the result is one that
 * the model file takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "models/calibrate.h"
#include "models/model_pixels.h"
#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/sha256.h"
#include "tests/unit/small_model.h"

/* small_model.h: of its convolutions 2, 3 (depthwise) and 9 have an 8-bit kernel, not 16 (two
 * groups); they read 1, 2 and 8, which is made of 3 and 7; 1 is made of 0 by a step that has none */
static const uint32_t wanted[] = {1, 2, 3, 7, 8};

static bool is_wanted(uint32_t tensor)
{
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (wanted[i] == tensor)
            return true;
    return false;
}

/* 4x2 pixels of every wanted tensor, channel c around c + 1 */
static void feed_all(struct vg_calibration *c, const struct vg_model *m, uint32_t lanes,
                     uint64_t seed)
{
    struct vg_fault fault;
    struct vg_random random;
    float values[12 * 8 + 16 * 8];
    vg_random_seed(&random, seed);
    for (uint32_t t = 0; t < m->tensor_count; t++) {
        if (!vg_calibration_wants(c, t))
            continue;
        const struct vg_tensor_layout at = {4, 2, lanes, (size_t)8 * lanes, (size_t)4 * lanes};
        memset(values, 0, sizeof values);
        for (uint32_t i = 0; i < m->tensor[t].channels; i++)
            for (uint32_t p = 0; p < 8; p++)
                values[i / lanes * at.plane + p * lanes + i % lanes] =
                    (float)(i + 1) * (float)vg_random_unit(&random) - 0.5F;
        assert_int_equal(vg_calibration_feed(c, t, values, &at, &fault), VG_OK);
    }
}

static void wants_what_convolutions_read(void **state)
{
    (void)state;
    struct vg_calibration *c = NULL;
    struct vg_fault fault;
    struct vg_model *m = small_model();
    assert_non_null(m);
    assert_int_equal(vg_calibration_open(m, &c, &fault), VG_OK);
    for (uint32_t t = 0; t < m->tensor_count + 3; t++)
        if (vg_calibration_wants(c, t) != is_wanted(t))
            fail_msg("tensor %u", t);
    vg_calibration_close(&c);
    assert_null(c);
    vg_model_close(&m);
}

static struct vg_model *calibrated(uint32_t lanes)
{
    struct vg_calibration *c = NULL;
    struct vg_fault fault;
    const struct vg_range_settings settings = vg_range_settings_defaults();
    struct vg_model *m = small_model();
    assert_non_null(m);
    assert_int_equal(vg_calibration_open(m, &c, &fault), VG_OK);
    assert_int_equal(vg_calibration_finish(c, &settings, m, &fault), VG_E_STATE);
    feed_all(c, m, lanes, 1);
    feed_all(c, m, lanes, 2);
    assert_int_equal(vg_calibration_finish(c, &settings, m, &fault), VG_OK);
    vg_calibration_close(&c);
    return m;
}

static void gives_a_model_that_holds(void **state)
{
    (void)state;
    struct vg_fault fault = {0};
    struct vg_calibration *c = NULL;
    struct vg_model *m = calibrated(1), *again = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    if (vg_model_check(m, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    assert_int_equal(vg_model_pack(m, &data, &size, &fault), VG_OK);
    assert_int_equal(vg_model_parse("again", data, size, &again, &fault), VG_OK);
    vg_free(data);
    for (uint32_t t = 0; t < m->tensor_count; t++)
        assert_memory_equal(&m->range[t], &again->range[t], sizeof m->range[t]);
    for (uint32_t t = 0; t < m->tensor_count; t++)
        assert_int_equal(m->range[t].low < m->range[t].high, is_wanted(t));
    assert_int_equal(vg_calibration_open(m, &c, &fault), VG_E_STATE);
    vg_model_close(&again);
    vg_model_close(&m);
}

/* What is fed fixes the file, whichever compiler made the program: no sum may be done in another
 * order or width. Another digest stands here when the format or a default changes. */
static void the_file_is_the_same_everywhere(void **state)
{
    (void)state;
    struct vg_model *m = calibrated(1);
    uint8_t *data = NULL, digest[VG_SHA256_BYTES];
    char text[VG_SHA256_TEXT];
    size_t size = 0;
    assert_int_equal(vg_model_pack(m, &data, &size, NULL), VG_OK);
    vg_sha256(data, size, digest);
    vg_sha256_text(digest, text);
    assert_string_equal(text, "281b0f8ad1fa502f9d51a71ce041b9d5f308188e787a479f9329e5bf5b615308");
    vg_free(data);
    vg_model_close(&m);
}

/* 1 conv (0), 2 max pool (1), 3 channels of 1 and 2, 4 conv (3): one range for 1, 2 and 3 */
static struct vg_model *tied_model(void)
{
    struct vg_model *m = vg_alloc(sizeof *m);
    assert_non_null(m);
    m->tensor_count = 5;
    m->node_count = 4;
    for (uint32_t t = 0; t < 5; t++)
        m->tensor[t].channels = t ? 2 : 3;
    m->tensor[3].channels = 4;
    for (uint32_t i = 0; i < 3; i++) {
        m->mean[i] = 100 + (float)i;
        m->scale[i] = i == 1 ? 0.25F : 0.5F;
    }
    m->node[0] = (struct vg_node){.op = VG_OP_CONV, .groups = 1, .in_count = 1, .out = 1};
    m->node[1] = (struct vg_node){.op = VG_OP_MAXPOOL, .in = {1}, .in_count = 1, .out = 2};
    m->node[2] = (struct vg_node){.op = VG_OP_CHANNELS, .in = {1, 2}, .in_count = 2, .out = 3};
    m->node[3] =
        (struct vg_node){.op = VG_OP_CONV, .groups = 1, .in = {3}, .in_count = 1, .out = 4};
    m->node[0].window = m->node[3].window = small_window(1, 1, 0);
    m->node[0].bias_first = m->node[3].bias_first = 8;
    m->weight_count = 10;
    m->weights = vg_alloc_array(10, sizeof *m->weights);
    m->map_count = 4;
    m->map = vg_alloc_array(4, sizeof *m->map);
    assert_non_null(m->weights);
    assert_non_null(m->map);
    for (uint32_t c = 0; c < 4; c++)
        m->map[c] = VG_MAP_WORD(c / 2, c % 2);
    for (int i = 0; i < 10; i++)
        m->weights[i] = (float)(i % 3) - 0.7F;
    return m;
}

static void copies_share_a_range(void **state)
{
    (void)state;
    struct vg_calibration *c = NULL;
    struct vg_fault fault;
    struct vg_model *m = tied_model();
    const struct vg_range_settings settings = {VG_RANGE_WHOLE, 0, 1, 1};
    assert_int_equal(vg_calibration_open(m, &c, &fault), VG_OK);
    for (uint32_t t = 0; t < 4; t++) {
        const float values[4] = {-(float)t, 3, 3, 3};
        const struct vg_tensor_layout pixel = {1, 1, 1, 1, 1};
        assert_int_equal(vg_calibration_feed(c, t, values, &pixel, &fault), VG_OK);
    }
    assert_int_equal(vg_calibration_finish(c, &settings, m, &fault), VG_OK);
    for (uint32_t t = 1; t < 4; t++) /* of 1 and 2; 3 is only a copy of them */
        assert_true(fabsf(m->range[t].low + 2) < 0.02F && fabsf(m->range[t].high - 3) < 0.02F);
    assert_true(m->range[4].low >= m->range[4].high); /* read by nothing */
    /* bytes less 100 and halved, less 101 and quartered, less 102 and halved */
    assert_true(fabsf(m->range[0].low + 51) < 1e-4F && fabsf(m->range[0].high - 77.5F) < 1e-4F);
    /* the steps of what reads the input: its weights with 1, 1/2, 1 of them: -0.7, 0.15, 1.3 */
    assert_true(m->weights[m->node[0].step_first] <= 1.3F / 127 * 1.0001F);
    assert_true(m->weights[m->node[0].step_first] > 1.3F / 254);
    vg_calibration_close(&c);
    vg_model_close(&m);
}

/* 3 is made of 1 and of the picture, in either order: what 1 never holds is not clipped */
static void a_copy_of_the_picture_counts(void **state)
{
    (void)state;
    for (uint32_t place = 0; place < 2; place++) {
        struct vg_calibration *c = NULL;
        struct vg_fault fault;
        struct vg_model *m = tied_model();
        const struct vg_range_settings settings = {VG_RANGE_WHOLE, 0, 1, 1};
        m->node[2].in[place] = 0;
        m->node[2].in[1 - place] = 1;
        assert_int_equal(vg_calibration_open(m, &c, &fault), VG_OK);
        for (uint32_t t = 0; t < 4; t++) {
            const float values[4] = {t == 1 ? -2 : -40, 3, 3, 3};
            const struct vg_tensor_layout pixel = {1, 1, 1, 1, 1};
            if (vg_calibration_wants(c, t))
                assert_int_equal(vg_calibration_feed(c, t, values, &pixel, &fault), VG_OK);
        }
        assert_int_equal(vg_calibration_finish(c, &settings, m, &fault), VG_OK);
        for (uint32_t t = 1; t < 4; t += 2)
            assert_true(fabsf(m->range[t].low + 40) < 0.2F && fabsf(m->range[t].high - 3) < 0.2F);
        vg_calibration_close(&c);
        vg_model_close(&m);
    }
}

static void layouts_give_the_same(void **state)
{
    (void)state;
    struct vg_model *a = calibrated(1), *b = calibrated(16);
    assert_int_equal(a->weight_count, b->weight_count);
    assert_memory_equal(a->weights, b->weights, a->weight_count * sizeof *a->weights);
    assert_memory_equal(a->range, b->range, a->tensor_count * sizeof *a->range);
    vg_model_close(&a);
    vg_model_close(&b);
}

/* 0 pixels, 1 conv (0), 2 depthwise (1): of its two channels one is small beside the other, and all
 * that the second convolution reads of it is what the range's step swallows */
static void what_would_be_lost_stays_float(void **state)
{
    (void)state;
    static const struct {
        float small, noise_max;
        uint32_t dead; /* bits: channels of the second one's output that a ReLU holds at 0 */
        bool kept;
    } rows[] = {{1, 0.01F, 0, true}, {0.01F, 0.01F, 0, false}, {0.01F, 1, 0, true},
                {1, 0.01F, 1, true}, {0.01F, 0.01F, 2, false}, {0.01F, 0.01F, 3, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_calibration *c = NULL;
        struct vg_fault fault;
        struct vg_random random;
        struct vg_model *m = tied_model();
        struct vg_range_settings settings = {VG_RANGE_WHOLE, 0, 1, (double)rows[i].noise_max};
        m->node[1] = (struct vg_node){
            .op = VG_OP_CONV, .groups = 2, .in = {1}, .in_count = 1, .out = 2, .bias_first = 8};
        m->node[1].window = small_window(1, 1, 0);
        vg_random_seed(&random, 1);
        assert_int_equal(vg_calibration_open(m, &c, &fault), VG_OK);
        for (uint32_t t = 0; t < 4; t++) {
            const struct vg_tensor_layout row = {64, 1, 1, 64, 64};
            float values[4 * 64];
            for (uint32_t k = 0; k < 4 * 64; k++)
                values[k] = (float)(2 * vg_random_unit(&random) - 1) *
                            (t == 2 && rows[i].dead >> k / 64 & 1 ? 0
                             : t && k / 64 % 2 == 0               ? rows[i].small
                                                                  : 3);
            assert_int_equal(vg_calibration_feed(c, t, values, &row, &fault), VG_OK);
        }
        assert_int_equal(vg_calibration_finish(c, &settings, m, &fault), VG_OK);
        assert_int_equal(m->range[1].low < m->range[1].high, rows[i].kept);
        assert_int_equal(m->node[1].step_first != 0, rows[i].kept);
        assert_true(m->range[0].low < m->range[0].high); /* pixels lose nothing */
        vg_calibration_close(&c);
        vg_model_close(&m);
    }
}

/* What is made of the picture by moving it about is of its bytes, whatever was seen. */
static void pixels_keep_their_bytes(void **state)
{
    (void)state;
    struct vg_model *m = calibrated(1);
    const struct vg_value_range want = vg_model_pixel_range(m);
    assert_true(vg_model_is_pixels(m, 0) && vg_model_is_pixels(m, 1));
    assert_false(vg_model_is_pixels(m, 2) || vg_model_is_pixels(m, 15));
    for (uint32_t c = 0; c < 12; c++)
        assert_int_equal(vg_model_pixel_plane(m, 1, c), c % 3);
    assert_int_equal(vg_model_pixel_plane(m, 2, 0), VG_MODEL_NONE);
    assert_memory_equal(&m->range[1], &want, sizeof want);
    vg_model_close(&m);
}

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    struct vg_calibration *c = NULL;
    struct vg_fault fault;
    struct vg_model *m = small_model();
    const float values[4] = {1, NAN, 2, 3};
    const struct vg_tensor_layout one = {1, 1, 1, 1, 1};
    assert_non_null(m);
    assert_int_equal(vg_calibration_open(m, &c, &fault), VG_OK);
    assert_int_equal(vg_calibration_feed(c, 3, values, &one, &fault), VG_E_INPUT);
    assert_string_equal(fault.place, "tensor 3");
    assert_int_equal(vg_calibration_feed(c, 9, values, &one, &fault), VG_E_CALL);
    vg_calibration_close(&c);
    vg_model_close(&m);
}

static void memory_may_fail(void **state)
{
    (void)state;
    struct vg_model *m = small_model();
    assert_non_null(m);
    const struct vg_range_settings settings = vg_range_settings_defaults();
    for (uint32_t n = 1; n < 200; n++) {
        struct vg_calibration *c = NULL;
        struct vg_fault fault;
        vg_alloc_fail_at(n);
        enum vg_status status = vg_calibration_open(m, &c, &fault);
        if (!status) {
            feed_all(c, m, 1, 1);
            status = vg_calibration_finish(c, &settings, m, &fault);
        }
        vg_alloc_fail_at(0);
        vg_calibration_close(&c);
        if (!status)
            break;
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(m->range);
    }
    assert_non_null(m->range);
    vg_model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_what_convolutions_read),
        cmocka_unit_test(gives_a_model_that_holds),
        cmocka_unit_test(the_file_is_the_same_everywhere),
        cmocka_unit_test(copies_share_a_range),
        cmocka_unit_test(a_copy_of_the_picture_counts),
        cmocka_unit_test(layouts_give_the_same),
        cmocka_unit_test(what_would_be_lost_stays_float),
        cmocka_unit_test(pixels_keep_their_bytes),
        cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
