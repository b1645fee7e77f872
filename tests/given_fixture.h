/* What the tests of sources that are given to us share: ports that are free, a source that waits, video
 * that is read from it, whom the site permits. */
#ifndef VG_TESTS_GIVEN_FIXTURE_H
#define VG_TESTS_GIVEN_FIXTURE_H

#include "tests/media_fixture.h"

#include <arpa/inet.h>
#include <libavcodec/codec_par.h>
#include <libavcodec/packet.h>
#include <signal.h>
#include <sys/socket.h>

#include "src/base/clock.h"
#include "src/media/source.h"

#define S        VG_US_PER_S
#define PATIENCE (8 * S)

static inline struct vg_source_settings live(const char *url)
{
    struct vg_source_settings settings = vg_source_defaults();
    settings.kind = VG_SOURCE_LIVE;
    settings.url = url;
    settings.open_us = 2 * S;
    settings.read_us = S / 4;
    return settings;
}

static inline struct sockaddr_in at_port(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A port of this kind of socket that nobody has. */
static inline unsigned free_port(int type)
{
    struct sockaddr_in at = at_port(0);
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

static inline struct vg_source *open_live(const struct vg_source_settings *settings)
{
    struct vg_source *source = NULL;
    assert_int_equal(vg_source_open(&source, settings, NULL), VG_OK);
    return source;
}

/* Until something else than "nothing yet" is read. */
static inline enum vg_status next(struct vg_source *source, struct vg_packet *packet)
{
    const int64_t until = vg_mono_now().us + PATIENCE;
    enum vg_status status = VG_E_STATE;
    while (status == VG_E_STATE && vg_mono_now().us < until)
        status = vg_source_read(source, packet);
    return status;
}

/* Until a key frame, then some more. */
static inline void expect_video(struct vg_source *source, enum AVCodecID codec, int packets)
{
    struct vg_packet packet;
    do
        assert_int_equal(next(source, &packet), VG_OK);
    while (packet.early);
    assert_true(packet.key);
    for (int i = 0; i < packets; i++) {
        assert_int_equal(vg_source_read(source, &packet), VG_OK);
        assert_false(packet.early || packet.restarted);
    }
    assert_int_equal(vg_source_about(source).codec->codec_id, codec);
}

/* Reads what is still there, until it is over. */
static inline enum vg_status read_out(struct vg_source *source)
{
    struct vg_packet packet;
    enum vg_status status = VG_OK;
    while (status == VG_OK)
        status = vg_source_read(source, &packet);
    return status;
}

/* While nobody comes who may: it waits, no longer than it should. */
static inline void expect_nothing(struct vg_source *source)
{
    struct vg_packet packet;
    const int64_t start_us = vg_mono_now().us;
    assert_int_equal(vg_source_read(source, &packet), VG_E_STATE);
    assert_true(vg_mono_now().us - start_us < 2 * S);
}

static inline void camera_kill(struct camera_child *camera)
{
    assert_int_equal(kill(camera->pid, SIGKILL), 0);
    assert_int_equal(waitpid(camera->pid, NULL, 0), camera->pid);
    (void)close(camera->in);
    (void)close(camera->out);
}

static inline bool nobody(const void *context, const char *host, uint16_t port)
{
    (void)context, (void)host, (void)port;
    return false;
}

static inline bool loopback(const void *context, const char *host, uint16_t port)
{
    (void)context;
    return strcmp(host, "127.0.0.1") == 0 && port == 0;
}

#endif
