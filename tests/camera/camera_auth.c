#include "tests/camera/camera_auth.h"

#include <libavutil/base64.h>
#include <libavutil/md5.h>
#include <libavutil/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/base/random.h"
#include "tests/camera/camera_clip.h"

#define REALM    "test"
#define HEX_SIZE 65
#define WORD     512

bool vg_auth_init(struct vg_auth *auth, const char *base64, unsigned schemes)
{
    char pair[256] = "";
    *auth = (struct vg_auth){.basic = base64, .schemes = schemes};
    if (!base64)
        return true;
    const int size = av_base64_decode((uint8_t *)pair, base64, (int)sizeof pair - 1);
    char *colon = strchr(pair, ':');
    if (size < 0 || !colon || strlen(pair) >= sizeof auth->user)
        return false;
    memcpy(auth->user, pair, (size_t)(colon - pair));
    memcpy(auth->password, colon + 1, strlen(colon + 1));
    return true;
}

/* ---- digests ---- */

static void hash(unsigned scheme, const char *text, char hex[HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[32];
    const size_t size = scheme == VG_AUTH_MD5 ? 16 : 32;
    if (scheme == VG_AUTH_MD5) {
        av_md5_sum(sum, (const uint8_t *)text, strlen(text));
    } else {
        struct AVSHA *sha = av_sha_alloc();
        if (!sha || av_sha_init(sha, 256) < 0)
            vg_camera_die("no memory");
        av_sha_update(sha, (const uint8_t *)text, strlen(text));
        av_sha_final(sha, sum);
        free(sha);
    }
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[2 * size] = '\0';
}

/* The value of a word in a list of word="value" or word=value; "" when it is not there. */
static void word_of(const char *list, const char *name, char value[WORD])
{
    const size_t length = strlen(name);
    value[0] = '\0';
    for (const char *p = list; *p;) {
        p += strspn(p, " ,");
        const size_t key = strcspn(p, "=,");
        const bool found = key == length && strncasecmp(p, name, key) == 0;
        p += key;
        p += *p == '=' ? 1 : 0;
        const bool quoted = *p == '"';
        p += quoted ? 1 : 0;
        const size_t size = strcspn(p, quoted ? "\"" : ", ");
        if (found) {
            vg_camera_add(value, WORD, "%.*s", (int)size, p);
            return;
        }
        p += size;
        p += quoted && *p ? 1 : 0;
    }
}

struct digest_words {
    char user[WORD], realm[WORD], nonce[WORD], uri[WORD], response[WORD], algorithm[WORD];
    char qop[WORD], count[WORD], cnonce[WORD];
};

static void read_digest(const char *list, struct digest_words *words)
{
    word_of(list, "username", words->user);
    word_of(list, "realm", words->realm);
    word_of(list, "nonce", words->nonce);
    word_of(list, "uri", words->uri);
    word_of(list, "response", words->response);
    word_of(list, "algorithm", words->algorithm);
    word_of(list, "qop", words->qop);
    word_of(list, "nc", words->count);
    word_of(list, "cnonce", words->cnonce);
}

static unsigned scheme_of(const char *algorithm)
{
    if (*algorithm == '\0' || strcasecmp(algorithm, "MD5") == 0)
        return VG_AUTH_MD5;
    return strcasecmp(algorithm, "SHA-256") == 0 ? VG_AUTH_SHA256 : 0;
}

static void response_of(const struct vg_auth *auth, unsigned scheme, const char *method,
                        const struct digest_words *words, char response[HEX_SIZE])
{
    char text[6 * WORD] = "", secret[HEX_SIZE], request[HEX_SIZE];
    vg_camera_add(text, sizeof text, "%s:%s:%s", auth->user, REALM, auth->password);
    hash(scheme, text, secret);
    text[0] = '\0';
    vg_camera_add(text, sizeof text, "%s:%s", method, words->uri);
    hash(scheme, text, request);
    text[0] = '\0';
    if (*words->qop)
        vg_camera_add(text, sizeof text, "%s:%s:%s:%s:%s:%s", secret, words->nonce, words->count,
                      words->cnonce, words->qop, request);
    else
        vg_camera_add(text, sizeof text, "%s:%s:%s", secret, words->nonce, request);
    hash(scheme, text, response);
}

static enum vg_auth_answer judge_digest(const struct vg_auth *auth, struct vg_nonce *nonce,
                                        const char *method, const char *url, const char *list)
{
    struct digest_words words;
    char want[HEX_SIZE];
    read_digest(list, &words);
    const unsigned scheme = scheme_of(words.algorithm);
    const char *qop = auth->qop == VG_AUTH_QOP ? "auth" : "";
    if (!(scheme & auth->schemes) || strcmp(words.realm, REALM) != 0 ||
        strcmp(words.user, auth->user) != 0 || strcmp(words.uri, url) != 0 ||
        strcmp(words.qop, qop) != 0)
        return VG_AUTH_BAD;
    response_of(auth, scheme, method, &words, want);
    if (strcasecmp(words.response, want) != 0)
        return VG_AUTH_BAD;
    const unsigned long count = strtoul(words.count, NULL, 16);
    if (strcmp(words.nonce, nonce->text) != 0 ||
        (auth->nonce_uses > 0 && nonce->uses >= auth->nonce_uses) ||
        (*qop && count <= nonce->last_count)) /* said before: a replay */
        return VG_AUTH_STALE;
    nonce->last_count = count;
    nonce->uses++;
    return VG_AUTH_GOOD;
}

enum vg_auth_answer vg_auth_judge(const struct vg_auth *auth, struct vg_nonce *nonce,
                                  const char *method, const char *url, const char *header)
{
    if (!auth->basic)
        return VG_AUTH_GOOD;
    if (strncasecmp(header, "Basic ", 6) == 0)
        return auth->schemes & VG_AUTH_BASIC && strcmp(header + 6, auth->basic) == 0 ? VG_AUTH_GOOD
                                                                                     : VG_AUTH_BAD;
    if (strncasecmp(header, "Digest ", 7) == 0)
        return judge_digest(auth, nonce, method, url, header + 7);
    return VG_AUTH_BAD;
}

void vg_auth_challenge(const struct vg_auth *auth, struct vg_nonce *nonce,
                       enum vg_auth_answer answer, char *text, size_t size)
{
    static const struct {
        unsigned scheme;
        const char *algorithm;
    } rows[] = {{VG_AUTH_SHA256, "SHA-256"}, {VG_AUTH_MD5, "MD5"}};
    uint64_t random[2];
    vg_random_bytes(random, sizeof random);
    *nonce = (struct vg_nonce){0};
    vg_camera_add(nonce->text, sizeof nonce->text, "%016llx%016llx", (unsigned long long)random[0],
                  (unsigned long long)random[1]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (auth->schemes & rows[i].scheme)
            vg_camera_add(text, size,
                          "WWW-Authenticate: Digest realm=\"" REALM "\", nonce=\"%s\", "
                          "algorithm=%s%s%s\r\n",
                          nonce->text, rows[i].algorithm,
                          auth->qop == VG_AUTH_QOP ? ", qop=\"auth\"" : "",
                          answer == VG_AUTH_STALE ? ", stale=true" : "");
    if (auth->schemes & VG_AUTH_BASIC)
        vg_camera_add(text, size, "WWW-Authenticate: Basic realm=\"" REALM "\"\r\n");
}
