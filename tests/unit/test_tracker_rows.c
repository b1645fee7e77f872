/* The rows of tracks.csv, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/track/track_rows.h"

struct text {
    size_t size;
    char at[4096];
    size_t lines_left; /* before the sink refuses */
};

static enum vg_status keep(void *user, const char *line, size_t size)
{
    struct text *t = user;
    if (t->lines_left-- == 0)
        return VG_E_IO;
    assert_true(t->size + size < sizeof t->at);
    memcpy(t->at + t->size, line, size);
    t->size += size;
    return VG_OK;
}

static enum vg_status add(struct vg_track_rows *rows, uint32_t frame, const struct vg_track *a,
                          const struct vg_track *b)
{
    const struct vg_track *both[2] = {a, b};
    return vg_track_rows_add(rows, frame, both, b ? 2 : 1);
}

static struct vg_track track(uint32_t id, enum vg_track_state state, bool detected, float left)
{
    return (struct vg_track){.id = id,
                             .state = state,
                             .class_id = VG_CLASS_PERSON,
                             .detected = detected,
                             .score = 0.75f,
                             .box = {1000, 1000, 1, 1}, /* never written */
                             .seen = {left, 20.5f, 30, 80}};
}

static enum vg_status fill(struct vg_track_rows *rows)
{
    const struct vg_track young = track(2, VG_TRACK_TENTATIVE, true, 10);
    const struct vg_track grown = track(2, VG_TRACK_CONFIRMED, true, 12);
    const struct vg_track away = track(2, VG_TRACK_LOST, false, 12);
    struct vg_track back = track(2, VG_TRACK_CONFIRMED, true, 18);
    const struct vg_track never = track(3, VG_TRACK_TENTATIVE, true, 500);
    const struct vg_track other = track(1, VG_TRACK_CONFIRMED, true, 700.126f);
    back.class_id = VG_CLASS_CAR; /* the class seen most in the end holds for all */
    enum vg_status status = add(rows, 1, &young, NULL);
    if (status == VG_OK)
        status = add(rows, 2, &grown, &never);
    if (status == VG_OK)
        status = add(rows, 3, &away, NULL);
    if (status == VG_OK)
        status = add(rows, 5, &other, &back); /* picture 4 was not analysed */
    return status;
}

static const char want[] = "1,2,10.00,20.50,30.00,80.00,0.7500,car,-1\n"
                           "2,2,12.00,20.50,30.00,80.00,0.7500,car,-1\n"
                           "3,2,14.00,20.50,30.00,80.00,0.0000,car,-1\n"
                           "4,2,16.00,20.50,30.00,80.00,0.0000,car,-1\n"
                           "5,1,700.13,20.50,30.00,80.00,0.7500,person,-1\n"
                           "5,2,18.00,20.50,30.00,80.00,0.7500,car,-1\n";

static void test_rows(void **state)
{
    struct vg_track_rows *rows = NULL;
    struct text text = {.lines_left = 100};
    const struct vg_track_rows_sink sink = {keep, &text};
    (void)state;
    assert_int_equal(vg_track_rows_open(&rows), VG_OK);
    assert_int_equal(fill(rows), VG_OK);
    assert_int_equal(vg_track_rows_write(rows, &sink), VG_OK);
    assert_string_equal(text.at, want);
    vg_track_rows_close(&rows);
    assert_null(rows);
}

static void test_empty_and_refused(void **state)
{
    struct vg_track_rows *rows = NULL;
    struct text text = {.lines_left = 2};
    const struct vg_track_rows_sink sink = {keep, &text};
    (void)state;
    assert_int_equal(vg_track_rows_open(&rows), VG_OK);
    assert_int_equal(vg_track_rows_write(rows, &sink), VG_OK);
    assert_int_equal(text.size, 0);
    assert_int_equal(fill(rows), VG_OK);
    assert_int_equal(vg_track_rows_write(rows, &sink), VG_E_IO);
    assert_memory_equal(text.at, want, text.size);
    vg_track_rows_close(&rows);
}

static void test_many(void **state)
{
    struct vg_track_rows *rows = NULL;
    struct text text = {.lines_left = 0};
    const struct vg_track_rows_sink sink = {keep, &text};
    (void)state;
    assert_int_equal(vg_track_rows_open(&rows), VG_OK);
    for (uint32_t i = 1; i < 5000; i++) { /* both tables grow */
        const struct vg_track t = track(i, VG_TRACK_CONFIRMED, true, (float)i);
        assert_int_equal(add(rows, i, &t, NULL), VG_OK);
    }
    assert_int_equal(vg_track_rows_write(rows, &sink), VG_E_IO);
    vg_track_rows_close(&rows);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (uint32_t n = 1;; n++) {
        struct vg_track_rows *rows = NULL;
        struct text text = {.lines_left = 100};
        const struct vg_track_rows_sink sink = {keep, &text};
        assert_true(n < 50);
        vg_alloc_fail_at(n);
        enum vg_status status = vg_track_rows_open(&rows);
        if (status == VG_OK)
            status = fill(rows);
        if (status == VG_OK)
            status = vg_track_rows_write(rows, &sink);
        vg_alloc_fail_at(0);
        vg_track_rows_close(&rows);
        if (status == VG_OK)
            return;
        assert_int_equal(status, VG_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_empty_and_refused),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
