/* engine_check [-d DEVICE] [-s] [-o FILE]
 * Every case of every kernel against its twin on a device, a line each; -s: only small cases. FILE
 * gets the same as JSON. Exit code 0: all good or skipped; 1: a wrong result; 4: no such device.
 * Needs no other library than OpenCL's loader. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernels/twins/cases.h"
#include "src/base/json_write.h"
#include "src/base/text.h"
#include "src/engine/device.h"
#include "src/engine/kernel_check.h"
#include "src/engine/program.h"

enum {
    SEED = 1,
    EXIT_WRONG = 1,
    EXIT_CALL = 2,
    FAILURES_SHOWN = 200
};

struct check {
    const char *device, *out;
    enum vg_case_scale scale;
    struct vg_json_writer *json; /* NULL: no file */
    uint32_t good, wrong, skipped, failed;
};

static void case_json(struct vg_json_writer *w, const struct vg_kernel_case *row, const char *word,
                      const struct vg_check_result *result)
{
    if (!w)
        return;
    vg_json_write_break(w);
    vg_json_object_open(w, NULL);
    vg_json_write_text(w, "kernel", vg_kernel_rows[row->kernel].name);
    vg_json_write_text(w, "case", row->name);
    vg_json_write_text(w, "result", word);
    vg_json_write_number(w, "error", result->verdict.worst);
    vg_json_write_number(w, "allowed", row->tolerance);
    vg_json_object_close(w);
}

static void case_show(struct check *c, const struct vg_kernel_case *row,
                      const struct vg_check_result *result)
{
    static const char *const words[] = {
        [VG_CHECK_GOOD] = "good", [VG_CHECK_WRONG] = "WRONG", [VG_CHECK_SKIPPED] = "skipped"};
    const struct vg_case_verdict *v = &result->verdict;
    c->good += result->outcome == VG_CHECK_GOOD;
    c->wrong += result->outcome == VG_CHECK_WRONG;
    c->skipped += result->outcome == VG_CHECK_SKIPPED;
    (void)printf("%-20s %-36s %-7s", vg_kernel_rows[row->kernel].name, row->name,
                 words[result->outcome]);
    if (result->outcome == VG_CHECK_WRONG)
        (void)printf(" %u words, %u guards, first at %zu: %g, not %g;", v->wrong, v->guards_broken,
                     v->first_word, (double)v->got, (double)v->want);
    (void)printf(" error %.2g of %.2g\n", v->worst, row->tolerance);
    case_json(c->json, row, words[result->outcome], result);
}

/* A kernel that the device's compiler refuses counts as failed; the others still run. */
static void case_fail(struct check *c, const struct vg_kernel_case *row,
                      const struct vg_fault *fault)
{
    const struct vg_check_result none = {.outcome = VG_CHECK_WRONG};
    char text[1024];
    c->failed++;
    vg_fault_text(fault, text, sizeof text);
    (void)printf("%-20s %-36s FAILED  %s\n", vg_kernel_rows[row->kernel].name, row->name, text);
    case_json(c->json, row, "FAILED", &none);
}

static void cases_run(struct check *c, const struct vg_device *device)
{
    struct vg_programs programs;
    const struct vg_kernel_case *row;
    vg_programs_init(&programs, device);
    for (size_t i = 0; (row = vg_kernel_case_at(i)) && c->failed < FAILURES_SHOWN; i++) {
        struct vg_check_result result;
        struct vg_fault fault = {0};
        if (row->scale > c->scale)
            continue;
        if (vg_kernel_check(&programs, row, SEED + i, &result, &fault))
            case_fail(c, row, &fault);
        else
            case_show(c, row, &result);
    }
    vg_programs_release(&programs);
}

static void check_run(struct check *c, const struct vg_device *device, FILE *out)
{
    struct vg_json_writer writer;
    (void)printf("%s, %s\n", device->info.name, device->info.driver);
    if (out) {
        c->json = &writer;
        vg_json_writer_init(&writer, out);
        vg_json_object_open(&writer, NULL);
        vg_json_write_text(&writer, "device", device->info.name);
        vg_json_write_text(&writer, "driver", device->info.driver);
        vg_json_array_open(&writer, "cases");
    }
    cases_run(c, device);
    (void)printf("%u good, %u wrong, %u skipped, %u failed\n", c->good, c->wrong, c->skipped,
                 c->failed);
    if (!out)
        return;
    vg_json_array_close(&writer);
    vg_json_write_integer(&writer, "good", c->good);
    vg_json_write_integer(&writer, "wrong", c->wrong);
    vg_json_write_integer(&writer, "skipped", c->skipped);
    vg_json_write_integer(&writer, "failed", c->failed);
    vg_json_object_close(&writer);
    (void)fputc('\n', out);
}

static int options_read(struct check *c, int argc, char **argv)
{
    for (int letter; (letter = getopt(argc, argv, "d:so:")) != -1;) {
        switch (letter) {
        case 'd':
            c->device = optarg;
            break;
        case 's':
            c->scale = VG_CASE_SMALL;
            break;
        case 'o':
            c->out = optarg;
            break;
        default:
            return EXIT_CALL;
        }
    }
    return optind == argc ? 0 : EXIT_CALL;
}

int main(int argc, char **argv)
{
    struct check c = {.scale = VG_CASE_FULL};
    struct vg_device device;
    struct vg_fault fault = {0};
    FILE *out = NULL;
    if (options_read(&c, argc, argv)) {
        (void)fprintf(stderr, "usage: engine_check [-d DEVICE] [-s] [-o FILE]\n");
        return EXIT_CALL;
    }
    (void)vg_text_init("en");
    const enum vg_status status = vg_device_open(&device, c.device, 0, &fault);
    if (status) {
        vg_fault_print(&fault);
        return vg_status_exit(status);
    }
    if (c.out && !(out = fopen(c.out, "w"))) {
        (void)fprintf(stderr, "engine_check: %s: %s\n", c.out, strerror(errno));
        vg_device_close(&device);
        return EXIT_CALL;
    }
    check_run(&c, &device, out);
    vg_device_close(&device);
    if (out && fclose(out))
        return EXIT_CALL;
    return c.wrong || c.failed || !c.good ? EXIT_WRONG : 0;
}
