/* A camera for the tests: loops one clip at its true rate to any number of RTSP sessions, each with
 * the faults that its URL asks for. One thread, epoll.
 *
 *   camera [OPTION]... FILE       H.264, H.265, MPEG-4 or MJPEG (standard Huffman tables)
 *
 * Listens on 127.0.0.1, prints "port N" for each camera in it, ends when stdin closes.
 *   -p, --port N          the first port; --cameras N listens on so many, one after the other
 *   --cameras N  --paths N        N ports; or one port where /0 to /N-1 exist, and nothing else
 *   --stay                does not look at stdin: ends when it is killed
 *   --bind ADDRESS        numeric, IPv4 or IPv6
 *   --small               sends key frames alone        --mtu BYTES    largest RTP packet (1400)
 *   --out-of-band         parameter sets in the description alone
 *   --second FILE         what the fault `second` goes on with (same codec)
 *   --group ADDRESS[:PORT]  --interface ADDRESS  --ttl N       one multicast stream for all
 *   --sdp FILE            writes its description; it then runs without being asked for
 *   --cert FILE --key FILE [--client-ca FILE] [--tls-min V] [--tls-max V]      rtsps; V: 1.0 to 1.3
 *   -a BASE64             user:password wanted;  --auth basic,md5,sha256 (basic)  --no-qop
 *   --nonce-uses N        a nonce is stale after so many requests
 *   --timeout S           a session without a request of its own for S seconds is ended
 *   --redirect URL        where the fault `redirect` leads
 *   --faults QUERY        of the sessions whose URL has no query, and of the group
 *   --log FILE            a line for each request: METHOD URL CSEQ; "rtcp TYPE", "open", "close", "timeout ID"
 *   --push URL            publishes to rtsp://... (ANNOUNCE), or sends MPEG-TS to udp://...; prints
 *                         "pushing"; --push-udp: RTP by UDP then
 *
 * Faults, in the URL's query, so that each test names its own and other sessions stay healthy:
 *   nooptions nodescribe nosetup noplay   never answers that method
 *   options=CODE describe=CODE setup=CODE play=CODE get_parameter=CODE teardown=CODE   answers so
 *   notcp noudp nomulticast               refuses that transport (461)
 *   noalive           answers nothing once it plays and takes nothing for a keep-alive
 *   badauth=1..5      refuses everybody: as usual, without a challenge (2: an unknown scheme, 4: a
 *                     broken one, else none)          stale  refuses the first right answer as stale
 *   redirect[=URL]    302 to DESCRIBE                 nosprop  announces no parameter sets
 *   noaggregate       PLAY wants the stream's URL (459)
 *   abscontrol        the control URL is absolute     othercontrol[=HOST:PORT]  and of another host
 *   slowdrip[=N]      N bytes a second
 *   nodata            answers PLAY, never sends a packet
 *   startnokey        begins on a picture that is not a key frame
 *   freeze=S thaw=D   stops sending S seconds after PLAY (and begins again after D)
 *   close=S reset=S   orderly end, or RST, S seconds after PLAY;  bye=S  RTCP BYE, then nothing
 *   blackhole=S       neither reads nor writes from then on, keeps the connection
 *   burst=S           holds packets back and sends them all every S seconds
 *   jitter=MS         sends each picture up to so late
 *   second=S          from then on the clip of --second, its parameter sets in band
 *   lose=N            leaves out every N-th RTP packet;  double=N  sends every N-th twice
 *   loss=P            leaves out that part of them (0 to 1) by chance; lossburst=L: L in a row; seed=N
 *   reorder=N         sends every N-th after the next one (late=K: after K more)
 *   nomarker          the marker bit is never set
 *   wrap=S            RTP stamps begin S seconds, sequence numbers 25*S packets before their wrap
 *   ssrc=S            another SSRC, with other stamps and sequence numbers, from second S on
 *   jump=S by=D       from second S on adds D seconds to the stamps (D may be negative)
 *   nosr  ntp=D       no sender reports; the wall clock in them D seconds off
 *   garbage=N         before every N-th interleaved packet, bytes that are none
 *   strange=N         and so often one of a channel never agreed */
