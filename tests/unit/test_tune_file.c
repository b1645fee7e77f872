/* The tuner's file: what is set is found, written and read back; what is not such a file is
 * refused by the line, word for word. No device is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/sha256.h"
#include "src/engine/tune_file.h"
#include "tests/store_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct vg_tune_need need_of(uint32_t channels, uint32_t side)
{
    return (struct vg_tune_need){"conv", "f32", 3, 3, 1, 1, 1, 1, 1, channels, 64, side, side, 1};
}

/* ---- rows ---- */

static void what_is_set_is_found(void **state)
{
    (void)state;
    struct vg_tune tune;
    struct vg_random random;
    vg_random_seed(&random, 5);
    vg_tune_init(&tune, "a\tdevice", "driver");
    assert_string_equal(tune.device, "a?device");
    for (uint32_t i = 0; i < 600; i++) { /* many twice */
        const uint32_t c = 1 + vg_random_below(&random, 20),
                       side = 1 + vg_random_below(&random, 20);
        const struct vg_tune_need need = need_of(c, side);
        char variant[32];
        (void)snprintf(variant, sizeof variant, "direct %ux%u", c, side);
        assert_int_equal(vg_tune_set(&tune, &need, variant, c * 1000 + side), VG_OK);
    }
    assert_true(tune.count > 200 && tune.count < 400);
    uint32_t found = 0;
    for (uint32_t c = 1; c <= 20; c++)
        for (uint32_t side = 1; side <= 20; side++) {
            const struct vg_tune_need need = need_of(c, side);
            const struct vg_tune_row *row = vg_tune_find(&tune, &need);
            if (!row)
                continue;
            found++;
            assert_int_equal(row->ns, c * 1000 + side);
        }
    assert_int_equal(found, tune.count);
    vg_tune_release(&tune);
}

