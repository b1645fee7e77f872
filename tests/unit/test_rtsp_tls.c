/* labels: threads
 * RTSP by TLS: what the client believes and what it refuses, with certificates made here. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "src/media/rtsp_client.h"
#include "tests/unit/rtsp_server.h"

#define SDP                                                                       \
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n" \
    "a=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
#define OK(headers) "RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n" headers
#define SLACK_US    1500000
#define DAY_S       86400L
#define PEM_SIZE    4096

/* A certificate and its key, as text too. */
struct made {
    X509 *certificate;
    EVP_PKEY *key;
    char certificate_pem[PEM_SIZE], key_pem[PEM_SIZE];
};

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context = {.db = NULL};
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void to_text(BIO *bio, char *text)
{
    const int size = BIO_read(bio, text, PEM_SIZE - 1);
    assert_true(size > 0);
    text[size] = '\0';
    BIO_free(bio);
}

/* issuer NULL: signed by itself. names: of the subject's alternative names; NULL: an authority. */
static void make(struct made *made, const struct made *issuer, const char *names, long from_s,
                 long to_s)
{
    const struct made *by = issuer ? issuer : made;
    made->certificate = X509_new();
    made->key = EVP_EC_gen("P-256");
    X509 *certificate = made->certificate;
    assert_true(certificate && made->key && X509_set_version(certificate, X509_VERSION_3) == 1);
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)(names ? "camera" : "site"),
                                                -1, -1, 0),
                     1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), names ? 2 : 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), from_s));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), to_s));
    assert_int_equal(X509_set_pubkey(certificate, made->key), 1);
    assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(by->certificate)), 1);
    if (names)
        add_extension(certificate, by->certificate, NID_subject_alt_name, names);
    else
        add_extension(certificate, by->certificate, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(certificate, by->key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    to_text(bio, made->certificate_pem);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, made->key, NULL, NULL, 0, NULL, NULL), 1);
    to_text(bio, made->key_pem);
}

enum which {
    SITE,       /* the authority */
    OTHER_SITE, /* another with the same name */
    GOOD,
    OTHER_NAME,
    ALONE, /* signed by itself */
    EXPIRED,
    NOT_YET,
    OURS, /* the client's */
    WHICH
};

static struct made made[WHICH];

static int make_all(void **state)
{
    static const struct {
        enum which issuer;
        const char *names;
        long from_s, to_s;
    } rows[WHICH] = {
        [SITE] = {WHICH, NULL, -DAY_S, DAY_S},
        [OTHER_SITE] = {WHICH, NULL, -DAY_S, DAY_S},
        [GOOD] = {SITE, "IP:127.0.0.1,DNS:cam.example", -DAY_S, DAY_S},
        [OTHER_NAME] = {SITE, "IP:127.0.0.2,DNS:other.example", -DAY_S, DAY_S},
        [ALONE] = {WHICH, "IP:127.0.0.1", -DAY_S, DAY_S},
        [EXPIRED] = {SITE, "IP:127.0.0.1", -2 * DAY_S, -DAY_S},
        [NOT_YET] = {SITE, "IP:127.0.0.1", DAY_S, 2 * DAY_S},
        [OURS] = {SITE, "DNS:vigie.example", -DAY_S, DAY_S},
    };
    (void)state;
    for (size_t i = 0; i < WHICH; i++)
        make(&made[i], rows[i].issuer == WHICH ? NULL : &made[rows[i].issuer], rows[i].names,
             rows[i].from_s, rows[i].to_s);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < WHICH; i++) {
        X509_free(made[i].certificate);
        EVP_PKEY_free(made[i].key);
    }
    return 0;
}

enum server_wants {
    WANTS_NOTHING,
    WANTS_OURS /* our certificate, signed by the site */
};

/* version: the newest that it speaks. */
static SSL_CTX *server_context(enum which which, int version, enum server_wants wants)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_non_null(context);
    SSL_CTX_set_security_level(context, version < TLS1_2_VERSION ? 0 : 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(context, TLS1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, version), 1);
    assert_int_equal(SSL_CTX_use_certificate(context, made[which].certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, made[which].key), 1);
    if (wants == WANTS_OURS) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        assert_int_equal(
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), made[SITE].certificate), 1);
    }
    return context;
}

struct row {
    const char *name;
    enum which server;
    int version; /* 0: TLS 1.3 */
    enum server_wants wants;
    enum which trusted;   /* WHICH: the system's authorities */
    const char *expected; /* name of the certificate, NULL: the address */
    enum which ours;      /* WHICH: we present none */
    enum vg_status want;
    const char *place; /* words of the fault's place */
};

