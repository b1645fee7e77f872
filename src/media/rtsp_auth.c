/* Digest is a hash of hashes in hexadecimal; MD5 is what nearly all cameras know, and OpenSSL may
 * have it switched off by the system's policy. Quoted strings are hashed without their quotes and
 * backslashes, as all servers in use do. */
#include "src/media/rtsp_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define HASH_TEXT_SIZE 65 /* SHA-256 in hexadecimal, and its end */

/* ---- challenges ---- */

/* Takes quotes and backslashes off. */
static bool unquote(struct vg_rtsp_text text, char *plain, size_t size)
{
    size_t used = 0;
    const bool quoted = text.size >= 2 && text.at[0] == '"' && text.at[text.size - 1] == '"';
    const size_t end = quoted ? text.size - 1 : text.size;
    for (size_t i = quoted ? 1 : 0; i < end; i++) {
        if (quoted && text.at[i] == '\\' && i + 1 < end)
            i++;
        if (used + 1 >= size || (uint8_t)text.at[i] < ' ' || text.at[i] == 0x7f)
            return false;
        plain[used++] = text.at[i];
    }
    plain[used] = '\0';
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "Digest realm=..": takes the scheme's name off the piece; none: a further parameter. */
static struct vg_rtsp_text take_scheme(struct vg_rtsp_text *piece)
{
    size_t end = 0, next;
    while (end < piece->size && !is_blank(piece->at[end]) && piece->at[end] != '=')
        end++;
    for (next = end; next < piece->size && is_blank(piece->at[next]);)
        next++;
    if (next < piece->size && piece->at[next] == '=')
        return (struct vg_rtsp_text){NULL, 0};
    const struct vg_rtsp_text scheme = {piece->at, end};
    piece->at += next;
    piece->size -= next;
    return scheme;
}

static void begin_challenge(struct vg_rtsp_challenge *challenge, struct vg_rtsp_text scheme)
{
    *challenge = (struct vg_rtsp_challenge){.scheme = VG_RTSP_AUTH_NONE};
    if (vg_rtsp_text_is(scheme, "Digest"))
        challenge->scheme = VG_RTSP_AUTH_MD5;
    else if (vg_rtsp_text_is(scheme, "Basic"))
        challenge->scheme = VG_RTSP_AUTH_BASIC;
}

/* NONE, when the value does not fit. */
static void keep_text(struct vg_rtsp_challenge *challenge, struct vg_rtsp_text value, char *text)
{
    if (!unquote(value, text, VG_RTSP_AUTH_TEXT_SIZE))
        challenge->scheme = VG_RTSP_AUTH_NONE;
}

static void take_algorithm(struct vg_rtsp_challenge *challenge, const char *name)
{
    static const struct {
        const char *name;
        enum vg_rtsp_scheme scheme;
        bool session_key;
    } rows[] = {{"MD5", VG_RTSP_AUTH_MD5, false},
                {"MD5-sess", VG_RTSP_AUTH_MD5, true},
                {"SHA-256", VG_RTSP_AUTH_SHA256, false},
                {"SHA-256-sess", VG_RTSP_AUTH_SHA256, true}};
    const enum vg_rtsp_scheme before = challenge->scheme;
    if (before == VG_RTSP_AUTH_BASIC)
        return;
    challenge->scheme = VG_RTSP_AUTH_NONE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (before != VG_RTSP_AUTH_NONE &&
            vg_rtsp_text_is((struct vg_rtsp_text){name, strlen(name)}, rows[i].name)) {
            challenge->scheme = rows[i].scheme;
            challenge->session_key = rows[i].session_key;
        }
    }
}

static void take_qop(struct vg_rtsp_challenge *challenge, const char *list)
{
    struct vg_rtsp_text rest = {list, strlen(list)}, word;
    bool listed = false;
    while (vg_rtsp_text_next(&rest, ',', &word)) {
        listed = listed || word.size > 0;
        challenge->qop_auth = challenge->qop_auth || vg_rtsp_text_is(word, "auth");
    }
    if (listed && !challenge->qop_auth) /* auth-int alone */
        challenge->scheme = VG_RTSP_AUTH_NONE;
}

