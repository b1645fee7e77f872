/* The model's file against what was loaded, and against the last start's. A file that is changed at
 * any place is found; the thread finds it without being asked.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/model_intact.h"
#include "scheduler/model_guard.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "tests/small_net.h"

enum {
    WAIT_S = 20
};

struct fixture {
    char folder[64], path[96], record[96];
    struct vg_model *model; /* as it is read from path */
    uint8_t *bytes;         /* of the file */
    size_t size;
    struct vg_fault fault;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct vg_model *made = tiny_net(3, 4);
    if (!f || !made)
        return -1;
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/vigie-guard-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    (void)snprintf(f->path, sizeof f->path, "%s/m.vgm", f->folder);
    (void)snprintf(f->record, sizeof f->record, "%s/state", f->folder);
    if (vg_folder_make(f->record, &f->fault) || vg_model_save(made, f->path, &f->fault) ||
        vg_model_open(f->path, &f->model, &f->fault) ||
        vg_file_read(f->path, 1u << 24, &f->bytes, &f->size, &f->fault))
        return -1;
    (void)snprintf(f->record, sizeof f->record, "%s/state/model", f->folder);
    vg_model_close(&made);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char folder[96];
    vg_model_close(&f->model);
    vg_free(f->bytes);
    (void)unlink(f->path);
    (void)unlink(f->record);
    (void)snprintf(folder, sizeof folder, "%s/state", f->folder);
    (void)rmdir(folder);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static void put(struct fixture *f, const void *bytes, size_t size)
{
    assert_int_equal(vg_file_write(f->path, bytes, size, 0644, VG_FILE_PLAIN, &f->fault), VG_OK);
}

static enum vg_status intact(struct fixture *f)
{
    return vg_model_intact(f->path, f->model->digest, &f->fault);
}

static void a_changed_file_is_found(void **state)
{
    struct fixture *f = *state;
    const size_t places[] = {0, 8, f->size / 2, f->size - 33, f->size - 32, f->size - 1};
    assert_int_equal(intact(f), VG_OK);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        f->bytes[places[i]] ^= 4;
        put(f, f->bytes, f->size);
        f->bytes[places[i]] ^= 4;
        assert_int_equal(intact(f), VG_E_INTEGRITY);
        assert_string_equal(f->fault.what, "the model's file is not what was loaded");
        assert_string_equal(f->fault.place, f->path);
    }
    const size_t sizes[] = {0, 1, 31, 32, f->size - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put(f, f->bytes, sizes[i]);
        assert_int_equal(intact(f), VG_E_INTEGRITY);
    }
    put(f, f->bytes, f->size);
    assert_int_equal(intact(f), VG_OK);
    assert_int_equal(vg_model_intact(f->folder, f->model->digest, &f->fault), VG_E_INTEGRITY);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(intact(f), VG_E_MISSING);
}

static void another_whole_model_is_found(void **state)
{
    struct fixture *f = *state;
    struct vg_model *other = tiny_net(4, 4), *read = NULL;
    assert_int_equal(vg_model_save(other, f->path, &f->fault), VG_OK);
    assert_int_equal(vg_model_open(f->path, &read, &f->fault), VG_OK);
    assert_int_equal(intact(f), VG_E_INTEGRITY);
    vg_model_close(&read);
    vg_model_close(&other);
}

static enum vg_status admit(struct fixture *f, enum vg_model_change change)
{
    return vg_model_guard_admit(f->folder, f->model, change, &f->fault);
}

static void the_last_start_is_remembered(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK); /* the first of all */
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK);
    f->model->digest[5] ^= 1;
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_E_INTEGRITY);
    assert_string_equal(f->fault.what, "the model is not the one that was in use");
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_E_INTEGRITY); /* asking changes nothing */
    assert_int_equal(admit(f, VG_MODEL_MAY_CHANGE), VG_OK);
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK); /* it is the one in use now */
    f->model->name[0]++; /* a model of another name is a decision of its own */
    f->model->digest[5] ^= 1;
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK);
}

