/* Sessions and the patience with failed sign-ins, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/session_table.h"
#include "api/throttle.h"

static const struct vg_account op = {.name = "op", .role = VG_ROLE_OPERATOR, .generation = 1};

static struct vg_mono_time at_s(int64_t seconds)
{
    return (struct vg_mono_time){1000 * VG_US_PER_S + seconds * VG_US_PER_S};
}

static void sessions_age(void **state)
{
    (void)state;
    const int64_t idle = VG_SESSION_IDLE_US / VG_US_PER_S, life = VG_SESSION_LIFE_US / VG_US_PER_S;
    struct vg_sessions *s = calloc(1, sizeof *s);
    char token[VG_SESSION_TOKEN_TEXT], other[VG_SESSION_TOKEN_TEXT];
    assert_true(vg_session_open(s, &op, at_s(0), token)->number > 0);
    assert_int_equal(strlen(token), 64);
    assert_non_null(vg_session_find(s, token, VG_SESSION_USE, at_s(idle)));
    /* a look does not keep it alive, a use does */
    assert_non_null(vg_session_find(s, token, VG_SESSION_LOOK, at_s(2 * idle)));
    assert_null(vg_session_find(s, token, VG_SESSION_LOOK, at_s(2 * idle + 1)));
    assert_null(vg_session_find(s, token, VG_SESSION_USE, at_s(0))); /* ended is ended */

    vg_session_open(s, &op, at_s(0), other);
    assert_string_not_equal(token, other);
    for (int64_t t = 0; t <= life; t += idle)
        assert_non_null(vg_session_find(s, other, VG_SESSION_USE, at_s(t)));
    assert_null(vg_session_find(s, other, VG_SESSION_USE, at_s(life + 1)));
    free(s);
}

static void tokens_are_not_kept(void **state)
{
    (void)state;
    struct vg_sessions *s = calloc(1, sizeof *s);
    char token[VG_SESSION_TOKEN_TEXT];
    vg_session_open(s, &op, at_s(0), token);
    const char *bytes = (const char *)s;
    for (size_t i = 0; i + 16 <= sizeof *s; i++)
        assert_memory_not_equal(bytes + i, token, 16);
    free(s);
}

static void a_full_table_ends_the_idlest(void **state)
{
    (void)state;
    struct vg_sessions *s = calloc(1, sizeof *s);
    static char token[VG_SESSIONS_MAX + 1][VG_SESSION_TOKEN_TEXT];
    for (int i = 0; i < VG_SESSIONS_MAX; i++)
        vg_session_open(s, &op, at_s(i), token[i]);
    assert_non_null(vg_session_find(s, token[0], VG_SESSION_USE, at_s(600)));
    vg_session_open(s, &op, at_s(601), token[VG_SESSIONS_MAX]);
    assert_non_null(vg_session_find(s, token[0], VG_SESSION_USE, at_s(602)));
    assert_null(vg_session_find(s, token[1], VG_SESSION_USE, at_s(602)));
    assert_non_null(vg_session_find(s, token[VG_SESSIONS_MAX], VG_SESSION_USE, at_s(602)));
    free(s);
}

static void sessions_follow_accounts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct vg_account account;
        bool stays;
    } rows[] = {
        {"the same", {.name = "op", .role = VG_ROLE_OPERATOR, .generation = 1}, true},
        {"a new password", {.name = "op", .role = VG_ROLE_OPERATOR, .generation = 2}, false},
        {"a new role", {.name = "op", .role = VG_ROLE_TECHNICAL, .generation = 1}, false},
        {"gone", {.name = "other", .role = VG_ROLE_OPERATOR, .generation = 1}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_sessions *s = calloc(1, sizeof *s);
        char token[VG_SESSION_TOKEN_TEXT];
        const uint64_t number = vg_session_open(s, &op, at_s(0), token)->number;
        vg_sessions_check(s, &rows[i].account, 1);
        if (vg_session_holds(s, number, VG_SESSION_LOOK, at_s(1)) != rows[i].stays)
            fail_msg("%s", rows[i].name);
        vg_session_end(s, number);
        assert_false(vg_session_holds(s, number, VG_SESSION_LOOK, at_s(1)));
        free(s);
    }
}