static void take_parameter(struct vg_rtsp_challenge *challenge, struct vg_rtsp_text piece)
{
    char word[64];
    struct vg_rtsp_text name = piece, value = {NULL, 0};
    const char *equal = piece.size > 0 ? memchr(piece.at, '=', piece.size) : NULL;
    if (!equal || challenge->scheme == VG_RTSP_AUTH_NONE)
        return;
    for (name.size = (size_t)(equal - piece.at); name.size > 0;) {
        if (!is_blank(name.at[name.size - 1]))
            break;
        name.size--;
    }
    value.at = equal + 1;
    value.size = piece.size - (size_t)(equal - piece.at) - 1;
    while (value.size > 0 && is_blank(value.at[0])) {
        value.at++;
        value.size--;
    }
    if (vg_rtsp_text_is(name, "realm"))
        keep_text(challenge, value, challenge->realm);
    else if (vg_rtsp_text_is(name, "nonce"))
        keep_text(challenge, value, challenge->nonce);
    else if (vg_rtsp_text_is(name, "opaque"))
        keep_text(challenge, value, challenge->opaque);
    else if (vg_rtsp_text_is(name, "stale") && unquote(value, word, sizeof word))
        challenge->stale = vg_rtsp_text_is((struct vg_rtsp_text){word, strlen(word)}, "true");
    else if (vg_rtsp_text_is(name, "algorithm"))
        take_algorithm(challenge, unquote(value, word, sizeof word) ? word : "?");
    else if (vg_rtsp_text_is(name, "qop"))
        take_qop(challenge, unquote(value, word, sizeof word) ? word : "?");
}

static void keep_stronger(struct vg_rtsp_challenge *best, const struct vg_rtsp_challenge *other)
{
    const bool whole = other->scheme <= VG_RTSP_AUTH_BASIC || other->nonce[0] != '\0';
    if (whole && other->scheme > best->scheme)
        *best = *other;
}

struct vg_rtsp_challenge vg_rtsp_challenge_read(const struct vg_rtsp_message *response)
{
    struct vg_rtsp_challenge best = {.scheme = VG_RTSP_AUTH_NONE}, current;
    struct vg_rtsp_text rest, piece;
    for (size_t n = 0; (rest = vg_rtsp_header_find(response, "WWW-Authenticate", n)).at; n++) {
        current = (struct vg_rtsp_challenge){.scheme = VG_RTSP_AUTH_NONE};
        while (vg_rtsp_text_next(&rest, ',', &piece)) {
            const struct vg_rtsp_text scheme = take_scheme(&piece);
            if (scheme.size > 0) {
                keep_stronger(&best, &current);
                begin_challenge(&current, scheme);
            }
            take_parameter(&current, piece);
        }
        keep_stronger(&best, &current);
    }
    return best;
}

/* ---- answers ---- */