#define _GNU_SOURCE /* accept4 */
#include "tests/camera/camera.h"

#include <errno.h>
#include <getopt.h>
#include <libavutil/log.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG   512
#define EVENTS    64
#define DATAGRAM  2048
#define DATAGRAMS 64 /* taken at once */

int64_t vg_camera_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void vg_camera_log(struct vg_program *program, const char *format, ...)
{
    va_list args;
    if (!program->log)
        return;
    va_start(args, format);
    (void)vfprintf(program->log, format, args);
    va_end(args);
    (void)fputc('\n', program->log);
    (void)fflush(program->log);
}

/* ---- the loop ---- */

static void accept_client(struct vg_camera *camera)
{
    const int one = 1;
    const int fd = accept4(camera->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (vg_session_open(camera, fd))
        vg_camera_log(camera->program, "open %u", camera->index);
    else
        (void)close(fd);
}

static void close_session(struct vg_session *session)
{
    if (session->wire.fd >= 0)
        vg_camera_log(session->camera->program, "close %u", session->camera->index);
    vg_session_close(session);
}

static void drain(struct vg_program *program, const struct vg_watched *socket)
{
    uint8_t data[DATAGRAM];
    for (int i = 0; i < DATAGRAMS; i++) {
        const ssize_t got = recv(socket->fd, data, sizeof data, MSG_DONTWAIT);
        if (got < 0)
            return;
        if (got > 1)
            vg_camera_log(program, "rtcp %u", (unsigned)data[1]);
    }
}

/* false: stdin is closed, the test is over. */
static bool handle(struct vg_program *program, const struct epoll_event *event)
{
    struct vg_watched *watched = event->data.ptr;
    struct vg_session *session = NULL;
    char byte = 0;
    switch (watched->kind) {
    case VG_WATCHED_STDIN:
        return read(watched->fd, &byte, 1) > 0;
    case VG_WATCHED_LISTENER: /* the first member of a camera */
        accept_client((struct vg_camera *)(void *)watched);
        break;
    case VG_WATCHED_SOCKET:
        drain(program, watched);
        break;
    case VG_WATCHED_SESSION:
        session = (struct vg_session *)(void *)watched;
        if (!session->used || session->wire.fd < 0)
            break; /* closed by an event before this one */
        if ((event->events & EPOLLOUT && !vg_wire_flush(&session->wire, vg_camera_now_us())) ||
            (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !vg_camera_take(session)))
            close_session(session);
        break;
    }
    return true;
}

/* Sends what is due everywhere; the microseconds until something is again. */
static int64_t play(struct vg_program *program)
{
    const int64_t now_us = vg_camera_now_us();
    int64_t next_us = now_us + VG_STREAM_IDLE;
    for (unsigned i = 0; i < program->session_count; i++) {
        struct vg_session *session = &program->session[i];
        if (program->due_us[i] <= now_us && session->used) {
            const int64_t wait_us = vg_session_play(session, now_us);
            program->due_us[i] = now_us + (wait_us < 0 ? VG_STREAM_IDLE : wait_us);
            if (wait_us < 0)
                close_session(session);
        }
        if (program->due_us[i] < next_us && program->due_us[i] > now_us)
            next_us = program->due_us[i];
    }
    return next_us - now_us;
}

static void run(struct vg_program *program)
{
    int64_t wait_us = 0;
    for (bool on = true; on; wait_us = play(program)) {
        struct epoll_event events[EVENTS];
        const int count = epoll_wait(program->epoll, events, EVENTS, (int)((wait_us + 999) / 1000));
        if (count < 0 && errno != EINTR)
            vg_camera_die("epoll");
        for (int i = 0; i < count; i++)
            on = handle(program, &events[i]) && on;
    }
}

/* ---- the start ---- */

static void watch(struct vg_program *program, struct vg_watched *watched)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};
    if (epoll_ctl(program->epoll, EPOLL_CTL_ADD, watched->fd, &event) != 0)
        vg_camera_die(watched->kind == VG_WATCHED_STDIN ? "stdin is not a pipe: give --stay"
                                                        : "no epoll");
}

