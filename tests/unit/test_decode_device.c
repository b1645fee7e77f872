/* The machine's decoding devices: shared, balanced, barred for a while after a failure. The
 * devices stand for themselves: nothing is decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <libavutil/buffer.h>
#include <libavutil/hwcontext.h>
#include <libavutil/log.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/media/decode_device.h"

static struct vg_mono_time at(int64_t seconds)
{
    return (struct vg_mono_time){seconds * VG_US_PER_S};
}

static struct vg_decode_devices *machine(const char *const *names, size_t count)
{
    static const char *const none[] = {""};
    struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    struct vg_decode_devices *devices = NULL;
    settings.names = names ? names : none;
    settings.count = count;
    assert_int_equal(vg_decode_devices_open(&devices, &settings), VG_OK);
    return devices;
}

/* Not initialised, which is enough for what is tested here. */
static void add(struct vg_decode_devices *devices, enum AVHWDeviceType type, const char *name)
{
    AVBufferRef *context = av_hwdevice_ctx_alloc(type);
    assert_non_null(context);
    assert_int_equal(vg_decode_device_from(devices, context, name), VG_OK);
    av_buffer_unref(&context);
}

static struct vg_decode_device_about about(struct vg_decode_devices *devices, size_t index)
{
    struct vg_decode_device_about about;
    assert_int_equal(vg_decode_devices_about(devices, index, &about), VG_OK);
    return about;
}

static void the_least_used_comes_first(void **state)
{
    (void)state;
    struct vg_decode_devices *devices = machine(NULL, 0);
    struct vg_decode_device *taken[7] = {NULL};
    add(devices, AV_HWDEVICE_TYPE_VAAPI, "a");
    add(devices, AV_HWDEVICE_TYPE_VAAPI, "b");
    add(devices, AV_HWDEVICE_TYPE_VAAPI, "c");
    assert_true(vg_decode_devices_has(devices, VG_DECODE_VAAPI));
    assert_false(vg_decode_devices_has(devices, VG_DECODE_CUDA));
    assert_false(vg_decode_devices_has(NULL, VG_DECODE_VAAPI));
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(0), &taken[i]), VG_OK);
        assert_int_equal(vg_decode_device_name(taken[i])[0], "abcabca"[i]);
        assert_non_null(vg_decode_device_context(taken[i]));
    }
    vg_decode_device_give_back(&taken[4], VG_DECODE_DEVICE_FINE, at(0)); /* of b */
    assert_null(taken[4]);
    assert_int_equal(about(devices, 1).users, 1);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(0), &taken[4]), VG_OK);
    assert_string_equal(vg_decode_device_name(taken[4]), "b");
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_CUDA, at(0), &taken[0]),
                     VG_E_MISSING);
    assert_null(taken[0]);
    vg_decode_devices_close(&devices);
    assert_null(devices);
}

static void a_failed_one_is_barred(void **state)
{
    (void)state;
    struct vg_decode_devices *devices = machine(NULL, 0);
    struct vg_decode_device *one = NULL, *two = NULL;
    add(devices, AV_HWDEVICE_TYPE_VAAPI, "a");
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(0), &one), VG_OK);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(0), &two), VG_OK);
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FAILED, at(100));
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(109), &one), VG_E_DEVICE);
    assert_int_equal(vg_decode_devices_offer(devices, VG_DECODE_VAAPI, at(109)), VG_E_DEVICE);
    assert_int_equal(about(devices, 0).barred.us, at(110).us);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(110), &one), VG_OK);
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FAILED, at(200)); /* the second in a row */
    assert_int_equal(about(devices, 0).failures, 2);
    assert_int_equal(about(devices, 0).barred.us, at(220).us);
    vg_decode_device_trust(two);
    assert_int_equal(about(devices, 0).failures, 0);
    /* many fail with it: one failure */
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(220), &one), VG_OK);
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FAILED, at(250));
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(260), &one), VG_OK);
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FAILED, at(259));
    assert_int_equal(about(devices, 0).failures, 1);
    vg_decode_device_trust(two);
    vg_decode_device_give_back(&two, VG_DECODE_DEVICE_FAILED, at(300));
    assert_int_equal(about(devices, 0).barred.us, at(310).us);
    vg_decode_device_give_back(&two, VG_DECODE_DEVICE_FAILED, at(300)); /* nothing is taken */
    assert_int_equal(about(devices, 0).failures, 1);
    vg_decode_devices_close(&devices);
}

/* Names that stand for nothing: each is barred after one try, the others are tried. */
static void what_does_not_open_is_barred(void **state)
{
    (void)state;
    static const char *const names[] = {"/dev/dri/renderD998", "/dev/dri/renderD999"};
    struct vg_decode_devices *devices = machine(names, 2);
    struct vg_decode_device *device = NULL;
    struct vg_decode_device_about missing;
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(5), &device), VG_E_LACK);
    assert_null(device);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(about(devices, i).name, names[i]);
        assert_int_equal(about(devices, i).failures, 1);
        assert_int_equal(about(devices, i).users, 0);
        assert_false(about(devices, i).open);
        assert_int_equal(about(devices, i).barred.us, at(15).us);
    }
    assert_int_equal(vg_decode_devices_about(devices, 2, &missing), VG_E_MISSING);
    add(devices, AV_HWDEVICE_TYPE_VAAPI, "there");
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(15), &device), VG_OK);
    assert_string_equal(vg_decode_device_name(device), "there");
    vg_decode_device_give_back(&device, VG_DECODE_DEVICE_FINE, at(15));
    vg_decode_devices_close(&devices);
}

