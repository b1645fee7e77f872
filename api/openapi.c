#include "api/openapi.h"

#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "src/base/version.h"
#include "src/scene/scene.h"

#define TEXT        "{\"type\":\"string\"}"
#define FLAG        "{\"type\":\"boolean\"}"
#define OBJECT(...) "{\"type\":\"object\"," __VA_ARGS__ "}"
#define FLUX_FIELDS                                                                          \
    "\"label\":" TEXT ",\"url\":" TEXT ",\"evidence_url\":" TEXT ",\"user\":" TEXT ","       \
    "\"transport\":{\"type\":\"string\",\"enum\":[\"auto\",\"tcp\",\"udp\",\"multicast\"]}," \
    "\"tls_name\":" TEXT ",\"ca_pem\":" TEXT ",\"interface\":" TEXT ","                      \
    "\"rate_fps\":{\"type\":\"number\",\"minimum\":0.1,\"maximum\":25},"                     \
    "\"priority\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9},\"active\":" FLAG       \
    ",\"clear_accepted\":" FLAG
#define HOSTS                                                                                      \
    "{\"type\":\"array\",\"maxItems\":256,\"items\":{\"type\":\"object\",\"required\":[\"host\"]," \
    "\"properties\":{\"host\":" TEXT ",\"ports\":{\"type\":\"array\",\"maxItems\":16,"             \
    "\"items\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535}}},"                          \
    "\"additionalProperties\":false}}"
#define SITE_FIELDS                                                                          \
    "\"sources\":" HOSTS ",\"encryption_required\":" FLAG ",\"interface\":" TEXT             \
    ",\"client_ports\":{\"type\":\"array\",\"nullable\":true,\"minItems\":2,\"maxItems\":2," \
    "\"items\":{\"type\":\"integer\",\"minimum\":1024,\"maximum\":65535}},"                  \
    "\"ca_pem\":" TEXT ",\"client_certificate_pem\":" TEXT                                   \
    ",\"stagger_ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10000},"                \
    "\"decode\":{\"type\":\"object\",\"properties\":{\"devices\":{\"type\":\"array\","       \
    "\"maxItems\":16,"                                                                       \
    "\"items\":" TEXT "},\"cores\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1024}},"   \
    "\"additionalProperties\":false},\"listen\":" HOSTS
#define NAMES           "{\"type\":\"array\",\"items\":" TEXT "}"
#define NUMBER          "{\"type\":\"number\"}"
#define INTEGER         "{\"type\":\"integer\"}"
#define ANY             "{\"type\":\"object\"}"
#define TIME            "{\"type\":\"string\",\"format\":\"date-time\"}"
#define TEXT_OR_NULL    "{\"type\":\"string\",\"nullable\":true}"
#define INTEGER_OR_NULL "{\"type\":\"integer\",\"nullable\":true}"
#define STATES          "{\"type\":\"string\",\"enum\":[\"new\",\"seen\",\"confirmed\",\"refuted\"]}"
#define SEVERITIES      "{\"type\":\"string\",\"enum\":[\"low\",\"medium\",\"high\"]}"
#define PHASES          "{\"type\":\"string\",\"enum\":[\"setup\",\"dry_run\",\"operational\"]}"
#define CLIP_MISSING                                                                \
    "{\"type\":\"string\",\"enum\":[\"not_kept\",\"too_late\",\"unreachable\","     \
    "\"not_carried\",\"not_written\"],\"description\":\"why there is no clip, and " \
    "will be none; absent while it is on its way\"}"
#define FIT "{\"$ref\":\"#/components/schemas/Admission\"}"
#define BEFORE_AFTER                                                                \
    OBJECT("\"required\":[\"before\",\"after\"],\"properties\":{\"before\":" NUMBER \
           ",\"after\":" NUMBER "}")
#define COVERAGE_STEPS "{\"type\":\"string\",\"enum\":[\"minute\",\"hour\",\"day\"]}"
#define MEASURES_STEPS "{\"type\":\"integer\",\"enum\":[60,300,3600],\"default\":300}"
#define COVERAGE_KEYS                                                                 \
    "\"nominal_s\",\"analysed_s\",\"percent\",\"wanted\",\"analysed\",\"clock_set\"," \
    "\"causes\""
