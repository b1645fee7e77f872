/* A worker on a disk that hangs: pictures come back all the same, and what the rules remember is
 * written once the disk goes on, whole, and comes back with the next process. The disk hangs as a
 * pipe does that nobody reads (test_save_thread.c).
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <sys/stat.h>

#include "models/class.h"
#include "scheduler/worker_thread.h"
#include "src/base/alloc.h"
#include "tests/store_fixture.h"

#define WIDTH  320
#define HEIGHT 240
#define STEP   (VG_US_PER_S / 5)

/* Somebody in the zone for a minute is told of: not in this test. */
#define SCENE                                                                         \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":"             \
    "[[0,0],[1,0],[1,1],[0,1]]}],\"lines\":[],\"rules\":[{\"id\":\"d\",\"severity\":" \
    "\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":0,\"hold_s\":60}]}"

struct play {
    const struct store_fixture *f;
    struct vg_save_thread *saves;
    struct vg_stage_times *times;
    struct vg_worker_thread *worker;
    struct vg_live_flux *flux; /* two of them */
    struct vg_answer *answer;
    uint8_t *luma;
    int64_t now_us;
};

static void open_flux(struct play *p, struct vg_live_flux *flux, const char *id)
{
    struct vg_fault fault = {.what = ""};
    struct vg_live_flux_config config = {.rate_fps = 5, .active = true};
    (void)snprintf(config.id, sizeof config.id, "%s", id);
    if (vg_scene_parse(id, SCENE, strlen(SCENE), &config.scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_int_equal(vg_live_flux_open(flux, &config, p->f->folder, NULL, p->saves, VG_GATE_OFF),
                     VG_OK);
}

static struct play begin(void **state)
{
    struct play p = {.f = *state, .now_us = 1000 * VG_US_PER_S};
    char path[256];
    struct vg_fault fault;
    assert_int_equal(vg_path_join(path, sizeof path, p.f->folder, "state"), VG_OK);
    assert_int_equal(vg_folder_make(path, &fault), VG_OK);
    p.times = vg_alloc(sizeof *p.times);
    p.flux = vg_alloc_array(2, sizeof *p.flux);
    p.answer = vg_alloc(sizeof *p.answer);
    p.luma = vg_alloc(WIDTH * HEIGHT);
    assert_true(p.times && p.flux && p.answer && p.luma);
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) /* squares: a view that is well */
        p.luma[i] = i % WIDTH / 8 % 2 == i / WIDTH / 8 % 2 ? 60 : 180;
    p.answer->count = 1;
    p.answer->detection[0] = (struct vg_detection){
        .box = {140, 60, 30, 100}, .score = 0.9f, .class_id = VG_CLASS_PERSON};
    const struct vg_worker_settings settings = {.times = p.times};
    assert_int_equal(vg_save_thread_open(&p.saves), VG_OK);
    assert_int_equal(vg_worker_thread_open(&p.worker, &settings), VG_OK);
    open_flux(&p, &p.flux[0], "cam-1");
    open_flux(&p, &p.flux[1], "cam-2");
    return p;
}

static void end(struct play *p)
{
    vg_worker_thread_close(&p->worker);
    for (int i = 0; i < 2; i++) {
        vg_live_flux_leave(&p->flux[i]);
        vg_live_flux_close(&p->flux[i]);
    }
    vg_save_thread_close(&p->saves);
    vg_free(p->luma);
    vg_free(p->answer);
    vg_free(p->flux);
    vg_free(p->times);
}

/* A picture of each flux, and back. None is the one before: the view would be frozen. */
static void pictures(struct play *p, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++, p->now_us += STEP) {
        for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
            p->luma[i] ^= 1;
        for (int i = 0; i < 2; i++) {
            struct vg_live_work work = {.flux = &p->flux[i],
                                        .phase = "test",
                                        .picture = {.luma = p->luma,
                                                    .luma_stride = WIDTH,
                                                    .width = WIDTH,
                                                    .height = HEIGHT,
                                                    .range = VG_RANGE_FULL,
                                                    .wall = {p->now_us},
                                                    .arrival = vg_mono_now()},
                                        .media = {p->now_us},
                                        .answer = p->answer,
                                        .due = vg_mono_now(),
                                        .dues = 1};
            struct vg_live_work *given = &work, *back = NULL;
            assert_int_equal(vg_ring_push(vg_worker_thread_in(p->worker), &given), VG_OK);
            struct vg_ring *out = vg_worker_thread_out(p->worker);
            const int64_t end_us = vg_mono_now().us + 20 * VG_US_PER_S;
            while (vg_ring_pop(out, &back)) {
                if (vg_mono_now().us > end_us)
                    fail_msg("picture %u did not come back within 20 s", n);
                (void)!vg_ring_wait(out, 100);
            }
            assert_ptr_equal(back, &work);
            p->flux[i].timeline.last = work.media; /* as the loop does */
            p->flux[i].saved.us = 0;               /* each picture is one to save at */
        }
    }
}

