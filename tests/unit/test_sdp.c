/* Session descriptions as cameras of several makes write them, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "src/media/sdp.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=Session\r\nt=0 0\r\n"
#define H264 "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"

struct want {
    enum vg_rtp_codec codec;
    uint32_t payload_type;
    const char *session_control, *control, *address, *source;
    uint16_t port, rtcp_port;
    uint32_t ttl, width, height, fps_milli, don_diff_max;
    const char *parameters; /* hex */
};

static const struct good {
    const char *name, *text;
    struct want want;
} goods[] = {
    {"a dome with audio and metadata",
     "v=0\r\no=- 1001 1 IN IP4 192.168.1.64\r\ns=Media Presentation\r\ne=NONE\r\nb=AS:5100\r\n"
     "t=0 0\r\na=control:rtsp://192.168.1.64/Streaming/Channels/101/\r\n"
     "m=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:5000\r\na=recvonly\r\n"
     "a=x-dimensions:1920,1080\r\n"
     "a=control:rtsp://192.168.1.64/Streaming/Channels/101/trackID=1\r\n"
     "a=rtpmap:96 H264/90000\r\n"
     "a=fmtp:96 profile-level-id=420029; packetization-mode=1; "
     "sprop-parameter-sets=Z00AKZpmA8ARPyzUBAQFAAADA+gAAMNQBA==,aO48gA==\r\n"
     "m=audio 0 RTP/AVP 0\r\na=control:rtsp://192.168.1.64/Streaming/Channels/101/trackID=2\r\n"
     "a=Media_header:MEDIAINFO=494D4B48010200000400000110710110;\r\na=appversion:1.0\r\n",
     {VG_RTP_H264, 96, "rtsp://192.168.1.64/Streaming/Channels/101/",
      "rtsp://192.168.1.64/Streaming/Channels/101/trackID=1", "0.0.0.0", "", 0, 0, 0, 1920, 1080, 0,
      0, "00000001 674d00299a6603c0113f2cd404040500000303e80000c35004 00000001 68ee3c80"}},
    {"H.265, sets in another order, a space after each sign",
     HEAD "a=control:*\r\na=range:npt=0-\r\nm=video 0 RTP/AVP 98\r\na=control:trackID=0\r\n"
          "a=framerate:25.000000\r\na=rtpmap:98 H265/90000\r\n"
          "a=fmtp:98 profile-id=1;sprop-sps=QgEL; sprop-pps=RAEM;sprop-vps=QAEK\r\na=recvonly\r\n",
     {VG_RTP_H265, 98, "*", "trackID=0", "", "", 0, 0, 0, 0, 0, 25000, 0,
      "00000001 40010a 00000001 42010b 00000001 44010c"}},
    {"H.265 with numbers, quotes, one fmtp a set",
     HEAD "m=video 0 RTP/AVPF 97\na=rtpmap:97 hevc/90000\na=fmtp:97 sprop-vps=\"QAEK\"\n"
          "a=fmtp:97 sprop-sps=QgEL\na=fmtp:97 SPROP-PPS=RAEM;sprop-max-don-diff=2\n",
     {VG_RTP_H265, 97, "", "", "", "", 0, 0, 0, 0, 0, 0, 2,
      "00000001 40010a 00000001 42010b 00000001 44010c"}},
    {"multicast of one source, told in the session",
     HEAD "c=IN IP4 232.1.2.3/32\r\na=source-filter: incl IN IP4 232.1.2.3 192.0.2.9\r\n"
          "m=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=rtcp:6001 IN IP4 232.1.2.3\r\n",
     {VG_RTP_H264, 96, "", "", "232.1.2.3", "192.0.2.9", 5004, 6001, 32, 0, 0, 0, 0, ""}},
    {"multicast told in the medium, a filter for any, of the session",
     HEAD "a=source-filter: incl IN * * 2001:db8::9\r\n" H264 "c=IN IP6 ff15::101/3\r\n",
     {VG_RTP_H264, 96, "", "", "ff15::101", "2001:db8::9", 0, 0, 0, 0, 0, 0, 0, ""}},
    {"a filter of another group, one that excludes",
     HEAD "m=video 5004/2 RTP/AVP 96\r\nc=IN IP4 239.1.2.3/64/2\r\na=rtpmap:96 H264/90000\r\n"
          "a=source-filter: incl IN IP4 239.9.9.9 192.0.2.9\r\n"
          "a=source-filter: excl IN IP4 239.1.2.3 192.0.2.9\r\n",
     {VG_RTP_H264, 96, "", "", "239.1.2.3", "", 5004, 5005, 64, 0, 0, 0, 0, ""}},
    {"a name for an address is none",
     HEAD "c=IN IP4 camera.example/64\r\n" H264,
     {VG_RTP_H264, 96, "", "", "", "", 0, 0, 0, 0, 0, 0, 0, ""}},
    {"JPEG without a map, frame size of RFC 6064",
     HEAD "m=video 0 RTP/AVP 26\r\na=control:track1\r\na=framesize:26 2592-1944\r\n"
          "a=framerate:12.5\r\n",
     {VG_RTP_MJPEG, 26, "", "track1", "", "", 0, 0, 0, 2592, 1944, 12500, 0, ""}},
    {"JPEG, cliprect",
     HEAD "m=video 0 RTP/AVP/TCP 26\r\na=rtpmap:26 JPEG/90000\r\na=cliprect:0,0,1080,1920\r\n",
     {VG_RTP_MJPEG, 26, "", "", "", "", 0, 0, 0, 1920, 1080, 0, 0, ""}},
    {"MPEG-4",
     HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\n"
          "a=fmtp:96 profile-level-id=1; config=000001B003000001B509; decode_buf=2\r\n",
     {VG_RTP_MPEG4, 96, "", "", "", "", 0, 0, 0, 0, 0, 0, 0, "000001b003000001b509"}},
    {"the second payload type is one that is read",
     HEAD "m=video 0 RTP/AVP 97 96\r\na=rtpmap:96 h264/90000\r\na=rtpmap:97 VP8/90000\r\n"
          "a=fmtp:97 sprop-parameter-sets=Z0IA\r\n",
     {VG_RTP_H264, 96, "", "", "", "", 0, 0, 0, 0, 0, 0, 0, ""}},
    {"the second video is one that is read; a third is passed over",
     HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP9/90000\r\na=control:no\r\n" H264
          "a=control:yes\r\nm=video 0 RTP/AVP 26\r\na=control:no\r\n",
     {VG_RTP_H264, 96, "", "yes", "", "", 0, 0, 0, 0, 0, 0, 0, ""}},
    {"an encrypted video before a plain one",
     HEAD "m=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n" H264 "a=control:plain\r\n",
     {VG_RTP_H264, 96, "", "plain", "", "", 0, 0, 0, 0, 0, 0, 0, ""}},
    {"sets that have a start code, that are no sets, that are no base64",
     HEAD H264 "a=fmtp:96 sprop-parameter-sets=AAAAAWdC,ZYg=,Z*==,aM4\r\n",
     {VG_RTP_H264, 96, "", "", "", "", 0, 0, 0, 0, 0, 0, 0, "00000001 6742 00000001 68ce"}},
    {"a clock that is none, sizes and rates beyond reason",
     HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/0\r\na=x-dimensions:99999,1\r\n"
          "a=framerate:99999999999\r\na=framesize:97 320-240\r\na=framesize:96 0-240\r\n"
          "a=rtcp:70000\r\na=x-framerate: 29.97\r\n",
     {VG_RTP_H264, 96, "", "", "", "", 0, 0, 0, 0, 0, 29970, 0, ""}},
    {"unknown, empty and malformed lines",
     "\r\n\r\nv=0\r\nfoo\r\n\r\nz=1\r\n=\r\nx\r\na\r\na=\r\na=:\r\nm=\r\n" H264
     "a=fmtp\r\na=fmtp:\r\n"
     "a=fmtp:96\r\na=rtpmap:\r\nc=\r\nc=IN\r\nc=IN IP4\r\nc=IN IP4 /\r\na=rtcp:\r\n",
     {VG_RTP_H264, 96, "", "", "", "", 0, 0, 0, 0, 0, 0, 0, ""}},
    {"nothing behind the last word",
     "v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264",
     {VG_RTP_H264, 96, "", "", "", "", 0, 0, 0, 0, 0, 0, 0, ""}},
};