static const struct row rows[] = {
    {"right", GOOD, 0, WANTS_NOTHING, SITE, NULL, WHICH, VG_OK, "TLSv1.3"},
    {"right, TLS 1.2", GOOD, TLS1_2_VERSION, WANTS_NOTHING, SITE, NULL, WHICH, VG_OK, "TLSv1.2"},
    {"right by name", GOOD, 0, WANTS_NOTHING, SITE, "cam.example", WHICH, VG_OK, "TLSv1.3"},
    {"its own certificate is believed", ALONE, 0, WANTS_NOTHING, ALONE, NULL, WHICH, VG_OK, ""},
    {"the certificate, not who signed it", GOOD, 0, WANTS_NOTHING, GOOD, NULL, WHICH, VG_OK, ""},
    {"wrong address", OTHER_NAME, 0, WANTS_NOTHING, SITE, NULL, WHICH, VG_E_INTEGRITY,
     "IP address mismatch"},
    {"wrong name", GOOD, 0, WANTS_NOTHING, SITE, "cam2.example", WHICH, VG_E_INTEGRITY,
     "hostname mismatch"},
    {"self-signed", ALONE, 0, WANTS_NOTHING, SITE, NULL, WHICH, VG_E_INTEGRITY, "self-signed"},
    {"another authority of the same name", GOOD, 0, WANTS_NOTHING, OTHER_SITE, NULL, WHICH,
     VG_E_INTEGRITY, "certificate"},
    {"the system's authorities", GOOD, 0, WANTS_NOTHING, WHICH, NULL, WHICH, VG_E_INTEGRITY,
     "unable to get"},
    {"expired", EXPIRED, 0, WANTS_NOTHING, SITE, NULL, WHICH, VG_E_INTEGRITY, "expired"},
    {"not yet valid", NOT_YET, 0, WANTS_NOTHING, SITE, NULL, WHICH, VG_E_INTEGRITY,
     "not yet valid"},
    {"TLS 1.1", GOOD, TLS1_1_VERSION, WANTS_NOTHING, SITE, NULL, WHICH, VG_E_IO, ""},
    {"ours wanted, given", GOOD, 0, WANTS_OURS, SITE, NULL, OURS, VG_OK, ""},
    {"ours wanted, given, TLS 1.2", GOOD, TLS1_2_VERSION, WANTS_OURS, SITE, NULL, OURS, VG_OK, ""},
    {"ours wanted, of another authority", GOOD, 0, WANTS_OURS, SITE, NULL, ALONE, VG_E_DENIED, ""},
    {"ours wanted, none", GOOD, 0, WANTS_OURS, SITE, NULL, WHICH, VG_E_DENIED, ""},
};

static const struct rtsp_step good_steps[RTSP_STEPS_MAX] = {
    {.method = "OPTIONS", .answer = OK("\r\n")},
    {.method = "DESCRIBE", .answer = OK("{sdp}")},
    {.method = "SETUP",
     .answer = OK("Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n")},
    {.method = "PLAY", .answer = OK("\r\n{rtp:one}{rtp:two}"), .then = THEN_CLOSE}};

static void start(struct rtsp_server *server, SSL_CTX *context)
{
    memset(server, 0, sizeof *server);
    memcpy(server->steps, good_steps, sizeof server->steps);
    server->sdp = SDP;
    server->tls = context;
    rtsp_server_start(server);
}

static struct vg_rtsp_settings settings_of(const struct rtsp_server *server, char *url, size_t size)
{
    struct vg_rtsp_settings settings = vg_rtsp_defaults();
    (void)snprintf(url, size, "rtsps://127.0.0.1:%u/cam", server->port);
    settings.url = url;
    settings.cancel.generation = &server->generation;
    return settings;
}

static void check_media(struct vg_rtsp_client *client)
{
    static const char *const words[] = {"one", "two"};
    const struct vg_mono_time until = {vg_mono_now().us + SLACK_US};
    struct vg_rtsp_data data;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(vg_rtsp_client_receive(client, until, &data), VG_OK);
        assert_int_equal(data.size, 3);
        assert_memory_equal(data.data, words[i], 3);
    }
    assert_int_equal(vg_rtsp_client_receive(client, until, &data), VG_E_CLOSED);
}

static void believes_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct rtsp_server server;
        const struct row *row = &rows[i];
        struct vg_rtsp_client *client;
        struct vg_fault fault = {0};
        char url[128];
        print_message("%s\n", row->name);
        SSL_CTX *context =
            server_context(row->server, row->version ? row->version : TLS1_3_VERSION, row->wants);
        start(&server, context);
        struct vg_rtsp_settings settings = settings_of(&server, url, sizeof url);
        settings.trust.ca_pem = row->trusted == WHICH ? NULL : made[row->trusted].certificate_pem;
        settings.trust.name = row->expected;
        settings.trust.certificate_pem =
            row->ours == WHICH ? NULL : made[row->ours].certificate_pem;
        settings.trust.key_pem = row->ours == WHICH ? NULL : made[row->ours].key_pem;
        const enum vg_status status = vg_rtsp_client_open(&client, &settings, &fault);
        if (status != row->want)
            fail_msg("%s: %s, %s", row->name, vg_status_name(status), fault.place);
        if (status == VG_OK) {
            const struct vg_rtsp_about about = vg_rtsp_client_about(client);
            assert_true(about.encrypted);
            assert_non_null(strstr(about.tls_version, row->place));
            check_media(client);
            vg_rtsp_client_close(&client);
        } else if (!strstr(fault.place, row->place)) {
            fail_msg("%s: %s", row->name, fault.place);
        }
        rtsp_server_stop(&server);
        SSL_CTX_free(context);
        if (status == VG_E_INTEGRITY) /* nothing was said to who is not believed */
            assert_int_equal(server.log_size, 0);
    }
}

