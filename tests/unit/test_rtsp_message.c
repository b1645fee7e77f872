/* Messages of RTSP out of bytes: whole, cut at every byte, beyond each bound; and written ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "src/media/rtsp_message.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    enum vg_rtsp_progress want;
    enum vg_rtsp_kind kind;
    uint32_t code; /* or the channel of a frame */
    size_t headers, taken;
    const char *body;
} rows[] = {
    {"nothing", BYTES(""), VG_RTSP_INCOMPLETE, 0, 0, 0, 0, ""},
    {"answer", BYTES("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), VG_RTSP_COMPLETE, VG_RTSP_RESPONSE, 200,
     1, 28, ""},
    {"bare feeds", BYTES("RTSP/1.0 404 Not Found\nCSeq: 1\n\n"), VG_RTSP_COMPLETE, VG_RTSP_RESPONSE,
     404, 1, 32, ""},
    {"no reason", BYTES("RTSP/1.0 200\r\n\r\n"), VG_RTSP_COMPLETE, VG_RTSP_RESPONSE, 200, 0, 16,
     ""},
    {"body", BYTES("RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0\nX"), VG_RTSP_COMPLETE,
     VG_RTSP_RESPONSE, 200, 1, 42, "v=0\n"},
    {"body not there yet", BYTES("RTSP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nv=0\n"),
     VG_RTSP_INCOMPLETE, 0, 0, 0, 0, ""},
    {"twice the same length", BYTES("RTSP/1.0 200 OK\nContent-Length: 1\ncontent-length: 1\n\nX"),
     VG_RTSP_COMPLETE, VG_RTSP_RESPONSE, 200, 2, 54, "X"},
    {"two lengths", BYTES("RTSP/1.0 200 OK\nContent-Length: 1\nContent-Length: 2\n\nXX"),
     VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"length too large", BYTES("RTSP/1.0 200 OK\nContent-Length: 65537\n\n"), VG_RTSP_WRONG, 0, 0,
     0, 0, ""},
    {"length below 0", BYTES("RTSP/1.0 200 OK\nContent-Length: -1\n\n"), VG_RTSP_WRONG, 0, 0, 0, 0,
     ""},
    {"length overflows", BYTES("RTSP/1.0 200 OK\nContent-Length: 18446744073709551617\n\n"),
     VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"request", BYTES("OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 9\r\n\r\n"), VG_RTSP_COMPLETE,
     VG_RTSP_REQUEST, 0, 1, 39, ""},
    {"request without version", BYTES("OPTIONS rtsp://h/\r\n\r\n"), VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"another protocol", BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"code of two digits", BYTES("RTSP/1.0 20 OK\r\n\r\n"), VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"code that is none", BYTES("RTSP/1.0 2x0 OK\r\n\r\n"), VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"binary", BYTES("\x80\x60\x00\x01"), VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"zero in a line", BYTES("RTSP/1.0 200 OK\r\nA: b\0c\r\n\r\n"), VG_RTSP_WRONG, 0, 0, 0, 0, ""},
    {"line without colon", BYTES("RTSP/1.0 200 OK\r\nwhat\r\nCSeq: 1\r\n\r\n"), VG_RTSP_COMPLETE,
     VG_RTSP_RESPONSE, 200, 1, 34, ""},
    {"empty lines before", BYTES("\r\n\nRTSP/1.0 200 OK\r\n\r\n"), VG_RTSP_COMPLETE,
     VG_RTSP_RESPONSE, 200, 0, 22, ""},
    {"frame",
     BYTES("$\x01\x00\x03"
           "abcd"),
     VG_RTSP_COMPLETE, VG_RTSP_FRAME, 1, 0, 7, "abc"},
    {"empty frame", BYTES("$\x02\x00\x00"), VG_RTSP_COMPLETE, VG_RTSP_FRAME, 2, 0, 4, ""},
    {"frame cut",
     BYTES("$\x01\x01\x00"
           "abcd"),
     VG_RTSP_INCOMPLETE, 0, 0, 0, 0, ""},
};

static void reads_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_rtsp_message message;
        print_message("%s\n", rows[i].name);
        assert_int_equal(
            vg_rtsp_message_read((const uint8_t *)rows[i].bytes, rows[i].size, &message),
            rows[i].want);
        if (rows[i].want != VG_RTSP_COMPLETE)
            continue;
        assert_int_equal(message.kind, rows[i].kind);
        assert_int_equal(message.kind == VG_RTSP_FRAME ? message.channel : message.code,
                         rows[i].code);
        assert_int_equal(message.header_count, rows[i].headers);
        assert_int_equal(message.size, rows[i].taken);
        assert_int_equal(message.body.size, strlen(rows[i].body));
        assert_memory_equal(message.body.at, rows[i].body, message.body.size);
        for (size_t cut = 0; cut < rows[i].taken; cut++)
            assert_int_equal(vg_rtsp_message_read((const uint8_t *)rows[i].bytes, cut, &message),
                             VG_RTSP_INCOMPLETE);
    }
}