/* The hash of up to six texts joined by colons, in hexadecimal. */
static bool hash(enum vg_rtsp_scheme scheme, const char *const *texts, size_t count,
                 char hex[HASH_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context &&
                EVP_DigestInit_ex(context, scheme == VG_RTSP_AUTH_SHA256 ? EVP_sha256() : EVP_md5(),
                                  NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = (i == 0 || EVP_DigestUpdate(context, ":", 1) == 1) &&
               EVP_DigestUpdate(context, texts[i], strlen(texts[i])) == 1;
    good = good && EVP_DigestFinal_ex(context, sum, &size) == 1 && size * 2 < HASH_TEXT_SIZE;
    EVP_MD_CTX_free(context);
    for (size_t i = 0; good && i < size; i++) {
        hex[i * 2] = digits[sum[i] >> 4];
        hex[i * 2 + 1] = digits[sum[i] & 15];
    }
    hex[good ? size * 2 : 0] = '\0';
    OPENSSL_cleanse(sum, sizeof sum);
    return good;
}

/* response = H(H(A1) : nonce [: nc : cnonce : qop] : H(method : uri)). */
static bool digest(const struct vg_rtsp_challenge *challenge,
                   const struct vg_rtsp_credentials *given, const char *count,
                   char response[HASH_TEXT_SIZE])
{
    char key[HASH_TEXT_SIZE], asked[HASH_TEXT_SIZE];
    const char *a1[] = {given->user, challenge->realm, given->password};
    const char *a2[] = {given->method, given->uri};
    const enum vg_rtsp_scheme scheme = challenge->scheme;
    bool good = hash(scheme, a1, 3, key);
    if (good && challenge->session_key) {
        char joined[HASH_TEXT_SIZE];
        const char *with_nonces[] = {key, challenge->nonce, given->cnonce};
        good = hash(scheme, with_nonces, 3, joined);
        memcpy(key, joined, sizeof key);
        OPENSSL_cleanse(joined, sizeof joined);
    }
    good = good && hash(scheme, a2, 2, asked);
    const char *plain[] = {key, challenge->nonce, asked};
    const char *with_qop[] = {key, challenge->nonce, count, given->cnonce, "auth", asked};
    good = good && (challenge->qop_auth ? hash(scheme, with_qop, 6, response)
                                        : hash(scheme, plain, 3, response));
    OPENSSL_cleanse(key, sizeof key);
    return good;
}

/* The value as it grows. */
struct value {
    char *text;
    size_t size, used;
    bool control;
};

static void put(struct value *value, char c)
{
    value->control = value->control || (uint8_t)c < ' ' || c == 0x7f;
    if (value->used < value->size)
        value->text[value->used] = c;
    value->used++;
}

static void put_text(struct value *value, const char *text)
{
    for (; *text; text++)
        put(value, *text);
}

static void put_quoted(struct value *value, const char *name, const char *text)
{
    put_text(value, name);
    put_text(value, "=\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            put(value, '\\');
        put(value, *text);
    }
    put(value, '"');
}

static void put_bare(struct value *value, const char *name, const char *text)
{
    put_text(value, name);
    put(value, '=');
    put_text(value, text);
}

static enum vg_status end(struct value *value)
{
    if (value->used >= value->size)
        return VG_E_FULL;
    value->text[value->used] = '\0';
    return value->control ? VG_E_INPUT : VG_OK;
}

static enum vg_status answer_digest(struct vg_rtsp_challenge *challenge,
                                    const struct vg_rtsp_credentials *given, struct value *value)
{
    char response[HASH_TEXT_SIZE], count[16];
    challenge->count++;
    (void)snprintf(count, sizeof count, "%08x", (unsigned)challenge->count);
    if (!digest(challenge, given, count, response))
        return VG_E_LACK;
    put_text(value, "Digest ");
    put_quoted(value, "username", given->user);
    put_quoted(value, ", realm", challenge->realm);
    put_quoted(value, ", nonce", challenge->nonce);
    put_quoted(value, ", uri", given->uri);
    put_quoted(value, ", response", response);
    OPENSSL_cleanse(response, sizeof response);
    const bool sha = challenge->scheme == VG_RTSP_AUTH_SHA256;
    if (sha || challenge->session_key) /* MD5 goes without saying; old cameras stumble over it */
        put_bare(value, ", algorithm",
                 sha ? (challenge->session_key ? "SHA-256-sess" : "SHA-256") : "MD5-sess");
    if (challenge->opaque[0])
        put_quoted(value, ", opaque", challenge->opaque);
    if (challenge->qop_auth) {
        put_text(value, ", qop=auth");
        put_bare(value, ", nc", count);
    }
    if (challenge->qop_auth || challenge->session_key)
        put_quoted(value, ", cnonce", given->cnonce);
    return end(value);
}

static void put_base64(struct value *value, const char *text, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)(uint8_t)text[i] << 16;
        bits |= i + 1 < size ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
        bits |= i + 2 < size ? (uint32_t)(uint8_t)text[i + 2] : 0;
        put(value, digits[bits >> 18]);
        put(value, digits[bits >> 12 & 63]);
        put(value, i + 1 < size ? digits[bits >> 6 & 63] : '=');
        put(value, i + 2 < size ? digits[bits & 63] : '=');
    }
}

static enum vg_status answer_basic(const struct vg_rtsp_credentials *given, struct value *value)
{
    char both[1024];
    if (strchr(given->user, ':'))
        return VG_E_INPUT;
    const int length = snprintf(both, sizeof both, "%s:%s", given->user, given->password);
    const bool whole = length >= 0 && (size_t)length < sizeof both;
    if (whole) {
        put_text(value, "Basic ");
        put_base64(value, both, (size_t)length);
    }
    OPENSSL_cleanse(both, sizeof both);
    return whole ? end(value) : VG_E_FULL;
}