/* Each field makes another need. */
static void needs_differ_by_each_field(void **state)
{
    (void)state;
    const struct vg_tune_need need = {"conv", "f32", 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    struct vg_tune_need other[14];
    struct vg_tune tune;
    vg_tune_init(&tune, "d", "r");
    assert_int_equal(vg_tune_set(&tune, &need, "v", 1), VG_OK);
    for (size_t i = 0; i < COUNT(other); i++)
        other[i] = need;
    uint32_t *const numbers[] = {&other[0].size_y,   &other[1].size_x,        &other[2].stride_y,
                                 &other[3].stride_x, &other[4].dilation_y,    &other[5].dilation_x,
                                 &other[6].groups,   &other[7].channels_in,   &other[8].width,
                                 &other[9].height,   &other[10].channels_out, &other[11].batch};
    for (size_t i = 0; i < COUNT(numbers); i++)
        *numbers[i] = 3;
    other[12].op[0] = 'd';
    other[13].element[1] = '4';
    for (size_t i = 0; i < COUNT(other); i++) {
        assert_null(vg_tune_find(&tune, &other[i]));
        assert_int_equal(vg_tune_set(&tune, &other[i], "v", 1), VG_OK);
        assert_int_equal(tune.count, i + 2);
    }
    assert_non_null(vg_tune_find(&tune, &need));
    vg_tune_release(&tune);
}

/* What was tuned for another batch is better than nothing, and only that. */
static void the_nearest_batch_is_found(void **state)
{
    static const struct {
        uint32_t batch, want;
    } rows[] = {{1, 1}, {2, 1}, {3, 4}, {4, 4}, {5, 4}, {9, 4}, {10, 16}, {64, 16}};
    struct vg_tune tune;
    struct vg_tune_need need = need_of(3, 7);
    (void)state;
    vg_tune_init(&tune, "d", "r");
    assert_null(vg_tune_nearest(&tune, &need));
    for (uint32_t c = 2; c <= 4; c++) /* neighbours in order on both sides */
        for (uint32_t batch = 1; batch <= 16; batch *= 4) {
            need = need_of(c, 7);
            need.batch = batch;
            assert_int_equal(vg_tune_set(&tune, &need, "v", c * 100 + batch), VG_OK);
        }
    for (size_t i = 0; i < COUNT(rows); i++) {
        need = need_of(3, 7);
        need.batch = rows[i].batch;
        assert_int_equal(vg_tune_nearest(&tune, &need)->ns, 300 + rows[i].want);
    }
    need = need_of(3, 8);
    assert_null(vg_tune_nearest(&tune, &need));
    vg_tune_release(&tune);
}

static void what_the_file_cannot_hold_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *op, *element, *variant;
        uint32_t groups;
        uint64_t ns;
    } rows[] = {
        {"", "f32", "v", 1, 1},
        {"Conv", "f32", "v", 1, 1},
        {"co nv", "f32", "v", 1, 1},
        {"conv", "", "v", 1, 1},
        {"conv", "f:32", "v", 1, 1},
        {"conv", "f32", "", 1, 1},
        {"conv", "f32", " v", 1, 1},
        {"conv", "f32", "v ", 1, 1},
        {"conv", "f32", "a  b", 1, 1},
        {"conv", "f32", "a\nb", 1, 1},
        {"conv", "f32", "\xc3\xa9", 1, 1},
        {"conv", "f32", "v", 0, 1},
        {"conv", "f32", "v", VG_TUNE_NUMBER_MAX + 1, 1},
        {"conv", "f32", "v", 1, UINT64_C(1000000000001)},
        {"conv", "f32", "a name that is far too long for what a variant may be called in it", 1, 1},
    };
    struct vg_tune tune;
    vg_tune_init(&tune, "d", "r");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_tune_need need = need_of(1, 1);
        need.groups = rows[i].groups;
        (void)snprintf(need.op, sizeof need.op, "%s", rows[i].op);
        (void)snprintf(need.element, sizeof need.element, "%s", rows[i].element);
        assert_int_equal(vg_tune_set(&tune, &need, rows[i].variant, rows[i].ns), VG_E_CALL);
    }
    assert_int_equal(tune.count, 0);
    for (uint32_t i = 0; i <= VG_TUNE_ROWS_MAX; i++) {
        const struct vg_tune_need need = need_of(i + 1, 1);
        assert_int_equal(vg_tune_set(&tune, &need, "v", 1),
                         i < VG_TUNE_ROWS_MAX ? VG_OK : VG_E_FULL);
    }
    vg_tune_release(&tune);
}

/* ---- the text ---- */

#define GOOD_HEAD "vigie-tune 1\ndevice A B\ndriver C 1\n"
#define GOOD_ROW  "conv:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 Winograd 13x1 330.512\n"

/* `body` with its digest behind it; given, free it. */
static char *with_digest(const char *body)
{
    uint8_t digest[VG_SHA256_BYTES];
    char digits[VG_SHA256_TEXT];
    const size_t size = strlen(body) + 128;
    char *text = malloc(size);
    assert_non_null(text);
    vg_sha256(body, strlen(body), digest);
    vg_sha256_text(digest, digits);
    (void)snprintf(text, size, "%ssha256 %s\n", body, digits);
    return text;
}

