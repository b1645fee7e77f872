/* Addresses of sources: each kind's parts, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "src/base/source_url.h"

static void addresses_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum vg_source_scheme scheme;
        const char *host;
        uint16_t port;
        const char *path;
    } rows[] = {
        {"rtsp://vms/1", VG_SCHEME_RTSP, "vms", 554, "/1"},
        {"RTSP://VMS.Example.org:8554/Live?a=1&b", VG_SCHEME_RTSP, "vms.example.org", 8554,
         "/Live?a=1&b"},
        {"rtsp://vms", VG_SCHEME_RTSP, "vms", 554, "/"},
        {"rtsp://vms?x", VG_SCHEME_RTSP, "vms", 554, "/?x"},
        {"rtsp://vms/a@b", VG_SCHEME_RTSP, "vms", 554, "/a@b"},
        {"rtsp://[2001:DB8::1]/x", VG_SCHEME_RTSP, "2001:db8::1", 554, "/x"},
        {"rtsp://[::ffff:10.0.0.2]:10554/x", VG_SCHEME_RTSP, "10.0.0.2", 10554, "/x"},
        {"rtsps://10.0.0.2/x", VG_SCHEME_RTSPS, "10.0.0.2", 322, "/x"},
        {"rtsps://10.0.0.2:65535/x", VG_SCHEME_RTSPS, "10.0.0.2", 65535, "/x"},
        {"rtsp-listen://192.0.2.1:8554/gate/1", VG_SCHEME_RTSP_LISTEN, "192.0.2.1", 8554,
         "/gate/1"},
        {"rtsp-listen://[::]:8554", VG_SCHEME_RTSP_LISTEN, "::", 8554, "/"},
        {"mpegts://239.1.0.7:5004", VG_SCHEME_MPEGTS, "239.1.0.7", 5004, ""},
        {"mpegts://[ff0e::7]:5004/", VG_SCHEME_MPEGTS, "ff0e::7", 5004, ""},
        {"sdp:/srv/cam 1.SDP", VG_SCHEME_SDP, "", 0, "/srv/cam 1.SDP"},
        {"sdp:///srv/cam.sdp", VG_SCHEME_SDP, "", 0, "/srv/cam.sdp"},
        {"file:/srv/clip.mp4", VG_SCHEME_FILE, "", 0, "/srv/clip.mp4"},
        {"file:///srv/%41.mp4", VG_SCHEME_FILE, "", 0, "/srv/%41.mp4"},
        {"/srv/a:b@c.avi", VG_SCHEME_FILE, "", 0, "/srv/a:b@c.avi"},
        {"folder:/srv/in", VG_SCHEME_FOLDER, "", 0, "/srv/in"},
        {"file:/srv/\xc3\xa9t\xc3\xa9.avi", VG_SCHEME_FILE, "", 0, "/srv/\xc3\xa9t\xc3\xa9.avi"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source_url url;
        struct vg_fault fault = {0};
        if (vg_source_url_read(rows[i].text, strlen(rows[i].text), &url, &fault) != VG_OK)
            fail_msg("%s: %s", rows[i].text, fault.what);
        assert_int_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.host.text, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_string_equal(url.path, rows[i].path);
    }
}

static void others_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "vms/1",
        "http://vms/1",
        "rtspu://vms/1",
        "concat:/a|/b",
        ":/x",
        "rtsp:/vms",
        "rtsp://",
        "rtsp:///x",
        "rtsp://user:pass@vms/1",
        "rtsp://user@vms/1",
        "rtsp://@vms/1",
        "rtsp://vms:/1",
        "rtsp://vms:0/1",
        "rtsp://vms:65536/1",
        "rtsp://vms:100000/1",
        "rtsp://vms:-1/1",
        "rtsp://vms:554x/1",
        "rtsp://vms:554:554/1",
        "rtsp://[::1/1",
        "rtsp://[::1]x/1",
        "rtsp://::1/1",
        "rtsp://[fe80::1%25eth0]/1",
        "rtsp://2130706433/1",
        "rtsp://vms/a b",
        "rtsp://vms/\r\nTEARDOWN *",
        "rtsp://vms/\xc3\xa9",
        "rtsp://v ms/1",
        "rtsp://vms\\@evil/1",
        "rtsp-listen://gate:8554/x",
        "rtsp-listen://192.0.2.1/x",
        "rtsp-listen://239.1.0.7:8554/x",
        "mpegts://vms:5004",
        "mpegts://239.1.0.7",
        "mpegts://239.1.0.7:5004/x",
        "mpegts://239.1.0.7:5004?x",
        "sdp:/etc/passwd",
        "sdp:/.sd",
        "sdp://host/a.sdp",
        "file:clip.avi",
        "file:",
        "file://host/clip.avi",
        "file:/a\nb",
        "folder:in",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source_url url, empty;
        struct vg_fault fault = {0};
        memset(&empty, 0, sizeof empty);
        if (vg_source_url_read(rows[i], strlen(rows[i]), &url, &fault) != VG_E_INPUT)
            fail_msg("\"%s\" was taken", rows[i]);
        assert_memory_equal(&url, &empty, sizeof url);
        assert_non_null(fault.what);
        assert_string_equal(fault.place, "");
    }
}

static void bounds_hold(void **state)
{
    (void)state;
    char text[VG_SOURCE_PATH_SIZE + 1];
    struct vg_source_url url;
    memset(text, 'a', sizeof text);
    memcpy(text, "rtsp://h/", 9);
    assert_int_equal(vg_source_url_read(text, VG_SOURCE_PATH_SIZE - 1, &url, NULL), VG_OK);
    assert_int_equal(strlen(url.path), VG_SOURCE_PATH_SIZE - 1 - 8);
    assert_int_equal(vg_source_url_read(text, VG_SOURCE_PATH_SIZE, &url, NULL), VG_E_INPUT);
    text[0] = '/';
    assert_int_equal(vg_source_url_read(text, VG_SOURCE_PATH_SIZE - 1, &url, NULL), VG_OK);
    assert_int_equal(vg_source_url_read("rtsp://h\0/x", 11, &url, NULL), VG_E_INPUT);
}

static void kinds_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool networked, encrypted, listens;
    } rows[] = {
        {"rtsp://vms/1", true, false, false},
        {"rtsps://vms/1", true, true, false},
        {"mpegts://239.1.0.7:5004", true, false, false},
        {"mpegts://192.0.2.1:5004", true, false, true},
        {"rtsp-listen://192.0.2.1:8554/x", true, false, true},
        {"sdp:/a.sdp", true, false, false},
        {"/a.avi", false, false, false},
        {"folder:/a", false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source_url url;
        assert_int_equal(vg_source_url_read(rows[i].text, strlen(rows[i].text), &url, NULL), VG_OK);
        if (vg_source_url_networked(&url) != rows[i].networked ||
            vg_source_url_encrypted(&url) != rows[i].encrypted ||
            vg_source_url_listens(&url) != rows[i].listens)
            fail_msg("%s", rows[i].text);
    }
}

static void peers_are_compared(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"rtsp://vms/1", "rtsp://VMS.:554/2?x", true},
        {"rtsp://vms/1", "rtsp://vms:555/1", false},
        {"rtsps://vms:554/1", "rtsp://vms:554/1", false},
        {"rtsp://vms/1", "rtsp://vms2/1", false},
        {"rtsp://[::ffff:1.2.3.4]/1", "rtsp://1.2.3.4/1", true},
        {"/a", "file:/b", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source_url a, b;
        assert_int_equal(vg_source_url_read(rows[i].a, strlen(rows[i].a), &a, NULL), VG_OK);
        assert_int_equal(vg_source_url_read(rows[i].b, strlen(rows[i].b), &b, NULL), VG_OK);
        if (vg_source_url_same_peer(&a, &b) != rows[i].same)
            fail_msg("%s %s", rows[i].a, rows[i].b);
    }
}

static void transports_have_names(void **state)
{
    (void)state;
    enum vg_transport transport;
    for (int i = VG_TRANSPORT_AUTO; i <= VG_TRANSPORT_MULTICAST; i++) {
        assert_int_equal(vg_transport_parse(vg_transport_name((enum vg_transport)i), &transport),
                         0);
        assert_int_equal(transport, i);
    }
    assert_int_equal(vg_transport_parse("sctp", &transport), -1);
    assert_string_equal(vg_source_scheme_name(VG_SCHEME_RTSP_LISTEN), "rtsp-listen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read), cmocka_unit_test(others_are_refused),
        cmocka_unit_test(bounds_hold),        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(peers_are_compared), cmocka_unit_test(transports_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
