/* What the tests of hardware decoding share: a display without a window system behind which the
 * test driver stands (tests/va), clips read into memory, pictures told apart by a hash. All static,
 * so that a test includes what it needs. Wants libva's headers: VG_HAS_VA. */
#ifndef VG_TESTS_VA_FIXTURE_H
#define VG_TESTS_VA_FIXTURE_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_vaapi.h>
#include <signal.h>
#include <va/va.h>
#include <va/va_backend.h>

#include "tests/media_fixture.h"

#include "src/base/alloc.h"
#include "src/media/decode_device.h"
#include "src/media/decoder.h"

/* ---- a display made by hand, as libva's own front ends make theirs ---- */

static inline int display_is_valid(VADisplayContextP display)
{
    return display && display->vadpy_magic == VA_DISPLAY_MAGIC;
}

static inline void display_destroy(VADisplayContextP display)
{
    if (!display)
        return;
    free(display->pDriverContext->drm_state);
    free(display->pDriverContext);
    free(display);
}

static inline VAStatus display_count(VADisplayContextP display, int *count)
{
    (void)display;
    *count = 1;
    return VA_STATUS_SUCCESS;
}

static inline VAStatus display_name(VADisplayContextP display, char **name, int index)
{
    (void)display;
    (void)index;
    *name = strdup("vigietest");
    return VA_STATUS_SUCCESS;
}

static inline void display_terminate(AVHWDeviceContext *device)
{
    (void)vaTerminate(((AVVAAPIDeviceContext *)device->hwctx)->display);
}

/* A device whose driver has these faults; NULL: it does not open. */
static inline AVBufferRef *va_device(const char *faults)
{
    char drivers[512];
    int major = 0, minor = 0;
    vg_build_path("tests/va", drivers, sizeof drivers);
    (void)setenv("LIBVA_DRIVERS_PATH", drivers, 1);
    (void)setenv("LIBVA_DRIVER_NAME", "vigietest", 1);
    (void)setenv("LIBVA_MESSAGING_LEVEL", "0", 1);
    (void)setenv("VIGIE_TEST_VA", faults, 1);
    VADisplayContextP display = calloc(1, sizeof *display);
    VADriverContextP context = calloc(1, sizeof *context);
    assert_non_null(display);
    assert_non_null(context);
    display->vadpy_magic = VA_DISPLAY_MAGIC;
    display->pDriverContext = context;
    display->vaIsValid = display_is_valid;
    display->vaDestroy = display_destroy;
    display->vaGetNumCandidates = display_count;
    display->vaGetDriverNameByIndex = display_name;
    context->display_type = VA_DISPLAY_DRM_RENDERNODES;
    context->pDisplayContext = display;
    context->drm_state = calloc(1, 64);
    if (vaInitialize(display, &major, &minor) != VA_STATUS_SUCCESS) {
        (void)vaTerminate(display);
        return NULL;
    }
    AVBufferRef *device = av_hwdevice_ctx_alloc(AV_HWDEVICE_TYPE_VAAPI);
    assert_non_null(device);
    AVHWDeviceContext *inside = (AVHWDeviceContext *)(void *)device->data;
    ((AVVAAPIDeviceContext *)inside->hwctx)->display = display;
    inside->free = display_terminate;
    assert_true(av_hwdevice_ctx_init(device) >= 0);
    return device;
}

/* The devices of a machine that has this one alone. */
static inline struct vg_decode_devices *va_devices(const char *faults)
{
    static const char *const none[] = {""};
    struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    struct vg_decode_devices *devices = NULL;
    settings.names = none;
    settings.count = 0;
    settings.bar_us_min = settings.bar_us_max = 1;
    assert_int_equal(vg_decode_devices_open(&devices, &settings), VG_OK);
    AVBufferRef *device = va_device(faults);
    assert_non_null(device);
    assert_int_equal(vg_decode_device_from(devices, device, "test"), VG_OK);
    av_buffer_unref(&device);
    return devices;
}

/* ---- a device by its name: an X display, which asks nothing of the server but to be there ---- */

struct x_server {
    pid_t pid;
    char name[32];
};

