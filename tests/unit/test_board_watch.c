/* What a server takes of graphics boards: by the kernel's texts, of three drivers, and by a library of
 * the test's own that stands for NVML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/board_watch.h"
#include "bench/drm_client.h"
#include "bench/process_tree.h"

#define HEAD "pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t685\n"

static const struct {
    const char *text;
    bool is_client;
    struct vg_drm_client client;
} texts[] = {
    {"", false, {.id = 0}},
    {HEAD, false, {.id = 0}},
    /* i915 */
    {HEAD "drm-driver:\ti915\ndrm-client-id:\t7\ndrm-pdev:\t0000:00:02.0\n"
          "drm-total-system0:\t9 MiB\ndrm-resident-system0:\t9 MiB\ndrm-resident-local0:\t3 MiB\n"
          "drm-resident-stolen-local0:\t1 MiB\ndrm-engine-render:\t99 ns\n"
          "drm-engine-video:\t2000000000 ns\ndrm-engine-capacity-video:\t2\n"
          "drm-engine-video-enhance:\t5 ns\n",
     true,
     {.board = "0000:00:02.0",
      .id = 7,
      .memory_told = true,
      .memory_bytes = 3 << 20,
      .decoders = 1,
      .decoder = {{.name = "video", .capacity = 2, .busy_ns = 2000000000}}}},
    /* xe counts cycles, and says the capacity last */
    {HEAD "drm-driver:\txe\ndrm-client-id:\t3\ndrm-pdev:\t0000:03:00.0\n"
          "drm-resident-system:\t0\ndrm-resident-gtt:\t192 KiB\ndrm-total-vram0:\t32 MiB\n"
          "drm-resident-vram0:\t23992 KiB\ndrm-cycles-vcs:\t4000\ndrm-total-cycles-vcs:\t10000\n"
          "drm-engine-capacity-vcs:\t2\n",
     true,
     {.board = "0000:03:00.0",
      .id = 3,
      .memory_told = true,
      .memory_bytes = UINT64_C(23992) << 10,
      .decoders = 1,
      .decoder = {{.name = "vcs", .capacity = 2, .cycles = 4000, .total_cycles = 10000}}}},
    /* amdgpu says the same memory twice */
    {HEAD "drm-driver: amdgpu\ndrm-client-id: 42\ndrm-pdev: 0000:0b:00.0\n"
          "drm-memory-vram:\t1000 KiB\ndrm-memory-gtt: \t5 KiB\ndrm-resident-vram:\t1000 KiB\n"
          "drm-engine-gfx:\t1 ns\ndrm-engine-dec:\t700 ns\ndrm-engine-jpeg:\t70 ns\n",
     true,
     {.board = "0000:0b:00.0",
      .id = 42,
      .memory_told = true,
      .memory_bytes = 1000 << 10,
      .decoders = 2,
      .decoder = {{.name = "dec", .capacity = 1, .busy_ns = 700},
                  {.name = "jpeg", .capacity = 1, .busy_ns = 70}}}},
    /* no memory of its own; no number; no end of line; a number beyond all */
    {"drm-client-id: x\ndrm-resident-system: 5 KiB\ndrm-engine-dec", true, {.id = 0}},
    {"drm-resident-vram: 99999999999999999999 MiB",
     true,
     {.memory_told = true, .memory_bytes = UINT64_MAX}},
};

static void the_kernels_texts_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct vg_drm_client c;
        const struct vg_drm_client *t = &texts[i].client;
        if (vg_drm_client_parse(texts[i].text, &c) != texts[i].is_client)
            fail_msg("row %zu", i);
        assert_string_equal(c.board, t->board);
        assert_int_equal(c.id, t->id);
        assert_int_equal(c.memory_told, t->memory_told);
        assert_int_equal(c.memory_bytes, t->memory_bytes);
        assert_int_equal(c.decoders, t->decoders);
        for (uint32_t d = 0; d < c.decoders; d++) {
            assert_string_equal(c.decoder[d].name, t->decoder[d].name);
            assert_int_equal(c.decoder[d].capacity, t->decoder[d].capacity);
            assert_int_equal(c.decoder[d].busy_ns, t->decoder[d].busy_ns);
            assert_int_equal(c.decoder[d].cycles, t->decoder[d].cycles);
            assert_int_equal(c.decoder[d].total_cycles, t->decoder[d].total_cycles);
        }
    }
}