/* Each byte by itself, each in a record of its own: none is lost, none waits in OpenSSL. */
static void reads_records_of_one_byte(void **state)
{
    static struct rtsp_server server;
    struct vg_rtsp_client *client;
    struct vg_fault fault;
    char url[128];
    (void)state;
    SSL_CTX *context = server_context(GOOD, TLS1_3_VERSION, WANTS_NOTHING);
    start(&server, context);
    server.bytewise = true;
    struct vg_rtsp_settings settings = settings_of(&server, url, sizeof url);
    settings.trust.ca_pem = made[SITE].certificate_pem;
    assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_OK);
    check_media(client);
    vg_rtsp_client_close(&client);
    rtsp_server_stop(&server);
    SSL_CTX_free(context);
}

static void believes_one_of_several(void **state)
{
    static struct rtsp_server server;
    struct vg_rtsp_client *client;
    struct vg_fault fault;
    char url[128], authorities[3 * PEM_SIZE];
    (void)state;
    (void)snprintf(authorities, sizeof authorities, "words before\n%s\n%s",
                   made[ALONE].certificate_pem, made[SITE].certificate_pem);
    SSL_CTX *context = server_context(GOOD, TLS1_3_VERSION, WANTS_NOTHING);
    start(&server, context);
    struct vg_rtsp_settings settings = settings_of(&server, url, sizeof url);
    settings.trust.ca_pem = authorities;
    assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_OK);
    vg_rtsp_client_close(&client);
    rtsp_server_stop(&server);
    SSL_CTX_free(context);
}

static void refuses_wrong_texts(void **state)
{
    static struct rtsp_server server;
    const struct vg_tls_trust wrong[] = {
        {.ca_pem = "not a certificate"},
        {.ca_pem = made[SITE].key_pem},
        {.ca_pem = made[SITE].certificate_pem, .certificate_pem = made[OURS].certificate_pem},
        {.ca_pem = made[SITE].certificate_pem,
         .certificate_pem = made[OURS].certificate_pem,
         .key_pem = made[GOOD].key_pem},
        {.ca_pem = made[SITE].certificate_pem, .certificate_pem = "x", .key_pem = "y"},
    };
    (void)state;
    SSL_CTX *context = server_context(GOOD, TLS1_3_VERSION, WANTS_NOTHING);
    start(&server, context);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct vg_rtsp_client *client;
        struct vg_fault fault;
        char url[128];
        struct vg_rtsp_settings settings = settings_of(&server, url, sizeof url);
        settings.trust = wrong[i];
        assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_E_INPUT);
    }
    rtsp_server_stop(&server);
    SSL_CTX_free(context);
}

/* A server that accepts and never shakes hands; one that speaks RTSP in the clear. */
static void handshake_ends(void **state)
{
    static struct rtsp_server server;
    struct vg_rtsp_client *client;
    struct vg_fault fault;
    char url[128];
    (void)state;
    memset(&server, 0, sizeof server);
    server.sdp = SDP;
    rtsp_server_start(&server); /* waits for a request that does not come */
    struct vg_rtsp_settings settings = settings_of(&server, url, sizeof url);
    settings.trust.ca_pem = made[SITE].certificate_pem;
    settings.open_us = 200000;
    int64_t before = vg_mono_now().us;
    assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_E_TIMEOUT);
    assert_in_range(vg_mono_now().us - before, settings.open_us, settings.open_us + SLACK_US);
    settings.cancel.seen = 7; /* somebody cancelled already */
    before = vg_mono_now().us;
    settings.open_us = 30 * VG_US_PER_S;
    assert_int_equal(vg_rtsp_client_open(&client, &settings, &fault), VG_E_INTERRUPTED);
    assert_in_range(vg_mono_now().us - before, 0, SLACK_US);
    rtsp_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_or_not),         cmocka_unit_test(reads_records_of_one_byte),
        cmocka_unit_test(believes_one_of_several), cmocka_unit_test(refuses_wrong_texts),
        cmocka_unit_test(handshake_ends),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* of the server's side, which writes with OpenSSL's own BIO */
    return cmocka_run_group_tests(tests, make_all, free_all);
}