/* One name after the other, and back. */
static void each_name_is_remembered(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK);
    for (int i = 0; i < 3; i++) {
        f->model->name[0]++; /* the configuration names another model */
        assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK);
    }
    f->model->name[0] = (char)(f->model->name[0] - 3);
    f->model->digest[7] ^= 1; /* meanwhile the first one's file was replaced */
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_E_INTEGRITY);
    assert_string_equal(f->fault.what, "the model is not the one that was in use");
    f->model->digest[7] ^= 1;
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK);
}

static void record_put(struct fixture *f, const char *text, size_t size)
{
    assert_int_equal(vg_file_write(f->record, text, size, 0600, VG_FILE_PLAIN, &f->fault), VG_OK);
}

/* In operation it is refused, else made anew. */
static void a_record_that_is_damaged_is_told(void **state)
{
    struct fixture *f = *state;
    char whole[256], is[VG_SHA256_TEXT], doubled[512];
    vg_sha256_text(f->model->digest, is);
    const int size = snprintf(whole, sizeof whole, "%s %s\n", f->model->name, is);
    (void)snprintf(doubled, sizeof doubled, "%s%s", whole, whole);
    const struct {
        const char *text;
        size_t size;
    } rows[] = {{"", 0},
                {"\n", 1},
                {"x", 1},
                {"tiny 12", 7},
                {"tiny zz\n", 8},
                {whole, (size_t)size - 1},
                {whole + 1, 3},
                {doubled, strlen(doubled)},
                {whole, (size_t)size + 1} /* with the zero */};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        record_put(f, rows[i].text, rows[i].size);
        assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_E_INTEGRITY);
        assert_string_equal(f->fault.what,
                            "the record of the models in use is damaged or cannot be read");
        assert_string_equal(f->fault.place, f->record);
        assert_int_equal(admit(f, VG_MODEL_MAY_CHANGE), VG_OK);
        assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK);
        f->model->digest[0] ^= 1;
        assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_E_INTEGRITY);
        f->model->digest[0] ^= 1;
    }
    record_put(f, whole, (size_t)size); /* as it was written ever since */
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_OK);
    assert_int_equal(unlink(f->record), 0);
    assert_int_equal(vg_folder_make(f->record, &f->fault), VG_OK); /* is there, cannot be read */
    assert_int_equal(admit(f, VG_MODEL_MUST_STAY), VG_E_INTEGRITY);
    assert_int_equal(rmdir(f->record), 0);
}

/* Waits for another look of the thread that says this. */
static void wait_for(const struct vg_model_guard *guard, bool intact_wanted)
{
    const struct vg_mono_time start = vg_mono_now();
    const uint64_t checks = vg_model_guard_checks(guard);
    while (vg_model_guard_checks(guard) == checks ||
           vg_model_guard_intact(guard) != intact_wanted) {
        assert_true(vg_mono_now().us - start.us < WAIT_S * VG_US_PER_S);
        vg_pause_us(10000);
    }
}

static void the_thread_looks_by_itself(void **state)
{
    struct fixture *f = *state;
    struct vg_model_guard *guard = NULL;
    struct vg_model_guard_settings settings = {.path = f->path, .every_s = 1};
    memcpy(settings.digest, f->model->digest, sizeof settings.digest);
    assert_int_equal(vg_model_guard_open(&guard, &settings), VG_OK);
    assert_true(vg_model_guard_intact(guard));
    wait_for(guard, true);
    put(f, f->bytes, f->size - 1);
    wait_for(guard, false);
    put(f, f->bytes, f->size);
    wait_for(guard, true);
    vg_model_guard_close(&guard);
    settings.every_s = 0; /* an hour: closing does not wait for it */
    assert_int_equal(vg_model_guard_open(&guard, &settings), VG_OK);
    vg_model_guard_close(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_changed_file_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_whole_model_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_start_is_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_name_is_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_record_that_is_damaged_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_thread_looks_by_itself, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