enum vg_status vg_rtsp_challenge_answer(struct vg_rtsp_challenge *challenge,
                                        const struct vg_rtsp_credentials *credentials, char *text,
                                        size_t size)
{
    struct value value = {.text = text, .size = size};
    switch (challenge->scheme) {
    case VG_RTSP_AUTH_NONE:
        return VG_E_STATE;
    case VG_RTSP_AUTH_BASIC:
        return answer_basic(credentials, &value);
    case VG_RTSP_AUTH_MD5:
    case VG_RTSP_AUTH_SHA256:
        break;
    }
    return answer_digest(challenge, credentials, &value);
}

/* ---- the other side ---- */

enum vg_status vg_rtsp_challenge_offer(const struct vg_rtsp_challenge *challenge, char *value,
                                       size_t size)
{
    struct value offer = {.text = value, .size = size};
    put_text(&offer, "Digest ");
    put_quoted(&offer, "realm", challenge->realm);
    put_quoted(&offer, ", nonce", challenge->nonce);
    put_text(&offer, ", qop=\"auth\"");
    put_bare(&offer, ", algorithm", challenge->scheme == VG_RTSP_AUTH_SHA256 ? "SHA-256" : "MD5");
    return end(&offer);
}

/* What an Authorization value says. */
struct answer {
    char user[VG_RTSP_AUTH_TEXT_SIZE], realm[VG_RTSP_AUTH_TEXT_SIZE];
    char nonce[VG_RTSP_AUTH_TEXT_SIZE], uri[1024], response[HASH_TEXT_SIZE];
    char count[16], cnonce[VG_RTSP_AUTH_TEXT_SIZE], qop[8], algorithm[16];
};

static bool read_answer(struct vg_rtsp_text text, struct answer *answer)
{
    const struct {
        const char *name;
        char *text;
        size_t size;
    } rows[] = {{"username", answer->user, sizeof answer->user},
                {"realm", answer->realm, sizeof answer->realm},
                {"nonce", answer->nonce, sizeof answer->nonce},
                {"uri", answer->uri, sizeof answer->uri},
                {"response", answer->response, sizeof answer->response},
                {"nc", answer->count, sizeof answer->count},
                {"cnonce", answer->cnonce, sizeof answer->cnonce},
                {"qop", answer->qop, sizeof answer->qop},
                {"algorithm", answer->algorithm, sizeof answer->algorithm}};
    struct vg_rtsp_text piece, name, value;
    memset(answer, 0, sizeof *answer);
    for (bool first = true; vg_rtsp_text_next(&text, ',', &piece); first = false) {
        if (first && !vg_rtsp_text_is(take_scheme(&piece), "Digest"))
            return false;
        vg_rtsp_text_pair(piece, &name, &value);
        if (value.at && value.at > piece.at && value.at[-1] == '"') { /* the quotes again */
            value.at--;
            value.size += 2;
        }
        for (size_t i = 0; value.at && i < sizeof rows / sizeof *rows; i++)
            if (vg_rtsp_text_is(name, rows[i].name) && !unquote(value, rows[i].text, rows[i].size))
                return false;
    }
    return answer->response[0] != '\0';
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool vg_rtsp_challenge_holds(const struct vg_rtsp_challenge *challenge,
                             const struct vg_rtsp_credentials *credentials,
                             struct vg_rtsp_text authorization)
{
    struct answer said;
    char wanted[HASH_TEXT_SIZE];
    if (!authorization.at || !read_answer(authorization, &said))
        return false;
    struct vg_rtsp_challenge asked = *challenge;
    struct vg_rtsp_credentials given = *credentials;
    asked.qop_auth = said.qop[0] != '\0';
    asked.session_key = false;
    given.cnonce = said.cnonce;
    const bool sha =
        vg_rtsp_text_is((struct vg_rtsp_text){said.algorithm, strlen(said.algorithm)}, "SHA-256");
    asked.scheme = sha ? VG_RTSP_AUTH_SHA256 : VG_RTSP_AUTH_MD5;
    const bool ours = same(said.user, given.user) && same(said.realm, asked.realm) &&
                      same(said.nonce, asked.nonce) && same(said.uri, given.uri) &&
                      (!asked.qop_auth || same(said.qop, "auth"));
    const bool holds = digest(&asked, &given, said.count, wanted) &&
                       strlen(wanted) == strlen(said.response) &&
                       CRYPTO_memcmp(wanted, said.response, strlen(wanted)) == 0;
    OPENSSL_cleanse(wanted, sizeof wanted);
    OPENSSL_cleanse(&said, sizeof said);
    return holds && ours;
}
