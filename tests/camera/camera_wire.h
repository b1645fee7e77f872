/* The connection of one client, in the clear or by TLS. What it does not take now is kept; beyond a
 * bound, whole packets are left out. */
#ifndef VG_TESTS_CAMERA_WIRE_H
#define VG_TESTS_CAMERA_WIRE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct vg_wire {
    int fd; /* -1: none */
    int epoll;
    void *tag;     /* of its epoll events */
    uint32_t wish; /* the events asked for now */
    SSL *ssl;      /* NULL: in the clear */
    bool gone, deaf;
    uint8_t *out;
    size_t out_count, out_room;
    double drip; /* bytes a second; 0: all that goes */
    int64_t drip_us;
};

/* fd and ssl: taken. */
void vg_wire_open(struct vg_wire *wire, int fd, SSL *ssl, int epoll, void *tag);
void vg_wire_close(struct vg_wire *wire);
/* All parts or nothing. */
void vg_wire_put(struct vg_wire *wire, const struct iovec *parts, size_t count);
/* Sends what was kept; false: the client is gone. */
bool vg_wire_flush(struct vg_wire *wire, int64_t now_us);
/* Bytes taken; 0: none now; -1: the client is gone. */
ssize_t vg_wire_take(struct vg_wire *wire, void *data, size_t room);
/* Neither reads nor writes any more; the connection stays. */
void vg_wire_deafen(struct vg_wire *wire);

struct vg_tls_words {
    const char *certificate, *key; /* files; NULL: in the clear */
    const char *client_ca;         /* file; NULL: the client needs no certificate */
    const char *least, *most;      /* "1.0" to "1.3"; NULL: the library's */
};
/* NULL in the clear; ends the program when a file cannot be read. */
SSL_CTX *vg_wire_tls(const struct vg_tls_words *words);

#endif