/* seconds by cause; they and analysed_s add up to nominal_s, off aside */
#define COVERAGE_FIELDS                                                                \
    "\"nominal_s\":" INTEGER ",\"analysed_s\":" INTEGER ",\"percent\":" NUMBER_OR_NULL \
    ",\"wanted\":" INTEGER ",\"analysed\":" INTEGER ",\"clock_set\":" FLAG             \
    ",\"causes\":{\"type\":\"object\",\"additionalProperties\":" INTEGER "}"
#define NUMBER_OR_NULL "{\"type\":\"number\",\"nullable\":true}"
#define TIME_OR_NULL   "{\"type\":\"string\",\"format\":\"date-time\",\"nullable\":true}"
#define FLUX_STATES                                                                        \
    "{\"type\":\"string\",\"enum\":[\"off\",\"connecting\",\"live\",\"stalled\",\"lost\"," \
    "\"waiting\",\"stopped\",\"refused\",\"unknown\"]}"
#define VIEWS                                                                              \
    "{\"type\":\"string\",\"enum\":[\"good\",\"black\",\"frozen\",\"masked\",\"blurred\"," \
    "\"moved\",\"small\",\"slow\",\"unknown\"]}"
#define NAMES_LINE(what) "{\"type\":\"string\",\"description\":\"" what "; parted by commas\"}"
#define WARNINGS         NAMES_LINE("small, slow, keys, reduced, shed, costly")
#define BLIND            NAMES_LINE("events not seen while key frames alone are decoded")
#define PASSWORD         "{\"type\":\"string\",\"writeOnly\":true}"

