/* Framing: cut at every byte, oversize, junk, a reader that does not read. labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/message.h"

enum {
    HERE,
    THERE
};

static void pair_open(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static void pair_close(int fds[2])
{
    (void)close(fds[HERE]);
    (void)close(fds[THERE]);
}

static void put(int fd, const void *data, size_t size)
{
    assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

static size_t framed(const char *text, uint8_t *out)
{
    size_t size = strlen(text);
    vg_message_head((uint32_t)size, out);
    memcpy(out + VG_MESSAGE_HEAD, text, size);
    return VG_MESSAGE_HEAD + size;
}

/* The message arrives in two parts, cut at each of its bytes; then one byte at a time. */
static void cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"alive\",\"note\":null}";
    uint8_t bytes[128];
    size_t total = framed(text, bytes);
    for (size_t cut = 0; cut <= total; cut++) {
        int fds[2];
        char buffer[64];
        struct vg_message_reader reader;
        const char *got = NULL;
        size_t size = 0;
        pair_open(fds);
        vg_message_reader_init(&reader, buffer, sizeof buffer);
        if (cut > 0)
            put(fds[HERE], bytes, cut);
        enum vg_status status = vg_message_take(&reader, fds[THERE], &got, &size);
        assert_int_equal(status, cut == total ? VG_OK : VG_E_END);
        if (cut < total) {
            put(fds[HERE], bytes + cut, total - cut);
            assert_int_equal(vg_message_take(&reader, fds[THERE], &got, &size), VG_OK);
        }
        assert_int_equal(size, sizeof text - 1);
        assert_string_equal(got, text);
        assert_int_equal(vg_message_take(&reader, fds[THERE], &got, &size), VG_E_END);
        pair_close(fds);
    }
}

static void byte_by_byte(void **state)
{
    (void)state;
    uint8_t bytes[64];
    size_t total = framed("{\"type\":\"a\"}", bytes);
    total += framed("{\"type\":\"b\"}", bytes + total);
    int fds[2], messages = 0;
    char buffer[16];
    struct vg_message_reader reader;
    pair_open(fds);
    vg_message_reader_init(&reader, buffer, sizeof buffer);
    for (size_t i = 0; i < total; i++) {
        const char *text = NULL;
        size_t size = 0;
        put(fds[HERE], bytes + i, 1);
        enum vg_status status = vg_message_take(&reader, fds[THERE], &text, &size);
        if (status == VG_E_END)
            continue;
        assert_int_equal(status, VG_OK);
        assert_int_equal(size, 12);
        assert_int_equal(text[9], "ab"[messages++]);
    }
    assert_int_equal(messages, 2);
    pair_close(fds);
}

static void lengths(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t length;
        enum vg_status want;
    } rows[] = {
        {"empty", 0, VG_E_INPUT},
        {"fills the buffer but for the zero", 63, VG_OK},
        {"one too long for the buffer", 64, VG_E_FULL},
        {"above the bound of all", VG_MESSAGE_MAX + 1, VG_E_FULL},
        {"all bits", UINT32_MAX, VG_E_FULL},
        {"text for a head: \"{\"ty\"", 0x7974227bu, VG_E_FULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fds[2];
        uint8_t head[VG_MESSAGE_HEAD];
        char buffer[64], text[64];
        struct vg_message_reader reader;
        const char *got = NULL;
        size_t size = 0;
        pair_open(fds);
        vg_message_reader_init(&reader, buffer, sizeof buffer);
        vg_message_head(rows[i].length, head);
        put(fds[HERE], head, sizeof head);
        memset(text, 'x', sizeof text);
        put(fds[HERE], text, 63);
        assert_int_equal(vg_message_take(&reader, fds[THERE], &got, &size), rows[i].want);
        if (rows[i].want == VG_OK)
            assert_int_equal(size, rows[i].length);
        else /* and it stays refused */
            assert_int_equal(vg_message_take(&reader, fds[THERE], &got, &size), rows[i].want);
        pair_close(fds);
    }
}

