/* A hardware device behind the decoder: every picture bit for bit what software makes of it, and
 * what a device costs that is not asked for a picture. By the test driver of tests/va. */
#if VG_HAS_VA
#include "tests/va_fixture.h"

#include "src/base/alloc.h"
#include "src/media/decode_device.h"
#include "src/media/decoder.h"

static struct stage *stage_of(void **state)
{
    return *state;
}

static void hardware_is_bit_exact(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const faults[] = {"", "noderive"};
    static struct shots got;
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < FILMS; i++) {
            AVBufferRef *device = va_device(faults[f]);
            film_decode(&stage->film[i], device, &got);
            same_shots(stage->film[i].name, &got, &stage->want[i]);
            av_buffer_unref(&device);
        }
}

/* The driver fails whenever a surface is waited for: nothing is noticed before a picture is
 * fetched. Surfaces are counted. */
static void what_is_not_wanted_is_not_fetched(void **state)
{
    struct stage *stage = stage_of(state);
    const struct film *film = &stage->film[0];
    AVBufferRef *device = va_device("sync=0");
    struct vg_decoder_settings settings = vg_decoder_defaults(film->codec);
    struct vg_decoder *decoder = NULL;
    struct vg_decoded decoded;
    size_t count = 0;
    settings.device = device;
    assert_int_equal(vg_decoder_open_with(&decoder, &settings, NULL), VG_OK);
    assert_int_equal(vg_decoder_way(decoder), VG_DECODER_UNTOLD);
    assert_int_equal(vg_decoder_surfaces(decoder).count, 0);
    for (size_t i = 0; i < film->count; i++) {
        assert_int_equal(vg_decoder_send_numbered(decoder, film->packet[i], (int64_t)i + 7), VG_OK);
        for (; vg_decoder_receive(decoder, &decoded) == VG_OK; count++) {
            assert_int_equal(decoded.number, count + 7); /* no B pictures here */
            assert_int_equal(decoded.arrival.us, 0);
            assert_int_equal(decoded.range, VG_RANGE_LIMITED);
        }
    }
    const struct vg_decoder_surfaces surfaces = vg_decoder_surfaces(decoder);
    assert_in_range(surfaces.count, 3, 40);
    assert_int_equal(surfaces.bytes, (uint64_t)surfaces.count * 128 * 96 * 3 / 2);
    assert_int_equal(vg_decoder_send(decoder, NULL, (struct vg_mono_time){0}), VG_OK);
    for (bool last = true; vg_decoder_receive(decoder, &decoded) == VG_OK; count++)
        if (last) { /* one alone is looked at */
            uint8_t *memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
            const struct vg_pixels pixels = shot_room(memory, &decoded);
            assert_int_equal(vg_decoder_convert(decoder, &pixels), VG_E_DEVICE);
            vg_free(memory);
            last = false;
        }
    assert_int_equal(count, film->count);
    vg_decoder_close(&decoder);
    av_buffer_unref(&device);
}

/* A device that does not take the stream: software, and it says so; nothing is lost. */
static void a_refusal_is_software(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const faults[] = {"nocodec", "config", "context", "surfaces=4"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct film *film = &stage->film[1];
        AVBufferRef *device = va_device(faults[i]);
        struct vg_decoder_settings settings = vg_decoder_defaults(film->codec);
        struct vg_decoder *decoder = NULL;
        struct vg_decoded decoded;
        size_t count = 0;
        settings.device = device;
        assert_int_equal(vg_decoder_open_with(&decoder, &settings, NULL), VG_OK);
        for (size_t k = 0; k <= film->count; k++) {
            const AVPacket *packet = k < film->count ? film->packet[k] : NULL;
            assert_int_equal(vg_decoder_send(decoder, packet, (struct vg_mono_time){1}), VG_OK);
            while (vg_decoder_receive(decoder, &decoded) == VG_OK)
                count++;
        }
        assert_int_equal(count, film->count);
        assert_int_equal(vg_decoder_way(decoder), VG_DECODER_REFUSED);
        assert_int_equal(vg_decoder_surfaces(decoder).count, 0);
        vg_decoder_close(&decoder);
        av_buffer_unref(&device);
    }
    assert_null(va_device("init"));
}