/* Schemas by the names that the route table uses. media: how it travels. */
static const struct {
    const char *name, *media, *schema;
} schemas[] = {
    {"Error", "application/json",
     OBJECT("\"required\":[\"error\"],\"properties\":{\"error\":" OBJECT(
         "\"required\":[\"code\",\"message\",\"where\"],\"properties\":{\"code\":" TEXT
         ",\"message\":" TEXT ",\"where\":" TEXT "}") ",\"admission\":" FIT "}")},
    {"Admission", "application/json",
     OBJECT("\"required\":[\"verdict\",\"reason\",\"message\"],\"properties\":{"
            "\"verdict\":{\"type\":\"string\",\"enum\":[\"held\",\"degraded\",\"refused\","
            "\"not_known\"]},\"reason\":{\"type\":\"string\",\"enum\":[\"fits\",\"rates\","
            "\"floors\",\"latency\",\"less\",\"not_known\"]},\"message\":" TEXT
            ",\"load\":" BEFORE_AFTER ",\"headroom\":" NUMBER ",\"more\":{\"type\":\"integer\","
            "\"description\":\"as many more such flux would find room\"},\"limited_by\":{"
            "\"type\":\"string\",\"enum\":[\"device\",\"cores\"]},\"assumed\":{\"type\":\"array\","
            "\"items\":{\"type\":\"string\",\"enum\":[\"decode\"]}},\"latency_ms\":" OBJECT(
                "\"required\":[\"p50\",\"p95\",\"p99\"],\"properties\":{\"p50\":" NUMBER
                ",\"p95\":" NUMBER ",\"p99\":" NUMBER
                "}") ",\"worst\":" BEFORE_AFTER
                     ",\"fallen\":{\"type\":\"array\",\"items\":" OBJECT(
                         "\"required\":[\"flux\",\"before_fps\",\"after_fps\"],\"properties\":{"
                         "\"flux\":" TEXT ",\"before_fps\":" NUMBER ",\"after_fps\":" NUMBER
                         "}") "},\"fallen_count\":" INTEGER "}")},
    {"AdmissionAsk", "application/json",
     OBJECT("\"properties\":{\"flux\":" TEXT
            ",\"rate_fps\":{\"type\":\"number\",\"minimum\":0.1,\"maximum\":25},"
            "\"priority\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9},"
            "\"scene\":" ANY "},\"additionalProperties\":false")},
    {"SignIn", "application/json",
     OBJECT("\"required\":[\"name\",\"password\"],\"properties\":{\"name\":" TEXT
            ",\"password\":" PASSWORD "},\"additionalProperties\":false")},
    {"Session", "application/json",
     OBJECT("\"required\":[\"name\",\"role\",\"csrf\"],\"properties\":{\"name\":" TEXT
            ",\"role\":{\"type\":\"string\",\"enum\":[\"operator\",\"advanced\",\"technical\","
            "\"auditor\"]},\"csrf\":" TEXT "}")},
    {"FluxNew", "application/json",
     OBJECT("\"required\":[\"id\",\"url\"],\"properties\":{\"id\":" TEXT "," FLUX_FIELDS
            ",\"password\":" PASSWORD "},\"additionalProperties\":false")},
    {"FluxChange", "application/json",
     OBJECT("\"properties\":{\"id\":" TEXT "," FLUX_FIELDS ",\"password\":" PASSWORD
            "},\"additionalProperties\":false")},
    {"Flux", "application/json",
     OBJECT("\"required\":[\"id\",\"label\",\"url\",\"evidence_url\",\"user\",\"transport\","
            "\"tls_name\",\"interface\",\"rate_fps\",\"priority\",\"active\",\"clear_accepted\","
            "\"encrypted\",\"has_password\",\"has_ca\",\"has_scene\",\"version\"],\"properties\":{"
            "\"id\":" TEXT "," FLUX_FIELDS
            ",\"encrypted\":{\"type\":\"boolean\",\"nullable\":true},"
            "\"has_password\":" FLAG ",\"has_ca\":" FLAG ",\"has_scene\":" FLAG
            ",\"version\":" INTEGER ",\"admission\":" FIT "}")},
    {"FluxList", "application/json",
     OBJECT("\"required\":[\"items\",\"next\"],\"properties\":{\"items\":{\"type\":\"array\","
            "\"items\":{\"$ref\":\"#/components/schemas/Flux\"}},\"next\":" TEXT_OR_NULL "}")},
    {"FluxState", "application/json",
     OBJECT("\"required\":[\"flux\",\"state\"],\"properties\":{\"flux\":" TEXT
            ",\"state\":" FLUX_STATES ",\"reason\":" TEXT ",\"picture_age_s\":" NUMBER
            ",\"warnings\":" WARNINGS ",\"blind\":" BLIND ",\"view\":" VIEWS ",\"view_since\":" TIME
            ",\"view_reason\":" TEXT "},\"additionalProperties\":true")},
    {"View", "application/json",
     OBJECT("\"required\":[\"flux\",\"state\",\"since\",\"reason\",\"referenced\",\"pending\","
            "\"measures\",\"homography\"],\"properties\":{\"flux\":" TEXT ",\"state\":" VIEWS
            ",\"since\":" TIME_OR_NULL ",\"reason\":" TEXT_OR_NULL
            ",\"referenced\":{\"type\":\"boolean\",\"nullable\":true},\"pending\":" FLAG
            ",\"measures\":{\"type\":\"object\",\"additionalProperties\":" NUMBER_OR_NULL
            "},\"homography\":{\"type\":\"array\",\"nullable\":true,\"minItems\":3,\"maxItems\":3,"
            "\"items\":{\"type\":\"array\",\"minItems\":3,\"maxItems\":3,\"items\":" NUMBER
            "},\"description\":\"from the reference to the view of now, fractions of the "
            "picture\"}}")},
    {"ViewConfirm", "application/json",
     OBJECT(
         "\"required\":[\"confirm\"],\"properties\":{\"confirm\":{\"type\":\"boolean\",\"enum\":["
         "true]}},\"additionalProperties\":false")},
    {"ViewConfirmed", "application/json",
     OBJECT("\"required\":[\"flux\",\"confirmed\"],\"properties\":{\"flux\":" TEXT
            ",\"confirmed\":" INTEGER "}")},
    {"Site", "application/json",
     OBJECT("\"required\":[\"sources\",\"encryption_required\",\"interface\",\"client_ports\","
            "\"ca_pem\",\"client_certificate_pem\",\"has_client_key\",\"stagger_ms\",\"decode\","
            "\"listen\",\"version\"],\"properties\":{" SITE_FIELDS ",\"has_client_key\":" FLAG
            ",\"version\":" INTEGER "}")},
    {"SiteChange", "application/json",
     OBJECT("\"properties\":{" SITE_FIELDS ",\"client_key_pem\":" PASSWORD
            "},\"additionalProperties\":false")},
    {"Measures", "application/json",
     OBJECT("\"required\":[\"flux\",\"from\",\"to\",\"step\",\"damaged\",\"items\"],"
            "\"properties\":{\"flux\":" TEXT ",\"from\":" TIME ",\"to\":" TIME ",\"step\":" INTEGER
            ",\"damaged\":" INTEGER ",\"items\":{\"type\":\"array\",\"items\":" OBJECT(
                "\"required\":[\"flux\",\"place\",\"measure\",\"curve\"],"
                "\"properties\":{\"flux\":" TEXT ",\"place\":" TEXT ",\"measure\":" TEXT
                ",\"curve\":{\"type\":\"array\",\"items\":" OBJECT(
                    "\"required\":[\"time\",\"mean\",\"least\",\"greatest\",\"pictures\"],"
                    "\"properties\":{\"time\":" TIME ",\"mean\":" NUMBER ",\"least\":" NUMBER
                    ",\"greatest\":" NUMBER ",\"pictures\":" INTEGER "}") "}}") "}}")},
    {"Heat", "application/json",
     OBJECT("\"required\":[\"flux\",\"from\",\"to\",\"hours\",\"damaged\",\"columns\","
            "\"rows\",\"watched_s\",\"person_s\",\"pictures\",\"seconds\"],\"properties\":{"
            "\"flux\":" TEXT ",\"from\":" TIME ",\"to\":" TIME ",\"hours\":" INTEGER
            ",\"damaged\":" INTEGER ",\"columns\":" INTEGER ",\"rows\":" INTEGER
            ",\"watched_s\":" NUMBER ",\"person_s\":" NUMBER ",\"pictures\":" INTEGER
            ",\"seconds\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":" NUMBER
            "},\"description\":\"rows from the top; seconds of persons in each cell\"}}")},
    {"Coverage", "application/json",
     OBJECT("\"required\":[\"flux\",\"from\",\"to\",\"step\",\"items\",\"gaps\","
            "\"gaps_left_out\",\"damaged\"," COVERAGE_KEYS "],\"properties\":{\"flux\":" TEXT
            ",\"from\":" TIME ",\"to\":" TIME ",\"step\":" COVERAGE_STEPS "," COVERAGE_FIELDS
            ",\"items\":{\"type\":\"array\",\"items\":" OBJECT(
                "\"required\":[\"time\"," COVERAGE_KEYS "],\"properties\":{\"time\":" TIME
                "," COVERAGE_FIELDS
                "}") "},\"gaps\":{\"type\":\"array\",\"items\":" OBJECT("\"required\":[\"begin\","
                                                                        "\"end\",\"cause\"],"
                                                                        "\"properties\":{"
                                                                        "\"begin\":" TIME
                                                                        ",\"end\":" TIME
                                                                        ",\"cause\":" TEXT
                                                                        "}") "},\"gaps_left_"
                                                                             "out\":" INTEGER
                                                                             ",\"damaged\":" INTEGER
                                                                             "}")},
    {"Flag", "application/json", FLAG},
    {"Scene", "application/json",
     OBJECT("\"required\":[\"version\",\"name\"],\"description\":\"docs/schemas/scene.json\"")},
    {"Warnings", "application/json",
     OBJECT("\"required\":[\"warnings\"],\"properties\":{\"warnings\":{\"type\":\"array\","
            "\"items\":" OBJECT("\"required\":[\"where\",\"message\",\"remedy\"],"
                                "\"properties\":{\"where\":" TEXT ",\"message\":" TEXT
                                ",\"remedy\":" TEXT ",\"part\":" TEXT ",\"detail\":" TEXT
                                "}") "},\"admission\":" FIT "}")},
    {"Alert", "application/json", NULL}, /* alert_json */
    {"AlertList", "application/json",
     OBJECT("\"required\":[\"items\",\"next\"],\"properties\":{\"items\":{\"type\":\"array\","
            "\"items\":{\"$ref\":\"#/components/schemas/Alert\"}},\"next\":" TEXT_OR_NULL "}")},
    {"Verdict", "application/json",
     OBJECT("\"required\":[\"state\"],\"properties\":{\"state\":{\"type\":\"string\",\"enum\":["
            "\"confirmed\",\"refuted\",\"seen\"]},\"comment\":" TEXT
            "},\"additionalProperties\":false")},
    {"Stop", "application/json",
     OBJECT("\"properties\":{\"all\":" FLAG ",\"flux\":" NAMES ",\"events\":" NAMES
            "},\"additionalProperties\":false")},
    {"Authorisation", "application/json",
     OBJECT("\"nullable\":true,\"required\":[\"reference\",\"from\",\"to\"],\"properties\":{"
            "\"reference\":" TEXT ",\"from\":" TIME ",\"to\":" TIME ",\"flux\":" NAMES
            ",\"events\":" NAMES "},\"additionalProperties\":false")},
    {"Health", "application/json",
     OBJECT("\"required\":[\"status\",\"parts\"],\"properties\":{\"status\":{\"type\":\"string\","
            "\"enum\":[\"ok\",\"unwell\"]},\"parts\":{\"type\":\"array\",\"items\":" OBJECT(
                "\"required\":[\"part\",\"up\"],\"properties\":{\"part\":" TEXT ",\"up\":" FLAG
                ",\"state\":" TEXT ",\"restarts\":" INTEGER ",\"reason\":" TEXT_OR_NULL
                ",\"remedy\":" TEXT_OR_NULL "}") "}}")},
    {"Version", "application/json",
     OBJECT("\"required\":[\"name\",\"version\"],\"properties\":{\"name\":" TEXT
            ",\"version\":" TEXT "}")},
    {"OpenApi", "application/json", OBJECT("\"description\":\"OpenAPI 3.0\"")},
    {"EventStream", "text/event-stream", TEXT},
    {"Picture", "image/jpeg", "{\"type\":\"string\",\"format\":\"binary\"}"},
    {"Clip", "video/mp4", "{\"type\":\"string\",\"format\":\"binary\"}"},
    {"Live", "application/octet-stream", "{\"type\":\"string\",\"format\":\"binary\"}"},
    {"Metrics", "text/plain", TEXT},
    {"Page", "text/html", TEXT},
    {"File", "*/*", "{\"type\":\"string\",\"format\":\"binary\"}"},
};
enum {
    SCHEMAS = sizeof schemas / sizeof *schemas
};