static void listen_on(struct vg_camera *camera, unsigned port)
{
    struct vg_program *program = camera->program;
    struct sockaddr_storage address;
    socklen_t size = 0;
    const int one = 1;
    if (!vg_camera_address(program->options.bind, port, &address, &size))
        vg_camera_die("--bind wants a numeric address");
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, size) != 0 ||
        listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        vg_camera_die("cannot listen");
    camera->listener = (struct vg_watched){VG_WATCHED_LISTENER, fd};
    camera->port = ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
    watch(program, &camera->listener);
    (void)printf("port %u\n", camera->port);
}

static void write_sdp(const struct vg_camera *camera)
{
    const struct vg_camera_options *options = &camera->program->options;
    char sdp[8192], address[80] = "";
    vg_camera_add(address, sizeof address, "%s/%u", options->group, options->ttl);
    const struct vg_clip_words words = {.session_control = "",
                                        .control = "",
                                        .address = address,
                                        .port = vg_camera_group_port(camera)};
    vg_clip_describe(&camera->program->clip, &words, sdp, sizeof sdp);
    FILE *file = fopen(options->sdp, "w");
    if (!file || fputs(sdp, file) < 0 || fclose(file) != 0)
        vg_camera_die("the description cannot be written");
}

static void start_cameras(struct vg_program *program)
{
    const struct vg_camera_options *options = &program->options;
    for (unsigned i = 0; i < options->cameras; i++) {
        struct vg_camera *camera = &program->camera[i];
        camera->program = program;
        camera->index = i;
        camera->rtp.fd = camera->rtcp.fd = camera->group_rtp.fd = camera->group_rtcp.fd = -1;
        listen_on(camera, options->port ? options->port + i : 0);
    }
    if (options->sdp) {
        write_sdp(&program->camera[0]);
        if (!options->group || !vg_camera_join_group(&program->camera[0]))
            vg_camera_die("no group");
    }
    (void)fflush(stdout);
}

/* Two hundred cameras want more descriptors than a process has by default. */
static void take_all_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void open_program(struct vg_program *program)
{
    const struct vg_camera_options *options = &program->options;
    take_all_descriptors();
    vg_clip_load(&program->clip, options->clip, options->mtu, options->clip_flags);
    if (options->second)
        vg_clip_load(&program->second, options->second, options->mtu, options->clip_flags);
    program->tls = vg_wire_tls(&options->tls);
    program->epoll = epoll_create1(EPOLL_CLOEXEC);
    program->session = calloc(VG_SESSIONS_MAX, sizeof *program->session);
    program->log = options->log ? fopen(options->log, "a") : NULL;
    if (program->epoll < 0 || !program->session || (options->log && !program->log))
        vg_camera_die("no memory, or no log");
    program->input = (struct vg_watched){VG_WATCHED_STDIN, STDIN_FILENO};
    if (options->until == VG_UNTIL_STDIN)
        watch(program, &program->input);
    start_cameras(program);
}

static void close_program(struct vg_program *program)
{
    for (unsigned i = 0; i < program->session_count; i++)
        if (program->session[i].used)
            close_session(&program->session[i]);
    for (unsigned i = 0; i < program->options.cameras; i++) {
        const struct vg_camera *camera = &program->camera[i];
        const int fds[] = {camera->listener.fd, camera->rtp.fd, camera->rtcp.fd,
                           camera->group_rtp.fd, camera->group_rtcp.fd};
        for (size_t k = 0; k < sizeof fds / sizeof *fds; k++)
            if (fds[k] >= 0)
                (void)close(fds[k]);
    }
    vg_clip_release(&program->clip);
    vg_clip_release(&program->second);
    SSL_CTX_free(program->tls);
    if (program->log)
        (void)fclose(program->log);
    (void)close(program->epoll);
    free(program->session);
}

/* ---- the command line ---- */

