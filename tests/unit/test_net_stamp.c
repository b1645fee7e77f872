/* When what is read from a socket had come: datagrams and a stream that waited, stamps that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "src/media/net_stamp.h"

#define WAIT_US 200000

/* Two ends on this machine; of a stream they are connected. */
static void make_pair(int type, int end[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    const int there = socket(AF_INET, type, 0);
    end[0] = socket(AF_INET, type, 0);
    assert_true(there >= 0 && end[0] >= 0);
    assert_int_equal(bind(there, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(there, (struct sockaddr *)&at, &size), 0);
    assert_true(type == SOCK_DGRAM || listen(there, 1) == 0);
    assert_int_equal(connect(end[0], (struct sockaddr *)&at, size), 0);
    end[1] = type == SOCK_DGRAM ? there : accept(there, NULL, NULL);
    assert_true(end[1] >= 0);
    if (type != SOCK_DGRAM)
        (void)close(there);
}

/* By how much what is read came before it is read. */
static int64_t age_us(int fd)
{
    char text[64];
    struct vg_net_stamp_room room;
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    assert_int_equal(recvmsg(fd, &message, 0), 5);
    const struct vg_mono_time now = vg_mono_now();
    return now.us - vg_net_stamp_of(&message, now, vg_wall_now()).us;
}

/* Where no other socket of the machine has stamps the kernel begins with them a moment after it was
 * asked (net_enable_timestamp): what came sooner is stamped as it is read. */
static void wait_for_stamps(const int end[2])
{
    const int64_t until_us = vg_mono_now().us + 10 * VG_US_PER_S;
    do {
        assert_true(vg_mono_now().us < until_us);
        assert_int_equal(send(end[0], "hello", 5, 0), 5);
        vg_pause_us(20000);
    } while (age_us(end[1]) < 10000);
}

static void what_waited_came_before(void **state)
{
    static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int end[2];
        make_pair(types[i], end);
        vg_net_stamp_ask(end[1]);
        wait_for_stamps(end);
        const int64_t sent_us = vg_mono_now().us;
        assert_int_equal(send(end[0], "hello", 5, 0), 5);
        vg_pause_us(WAIT_US);
        const int64_t age = age_us(end[1]);
        assert_true(age >= WAIT_US / 2 && age <= vg_mono_now().us - sent_us + 1000);
        (void)close(end[0]);
        (void)close(end[1]);
    }
}

static void without_a_stamp_it_is_now(void **state)
{
    int end[2];
    (void)state;
    make_pair(SOCK_DGRAM, end);
    assert_int_equal(send(end[0], "hello", 5, 0), 5);
    vg_pause_us(20000);
    assert_int_equal(age_us(end[1]), 0);
    (void)close(end[0]);
    (void)close(end[1]);
}

static void a_stamp_that_cannot_be_is_none(void **state)
{
    static const struct {
        int64_t age_us, taken_us;
    } rows[] = {
        {0, 0}, {1, 1}, {59 * VG_US_PER_S, 59 * VG_US_PER_S}, {60 * VG_US_PER_S, 0}, {-1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_wall_time wall = {1000 * VG_US_PER_S};
        const int64_t at_us = wall.us - rows[i].age_us;
        const struct timespec stamp = {at_us / VG_US_PER_S, at_us % VG_US_PER_S * 1000};
        struct vg_net_stamp_room room = {.bytes = {0}};
        struct msghdr message = {.msg_control = &room, .msg_controllen = sizeof room};
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SO_TIMESTAMPNS;
        head->cmsg_len = CMSG_LEN(sizeof stamp);
        memcpy(CMSG_DATA(head), &stamp, sizeof stamp);
        const struct vg_mono_time now = {500 * VG_US_PER_S};
        assert_int_equal(now.us - vg_net_stamp_of(&message, now, wall).us, rows[i].taken_us);
        head->cmsg_len = CMSG_LEN(1); /* too short for one */
        assert_int_equal(vg_net_stamp_of(&message, now, wall).us, now.us);
    }
}

static void what_was_read_at_once_came_evenly(void **state)
{
    (void)state;
    struct vg_net_span span = {.from = {0}};
    const struct vg_mono_time not_waited = {0};
    vg_net_span_read(&span, not_waited, (struct vg_mono_time){1000}); /* the first */
    assert_int_equal(vg_net_span_at(&span, 0).us, 1000);
    vg_net_span_read(&span, not_waited, (struct vg_mono_time){401000}); /* behind a busy reader */
    assert_int_equal(vg_net_span_at(&span, 0.25).us, 101000);
    assert_int_equal(vg_net_span_at(&span, 1).us, 401000);
    vg_net_span_read(&span, (struct vg_mono_time){900000}, (struct vg_mono_time){902000});
    assert_int_equal(vg_net_span_at(&span, 0).us, 900000); /* after a silence */
    vg_net_span_read(&span, (struct vg_mono_time){950000}, (struct vg_mono_time){940000});
    assert_int_equal(vg_net_span_at(&span, 0).us, 940000); /* the kernel knows when it came */
    vg_net_span_read(&span, not_waited, (struct vg_mono_time){930000});
    assert_int_equal(vg_net_span_at(&span, 0).us, 940000); /* none goes back */
    assert_int_equal(vg_net_span_at(&span, 1).us, 940000);
    assert_int_equal(vg_net_span_since(vg_mono_now()).us, 0);
    const struct vg_mono_time long_ago = {vg_mono_now().us - 5000};
    assert_true(vg_net_span_since(long_ago).us >= long_ago.us + 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waited_came_before),
        cmocka_unit_test(without_a_stamp_it_is_now),
        cmocka_unit_test(a_stamp_that_cannot_be_is_none),
        cmocka_unit_test(what_was_read_at_once_came_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
