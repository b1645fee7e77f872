/* AES-256-GCM by OpenSSL's EVP interface (NIST SP 800-38D), random 96-bit nonces. */
#include "src/store/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/text.h"

#define KEY_BYTES   32
#define NONCE_BYTES 12
#define TAG_BYTES   16
#define BOX_VERSION 1
#define PLAIN_MAX   (1u << 20)

struct vg_secret {
    uint8_t key[KEY_BYTES];
};

void vg_secret_wipe(void *memory, size_t size)
{
    OPENSSL_cleanse(memory, size);
}

static enum vg_status key_path(const char *data, char *path, size_t size, struct vg_fault *fault)
{
    if (vg_path_join(path, size, data, VG_SECRET_FILE) == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, N_("the path of the data folder is too long"),
                        N_("choose a shorter one"), "%s", data);
}

enum vg_status vg_secret_make(const char *data, struct vg_fault *fault)
{
    char path[640];
    uint8_t key[KEY_BYTES];
    enum vg_status status = key_path(data, path, sizeof path, fault);
    if (status != VG_OK)
        return status;
    if (vg_file_exists(path))
        return vg_fault_set(fault, VG_E_EXISTS, N_("the key of the installation exists already"),
                            NULL, "%s", path);
    vg_random_bytes(key, sizeof key);
    status = vg_file_write(path, key, sizeof key, 0600, VG_FILE_SYNCED, fault);
    vg_secret_wipe(key, sizeof key);
    return status;
}

enum vg_status vg_secret_open(struct vg_secret **secret, const char *data, struct vg_fault *fault)
{
    char path[640];
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct stat facts;
    *secret = NULL;
    enum vg_status status = key_path(data, path, sizeof path, fault);
    if (status == VG_OK)
        status = vg_file_read(path, 4096, &bytes, &size, fault);
    if (status == VG_OK && stat(path, &facts) == 0 && (facts.st_mode & 077) != 0)
        status = vg_fault_set(fault, VG_E_DENIED, N_("others may read the key of the installation"),
                              N_("give it the mode 0600"), "%s", path);
    if (status == VG_OK && size != KEY_BYTES)
        status = vg_fault_set(fault, VG_E_INTEGRITY, N_("the key of the installation is damaged"),
                              N_("restore it from a backup"), "%s", path);
    if (status == VG_OK && !(*secret = vg_alloc(sizeof **secret)))
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    if (status == VG_OK)
        memcpy((*secret)->key, bytes, KEY_BYTES);
    if (bytes)
        vg_secret_wipe(bytes, size);
    vg_free(bytes);
    return status;
}

void vg_secret_close(struct vg_secret **secret)
{
    if (*secret)
        vg_secret_wipe(*secret, sizeof **secret);
    vg_free(*secret);
    *secret = NULL;
}

enum vg_status vg_secret_seal(const struct vg_secret *secret, const char *about,
                              const uint8_t *plain, size_t size, uint8_t *box, size_t room,
                              size_t *used)
{
    if (size > PLAIN_MAX || room < size + VG_SECRET_OVERHEAD)
        return VG_E_FULL;
    uint8_t *nonce = box + 1, *cipher = nonce + NONCE_BYTES, *tag = cipher + size;
    int n = 0, tail = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context)
        return VG_E_MEMORY;
    box[0] = BOX_VERSION;
    vg_random_bytes(nonce, NONCE_BYTES);
    const int good =
        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, secret->key, nonce) == 1 &&
        EVP_EncryptUpdate(context, NULL, &n, box, 1) == 1 &&
        EVP_EncryptUpdate(context, NULL, &n, (const uint8_t *)about, (int)strlen(about)) == 1 &&
        EVP_EncryptUpdate(context, cipher, &n, plain, (int)size) == 1 &&
        EVP_EncryptFinal_ex(context, cipher + n, &tail) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free(context);
    *used = size + VG_SECRET_OVERHEAD;
    return good ? VG_OK : VG_E_MEMORY;
}

enum vg_status vg_secret_unseal(const struct vg_secret *secret, const char *about,
                                const uint8_t *box, size_t size, uint8_t *plain, size_t room,
                                size_t *used)
{
    if (size < VG_SECRET_OVERHEAD || size > PLAIN_MAX || box[0] != BOX_VERSION)
        return VG_E_INTEGRITY;
    const size_t length = size - VG_SECRET_OVERHEAD;
    if (length > room)
        return VG_E_FULL;
    const uint8_t *nonce = box + 1, *cipher = nonce + NONCE_BYTES;
    uint8_t tag[TAG_BYTES];
    memcpy(tag, cipher + length, sizeof tag); /* OpenSSL wants it writable */
    uint8_t none;
    uint8_t *out = length ? plain : &none;
    int n = 0, tail = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context)
        return VG_E_MEMORY;
    const int good =
        EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, secret->key, nonce) == 1 &&
        EVP_DecryptUpdate(context, NULL, &n, box, 1) == 1 &&
        EVP_DecryptUpdate(context, NULL, &n, (const uint8_t *)about, (int)strlen(about)) == 1 &&
        EVP_DecryptUpdate(context, out, &n, cipher, (int)length) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
        EVP_DecryptFinal_ex(context, out + n, &tail) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good) {
        vg_secret_wipe(plain, length);
        return VG_E_INTEGRITY;
    }
    *used = length;
    return VG_OK;
}
