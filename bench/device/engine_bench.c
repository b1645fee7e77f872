/* engine_bench -m MODEL.vgm [-d DEVICE] [-z WxH] [-b 1,2,4] [-t SECONDS] [-r RUNS] [-p] [-u]
 *              [-l LANE] [-f PRECISION] [-o FILE]
 * What a device does with a net, by batch: the whole way of a picture (upload, preparation, net,
 * boxes) and the net alone: pictures a second, median and p99 of a batch, joules a picture where
 * NVML says them. -p: steps of the largest batch too. -u: the fastest kernels are looked for first,
 * for each batch. -l: another lane than the device's own (cpu, any, nvidia, amd, intel; nvidia is
 * without the matrix instruction then); -f: f32 or f16. FILE gets it all as JSON.
 * Pictures are noise of 704x576. Needs no other library than OpenCL's loader. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/device_peak.h"
#include "bench/profile_json.h"
#include "bench/profile_text.h"
#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/json_write.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/energy/nvml.h"
#include "src/engine/device.h"
#include "src/engine/device_lane.h"
#include "src/engine/engine.h"
#include "src/engine/tune_file.h"
#include "src/engine/tuner.h"

enum {
    BATCHES_MAX = 16,
    RUNS_MAX = 100000,
    WARM_UP = 5,
    PICTURE_WIDTH = 704,
    PICTURE_HEIGHT = 576,
    PICTURES = 4, /* different ones; a batch repeats them */
    ENERGY_EVERY_US = 50000,
    EXIT_CALL = 2
};

struct bench {
    const char *model_name, *device_word, *out_name;
    uint32_t width, height, runs_least, batch_count, batch[BATCHES_MAX];
    double seconds;
    enum {
        STEPS_UNASKED,
        STEPS_ASKED
    } steps;
    enum {
        TUNE_NOT,
        TUNE_FIRST
    } tuning;
    enum vg_engine_precision precision;
    const char *lane_text; /* NULL: the device's own */
    struct vg_lane_settings lane;
    struct vg_tune tune; /* of the batch in work */
    struct vg_model *model;
    struct vg_nvml *nvml; /* NULL: energy is not measured */
    char energy_lack[512];
    uint8_t *pixels;
    struct vg_picture picture[PICTURES];
    struct vg_job job[VG_BATCH_MAX];
    struct vg_answer *answer;
    double *ms; /* RUNS_MAX */
    struct vg_json_writer *json;
};

enum way {
    WAY_WHOLE,
    WAY_NET
};

struct figures {
    uint32_t runs;
    double median_ms, least_ms, p99_ms, pictures_per_s, j_per_picture; /* below 0: not measured */
};

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double quantile(const double *sorted, uint32_t count, double share)
{
    const double rank = ceil(share * count);
    return sorted[rank < 1 ? 0 : (uint32_t)rank - 1];
}

static enum vg_status once(struct bench *b, struct vg_engine *engine, enum way way, uint32_t batch,
                           struct vg_fault *fault)
{
    return way == WAY_WHOLE ? vg_engine_run(engine, b->job, batch, b->answer, fault)
                            : vg_engine_infer(engine, batch, fault);
}

static enum vg_status energy_read(const struct bench *b, double *joules, struct vg_fault *fault)
{
    *joules = 0;
    return b->nvml ? vg_nvml_joules(b->nvml, joules, fault) : VG_OK;
}

