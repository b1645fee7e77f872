/* The description of the API: sound JSON that names every route, and refers to nothing that is
 * not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "api/openapi.h"
#include "api/routes.h"
#include "tests/shared_data.h"

static void every_route_is_described(void **state)
{
    (void)state;
    static const char *const methods[] = {"get", "post", "put", "patch", "delete"};
    json_t *document = vg_openapi_make();
    assert_non_null(document);
    const json_t *paths = json_object_get(document, "paths");
    size_t described = 0, routes = 0;
    for (const struct vg_route *route = vg_routes; route->pattern; route++, routes++) {
        const json_t *operation =
            json_object_get(json_object_get(paths, route->pattern), methods[route->method]);
        if (!operation)
            fail_msg("%s %s", methods[route->method], route->pattern);
        assert_string_equal(json_string_value(json_object_get(operation, "x-permission")),
                            vg_permission_name(route->permission));
        assert_int_equal(json_is_true(json_object_get(operation, "x-audited")),
                         route->audit != VG_AUDIT_NONE);
        assert_int_equal(json_object_get(operation, "requestBody") != NULL, route->body != NULL);
        assert_true(json_object_size(json_object_get(operation, "responses")) >= 2);
    }
    const char *path;
    json_t *operations;
    json_object_foreach(json_object_get(document, "paths"), path, operations) described +=
        json_object_size(operations);
    assert_int_equal(described, routes);
    json_decref(document);
}

/* What a client relies on, by hand: the table of routes could say it wrong in both places. */
static void answers_are_those_of_the_contract(void **state)
{
    (void)state;
    static const struct {
        const char *path, *method, *code, *schema; /* schema NULL: no body */
    } rows[] = {
        {"/api/v1/flux", "post", "201", "Flux"},
        {"/api/v1/flux", "post", "409", "Error"},
        {"/api/v1/flux/{id}", "patch", "412", "Error"},
        {"/api/v1/flux/{id}", "delete", "204", NULL},
        {"/api/v1/flux", "post", "422", "Error"},
        {"/api/v1/site", "get", "200", "Site"},
        {"/api/v1/site", "put", "200", "Site"},
        {"/api/v1/site", "put", "412", "Error"},
        {"/api/v1/site", "put", "422", "Error"},
        {"/api/v1/flux/{id}/active", "put", "200", "Flag"},
        {"/api/v1/flux/{id}/scene", "put", "204", NULL},
        {"/api/v1/flux/{id}/scene", "put", "200", "Warnings"},
        {"/api/v1/flux/{id}/scene", "put", "412", "Error"},
        {"/api/v1/alerts/{id}/verdict", "put", "409", "Error"},
        {"/api/v1/authorisation", "put", "412", "Error"},
        {"/api/v1/session", "post", "429", "Error"},
        {"/api/v1/session", "post", "401", "Error"},
        {"/api/v1/stop", "get", "403", "Error"},
        {"/api/v1/alerts/{id}/clip", "get", "416", "Error"},
        {"/api/v1/alerts/{id}/clip", "get", "429", "Error"},
        {"/api/v1/alerts/{id}/clip", "get", "503", "Error"},
        {"/api/v1/live", "get", "404", "Error"},
        {"/api/v1/live", "get", "429", "Error"},
        {"/api/v1/health", "get", "200", "Health"},
        {"/api/v1/health", "get", "503", "Health"},
    };
    json_t *document = vg_openapi_make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *at = json_object_get(document, "paths");
        const char *const keys[] = {rows[i].path, rows[i].method, "responses", rows[i].code};
        for (size_t k = 0; k < 4; k++)
            at = json_object_get(at, keys[k]);
        if (!at)
            fail_msg("%s %s: no %s", rows[i].method, rows[i].path, rows[i].code);
        const json_t *schema = json_object_get(at, "content");
        if (rows[i].schema)
            schema = json_object_get(json_object_get(schema, "application/json"), "schema");
        const char *ref = json_string_value(json_object_get(schema, "$ref"));
        assert_string_equal(ref ? strrchr(ref, '/') + 1 : "", rows[i].schema ? rows[i].schema : "");
    }
    json_decref(document);
}