/* A codec that libavcodec decodes on no such device at all. */
static void an_unknown_codec_is_software(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const options[] = {"-c:v", "ffv1", NULL};
    struct film film;
    AVBufferRef *device = va_device("");
    struct vg_decoder *decoder = NULL;
    struct vg_decoded decoded;
    make_clip(&stage->folder, "ffv1.mkv", "testsrc2=s=64x48:r=5:d=1,format=yuv420p", options);
    film_read(&film, &stage->folder, "ffv1.mkv");
    struct vg_decoder_settings settings = vg_decoder_defaults(film.codec);
    settings.device = device;
    assert_int_equal(vg_decoder_open_with(&decoder, &settings, NULL), VG_OK);
    assert_int_equal(vg_decoder_way(decoder), VG_DECODER_REFUSED);
    assert_int_equal(vg_decoder_send(decoder, film.packet[0], (struct vg_mono_time){1}), VG_OK);
    assert_int_equal(vg_decoder_receive(decoder, &decoded), VG_OK);
    vg_decoder_rest(decoder);
    assert_int_equal(vg_decoder_send(decoder, film.packet[0], (struct vg_mono_time){1}),
                     VG_E_STATE);
    assert_int_equal(vg_decoder_receive(decoder, &decoded), VG_E_STATE);
    vg_decoder_close(&decoder);
    av_buffer_unref(&device);
    film_free(&film);
}

/* Key frames alone, in software and on the device: each at once, the same pictures; back to all
 * from the next key frame on. */
static void key_frames_alone(void **state)
{
    struct stage *stage = stage_of(state);
    for (size_t i = 0; i < FILMS * 2; i++) {
        const struct film *film = &stage->film[i / 2];
        const struct shots *want = &stage->want[i / 2];
        AVBufferRef *device = i % 2 ? va_device("") : NULL;
        struct vg_decoder_settings settings = vg_decoder_defaults(film->codec);
        struct vg_decoder *decoder = NULL;
        static struct shots got;
        uint8_t *memory = vg_alloc(vg_pixels_bytes(ROOM_WIDTH, ROOM_HEIGHT));
        size_t all = 0, match = 0;
        got.count = 0;
        settings.device = device;
        settings.pick = VG_DECODER_KEYS;
        assert_int_equal(vg_decoder_open_with(&decoder, &settings, NULL), VG_OK);
        for (size_t k = 0; k < film->count; k++) {
            const bool key = (film->packet[k]->flags & AV_PKT_FLAG_KEY) != 0;
            if (k == 30)
                vg_decoder_set_pick(decoder, VG_DECODER_ALL); /* from 50 on */
            all += k >= 50 ? 1 : 0;
            assert_int_equal(vg_decoder_send(decoder, film->packet[k], (struct vg_mono_time){1}),
                             key || all ? VG_OK : VG_E_FULL);
            decoder_take(decoder, memory, &got);
            if (k == 0)
                assert_int_equal(got.count, 1);
            if (k == 25)
                assert_int_equal(got.count, 2);
        }
        assert_int_equal(vg_decoder_send(decoder, NULL, (struct vg_mono_time){0}), VG_OK);
        decoder_take(decoder, memory, &got);
        for (size_t k = 0; k < want->count && match < got.count; k++)
            if (want->shot[k].stamp == got.shot[match].stamp) {
                if (want->shot[k].hash != got.shot[match].hash)
                    fail_msg("%s: key picture %zu differs", film->name, match);
                match++;
            }
        assert_int_equal(match, got.count);
        assert_in_range(got.count, 2 + 22, 2 + 25); /* of an open GOP the beginning is lost */
        vg_decoder_close(&decoder);
        av_buffer_unref(&device);
        vg_free(memory);
    }
}