/* Keys of an alert, each of which is always there. */
static const struct {
    const char *key, *schema;
} alert_keys[] = {
    {"id", TEXT},
    {"key", TEXT},
    {"flux", TEXT},
    {"event", TEXT},
    {"rule", TEXT},
    {"severity", SEVERITIES},
    {"time", "{\"type\":\"string\",\"format\":\"date-time\",\"nullable\":true}"},
    {"media_s", NUMBER},
    {"score", NUMBER},
    {"place", TEXT_OR_NULL},
    {"boxes",
     "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"track\",\"class\","
     "\"score\",\"box\"],\"properties\":{\"track\":" INTEGER_OR_NULL ",\"class\":" TEXT
     ",\"score\":" NUMBER ",\"box\":{\"type\":\"array\",\"items\":" NUMBER ",\"minItems\":4,"
     "\"maxItems\":4,\"description\":\"x, y, width, height: fractions of the picture\"}}}}"},
    {"evidence", OBJECT("\"required\":[\"picture\",\"clip\"],\"properties\":{\"picture\":" FLAG
                        ",\"clip\":" FLAG ",\"clip_missing\":" CLIP_MISSING "}")},
    {"rule_as_it_was", ANY},
    {"measures", ANY},
    {"state", STATES},
    {"verdict",
     OBJECT("\"nullable\":true,\"required\":[\"state\",\"comment\",\"by\",\"at\"],\"properties\":{"
            "\"state\":" TEXT ",\"comment\":" TEXT ",\"by\":" TEXT ",\"at\":" TIME "}")},
    {"phase", PHASES},
    {"node", TEXT_OR_NULL},
    {"latency_ms", INTEGER_OR_NULL},
    {"software", TEXT},
    {"model", TEXT_OR_NULL},
    {"plan", TEXT_OR_NULL},
};