static size_t from_hex(const char *text, uint8_t *bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (; *text; text++) {
        if (*text == ' ')
            continue;
        const uint8_t value = (uint8_t)(strchr(digits, *text) - digits);
        bytes[n / 2] = (uint8_t)(n % 2 ? bytes[n / 2] | value : value << 4);
        n++;
    }
    return n / 2;
}

static void expect(const char *name, const struct vg_sdp_video *got, const struct want *want)
{
    uint8_t parameters[VG_SDP_PARAMETERS_MAX];
    const size_t size = from_hex(want->parameters, parameters);
    if (got->codec != want->codec || got->payload_type != want->payload_type ||
        got->clock_hz != 90000)
        fail_msg("%s: codec %d, type %u, clock %u", name, (int)got->codec, got->payload_type,
                 got->clock_hz);
    if (strcmp(got->session_control, want->session_control) != 0 ||
        strcmp(got->control, want->control) != 0)
        fail_msg("%s: control %s, %s", name, got->session_control, got->control);
    if (strcmp(got->address, want->address) != 0 || strcmp(got->source, want->source) != 0 ||
        got->port != want->port || got->rtcp_port != want->rtcp_port || got->ttl != want->ttl)
        fail_msg("%s: %s from %s, %u %u, ttl %u", name, got->address, got->source, got->port,
                 got->rtcp_port, got->ttl);
    if (got->width != want->width || got->height != want->height ||
        got->fps_milli != want->fps_milli || got->don_diff_max != want->don_diff_max)
        fail_msg("%s: %u x %u, %u, %u", name, got->width, got->height, got->fps_milli,
                 got->don_diff_max);
    if (got->parameter_bytes != size || memcmp(got->parameters, parameters, size) != 0)
        fail_msg("%s: %u bytes of parameters", name, got->parameter_bytes);
}