static void the_text_is_as_described(void **state)
{
    (void)state;
    char *text =
        with_digest(GOOD_HEAD "conv:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 Winograd 13x1 330.512\n"
                              "conv:3x3:1x1:1x1:g1:64-64:52x52:b16:f32 direct 13x2 0.007\n"
                              "pool:5x4:2x1:1x1:g1:8-8:13x12:b1:f16 plain 12.000\n");
    struct vg_tune tune;
    struct vg_fault fault = {.status = VG_OK};
    uint8_t *again = NULL;
    size_t size = 0;
    const uint8_t *data = (const uint8_t *)text;
    assert_int_equal(vg_tune_parse("f", data, strlen(text), &tune, &fault), VG_OK);
    assert_string_equal(tune.device, "A B");
    assert_string_equal(tune.driver, "C 1");
    assert_int_equal(tune.count, 3);
    assert_string_equal(tune.row[0].variant, "Winograd 13x1");
    assert_int_equal(tune.row[0].ns, 330512);
    assert_int_equal(tune.row[1].ns, 7);
    const struct vg_tune_need pool = {"pool", "f16", 5, 4, 2, 1, 1, 1, 1, 8, 8, 13, 12, 1};
    assert_ptr_equal(vg_tune_find(&tune, &pool), &tune.row[2]);
    assert_int_equal(vg_tune_pack(&tune, &again, &size), VG_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(again, text, size);
    vg_free(again);
    vg_tune_release(&tune);
    for (size_t i = 0; i < strlen(text); i++) { /* any byte changed, any cut */
        text[i] ^= 4;
        assert_int_not_equal(vg_tune_parse("f", data, strlen(text), &tune, &fault), VG_OK);
        assert_null(tune.row);
        text[i] ^= 4;
        assert_int_not_equal(vg_tune_parse("f", data, i, &tune, &fault), VG_OK);
    }
    free(text);
}

static const struct {
    const char *name, *body, *what, *place;
} bad[] = {
    {"another version", "vigie-tune 2\n", "not a tuner's file of this version", "f:1"},
    {"empty", "", "not a tuner's file of this version", "f:1"},
    {"no device", "vigie-tune 1\ndriver C\n", "not a line of a tuner's file", "f:2"},
    {"no driver", "vigie-tune 1\ndevice C\n", "not a line of a tuner's file", "f:3"},
    {"device with a tab", "vigie-tune 1\ndevice A\tB\ndriver C\n", "not a line of a tuner's file",
     "f:2"},
    {"not a need", GOOD_HEAD "conv Winograd 1.000\n", "not a need of a kernel", "f:4"},
    {"a need cut", GOOD_HEAD "conv:3x3:1x1:1x1:g1:64-64:52x52:b1 v 1.000\n",
     "not a need of a kernel", "f:4"},
    {"nought", GOOD_HEAD "conv:3x3:1x1:1x1:g0:64-64:52x52:b1:f32 v 1.000\n",
     "not a need of a kernel", "f:4"},
    {"zero in front", GOOD_HEAD "conv:03x3:1x1:1x1:g1:64-64:52x52:b1:f32 v 1.000\n",
     "not a need of a kernel", "f:4"},
    {"sign", GOOD_HEAD "conv:+3x3:1x1:1x1:g1:64-64:52x52:b1:f32 v 1.000\n",
     "not a need of a kernel", "f:4"},
    {"too many", GOOD_HEAD "conv:3x3:1x1:1x1:g1:65537-64:52x52:b1:f32 v 1.000\n",
     "not a need of a kernel", "f:4"},
    {"far too many", GOOD_HEAD "conv:3x3:1x1:1x1:g1:9999999999999999-64:52x52:b1:f32 v 1.000\n",
     "not a need of a kernel", "f:4"},
    {"no variant", GOOD_HEAD "conv:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 1.000\n",
     "not a line of a tuner's file", "f:4"},
    {"two blanks", GOOD_HEAD "conv:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 a  b 1.000\n",
     "not a line of a tuner's file", "f:4"},
    {"no time", GOOD_HEAD GOOD_ROW "pool:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 plain\n",
     "not a line of a tuner's file", "f:5"},
    {"time in another form", GOOD_HEAD "conv:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 v 1.0\n",
     "not a line of a tuner's file", "f:4"},
    {"negative time", GOOD_HEAD "conv:3x3:1x1:1x1:g1:64-64:52x52:b1:f32 v -1.000\n",
     "not a line of a tuner's file", "f:4"},
    {"twice", GOOD_HEAD GOOD_ROW GOOD_ROW, "the lines of a tuner's file are out of order", "f:5"},
    {"out of order", GOOD_HEAD GOOD_ROW "act:1x1:1x1:1x1:g1:4-4:2x2:b1:f32 v 1.000\n",
     "the lines of a tuner's file are out of order", "f:5"},
    {"an empty line", GOOD_HEAD GOOD_ROW "\n", "not a need of a kernel", "f:5"},
    {"no end of line", GOOD_HEAD "conv:3x3", "not a line of a tuner's file", "f:4"},
};

static void bad_files_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *text = with_digest(bad[i].body);
        struct vg_tune tune;
        struct vg_fault fault = {.what = ""};
        const enum vg_status status =
            vg_tune_parse("f", (const uint8_t *)text, strlen(text), &tune, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, bad[i].what) != 0 ||
            strcmp(fault.place, bad[i].place) != 0)
            print_error("%s: %d %s %s\n", bad[i].name, (int)status, fault.what, fault.place);
        assert_int_equal(status, VG_E_INPUT);
        assert_string_equal(fault.what, bad[i].what);
        assert_string_equal(fault.place, bad[i].place);
        free(text);
    }
    struct vg_tune tune;
    static uint8_t large[VG_TUNE_FILE_MAX + 1];
    assert_int_equal(vg_tune_parse("f", large, sizeof large, &tune, NULL), VG_E_FULL);
    char *text = with_digest(GOOD_HEAD GOOD_ROW);
    vg_alloc_fail_at(1);
    assert_int_equal(vg_tune_parse("f", (const uint8_t *)text, strlen(text), &tune, NULL),
                     VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(tune.row);
    free(text);
}

