/* Canvases as JPEG, PNG and MP4: what is written is read again by libavcodec and compared; the
 * same input gives the same bytes. */
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
#include "src/base/text.h"
#include "src/draw/canvas.h"
#include "src/draw/image_file.h"
#include "src/draw/video_file.h"
#include "src/media/still.h"

struct folder {
    char path[64];
};

static void folder_make(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/vigie-image-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static void path_in(const struct folder *folder, const char *name, char *path, size_t size)
{
    assert_int_equal(vg_path_join(path, size, folder->path, name), VG_OK);
}

/* Broad stripes of colours, so that halved chroma does no harm. */
static void paint(struct vg_canvas *canvas, uint32_t width, uint32_t height, uint32_t shift)
{
    static const struct vg_colour stripe[] = {
        {200, 40, 40}, {40, 180, 60}, {40, 60, 200}, {230, 230, 230}};
    assert_int_equal(vg_canvas_init(canvas, width, height), VG_OK);
    for (uint32_t i = 0; i < 4; i++) {
        const struct vg_box box = {(float)(width / 4 * i), 0, (float)(width / 4), (float)height};
        vg_canvas_block(canvas, box, stripe[(i + shift) % 4], VG_OPAQUE);
    }
}

/* Largest difference of any component in the middles of the stripes. */
static int difference(const struct vg_canvas *canvas, const char *path)
{
    struct vg_still *still;
    struct vg_canvas back = {0};
    struct vg_fault fault = {0};
    int most = 0;
    if (vg_still_read(path, &still, &fault))
        fail_msg("%s", fault.place);
    assert_int_equal(vg_canvas_from_picture(&back, vg_still_picture(still)), VG_OK);
    assert_int_equal(back.width, canvas->width);
    assert_int_equal(back.height, canvas->height);
    for (uint32_t i = 0; i < 4; i++) {
        const size_t at =
            ((size_t)canvas->height / 2 * canvas->width + canvas->width / 8 * (2 * i + 1)) * 3;
        for (size_t c = 0; c < 3; c++) {
            const int d = abs(canvas->rgb[at + c] - back.rgb[at + c]);
            most = d > most ? d : most;
        }
    }
    vg_canvas_release(&back);
    vg_still_close(&still);
    return most;
}

static void images_come_back_as_they_were(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    for (int kind = 0; kind < 2; kind++) {
        struct vg_canvas canvas = {0};
        uint8_t *first, *second;
        size_t size, again;
        char path[128];
        paint(&canvas, 160, 96, 0);
        path_in(&folder, kind ? "a.png" : "a.jpg", path, sizeof path);
        const enum vg_status status =
            kind ? vg_image_png(&canvas, &first, &size) : vg_image_jpeg(&canvas, 90, &first, &size);
        assert_int_equal(status, VG_OK);
        assert_int_equal(kind ? vg_image_png(&canvas, &second, &again)
                              : vg_image_jpeg(&canvas, 90, &second, &again),
                         VG_OK);
        assert_int_equal(size, again);
        assert_memory_equal(first, second, size);
        assert_int_equal(vg_file_write(path, first, size, 0600, VG_FILE_PLAIN, NULL), VG_OK);
        const int most = difference(&canvas, path);
        if (most > 6) /* NV12 in between: some rounding, for PNG too */
            fail_msg("%s differs by %d", path, most);
        assert_int_equal(unlink(path), 0);
        vg_free(first);
        vg_free(second);
        vg_canvas_release(&canvas);
    }
    assert_int_equal(rmdir(folder.path), 0);
}

static void better_jpeg_is_larger_and_any_size_is_taken(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
    } sizes[] = {{1, 1}, {2, 2}, {3, 5}, {17, 16}, {641, 479}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct vg_canvas canvas = {0};
        uint8_t *low, *high;
        size_t low_size, high_size;
        paint(&canvas, sizes[i].width, sizes[i].height, 1);
        assert_int_equal(vg_image_jpeg(&canvas, 0, &low, &low_size), VG_OK);
        assert_int_equal(vg_image_jpeg(&canvas, 1000, &high, &high_size), VG_OK);
        assert_true(low_size <= high_size);
        assert_int_equal(low[0], 0xff);
        assert_int_equal(low[1], 0xd8);
        vg_free(low);
        vg_free(high);
        vg_canvas_release(&canvas);
    }
}