/* Runs until both time and number are reached. */
static enum vg_status way_time(struct bench *b, struct vg_engine *engine, enum way way,
                               uint32_t batch, struct figures *f, struct vg_fault *fault)
{
    double before = 0, after = 0;
    enum vg_status status = VG_OK;
    memset(f, 0, sizeof *f);
    for (int i = 0; i < WARM_UP && !status; i++)
        status = once(b, engine, way, batch, fault);
    if (!status)
        status = energy_read(b, &before, fault);
    const struct vg_mono_time start = vg_mono_now();
    struct vg_mono_time last = start, energy_last = start;
    while (!status && f->runs < RUNS_MAX &&
           (f->runs < b->runs_least || (double)(last.us - start.us) < 1e6 * b->seconds)) {
        status = once(b, engine, way, batch, fault);
        const struct vg_mono_time now = vg_mono_now();
        b->ms[f->runs++] = (double)(now.us - last.us) / 1000;
        last = now;
        if (!status && now.us - energy_last.us > ENERGY_EVERY_US) {
            status = energy_read(b, &after, fault);
            energy_last = now;
        }
    }
    if (!status)
        status = energy_read(b, &after, fault);
    if (status)
        return status;
    const double pictures = (double)f->runs * batch;
    f->pictures_per_s = pictures / (1e-6 * (double)(last.us - start.us));
    f->j_per_picture = b->nvml ? (after - before) / pictures : -1;
    qsort(b->ms, f->runs, sizeof *b->ms, by_value);
    f->median_ms = quantile(b->ms, f->runs, 0.5);
    f->least_ms = b->ms[0];
    f->p99_ms = quantile(b->ms, f->runs, 0.99);
    return VG_OK;
}

static void figures_show(const struct bench *b, const struct vg_engine *engine, const char *way,
                         uint32_t batch, const struct figures *f)
{
    (void)printf("%-6s %5u %8.1f %10.3f %10.3f %10.3f ", way, batch, f->pictures_per_s,
                 f->median_ms, f->least_ms, f->p99_ms);
    if (f->j_per_picture >= 0)
        (void)printf("%10.5f", f->j_per_picture);
    else
        (void)printf("%10s", "-");
    (void)printf("  %s %s%s\n", vg_engine_lane(engine), vg_engine_precision(engine),
                 b->tuning == TUNE_FIRST ? ", tuned" : "");
    (void)fflush(stdout);
    if (!b->json)
        return;
    vg_json_write_break(b->json);
    vg_json_object_open(b->json, NULL);
    vg_json_write_text(b->json, "way", way);
    vg_json_write_text(b->json, "lane", vg_engine_lane(engine));
    vg_json_write_text(b->json, "precision", vg_engine_precision(engine));
    vg_json_write_text(b->json, "kernels", b->tuning == TUNE_FIRST ? "tuned" : "table");
    vg_json_write_text(b->json, "plan", vg_engine_plan_hash(engine));
    vg_json_write_integer(b->json, "batch", batch);
    vg_json_write_integer(b->json, "runs", f->runs);
    vg_json_write_number(b->json, "pictures_per_s", f->pictures_per_s);
    vg_json_write_number(b->json, "median_ms", f->median_ms);
    vg_json_write_number(b->json, "least_ms", f->least_ms);
    vg_json_write_number(b->json, "p99_ms", f->p99_ms);
    if (f->j_per_picture >= 0)
        vg_json_write_number(b->json, "j_per_picture", f->j_per_picture);
    else
        vg_json_write_null(b->json, "j_per_picture");
    vg_json_object_close(b->json);
}

static enum vg_status engine_make(const struct bench *b, uint32_t batch,
                                  enum vg_engine_launches launches, struct vg_engine **engine,
                                  struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.device = b->device_word;
    settings.width = b->width;
    settings.height = b->height;
    settings.batch_max = batch;
    settings.launches = launches;
    settings.precision = b->precision;
    settings.lane = b->lane_text ? &b->lane : NULL;
    settings.tune = b->tuning == TUNE_FIRST ? &b->tune : NULL;
    settings.picture_width_max = PICTURE_WIDTH;
    settings.picture_height_max = PICTURE_HEIGHT;
    return vg_engine_open(engine, b->model, &settings, fault);
}

/* The fastest kernels for this batch, in place of those of the last. */
static enum vg_status batch_tune(struct bench *b, uint32_t batch, struct vg_fault *fault)
{
    struct vg_tuner_settings settings = vg_tuner_defaults();
    struct vg_tuner_report report;
    if (b->tuning == TUNE_NOT)
        return VG_OK;
    settings.device = b->device_word;
    settings.width = b->width;
    settings.height = b->height;
    settings.batch = batch;
    return vg_tuner_run(b->model, &settings, &b->tune, &report, fault);
}

