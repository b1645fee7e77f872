/* Addresses, controls joined to them, and what servers say of their transport and session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/media/rtsp_transport.h"
#include "src/media/rtsp_url.h"

static void reads_addresses(void **state)
{
    static const struct {
        const char *text;
        enum vg_status want;
        enum vg_rtsp_secrecy secrecy;
        const char *host;
        uint16_t port;
    } rows[] = {
        {"rtsp://cam", VG_OK, VG_RTSP_CLEAR, "cam", 554},
        {"rtsp://cam/a?b=c", VG_OK, VG_RTSP_CLEAR, "cam", 554},
        {"RTSPS://cam.example:8322/", VG_OK, VG_RTSP_SECRET, "cam.example", 8322},
        {"rtsps://10.0.0.1/", VG_OK, VG_RTSP_SECRET, "10.0.0.1", 322},
        {"rtsp://[fe80::1%eth1]:8554/x", VG_OK, VG_RTSP_CLEAR, "fe80::1%eth1", 8554},
        {"rtsp://[::1]", VG_OK, VG_RTSP_CLEAR, "::1", 554},
        {"rtsp://cam?x", VG_OK, VG_RTSP_CLEAR, "cam", 554},
        {"http://cam/", VG_E_INPUT, 0, "", 0},
        {"cam/x", VG_E_INPUT, 0, "", 0},
        {"rtsp:///x", VG_E_INPUT, 0, "", 0},
        {"rtsp://user:secret@cam/", VG_E_INPUT, 0, "", 0},
        {"rtsp://user@cam/", VG_E_INPUT, 0, "", 0},
        {"rtsp://cam:0/", VG_E_INPUT, 0, "", 0},
        {"rtsp://cam:65536/", VG_E_INPUT, 0, "", 0},
        {"rtsp://cam:/", VG_E_INPUT, 0, "", 0},
        {"rtsp://[::1/", VG_E_INPUT, 0, "", 0},
        {"rtsp://[::1]x/", VG_E_INPUT, 0, "", 0},
        {"rtsp://cam/a b", VG_E_INPUT, 0, "", 0},
        {"rtsp://cam/\r\nX: y", VG_E_INPUT, 0, "", 0},
        {"rtsp://", VG_E_INPUT, 0, "", 0},
    };
    struct vg_rtsp_url url;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].text);
        assert_int_equal(vg_rtsp_url_read(rows[i].text, &url), rows[i].want);
        if (rows[i].want != VG_OK)
            continue;
        assert_string_equal(url.text, rows[i].text);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.secrecy, rows[i].secrecy);
    }
    assert_int_equal(vg_rtsp_url_read("rtsp://cam/a#b", &url), VG_OK);
    assert_string_equal(url.text, "rtsp://cam/a");
    assert_int_equal(url.authority, strlen("rtsp://cam"));
}

static void joins(void **state)
{
    static const struct {
        const char *base, *control, *want;
    } rows[] = {
        {"rtsp://h/a", "", "rtsp://h/a"},
        {"rtsp://h/a/", "*", "rtsp://h/a/"},
        {"rtsp://h/a", "trackID=1", "rtsp://h/a/trackID=1"},
        {"rtsp://h/a/", "trackID=1", "rtsp://h/a/trackID=1"},
        {"rtsp://h/a/", "/trackID=1", "rtsp://h/a/trackID=1"},
        {"rtsp://h/a?b=c", "video", "rtsp://h/a?b=c/video"},
        {"rtsp://h", "x", "rtsp://h/x"},
        {"rtsp://h/a", "RTSP://h/b", "RTSP://h/b"},
    };
    char joined[64];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vg_rtsp_url_join(rows[i].base, rows[i].control, joined, sizeof joined),
                         VG_OK);
        assert_string_equal(joined, rows[i].want);
        const size_t size = strlen(rows[i].want);
        assert_int_equal(vg_rtsp_url_join(rows[i].base, rows[i].control, joined, size), VG_E_FULL);
    }
}

static struct vg_rtsp_text text_of(const char *text)
{
    return (struct vg_rtsp_text){text, text ? strlen(text) : 0};
}

static void reads_transports(void **state)
{
    static const struct {
        const char *text;
        bool want, tcp, multicast;
        uint8_t channel;
        uint16_t server_port, port;
        uint32_t ttl, ssrc;
        const char *source, *destination;
    } rows[] = {
        {"RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=0000BEEF", true, true, false, 2, 0, 0, 0, 0xbeef,
         "", ""},
        {"RTP/AVP/TCP;interleaved=4", true, true, false, 4, 0, 0, 0, 0, "", ""},
        {"rtp/avp;unicast;client_port=5000-5001;server_port=6970-6971;source=10.0.0.1", true, false,
         false, 0, 6970, 0, 0, 0, "10.0.0.1", ""},
        {"RTP/AVP/UDP; unicast ; server_port=65535", true, false, false, 0, 65535, 0, 0, 0, "", ""},
        {"RTP/AVP;multicast;destination=239.1.2.3;port=5000-5001;ttl=16", true, false, true, 0, 0,
         5000, 16, 0, "", "239.1.2.3"},
        {"RTP/AVP;unicast,RTP/AVP/TCP", true, false, false, 0, 0, 0, 0, 0, "", ""},
        {"RTP/AVP;ssrc=\"xyz\";mode=\"PLAY\"", true, false, false, 0, 0, 0, 0, 0, "", ""},
        {"RTP/SAVP/TCP;interleaved=0-1", false, false, false, 0, 0, 0, 0, 0, "", ""},
        {"RTP/AVP/TCP;interleaved=256-257", false, false, false, 0, 0, 0, 0, 0, "", ""},
        {"RTP/AVP;server_port=70000", false, false, false, 0, 0, 0, 0, 0, "", ""},
        {"RTP/AVP;multicast;ttl=256", false, false, false, 0, 0, 0, 0, 0, "", ""},
        {"", false, false, false, 0, 0, 0, 0, 0, "", ""},
        {NULL, false, false, false, 0, 0, 0, 0, 0, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_rtsp_transport_answer got;
        print_message("%s\n", rows[i].text ? rows[i].text : "none");
        assert_int_equal(vg_rtsp_transport_read(text_of(rows[i].text), &got), rows[i].want);
        if (!rows[i].want)
            continue;
        assert_int_equal(got.tcp, rows[i].tcp);
        assert_int_equal(got.multicast, rows[i].multicast);
        assert_int_equal(got.channels[0], rows[i].channel);
        assert_int_equal(got.channels[1], rows[i].channel + 1);
        assert_int_equal(got.server_ports[0], rows[i].server_port);
        assert_int_equal(got.ports[0], rows[i].port);
        assert_int_equal(got.ttl, rows[i].ttl);
        assert_int_equal(got.ssrc, rows[i].ssrc);
        assert_string_equal(got.source, rows[i].source);
        assert_string_equal(got.destination, rows[i].destination);
    }
}

static void reads_sessions(void **state)
{
    static const struct {
        const char *text;
        bool want;
        const char *id;
        uint32_t timeout_s;
    } rows[] = {
        {"12345678", true, "12345678", 60},
        {"ab ; timeout=30", true, "ab", 30},
        {"ab;timeout=0", true, "ab", 60},
        {"ab;timeout=x", true, "ab", 60},
        {"ab;timeout=999999999", true, "ab", 60},
        {"a b", false, "", 60},
        {"", false, "", 60},
        {"\x01", false, "", 60},
        {";timeout=30", false, "", 60},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_rtsp_session got;
        assert_int_equal(vg_rtsp_session_read(text_of(rows[i].text), &got), rows[i].want);
        if (!rows[i].want)
            continue;
        assert_string_equal(got.id, rows[i].id);
        assert_int_equal(got.timeout_s, rows[i].timeout_s);
    }
    assert_true(vg_rtsp_list_has(text_of("OPTIONS, GET_PARAMETER"), "GET_PARAMETER"));
    assert_false(vg_rtsp_list_has(text_of("OPTIONS, SET_PARAMETER"), "GET_PARAMETER"));
    assert_false(vg_rtsp_list_has(text_of(NULL), "GET_PARAMETER"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses),
        cmocka_unit_test(joins),
        cmocka_unit_test(reads_transports),
        cmocka_unit_test(reads_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
