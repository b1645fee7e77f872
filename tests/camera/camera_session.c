/* Sessions: their life and time-out, the sockets they send from, the group they share. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/camera/camera.h"

#define UDP_TRIES  200
#define UDP_BUFFER (4 << 20)

struct vg_session *vg_session_open(struct vg_camera *camera, int fd)
{
    struct vg_program *program = camera->program;
    unsigned i = 0;
    while (i < VG_SESSIONS_MAX && program->session[i].used)
        i++;
    if (i == VG_SESSIONS_MAX)
        return NULL;
    if (i == program->session_count)
        program->session_count++;
    struct vg_session *session = &program->session[i];
    memset(session, 0, offsetof(struct vg_session, in));
    session->watched = (struct vg_watched){VG_WATCHED_SESSION, fd};
    session->camera = camera;
    session->used = true;
    session->wire.fd = -1;
    session->faults = program->options.faults;
    session->alive_us = vg_camera_now_us();
    program->due_us[i] = session->alive_us;
    if (fd >= 0)
        vg_wire_open(&session->wire, fd, program->tls ? SSL_new(program->tls) : NULL,
                     program->epoll, session);
    return session;
}

void vg_session_close(struct vg_session *session)
{
    if (session->playing && session->way == VG_WAY_MULTICAST && session->wire.fd >= 0)
        vg_camera_leave_group(session->camera);
    vg_wire_close(&session->wire);
    session->used = session->playing = false;
}

/* No keep-alive came: the server forgets the session. A connection that carries the media goes
 * with it; another stays, and its next request learns that there is no such session. */
static bool time_out(struct vg_session *session, int64_t now_us)
{
    const int64_t limit_us = (int64_t)session->camera->program->options.timeout_s * 1000000;
    if (limit_us == 0 || session->id == 0 || session->wire.fd < 0 ||
        now_us - session->alive_us < limit_us)
        return false;
    vg_camera_log(session->camera->program, "timeout %08x", session->id);
    if (session->playing && session->way == VG_WAY_MULTICAST)
        vg_camera_leave_group(session->camera);
    session->id = 0;
    session->playing = false;
    return true;
}

