#include "api/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/text.h"

struct pair_paths {
    char folder[4096], cert[4096], key[4096];
};

static enum vg_status pair_paths(const char *data, struct pair_paths *paths, struct vg_fault *fault)
{
    if (vg_path_join(paths->folder, sizeof paths->folder, data, "tls") ||
        vg_path_join(paths->cert, sizeof paths->cert, paths->folder, "cert.pem") ||
        vg_path_join(paths->key, sizeof paths->key, paths->folder, "key.pem"))
        return vg_fault_set(fault, VG_E_FULL, N_("the path is too long"),
                            N_("choose a data folder with a shorter path"), "%s", data);
    return VG_OK;
}

static int add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX context = {.db = NULL};
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (!extension)
        return 0;
    const int ok = X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return ok;
}

/* A host name is written into the certificate only if it is made of a name's letters: it comes
 * from the machine, and an odd one must not change the meaning of the list. */
static void subject_names(char *text, size_t size)
{
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    const size_t length = strlen(host);
    const size_t good = strspn(host, "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    const char *more = length > 0 && good == length && strcmp(host, "localhost") != 0 ? host : NULL;
    (void)snprintf(text, size, "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1%s%s",
                   more ? ",DNS:" : "", more ? more : "");
}

static int set_serial(X509 *cert)
{
    uint8_t bytes[16];
    vg_random_bytes(bytes, sizeof bytes);
    bytes[0] &= 0x7f; /* positive, as RFC 5280 4.1.2.2 wants */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    const int ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    char names[512];
    subject_names(names, sizeof names);
    X509 *cert = X509_new();
    X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
    const int ok = cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
                   X509_gmtime_adj(X509_getm_notBefore(cert), -86400L) &&
                   X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * VG_CERTIFICATE_DAYS) &&
                   X509_set_pubkey(cert, key) &&
                   X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                              (const unsigned char *)"Vigie", -1, -1, 0) &&
                   X509_set_issuer_name(cert, name) &&
                   add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
                   add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
                   add_extension(cert, NID_ext_key_usage, "serverAuth") &&
                   add_extension(cert, NID_subject_key_identifier, "hash") &&
                   add_extension(cert, NID_subject_alt_name, names) &&
                   X509_sign(cert, key, EVP_sha256()) > 0;
    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

static enum vg_status write_bio(const char *path, BIO *bio, unsigned mode, struct vg_fault *fault)
{
    char *text;
    const long size = BIO_get_mem_data(bio, &text);
    return vg_file_write(path, text, (size_t)size, mode, VG_FILE_SYNCED, fault);
}

enum vg_status vg_certificate_ensure(const char *data, struct vg_fault *fault)
{
    struct pair_paths paths;
    enum vg_status status = pair_paths(data, &paths, fault);
    if (status)
        return status;
    const bool cert_there = vg_file_exists(paths.cert);
    if (cert_there && vg_file_exists(paths.key))
        return VG_OK;
    if (cert_there) /* a key alone is what a start that was cut leaves; a certificate is not */
        return vg_fault_set(fault, VG_E_INPUT, N_("the certificate has no key"),
                            N_("put the key there, or remove the certificate"), "%s", paths.key);
    status = vg_folder_make(paths.folder, fault);
    if (status)
        return status;

    BIO *key_text = BIO_new(BIO_s_mem()), *cert_text = BIO_new(BIO_s_mem());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? make_certificate(key) : NULL;
    if (!cert || !key_text || !cert_text ||
        !PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) ||
        !PEM_write_bio_X509(cert_text, cert)) {
        ERR_clear_error();
        status = vg_fault_set(fault, VG_E_LACK, N_("the certificate could not be made"),
                              N_("check the installation of OpenSSL"), "%s", paths.cert);
        goto done;
    }
    status = write_bio(paths.key, key_text, 0600, fault);
    if (!status)
        status = write_bio(paths.cert, cert_text, 0644, fault);
done:
    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(cert_text);
    BIO_free(key_text);
    return status;
}

enum vg_status vg_certificate_context(const char *data, SSL_CTX **context, struct vg_fault *fault)
{
    *context = NULL;
    struct pair_paths paths;
    enum vg_status status = pair_paths(data, &paths, fault);
    if (status)
        return status;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "TLS");
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* forward secrecy and authenticated encryption only; 1.3 has no others */
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    /* no resumption: a stolen ticket key would open past sessions, and handshakes are cheap */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);

    const char *bad = NULL;
    if (SSL_CTX_use_certificate_chain_file(ctx, paths.cert) != 1)
        bad = paths.cert;
    else if (SSL_CTX_use_PrivateKey_file(ctx, paths.key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(ctx) != 1)
        bad = paths.key;
    ERR_clear_error(); /* or the next connection's SSL_get_error reads it */
    if (bad) {
        SSL_CTX_free(ctx);
        return vg_fault_set(fault, VG_E_INPUT, N_("the certificate or its key cannot be used"),
                            N_("put a PEM pair that belongs together there, or remove both files"),
                            "%s", bad);
    }
    *context = ctx;
    return VG_OK;
}
