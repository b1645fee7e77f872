/* A small RTSP camera for the tests: loops one H.264 or H.265 file at its true rate to any number
 * of sessions, RTP interleaved in the TCP connection. libavformat's rtp muxer makes the packets,
 * av_sdp_create the announcement. One thread, poll.
 *
 *   camera [-a BASE64 | -p PORT] FILE      listens on 127.0.0.1, prints "port N", ends when stdin closes
 *
 * -a: wants these Basic credentials. Faults are asked for in the URL's query, so that each test
 * names its own and the other sessions stay healthy:
 *   nooptions nodescribe nosetup noplay   never answers that method
 *   nodata            answers PLAY, never sends a packet
 *   nosprop           announces no parameter sets
 *   startnokey        begins on a picture that is not a key frame
 *   freeze=S thaw=D   stops sending S seconds after PLAY (and begins again after D)
 *   close=S reset=S   orderly end, or RST, S seconds after PLAY
 *   lose=N            leaves out every N-th RTP packet
 *   jump=S by=D       from second S on adds D seconds to the stamps (D may be negative)
 *   burst=S           holds packets back and sends them all every S seconds */
#define _GNU_SOURCE /* memmem, accept4 */
#include <arpa/inet.h>
#include <errno.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/mathematics.h>
#include <libavutil/time.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define SESSIONS_MAX 64
#define REQUEST_MAX  8192
#define OUT_MAX      (4u << 20) /* waiting for the client: past this, packets are left out */
#define MTU          1400

struct clip {
    AVPacket **packets;
    int count;
    AVRational time_base;
    int64_t first_dts, span; /* of one loop, in time_base */
    AVCodecParameters *codec;
};

struct faults {
    double nooptions, nodescribe, nosetup, noplay, nodata, nosprop, startnokey;
    double freeze, thaw, close, reset, lose, jump, by, burst;
};

struct camera;

struct session {
    struct camera *camera;
    int fd; /* -1: free */
    char in[REQUEST_MAX];
    size_t in_count;
    uint8_t *out;
    size_t out_count;
    struct faults faults;
    int channel; /* interleaved */
    unsigned id;
    AVFormatContext *muxer; /* once it plays */
    int64_t start_us;
    int next;
    int64_t loops;
    uint64_t rtp_packets;
};

struct camera {
    const char *credentials; /* NULL: none wanted */
    struct clip clip;
    int listener;
    unsigned sessions_made;
    struct session session[SESSIONS_MAX];
};

static void die(const char *what)
{
    (void)fprintf(stderr, "camera: %s\n", what);
    exit(1);
}

/* ---- the clip, in Annex B so that the parameter sets travel in band ---- */

static AVBSFContext *annex_b(const AVStream *stream)
{
    AVBSFContext *filter = NULL;
    const AVCodecParameters *codec = stream->codecpar;
    const bool hevc = codec->codec_id == AV_CODEC_ID_HEVC;
    if (codec->extradata_size < 1 || codec->extradata[0] != 1)
        return NULL;
    const AVBitStreamFilter *kind =
        av_bsf_get_by_name(hevc ? "hevc_mp4toannexb" : "h264_mp4toannexb");
    if (!kind || av_bsf_alloc(kind, &filter) < 0 ||
        avcodec_parameters_copy(filter->par_in, codec) < 0)
        die("no filter");
    filter->time_base_in = stream->time_base;
    if (av_bsf_init(filter) < 0)
        die("no filter");
    return filter;
}

static void keep(struct clip *clip, const AVPacket *packet)
{
    const size_t count = (size_t)clip->count;
    clip->packets = realloc(clip->packets, (count + 1) * sizeof *clip->packets);
    AVPacket *copy = clip->packets ? av_packet_clone(packet) : NULL;
    if (!copy)
        die("no memory");
    clip->packets[count] = copy;
    clip->count++;
}

