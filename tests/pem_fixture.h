/* For tests: a certificate and its key, made on the spot. Include cmocka.h first. */
#ifndef VG_TESTS_PEM_FIXTURE_H
#define VG_TESTS_PEM_FIXTURE_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct pem_pair {
    char certificate[4096], key[4096];
};

static inline void pem_text_of(BIO *bio, char *out, size_t size)
{
    const int n = BIO_read(bio, out, (int)size - 1);
    assert_true(n > 0 && (size_t)n < size - 1);
    out[n] = '\0';
    BIO_free(bio);
}

/* A certificate signed by itself, and its key. */
static inline void pem_make_pair(struct pem_pair *pair)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *first = BIO_new(BIO_s_mem()), *second = BIO_new(BIO_s_mem());
    assert_true(key && certificate && first && second);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(first, certificate), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(second, key, NULL, NULL, 0, NULL, NULL), 1);
    pem_text_of(first, pair->certificate, sizeof pair->certificate);
    pem_text_of(second, pair->key, sizeof pair->key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

#endif