/* ---- a folder that stands for /proc ---- */

struct proc {
    char folder[64];
};

static const char *fake_nvml(char path[512])
{
    (void)snprintf(path, 512, "%s/tests/libfake_nvml.so", getenv("VIGIE_BUILD_DIR"));
    return path;
}

static const char *in(const struct proc *proc, const char *what, int number, char path[128])
{
    (void)snprintf(path, 128, "%s/%d/%s", proc->folder, (int)getpid(), what);
    if (number >= 0)
        (void)snprintf(path + strlen(path), 128 - strlen(path), "/%d", number);
    return path;
}

/* A descriptor of that file, of which the kernel tells that; NULL: it is closed. */
static void put(const struct proc *proc, int descriptor, const char *of, const char *text)
{
    char link[128], path[128];
    (void)unlink(in(proc, "fd", descriptor, link));
    (void)unlink(in(proc, "fdinfo", descriptor, path));
    if (!of)
        return;
    assert_int_equal(symlink(of, link), 0);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

#define RENDER "/dev/dri/renderD128"

static int start(void **state)
{
    static struct proc proc;
    char path[128];
    (void)snprintf(proc.folder, sizeof proc.folder, "/tmp/vigie-proc-XXXXXX");
    *state = &proc;
    if (!mkdtemp(proc.folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/%d", proc.folder, (int)getpid());
    return mkdir(path, 0700) || mkdir(in(&proc, "fd", -1, path), 0700) ||
           mkdir(in(&proc, "fdinfo", -1, path), 0700);
}

static int stop(void **state)
{
    const struct proc *proc = *state;
    char path[128];
    for (int i = 0; i < 10; i++)
        put(proc, i, NULL, NULL);
    (void)rmdir(in(proc, "fd", -1, path));
    (void)rmdir(in(proc, "fdinfo", -1, path));
    (void)snprintf(path, sizeof path, "%s/%d", proc->folder, (int)getpid());
    return rmdir(path) || rmdir(proc->folder);
}

static void pass(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

#define I915(id, ns)                                                    \
    "drm-driver: i915\ndrm-client-id: " id "\ndrm-pdev: 0000:00:02.0\n" \
    "drm-resident-local0: 100 MiB\ndrm-engine-video: " ns " ns\n"       \
    "drm-engine-capacity-video: 2\n"
#define XE(id, cycles, total)                                         \
    "drm-driver: xe\ndrm-client-id: " id "\ndrm-pdev: 0000:03:00.0\n" \
    "drm-resident-vram0: 50 MiB\ndrm-cycles-vcs: " cycles "\ndrm-total-cycles-vcs: " total "\n"
#define MIB(n) ((n)*1048576.0)

static struct vg_board_watch *begin(const struct proc *proc)
{
    struct vg_board_watch *watch = vg_board_watch_begin(getpid(), proc->folder, "/no/such.so");
    assert_non_null(watch);
    return watch;
}

static void assert_use(struct vg_board_watch **watch, double bytes, double share)
{
    const struct vg_board_use use = vg_board_watch_end(watch);
    assert_null(*watch);
    assert_true(fabs(use.memory_bytes - bytes) < 1);
    assert_true(fabs(use.decode_share - share) < 1e-9);
}

/* Two descriptors of one client count once, two clients both; what was before the begin, or before a
 * client was first seen, does not; what a client did that has gone since does. */
static void decoders_and_memory_of_the_tree(void **state)
{
    const struct proc *proc = *state;
    put(proc, 3, "/tmp/clip.mkv", I915("9", "1"));
    put(proc, 4, RENDER, I915("1", "900000000000"));
    put(proc, 5, RENDER, I915("1", "900000000000"));
    struct vg_board_watch *watch = begin(proc);
    pass(200);
    put(proc, 4, RENDER, I915("1", "900100000000")); /* 0.1 s of two engines' 0.2 s or more */
    put(proc, 5, RENDER, I915("1", "900100000000"));
    vg_board_watch_look(watch);
    put(proc, 4, NULL, NULL);
    put(proc, 5, NULL, NULL);
    put(proc, 6, RENDER, I915("2", "900000000000"));
    put(proc, 7, RENDER, I915("3", "900000000000"));
    const struct vg_board_use use = vg_board_watch_end(&watch);
    assert_null(watch);
    assert_true(fabs(use.memory_bytes - MIB(200)) < 1);
    assert_true(use.decode_share > 0.01 && use.decode_share <= 0.25);
}

static void cycles_are_a_share_of_all_that_passed(void **state)
{
    const struct proc *proc = *state;
    put(proc, 7, RENDER, XE("1", "1000", "50000"));
    struct vg_board_watch *watch = begin(proc);
    put(proc, 7, RENDER, XE("1", "3000", "60000"));
    vg_board_watch_look(watch);
    put(proc, 8, RENDER, XE("2", "77", "60000"));
    vg_board_watch_look(watch);
    put(proc, 7, RENDER, XE("1", "7000", "80000"));
    put(proc, 8, RENDER, XE("2", "3077", "80000"));
    assert_use(&watch, MIB(100), 9000.0 / 30000);
}

/* What is no share, what only a part tells, what nobody tells. */
static void what_is_not_known_is_not_told(void **state)
{
    const struct proc *proc = *state;
    struct vg_board_watch *watch = begin(proc);
    vg_board_watch_look(watch);
    assert_use(&watch, -1, -1);
    vg_board_watch_look(NULL);
    assert_use(&watch, -1, -1); /* there was no memory for it */
    /* two boards: the busier one's decoders, nobody's memory */
    put(proc, 4, RENDER, I915("1", "5"));
    put(proc, 7, "/dev/dri/renderD129", XE("1", "1000", "50000"));
    watch = begin(proc);
    put(proc, 7, "/dev/dri/renderD129", XE("1", "4000", "60000"));
    assert_use(&watch, -1, 0.3);
    /* a board of NVIDIA's that says nothing */
    put(proc, 4, NULL, NULL);
    put(proc, 4, "/dev/nvidia0", HEAD);
    watch = begin(proc);
    assert_use(&watch, -1, 0);
    put(proc, 4, NULL, NULL);
    watch = begin(proc);
    assert_use(&watch, MIB(50), 0);
    /* more than all of the time: engines that nobody counted */
    watch = begin(proc);
    put(proc, 7, RENDER, XE("1", "16000", "70000"));
    assert_use(&watch, MIB(50), -1);
    /* engines of two kinds */
    put(proc, 7, RENDER, "drm-client-id: 1\ndrm-engine-dec: 5 ns\ndrm-engine-jpeg: 5 ns\n");
    watch = begin(proc);
    put(proc, 7, RENDER, "drm-client-id: 1\ndrm-engine-dec: 6 ns\ndrm-engine-jpeg: 6 ns\n");
    assert_use(&watch, -1, -1);
}

/* 300 MiB are this process', 500 another's; decoders are 20 and 40 % busy in turn. */
static void nvml_tells(void **state)
{
    static const struct {
        const char *lacks;
        double bytes, share;
    } rows[] = {{"", MIB(300), 0.3},
                {"counter power", MIB(300), 0.3},
                {"untold", -1, 0.3},
                {"processes decoders", -1, -1}};
    const struct proc *proc = *state;
    char path[512];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(setenv("VIGIE_FAKE_NVML", rows[i].lacks, 1), 0);
        struct vg_board_watch *watch =
            vg_board_watch_begin(getpid(), proc->folder, fake_nvml(path));
        for (int k = 0; k < 4; k++)
            vg_board_watch_look(watch);
        assert_use(&watch, rows[i].bytes, rows[i].share);
    }
    (void)unsetenv("VIGIE_FAKE_NVML");
}

static void the_list_is_of_a_tree(void **state)
{
    (void)state;
    pid_t process[4] = {0};
    assert_int_equal(vg_process_tree_list(getpid(), process, 4), 1);
    assert_int_equal(process[0], getpid());
    assert_int_equal(vg_process_tree_list(getpid(), process, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernels_texts_are_read),
        cmocka_unit_test_setup_teardown(decoders_and_memory_of_the_tree, start, stop),
        cmocka_unit_test_setup_teardown(cycles_are_a_share_of_all_that_passed, start, stop),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_not_told, start, stop),
        cmocka_unit_test_setup_teardown(nvml_tells, start, stop),
        cmocka_unit_test(the_list_is_of_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