static json_t *alert_json(void)
{
    json_t *required = json_array(), *properties = json_object();
    for (size_t i = 0; i < sizeof alert_keys / sizeof *alert_keys; i++) {
        (void)json_array_append_new(required, json_string(alert_keys[i].key));
        (void)json_object_set_new(properties, alert_keys[i].key,
                                  json_loads(alert_keys[i].schema, JSON_REJECT_DUPLICATES, NULL));
    }
    return json_pack("{s:s,s:o,s:o}", "type", "object", "required", required, "properties",
                     properties);
}

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

/* Adds an answer; the headers it comes with: names, "ETag,Location", each a text. */
static void add_response(json_t *responses, int code, const char *text, const char *schema,
                         const char *headers)
{
    char key[12];
    json_t *response = json_pack("{s:s}", "description", text), *rows = json_object();
    (void)snprintf(key, sizeof key, "%d", code);
    if (schema)
        (void)json_object_set_new(response, "content", content_json(schema));
    for (const char *p = headers; p && *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        (void)json_object_setn_new(rows, p, n, json_pack("{s:{s:s}}", "schema", "type", "string"));
        p += n;
    }
    if (json_object_size(rows) > 0)
        (void)json_object_set(response, "headers", rows);
    json_decref(rows);
    (void)json_object_set_new(responses, key, response);
}