/* Other sizes in mid-stream: new surfaces, no failure. */
static void sizes_may_change(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const options[] = {"-c:v", "libx264", "-g", "25", "-bf", "2", NULL};
    static uint8_t bytes[1 << 20];
    static struct shots want, got;
    struct film film;
    AVBufferRef *device = va_device("");
    make_clip(&stage->folder, "a.h264", "testsrc2=s=128x96:r=25:d=1,format=yuv420p", options);
    make_clip(&stage->folder, "b.h264", "testsrc2=s=176x144:r=25:d=1,format=yuv420p", options);
    size_t size = get_file(&stage->folder, "a.h264", bytes, sizeof bytes);
    size += get_file(&stage->folder, "b.h264", bytes + size, sizeof bytes - size);
    put_file(&stage->folder, "ab.h264", bytes, size);
    film_read(&film, &stage->folder, "ab.h264");
    film_decode(&film, NULL, &want);
    film_decode(&film, device, &got);
    assert_int_equal(want.count, 50);
    assert_int_equal(want.shot[49].width, 176);
    same_shots("sizes", &got, &want);
    av_buffer_unref(&device);
    film_free(&film);
}

/* H.265 goes the same way; the test driver makes it grey. */
static void h265_goes_the_same_way(void **state)
{
    struct stage *stage = stage_of(state);
    static const char *const options[] = {"-c:v", "libx265", "-x265-params", "log-level=none",
                                          NULL};
    struct film film;
    static struct shots got, want;
    AVBufferRef *device = va_device("");
    make_clip(&stage->folder, "h265.mp4", "testsrc2=s=128x96:r=10:d=1,format=yuv420p", options);
    film_read(&film, &stage->folder, "h265.mp4");
    film_decode(&film, NULL, &want);
    film_decode(&film, device, &got);
    assert_int_equal(got.count, want.count);
    for (size_t i = 0; i < got.count; i++) {
        assert_int_equal(got.shot[i].stamp, want.shot[i].stamp);
        assert_true(got.shot[i].hash == got.shot[0].hash);
    }
    av_buffer_unref(&device);
    film_free(&film);
}

/* By its name, as on a machine that has one. */
static void a_device_is_opened_by_name(void **state)
{
    struct stage *stage = stage_of(state);
    struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    struct vg_decode_devices *devices = NULL;
    struct vg_decode_device *one = NULL, *two = NULL;
    struct vg_decode_device_about about;
    static struct shots got;
    const char *names[1] = {stage->x.name};
    if (!x_start(&stage->x))
        skip();
    AVBufferRef *device = va_device(""); /* for the environment that it sets */
    av_buffer_unref(&device);
    settings.names = names;
    settings.count = 1;
    assert_int_equal(vg_decode_devices_open(&devices, &settings), VG_OK);
    const struct vg_mono_time now = {1};
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, now, &one), VG_OK);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, now, &two), VG_OK);
    assert_ptr_equal(vg_decode_device_context(one), vg_decode_device_context(two));
    film_decode(&stage->film[1], vg_decode_device_context(one), &got);
    same_shots("by name", &got, &stage->want[1]);
    /* a failed one is closed with its last user, and opened afresh */
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FAILED, now);
    assert_int_equal(vg_decode_devices_about(devices, 0, &about), VG_OK);
    assert_true(about.open);
    vg_decode_device_give_back(&two, VG_DECODE_DEVICE_FINE, now);
    assert_int_equal(vg_decode_devices_about(devices, 0, &about), VG_OK);
    assert_false(about.open);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, about.barred, &one), VG_OK);
    film_decode(&stage->film[1], vg_decode_device_context(one), &got);
    same_shots("by name", &got, &stage->want[1]);
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FINE, now);
    vg_decode_devices_close(&devices);
    x_stop(&stage->x);
}

static int set_up(void **state)
{
    static struct stage stage;
    stage_open(&stage);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hardware_is_bit_exact),
        cmocka_unit_test(what_is_not_wanted_is_not_fetched),
        cmocka_unit_test(a_refusal_is_software),
        cmocka_unit_test(an_unknown_codec_is_software),
        cmocka_unit_test(key_frames_alone),
        cmocka_unit_test(sizes_may_change),
        cmocka_unit_test(h265_goes_the_same_way),
        cmocka_unit_test(a_device_is_opened_by_name),
    };
    return cmocka_run_group_tests_name("decode_hw", tests, set_up, tear_down);
}
#else
#include <stdio.h>

int main(void)
{
    (void)puts("skipped: libva-dev is not installed");
    return 77;
}
#endif
