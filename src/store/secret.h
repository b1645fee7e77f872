/* Secrets at rest: AES-256-GCM (OpenSSL) under the key of the installation, DATA/secret.key
 * (32 bytes, mode 0600), made once at init.
 *
 * What seal gives: version 1 (1 byte), nonce (12), cipher text (as long as the plain text),
 * tag (16). `about` (the name of the flux) is authenticated with it, so that one flux's secret
 * cannot be put in another's row. Any thread. */
#ifndef VG_STORE_SECRET_H
#define VG_STORE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SECRET_FILE     "secret.key"
#define VG_SECRET_OVERHEAD 29 /* bytes that sealing adds */

struct vg_secret;

/* Makes DATA/secret.key, synced. VG_E_EXISTS: there is one, it stays. */
enum vg_status vg_secret_make(const char *data, struct vg_fault *fault) VG_MUST_USE;

/* Reads it. *secret given; vg_secret_close it (which wipes it). VG_E_MISSING, VG_E_INTEGRITY
 * (wrong size), VG_E_DENIED (others may read the file). */
enum vg_status vg_secret_open(struct vg_secret **secret, const char *data,
                              struct vg_fault *fault) VG_MUST_USE;
void vg_secret_close(struct vg_secret **secret);

/* Seals size bytes of plain into box (room bytes); *used says how many. VG_E_FULL. */
enum vg_status vg_secret_seal(const struct vg_secret *secret, const char *about,
                              const uint8_t *plain, size_t size, uint8_t *box, size_t room,
                              size_t *used) VG_MUST_USE;

/* Opens a box into plain (room bytes); *used says how many. VG_E_INTEGRITY: not sealed by this
 * key for `about`, or changed since; plain is wiped then. VG_E_FULL. */
enum vg_status vg_secret_unseal(const struct vg_secret *secret, const char *about,
                                const uint8_t *box, size_t size, uint8_t *plain, size_t room,
                                size_t *used) VG_MUST_USE;

/* Overwrites memory that held a secret; the compiler does not leave it out. */
void vg_secret_wipe(void *memory, size_t size);

#endif