#define RANGED_HEADERS "ETag,Accept-Ranges,Content-Disposition"

static const char *success_headers(const struct vg_route *route)
{
    if (route->ranged)
        return RANGED_HEADERS;
    if (route->success == 201)
        return route->tagged ? "ETag,Location" : "Location";
    return route->tagged ? "ETag" : "";
}

/* What the table of routes says about when a route refuses: one row per code. */
static void add_refusals(json_t *responses, const struct vg_route *route)
{
    const bool writes = route->method != VG_METHOD_GET, id = strstr(route->pattern, "{id}") != NULL;
    const bool public = route->permission == VG_PERMIT_PUBLIC;
    const bool sign_in = route->lane == VG_LANE_GUARD, body = route->body != NULL;
    const struct {
        bool holds;
        int code;
        const char *text, *headers;
    } rows[] = {
        {true, 400, "malformed: the query, or the body is not JSON", ""},
        {!public || sign_in, 401, sign_in ? "wrong name or password" : "not signed in", ""},
        {!public && (writes || route->permission != VG_PERMIT_SIGNED), 403,
         "the role does not permit it, or the CSRF token is missing", ""},
        {id, 404, "there is none of this id", ""},
        {route->missing != NULL, 404, route->missing, ""},
        {route->conflict != NULL, 409, route->conflict, ""},
        {route->basis != VG_BASIS_NONE, 412, "If-Match is missing, or someone else changed it", ""},
        {body, 413, "larger than 1 MB", ""},
        {body, 415, "not application/json", ""},
        {body, 422, "refused; `where` is the JSON pointer", ""},
        {route->ranged, 416, "it has no such bytes", "Content-Range"},
        {sign_in, 429, "too many failures, or too many at once", "Retry-After"},
        {route->crowded != NULL, 429, route->crowded, "Retry-After"},
        {!route->unwell && !route->pending, 503, "a part that it needs is away, or it is busy",
         "Retry-After"},
        {route->pending != NULL, 503, route->pending, "Retry-After"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].holds)
            add_response(responses, rows[i].code, rows[i].text, "Error", rows[i].headers);
    if (route->unwell)
        add_response(responses, 503, "not well", route->unwell, "Retry-After");
}