static void finds_what_follows(void **state)
{
    static const struct {
        const char *bytes;
        size_t size, want;
    } found[] = {
        {BYTES("x"), 1},
        {BYTES("xy"), 2},
        {BYTES("xx$\x00\x00\x08\x80"), 2},
        {BYTES("$$\x00\x00\x08\x80"), 1},
        {BYTES("x$\x00\x00\x07\x80"), 6},                  /* too short to be RTCP */
        {BYTES("x$\x00\x00\x08\x40$\x00\x00\x08\x80"), 6}, /* another version */
        {BYTES("x$"), 1},
        {BYTES("xRTSP/1.0 200 OK"), 1},
        {BYTES("xxRTS"), 2},
        {BYTES("xRTSP/2"), 7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        assert_int_equal(vg_rtsp_message_resync((const uint8_t *)found[i].bytes, found[i].size),
                         found[i].want);
}

static void finds_headers(void **state)
{
    static const char text[] = "RTSP/1.0 401 Unauthorized\r\n"
                               "WWW-Authenticate: Digest realm=\"a, b\",\r\n"
                               "  nonce=\"c\"\r\n"
                               "www-authenticate:Basic realm=\"d\"\r\n"
                               "Empty:\r\n\r\n";
    struct vg_rtsp_message message;
    (void)state;
    assert_int_equal(vg_rtsp_message_read((const uint8_t *)text, sizeof text - 1, &message),
                     VG_RTSP_COMPLETE);
    struct vg_rtsp_text value = vg_rtsp_header_find(&message, "WWW-AUTHENTICATE", 0), piece;
    assert_true(vg_rtsp_text_next(&value, ',', &piece));
    assert_true(vg_rtsp_text_is(piece, "Digest realm=\"a, b\""));
    assert_true(vg_rtsp_text_next(&value, ',', &piece));
    assert_true(vg_rtsp_text_is(piece, "nonce=\"c\""));
    assert_false(vg_rtsp_text_next(&value, ',', &piece));
    assert_true(
        vg_rtsp_text_is(vg_rtsp_header_find(&message, "WWW-Authenticate", 1), "Basic realm=\"d\""));
    assert_null(vg_rtsp_header_find(&message, "WWW-Authenticate", 2).at);
    assert_int_equal(vg_rtsp_header_find(&message, "empty", 0).size, 0);
    assert_non_null(vg_rtsp_header_find(&message, "empty", 0).at);
}

/* first: the beginning, then `piece` again and again: refused once it is beyond the bound, and
 * incomplete before it. */
static void is_bounded(const char *first, const char *piece, size_t bound)
{
    static char text[4 * VG_RTSP_HEAD_MAX];
    struct vg_rtsp_message message;
    size_t used = strlen(first);
    memcpy(text, first, used);
    while (used < 3 * VG_RTSP_HEAD_MAX) {
        const enum vg_rtsp_progress progress =
            vg_rtsp_message_read((const uint8_t *)text, used, &message);
        if (progress != VG_RTSP_INCOMPLETE) {
            assert_int_equal(progress, VG_RTSP_WRONG);
            assert_true(used <= bound + strlen(first) + strlen(piece) + 2);
            return;
        }
        memcpy(text + used, piece, strlen(piece));
        used += strlen(piece);
    }
    fail_msg("never refused");
}

static void refuses_what_has_no_end(void **state)
{
    (void)state;
    is_bounded("RTSP/1.0 200 OK\r\nA: ", "x", VG_RTSP_LINE_MAX);
    is_bounded("RTSP/1.0 ", "x", VG_RTSP_LINE_MAX);
    is_bounded("RTSP/1.0 200 OK\r\n", "x\r\n", VG_RTSP_HEAD_MAX);
    is_bounded("\r", "\n", VG_RTSP_LINE_MAX);
}

static void bounds_headers(void **state)
{
    char text[4096];
    struct vg_rtsp_message message;
    (void)state;
    for (size_t count = VG_RTSP_HEADERS_MAX; count <= VG_RTSP_HEADERS_MAX + 1; count++) {
        size_t used = (size_t)snprintf(text, sizeof text, "RTSP/1.0 200 OK\r\n");
        for (size_t i = 0; i < count; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "A%zu: b\r\n", i);
        used += (size_t)snprintf(text + used, sizeof text - used, "\r\n");
        assert_int_equal(vg_rtsp_message_read((const uint8_t *)text, used, &message),
                         count > VG_RTSP_HEADERS_MAX ? VG_RTSP_WRONG : VG_RTSP_COMPLETE);
    }
}

static void writes(void **state)
{
    char text[256];
    (void)state;
    struct vg_rtsp_writer writer =
        vg_rtsp_write_request(text, sizeof text, "PLAY", "rtsp://h/x", 7);
    vg_rtsp_write_header(&writer, "Session", "ab");
    assert_int_equal(vg_rtsp_write_end(&writer), VG_OK);
    assert_string_equal(text, "PLAY rtsp://h/x RTSP/1.0\r\nCSeq: 7\r\nSession: ab\r\n\r\n");
    assert_int_equal(writer.used, strlen(text));
    writer = vg_rtsp_write_response(text, sizeof text, 501, "Not Implemented",
                                    (struct vg_rtsp_text){"12", 2});
    assert_int_equal(vg_rtsp_write_end(&writer), VG_OK);
    assert_string_equal(text, "RTSP/1.0 501 Not Implemented\r\nCSeq: 12\r\n\r\n");
}

static void writes_no_second_line(void **state)
{
    static const char *const uris[] = {"", "rtsp://h/a b", "rtsp://h/\r\nX: y", "rtsp://h/\x7f"};
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        struct vg_rtsp_writer writer = vg_rtsp_write_request(text, sizeof text, "PLAY", uris[i], 7);
        assert_int_equal(vg_rtsp_write_end(&writer), VG_E_INPUT);
    }
    struct vg_rtsp_writer writer = vg_rtsp_write_request(text, sizeof text, "PLAY", "rtsp://h/", 7);
    vg_rtsp_write_header(&writer, "Session", "a\r\nB: c");
    assert_int_equal(vg_rtsp_write_end(&writer), VG_E_INPUT);
}

static void writes_within_its_bounds(void **state)
{
    char text[64];
    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        memset(text, '#', sizeof text);
        struct vg_rtsp_writer writer = vg_rtsp_write_request(text, size, "PLAY", "rtsp://h/x", 7);
        /* 24 + 2 for the first line, 7 + 2 for the number, 2 for the end, 1 for the zero */
        assert_int_equal(vg_rtsp_write_end(&writer), size < 38 ? VG_E_FULL : VG_OK);
        for (size_t i = size; i < sizeof text; i++)
            assert_int_equal(text[i], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows),
        cmocka_unit_test(finds_what_follows),
        cmocka_unit_test(finds_headers),
        cmocka_unit_test(bounds_headers),
        cmocka_unit_test(refuses_what_has_no_end),
        cmocka_unit_test(writes),
        cmocka_unit_test(writes_no_second_line),
        cmocka_unit_test(writes_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
