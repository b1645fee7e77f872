/* Who may do what, made from the route table: every route asked by nobody and by each role, with and without the token that changes want.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/routes.h"
#include "tests/unit/api_client.h"

struct state {
    struct server server;
};

static int start(void **out)
{
    struct state *s = calloc(1, sizeof *s);
    *out = s;
    server_prepare(&s->server);
    server_start(&s->server);
    return 0;
}

static int stop(void **out)
{
    struct state *s = *out;
    server_stop(&s->server);
    server_remove(&s->server);
    free(s);
    return 0;
}

/* The route's path with an id that exists where it can. */
static void path_of(const struct vg_route *route, char path[128])
{
    const char *hole = strstr(route->pattern, "{id}");
    if (!hole) {
        (void)snprintf(path, 128, "%s", route->pattern);
        return;
    }
    const size_t before = (size_t)(hole - route->pattern);
    assert_true(before < 64);
    memcpy(path, route->pattern, before);
    (void)snprintf(path + before, 64, "%s%s",
                   strstr(route->pattern, "console") ? "app.js" : "cam-1", hole + 4);
}

/* The code of the answer and its error's name. HEAD has the rights of GET and ends also where
 * GET is a stream. */
static int ask(struct client *client, const struct vg_route *route, char error[64])
{
    char path[128];
    path_of(route, path);
    const char *method = route->method == VG_METHOD_GET ? "HEAD" : vg_method_name(route->method);
    struct answer answer =
        client_call(client, method, path, NULL, route->body ? "{\"nothing\":1}" : NULL);
    answer_text(&answer, "error", "code", error, 64);
    const int code = answer.code;
    answer_free(&answer);
    return code;
}

enum verdict {
    MAY,
    UNKNOWN,
    FORBIDDEN
};

static enum verdict expected(const struct vg_route *route, const char *who)
{
    if (route->permission == VG_PERMIT_PUBLIC || route->permission == VG_PERMIT_LOCAL)
        return MAY; /* the test's client is on this machine */
    if (!who)
        return UNKNOWN;
    if (route->permission == VG_PERMIT_SIGNED)
        return MAY;
    if (strcmp(who, "adv") == 0 || strcmp(who, "aud") == 0)
        return FORBIDDEN;
    return route->permission == VG_PERMIT_TECHNICAL && strcmp(who, "tech") != 0 ? FORBIDDEN : MAY;
}

static void every_route_asks_for_its_permission(void **out)
{
    struct state *s = *out;
    static const char *const whos[] = {NULL, "op", "tech", "adv", "aud"};
    for (const struct vg_route *route = vg_routes; route->pattern; route++) {
        for (size_t w = 0; w < sizeof whos / sizeof *whos; w++) {
            struct client client;
            char error[64];
            client_open(&client, s->server.port);
            if (whos[w])
                client_sign_in(&client, whos[w]);
            const int code = ask(&client, route, error);
            client_close(&client);
            const enum verdict got = code == 401 ? UNKNOWN : code == 403 ? FORBIDDEN : MAY;
            if (code == 0 || got != expected(route, whos[w]))
                fail_msg("%s %s by %s: %d %s", vg_method_name(route->method), route->pattern,
                         whos[w] ? whos[w] : "nobody", code, error);
        }
    }
}

static void every_change_wants_the_token(void **out)
{
    struct state *s = *out;
    for (const struct vg_route *route = vg_routes; route->pattern; route++) {
        if (route->method == VG_METHOD_GET || route->permission == VG_PERMIT_PUBLIC)
            continue;
        struct client client;
        char error[64];
        client_open(&client, s->server.port);
        client_sign_in(&client, "tech");
        client.csrf[0] = '\0';
        const int code = ask(&client, route, error);
        client_close(&client);
        if (code != 403 || strcmp(error, "bad_csrf") != 0)
            fail_msg("%s %s: %d %s", vg_method_name(route->method), route->pattern, code, error);
    }
}

/* What changes things or shows pictures is audited; each row is whole. */
static void the_table_is_sound(void **out)
{
    (void)out;
    for (const struct vg_route *route = vg_routes; route->pattern; route++) {
        const bool shows = strstr(route->pattern, "/picture") || strstr(route->pattern, "/clip") ||
                           strstr(route->pattern, "/live");
        if (route->method != VG_METHOD_GET || shows)
            assert_int_not_equal(route->audit, VG_AUDIT_NONE);
        assert_int_equal(route->audit != VG_AUDIT_NONE, route->action != NULL);
        assert_int_equal(route->lane == VG_LANE_LOOP, route->handle == NULL);
        assert_true(route->handle || route->finish);
        assert_non_null(route->summary);
        assert_true(route->method == VG_METHOD_GET || route->method == VG_METHOD_DELETE ||
                    route->body);
        for (const struct vg_route *other = vg_routes; other < route; other++)
            assert_true(other->method != route->method ||
                        strcmp(other->pattern, route->pattern) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_asks_for_its_permission),
        cmocka_unit_test(every_change_wants_the_token),
        cmocka_unit_test(the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