static enum vg_status batch_time(struct bench *b, uint32_t batch, struct vg_fault *fault)
{
    struct vg_engine *engine = NULL;
    struct figures figures;
    enum vg_status status = batch_tune(b, batch, fault);
    if (!status)
        status = engine_make(b, batch, VG_LAUNCHES_FEW, &engine, fault);
    if (!status)
        status = way_time(b, engine, WAY_WHOLE, batch, &figures, fault);
    if (!status)
        figures_show(b, engine, "whole", batch, &figures);
    if (!status)
        status = way_time(b, engine, WAY_NET, batch, &figures, fault);
    if (!status)
        figures_show(b, engine, "net", batch, &figures);
    vg_engine_close(&engine);
    return status;
}

static enum vg_status steps_time(struct bench *b, const struct vg_device_peak *peak,
                                 struct vg_fault *fault)
{
    struct vg_engine *engine = NULL;
    struct vg_profile profile = {.runs = 0};
    const uint32_t batch = b->batch[b->batch_count - 1];
    enum vg_status status = engine_make(b, batch, VG_LAUNCHES_EACH_STEP, &engine, fault);
    if (!status)
        status = vg_engine_run(engine, b->job, batch, b->answer, fault);
    if (!status)
        status = vg_engine_profile(engine, b->runs_least, &profile, fault);
    if (!status) {
        struct vg_profile_heading heading = {.model = b->model->name,
                                             .precision = vg_engine_precision(engine),
                                             .device = vg_engine_device_name(engine),
                                             .threads = vg_engine_compute_units(engine)};
        vg_engine_input_size(engine, &heading.width, &heading.height);
        profile.peak_gflop_s = peak->gflop_s;
        profile.peak_gbyte_s = peak->gbyte_s;
        status = vg_profile_text(&profile, &heading, VG_PROFILE_BY_TIME, stdout, fault);
        if (b->json) {
            vg_json_object_open(b->json, "profile");
            vg_profile_json_heading(&heading, batch, b->json);
            vg_profile_json(&profile, b->json);
            vg_json_object_close(b->json);
        }
    }
    vg_profile_release(&profile);
    vg_engine_close(&engine);
    return status;
}

/* Noise on a slope: what a camera gives is neither flat nor white. */
static enum vg_status pictures_make(struct bench *b, struct vg_fault *fault)
{
    const size_t luma = (size_t)PICTURE_WIDTH * PICTURE_HEIGHT, bytes = luma + luma / 2;
    struct vg_random random;
    vg_random_seed(&random, 1);
    b->pixels = vg_alloc_array(PICTURES, bytes);
    b->ms = vg_alloc_array(RUNS_MAX, sizeof *b->ms);
    b->answer = vg_alloc_array(VG_BATCH_MAX, sizeof *b->answer);
    if (!b->pixels || !b->ms || !b->answer)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "engine_bench");
    for (size_t i = 0; i < PICTURES * bytes; i++)
        b->pixels[i] = (uint8_t)(64 + i / PICTURE_WIDTH % 64 + vg_random_below(&random, 64));
    for (uint32_t i = 0; i < PICTURES; i++)
        b->picture[i] = (struct vg_picture){.luma = b->pixels + i * bytes,
                                            .chroma = b->pixels + i * bytes + luma,
                                            .width = PICTURE_WIDTH,
                                            .height = PICTURE_HEIGHT,
                                            .luma_stride = PICTURE_WIDTH,
                                            .chroma_stride = PICTURE_WIDTH};
    for (uint32_t i = 0; i < VG_BATCH_MAX; i++)
        b->job[i] = (struct vg_job){.picture = &b->picture[i % PICTURES],
                                    .threshold = b->model->threshold,
                                    .nms = b->model->nms};
    return VG_OK;
}

/* The PCI address of an NVIDIA device by cl_nv_device_attribute_query; "" if it does not say. Where
 * NVML does not know it, the only board is taken. */