static void part_of(const struct play *p, char *path, size_t size)
{
    char name[64];
    (void)snprintf(name, sizeof name, "state/cam-1.json.%ld.part", (long)getpid());
    assert_int_equal(vg_path_join(path, size, p->f->folder, name), VG_OK);
}

static bool stands_before_the_disk(const struct play *p, const char *part)
{
    return !vg_beat_idle(vg_save_thread_beat(p->saves)) && access(part, F_OK) == 0;
}

static bool has_failed(const struct play *p, const char *part)
{
    (void)part;
    return vg_save_thread_counts(p->saves).failed > 0;
}

/* Long before it is thought to hang. */
static void await(const struct play *p, const char *part,
                  bool (*is_so)(const struct play *, const char *), const char *what)
{
    const int64_t end_us = vg_mono_now().us + 20 * VG_US_PER_S;
    while (!is_so(p, part)) {
        if (vg_mono_now().us > end_us)
            fail_msg("not within 20 s: %s", what);
        vg_pause_us(100);
    }
}

static void pictures_go_on_while_the_disk_hangs(void **state)
{
    struct play p = begin(state);
    char part[256];
    part_of(&p, part, sizeof part);
    assert_int_equal(mkfifo(part, 0600), 0);
    pictures(&p, 1);
    await(&p, part, stands_before_the_disk, "the thread writes");
    pictures(&p, 200); /* would not come back */
    const struct vg_save_counts counts = vg_save_thread_counts(p.saves);
    assert_int_equal(counts.written + counts.failed, 0);
    assert_true(counts.replaced >= 2 * 199);
    const int fd = open(part, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    await(&p, part, has_failed, "what hung has failed");
    (void)close(fd);
    end(&p);
}

/* The onset, which is a minute short of its hold, is that of before. */
static void what_was_given_comes_back(void **state)
{
    struct play p = begin(state);
    char path[256];
    struct vg_fault fault;
    uint8_t *before, *after;
    size_t size;
    assert_int_equal(vg_path_join(path, sizeof path, p.f->folder, "state/cam-1.json"), VG_OK);
    pictures(&p, 20);
    const int64_t began = p.now_us;
    end(&p);
    assert_int_equal(vg_file_read(path, 1 << 20, &before, &size, &fault), VG_OK);
    const char *onset = strstr((const char *)before, "\"wall_us\":");
    assert_non_null(onset);
    p = begin(state);
    p.now_us = began + VG_US_PER_S;
    pictures(&p, 5);
    end(&p);
    assert_int_equal(vg_file_read(path, 1 << 20, &after, &size, &fault), VG_OK);
    const char *again = strstr((const char *)after, "\"wall_us\":");
    assert_non_null(again);
    assert_int_equal(strncmp(onset, again, strcspn(onset, ",}")), 0);
    vg_free(before);
    vg_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_go_on_while_the_disk_hangs, store_set_up,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(what_was_given_comes_back, store_set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
