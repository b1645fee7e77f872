/* OpenSSL behind a BIO of our own: its socket BIO writes with write(), which would raise SIGPIPE. A
 * failed call leaves OpenSSL's queue of errors as empty as it found it. */
#include "src/media/net_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

struct vg_net_tls {
    int fd;
    bool ended; /* the other side sends no more */
    SSL_CTX *context;
    SSL *ssl;
    BIO_METHOD *method;
};

/* ---- the socket ---- */

static int socket_read(BIO *bio, char *data, int size)
{
    struct vg_net_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t got = recv(tls->fd, data, (size_t)size, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    tls->ended = got == 0 && size > 0;
    return (int)got;
}

static int socket_write(BIO *bio, const char *data, int size)
{
    const struct vg_net_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t put = send(tls->fd, data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)put;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    const struct vg_net_tls *tls = BIO_get_data(bio);
    (void)number, (void)pointer;
    if (command == BIO_CTRL_EOF)
        return tls->ended;
    return command == BIO_CTRL_FLUSH;
}

static BIO *socket_bio(struct vg_net_tls *tls)
{
    tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "vigie socket");
    if (!tls->method || BIO_meth_set_read(tls->method, socket_read) != 1 ||
        BIO_meth_set_write(tls->method, socket_write) != 1 ||
        BIO_meth_set_ctrl(tls->method, socket_control) != 1)
        return NULL;
    BIO *bio = BIO_new(tls->method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    return bio;
}

/* ---- whom it believes ---- */

static bool given(const char *text)
{
    return text && *text;
}

/* In place of OpenSSL's, which would ask on the terminal: keys come without a pass phrase. */
static int no_phrase(char *phrase, int size, int writing, void *context)
{
    (void)phrase, (void)size, (void)writing, (void)context;
    return -1;
}

static BIO *text_bio(const char *text)
{
    const size_t size = strlen(text);
    return size < 1 << 20 ? BIO_new_mem_buf(text, (int)size) : NULL;
}

static bool believe(SSL_CTX *context, const char *pem)
{
    X509 *certificate;
    size_t count = 0;
    BIO *bio = text_bio(pem);
    while (bio && (certificate = PEM_read_bio_X509(bio, NULL, no_phrase, NULL)) != NULL) {
        count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1;
        X509_free(certificate);
    }
    BIO_free(bio);
    return count > 0;
}

static bool present(SSL_CTX *context, const char *certificate_pem, const char *key_pem)
{
    X509 *certificate = NULL, *further;
    EVP_PKEY *key = NULL;
    BIO *bio = text_bio(certificate_pem), *key_bio = text_bio(key_pem);
    bool good = bio && key_bio;
    if (good) {
        certificate = PEM_read_bio_X509(bio, NULL, no_phrase, NULL);
        key = PEM_read_bio_PrivateKey(key_bio, NULL, no_phrase, NULL);
    }
    good = good && certificate && key && SSL_CTX_use_certificate(context, certificate) == 1 &&
           SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    while (good && (further = PEM_read_bio_X509(bio, NULL, no_phrase, NULL)) != NULL) {
        good = SSL_CTX_add0_chain_cert(context, further) == 1;
        if (!good)
            X509_free(further);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(bio);
    BIO_free(key_bio);
    return good;
}

/* An authority that is named is believed even if it is not a root: a camera's own certificate, or
 * that of the site's installer, can be named itself. */
static enum vg_status take_trust(struct vg_net_tls *tls, const struct vg_tls_trust *trust,
                                 struct vg_fault *fault)
{
    if (given(trust->ca_pem) && !believe(tls->context, trust->ca_pem))
        return vg_fault_set(fault, VG_E_INPUT, N_("the authorities are not certificates in PEM"),
                            N_("give certificates that begin with BEGIN CERTIFICATE"), "%s", "TLS");
    if (given(trust->ca_pem))
        (void)X509_STORE_set_flags(SSL_CTX_get_cert_store(tls->context), X509_V_FLAG_PARTIAL_CHAIN);
    else if (SSL_CTX_set_default_verify_paths(tls->context) != 1)
        return vg_fault_set(fault, VG_E_LACK, N_("the system has no authorities of its own"),
                            N_("install the package ca-certificates"), "%s", "TLS");
    if (given(trust->certificate_pem) &&
        !present(tls->context, trust->certificate_pem, trust->key_pem ? trust->key_pem : ""))
        return vg_fault_set(fault, VG_E_INPUT, N_("our certificate and its key are not usable"),
                            N_("give both in PEM, the key without a pass phrase"), "%s", "TLS");
    return VG_OK;
}

static bool is_address(const char *name)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* What the certificate must be for; and for a name, the server is told which. */
static bool expect_name(SSL *ssl, const char *name, const char *host)
{
    char told_name[256]; /* OpenSSL's macro wants it without const */
    (void)snprintf(told_name, sizeof told_name, "%s", host);
    const bool told = is_address(host) || SSL_set_tlsext_host_name(ssl, told_name) == 1;
    if (is_address(name))
        return told && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return told && SSL_set1_host(ssl, name) == 1;
}

static SSL_CTX *new_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1); /* one system call for many records */
    SSL_CTX_set_default_passwd_cb(context, no_phrase);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

enum vg_status vg_net_tls_open(struct vg_net_tls **tls, int fd, const char *host,
                               const struct vg_tls_trust *trust, struct vg_fault *fault)
{
    enum vg_status status = VG_E_MEMORY;
    BIO *bio = NULL;
    struct vg_net_tls *opened = vg_alloc(sizeof *opened);
    *tls = NULL;
    ERR_clear_error();
    if (!opened)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "TLS");
    opened->fd = fd;
    opened->context = new_context();
    if (!opened->context)
        goto done;
    status = take_trust(opened, trust, fault);
    if (status)
        goto done;
    status = VG_E_MEMORY;
    opened->ssl = SSL_new(opened->context);
    bio = opened->ssl ? socket_bio(opened) : NULL;
    if (!bio)
        goto done;
    SSL_set_bio(opened->ssl, bio, bio); /* takes it */
    SSL_set_connect_state(opened->ssl);
    status = expect_name(opened->ssl, given(trust->name) ? trust->name : host, host) ? VG_OK
                                                                                     : VG_E_INPUT;
    if (status)
        (void)vg_fault_set(fault, status, N_("the certificate's name is not a name"), NULL, "TLS");
done:
    if (status == VG_E_MEMORY)
        (void)vg_fault_set(fault, status, vg_status_text(status), NULL, "TLS");
    if (status)
        vg_net_tls_close(&opened);
    ERR_clear_error();
    *tls = opened;
    return status;
}