/* What failed under another one is told from what does not open, however it is asked for. */
static void the_reason_of_a_bar_is_told(void **state)
{
    (void)state;
    static const char *const names[] = {"/dev/dri/renderD999"};
    struct vg_decode_devices *devices = machine(names, 1);
    struct vg_decode_device *one = NULL;
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(100), &one), VG_E_LACK);
    assert_int_equal(vg_decode_devices_offer(devices, VG_DECODE_VAAPI, at(100)), VG_E_LACK);
    add(devices, AV_HWDEVICE_TYPE_VAAPI, "there");
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(100), &one), VG_OK);
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FAILED, at(101));
    assert_int_equal(vg_decode_devices_offer(devices, VG_DECODE_VAAPI, at(102)), VG_E_DEVICE);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(102), &one), VG_E_DEVICE);
    assert_null(one);
    /* the first is tried again, and does not open again; the second is barred still */
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(110), &one), VG_E_DEVICE);
    assert_int_equal(about(devices, 0).failures, 2);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(111), &one), VG_OK);
    assert_string_equal(vg_decode_device_name(one), "there");
    vg_decode_device_give_back(&one, VG_DECODE_DEVICE_FINE, at(111));
    vg_decode_devices_close(&devices);
}

/* Within a deadline. */
static enum vg_status settled_offer(struct vg_decode_devices *devices, int64_t seconds)
{
    const int64_t until_us = vg_mono_now().us + 10 * VG_US_PER_S;
    enum vg_status status = VG_E_STATE;
    while ((status = vg_decode_devices_offer(devices, VG_DECODE_VAAPI, at(seconds))) ==
               VG_E_STATE &&
           vg_mono_now().us < until_us)
        vg_pause_us(1000);
    return status;
}

/* The same, opened by threads of their own: nobody waits for them. */
static void what_does_not_open_beside_is_barred(void **state)
{
    (void)state;
    static const char *const names[] = {"/dev/dri/renderD998", "/dev/dri/renderD999"};
    struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    struct vg_decode_devices *devices = NULL;
    struct vg_decode_device *device = NULL;
    settings.names = names;
    settings.count = 2;
    settings.opening = VG_DECODE_OPEN_BESIDE;
    assert_int_equal(vg_decode_devices_open(&devices, &settings), VG_OK);
    assert_int_equal(vg_decode_devices_offer(devices, VG_DECODE_CUDA, at(5)), VG_E_MISSING);
    vg_decode_devices_warm(devices, at(5));
    assert_int_equal(settled_offer(devices, 5), VG_E_LACK);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(5), &device), VG_E_LACK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(about(devices, i).failures, 1);
        assert_int_equal(about(devices, i).barred.us, at(15).us);
    }
    assert_int_equal(vg_decode_devices_offer(devices, VG_DECODE_VAAPI, at(14)), VG_E_LACK);
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(15), &device), VG_E_STATE);
    assert_int_equal(settled_offer(devices, 15), VG_E_LACK);
    assert_int_equal(about(devices, 0).failures, 2);
    add(devices, AV_HWDEVICE_TYPE_VAAPI, "there");
    assert_int_equal(vg_decode_device_take(devices, VG_DECODE_VAAPI, at(16), &device), VG_OK);
    assert_string_equal(vg_decode_device_name(device), "there");
    vg_decode_device_give_back(&device, VG_DECODE_DEVICE_FINE, at(16));
    vg_decode_devices_close(&devices);
}

static void names_tell_the_kind(void **state)
{
    (void)state;
    static const char *const names[] = {
        "cuda:0",
        "a name that is longer than any device's, and therefore left out of the list, with a word"};
    struct vg_decode_devices *devices = machine(names, 2);
    assert_false(vg_decode_devices_has(devices, VG_DECODE_VAAPI));
    if (vg_decode_devices_has(devices, VG_DECODE_CUDA))
        assert_string_equal(about(devices, 0).name, "cuda:0");
    vg_decode_devices_close(&devices);
}

static void there_is_a_bound(void **state)
{
    (void)state;
    struct vg_decode_devices *devices = machine(NULL, 0);
    AVBufferRef *context = av_hwdevice_ctx_alloc(AV_HWDEVICE_TYPE_VAAPI);
    AVBufferRef *other = av_hwdevice_ctx_alloc(AV_HWDEVICE_TYPE_DRM);
    assert_int_equal(vg_decode_device_from(devices, other, "drm"), VG_E_CALL);
    for (size_t i = 0; i < VG_DECODE_DEVICES_MAX; i++)
        assert_int_equal(vg_decode_device_from(devices, context, "a"), VG_OK);
    assert_int_equal(vg_decode_device_from(devices, context, "a"), VG_E_FULL);
    av_buffer_unref(&context);
    av_buffer_unref(&other);
    vg_decode_devices_close(&devices);
}

static void memory_may_fail(void **state)
{
    (void)state;
    const struct vg_decode_devices_settings settings = vg_decode_devices_defaults();
    struct vg_decode_devices *devices = NULL;
    vg_alloc_fail_at(1);
    assert_int_equal(vg_decode_devices_open(&devices, &settings), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(devices);
    assert_int_equal(vg_decode_devices_open(&devices, &settings), VG_OK); /* what is found here */
    vg_decode_devices_close(&devices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_used_comes_first),
        cmocka_unit_test(a_failed_one_is_barred),
        cmocka_unit_test(what_does_not_open_is_barred),
        cmocka_unit_test(the_reason_of_a_bar_is_told),
        cmocka_unit_test(what_does_not_open_beside_is_barred),
        cmocka_unit_test(names_tell_the_kind),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test(memory_may_fail),
    };
    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests_name("decode_device", tests, NULL, NULL);
}