static void good_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        struct vg_sdp_video video;
        struct vg_fault fault;
        const char *text = goods[i].text;
        if (vg_sdp_read(text, strlen(text), &video, &fault))
            fail_msg("%s: %s %s", goods[i].name, fault.what, fault.place);
        expect(goods[i].name, &video, &goods[i].want);
    }
}

/* Some cameras count the zero behind their text, or send more. */
static void zero_ends_it(void **state)
{
    (void)state;
    static const char text[] = HEAD H264 "\0a=control:no\r\n";
    struct vg_sdp_video video;
    assert_int_equal(vg_sdp_read(text, sizeof text, &video, NULL), VG_OK);
    assert_string_equal(video.control, "");
}

static const struct {
    const char *name, *text, *what, *place;
} bads[] = {
    {"nothing", "", "the camera gives no session description", "SDP:1"},
    {"a page", "<html>\nv=0\n" H264, "the camera gives no session description", "SDP:1"},
    {"another version", "\n\nv=1\r\n" H264, "the camera gives no session description", "SDP:3"},
    {"no video", HEAD "m=audio 0 RTP/AVP 0\r\n", "the camera announces no video", ""},
    {"no media", HEAD, "the camera announces no video", ""},
    {"another codec", HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 AV1/90000\r\n",
     "the camera's video is of a kind that is not read", "AV1"},
    {"a codec without a name", HEAD "m=video 0 RTP/AVP 99\r\n",
     "the camera's video is of a kind that is not read", "99"},
    {"a static type", HEAD "m=video 0 RTP/AVP 33\r\n",
     "the camera's video is of a kind that is not read", "MP2T"},
    {"no payload types", HEAD "m=video 0 RTP/AVP\r\n",
     "the camera's video is of a kind that is not read", ""},
    {"a payload type beyond 127", HEAD "m=video 0 RTP/AVP 128\r\n",
     "the camera's video is of a kind that is not read", ""},
    {"a codec that would write on the screen",
     HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 \x1b[2J%n"
          "012345678901234567890123456789012345678901234567890/90000\r\n",
     "the camera's video is of a kind that is not read",
     "?\?2J?n012345678901234567890123456789012"},
    {"encrypted", HEAD "m=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n",
     "the camera encrypts its video by SRTP, which is not spoken", "RTP/SAVP"},
    {"encrypted, with feedback",
     HEAD "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\nm=video 0 RTP/AVP 33\r\n",
     "the camera encrypts its video by SRTP, which is not spoken", "UDP/TLS/RTP/SAVPF"},
    {"not RTP", HEAD "m=video 0 udp 33\r\n", "the camera sends its video in another way than RTP",
     "udp"},
    {"a control with a space", HEAD H264 "a=control:track 1\r\n",
     "the camera announces an address that cannot be used", "SDP:7"},
    {"a control with a mark", HEAD "a=control:a\x01\r\n" H264,
     "the camera announces an address that cannot be used", "SDP:5"},
};

static void bad_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct vg_sdp_video video;
        struct vg_fault fault = {.what = ""};
        assert_int_equal(vg_sdp_read(bads[i].text, strlen(bads[i].text), &video, &fault),
                         VG_E_INPUT);
        if (strcmp(fault.what, bads[i].what) != 0 || strcmp(fault.place, bads[i].place) != 0)
            fail_msg("%s: %s [%s]", bads[i].name, fault.what, fault.place);
        assert_int_equal(vg_sdp_read(bads[i].text, strlen(bads[i].text), &video, NULL), VG_E_INPUT);
    }
}

