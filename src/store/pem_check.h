/* Whether PEM texts hold what they are to hold, by OpenSSL, before they are stored: a mistake is
 * then told to the person who makes it, and not found by a flux at night. Any thread. */
#ifndef VG_STORE_PEM_CHECK_H
#define VG_STORE_PEM_CHECK_H

#include <stddef.h>

/* How many certificates the text (ended by a zero) holds one after the other; 0: none, or one of
 * them cannot be read. Text between them is allowed, as in bundles. */
size_t vg_pem_certificates(const char *text);

enum vg_pem_key {
    VG_PEM_KEY_FITS,
    VG_PEM_KEY_UNREADABLE, /* no private key, or one under a pass phrase */
    VG_PEM_KEY_OF_ANOTHER  /* it is not that of the first certificate */
};
enum vg_pem_key vg_pem_key_check(const char *certificate, const char *key);

#endif