void vg_net_tls_close(struct vg_net_tls **tls)
{
    struct vg_net_tls *closed = *tls;
    *tls = NULL;
    if (!closed)
        return;
    if (closed->ssl && SSL_is_init_finished(closed->ssl))
        (void)SSL_shutdown(closed->ssl);
    SSL_free(closed->ssl);
    BIO_meth_free(closed->method);
    SSL_CTX_free(closed->context);
    ERR_clear_error();
    vg_free(closed);
}

/* ---- talking ---- */

/* The other side's alerts about our certificate; with TLS 1.3 they come after the handshake. */
static bool refuses_us(int reason)
{
    static const int rows[] = {
        SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,     SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
        SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
        SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_TLSV1_ALERT_UNKNOWN_CA,
        SSL_R_TLSV1_ALERT_ACCESS_DENIED,       SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i] == reason)
            return true;
    return false;
}

/* After a call that did not succeed. *reason: 0, or why, by OpenSSL's numbers. */
static enum vg_status judge(const struct vg_net_tls *tls, int result, enum vg_net_tls_want *want,
                            unsigned long *why)
{
    const int error = SSL_get_error(tls->ssl, result);
    *why = 0;
    *want = VG_NET_TLS_DONE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        *want = error == SSL_ERROR_WANT_READ ? VG_NET_TLS_READ : VG_NET_TLS_WRITE;
        return VG_OK;
    }
    if (error == SSL_ERROR_ZERO_RETURN)
        return VG_E_CLOSED;
    if (error == SSL_ERROR_SYSCALL)
        return errno == ECONNRESET || errno == EPIPE || errno == 0 ? VG_E_CLOSED : VG_E_IO;
    *why = ERR_peek_error();
    return refuses_us(ERR_GET_REASON(*why)) ? VG_E_DENIED : VG_E_IO;
}

static enum vg_status refuse_handshake(const struct vg_net_tls *tls, enum vg_status status,
                                       unsigned long why, struct vg_fault *fault)
{
    const long verified = SSL_get_verify_result(tls->ssl);
    const char *words = why ? ERR_reason_error_string(why) : NULL;
    if (verified != X509_V_OK)
        return vg_fault_set(fault, VG_E_INTEGRITY,
                            N_("the certificate of the camera is not believed"),
                            N_("give the authority that signed it, and the name it was made for"),
                            "%s", X509_verify_cert_error_string(verified));
    if (status == VG_E_DENIED)
        return vg_fault_set(fault, status, N_("the camera refuses our certificate, or wants one"),
                            N_("give the certificate and key made for Vigie"), "%s",
                            words ? words : "TLS");
    return vg_fault_set(fault, status, N_("the camera does not agree on TLS"),
                        N_("TLS 1.2 is needed at least; check the port too"), "%s",
                        words ? words : "TLS");
}

/* Authorities are of no use once the connection stands; the system's take more than a megabyte. */
static void forget_authorities(struct vg_net_tls *tls)
{
    X509_STORE *none = X509_STORE_new();
    if (none)
        SSL_CTX_set_cert_store(tls->context, none); /* takes it, frees the other */
}

enum vg_status vg_net_tls_handshake(struct vg_net_tls *tls, enum vg_net_tls_want *want,
                                    struct vg_fault *fault)
{
    unsigned long why;
    *want = VG_NET_TLS_DONE;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(tls->ssl);
    if (result == 1) {
        forget_authorities(tls);
        return VG_OK;
    }
    enum vg_status status = judge(tls, result, want, &why);
    if (status)
        status = refuse_handshake(tls, status, why, fault);
    ERR_clear_error();
    return status;
}

enum vg_status vg_net_tls_read(struct vg_net_tls *tls, void *data, size_t size, size_t *got,
                               enum vg_net_tls_want *want)
{
    unsigned long why;
    *got = 0;
    *want = VG_NET_TLS_DONE;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_read_ex(tls->ssl, data, size, got);
    if (result == 1)
        return VG_OK;
    *got = 0;
    const enum vg_status status = judge(tls, result, want, &why);
    ERR_clear_error();
    return status;
}

enum vg_status vg_net_tls_write(struct vg_net_tls *tls, const void *data, size_t size, size_t *put,
                                enum vg_net_tls_want *want)
{
    unsigned long why;
    *put = 0;
    *want = VG_NET_TLS_DONE;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write_ex(tls->ssl, data, size, put);
    if (result == 1)
        return VG_OK;
    *put = 0;
    const enum vg_status status = judge(tls, result, want, &why);
    ERR_clear_error();
    return status;
}

const char *vg_net_tls_version_name(const struct vg_net_tls *tls)
{
    return SSL_get_version(tls->ssl);
}
