#include "src/store/pem_check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* No pass phrase is ever known. */
static int no_phrase(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static BIO *open_text(const char *text)
{
    const size_t size = strlen(text);
    return size > 0 && size < 1u << 24 ? BIO_new_mem_buf(text, (int)size) : NULL;
}

size_t vg_pem_certificates(const char *text)
{
    size_t count = 0;
    BIO *bio = open_text(text);
    X509 *certificate = NULL;
    if (!bio)
        return 0;
    while ((certificate = PEM_read_bio_X509(bio, NULL, no_phrase, NULL)) != NULL) {
        X509_free(certificate);
        count++;
    }
    /* it ends well where there is no further beginning, and not in the midst of one */
    const unsigned long error = ERR_peek_last_error();
    const int good =
        ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    return good ? count : 0;
}

enum vg_pem_key vg_pem_key_check(const char *certificate, const char *key)
{
    BIO *first = open_text(certificate), *second = open_text(key);
    X509 *ours = first ? PEM_read_bio_X509(first, NULL, no_phrase, NULL) : NULL;
    EVP_PKEY *private = second ? PEM_read_bio_PrivateKey(second, NULL, no_phrase, NULL) : NULL;
    enum vg_pem_key result = VG_PEM_KEY_FITS;
    if (!private)
        result = VG_PEM_KEY_UNREADABLE;
    else if (!ours || X509_check_private_key(ours, private) != 1)
        result = VG_PEM_KEY_OF_ANOTHER;
    ERR_clear_error();
    EVP_PKEY_free(private);
    X509_free(ours);
    BIO_free(second);
    BIO_free(first);
    return result;
}
