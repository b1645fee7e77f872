/* For tests: whether an answer is one that the description of the API promises: its code, its
 * headers, its media type, its body by the schema. Stricter than OpenAPI: a key that no schema
 * names is a fault unless `additionalProperties` says that there may be more. */
#ifndef VG_TESTS_OPENAPI_CHECK_H
#define VG_TESTS_OPENAPI_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "tests/unit/api_client.h"

static inline const json_t *openapi_schema(const json_t *document, const json_t *schema)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));
    if (!ref)
        return schema;
    const json_t *all = json_object_get(json_object_get(document, "components"), "schemas");
    return json_object_get(all, strrchr(ref, '/') + 1);
}

static inline bool openapi_type_is(const char *type, const json_t *value)
{
    const struct {
        const char *name;
        bool is;
    } rows[] = {{"string", json_is_string(value)},   {"boolean", json_is_boolean(value)},
                {"integer", json_is_integer(value)}, {"number", json_is_number(value)},
                {"object", json_is_object(value)},   {"array", json_is_array(value)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, type) == 0)
            return rows[i].is;
    return false;
}

/* Why the value is not of the schema, into why (of `size` bytes); true if it is. */
static inline bool openapi_is(const json_t *document, const json_t *named, const json_t *value,
                              char *why, size_t size)
{
    const json_t *schema = openapi_schema(document, named);
    const char *type = json_string_value(json_object_get(schema, "type"));
    const json_t *allowed = json_object_get(schema, "enum");
    const json_t *properties = json_object_get(schema, "properties");
    const char *key;
    json_t *inner;
    size_t i;
    if (json_is_null(value) && json_is_true(json_object_get(schema, "nullable")))
        return true;
    if (!type)
        return true;
    if (!openapi_type_is(type, value)) {
        (void)snprintf(why, size, "is no %s", type);
        return false;
    }
    bool found = !allowed;
    json_array_foreach(allowed, i, inner) found = found || json_equal(inner, value);
    if (!found) {
        (void)snprintf(why, size, "is none of the values it may have");
        return false;
    }
    json_array_foreach(json_object_get(schema, "required"), i, inner)
    {
        if (!json_object_get(value, json_string_value(inner))) {
            (void)snprintf(why, size, "lacks %s", json_string_value(inner));
            return false;
        }
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, inner)
        {
            if (!openapi_is(document, json_object_get(schema, "items"), inner, why, size))
                return false;
        }
        return true;
    }
    if (!properties || json_is_true(json_object_get(schema, "additionalProperties")))
        return true;
    json_object_foreach((json_t *)(uintptr_t)value, key, inner)
    {
        char deeper[256];
        const json_t *of = json_object_get(properties, key);
        if (!of) {
            (void)snprintf(why, size, "has %s, of which nothing is said", key);
            return false;
        }
        if (!openapi_is(document, of, inner, deeper, sizeof deeper)) {
            (void)snprintf(why, size, "%.60s: %.180s", key, deeper);
            return false;
        }
    }
    return true;
}

static inline const json_t *openapi_response(const json_t *document, const struct vg_route *route,
                                             int code)
{
    static const char *const methods[] = {"get", "post", "put", "patch", "delete"};
    char key[12];
    (void)snprintf(key, sizeof key, "%d", code);
    const json_t *path = json_object_get(json_object_get(document, "paths"), route->pattern);
    const json_t *operation = json_object_get(path, methods[route->method]);
    return json_object_get(json_object_get(operation, "responses"), key);
}

/* Fails unless the description of `method` `path` has this answer. Paths and methods that are not
 * served are passed over. */
static inline void openapi_check(const json_t *document, const char *method, const char *path,
                                 const struct answer *answer)
{
    static const char *const headers[] = {"ETag", "Location", "Retry-After"};
    const struct vg_route *route;
    char id[VG_REQUEST_ID_SIZE], allow[48], plain[256], value[160], why[320] = "";
    enum vg_method number = VG_METHOD_GET;
    while (number < VG_METHOD_COUNT && strcmp(vg_method_name(number), method) != 0)
        number++;
    copy_until(path, "?", plain, sizeof plain);
    if (number == VG_METHOD_COUNT ||
        vg_route_find(number, plain, &route, id, allow) != VG_ROUTE_FOUND)
        return;
    const json_t *response = openapi_response(document, route, answer->code);
    if (!response)
        fail_msg("%s %s: %d is not described", method, path, answer->code);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const bool said = json_object_get(json_object_get(response, "headers"), headers[i]) != NULL;
        if (said != (head_value(answer->head, headers[i], value, sizeof value) != NULL))
            fail_msg("%s %s: %d: %s is described: %d", method, path, answer->code, headers[i],
                     said);
    }
    json_t *content = json_object_get(response, "content");
    assert_int_equal(content != NULL, answer->code != 204);
    if (!content)
        return;
    const char *media = json_object_iter_key(json_object_iter(content));
    assert_non_null(head_value(answer->head, "Content-Type", value, sizeof value));
    if (strcmp(media, "*/*") != 0 && strncmp(media, value, strlen(media)) != 0)
        fail_msg("%s %s: %d: %s is described as %s", method, path, answer->code, value, media);
    if (strcmp(media, "application/json") != 0)
        return;
    json_t *root = answer_json(answer);
    assert_non_null(root);
    if (!openapi_is(document, json_object_get(json_object_get(content, media), "schema"), root, why,
                    sizeof why))
        fail_msg("%s %s: %d: the answer %s: %s", method, path, answer->code, why, answer->body);
    json_decref(root);
}

#endif