static void parsing(void **state)
{
    (void)state;
    static const struct {
        const char *text, *type;
    } rows[] = {
        {"{\"type\":\"quit\"}", "quit"},
        {"{\"a\":1,\"type\":\"x\"}", "x"},
        {"{}", NULL},
        {"{\"type\":1}", NULL},
        {"{\"type\":null}", NULL},
        {"[\"type\"]", NULL},
        {"\"type\"", NULL},
        {"{\"type\":\"a\",\"type\":\"b\"}", NULL},
        {"{\"type\":\"a\"} x", NULL},
        {"{\"type\":\"a\"", NULL},
        {"\xff\xfe", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *type = NULL;
        json_t *object = vg_message_parse(rows[i].text, strlen(rows[i].text), &type);
        if (rows[i].type == NULL) {
            assert_null(object);
            continue;
        }
        assert_non_null(object);
        assert_string_equal(type, rows[i].type);
        json_decref(object);
    }
}

static void refused_to_write(void **state)
{
    (void)state;
    int fds[2];
    pair_open(fds);
    char *large = vg_alloc(VG_MESSAGE_MAX + 1);
    assert_non_null(large);
    memset(large, ' ', VG_MESSAGE_MAX + 1);
    assert_int_equal(vg_message_write(fds[HERE], large, VG_MESSAGE_MAX + 1), VG_E_FULL);
    assert_int_equal(vg_message_write(fds[HERE], large, 0), VG_E_FULL);
    char byte = 0; /* nothing was written */
    assert_int_equal(recv(fds[THERE], &byte, 1, MSG_DONTWAIT), -1);
    vg_free(large);
    pair_close(fds);
}

static void closed(void **state)
{
    (void)state;
    int fds[2];
    char buffer[16];
    struct vg_message_reader reader;
    const char *text = NULL;
    size_t size = 0;
    vg_message_reader_init(&reader, buffer, sizeof buffer);
    pair_open(fds);
    put(fds[HERE], "\x05\0\0\0ab", 6); /* the rest will never come */
    (void)close(fds[HERE]);
    assert_int_equal(vg_message_take(&reader, fds[THERE], &text, &size), VG_E_CLOSED);
    assert_int_equal(vg_message_write(fds[THERE], "{}", 2), VG_E_CLOSED);
    (void)close(fds[THERE]);
}

static void deadline(void **state)
{
    (void)state;
    int fds[2];
    char buffer[16];
    struct vg_message_reader reader;
    const char *text = NULL;
    size_t size = 0;
    vg_message_reader_init(&reader, buffer, sizeof buffer);
    pair_open(fds);
    put(fds[HERE], "\x02\0\0", 3);
    assert_int_equal(vg_message_read(&reader, fds[THERE], 20, &text, &size), VG_E_TIMEOUT);
    put(fds[HERE], "\0{}", 3); /* what came in part was kept */
    assert_int_equal(vg_message_read(&reader, fds[THERE], 5000, &text, &size), VG_OK);
    assert_string_equal(text, "{}");
    pair_close(fds);
}

static void *write_large(void *user)
{
    int fd = *(const int *)user;
    char *text = vg_alloc(VG_MESSAGE_MAX);
    enum vg_status status = VG_E_MEMORY;
    if (text != NULL) {
        memset(text, 'y', VG_MESSAGE_MAX);
        status = vg_message_write(fd, text, VG_MESSAGE_MAX);
    }
    vg_free(text);
    return status == VG_OK ? user : NULL;
}

/* The largest message goes through a small socket, from a non-blocking writer. */
static void largest(void **state)
{
    (void)state;
    int fds[2], small = 4096;
    pair_open(fds);
    assert_int_equal(setsockopt(fds[HERE], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    assert_int_equal(fcntl(fds[HERE], F_SETFL, O_NONBLOCK), 0);
    char *buffer = vg_alloc(VG_MESSAGE_MAX + 1);
    assert_non_null(buffer);
    struct vg_message_reader reader;
    vg_message_reader_init(&reader, buffer, VG_MESSAGE_MAX + 1);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_large, &fds[HERE]), 0);
    const char *text = NULL;
    size_t size = 0;
    assert_int_equal(vg_message_read(&reader, fds[THERE], 8000, &text, &size), VG_OK);
    assert_int_equal(size, VG_MESSAGE_MAX);
    assert_int_equal(text[VG_MESSAGE_MAX - 1], 'y');
    void *good = NULL;
    assert_int_equal(pthread_join(writer, &good), 0);
    assert_non_null(good);
    vg_free(buffer);
    pair_close(fds);
}

static void object_round(void **state)
{
    (void)state;
    int fds[2];
    char buffer[64];
    struct vg_message_reader reader;
    const char *text = NULL, *type = NULL;
    size_t size = 0;
    vg_message_reader_init(&reader, buffer, sizeof buffer);
    pair_open(fds);
    json_t *object = json_pack("{s:s,s:i}", "type", "config", "version", 3);
    assert_int_equal(vg_message_write_json(fds[HERE], object), VG_OK);
    json_decref(object);
    assert_int_equal(vg_message_read(&reader, fds[THERE], 5000, &text, &size), VG_OK);
    assert_string_equal(text, "{\"type\":\"config\",\"version\":3}");
    object = vg_message_parse(text, size, &type);
    assert_non_null(object);
    assert_string_equal(type, "config");
    json_decref(object);
    pair_close(fds);
}

/* A full socket takes nothing of the message, at once, and stays good: what was taken comes out
 * whole, and after it there is room again. */
static void tried(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 27, 4000, VG_MESSAGE_TRY_MAX};
    char *text = vg_alloc(VG_MESSAGE_TRY_MAX + 1), *buffer = vg_alloc(VG_MESSAGE_TRY_MAX + 1);
    assert_non_null(text);
    assert_non_null(buffer);
    memset(text, 't', VG_MESSAGE_TRY_MAX + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int fds[2];
        unsigned given = 0, taken = 0;
        struct vg_message_reader reader;
        const char *got = NULL;
        size_t size = 0;
        enum vg_status status = VG_OK;
        print_message("%zu\n", sizes[i]);
        pair_open(fds);
        vg_message_reader_init(&reader, buffer, VG_MESSAGE_TRY_MAX + 1);
        const struct vg_mono_time start = vg_mono_now();
        while ((status = vg_message_try_write(fds[HERE], text, sizes[i])) == VG_OK)
            given++;
        assert_int_equal(status, VG_E_FULL);
        assert_true(given >= 2);
        assert_int_equal(vg_message_try_write(fds[HERE], text, sizes[i]), VG_E_FULL);
        assert_true(vg_mono_now().us - start.us < 2 * VG_US_PER_S);
        while ((status = vg_message_take(&reader, fds[THERE], &got, &size)) == VG_OK) {
            assert_int_equal(size, sizes[i]);
            taken++;
        }
        assert_int_equal(status, VG_E_END);
        assert_int_equal(reader.have, 0); /* and no part of another */
        assert_int_equal(taken, given);
        assert_int_equal(vg_message_try_write(fds[HERE], text, sizes[i]), VG_OK);
        assert_int_equal(vg_message_take(&reader, fds[THERE], &got, &size), VG_OK);
        assert_int_equal(vg_message_try_write(fds[HERE], text, 0), VG_E_FULL);
        assert_int_equal(vg_message_try_write(fds[HERE], text, VG_MESSAGE_TRY_MAX + 1), VG_E_FULL);
        assert_int_equal(vg_message_take(&reader, fds[THERE], &got, &size), VG_E_END);
        (void)close(fds[THERE]);
        assert_int_equal(vg_message_try_write(fds[HERE], text, sizes[i]), VG_E_CLOSED);
        (void)close(fds[HERE]);
    }
    vg_free(buffer);
    vg_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere),     cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(lengths),          cmocka_unit_test(parsing),
        cmocka_unit_test(refused_to_write), cmocka_unit_test(tried),
        cmocka_unit_test(closed),           cmocka_unit_test(deadline),
        cmocka_unit_test(largest),          cmocka_unit_test(object_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