static void headers_are_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *path, *method, *in, *name;
    } rows[] = {
        {"/api/v1/flux/{id}", "patch", "header", "If-Match"},
        {"/api/v1/flux/{id}", "delete", "header", "If-Match"},
        {"/api/v1/flux/{id}/scene", "put", "header", "If-Match"},
        {"/api/v1/authorisation", "put", "header", "If-Match"},
        {"/api/v1/alerts/stream", "get", "header", "Last-Event-ID"},
        {"/api/v1/alerts/{id}/clip", "get", "header", "Range"},
        {"/api/v1/alerts/{id}/clip", "get", "header", "If-Range"},
        {"/api/v1/live", "get", "query", "flux"},
        {"/api/v1/live", "get", "query", "plays"},
        {"/api/v1/flux", "get", "query", "limit"},
        {"/api/v1/flux", "get", "query", "after"},
        {"/api/v1/alerts", "get", "query", "limit"},
    };
    json_t *document = vg_openapi_make();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *path = json_object_get(json_object_get(document, "paths"), rows[i].path);
        const json_t *all = json_object_get(json_object_get(path, rows[i].method), "parameters");
        size_t k = 0;
        while (k < json_array_size(all)) {
            const json_t *one = json_array_get(all, k);
            if (strcmp(json_string_value(json_object_get(one, "name")), rows[i].name) == 0 &&
                strcmp(json_string_value(json_object_get(one, "in")), rows[i].in) == 0)
                break;
            k++;
        }
        if (k == json_array_size(all))
            fail_msg("%s %s: no %s", rows[i].method, rows[i].path, rows[i].name);
    }
    json_decref(document);
}

static void an_alert_has_all_its_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "id",      "key",     "flux",  "event", "rule",       "severity",       "time",
        "media_s", "score",   "place", "boxes", "evidence",   "rule_as_it_was", "measures",
        "state",   "verdict", "phase", "node",  "latency_ms", "software",       "model",
        "plan"};
    json_t *document = vg_openapi_make();
    const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    const json_t *alert = json_object_get(schemas, "Alert");
    const json_t *properties = json_object_get(alert, "properties");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_object_get(json_object_get(properties, keys[i]), "type"))
            fail_msg("no %s", keys[i]);
    assert_int_equal(json_object_size(properties), sizeof keys / sizeof *keys);
    assert_int_equal(json_array_size(json_object_get(alert, "required")),
                     sizeof keys / sizeof *keys);
    json_decref(document);
}

/* docs/schemas says of a body the same keys, bounds and lists of values as the API does. */
static void schemas_of_bodies_are_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *file, *name;
    } rows[] = {{"docs/schemas/flux.json", "FluxNew"}, {"docs/schemas/site.json", "SiteChange"}};
    static const char *const same[] = {"minimum",  "maximum", "minItems",
                                       "maxItems", "enum",    "writeOnly"};
    json_t *document = vg_openapi_make();
    const json_t *all = json_object_get(json_object_get(document, "components"), "schemas");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[1024];
        const char *key;
        json_t *inner;
        vg_source_path(rows[i].file, path, sizeof path);
        json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(file);
        const json_t *served = json_object_get(all, rows[i].name);
        const json_t *left = json_object_get(file, "properties");
        json_t *right = json_object_get(served, "properties");
        assert_true(
            json_equal(json_object_get(file, "required"), json_object_get(served, "required")) ||
            json_object_get(file, "required") == json_object_get(served, "required"));
        assert_int_equal(json_object_size(left), json_object_size(right));
        json_object_foreach(right, key, inner)
        {
            const json_t *other = json_object_get(left, key);
            if (!other)
                fail_msg("%s: no %s", rows[i].file, key);
            if (json_object_get(other, "$ref"))
                other = json_object_get(json_object_get(file, "$defs"), "hosts");
            for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
                const json_t *a = json_object_get(other, same[k]),
                             *b = json_object_get(inner, same[k]);
                if (a != b && !json_equal(a, b))
                    fail_msg("%s: %s of %s", rows[i].file, same[k], key);
            }
        }
        json_decref(file);
    }
    json_decref(document);
}

/* Every "$ref" below `value` leads to a schema. */
static void check_refs(const json_t *schemas, json_t *value)
{
    const char *key;
    json_t *inner;
    size_t i;
    static const char prefix[] = "#/components/schemas/";
    if (json_is_array(value)) {
        json_array_foreach(value, i, inner) check_refs(schemas, inner);
        return;
    }
    json_object_foreach(value, key, inner)
    {
        if (strcmp(key, "$ref") == 0) {
            const char *to = json_string_value(inner);
            assert_memory_equal(to, prefix, sizeof prefix - 1);
            if (!json_is_object(json_object_get(schemas, to + sizeof prefix - 1)))
                fail_msg("%s leads nowhere", to);
        } else {
            check_refs(schemas, inner);
        }
    }
}

static void references_lead_somewhere(void **state)
{
    (void)state;
    json_t *document = vg_openapi_make();
    const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    check_refs(schemas, document);
    char *text = json_dumps(document, 0); /* and the whole can be written and read again */
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_equal(document, again));
    json_decref(again);
    json_decref(document);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(answers_are_those_of_the_contract),
        cmocka_unit_test(headers_are_parameters),
        cmocka_unit_test(an_alert_has_all_its_keys),
        cmocka_unit_test(schemas_of_bodies_are_the_same),
        cmocka_unit_test(references_lead_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
