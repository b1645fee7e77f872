/* Which row of the route table a request belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/routes.h"

static const struct {
    const char *name;
    enum vg_method method;
    const char *path;
    enum vg_route_match match;
    const char *pattern, *id, *allow; /* NULL: not looked at */
} rows[] = {
    {"the page", VG_METHOD_GET, "/", VG_ROUTE_FOUND, "/", "", NULL},
    {"a list", VG_METHOD_GET, "/api/v1/flux", VG_ROUTE_FOUND, "/api/v1/flux", "", NULL},
    {"one", VG_METHOD_GET, "/api/v1/flux/cam-3", VG_ROUTE_FOUND, "/api/v1/flux/{id}", "cam-3",
     NULL},
    {"its scene", VG_METHOD_PUT, "/api/v1/flux/a/scene", VG_ROUTE_FOUND, "/api/v1/flux/{id}/scene",
     "a", NULL},
    {"an encoded id", VG_METHOD_GET, "/api/v1/flux/c%C3%A9", VG_ROUTE_FOUND, "/api/v1/flux/{id}",
     "c\xc3\xa9", NULL},
    {"the stream is no alert", VG_METHOD_GET, "/api/v1/alerts/stream", VG_ROUTE_FOUND,
     "/api/v1/alerts/stream", "", NULL},
    {"an alert", VG_METHOD_GET, "/api/v1/alerts/01J", VG_ROUTE_FOUND, "/api/v1/alerts/{id}", "01J",
     NULL},
    {"no method", VG_METHOD_DELETE, "/api/v1/stop", VG_ROUTE_NO_METHOD, NULL, NULL,
     "GET, HEAD, PUT"},
    {"an unknown method", VG_METHOD_NONE, "/api/v1/flux/a", VG_ROUTE_NO_METHOD, NULL, NULL,
     "GET, HEAD, PATCH, DELETE"},
    {"nothing", VG_METHOD_GET, "", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"not from the root", VG_METHOD_GET, "api/v1/flux", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"a slash more", VG_METHOD_GET, "/api/v1/flux/", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"two slashes", VG_METHOD_GET, "/api//v1/flux", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"too deep", VG_METHOD_GET, "/api/v1/flux/a/b/c", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"half", VG_METHOD_GET, "/api/v1", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"another case", VG_METHOD_GET, "/API/v1/flux", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"a slash in the id", VG_METHOD_GET, "/api/v1/flux/a%2fb", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"upwards", VG_METHOD_GET, "/api/v1/flux/%2e%2e", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"here", VG_METHOD_GET, "/console/.", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"a zero", VG_METHOD_GET, "/api/v1/flux/a%00b", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"a line end", VG_METHOD_GET, "/api/v1/flux/a%0ab", VG_ROUTE_NO_PATH, NULL, NULL, NULL},
    {"an id of 63", VG_METHOD_GET,
     "/api/v1/flux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", VG_ROUTE_FOUND,
     "/api/v1/flux/{id}", NULL, NULL},
    {"an id of 64", VG_METHOD_GET,
     "/api/v1/flux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     VG_ROUTE_NO_PATH, NULL, NULL, NULL},
};

static void paths_find_their_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_route *route;
        char id[VG_REQUEST_ID_SIZE], allow[48];
        const enum vg_route_match match =
            vg_route_find(rows[i].method, rows[i].path, &route, id, allow);
        if (match != rows[i].match ||
            (rows[i].pattern && strcmp(route->pattern, rows[i].pattern) != 0) ||
            (rows[i].id && strcmp(id, rows[i].id) != 0) ||
            (rows[i].allow && strcmp(allow, rows[i].allow) != 0))
            fail_msg("%s: %d, id \"%s\", allow \"%s\"", rows[i].name, match, id, allow);
        assert_int_equal(match == VG_ROUTE_FOUND, route != NULL);
    }
}

static void permissions_are_ranked(void **state)
{
    (void)state;
    const struct {
        bool signed_in, loopback;
        enum vg_role role;
        bool may[5]; /* public, signed, local, operator, technical */
    } who[] = {
        {false, false, VG_ROLE_OPERATOR, {true, false, false, false, false}},
        {false, true, VG_ROLE_OPERATOR, {true, false, true, false, false}},
        {true, false, VG_ROLE_OPERATOR, {true, true, true, true, false}},
        {true, false, VG_ROLE_ADVANCED, {true, true, false, false, false}},
        {true, false, VG_ROLE_AUDITOR, {true, true, false, false, false}},
        {true, true, VG_ROLE_AUDITOR, {true, true, true, false, false}},
        {true, false, VG_ROLE_TECHNICAL, {true, true, true, true, true}},
        {false, false, VG_ROLE_TECHNICAL, {true, false, false, false, false}},
    };
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        const struct vg_identity identity = {
            .signed_in = who[i].signed_in, .loopback = who[i].loopback, .role = who[i].role};
        for (int p = 0; p < 5; p++)
            assert_int_equal(vg_permission_holds((enum vg_permission)p, &identity), who[i].may[p]);
    }
}

static void parameters_are_known(void **state)
{
    (void)state;
    const struct vg_route *route;
    char id[VG_REQUEST_ID_SIZE], allow[48];
    assert_int_equal(vg_route_find(VG_METHOD_GET, "/api/v1/alerts", &route, id, allow),
                     VG_ROUTE_FOUND);
    assert_true(vg_route_takes(route, "flux"));
    assert_true(vg_route_takes(route, "after"));
    assert_false(vg_route_takes(route, "flu"));
    assert_false(vg_route_takes(route, "fluxes"));
    assert_false(vg_route_takes(route, ""));
    assert_false(vg_route_takes(route, "flux,event"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_row),
        cmocka_unit_test(permissions_are_ranked),
        cmocka_unit_test(parameters_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