static void no_memory_is_said(void **state)
{
    (void)state;
    struct vg_canvas canvas = {0};
    uint8_t *data;
    size_t size;
    paint(&canvas, 32, 32, 0);
    vg_alloc_fail_at(1);
    assert_int_equal(vg_image_png(&canvas, &data, &size), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(data);
    vg_canvas_release(&canvas);
}

static void write_clip(const char *path)
{
    struct vg_video_file *file;
    struct vg_fault fault = {0};
    struct vg_canvas canvas = {0};
    if (vg_video_file_open(&file, path, 160, 96, 5, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_false(vg_file_exists(path)); /* not under its name before it is whole */
    for (uint32_t k = 0; k < 12; k++) {
        paint(&canvas, 160, 96, 0);
        const struct vg_media_time time = {k == 3 ? 0 : k * INT64_C(200000)}; /* one steps back */
        assert_int_equal(vg_video_file_add(file, &canvas, time, &fault), VG_OK);
    }
    struct vg_canvas other = {0};
    paint(&other, 80, 96, 0);
    assert_int_equal(vg_video_file_add(file, &other, (struct vg_media_time){0}, &fault), VG_E_CALL);
    vg_canvas_release(&other);
    vg_canvas_release(&canvas);
    if (vg_video_file_close(&file, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_null(file);
}

static void a_clip_is_the_same_twice_and_shows_what_was_drawn(void **state)
{
    (void)state;
    struct folder folder;
    char first[128], second[128];
    uint8_t *a, *b;
    size_t a_size, b_size;
    folder_make(&folder);
    path_in(&folder, "first: it has a colon.mp4", first, sizeof first);
    path_in(&folder, "second.mp4", second, sizeof second);
    write_clip(first);
    write_clip(second);
    assert_int_equal(vg_file_read(first, 1u << 24, &a, &a_size, NULL), VG_OK);
    assert_int_equal(vg_file_read(second, 1u << 24, &b, &b_size, NULL), VG_OK);
    assert_int_equal(a_size, b_size);
    assert_memory_equal(a, b, a_size);
    struct vg_canvas canvas = {0};
    paint(&canvas, 160, 96, 0);
    const int most = difference(&canvas, second);
    if (most > 12)
        fail_msg("the clip differs by %d", most);
    vg_canvas_release(&canvas);
    vg_free(a);
    vg_free(b);
    assert_int_equal(unlink(first), 0);
    assert_int_equal(unlink(second), 0);
    assert_int_equal(rmdir(folder.path), 0);
}

static void bad_calls_are_refused_with_the_path(void **state)
{
    (void)state;
    struct vg_video_file *file;
    struct vg_fault fault = {0};
    assert_int_equal(vg_video_file_open(&file, "/nowhere/a.mp4", 160, 96, 5, &fault), VG_E_IO);
    assert_non_null(strstr(fault.place, "/nowhere/a.mp4"));
    assert_null(file);
    assert_int_equal(vg_video_file_open(&file, "/tmp/odd.mp4", 161, 96, 5, &fault), VG_E_CALL);
    assert_null(file);
    assert_int_equal(vg_video_file_close(&file, &fault), VG_OK); /* nothing to close */
}

static void a_full_disk_is_said_and_leaves_no_clip(void **state)
{
    (void)state;
    struct vg_video_file *file;
    struct vg_fault fault = {0};
    struct vg_canvas canvas = {0};
    if (access("/dev/full", W_OK) != 0)
        skip();
    struct folder folder;
    char part[128], path[128];
    folder_make(&folder);
    path_in(&folder, "a.mp4", path, sizeof path);
    path_in(&folder, "a.mp4.part", part, sizeof part);
    assert_int_equal(symlink("/dev/full", part), 0);
    enum vg_status status = vg_video_file_open(&file, path, 160, 96, 5, &fault);
    for (uint32_t k = 0; !status && k < 400; k++) {
        paint(&canvas, 160, 96, k);
        status = vg_video_file_add(file, &canvas, (struct vg_media_time){k * 1000}, &fault);
    }
    const enum vg_status closed = vg_video_file_close(&file, &fault);
    assert_int_equal(status ? status : closed, VG_E_LACK);
    assert_false(vg_file_exists(path));
    vg_canvas_release(&canvas);
    (void)unlink(part);
    assert_int_equal(rmdir(folder.path), 0);
}

int main(void)
{
    (void)vg_text_init("en");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_come_back_as_they_were),
        cmocka_unit_test(better_jpeg_is_larger_and_any_size_is_taken),
        cmocka_unit_test(no_memory_is_said),
        cmocka_unit_test(a_clip_is_the_same_twice_and_shows_what_was_drawn),
        cmocka_unit_test(bad_calls_are_refused_with_the_path),
        cmocka_unit_test(a_full_disk_is_said_and_leaves_no_clip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
