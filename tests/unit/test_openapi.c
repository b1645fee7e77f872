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
        cmocka_unit_test(references_lead_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