enum option_letter {
    OPTION_PORT = 'p',
    OPTION_CREDENTIALS = 'a',
    OPTION_CAMERAS = 256,
    OPTION_PATHS,
    OPTION_STAY,
    OPTION_BIND,
    OPTION_SMALL,
    OPTION_MTU,
    OPTION_OUT_OF_BAND,
    OPTION_SECOND,
    OPTION_GROUP,
    OPTION_INTERFACE,
    OPTION_TTL,
    OPTION_SDP,
    OPTION_CERT,
    OPTION_KEY,
    OPTION_CLIENT_CA,
    OPTION_TLS_MIN,
    OPTION_TLS_MAX,
    OPTION_AUTH,
    OPTION_NO_QOP,
    OPTION_NONCE_USES,
    OPTION_TIMEOUT,
    OPTION_REDIRECT,
    OPTION_FAULTS,
    OPTION_LOG,
    OPTION_PUSH,
    OPTION_PUSH_UDP
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"cameras", required_argument, NULL, OPTION_CAMERAS},
    {"paths", required_argument, NULL, OPTION_PATHS},
    {"stay", no_argument, NULL, OPTION_STAY},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"small", no_argument, NULL, OPTION_SMALL},
    {"mtu", required_argument, NULL, OPTION_MTU},
    {"out-of-band", no_argument, NULL, OPTION_OUT_OF_BAND},
    {"second", required_argument, NULL, OPTION_SECOND},
    {"group", required_argument, NULL, OPTION_GROUP},
    {"interface", required_argument, NULL, OPTION_INTERFACE},
    {"ttl", required_argument, NULL, OPTION_TTL},
    {"sdp", required_argument, NULL, OPTION_SDP},
    {"cert", required_argument, NULL, OPTION_CERT},
    {"key", required_argument, NULL, OPTION_KEY},
    {"client-ca", required_argument, NULL, OPTION_CLIENT_CA},
    {"tls-min", required_argument, NULL, OPTION_TLS_MIN},
    {"tls-max", required_argument, NULL, OPTION_TLS_MAX},
    {"auth", required_argument, NULL, OPTION_AUTH},
    {"no-qop", no_argument, NULL, OPTION_NO_QOP},
    {"nonce-uses", required_argument, NULL, OPTION_NONCE_USES},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"redirect", required_argument, NULL, OPTION_REDIRECT},
    {"faults", required_argument, NULL, OPTION_FAULTS},
    {"log", required_argument, NULL, OPTION_LOG},
    {"push", required_argument, NULL, OPTION_PUSH},
    {"push-udp", no_argument, NULL, OPTION_PUSH_UDP},
    {NULL, 0, NULL, 0},
};

static const struct {
    int letter;
    size_t offset;
} texts[] = {
#define TEXT(letter, field)                               \
    {                                                     \
        letter, offsetof(struct vg_camera_options, field) \
    }
    TEXT(OPTION_BIND, bind),
    TEXT(OPTION_SECOND, second),
    TEXT(OPTION_INTERFACE, interface),
    TEXT(OPTION_SDP, sdp),
    TEXT(OPTION_CERT, tls.certificate),
    TEXT(OPTION_KEY, tls.key),
    TEXT(OPTION_CLIENT_CA, tls.client_ca),
    TEXT(OPTION_TLS_MIN, tls.least),
    TEXT(OPTION_TLS_MAX, tls.most),
    TEXT(OPTION_REDIRECT, redirect),
    TEXT(OPTION_LOG, log),
    TEXT(OPTION_PUSH, push),
#undef TEXT
};

static const struct {
    int letter;
    size_t offset;
    long least, most;
} numbers[] = {
#define NUMBER(letter, field, least, most)                             \
    {                                                                  \
        letter, offsetof(struct vg_camera_options, field), least, most \
    }
    NUMBER(OPTION_PORT, port, 0, 65535),
    NUMBER(OPTION_CAMERAS, cameras, 1, VG_CAMERAS_MAX),
    NUMBER(OPTION_PATHS, paths, 1, 100000),
    NUMBER(OPTION_MTU, mtu, 200, 65000),
    NUMBER(OPTION_TTL, ttl, 0, 255),
    NUMBER(OPTION_NONCE_USES, auth.nonce_uses, 1, 1000000),
    NUMBER(OPTION_TIMEOUT, timeout_s, 1, 86400),
#undef NUMBER
};

