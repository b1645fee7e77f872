/* The site's settings: what is read is written, what is refused is named; and what they say of a
 * source: E130, a camera that is not declared is refused, and E115, so is clear video where the
 * site requires encryption, or where nobody agreed to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "src/base/site_settings.h"

static const char full[] =
    "{\"sources\":[{\"host\":\"vms.example.org\",\"ports\":[554,322]},{\"host\":\"10.1.0.0/24\","
    "\"ports\":[]},{\"host\":\"239.1.0.0/16\",\"ports\":[]},{\"host\":\"127.0.0.1\",\"ports\":[]}],"
    "\"encryption_required\":true,\"interface\":\"eth1\",\"client_ports\":[50000,50399],"
    "\"ca_pem\":\"-----BEGIN\\n\",\"client_certificate_pem\":\"x\\r\\n\",\"stagger_ms\":70,"
    "\"decode\":{\"devices\":[\"/dev/dri/renderD128\",\"/dev/dri/renderD129\"],\"cores\":2.5},"
    "\"listen\":[{\"host\":\"192.0.2.1\",\"ports\":[8554,5004]}]}";

static enum vg_status read_text(const char *text, struct vg_site_settings *settings,
                                struct vg_fault *fault)
{
    json_t *root = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    const enum vg_status status = vg_site_settings_read(root, settings, fault);
    json_decref(root);
    return status;
}

static int make(void **state)
{
    *state = calloc(1, sizeof(struct vg_site_settings));
    vg_site_settings_init(*state);
    return 0;
}

static int drop(void **state)
{
    free(*state);
    return 0;
}

static void settings_are_read_and_written(void **state)
{
    struct vg_site_settings *settings = *state;
    assert_int_equal(settings->stagger_ms, 50);
    assert_int_equal(settings->sources.count, 0);
    assert_int_equal(read_text(full, settings, NULL), VG_OK);
    assert_int_equal(settings->sources.count, 4);
    assert_int_equal(settings->port_first, 50000);
    assert_int_equal(settings->port_last, 50399);
    assert_true(settings->decode_cores * 2 > 4.9 && settings->decode_cores * 2 < 5.1);
    assert_string_equal(settings->decode_device[1], "/dev/dri/renderD129");
    json_t *want = json_loads(full, 0, NULL), *got = vg_site_settings_json(settings);
    assert_true(json_equal(want, got));
    json_decref(want);
    json_decref(got);
    /* what is not named stays, what is named is replaced */
    assert_int_equal(read_text("{\"client_ports\":null,\"listen\":[],\"other\":1}", settings, NULL),
                     VG_OK);
    assert_int_equal(settings->port_first, 0);
    assert_int_equal(settings->listen.count, 0);
    assert_int_equal(settings->sources.count, 4);
    assert_true(settings->encryption_required);
    assert_int_equal(vg_site_settings_read(NULL, settings, NULL), VG_OK);
    assert_int_equal(settings->sources.count, 4);
}