static json_t *responses_json(const struct vg_route *route)
{
    json_t *responses = json_object();
    add_response(responses, route->success, "done", route->answer, success_headers(route));
    if (route->warned)
        add_response(responses, 200, "done, with warnings", route->warned, success_headers(route));
    if (route->ranged)
        add_response(responses, 206, "the part that was asked for", route->answer,
                     RANGED_HEADERS ",Content-Range");
    add_refusals(responses, route);
    (void)json_object_set_new(
        responses, "default",
        json_pack("{s:s,s:o}", "description", "an error", "content", content_json("Error")));
    return responses;
}

static void add_parameter(json_t *parameters, const char *place, const char *name, size_t size,
                          json_t *schema)
{
    json_t *parameter = json_pack("{s:s%,s:s,s:b,s:o}", "name", name, size, "in", place, "required",
                                  strcmp(place, "path") == 0, "schema", schema);
    (void)json_array_append_new(parameters, parameter);
}

static json_t *text_json(void)
{
    return json_pack("{s:s}", "type", "string");
}

/* Values that are known: limit and the names of filters. */
static json_t *query_json(const struct vg_route *route, const char *name, size_t size)
{
    static const struct {
        const char *name, *schema;
        const char *answer; /* of this answer alone; NULL: of all. The first row counts */
    } rows[] = {
        {"severity", SEVERITIES, NULL},
        {"admit", "{\"type\":\"string\",\"enum\":[\"degraded\"]}", NULL},
        {"state", STATES, NULL},
        {"step", MEASURES_STEPS, "Measures"},
        {"step", COVERAGE_STEPS, NULL},
        {"gap_s", "{\"type\":\"integer\",\"minimum\":60,\"maximum\":86400,\"default\":60}", NULL},
        {"format", "{\"type\":\"string\",\"enum\":[\"json\",\"png\"],\"default\":\"json\"}",
         "Heat"},
        {"format", "{\"type\":\"string\",\"enum\":[\"json\",\"csv\"]}", NULL},
        {"from", TIME, NULL},
        {"to", TIME, NULL},
    };
    if (size == 5 && strncmp(name, "limit", size) == 0)
        return json_pack("{s:s,s:i,s:i,s:i}", "type", "integer", "minimum", 1, "maximum",
                         VG_LIST_MAX, "default", VG_LIST_DEFAULT);
    if (size == 5 && strncmp(name, "event", size) == 0) {
        json_t *names = json_array();
        for (int i = 0; i < VG_EVENT_COUNT; i++)
            (void)json_array_append_new(names, json_string(vg_event_name((enum vg_event)i)));
        return json_pack("{s:s,s:o}", "type", "string", "enum", names);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].name) == size && strncmp(rows[i].name, name, size) == 0 &&
            (!rows[i].answer || strcmp(rows[i].answer, route->answer) == 0))
            return json_loads(rows[i].schema, 0, NULL);
    return text_json();
}

static json_t *parameters_json(const struct vg_route *route)
{
    json_t *parameters = json_array();
    if (strstr(route->pattern, "{id}"))
        add_parameter(parameters, "path", "id", 2, text_json());
    for (const char *p = route->query; p && *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        add_parameter(parameters, "query", p, n, query_json(route, p, n));
        p += n;
    }
    if (route->basis != VG_BASIS_NONE)
        add_parameter(parameters, "header", "If-Match", 8, text_json());
    if (route->ranged) {
        add_parameter(parameters, "header", "Range", 5, text_json());
        add_parameter(parameters, "header", "If-Range", 8, text_json());
    }
    if (route->header)
        add_parameter(parameters, "header", route->header, strlen(route->header), text_json());
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
                                  schemas[i].schema
                                      ? json_loads(schemas[i].schema, JSON_REJECT_DUPLICATES, NULL)
                                      : alert_json());
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