static void reset(const struct vg_session *session)
{
    const struct linger hard = {1, 0};
    (void)setsockopt(session->wire.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool swallowed(struct vg_session *session, int64_t now_us)
{
    const struct vg_camera_faults *faults = &session->faults;
    if (faults->blackhole <= 0 || !session->playing ||
        now_us - session->stream.start_us < (int64_t)(faults->blackhole * 1e6))
        return false;
    vg_wire_deafen(&session->wire);
    return true;
}

/* Of a connection that is not read. */
static bool client_left(const struct vg_session *session)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    return getsockopt(session->wire.fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
           info.tcpi_state != TCP_ESTABLISHED;
}

int64_t vg_session_play(struct vg_session *session, int64_t now_us)
{
    const struct vg_camera_faults *faults = &session->faults;
    int64_t wait_us = VG_STREAM_IDLE;
    if (swallowed(session, now_us))
        return client_left(session) ? -1 : wait_us;
    if (time_out(session, now_us) && session->way == VG_WAY_TCP)
        return -1;
    session->wire.drip = faults->slowdrip;
    if (session->wire.fd >= 0 && session->wire.drip > 0) {
        if (!vg_wire_flush(&session->wire, now_us))
            return -1;
        wait_us = 10000;
    }
    if (!session->playing)
        return wait_us;
    if (faults->reset > 0 && session->wire.fd >= 0 &&
        now_us - session->stream.start_us >= (int64_t)(faults->reset * 1e6)) {
        reset(session);
        return -1;
    }
    if (session->way == VG_WAY_MULTICAST && session->wire.fd >= 0)
        return wait_us; /* the group's own stream sends */
    const int64_t next_us = vg_stream_play(&session->stream, now_us);
    return next_us < 0 || session->wire.gone ? -1 : least(wait_us, next_us);
}

/* ---- sockets ---- */

bool vg_camera_address(const char *text, unsigned port, struct sockaddr_storage *address,
                       socklen_t *size)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(address, &v4, sizeof v4);
        *size = sizeof v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
        return false;
    memcpy(address, &v6, sizeof v6);
    *size = sizeof v6;
    return true;
}

static int udp_socket(const struct vg_camera_options *options, unsigned port)
{
    struct sockaddr_storage address;
    socklen_t size = 0;
    const int room = UDP_BUFFER;
    if (!vg_camera_address(options->bind, port, &address, &size))
        return -1;
    const int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (bind(fd, (const struct sockaddr *)&address, size) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static void watch_socket(struct vg_program *program, struct vg_watched *watched, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};
    *watched = (struct vg_watched){VG_WATCHED_SOCKET, fd};
    if (epoll_ctl(program->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        vg_camera_die("no epoll");
}

/* An even port and the next one, as RFC 3550 wants them. */
bool vg_camera_open_udp(struct vg_camera *camera)
{
    const struct vg_camera_options *options = &camera->program->options;
    struct vg_random random;
    uint64_t seed = 0;
    if (camera->rtp.fd >= 0)
        return true;
    vg_random_bytes(&seed, sizeof seed);
    vg_random_seed(&random, seed);
    for (int i = 0; i < UDP_TRIES; i++) {
        const unsigned port = 20000 + 2 * vg_random_below(&random, 20000);
        const int rtp = udp_socket(options, port);
        const int rtcp = rtp >= 0 ? udp_socket(options, port + 1) : -1;
        if (rtcp >= 0) {
            watch_socket(camera->program, &camera->rtp, rtp);
            watch_socket(camera->program, &camera->rtcp, rtcp);
            camera->udp_port = port;
            return true;
        }
        if (rtp >= 0)
            (void)close(rtp);
    }
    return false;
}

static void aim_at_group(const struct vg_camera_options *options, int fd)
{
    const int ttl = (int)options->ttl, loop = 1;
    struct in_addr interface = {htonl(INADDR_ANY)};
    (void)inet_pton(AF_INET, options->interface ? options->interface : options->bind, &interface);
    (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl);
    (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop);
    (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface);
}

/* ---- the group ---- */

unsigned vg_camera_group_port(const struct vg_camera *camera)
{
    return camera->program->options.group_port + 2 * camera->index;
}

static bool open_group_sockets(struct vg_camera *camera)
{
    const struct vg_camera_options *options = &camera->program->options;
    if (camera->group_rtp.fd >= 0)
        return true;
    const int rtp = udp_socket(options, 0), rtcp = udp_socket(options, 0);
    if (rtp < 0 || rtcp < 0)
        return false;
    aim_at_group(options, rtp);
    aim_at_group(options, rtcp);
    watch_socket(camera->program, &camera->group_rtp, rtp);
    watch_socket(camera->program, &camera->group_rtcp, rtcp);
    return true;
}

bool vg_camera_join_group(struct vg_camera *camera)
{
    struct vg_program *program = camera->program;
    const unsigned port = vg_camera_group_port(camera);
    camera->group_readers++;
    if (camera->group)
        return true;
    struct vg_session *group = open_group_sockets(camera) ? vg_session_open(camera, -1) : NULL;
    if (!group) {
        camera->group_readers--;
        return false;
    }
    vg_stream_init(&group->stream, &program->clip,
                   program->second.picture_count ? &program->second : NULL, &group->faults,
                   ++program->sessions_made);
    struct vg_stream_way *way = &group->stream.way;
    way->rtp_fd = camera->group_rtp.fd;
    way->rtcp_fd = camera->group_rtcp.fd;
    if (!vg_camera_address(program->options.group, port, &way->rtp_to, &way->to_size) ||
        !vg_camera_address(program->options.group, port + 1, &way->rtcp_to, &way->to_size))
        vg_camera_die("no such group");
    group->way = VG_WAY_MULTICAST;
    group->playing = true;
    camera->group = group;
    vg_stream_start(&group->stream, vg_camera_now_us());
    return true;
}

void vg_camera_leave_group(struct vg_camera *camera)
{
    if (--camera->group_readers > 0 || !camera->group)
        return;
    vg_session_close(camera->group);
    camera->group = NULL;
}