_Noreturn static void usage(void)
{
    (void)fprintf(stderr, "usage: camera [OPTION]... FILE (the options stand at the head of "
                          "tests/camera/camera.c)\n");
    exit(2);
}

static unsigned schemes_of(const char *list)
{
    static const struct {
        const char *name;
        unsigned scheme;
    } rows[] = {{"basic", VG_AUTH_BASIC}, {"md5", VG_AUTH_MD5}, {"sha256", VG_AUTH_SHA256}};
    unsigned schemes = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strstr(list, rows[i].name))
            schemes |= rows[i].scheme;
    return schemes;
}

/* ADDRESS or ADDRESS:PORT. */
static void set_group(struct vg_camera_options *options, char *text)
{
    char *colon = strchr(text, ':');
    options->group = text;
    if (!colon)
        return;
    *colon = '\0';
    options->group_port = (unsigned)strtoul(colon + 1, NULL, 10);
}

/* Options that are neither a text nor a number. false: it is one of those. */
static bool take_word(struct vg_camera_options *options, int letter, const char **credentials,
                      unsigned *schemes)
{
    switch (letter) {
    case OPTION_CREDENTIALS:
        *credentials = optarg;
        return true;
    case OPTION_AUTH:
        *schemes = schemes_of(optarg);
        return true;
    case OPTION_NO_QOP:
        options->auth.qop = VG_AUTH_NO_QOP;
        return true;
    case OPTION_STAY:
        options->until = VG_UNTIL_KILLED;
        return true;
    case OPTION_SMALL:
        options->clip_flags |= VG_CLIP_KEYS_ONLY;
        return true;
    case OPTION_OUT_OF_BAND:
        options->clip_flags |= VG_CLIP_OUT_OF_BAND;
        return true;
    case OPTION_GROUP:
        set_group(options, optarg);
        return true;
    case OPTION_FAULTS:
        vg_camera_faults_read(&options->faults, optarg);
        return true;
    case OPTION_PUSH_UDP:
        options->push_by = VG_PUSH_UDP;
        return true;
    default:
        return false;
    }
}

static bool take_value(struct vg_camera_options *options, int letter)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].letter == letter) {
            memcpy((char *)options + texts[i].offset, &optarg, sizeof optarg);
            return true;
        }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].letter != letter)
            continue;
        const long number = strtol(optarg, NULL, 10);
        const unsigned value = (unsigned)number;
        memcpy((char *)options + numbers[i].offset, &value, sizeof value);
        return number >= numbers[i].least && number <= numbers[i].most;
    }
    return false;
}

static void read_options(struct vg_camera_options *options, int argc, char **argv)
{
    const char *credentials = NULL;
    unsigned schemes = VG_AUTH_BASIC;
    *options = (struct vg_camera_options){
        .bind = "127.0.0.1", .mtu = 1400, .group_port = 5004, .ttl = 1, .cameras = 1};
    for (int c = 0; (c = getopt_long(argc, argv, "a:p:", long_options, NULL)) != -1;)
        if (!take_word(options, c, &credentials, &schemes) && !take_value(options, c))
            usage();
    if (optind != argc - 1)
        usage();
    options->clip = argv[optind];
    struct vg_auth auth = options->auth;
    if (!vg_auth_init(&auth, credentials, schemes))
        usage();
    auth.qop = options->auth.qop;
    auth.nonce_uses = options->auth.nonce_uses;
    options->auth = auth;
}

int main(int argc, char **argv)
{
    struct vg_program *program = calloc(1, sizeof *program);
    if (!program)
        vg_camera_die("no memory");
    (void)signal(SIGPIPE, SIG_IGN);
    av_log_set_level(AV_LOG_ERROR);
    read_options(&program->options, argc, argv);
    int code = 0;
    if (program->options.push) {
        code = vg_camera_push(&program->options);
    } else {
        open_program(program);
        run(program);
        close_program(program);
    }
    free(program);
    return code;
}