static void bad_settings_are_named(void **state)
{
    static const struct {
        const char *text, *place;
    } rows[] = {
        {"[]", ""},
        {"{\"sources\":{}}", "/sources"},
        {"{\"sources\":[{\"host\":\"a\"},{\"host\":\"\"}]}", "/sources/1/host"},
        {"{\"listen\":[{\"host\":\"a\",\"ports\":[70000]}]}", "/listen/0/ports"},
        {"{\"encryption_required\":1}", "/encryption_required"},
        {"{\"interface\":7}", "/interface"},
        {"{\"interface\":\"eth1; x\"}", "/interface"},
        {"{\"interface\":\"eth1\\u0000\"}", "/interface"},
        {"{\"client_ports\":50000}", "/client_ports"},
        {"{\"client_ports\":[50000]}", "/client_ports"},
        {"{\"client_ports\":[50000,50001,50002]}", "/client_ports"},
        {"{\"client_ports\":[1000,2000]}", "/client_ports"},
        {"{\"client_ports\":[50000,65536]}", "/client_ports"},
        {"{\"client_ports\":[50000,50000]}", "/client_ports"},
        {"{\"client_ports\":[50001,50002]}", "/client_ports"}, /* no even one with the next */
        {"{\"client_ports\":[50010,50000]}", "/client_ports"},
        {"{\"ca_pem\":\"\\u0001\"}", "/ca_pem"},
        {"{\"client_certificate_pem\":null}", "/client_certificate_pem"},
        {"{\"stagger_ms\":-1}", "/stagger_ms"},
        {"{\"stagger_ms\":10001}", "/stagger_ms"},
        {"{\"stagger_ms\":1.5}", "/stagger_ms"},
        {"{\"decode\":[]}", "/decode"},
        {"{\"decode\":{\"cores\":1025}}", "/decode/cores"},
        {"{\"decode\":{\"cores\":-0.1}}", "/decode/cores"},
        {"{\"decode\":{\"cores\":\"2\"}}", "/decode/cores"},
        {"{\"decode\":{\"devices\":\"a\"}}", "/decode/devices"},
        {"{\"decode\":{\"devices\":[\"\"]}}", "/decode/devices"},
        {"{\"decode\":{\"devices\":[\"/dev/../etc\"]}}", "/decode/devices"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_fault fault = {0};
        vg_site_settings_init(*state);
        if (read_text(rows[i].text, *state, &fault) != VG_E_INPUT ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("%s: %s", rows[i].text, fault.place);
    }
    struct vg_site_settings *settings = *state;
    assert_int_equal(read_text("{\"client_ports\":[50001,50003]}", settings, NULL), VG_OK);
}

static void sources_are_judged(void **state)
{
    static const struct {
        const char *url;
        enum vg_site_verdict open, agreed, required; /* unsaid; accepted; encryption required */
    } rows[] = {
        {"/srv/a.avi", VG_SITE_ADMITS, VG_SITE_ADMITS, VG_SITE_ADMITS},
        {"folder:/srv", VG_SITE_ADMITS, VG_SITE_ADMITS, VG_SITE_ADMITS},
        {"rtsps://vms.example.org/1", VG_SITE_ADMITS, VG_SITE_ADMITS, VG_SITE_ADMITS},
        {"rtsp://VMS.example.org/1", VG_SITE_CLEAR_NOT_ACCEPTED, VG_SITE_ADMITS,
         VG_SITE_ENCRYPTION_REQUIRED},
        {"rtsp://vms.example.org:8554/1", VG_SITE_HOST_NOT_DECLARED, VG_SITE_HOST_NOT_DECLARED,
         VG_SITE_HOST_NOT_DECLARED},
        {"rtsps://camera.example.org/1", VG_SITE_HOST_NOT_DECLARED, VG_SITE_HOST_NOT_DECLARED,
         VG_SITE_HOST_NOT_DECLARED},
        {"rtsp://10.1.0.200/1", VG_SITE_CLEAR_NOT_ACCEPTED, VG_SITE_ADMITS,
         VG_SITE_ENCRYPTION_REQUIRED},
        {"rtsp://10.1.1.200/1", VG_SITE_HOST_NOT_DECLARED, VG_SITE_HOST_NOT_DECLARED,
         VG_SITE_HOST_NOT_DECLARED},
        {"rtsp://127.0.0.1:8554/1", VG_SITE_ADMITS, VG_SITE_ADMITS, VG_SITE_ENCRYPTION_REQUIRED},
        {"rtsp://127.0.0.2/1", VG_SITE_HOST_NOT_DECLARED, VG_SITE_HOST_NOT_DECLARED,
         VG_SITE_HOST_NOT_DECLARED},
        {"rtsp://localhost/1", VG_SITE_HOST_NOT_DECLARED, VG_SITE_HOST_NOT_DECLARED,
         VG_SITE_HOST_NOT_DECLARED},
        {"mpegts://239.1.9.9:5004", VG_SITE_CLEAR_NOT_ACCEPTED, VG_SITE_ADMITS,
         VG_SITE_ENCRYPTION_REQUIRED},
        {"mpegts://239.2.9.9:5004", VG_SITE_HOST_NOT_DECLARED, VG_SITE_HOST_NOT_DECLARED,
         VG_SITE_HOST_NOT_DECLARED},
        {"mpegts://192.0.2.1:5004", VG_SITE_CLEAR_NOT_ACCEPTED, VG_SITE_ADMITS,
         VG_SITE_ENCRYPTION_REQUIRED},
        {"mpegts://10.1.0.1:5004", VG_SITE_LISTEN_NOT_DECLARED, VG_SITE_LISTEN_NOT_DECLARED,
         VG_SITE_LISTEN_NOT_DECLARED}, /* a source is no address of ours */
        {"rtsp-listen://192.0.2.1:8554/x", VG_SITE_CLEAR_NOT_ACCEPTED, VG_SITE_ADMITS,
         VG_SITE_ENCRYPTION_REQUIRED},
        {"rtsp-listen://0.0.0.0:8554/x", VG_SITE_LISTEN_NOT_DECLARED, VG_SITE_LISTEN_NOT_DECLARED,
         VG_SITE_LISTEN_NOT_DECLARED},
        {"sdp:/srv/a.sdp", VG_SITE_CLEAR_NOT_ACCEPTED, VG_SITE_ADMITS, VG_SITE_ENCRYPTION_REQUIRED},
    };
    struct vg_site_settings *settings = *state;
    assert_int_equal(read_text(full, settings, NULL), VG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source_url url;
        assert_int_equal(vg_source_url_read(rows[i].url, strlen(rows[i].url), &url, NULL), VG_OK);
        settings->encryption_required = false;
        const enum vg_site_verdict open = vg_site_judge(settings, &url, VG_SITE_CLEAR_UNSAID);
        const enum vg_site_verdict agreed = vg_site_judge(settings, &url, VG_SITE_CLEAR_ACCEPTED);
        settings->encryption_required = true;
        const enum vg_site_verdict required = vg_site_judge(settings, &url, VG_SITE_CLEAR_ACCEPTED);
        if (open != rows[i].open || agreed != rows[i].agreed || required != rows[i].required)
            fail_msg("%s: %s, %s, %s", rows[i].url, vg_site_verdict_name(open),
                     vg_site_verdict_name(agreed), vg_site_verdict_name(required));
    }
}

static void a_site_that_declares_nothing_admits_files_alone(void **state)
{
    static const struct {
        const char *url;
        enum vg_site_verdict want;
    } rows[] = {
        {"/srv/a.avi", VG_SITE_ADMITS},
        {"rtsp://127.0.0.1/1", VG_SITE_HOST_NOT_DECLARED},
        {"rtsps://vms/1", VG_SITE_HOST_NOT_DECLARED},
        {"mpegts://239.1.0.7:5004", VG_SITE_HOST_NOT_DECLARED},
        {"rtsp-listen://127.0.0.1:8554/x", VG_SITE_LISTEN_NOT_DECLARED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source_url url;
        assert_int_equal(vg_source_url_read(rows[i].url, strlen(rows[i].url), &url, NULL), VG_OK);
        assert_int_equal(vg_site_judge(*state, &url, VG_SITE_CLEAR_ACCEPTED), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_are_read_and_written, make, drop),
        cmocka_unit_test_setup_teardown(bad_settings_are_named, make, drop),
        cmocka_unit_test_setup_teardown(sources_are_judged, make, drop),
        cmocka_unit_test_setup_teardown(a_site_that_declares_nothing_admits_files_alone, make,
                                        drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