/* ---- the folder ---- */

static void kept_by_device_and_driver(void **state)
{
    (void)state;
    char folder[] = "/tmp/vigie-tune-XXXXXX", path[256], other[256], pinned[64];
    struct vg_tune tune, found;
    struct vg_fault fault = {.status = VG_OK};
    const struct vg_tune_need need = need_of(32, 13);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("VIGIE_CACHE", folder, 1), 0);
    vg_tune_open("one", "driver 1", &found); /* never tuned */
    assert_int_equal(found.count, 0);
    vg_tune_init(&tune, "one", "driver 1");
    assert_int_equal(vg_tune_set(&tune, &need, "direct 13x1", 5000), VG_OK);
    assert_int_equal(vg_tune_save(&tune, NULL, &fault), VG_OK);
    assert_int_equal(vg_tune_path("one", "driver 1", path, sizeof path), VG_OK);
    assert_true(vg_file_exists(path));
    vg_tune_open("one", "driver 1", &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.row[0].ns, 5000);
    vg_tune_release(&found);
    vg_tune_open("one", "driver 2", &found);
    assert_int_equal(found.count, 0);
    assert_string_equal(found.driver, "driver 2");
    /* under another's name: not believed, and gone afterwards */
    assert_int_equal(vg_tune_path("two", "driver 1", other, sizeof other), VG_OK);
    assert_int_equal(vg_tune_save(&tune, other, &fault), VG_OK);
    vg_tune_open("two", "driver 1", &found);
    assert_int_equal(found.count, 0);
    assert_false(vg_file_exists(other));
    /* damaged: likewise */
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(vg_tune_read(path, &found, &fault), VG_E_INTEGRITY);
    vg_tune_open("one", "driver 1", &found);
    assert_int_equal(found.count, 0);
    assert_false(vg_file_exists(path));
    /* pinned: what is asked for must be good */
    (void)snprintf(pinned, sizeof pinned, "%s/pinned", folder);
    assert_int_equal(vg_tune_read(pinned, &found, &fault), VG_E_MISSING);
    assert_int_equal(vg_tune_save(&tune, pinned, &fault), VG_OK);
    assert_int_equal(vg_tune_read(pinned, &found, &fault), VG_OK);
    assert_string_equal(found.device, "one");
    vg_tune_release(&found);
    vg_tune_release(&tune);
    store_remove_tree(folder, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_set_is_found),
        cmocka_unit_test(needs_differ_by_each_field),
        cmocka_unit_test(the_nearest_batch_is_found),
        cmocka_unit_test(what_the_file_cannot_hold_is_refused),
        cmocka_unit_test(the_text_is_as_described),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(kept_by_device_and_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
