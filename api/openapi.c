#include "api/openapi.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "src/base/version.h"

#define TEXT        "{\"type\":\"string\"}"
#define FLAG        "{\"type\":\"boolean\"}"
#define OBJECT(...) "{\"type\":\"object\"," __VA_ARGS__ "}"
#define FLUX_FIELDS                                                      \
    "\"label\":" TEXT ",\"url\":" TEXT ",\"user\":" TEXT ","             \
    "\"transport\":{\"type\":\"string\",\"enum\":[\"tcp\",\"udp\"]},"    \
    "\"rate_fps\":{\"type\":\"number\",\"minimum\":0.1,\"maximum\":25}," \
    "\"priority\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9},\"active\":" FLAG
#define NAMES    "{\"type\":\"array\",\"items\":" TEXT "}"
#define PASSWORD "{\"type\":\"string\",\"writeOnly\":true}"

/* Schemas by the names that the route table uses. media: how it travels. */
static const struct {
    const char *name, *media, *schema;
} schemas[] = {
    {"Error", "application/json",
     OBJECT("\"required\":[\"error\"],\"properties\":{\"error\":" OBJECT(
         "\"required\":[\"code\",\"message\",\"where\"],\"properties\":{\"code\":" TEXT
         ",\"message\":" TEXT ",\"where\":" TEXT "}") "}")},
    {"SignIn", "application/json",
     OBJECT("\"required\":[\"name\",\"password\"],\"properties\":{\"name\":" TEXT
            ",\"password\":" PASSWORD "},\"additionalProperties\":false")},
    {"Session", "application/json",
     OBJECT("\"properties\":{\"name\":" TEXT ",\"role\":" TEXT ",\"csrf\":" TEXT "}")},
    {"FluxNew", "application/json",
     OBJECT("\"required\":[\"id\",\"url\"],\"properties\":{\"id\":" TEXT "," FLUX_FIELDS
            ",\"password\":" PASSWORD "},\"additionalProperties\":false")},
    {"FluxChange", "application/json",
     OBJECT("\"properties\":{\"id\":" TEXT "," FLUX_FIELDS ",\"password\":" PASSWORD
            "},\"additionalProperties\":false")},
    {"Flux", "application/json",
     OBJECT("\"properties\":{\"id\":" TEXT "," FLUX_FIELDS ",\"has_password\":" FLAG
            ",\"has_scene\":" FLAG ",\"version\":{\"type\":\"integer\"}}")},
    {"FluxList", "application/json",
     OBJECT("\"properties\":{\"items\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/"
            "schemas/Flux\"}},\"next\":{\"type\":\"string\",\"nullable\":true}}")},
    {"FluxState", "application/json",
     OBJECT("\"required\":[\"flux\",\"state\"],\"properties\":{\"flux\":" TEXT ",\"state\":" TEXT
            "}")},
    {"Flag", "application/json", FLAG},
    {"Scene", "application/json",
     OBJECT("\"required\":[\"version\",\"name\"],\"description\":\"docs/schemas/scene.json\"")},
    {"Alert", "application/json",
     OBJECT("\"properties\":{\"id\":" TEXT ",\"flux\":" TEXT ",\"event\":" TEXT ",\"rule\":" TEXT
            ",\"severity\":" TEXT ",\"time\":" TEXT ",\"place\":" TEXT ",\"state\":" TEXT "}")},
    {"AlertList", "application/json",
     OBJECT("\"properties\":{\"items\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/"
            "schemas/Alert\"}},\"next\":{\"type\":\"string\",\"nullable\":true}}")},
    {"Verdict", "application/json",
     OBJECT("\"required\":[\"state\"],\"properties\":{\"state\":{\"type\":\"string\",\"enum\":["
            "\"confirmed\",\"refuted\",\"seen\"]},\"comment\":" TEXT
            "},\"additionalProperties\":false")},
    {"Stop", "application/json",
     OBJECT("\"properties\":{\"all\":" FLAG ",\"flux\":" NAMES ",\"events\":" NAMES
            "},\"additionalProperties\":false")},
    {"Authorisation", "application/json",
     OBJECT("\"nullable\":true,\"required\":[\"reference\",\"from\",\"to\"],\"properties\":{"
            "\"reference\":" TEXT ",\"from\":{\"type\":\"string\",\"format\":\"date-time\"},"
            "\"to\":{\"type\":\"string\",\"format\":\"date-time\"},\"flux\":" NAMES
            ",\"events\":" NAMES "},\"additionalProperties\":false")},
    {"Health", "application/json",
     OBJECT("\"properties\":{\"status\":{\"type\":\"string\",\"enum\":[\"ok\",\"unwell\"]},"
            "\"parts\":{\"type\":\"array\",\"items\":" OBJECT(
                "\"properties\":{\"part\":" TEXT ",\"up\":" FLAG ",\"state\":" TEXT
                ",\"restarts\":{\"type\":\"integer\"},\"reason\":{\"type\":\"string\","
                "\"nullable\":true}}") "}}")},
    {"Version", "application/json",
     OBJECT("\"properties\":{\"name\":" TEXT ",\"version\":" TEXT "}")},
    {"OpenApi", "application/json", OBJECT("\"description\":\"OpenAPI 3.0\"")},
    {"EventStream", "text/event-stream", TEXT},
    {"Picture", "image/jpeg", "{\"type\":\"string\",\"format\":\"binary\"}"},
    {"Metrics", "text/plain", TEXT},
    {"Page", "text/html", TEXT},
};
enum {
    SCHEMAS = sizeof schemas / sizeof *schemas
};

