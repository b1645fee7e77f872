/* Digest by the vectors of RFC 2617 (3.5) and RFC 7616 (3.9.1), RFC 2069 as computed by its formula,
 * Basic by RFC 7617; which challenge is chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "src/media/rtsp_auth.h"

static struct vg_rtsp_challenge challenge_of(const char *headers)
{
    static char text[4096];
    struct vg_rtsp_message message;
    const int size = snprintf(text, sizeof text, "RTSP/1.0 401 Unauthorized\r\n%s\r\n", headers);
    assert_int_equal(vg_rtsp_message_read((const uint8_t *)text, (size_t)size, &message),
                     VG_RTSP_COMPLETE);
    return vg_rtsp_challenge_read(&message);
}

#define RFC7616(algorithm)                                                               \
    "WWW-Authenticate: Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", " \
    "algorithm=" algorithm ", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "  \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"\r\n"

static const struct {
    const char *name, *headers;
    struct vg_rtsp_credentials given;
    const char *want; /* must stand in the value */
} rows[] = {
    {"RFC 2617",
     "WWW-Authenticate: Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
     "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"\r\n",
     {"Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b"},
     "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
     "response=\"6629fae49393a05397450978507c4ef1\", "
     "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, cnonce=\"0a4f113b\""},
    {"RFC 7616, MD5",
     RFC7616("MD5"),
     {"Mufasa", "Circle of Life", "GET", "/dir/index.html",
      "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"},
     "response=\"8ca523f5e9506fed4657c9700eebdbec\""},
    {"RFC 7616, SHA-256",
     RFC7616("SHA-256"),
     {"Mufasa", "Circle of Life", "GET", "/dir/index.html",
      "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"},
     "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
     "algorithm=SHA-256"},
    {"both offered: SHA-256",
     RFC7616("SHA-256") RFC7616("MD5") "WWW-Authenticate: Basic realm=\"x\"\r\n",
     {"Mufasa", "Circle of Life", "GET", "/dir/index.html",
      "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"},
     "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""},
    {"in one header, weakest first",
     "WWW-Authenticate: Basic realm=\"x\", Digest realm=\"IP Camera\", nonce=\"abc\", "
     "stale=\"FALSE\"\r\n",
     {"root", "pass", "DESCRIBE", "rtsp://h/1", "c"},
     "Digest username=\"root\", realm=\"IP Camera\", nonce=\"abc\", uri=\"rtsp://h/1\", "
     "response=\"f4bca9182dfa76d02e595e466447f37d\""}, /* MD5(MD5(user:realm:password):nonce:MD5(method:uri)) */
    {"quotes in a user",
     "WWW-Authenticate: Digest realm=\"a \\\"b\\\"\", nonce=\"n\"\r\n",
     {"us\"er", "p", "PLAY", "rtsp://h/", "c"},
     "username=\"us\\\"er\", realm=\"a \\\"b\\\"\""},
    {"RFC 7617",
     "WWW-Authenticate: Basic realm=\"WallyWorld\"\r\n",
     {"Aladdin", "open sesame", "GET", "/", "c"},
     "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    {"one byte more",
     "WWW-Authenticate: basic realm=\"WallyWorld\"\r\n",
     {"a", "bcde", "GET", "/", "c"},
     "Basic YTpiY2Rl"},
};

static void answers_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char value[VG_RTSP_AUTH_VALUE_SIZE];
        print_message("%s\n", rows[i].name);
        struct vg_rtsp_challenge challenge = challenge_of(rows[i].headers);
        assert_int_equal(vg_rtsp_challenge_answer(&challenge, &rows[i].given, value, sizeof value),
                         VG_OK);
        assert_non_null(strstr(value, rows[i].want));
    }
}

static void chooses(void **state)
{
    static const struct {
        const char *headers;
        enum vg_rtsp_scheme want;
    } choices[] = {
        {"CSeq: 1\r\n", VG_RTSP_AUTH_NONE},
        {"WWW-Authenticate: Negotiate\r\n", VG_RTSP_AUTH_NONE},
        {"WWW-Authenticate: Digest realm=\"a\"\r\n", VG_RTSP_AUTH_NONE}, /* no nonce */
        {"WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256\r\n",
         VG_RTSP_AUTH_NONE},
        {"WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=\"auth-int\"\r\n",
         VG_RTSP_AUTH_NONE},
        {"WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", algorithm=\"MD5\"\r\n",
         VG_RTSP_AUTH_MD5},
        {"WWW-Authenticate: Digest algorithm=SHA-256, realm=\"a\", nonce=\"b\"\r\n",
         VG_RTSP_AUTH_SHA256},
        {"WWW-Authenticate: Digest realm = \"a\" , nonce = \"b\"\r\n", VG_RTSP_AUTH_MD5},
        {"WWW-Authenticate: Digest realm=\"a\",\r\n nonce=\"b\"\r\n", VG_RTSP_AUTH_MD5},
        {"WWW-Authenticate: Negotiate, Basic realm=\"a\"\r\n", VG_RTSP_AUTH_BASIC},
    };
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        print_message("%s", choices[i].headers);
        assert_int_equal(challenge_of(choices[i].headers).scheme, choices[i].want);
    }
}