static void the_csrf_token_is_compared_whole(void **state)
{
    (void)state;
    struct vg_sessions *s = calloc(1, sizeof *s);
    char token[VG_SESSION_TOKEN_TEXT], given[80];
    const struct vg_session *session = vg_session_open(s, &op, at_s(0), token);
    (void)snprintf(given, sizeof given, "%s", session->csrf);
    assert_true(vg_session_csrf(session, given));
    given[63] ^= 1;
    assert_false(vg_session_csrf(session, given));
    given[63] = '\0';
    assert_false(vg_session_csrf(session, given));
    assert_false(vg_session_csrf(session, ""));
    assert_false(vg_session_csrf(session, NULL));
    free(s);
}

/* failures at second 0; then how long to wait */
static void patience_runs_out(void **state)
{
    (void)state;
    static const struct {
        enum vg_throttle_kind kind;
        int failures;
        int64_t wait_s;
    } rows[] = {
        {VG_THROTTLE_NAME, 4, 0},     {VG_THROTTLE_NAME, 5, 1},       {VG_THROTTLE_NAME, 6, 2},
        {VG_THROTTLE_NAME, 9, 16},    {VG_THROTTLE_NAME, 40, 60},     {VG_THROTTLE_ADDRESS, 19, 0},
        {VG_THROTTLE_ADDRESS, 20, 1}, {VG_THROTTLE_ADDRESS, 90, 300},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_throttle *t = calloc(1, sizeof *t);
        for (int n = 0; n < rows[i].failures; n++)
            vg_throttle_failed(t, rows[i].kind, "x", at_s(0));
        const int64_t wait_us = vg_throttle_wait_us(t, rows[i].kind, "x", at_s(0));
        if (wait_us != rows[i].wait_s * VG_US_PER_S)
            fail_msg("row %zu: %lld us", i, (long long)wait_us);
        assert_int_equal(vg_throttle_wait_us(t, rows[i].kind, "x", at_s(rows[i].wait_s)), 0);
        assert_int_equal(vg_throttle_wait_us(t, rows[i].kind, "y", at_s(0)), 0);
        /* an hour later all is forgotten */
        vg_throttle_failed(t, rows[i].kind, "x", at_s(3601));
        assert_int_equal(vg_throttle_wait_us(t, rows[i].kind, "x", at_s(3601)), 0);
        free(t);
    }
}

static void success_forgives_the_name_only(void **state)
{
    (void)state;
    struct vg_throttle *t = calloc(1, sizeof *t);
    for (int n = 0; n < 30; n++) {
        vg_throttle_failed(t, VG_THROTTLE_NAME, "op", at_s(0));
        vg_throttle_failed(t, VG_THROTTLE_ADDRESS, "10.0.0.1", at_s(0));
    }
    vg_throttle_passed(t, "op");
    assert_int_equal(vg_throttle_wait_us(t, VG_THROTTLE_NAME, "op", at_s(0)), 0);
    assert_true(vg_throttle_wait_us(t, VG_THROTTLE_ADDRESS, "10.0.0.1", at_s(0)) > 0);
    free(t);
}

/* More keys than there is room for: the oldest is forgotten, never the one under attack. */
static void the_table_of_failures_is_bounded(void **state)
{
    (void)state;
    struct vg_throttle *t = calloc(1, sizeof *t);
    char name[32];
    for (int n = 0; n < 3 * VG_THROTTLE_KEYS; n++) {
        (void)snprintf(name, sizeof name, "name-%d", n);
        vg_throttle_failed(t, VG_THROTTLE_NAME, name, at_s(n));
        vg_throttle_failed(t, VG_THROTTLE_NAME, "victim", at_s(n));
    }
    assert_int_equal(t->count, VG_THROTTLE_KEYS);
    assert_true(vg_throttle_wait_us(t, VG_THROTTLE_NAME, "victim", at_s(3 * VG_THROTTLE_KEYS)) > 0);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_age),
        cmocka_unit_test(tokens_are_not_kept),
        cmocka_unit_test(a_full_table_ends_the_idlest),
        cmocka_unit_test(sessions_follow_accounts),
        cmocka_unit_test(the_csrf_token_is_compared_whole),
        cmocka_unit_test(patience_runs_out),
        cmocka_unit_test(success_forgives_the_name_only),
        cmocka_unit_test(the_table_of_failures_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