static void pci_of(cl_device_id id, char *pci, size_t size)
{
    enum {
        BUS = 0x4008,
        SLOT = 0x4009,
        DOMAIN = 0x400a
    };
    cl_uint bus = 0, slot = 0, domain = 0;
    pci[0] = 0;
    if (clGetDeviceInfo(id, BUS, sizeof bus, &bus, NULL) != CL_SUCCESS ||
        clGetDeviceInfo(id, SLOT, sizeof slot, &slot, NULL) != CL_SUCCESS)
        return;
    if (clGetDeviceInfo(id, DOMAIN, sizeof domain, &domain, NULL) != CL_SUCCESS)
        domain = 0;
    (void)snprintf(pci, size, "%08x:%02x:%02x.0", domain, bus, slot);
}

static void energy_open(struct bench *b, const struct vg_device_info *device)
{
    char pci[32];
    struct vg_fault fault = {0};
    if (device->kind != VG_DEVICE_GPU) {
        (void)snprintf(b->energy_lack, sizeof b->energy_lack, "the device is not a GPU");
        return;
    }
    pci_of(device->id, pci, sizeof pci);
    if (!vg_nvml_open(&b->nvml, NULL, pci[0] ? pci : NULL, &fault) ||
        !vg_nvml_open(&b->nvml, NULL, NULL, &fault))
        return;
    vg_fault_text(&fault, b->energy_lack, sizeof b->energy_lack);
}

static void heading_show(struct bench *b, const struct vg_device_info *d,
                         const struct vg_device_peak *peak)
{
    static const char *const sources[] = {
        [VG_NVML_COUNTER] = "NVML energy counter", [VG_NVML_POWER] = "NVML power, summed"};
    const char *energy = b->nvml ? sources[vg_nvml_source(b->nvml)] : "not measured";
    const uint32_t width = b->width ? b->width : b->model->input_width;
    const uint32_t height = b->height ? b->height : b->model->input_height;
    (void)printf(
        "%s, %s, %u compute units\n%s %ux%u; peak %.0f GFLOP/s, %.1f GB/s; energy: %s%s%s\n",
        d->name, d->driver, d->compute_units, b->model->name, width, height, peak->gflop_s,
        peak->gbyte_s, energy, b->nvml ? "" : ": ", b->energy_lack);
    (void)printf("%-6s %5s %8s %10s %10s %10s %10s  %s\n", "way", "batch", "pict./s", "median ms",
                 "least ms", "p99 ms", "J/picture", "lane");
    if (!b->json)
        return;
    char size[32];
    (void)snprintf(size, sizeof size, "%ux%u", width, height);
    vg_json_write_text(b->json, "device", d->name);
    vg_json_write_text(b->json, "driver", d->driver);
    vg_json_write_integer(b->json, "compute_units", d->compute_units);
    vg_json_write_text(b->json, "model", b->model->name);
    vg_json_write_text(b->json, "size", size);
    vg_json_write_text(b->json, "picture", "704x576");
    vg_json_write_number(b->json, "peak_gflop_per_s", peak->gflop_s);
    vg_json_write_number(b->json, "peak_gbyte_per_s", peak->gbyte_s);
    vg_json_write_text(b->json, "energy", energy);
    if (!b->nvml)
        vg_json_write_text(b->json, "energy_lack", b->energy_lack);
    vg_json_array_open(b->json, "batches");
}

static enum vg_status device_look(struct bench *b, struct vg_device_info *info,
                                  struct vg_device_peak *peak, struct vg_fault *fault)
{
    struct vg_device device;
    enum vg_status status = vg_device_open(&device, b->device_word, 0, fault);
    if (status)
        return status;
    *info = device.info;
    status = vg_device_peak_measure(&device, 300, peak, fault);
    vg_device_close(&device);
    return status;
}

static enum vg_status bench_run(struct bench *b, struct vg_fault *fault)
{
    struct vg_device_info info;
    struct vg_device_peak peak = {.gflop_s = 0};
    enum vg_status status = vg_model_find(b->model_name, &b->model, fault);
    if (!status)
        status = pictures_make(b, fault);
    if (!status)
        status = device_look(b, &info, &peak, fault);
    if (status)
        return status;
    vg_tune_init(&b->tune, info.name, info.driver);
    energy_open(b, &info);
    heading_show(b, &info, &peak);
    for (uint32_t i = 0; i < b->batch_count && !status; i++)
        status = batch_time(b, b->batch[i], fault);
    if (b->json)
        vg_json_array_close(b->json);
    if (!status && b->steps == STEPS_ASKED)
        status = steps_time(b, &peak, fault);
    return status;
}