/* 0: there is no Xvfb. Stopped by x_stop; the stage does so when a test fails. */
static inline int x_start(struct x_server *server)
{
    int out[2];
    char number[16] = "";
    size_t have = 0;
    /* -noreset: else it is away for a moment whenever its last client has gone */
    char words[6][32] = {"Xvfb", "-displayfd", "", "-nolisten", "tcp", "-noreset"};
    char *argv[7] = {words[0], words[1], words[2], words[3], words[4], words[5], NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe(out), 0);
    (void)snprintf(words[2], sizeof words[2], "%d", out[1]);
    (void)fcntl(out[0], F_SETFD, FD_CLOEXEC);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0), 0);
    const int error = posix_spawnp(&server->pid, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(out[1]);
    while (error == 0 && have < sizeof number - 1 && !strchr(number, '\n')) {
        const ssize_t got = read(out[0], number + have, sizeof number - 1 - have);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    (void)close(out[0]);
    (void)snprintf(server->name, sizeof server->name, ":%ld", strtol(number, NULL, 10));
    return error == 0 && have > 0;
}

static inline void x_stop(struct x_server *server)
{
    int status = 0;
    if (server->pid > 0) {
        (void)kill(server->pid, SIGTERM);
        (void)waitpid(server->pid, &status, 0);
    }
    server->pid = 0;
}

/* ---- clips ---- */

enum {
    CLIP_MAX = 400
};

struct film {
    const char *name;
    AVFormatContext *file;
    struct AVCodecParameters *codec; /* borrowed from the file */
    AVPacket *packet[CLIP_MAX];
    size_t count;
};

static inline void film_read(struct film *film, const struct media_folder *folder, const char *name)
{
    char path[512];
    AVPacket *packet = av_packet_alloc();
    *film = (struct film){.name = name};
    folder_file(folder, name, path, sizeof path);
    assert_true(avformat_open_input(&film->file, path, NULL, NULL) >= 0);
    assert_true(avformat_find_stream_info(film->file, NULL) >= 0);
    film->codec = film->file->streams[0]->codecpar;
    while (av_read_frame(film->file, packet) >= 0) {
        assert_true(film->count < CLIP_MAX);
        film->packet[film->count++] = av_packet_clone(packet);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    assert_true(film->count > 0);
}

static inline void film_free(struct film *film)
{
    for (size_t i = 0; i < film->count; i++)
        av_packet_free(&film->packet[i]);
    avformat_close_input(&film->file);
}

/* ---- pictures ---- */

struct shot {
    int64_t stamp;
    uint64_t hash; /* of all pixels; 0: not looked at */
    uint32_t width, height;
};

struct shots {
    struct shot shot[CLIP_MAX];
    size_t count;
};

static inline uint64_t hash_rows(uint64_t hash, const uint8_t *bytes, uint32_t stride,
                                 uint32_t rows, uint32_t width)
{
    for (uint32_t y = 0; y < rows; y++)
        for (uint32_t x = 0; x < width; x++)
            hash = (hash ^ bytes[(size_t)y * stride + x]) * UINT64_C(1099511628211);
    return hash;
}

static inline uint64_t hash_of(const struct vg_pixels *pixels)
{
    const uint64_t luma = hash_rows(UINT64_C(14695981039346656037), pixels->luma,
                                    pixels->luma_stride, pixels->height, pixels->width);
    return hash_rows(luma, pixels->chroma, pixels->chroma_stride, pixels->height / 2,
                     pixels->width);
}

#define ROOM_WIDTH  320
#define ROOM_HEIGHT 256

/* Enters a picture; `memory` has room for ROOM_WIDTH x ROOM_HEIGHT. */
static inline struct vg_pixels shot_room(uint8_t *memory, const struct vg_decoded *decoded)
{
    assert_in_range(decoded->width, 2, ROOM_WIDTH);
    assert_in_range(decoded->height, 2, ROOM_HEIGHT);
    return vg_pixels_over(memory, decoded->width & ~1u, decoded->height & ~1u);
}

static inline void shot_add(struct shots *shots, const struct vg_decoded *decoded, uint64_t hash)
{
    assert_true(shots->count < CLIP_MAX);
    shots->shot[shots->count++] = (struct shot){
        .stamp = decoded->stamp, .hash = hash, .width = decoded->width, .height = decoded->height};
}

static inline void decoder_take(struct vg_decoder *decoder, uint8_t *memory, struct shots *shots)
{
    struct vg_decoded decoded;
    enum vg_status status = VG_OK;
    while ((status = vg_decoder_receive(decoder, &decoded)) == VG_OK) {
        const struct vg_pixels pixels = shot_room(memory, &decoded);
        assert_int_equal(vg_decoder_convert(decoder, &pixels), VG_OK);
        shot_add(shots, &decoded, hash_of(&pixels));
    }
    assert_int_equal(status, VG_E_END);
}

/* All of a film by one decoder; device NULL: software. */
static inline void film_decode(const struct film *film, AVBufferRef *device, struct shots *shots)
{
    struct vg_decoder_settings settings = vg_decoder_defaults(film->codec);
    struct vg_decoder *decoder = NULL;
    uint8_t *memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
    settings.device = device;
    shots->count = 0;
    assert_int_equal(vg_decoder_open_with(&decoder, &settings, NULL), VG_OK);
    for (size_t i = 0; i < film->count; i++) {
        const struct vg_mono_time arrival = {(int64_t)i};
        assert_int_equal(vg_decoder_send(decoder, film->packet[i], arrival), VG_OK);
        decoder_take(decoder, memory, shots);
    }
    assert_int_equal(vg_decoder_way(decoder), device ? VG_DECODER_DEVICE : VG_DECODER_SOFTWARE);
    assert_int_equal(vg_decoder_send(decoder, NULL, (struct vg_mono_time){0}), VG_OK);
    decoder_take(decoder, memory, shots);
    vg_decoder_close(&decoder);
    vg_free(memory);
}

static inline void same_shots(const char *what, const struct shots *got, const struct shots *want)
{
    if (got->count != want->count)
        fail_msg("%s: %zu pictures, expected %zu", what, got->count, want->count);
    for (size_t i = 0; i < got->count; i++) {
        const struct shot *g = &got->shot[i], *w = &want->shot[i];
        if (g->stamp != w->stamp || g->width != w->width || g->height != w->height)
            fail_msg("%s: picture %zu has another stamp or size", what, i);
        if (g->hash && g->hash != w->hash)
            fail_msg("%s: picture %zu differs", what, i);
    }
}

/* ---- the clips of these tests: three seconds, a key frame every 25 pictures ---- */

static const struct film_row {
    const char *name, *size;
    const char *options[12];
} film_rows[] = {
    {"plain.mp4", "128x96", {"-bf", "0"}},
    {"three_b.mp4", "128x96", {"-bf", "3", "-refs", "4", "-x264-params", "b-adapt=0"}},
    {"pyramid.mp4", "128x96", {"-bf", "7", "-x264-params", "b-pyramid=normal:b-adapt=0"}},
    {"open_gop.mp4", "128x96", {"-bf", "3", "-x264-params", "open-gop=1:b-adapt=0"}},
    {"interlaced.mp4", "128x96", {"-bf", "2", "-flags", "+ilme+ildct"}},
    {"slices.mp4", "128x96", {"-profile:v", "baseline", "-slices", "4"}},
    {"matrix.mp4", "128x96", {"-bf", "2", "-x264-params", "cqm=jvt:weightp=2"}},
    {"cropped.mp4", "150x86", {"-bf", "2"}},
};
enum {
    FILMS = sizeof film_rows / sizeof *film_rows
};

struct stage {
    struct media_folder folder;
    struct x_server x;
    struct film film[FILMS];
    struct shots want[FILMS]; /* as software decodes them */
};

static inline void stage_open(struct stage *stage)
{
    folder_open(&stage->folder);
    av_log_set_level(AV_LOG_QUIET);
    for (size_t i = 0; i < FILMS; i++) {
        const struct film_row *row = &film_rows[i];
        const char *options[20] = {"-c:v",          "libx264", "-g",       "25",
                                   "-sc_threshold", "0",       "-threads", "1"};
        char source[128];
        size_t n = 8;
        for (size_t k = 0; row->options[k]; k++)
            options[n++] = row->options[k];
        (void)snprintf(source, sizeof source,
                       "testsrc2=s=%s:r=25:d=3,noise=alls=9:allf=t,format=yuv420p", row->size);
        make_clip(&stage->folder, row->name, source, options);
        film_read(&stage->film[i], &stage->folder, row->name);
        film_decode(&stage->film[i], NULL, &stage->want[i]);
        assert_int_equal(stage->film[i].count, 75);
        assert_int_equal(stage->want[i].count, 75);
    }
}

static inline void stage_close(struct stage *stage)
{
    x_stop(&stage->x);
    for (size_t i = 0; i < FILMS; i++)
        film_free(&stage->film[i]);
    folder_close(&stage->folder);
}

#endif