static void counts_a_nonce(void **state)
{
    const struct vg_rtsp_credentials given = {"u", "p", "PLAY", "rtsp://h/", "c"};
    char value[VG_RTSP_AUTH_VALUE_SIZE];
    (void)state;
    struct vg_rtsp_challenge challenge = challenge_of(
        "WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=\"auth\", stale=true\r\n");
    assert_true(challenge.stale);
    for (int i = 0; i < 2; i++)
        assert_int_equal(vg_rtsp_challenge_answer(&challenge, &given, value, sizeof value), VG_OK);
    assert_non_null(strstr(value, "nc=00000002"));
}

static void refuses(void **state)
{
    struct vg_rtsp_credentials given = {"u", "p", "PLAY", "rtsp://h/", "c"};
    char value[32];
    (void)state;
    struct vg_rtsp_challenge none = {.scheme = VG_RTSP_AUTH_NONE};
    struct vg_rtsp_challenge digest =
        challenge_of("WWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n");
    struct vg_rtsp_challenge basic = challenge_of("WWW-Authenticate: Basic realm=\"a\"\r\n");
    assert_int_equal(vg_rtsp_challenge_answer(&none, &given, value, sizeof value), VG_E_STATE);
    assert_int_equal(vg_rtsp_challenge_answer(&digest, &given, value, sizeof value), VG_E_FULL);
    given.user = "a:b";
    assert_int_equal(vg_rtsp_challenge_answer(&basic, &given, value, sizeof value), VG_E_INPUT);
}

/* What we answer to what we offer holds, and holds for nothing else. */
static void judges_answers(void **state)
{
    static const enum vg_rtsp_scheme schemes[] = {VG_RTSP_AUTH_MD5, VG_RTSP_AUTH_SHA256};
    const struct vg_rtsp_credentials right = {"us\"er", "p", "ANNOUNCE", "rtsp://h/a", "0c"};
    const struct vg_rtsp_credentials wrong[] = {
        {"other", "p", "ANNOUNCE", "rtsp://h/a", "0c"},
        {"us\"er", "q", "ANNOUNCE", "rtsp://h/a", "0c"},
        {"us\"er", "p", "RECORD", "rtsp://h/a", "0c"},
        {"us\"er", "p", "ANNOUNCE", "rtsp://h/b", "0c"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct vg_rtsp_challenge ours = {.scheme = schemes[i], .realm = "r", .nonce = "n"};
        char offer[512], headers[600], value[VG_RTSP_AUTH_VALUE_SIZE];
        assert_int_equal(vg_rtsp_challenge_offer(&ours, offer, sizeof offer), VG_OK);
        (void)snprintf(headers, sizeof headers, "WWW-Authenticate: %s\r\n", offer);
        struct vg_rtsp_challenge theirs = challenge_of(headers);
        assert_int_equal(theirs.scheme, schemes[i]);
        assert_true(theirs.qop_auth);
        assert_int_equal(vg_rtsp_challenge_answer(&theirs, &right, value, sizeof value), VG_OK);
        const struct vg_rtsp_text said = {value, strlen(value)};
        assert_true(vg_rtsp_challenge_holds(&ours, &right, said));
        for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++)
            assert_false(vg_rtsp_challenge_holds(&ours, &wrong[w], said));
        ours.nonce[0] = 'm';
        assert_false(vg_rtsp_challenge_holds(&ours, &right, said));
        ours.nonce[0] = 'n';
        for (size_t cut = 0; cut < said.size; cut += 7)
            (void)vg_rtsp_challenge_holds(&ours, &right, (struct vg_rtsp_text){value, cut});
        assert_false(vg_rtsp_challenge_holds(&ours, &right, (struct vg_rtsp_text){NULL, 0}));
        assert_false(
            vg_rtsp_challenge_holds(&ours, &right, (struct vg_rtsp_text){"Basic dTpw", 10}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_rows),   cmocka_unit_test(chooses),
        cmocka_unit_test(counts_a_nonce), cmocka_unit_test(refuses),
        cmocka_unit_test(judges_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