/* ------------------------------------------------------------ the call */

static int batches_read(struct bench *b, const char *text)
{
    b->batch_count = 0;
    while (b->batch_count < BATCHES_MAX) {
        char *end = NULL;
        const unsigned long n = strtoul(text, &end, 10);
        if (end == text || n < 1 || n > VG_BATCH_MAX)
            return -1;
        b->batch[b->batch_count++] = (uint32_t)n;
        if (!*end)
            return 0;
        if (*end != ',')
            return -1;
        text = end + 1;
    }
    return -1;
}

static int option_read(struct bench *b, int letter, const char *text)
{
    int used = 0;
    switch (letter) {
    case 'm':
        b->model_name = text;
        return 0;
    case 'd':
        b->device_word = text;
        return 0;
    case 'o':
        b->out_name = text;
        return 0;
    case 'p':
        b->steps = STEPS_ASKED;
        return 0;
    case 'u':
        b->tuning = TUNE_FIRST;
        return 0;
    case 'l':
        b->lane_text = text;
        return vg_lane_read(text, &b->lane) ? 0 : -1;
    case 'f':
        b->precision = strcmp(text, "f16") == 0 ? VG_ENGINE_F16 : VG_ENGINE_F32;
        return b->precision == VG_ENGINE_F16 || strcmp(text, "f32") == 0 ? 0 : -1;
    case 'b':
        return batches_read(b, text);
    case 'z':
        return sscanf(text, "%5ux%5u%n", &b->width, &b->height, &used) == 2 && !text[used] ? 0 : -1;
    case 't':
        return sscanf(text, "%7lf%n", &b->seconds, &used) == 1 && !text[used] ? 0 : -1;
    case 'r':
        return sscanf(text, "%6u%n", &b->runs_least, &used) == 1 && !text[used] &&
                       b->runs_least >= 1 && b->runs_least <= RUNS_MAX
                   ? 0
                   : -1;
    default:
        return -1;
    }
}

static int options_read(struct bench *b, int argc, char **argv)
{
    for (int letter; (letter = getopt(argc, argv, "m:d:o:pb:z:t:r:ul:f:")) != -1;)
        if (option_read(b, letter, optarg))
            return -1;
    const int tunable = !b->lane_text && b->precision == VG_ENGINE_AUTO; /* as the tuner runs it */
    return optind == argc && b->model_name && (tunable || b->tuning == TUNE_NOT) ? 0 : -1;
}

static void bench_release(struct bench *b)
{
    vg_nvml_close(&b->nvml);
    vg_model_close(&b->model);
    vg_free(b->pixels);
    vg_free(b->ms);
    vg_free(b->answer);
    vg_tune_release(&b->tune);
}

int main(int argc, char **argv)
{
    struct bench b = {.seconds = 2, .runs_least = 30};
    struct vg_json_writer writer;
    struct vg_fault fault = {0};
    FILE *out = NULL;
    if (batches_read(&b, "1,2,4,8,16,32,64") || options_read(&b, argc, argv) ||
        (b.out_name && !(out = fopen(b.out_name, "w")))) {
        (void)fprintf(stderr,
                      "usage: engine_bench -m MODEL.vgm [-d DEVICE] [-z WxH] [-b 1,2,4] "
                      "[-t SECONDS] [-r RUNS] [-p] [-u | -l LANE -f PRECISION] [-o FILE]\n");
        return EXIT_CALL;
    }
    (void)vg_text_init("en");
    if (out) {
        vg_json_writer_init(&writer, out);
        b.json = &writer;
        vg_json_object_open(&writer, NULL);
    }
    const enum vg_status status = bench_run(&b, &fault);
    if (status)
        vg_fault_print(&fault);
    if (out) {
        char text[1024];
        vg_fault_text(&fault, text, sizeof text);
        if (status)
            vg_json_write_text(&writer, "failed", text);
        vg_json_object_close(&writer);
        (void)fputc('\n', out);
        if (fclose(out))
            return EXIT_CALL;
    }
    bench_release(&b);
    return vg_status_exit(status);
}