/* HEAD, H264, then `before`, `count` times `piece`, and the line's end. */
static size_t long_text(char *text, size_t room, const char *before, const char *piece,
                        size_t count)
{
    size_t n = (size_t)snprintf(text, room, "%s%s%s", HEAD, H264, before);
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, room - n, "%s", piece);
    return n + (size_t)snprintf(text + n, room - n, "\r\n");
}

static void bounds(void **state)
{
    (void)state;
    static char text[VG_SDP_BYTES_MAX + 4096];
    struct vg_sdp_video video;
    struct vg_fault fault;
    /* a control of 1023 bytes fits */
    size_t size = long_text(text, sizeof text, "a=control:", "x", VG_SDP_CONTROL_SIZE - 1);
    assert_int_equal(vg_sdp_read(text, size, &video, &fault), VG_OK);
    assert_int_equal(strlen(video.control), VG_SDP_CONTROL_SIZE - 1);
    size = long_text(text, sizeof text, "a=control:", "x", VG_SDP_CONTROL_SIZE);
    assert_int_equal(vg_sdp_read(text, size, &video, &fault), VG_E_INPUT);
    /* 4092 bytes of a set and its start code fit: 5456 digits; whole sets that do not are left out */
    size = long_text(text, sizeof text, "a=fmtp:96 sprop-parameter-sets=Z0IA", "AAAA", 1363);
    assert_int_equal(vg_sdp_read(text, size, &video, &fault), VG_OK);
    assert_int_equal(video.parameter_bytes, VG_SDP_PARAMETERS_MAX);
    size = long_text(text, sizeof text, "a=fmtp:96 sprop-parameter-sets=Z0IA", "AAAA", 1364);
    assert_int_equal(vg_sdp_read(text, size, &video, &fault), VG_OK);
    assert_int_equal(video.parameter_bytes, 0);
    size = long_text(text, sizeof text, "a=fmtp:96 sprop-parameter-sets=aM4=", ",aM4=", 2000);
    assert_int_equal(vg_sdp_read(text, size, &video, &fault), VG_OK);
    assert_int_equal(video.parameter_bytes, VG_SDP_PARAMETERS_MAX / 6 * 6);
    /* the whole */
    size = long_text(text, sizeof text, "a=x:", "x", VG_SDP_BYTES_MAX);
    assert_int_equal(vg_sdp_read(text, VG_SDP_BYTES_MAX, &video, &fault), VG_OK);
    assert_int_equal(vg_sdp_read(text, VG_SDP_BYTES_MAX + 1, &video, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the camera's session description is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(zero_ends_it),
        cmocka_unit_test(bad_ones),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
