/* The test camera: its program, the cameras in it, their sessions. One thread. */
#ifndef VG_TESTS_CAMERA_H
#define VG_TESTS_CAMERA_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tests/camera/camera_auth.h"
#include "tests/camera/camera_clip.h"
#include "tests/camera/camera_fault.h"
#include "tests/camera/camera_stream.h"
#include "tests/camera/camera_wire.h"

#define VG_REQUEST_MAX  8192
#define VG_SESSIONS_MAX 1024
#define VG_CAMERAS_MAX  512

struct vg_camera_options {
    const char *clip, *second;     /* files */
    const char *bind;              /* address to listen on and to send from */
    const char *group, *interface; /* multicast: address, and that of the interface */
    const char *redirect, *sdp, *push, *log;
    unsigned port, group_port, ttl, cameras, paths, timeout_s;
    int mtu;
    unsigned clip_flags;
    enum {
        VG_UNTIL_STDIN,
        VG_UNTIL_KILLED
    } until;
    enum {
        VG_PUSH_TCP,
        VG_PUSH_UDP
    } push_by;
    struct vg_tls_words tls;
    struct vg_auth auth;
    struct vg_camera_faults faults; /* of sessions whose URL names none */
};

enum vg_watched_kind {
    VG_WATCHED_STDIN,
    VG_WATCHED_LISTENER,
    VG_WATCHED_SESSION,
    VG_WATCHED_SOCKET /* of RTP or RTCP: what clients send there is logged and dropped */
};
struct vg_watched {
    enum vg_watched_kind kind;
    int fd;
};

enum vg_session_way {
    VG_WAY_NONE,
    VG_WAY_TCP,
    VG_WAY_UDP,
    VG_WAY_MULTICAST
};

struct vg_program;
struct vg_camera;

struct vg_session {
    struct vg_watched watched; /* first: epoll hands it over */
    struct vg_camera *camera;
    bool used, playing, refused_once;
    struct vg_wire wire; /* fd -1: the stream of a group, which no client owns */
    struct vg_camera_faults faults;
    struct vg_nonce nonce;
    enum vg_session_way way;
    uint32_t id; /* 0: none, or ended */
    int64_t alive_us;
    struct vg_stream stream;
    size_t in_count;
    char in[VG_REQUEST_MAX];
};

struct vg_camera {
    struct vg_watched listener, rtp, rtcp, group_rtp, group_rtcp; /* fd -1: not open */
    struct vg_program *program;
    unsigned index, port, udp_port;
    struct vg_session *group; /* its stream while somebody wants it */
    unsigned group_readers;
};

struct vg_program {
    struct vg_camera_options options;
    struct vg_clip clip, second; /* second: no pictures when there is none */
    SSL_CTX *tls;
    int epoll;
    FILE *log;
    struct vg_watched input;
    unsigned sessions_made, session_count; /* session_count: slots ever used */
    struct vg_camera camera[VG_CAMERAS_MAX];
    int64_t due_us[VG_SESSIONS_MAX]; /* of each session */
    struct vg_session *session;      /* VG_SESSIONS_MAX */
};

int64_t vg_camera_now_us(void);
/* text: numeric, IPv4 or IPv6; false: it is neither. */
bool vg_camera_address(const char *text, unsigned port, struct sockaddr_storage *address,
                       socklen_t *size);
/* A line of the log; words without capitals are not of a request. */
void vg_camera_log(struct vg_program *program, const char *format, ...) VG_PRINTF(2, 3);

/* NULL: there are too many. fd: taken; -1: none. */
struct vg_session *vg_session_open(struct vg_camera *camera, int fd);
void vg_session_close(struct vg_session *session);
/* Sends what is due; microseconds until the next call, -1: close it. */
int64_t vg_session_play(struct vg_session *session, int64_t now_us);

/* Takes what the client wrote and answers; false: close it. */
bool vg_camera_take(struct vg_session *session);

/* The sockets that all sessions by UDP send from; false: none to be had. */
bool vg_camera_open_udp(struct vg_camera *camera);
/* The stream of the camera's group, which runs while it is joined. */
bool vg_camera_join_group(struct vg_camera *camera);
void vg_camera_leave_group(struct vg_camera *camera);
unsigned vg_camera_group_port(const struct vg_camera *camera);

/* Sends the clip to a server or a group instead of being asked; the program's exit code. */
int vg_camera_push(const struct vg_camera_options *options);

#endif
