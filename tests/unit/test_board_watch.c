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
    char folder[64], fdinfo[96];
};

static const char *fake_nvml(char path[512])
{
    (void)snprintf(path, 512, "%s/tests/libfake_nvml.so", getenv("VIGIE_BUILD_DIR"));
    return path;
}

static void put(const struct proc *proc, int descriptor, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%d", proc->fdinfo, descriptor);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

static int start(void **state)
{
    static struct proc proc;
    (void)snprintf(proc.folder, sizeof proc.folder, "/tmp/vigie-proc-XXXXXX");
    if (!mkdtemp(proc.folder))
        return -1;
    (void)snprintf(proc.fdinfo, sizeof proc.fdinfo, "%s/%d", proc.folder, (int)getpid());
    if (mkdir(proc.fdinfo, 0700))
        return -1;
    (void)snprintf(proc.fdinfo, sizeof proc.fdinfo, "%s/%d/fdinfo", proc.folder, (int)getpid());
    *state = &proc;
    return mkdir(proc.fdinfo, 0700);
}

static int stop(void **state)
{
    const struct proc *proc = *state;
    char path[128];
    for (int i = 0; i < 10; i++) {
        (void)snprintf(path, sizeof path, "%s/%d", proc->fdinfo, i);
        (void)unlink(path);
    }
    (void)rmdir(proc->fdinfo);
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
#define XE(cycles, total)                                        \
    "drm-driver: xe\ndrm-client-id: 1\ndrm-pdev: 0000:03:00.0\n" \
    "drm-resident-vram0: 50 MiB\ndrm-cycles-vcs: " cycles "\ndrm-total-cycles-vcs: " total "\n"

/* Two descriptors of one client count once, two clients both; time before the begin does not. */
static void decoders_and_memory_of_the_tree(void **state)
{
    const struct proc *proc = *state;
    put(proc, 3, HEAD);
    put(proc, 4, I915("1", "900000000000"));
    put(proc, 5, I915("1", "900000000000"));
    struct vg_board_watch *watch = vg_board_watch_begin(getpid(), proc->folder, "/no/such.so");
    assert_non_null(watch);
    pass(200);
    put(proc, 4, I915("1", "900100000000")); /* 0.1 s of two engines in 0.2 s or more */
    put(proc, 5, I915("1", "900100000000"));
    put(proc, 6, I915("2", "100000000"));
    vg_board_watch_look(watch);
    const struct vg_board_use use = vg_board_watch_end(&watch);
    assert_null(watch);
    assert_true(fabs(use.memory_bytes - 200.0 * (1 << 20)) < 1);
    assert_true(use.decode_share > 0.01 && use.decode_share <= 0.5);
}

/* The busiest board counts. */
static void cycles_are_a_share_of_all_that_passed(void **state)
{
    const struct proc *proc = *state;
    put(proc, 4, I915("1", "5"));
    put(proc, 7, XE("1000", "50000"));
    struct vg_board_watch *watch = vg_board_watch_begin(getpid(), proc->folder, "/no/such.so");
    put(proc, 7, XE("4000", "60000"));
    const struct vg_board_use use = vg_board_watch_end(&watch);
    assert_true(fabs(use.decode_share - 0.3) < 1e-9);
    assert_true(fabs(use.memory_bytes - 150.0 * (1 << 20)) < 1);
}

static void nobody_tells(void **state)
{
    const struct proc *proc = *state;
    put(proc, 3, HEAD);
    struct vg_board_watch *watch = vg_board_watch_begin(getpid(), proc->folder, "/no/such.so");
    vg_board_watch_look(watch);
    struct vg_board_use use = vg_board_watch_end(&watch);
    assert_true(use.memory_bytes < 0 && use.decode_share < 0);
    vg_board_watch_look(NULL);
    use = vg_board_watch_end(&watch); /* there was no memory for it */
    assert_true(use.memory_bytes < 0 && use.decode_share < 0);
}

/* 300 MiB are this process', 500 another's; decoders are 20 and 40 % busy in turn. */
static void nvml_tells(void **state)
{
    static const struct {
        const char *lacks;
        double mib, share;
    } rows[] = {{"", 300, 0.3}, {"untold", -1, 0.3}, {"processes decoders", -1, -1}};
    const struct proc *proc = *state;
    char path[512];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(setenv("VIGIE_FAKE_NVML", rows[i].lacks, 1), 0);
        struct vg_board_watch *watch =
            vg_board_watch_begin(getpid(), proc->folder, fake_nvml(path));
        for (int k = 0; k < 4; k++)
            vg_board_watch_look(watch);
        const struct vg_board_use use = vg_board_watch_end(&watch);
        const double bytes = rows[i].mib < 0 ? -1 : rows[i].mib * (1 << 20);
        assert_true(fabs(use.memory_bytes - bytes) < 1);
        assert_true(fabs(use.decode_share - rows[i].share) < 1e-9);
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
        cmocka_unit_test_setup_teardown(nobody_tells, start, stop),
        cmocka_unit_test_setup_teardown(nvml_tells, start, stop),
        cmocka_unit_test(the_list_is_of_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