static const char *media_of(const char *name)
{
    for (size_t i = 0; i < SCHEMAS; i++)
        if (strcmp(schemas[i].name, name) == 0)
            return schemas[i].media;
    return "application/json";
}

static json_t *content_json(const char *name)
{
    char ref[96];
    (void)snprintf(ref, sizeof ref, "#/components/schemas/%s", name);
    return json_pack("{s:{s:{s:s}}}", media_of(name), "schema", "$ref", ref);
}

static void add_response(json_t *responses, const char *code, const char *text, const char *schema)
{
    json_t *response = json_pack("{s:s}", "description", text);
    if (schema)
        (void)json_object_set_new(response, "content", content_json(schema));
    (void)json_object_set_new(responses, code, response);
}

static json_t *responses_json(const struct vg_route *route)
{
    json_t *responses = json_object();
    add_response(responses, route->answer ? "200" : "204", "done", route->answer);
    add_response(responses, "default", "an error", "Error");
    if (route->permission != VG_PERMIT_PUBLIC)
        add_response(responses, "401", "not signed in", "Error");
    if (route->permission == VG_PERMIT_TECHNICAL)
        add_response(responses, "403", "the role does not permit it", "Error");
    if (strstr(route->pattern, "{id}"))
        add_response(responses, "404", "there is none of this id", "Error");
    if (route->body) {
        add_response(responses, "400", "not JSON", "Error");
        add_response(responses, "413", "larger than 1 MB", "Error");
        add_response(responses, "415", "not application/json", "Error");
        add_response(responses, "422", "refused; `where` is the JSON pointer", "Error");
    }
    return responses;
}

static void add_parameter(json_t *parameters, const char *place, const char *name, size_t size)
{
    json_t *parameter =
        json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", name, size, "in", place, "required",
                  strcmp(place, "path") == 0, "schema", "type", "string");
    (void)json_array_append_new(parameters, parameter);
}

static json_t *parameters_json(const struct vg_route *route)
{
    json_t *parameters = json_array();
    if (strstr(route->pattern, "{id}"))
        add_parameter(parameters, "path", "id", 2);
    for (const char *p = route->query; p && *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        add_parameter(parameters, "query", p, n);
        p += n;
    }
    return parameters;
}

static json_t *security_json(const struct vg_route *route)
{
    if (route->permission == VG_PERMIT_PUBLIC)
        return json_array();
    if (route->method == VG_METHOD_GET)
        return json_pack("[{s:[]}]", "session");
    return json_pack("[{s:[],s:[]}]", "session", "csrf");
}

static json_t *operation_json(const struct vg_route *route)
{
    json_t *operation =
        json_pack("{s:s,s:o,s:o,s:o,s:s,s:b}", "summary", route->summary, "parameters",
                  parameters_json(route), "responses", responses_json(route), "security",
                  security_json(route), "x-permission", vg_permission_name(route->permission),
                  "x-audited", route->audit != VG_AUDIT_NONE);
    if (route->action)
        (void)json_object_set_new(operation, "x-audit-action", json_string(route->action));
    if (route->body)
        (void)json_object_set_new(
            operation, "requestBody",
            json_pack("{s:b,s:o}", "required", 1, "content", content_json(route->body)));
    return operation;
}

static json_t *paths_json(void)
{
    static const char *const methods[VG_METHOD_COUNT] = {"get", "post", "put", "patch", "delete"};
    json_t *paths = json_object();
    for (const struct vg_route *route = vg_routes; route->pattern; route++) {
        json_t *path = json_object_get(paths, route->pattern);
        if (!path) {
            path = json_object();
            (void)json_object_set_new(paths, route->pattern, path);
        }
        (void)json_object_set_new(path, methods[route->method], operation_json(route));
    }
    return paths;
}

static json_t *schemas_json(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < SCHEMAS; i++)
        (void)json_object_set_new(all, schemas[i].name,
                                  json_loads(schemas[i].schema, JSON_REJECT_DUPLICATES, NULL));
    return all;
}

json_t *vg_openapi_make(void)
{
    return json_pack("{s:s,s:{s:s,s:s,s:s},s:o,s:{s:o,s:{s:{s:s,s:s,s:s},s:{s:s,s:s,s:s}}}}",
                     "openapi", "3.0.3", "info", "title", "Vigie", "version", vg_version(),
                     "description", "Video analysis for public safety", "paths", paths_json(),
                     "components", "schemas", schemas_json(), "securitySchemes", "session", "type",
                     "apiKey", "in", "cookie", "name", "vigie", "csrf", "type", "apiKey", "in",
                     "header", "name", "X-CSRF-Token");
}