static void load(struct clip *clip, const char *path)
{
    AVFormatContext *file = NULL;
    AVPacket *packet = av_packet_alloc();
    clip->codec = avcodec_parameters_alloc();
    if (!packet || !clip->codec || avformat_open_input(&file, path, NULL, NULL) < 0 ||
        avformat_find_stream_info(file, NULL) < 0)
        die("the clip cannot be read");
    const int video = av_find_best_stream(file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (video < 0)
        die("no video");
    const AVStream *stream = file->streams[video];
    AVBSFContext *filter = annex_b(stream);
    clip->time_base = stream->time_base;
    if (avcodec_parameters_copy(clip->codec, filter ? filter->par_out : stream->codecpar) < 0)
        die("no memory");
    for (; av_read_frame(file, packet) >= 0; av_packet_unref(packet)) {
        if (packet->stream_index != video)
            continue;
        if (filter &&
            (av_bsf_send_packet(filter, packet) < 0 || av_bsf_receive_packet(filter, packet) < 0))
            continue;
        keep(clip, packet);
    }
    av_packet_free(&packet);
    av_bsf_free(&filter);
    avformat_close_input(&file);
    if (clip->count < 2)
        die("the clip is too short");
    const int64_t last = clip->packets[clip->count - 1]->dts;
    clip->first_dts = clip->packets[0]->dts;
    clip->span = last - clip->first_dts + last - clip->packets[clip->count - 2]->dts;
}

static void unload(struct clip *clip)
{
    for (int i = 0; i < clip->count; i++)
        av_packet_free(&clip->packets[i]);
    free(clip->packets);
    avcodec_parameters_free(&clip->codec);
}

/* ---- sending ---- */

static void put(struct session *session, const void *data, size_t size)
{
    if (session->out_count + size > OUT_MAX)
        return;
    memcpy(session->out + session->out_count, data, size);
    session->out_count += size;
}

/* Sends what the client takes now; false: it is gone. */
static bool flush_out(struct session *session)
{
    size_t done = 0;
    while (done < session->out_count) {
        const ssize_t sent = send(session->fd, session->out + done, session->out_count - done,
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (sent < 0)
            return false;
        done += (size_t)sent;
    }
    memmove(session->out, session->out + done, session->out_count - done);
    session->out_count -= done;
    return true;
}

/* The muxer calls this once for each RTP or RTCP packet (types 192 to 223). */
static int on_packet(void *opaque, uint8_t *data, int size)
{
    struct session *session = opaque;
    const bool rtcp = size > 1 && data[1] >= 192 && data[1] <= 223;
    const uint8_t head[4] = {'$', (uint8_t)(session->channel + (rtcp ? 1 : 0)),
                             (uint8_t)(size >> 8), (uint8_t)size};
    if (!rtcp) {
        session->rtp_packets++;
        const uint64_t every = (uint64_t)session->faults.lose;
        if (every > 0 && session->rtp_packets % every == 0)
            return size;
    }
    put(session, head, sizeof head);
    put(session, data, (size_t)size);
    return size;
}

static bool start_playing(struct session *session)
{
    const struct clip *clip = &session->camera->clip;
    AVFormatContext *muxer = NULL;
    AVDictionary *options = NULL;
    if (avformat_alloc_output_context2(&muxer, NULL, "rtp", NULL) < 0)
        return false;
    AVStream *stream = avformat_new_stream(muxer, NULL);
    if (!stream || avcodec_parameters_copy(stream->codecpar, clip->codec) < 0)
        die("no memory");
    stream->codecpar->codec_tag = 0;
    stream->time_base = clip->time_base;
    muxer->pb = avio_alloc_context(av_malloc(MTU), MTU, 1, session, NULL, on_packet, NULL);
    if (!muxer->pb)
        die("no memory");
    muxer->pb->max_packet_size = MTU; /* the muxer takes its packet size from here */
    muxer->packet_size = MTU;
    (void)av_dict_set(&options, "payload_type", "96", 0);
    const int error = avformat_write_header(muxer, &options);
    av_dict_free(&options);
    session->muxer = muxer;
    session->next = 0;
    session->loops = 0;
    const bool want_key = session->faults.startnokey <= 0;
    while (session->next < clip->count - 1 &&
           ((clip->packets[session->next]->flags & AV_PKT_FLAG_KEY) != 0) != want_key)
        session->next++;
    session->start_us =
        av_gettime_relative() - av_rescale_q(clip->packets[session->next]->dts - clip->first_dts,
                                             clip->time_base, AV_TIME_BASE_Q);
    return error >= 0;
}

static void stop_playing(struct session *session)
{
    if (!session->muxer)
        return;
    av_freep(&session->muxer->pb->buffer);
    avio_context_free(&session->muxer->pb);
    avformat_free_context(session->muxer);
    session->muxer = NULL;
}

static void close_session(struct session *session)
{
    stop_playing(session);
    (void)close(session->fd);
    free(session->out);
    session->out = NULL;
    session->fd = -1;
}

/* ---- requests ---- */

/* Adds at most `length` bytes of piece to text; what does not fit is cut. */
static void add(char *text, size_t size, const char *piece, size_t length)
{
    const size_t used = strlen(text), room = size - used - 1, n = strnlen(piece, length);
    memcpy(text + used, piece, n < room ? n : room);
    text[used + (n < room ? n : room)] = '\0';
}

/* The value of a header line, "" when there is none. */
static void header(const char *request, const char *name, char *value, size_t size)
{
    const size_t length = strlen(name);
    value[0] = '\0';
    for (const char *p = strstr(request, "\r\n"); p; p = strstr(p, "\r\n")) {
        p += 2;
        if (strncasecmp(p, name, length) != 0 || p[length] != ':')
            continue;
        p += length + 1;
        p += strspn(p, " ");
        add(value, size, p, strcspn(p, "\r"));
        return;
    }
}

static void read_faults(struct session *session, const char *url)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define ROW(field) {#field, offsetof(struct faults, field)}
        ROW(nooptions), ROW(nodescribe), ROW(nosetup), ROW(noplay), ROW(nodata),
        ROW(nosprop),   ROW(startnokey), ROW(freeze),  ROW(thaw),   ROW(close),
        ROW(reset),     ROW(lose),       ROW(jump),    ROW(by),     ROW(burst),
#undef ROW
    };
    const char *p = strchr(url, '?');
    if (!p)
        return;
    memset(&session->faults, 0, sizeof session->faults);
    while (p && *p && *p != '/' && *p != ' ') {
        p++;
        const size_t length = strcspn(p, "=&/ ");
        double value = 1;
        if (p[length] == '=')
            value = strtod(p + length + 1, NULL);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (strlen(rows[i].name) == length && strncmp(rows[i].name, p, length) == 0)
                memcpy((char *)&session->faults + rows[i].offset, &value, sizeof value);
        p += strcspn(p, "&/ ");
    }
}

static void reply(struct session *session, const char *result, const char *cseq, const char *more,
                  const char *body)
{
    char text[8192];
    char content[128] = "";
    if (*body)
        (void)snprintf(content, sizeof content,
                       "Content-Type: application/sdp\r\nContent-Length: %zu\r\n", strlen(body));
    const int length =
        snprintf(text, sizeof text, "RTSP/1.0 %s\r\nCSeq: %s\r\nServer: test camera\r\n%s%s\r\n%s",
                 result, cseq, more, content, body);
    if (length > 0 && (size_t)length < sizeof text)
        put(session, text, (size_t)length);
}

static void describe(struct session *session, const char *url, const char *cseq)
{
    char sdp[4096] = "", more[640] = "Content-Base: ";
    AVFormatContext *context = avformat_alloc_context();
    AVStream *stream = context ? avformat_new_stream(context, NULL) : NULL;
    if (!stream || avcodec_parameters_copy(stream->codecpar, session->camera->clip.codec) < 0)
        die("no memory");
    context->oformat = av_guess_format("rtp", NULL, NULL);
    context->url = av_strdup("rtp://0.0.0.0");
    if (session->faults.nosprop > 0) {
        av_freep(&stream->codecpar->extradata);
        stream->codecpar->extradata_size = 0;
    }
    (void)av_sdp_create(&context, 1, sdp, (int)sizeof sdp - 64);
    avformat_free_context(context);
    if (!strstr(sdp, "a=control:"))
        add(sdp, sizeof sdp, "a=control:streamid=0\r\n", SIZE_MAX);
    add(more, sizeof more, url, strcspn(url, "?"));
    add(more, sizeof more, "/\r\n", SIZE_MAX);
    reply(session, "200 OK", cseq, more, sdp);
}

static void set_up(struct session *session, const char *request, const char *cseq)
{
    char transport[512], more[256];
    header(request, "Transport", transport, sizeof transport);
    const char *channels = strstr(transport, "interleaved=");
    if (!strstr(transport, "TCP")) {
        reply(session, "461 Unsupported Transport", cseq, "", "");
        return;
    }
    session->channel = channels ? (int)strtol(channels + strlen("interleaved="), NULL, 10) : 0;
    session->id = ++session->camera->sessions_made;
    (void)snprintf(more, sizeof more,
                   "Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d\r\n"
                   "Session: %08x;timeout=60\r\n",
                   session->channel, session->channel + 1, session->id);
    reply(session, "200 OK", cseq, more, "");
}

static bool permitted(const struct session *session, const char *request)
{
    char given[512], want[512];
    if (!session->camera->credentials)
        return true;
    header(request, "Authorization", given, sizeof given);
    (void)snprintf(want, sizeof want, "Basic %s", session->camera->credentials);
    return strcmp(given, want) == 0;
}

/* false: close the connection. */
static bool answer(struct session *session, const char *request)
{
    char method[32] = "", url[512] = "", cseq[32], more[64];
    if (sscanf(request, "%31s %511s", method, url) != 2)
        return false;
    header(request, "CSeq", cseq, sizeof cseq);
    if (!session->muxer)
        read_faults(session, url);
    const struct faults *faults = &session->faults;
    (void)snprintf(more, sizeof more, "Session: %08x\r\n", session->id);
    if (strcmp(method, "OPTIONS") == 0) {
        if (faults->nooptions <= 0)
            reply(session, "200 OK", cseq,
                  "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n", "");
    } else if (!permitted(session, request)) {
        reply(session, "401 Unauthorized", cseq, "WWW-Authenticate: Basic realm=\"test\"\r\n", "");
    } else if (strstr(url, "/missing")) {
        reply(session, "404 Not Found", cseq, "", "");
    } else if (strcmp(method, "DESCRIBE") == 0) {
        if (faults->nodescribe <= 0)
            describe(session, url, cseq);
    } else if (strcmp(method, "SETUP") == 0) {
        if (faults->nosetup <= 0)
            set_up(session, request, cseq);
    } else if (strcmp(method, "PLAY") == 0) {
        if (faults->noplay > 0)
            return true;
        reply(session, "200 OK", cseq, more, "");
        return session->muxer || start_playing(session);
    } else if (strcmp(method, "GET_PARAMETER") == 0) {
        reply(session, "200 OK", cseq, more, "");
    } else if (strcmp(method, "TEARDOWN") == 0) {
        reply(session, "200 OK", cseq, "", "");
        (void)flush_out(session);
        return false;
    } else {
        reply(session, "405 Method Not Allowed", cseq, "", "");
    }
    return true;
}

/* How many bytes the first whole message in `in` takes; 0: none whole yet. */
static size_t message_size(const struct session *session)
{
    const uint8_t *in = (const uint8_t *)session->in;
    if (session->in_count >= 4 && in[0] == '$') { /* RTCP of the client */
        const size_t size = 4 + ((size_t)in[2] << 8 | in[3]);
        return size <= session->in_count ? size : 0;
    }
    const char *end = memmem(session->in, session->in_count, "\r\n\r\n", 4);
    return end ? (size_t)(end + 4 - session->in) : 0;
}

/* Takes what came; false: the client is gone or writes nonsense. */
static bool take(struct session *session)
{
    const size_t room = sizeof session->in - 1 - session->in_count;
    const ssize_t got = recv(session->fd, session->in + session->in_count, room, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0 || room == 0)
        return false;
    session->in_count += (size_t)got;
    for (size_t size = message_size(session); size > 0; size = message_size(session)) {
        char request[REQUEST_MAX];
        memcpy(request, session->in, size);
        request[size - 1] = '\0';
        session->in_count -= size;
        memmove(session->in, session->in + size, session->in_count);
        if (request[0] != '$' && !answer(session, request))
            return false;
    }
    return flush_out(session);
}

/* ---- playing ---- */

static void send_packet(struct session *session, int64_t offset)
{
    AVPacket *packet = av_packet_clone(session->camera->clip.packets[session->next]);
    if (!packet)
        die("no memory");
    packet->dts += offset;
    packet->pts += offset;
    packet->stream_index = 0;
    av_packet_rescale_ts(packet, session->camera->clip.time_base,
                         session->muxer->streams[0]->time_base);
    /* av_write_frame would refuse a stamp that steps back */
    if (session->faults.by < 0)
        (void)session->muxer->oformat->write_packet(session->muxer, packet);
    else
        (void)av_write_frame(session->muxer, packet);
    av_packet_free(&packet);
}

/* Microseconds to wait until the time fault that rules now is over; 0: none rules. -1: close. */
static int64_t held_back(struct session *session, int64_t now_us)
{
    struct faults *faults = &session->faults;
    const double played = (double)(now_us - session->start_us) / 1e6;
    if (faults->reset > 0 && played >= faults->reset) {
        const struct linger hard = {1, 0};
        (void)setsockopt(session->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return -1;
    }
    if (faults->close > 0 && played >= faults->close)
        return -1;
    if (faults->nodata > 0)
        return 1000000;
    if (faults->freeze > 0 && played >= faults->freeze) {
        if (faults->thaw <= 0 || played < faults->freeze + faults->thaw)
            return 10000;
        session->start_us += (int64_t)(faults->thaw * 1e6);
        faults->freeze = 0;
    }
    if (faults->burst > 0 &&
        played - (double)(int64_t)(played / faults->burst) * faults->burst > 0.02)
        return 10000;
    return 0;
}

/* Sends what is due; the microseconds until the next packet, -1: close. */
static int64_t play(struct session *session, int64_t now_us)
{
    const struct clip *clip = &session->camera->clip;
    if (!session->muxer)
        return 1000000;
    const int64_t held_us = held_back(session, now_us);
    if (held_us != 0)
        return held_us;
    for (;;) {
        const AVPacket *packet = clip->packets[session->next];
        const int64_t dts = packet->dts - clip->first_dts + session->loops * clip->span;
        const int64_t due_us =
            session->start_us + av_rescale_q(dts, clip->time_base, AV_TIME_BASE_Q);
        int64_t offset = dts - packet->dts;
        if (due_us > now_us)
            return due_us - now_us;
        if (session->faults.jump > 0 &&
            (double)(now_us - session->start_us) / 1e6 >= session->faults.jump)
            offset +=
                av_rescale_q((int64_t)(session->faults.by * 1e6), AV_TIME_BASE_Q, clip->time_base);
        send_packet(session, offset);
        if (++session->next == clip->count) {
            session->next = 0;
            session->loops++;
        }
        if (!flush_out(session))
            return -1;
    }
}

/* ---- the loop ---- */

static void accept_session(struct camera *camera)
{
    const int one = 1;
    const int fd = accept4(camera->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (int i = 0; i < SESSIONS_MAX; i++)
        if (camera->session[i].fd < 0) {
            camera->session[i] = (struct session){.camera = camera, .fd = fd};
            camera->session[i].out = malloc(OUT_MAX);
            if (!camera->session[i].out)
                die("no memory");
            return;
        }
    (void)close(fd);
}

/* Waits at most wait_us for something; false: stdin is closed, the test is over. */
static bool serve(struct camera *camera, int64_t wait_us)
{
    struct pollfd polled[SESSIONS_MAX + 2];
    polled[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    polled[1] = (struct pollfd){.fd = camera->listener, .events = POLLIN};
    for (int i = 0; i < SESSIONS_MAX; i++) {
        const struct session *session = &camera->session[i];
        const short events = session->out_count > 0 ? POLLIN | POLLOUT : POLLIN;
        polled[i + 2] = (struct pollfd){.fd = session->fd, .events = events};
    }
    if (poll(polled, SESSIONS_MAX + 2, (int)((wait_us + 999) / 1000)) < 0)
        return errno == EINTR;
    if (polled[0].revents) {
        char byte = 0;
        if (read(STDIN_FILENO, &byte, 1) <= 0)
            return false;
    }
    for (int i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &camera->session[i];
        const int events = session->fd >= 0 ? polled[i + 2].revents : 0;
        if ((events & POLLOUT && !flush_out(session)) ||
            (events & (POLLIN | POLLHUP | POLLERR) && !take(session)))
            close_session(session);
    }
    if (polled[1].revents)
        accept_session(camera);
    return true;
}

/* port 0: any; one that was used a moment ago may be used again */
static void listen_on(struct camera *camera, uint16_t port)
{
    const int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    camera->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (camera->listener < 0 ||
        setsockopt(camera->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(camera->listener, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(camera->listener, SESSIONS_MAX) < 0 ||
        getsockname(camera->listener, (struct sockaddr *)&address, &size) < 0)
        die(strerror(errno));
    (void)printf("port %u\n", (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const bool credentials = argc == 4 && strcmp(argv[1], "-a") == 0;
    const bool own_port = argc == 4 && strcmp(argv[1], "-p") == 0;
    const long port = own_port ? strtol(argv[2], NULL, 10) : 0;
    if ((argc != 2 && !credentials && !own_port) || port < 0 || port > 65535) {
        (void)fprintf(stderr, "usage: camera [-a BASE64 | -p PORT] FILE\n");
        return 2;
    }
    struct camera *camera = calloc(1, sizeof *camera);
    if (!camera)
        die("no memory");
    camera->credentials = credentials ? argv[2] : NULL;
    for (int i = 0; i < SESSIONS_MAX; i++)
        camera->session[i].fd = -1;
    (void)signal(SIGPIPE, SIG_IGN);
    av_log_set_level(AV_LOG_ERROR);
    load(&camera->clip, argv[argc - 1]);
    listen_on(camera, (uint16_t)port);
    int64_t wait_us = 1000000;
    while (serve(camera, wait_us)) {
        const int64_t now_us = av_gettime_relative();
        wait_us = 1000000;
        for (int i = 0; i < SESSIONS_MAX; i++) {
            struct session *session = &camera->session[i];
            const int64_t next_us = session->fd >= 0 ? play(session, now_us) : 1000000;
            if (next_us < 0)
                close_session(session);
            else if (next_us < wait_us)
                wait_us = next_us;
        }
    }
    for (int i = 0; i < SESSIONS_MAX; i++)
        if (camera->session[i].fd >= 0)
            close_session(&camera->session[i]);
    unload(&camera->clip);
    (void)close(camera->listener);
    free(camera);
    return 0;
}
