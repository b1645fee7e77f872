/* The whole api process by HTTPS from outside: requests as rows, then sessions, limits, health.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "api/api_process.h"
#include "api/https_server.h"
#include "src/base/json.h"
#include "src/base/text_buffer.h"
#include "src/store/audit.h"
#include "tests/pem_fixture.h"
#include "tests/unit/api_client.h"
#include "tests/unit/openapi_check.h"

#define V1 "/api/v1"

#define ANY_STATE "If-Match: *\r\n"

#define GOOD_SCENE                                                                             \
    "{\"version\":1,\"name\":\"Parvis\",\"lines\":[{\"id\":\"l\",\"points\":[[0.2,0.5],"       \
    "[0.8,0.5]]}],\"rules\":[{\"id\":\"r1\",\"event\":\"crossing\",\"at\":\"l\",\"severity\":" \
    "\"high\"}]}"

struct state {
    struct server server;
    struct client nobody, op, tech;
    json_t *described; /* the description of the API */
};

static int start(void **out)
{
    struct state *s = calloc(1, sizeof *s);
    *out = s;
    server_prepare(&s->server);
    server_start(&s->server);
    client_open(&s->nobody, s->server.port);
    client_open(&s->op, s->server.port);
    client_open(&s->tech, s->server.port);
    client_sign_in(&s->op, "op");
    client_sign_in(&s->tech, "tech");
    struct answer answer = client_call(&s->nobody, "GET", "/openapi.json", NULL, NULL);
    s->described = answer_json(&answer);
    answer_free(&answer);
    return s->described ? 0 : -1;
}

static int stop(void **out)
{
    struct state *s = *out;
    json_decref(s->described);
    client_close(&s->nobody);
    client_close(&s->op);
    client_close(&s->tech);
    server_stop(&s->server);
    server_remove(&s->server);
    free(s);
    return 0;
}

enum who {
    NOBODY,
    OP,
    TECH
};

static struct client *client_of(struct state *s, enum who who)
{
    return who == NOBODY ? &s->nobody : who == OP ? &s->op : &s->tech;
}

/* In order: each row may build on those before. */
static const struct {
    const char *name;
    enum who who;
    const char *method, *path, *headers, *body;
    int code;
    const char *error, *where; /* NULL: not looked at */
} rows[] = {
    {"the page", NOBODY, "GET", "/", NULL, NULL, 200, NULL, NULL},
    {"no such path", NOBODY, "GET", "/nothing", NULL, NULL, 404, "not_found", ""},
    {"a path above", NOBODY, "GET", "/console/..%2f..%2fetc%2fpasswd", NULL, NULL, 404, "not_found",
     ""},
    {"a zero in a path", NOBODY, "GET", "/console/app%00.js", NULL, NULL, 404, "not_found", ""},
    {"no such file", NOBODY, "GET", "/console/nothing.js", NULL, NULL, 404, "not_found", ""},
    {"wrong method", NOBODY, "POST", V1 "/version", NULL, NULL, 405, "bad_method", ""},
    {"options", NOBODY, "OPTIONS", V1 "/flux", NULL, NULL, 405, "bad_method", ""},
    {"version", NOBODY, "GET", V1 "/version", NULL, NULL, 200, NULL, NULL},
    {"nobody looks", NOBODY, "GET", V1 "/flux", NULL, NULL, 401, "not_signed_in", ""},
    {"nobody changes", NOBODY, "POST", V1 "/flux", NULL, "{}", 401, "not_signed_in", ""},
    {"an operator changes", OP, "POST", V1 "/flux", NULL, "{}", 403, "forbidden", ""},
    {"an operator looks", OP, "GET", V1 "/flux", NULL, NULL, 200, NULL, NULL},
    {"who am I", OP, "GET", V1 "/session", NULL, NULL, 200, NULL, NULL},
    {"a wrong password", NOBODY, "POST", V1 "/session", NULL,
     "{\"name\":\"op\",\"password\":\"no\"}", 401, "bad_credentials", ""},
    {"a name too many", NOBODY, "POST", V1 "/session", NULL,
     "{\"name\":\"op\",\"password\":\"no\",\"x\":1}", 422, "refused", "/x"},

    {"not JSON", TECH, "POST", V1 "/flux", NULL, "{\"id\":", 400, "bad_json", "1:6"},
    {"nothing at all", TECH, "POST", V1 "/flux", NULL, "", 400, "bad_json", NULL},
    {"a key twice", TECH, "POST", V1 "/flux", NULL, "{\"id\":\"a\",\"id\":\"b\"}", 400, "bad_json",
     NULL},
    {"a list", TECH, "POST", V1 "/flux", NULL, "[1]", 422, "bad_flux", NULL},
    {"a number as id", TECH, "POST", V1 "/flux", NULL, "{\"id\":7}", 422, "bad_flux", "/id"},
    {"without url", TECH, "POST", V1 "/flux", NULL, "{\"id\":\"a\"}", 422, "bad_flux", "/url"},
    {"a bad id", TECH, "POST", V1 "/flux", NULL, "{\"id\":\"a b\",\"url\":\"file:/x\"}", 422,
     "bad_flux", "/id"},
    {"a secret in the url", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp://u:p@host/x\"}", 422, "bad_flux", "/url"},
    {"a rate out of range", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"file:/x\",\"rate_fps\":1000}", 422, "bad_flux", "/rate_fps"},
    {"an unknown transport", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"file:/x\",\"transport\":\"sctp\"}", 422, "bad_flux", "/transport"},
    {"text instead of JSON", TECH, "POST", V1 "/flux", "Content-Type: text/plain\r\n", "{}", 415,
     "bad_type", ""},
    {"a file that is none", TECH, "POST", V1 "/flux", NULL, "{\"id\":\"a\",\"url\":\"file:x\"}",
     422, "bad_flux", "/url"},
    {"a camera that nobody declared", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp://10.7.0.9/x\",\"clear_accepted\":true}", 422,
     "host_not_declared", "/url"},
    {"nor this machine", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp://127.0.0.1/x\"}", 422, "host_not_declared", "/url"},

    {"an operator looks at the site", OP, "GET", V1 "/site", NULL, NULL, 403, "forbidden", ""},
    {"the site", TECH, "GET", V1 "/site", NULL, NULL, 200, NULL, NULL},
    {"an operator changes it", OP, "PUT", V1 "/site", ANY_STATE, "{}", 403, "forbidden", ""},
    {"changed without If-Match", TECH, "PUT", V1 "/site", NULL, "{}", 412, "no_if_match", ""},
    {"changed on an old state", TECH, "PUT", V1 "/site", "If-Match: \"77\"\r\n", "{}", 412,
     "changed", ""},
    {"a key that is none", TECH, "PUT", V1 "/site", ANY_STATE, "{\"source\":[]}", 422, "bad_site",
     "/source"},
    {"a host that is none", TECH, "PUT", V1 "/site", ANY_STATE,
     "{\"sources\":[{\"host\":\"a\"},{\"host\":\"a b\"}]}", 422, "bad_site", "/sources/1/host"},
    {"a block with more", TECH, "PUT", V1 "/site", ANY_STATE,
     "{\"sources\":[{\"host\":\"10.0.0.1/24\"}]}", 422, "bad_site", "/sources/0/host"},
    {"a port that is none", TECH, "PUT", V1 "/site", ANY_STATE,
     "{\"listen\":[{\"host\":\"10.0.0.1\",\"ports\":[0]}]}", 422, "bad_site", "/listen/0/ports"},
    {"ports that are no span", TECH, "PUT", V1 "/site", ANY_STATE,
     "{\"client_ports\":[50001,50002]}", 422, "bad_site", "/client_ports"},
    {"an interface that is none", TECH, "PUT", V1 "/site", ANY_STATE, "{\"interface\":\"a b\"}",
     422, "bad_site", "/interface"},
    {"a certificate that is none", TECH, "PUT", V1 "/site", ANY_STATE, "{\"ca_pem\":\"x\"}", 422,
     "bad_site", "/ca_pem"},
    {"a key of no certificate", TECH, "PUT", V1 "/site", ANY_STATE,
     "{\"client_key_pem\":\"geheim\"}", 422, "bad_site", "/client_certificate_pem"},
    {"cores beyond all", TECH, "PUT", V1 "/site", ANY_STATE, "{\"decode\":{\"cores\":9999}}", 422,
     "bad_site", "/decode/cores"},
    {"an unknown key within", TECH, "PUT", V1 "/site", ANY_STATE, "{\"decode\":{\"core\":1}}", 422,
     "bad_site", "/decode/core"},
    {"sources are declared", TECH, "PUT", V1 "/site", ANY_STATE,
     "{\"sources\":[{\"host\":\"Host\"},{\"host\":\"elsewhere\"},{\"host\":\"host.elsewhere\"},"
     "{\"host\":\"third\"},{\"host\":\"fourth\",\"ports\":[554]},{\"host\":\"127.0.0.0/8\"},"
     "{\"host\":\"239.1.0.0/16\"}],\"interface\":\"eth1\",\"client_ports\":[50000,50399],"
     "\"decode\":{\"devices\":[\"/dev/dri/renderD128\"]}}",
     200, NULL, NULL},
    {"another port", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp://fourth:8554/x\",\"clear_accepted\":true}", 422,
     "host_not_declared", "/url"},
    {"a group that is not declared", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"mpegts://239.2.0.1:5004\",\"clear_accepted\":true}", 422,
     "host_not_declared", "/url"},
    {"an address of ours that is not", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp-listen://127.0.0.1:8554/a\"}", 422, "listen_not_declared",
     "/url"},
    {"a main stream elsewhere", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp://host/x\",\"evidence_url\":\"rtsp://fifth/x\","
     "\"clear_accepted\":true}",
     422, "host_not_declared", "/evidence_url"},
    {"in the clear", TECH, "POST", V1 "/flux", NULL, "{\"id\":\"a\",\"url\":\"rtsp://host/x\"}",
     422, "clear_not_accepted", "/clear_accepted"},
    {"not agreed", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp://host/x\",\"clear_accepted\":false}", 422, "clear_not_accepted",
     "/clear_accepted"},
    {"TLS by UDP", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsps://host/x\",\"transport\":\"udp\"}", 422, "bad_flux",
     "/transport"},
    {"a good flux", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"cam-2\",\"url\":\"rtsp://host/x\",\"user\":\"u\",\"password\":\"geheim\","
     "\"clear_accepted\":true}",
     201, NULL, NULL},
    {"one by TLS wants no agreement", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"cam-3\",\"url\":\"rtsps://host/x\",\"tls_name\":\"vms.example.org\","
     "\"evidence_url\":\"rtsps://host/main\",\"interface\":\"eth2\",\"transport\":\"tcp\"}",
     201, NULL, NULL},
    {"nor one of this machine", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"cam-4\",\"url\":\"rtsp://127.0.0.1:8554/x\",\"transport\":\"multicast\"}", 201,
     NULL, NULL},
    {"the same again", TECH, "POST", V1 "/flux", NULL, "{\"id\":\"cam-2\",\"url\":\"file:/x\"}",
     409, "exists", "/id"},
    {"an unknown flux", OP, "GET", V1 "/flux/cam-9", NULL, NULL, 404, "no_flux", ""},
    {"its scene", OP, "GET", V1 "/flux/cam-9/scene", NULL, NULL, 404, "no_flux", ""},
    {"its state", OP, "GET", V1 "/flux/cam-9/state", NULL, NULL, 404, "no_flux", ""},
    {"its coverage", OP, "GET", V1 "/flux/cam-9/coverage", NULL, NULL, 404, "no_flux", ""},
    {"changed without If-Match", TECH, "PATCH", V1 "/flux/cam-2", NULL, "{\"label\":\"x\"}", 412,
     "no_if_match", ""},
    {"changed on an old state", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: \"1\"\r\n",
     "{\"label\":\"x\"}", 412, "changed", ""},
    {"another id", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n", "{\"id\":\"cam-3\"}", 422,
     "bad_flux", "/id"},
    {"changed", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n", "{\"label\":\"Quai\"}", 200,
     NULL, NULL},
    {"the password to another host", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://elsewhere/x\"}", 422, "bad_flux", "/password"},
    {"to another port", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://host:8554/x\"}", 422, "bad_flux", "/password"},
    {"to a longer name", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://host.elsewhere/x\"}", 422, "bad_flux", "/password"},
    {"by another scheme", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"http://host/x\"}", 422, "bad_flux", "/url"},
    {"by a scheme without TLS before", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsps://host/x\"}", 422, "bad_flux", "/password"},
    {"the main stream elsewhere", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"evidence_url\":\"rtsp://elsewhere/x\"}", 422, "bad_flux", "/password"},
    {"the main stream of the same host", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"evidence_url\":\"rtsp://host/main\"}", 200, NULL, NULL},
    {"and none again", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"evidence_url\":\"\"}", 200, NULL, NULL},
    {"to a file first", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n", "{\"url\":\"file:/x\"}",
     422, "bad_flux", "/password"},
    {"another path of the same host", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://HOST/y?z\"}", 200, NULL, NULL},
    {"another host without a new agreement", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://elsewhere/x\",\"password\":\"geheim\"}", 422, "clear_not_accepted",
     "/clear_accepted"},
    {"another host with its password", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://elsewhere/x\",\"password\":\"geheim\",\"clear_accepted\":true}", 200, NULL,
     NULL},
    {"another host without any", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://third/x\",\"password\":\"\",\"clear_accepted\":true}", 200, NULL, NULL},
    {"a host for which there is none", TECH, "PATCH", V1 "/flux/cam-2", "If-Match: *\r\n",
     "{\"url\":\"rtsp://fourth/x\",\"clear_accepted\":true}", 200, NULL, NULL},
    {"encryption is required", TECH, "PUT", V1 "/site", ANY_STATE, "{\"encryption_required\":true}",
     200, NULL, NULL},
    {"a clear flux then", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"rtsp://host/x\",\"clear_accepted\":true}", 422, "encryption_required",
     "/url"},
    {"one of this machine too", TECH, "PATCH", V1 "/flux/cam-4", "If-Match: *\r\n",
     "{\"label\":\"x\"}", 422, "encryption_required", "/url"},
    {"RTP by an SDP file too", TECH, "POST", V1 "/flux", NULL,
     "{\"id\":\"a\",\"url\":\"sdp:/srv/a.sdp\",\"clear_accepted\":true}", 422,
     "encryption_required", "/url"},
    {"the state of one that was there", OP, "GET", V1 "/flux/cam-4/state", NULL, NULL, 200, NULL,
     NULL},
    {"a file all the same", TECH, "PATCH", V1 "/flux/cam-1", "If-Match: *\r\n", "{\"label\":\"x\"}",
     200, NULL, NULL},
    {"no longer required", TECH, "PUT", V1 "/site", ANY_STATE, "{\"encryption_required\":false}",
     200, NULL, NULL},
    {"cam-3 goes", TECH, "DELETE", V1 "/flux/cam-3", "If-Match: *\r\n", NULL, 204, NULL, NULL},
    {"cam-4 goes", TECH, "DELETE", V1 "/flux/cam-4", "If-Match: *\r\n", NULL, 204, NULL, NULL},
    {"switched off", TECH, "PUT", V1 "/flux/cam-2/active", NULL, "false", 200, NULL, NULL},
    {"switched to text", TECH, "PUT", V1 "/flux/cam-2/active", NULL, "\"no\"", 422, "bad_flag",
     NULL},
    {"an unknown one switched", TECH, "PUT", V1 "/flux/cam-9/active", NULL, "true", 404, "no_flux",
     ""},
    {"state without Redis", OP, "GET", V1 "/flux/cam-2/state", NULL, NULL, 503, "redis_away", ""},

    {"no scene yet", OP, "GET", V1 "/flux/cam-2/scene", NULL, NULL, 404, "no_scene", ""},
    {"a scene with an unknown key", TECH, "PUT", V1 "/flux/cam-2/scene", NULL,
     "{\"version\":1,\"name\":\"x\",\"nom\":2}", 422, "bad_scene", "/nom"},
    {"a place that is none", TECH, "PUT", V1 "/flux/cam-2/scene", NULL,
     "{\"version\":1,\"name\":\"x\",\"rules\":[{\"id\":\"r\",\"event\":\"crossing\",\"at\":\"no\","
     "\"severity\":\"low\"}]}",
     422, "bad_scene", "/rules/0/at"},
    {"a polygon that crosses itself", TECH, "PUT", V1 "/flux/cam-2/scene", NULL,
     "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[1,1],[1,0],"
     "[0,1]]}]}",
     422, "bad_scene", NULL},
    {"a good scene", TECH, "PUT", V1 "/flux/cam-2/scene", NULL, GOOD_SCENE, 204, NULL, NULL},
    {"again without If-Match", TECH, "PUT", V1 "/flux/cam-2/scene", NULL, GOOD_SCENE, 412,
     "no_if_match", ""},
    {"again on an old state", TECH, "PUT", V1 "/flux/cam-2/scene", "If-Match: \"1\"\r\n",
     GOOD_SCENE, 412, "changed", ""},
    {"again whatever there is", TECH, "PUT", V1 "/flux/cam-2/scene", "If-Match: *\r\n", GOOD_SCENE,
     204, NULL, NULL},
    {"a part that never holds is warned of", TECH, "PUT", V1 "/flux/cam-2/scene", ANY_STATE,
     "{\"version\":1,\"name\":\"x\",\"lines\":[{\"id\":\"l\",\"points\":[[0,0],[1,1]]}],\"rules\":["
     "{\"id\":\"r\",\"event\":\"crossing\",\"at\":\"l\",\"severity\":\"low\",\"active\":false},"
     "{\"id\":\"c\",\"severity\":\"low\",\"when\":{\"rule\":\"r\"}}]}",
     200, NULL, NULL},
    {"and the good one again", TECH, "PUT", V1 "/flux/cam-2/scene", ANY_STATE, GOOD_SCENE, 204,
     NULL, NULL},
    {"a composed rule in a circle", TECH, "PUT", V1 "/flux/cam-2/scene", ANY_STATE,
     "{\"version\":1,\"name\":\"x\",\"rules\":[{\"id\":\"c\",\"severity\":\"low\","
     "\"when\":{\"rule\":\"c\"}}]}",
     422, "bad_scene", "/rules/0/when"},
    {"a first scene with a star", TECH, "PUT", V1 "/flux/cam-1/scene", "If-Match: *\r\n",
     GOOD_SCENE, 204, NULL, NULL},
    {"the scene", OP, "GET", V1 "/flux/cam-2/scene", NULL, NULL, 200, NULL, NULL},

    {"an unknown filter", OP, "GET", V1 "/alerts?flus=cam-1", NULL, NULL, 400, "bad_query", "flus"},
    {"a filter that is not UTF-8", OP, "GET", V1 "/alerts?%ff=1", NULL, NULL, 400, "bad_query",
     "%ff"},
    {"a value that is not", OP, "GET", V1 "/alerts?flux=%ff", NULL, NULL, 400, "bad_query", "flux"},
    {"an id that is not", OP, "GET", V1 "/flux/%ff", NULL, NULL, 404, "not_found", ""},
    {"a body that is not", TECH, "POST", V1 "/flux", NULL, "{\"l|\\\\\\\xd7\xa3\xa3\xa3\xdd}", 400,
     "bad_json", NULL},
    {"a bad time", OP, "GET", V1 "/alerts?from=hier", NULL, NULL, 400, "bad_query", "from"},
    {"a bad limit", OP, "GET", V1 "/alerts?limit=0", NULL, NULL, 400, "bad_query", "limit"},
    {"a limit too large", OP, "GET", V1 "/alerts?limit=201", NULL, NULL, 400, "bad_query", "limit"},
    {"a flux limit too large", OP, "GET", V1 "/flux?limit=201", NULL, NULL, 400, "bad_query",
     "limit"},
    {"a flux cursor that is none", OP, "GET", V1 "/flux?after=a%20b", NULL, NULL, 400, "bad_query",
     "after"},
    {"an event that is none", OP, "GET", V1 "/alerts?event=foo", NULL, NULL, 400, "bad_query",
     "event"},
    {"an empty event", OP, "GET", V1 "/alerts?event=", NULL, NULL, 400, "bad_query", "event"},
    {"an event that is one", OP, "GET", V1 "/alerts?event=fire", NULL, NULL, 200, NULL, NULL},
    {"a state that is none", OP, "GET", V1 "/alerts?state=foo", NULL, NULL, 400, "bad_query", NULL},
    {"a parameter twice", OP, "GET", V1 "/alerts?flux=cam-1&flux=cam-2", NULL, NULL, 400,
     "bad_query", "flux"},
    {"a bad cursor", OP, "GET", V1 "/alerts?after=xyz", NULL, NULL, 400, "bad_query", NULL},
    {"no alerts", OP, "GET", V1 "/alerts?limit=5&flux=cam-1", NULL, NULL, 200, NULL, NULL},
    {"an unknown alert", OP, "GET", V1 "/alerts/01J", NULL, NULL, 404, "no_alert", ""},
    {"its picture", OP, "GET", V1 "/alerts/01J/picture", NULL, NULL, 404, "no_picture", ""},
    {"its verdict", OP, "PUT", V1 "/alerts/01J/verdict", NULL, "{\"state\":\"seen\"}", 404,
     "no_alert", ""},
    {"no verdict", OP, "PUT", V1 "/alerts/01J/verdict", NULL, "{\"state\":\"new\"}", 422,
     "bad_verdict", "/state"},

    {"nothing is stopped", OP, "GET", V1 "/stop", NULL, NULL, 200, NULL, NULL},
    {"stop an unknown event", OP, "PUT", V1 "/stop", NULL, "{\"events\":[\"rain\"]}", 422,
     "bad_stop", "/events/0"},
    {"stop a flux", OP, "PUT", V1 "/stop", NULL, "{\"flux\":[\"cam-1\"]}", 200, NULL, NULL},
    {"stop all", OP, "PUT", V1 "/stop", NULL, "{\"all\":true}", 200, NULL, NULL},
    {"no authorisation", OP, "GET", V1 "/authorisation", NULL, NULL, 200, NULL, NULL},
    {"an operator authorises", OP, "PUT", V1 "/authorisation", NULL, "null", 403, "forbidden", ""},
    {"ends before it begins", TECH, "PUT", V1 "/authorisation", NULL,
     "{\"reference\":\"A\",\"from\":\"2026-02-01T00:00:00Z\",\"to\":\"2026-01-01T00:00:00Z\"}", 422,
     "bad_authorisation", "/to"},
    {"no time", TECH, "PUT", V1 "/authorisation", NULL,
     "{\"reference\":\"A\",\"from\":\"demain\",\"to\":\"2026-01-01T00:00:00Z\"}", 422,
     "bad_authorisation", "/from"},
    {"authorised", TECH, "PUT", V1 "/authorisation", NULL,
     "{\"reference\":\"A\",\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-02-01T00:00:00Z\","
     "\"flux\":[\"cam-1\"],\"events\":[\"density\"]}",
     200, NULL, NULL},
    {"again without If-Match", TECH, "PUT", V1 "/authorisation", NULL, "null", 412, "no_if_match",
     ""},
    {"taken away", TECH, "PUT", V1 "/authorisation", "If-Match: *\r\n", "null", 200, NULL, NULL},

    {"deleted without If-Match", TECH, "DELETE", V1 "/flux/cam-2", NULL, NULL, 412, "no_if_match",
     ""},
    {"deleted", TECH, "DELETE", V1 "/flux/cam-2", "If-Match: *\r\n", NULL, 204, NULL, NULL},
    {"and gone", TECH, "DELETE", V1 "/flux/cam-2", "If-Match: *\r\n", NULL, 404, "no_flux", ""},
    {"metrics from this machine", NOBODY, "GET", "/metrics", NULL, NULL, 200, NULL, NULL},
};

static void requests_are_answered(void **out)
{
    struct state *s = *out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char error[64], where[512], type[96], policy[512];
        struct answer answer = client_call(client_of(s, rows[i].who), rows[i].method, rows[i].path,
                                           rows[i].headers, rows[i].body);
        answer_text(&answer, "error", "code", error, sizeof error);
        answer_text(&answer, "error", "where", where, sizeof where);
        if (answer.code != rows[i].code || strcmp(error, rows[i].error ? rows[i].error : "") != 0 ||
            (rows[i].where && strcmp(where, rows[i].where) != 0))
            fail_msg("%s: %s %s: %d %s", rows[i].name, rows[i].method, rows[i].path, answer.code,
                     answer.body);
        if (answer.code >= 400) { /* exactly the contract's object, with a sentence */
            json_t *root = answer_json(&answer);
            json_t *inner = json_object_get(root, "error");
            assert_int_equal(json_object_size(root), 1);
            assert_int_equal(json_object_size(inner), 3);
            assert_true(json_string_length(json_object_get(inner, "message")) > 8);
            assert_non_null(head_value(answer.head, "Content-Type", type, sizeof type));
            assert_string_equal(type, "application/json");
            json_decref(root);
        }
        assert_non_null(head_value(answer.head, "Content-Security-Policy", policy, sizeof policy));
        assert_null(find_text(answer.body, "geheim"));
        openapi_check(s->described, rows[i].method, rows[i].path, &answer);
        answer_free(&answer);
    }
}

/* A flux as its JSON says it: "encrypted" is true, false, or null where no network is passed. */
static void a_clear_flux_is_marked(void **out)
{
    struct state *s = *out;
    static const struct {
        const char *body;
        json_type encrypted;
        bool accepted;
    } flux[] = {
        {"{\"id\":\"mark\",\"url\":\"rtsps://host/x\",\"clear_accepted\":true}", JSON_TRUE, false},
        {"{\"id\":\"mark\",\"url\":\"rtsp://host/x\",\"clear_accepted\":true}", JSON_FALSE, true},
        {"{\"id\":\"mark\",\"url\":\"rtsp://127.0.0.1/x\"}", JSON_FALSE, false},
        {"{\"id\":\"mark\",\"url\":\"rtsps://host/x\",\"evidence_url\":\"rtsp://host/y\","
         "\"clear_accepted\":true}",
         JSON_FALSE, true},
        {"{\"id\":\"mark\",\"url\":\"sdp:/srv/x.sdp\",\"clear_accepted\":true}", JSON_FALSE, true},
        {"{\"id\":\"mark\",\"url\":\"file:/x\"}", JSON_NULL, false},
    };
    for (size_t i = 0; i < sizeof flux / sizeof *flux; i++) {
        struct answer answer = client_call(&s->tech, "POST", V1 "/flux", NULL, flux[i].body);
        json_t *root = answer_json(&answer);
        if (answer.code != 201 || !json_object_get(root, "encrypted") ||
            json_typeof(json_object_get(root, "encrypted")) != flux[i].encrypted ||
            json_is_true(json_object_get(root, "clear_accepted")) != flux[i].accepted)
            fail_msg("%s: %s", flux[i].body, answer.body);
        json_decref(root);
        answer_free(&answer);
        assert_int_equal(client_code(&s->tech, "DELETE", V1 "/flux/mark", "If-Match: *\r\n", NULL),
                         204);
    }
}

/* Sends a JSON body, which is taken, and returns the answer. */
static struct answer call_json(struct client *client, const char *method, const char *path,
                               const char *headers, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    struct answer answer = client_call(client, method, path, headers, text);
    free(text);
    json_decref(body);
    return answer;
}

/* Authorities come back as they were put; the private key goes in and never comes out. */
static void certificates_go_in_and_the_key_stays(void **out)
{
    struct state *s = *out;
    static struct pem_pair pair;
    char tag[48], headers[96];
    pem_make_pair(&pair);
    struct answer answer = client_call(&s->tech, "GET", V1 "/site", NULL, NULL);
    assert_non_null(head_value(answer.head, "ETag", tag, sizeof tag));
    answer_free(&answer);
    (void)snprintf(headers, sizeof headers, "If-Match: %s\r\n", tag);
    for (int i = 0; i < 2; i++) { /* once: the tag is that of the state before */
        answer = call_json(&s->tech, "PUT", V1 "/site", headers,
                           json_pack("{s:s,s:s,s:s}", "ca_pem", pair.certificate,
                                     "client_certificate_pem", pair.certificate, "client_key_pem",
                                     pair.key));
        if (answer.code != (i == 0 ? 200 : 412))
            fail_msg("%d %s", answer.code, answer.body);
        assert_null(find_text(answer.body, "PRIVATE"));
        answer_free(&answer);
    }
    answer = client_call(&s->tech, "GET", V1 "/site", NULL, NULL);
    openapi_check(s->described, "GET", V1 "/site", &answer);
    json_t *root = answer_json(&answer);
    assert_string_equal(json_string_value(json_object_get(root, "ca_pem")), pair.certificate);
    assert_true(json_is_true(json_object_get(root, "has_client_key")));
    assert_null(find_text(answer.body, "PRIVATE"));
    json_decref(root);
    answer_free(&answer);

    answer = call_json(&s->tech, "POST", V1 "/flux", NULL,
                       json_pack("{s:s,s:s,s:s}", "id", "tls", "url", "rtsps://host/x", "ca_pem",
                                 pair.certificate));
    assert_int_equal(answer.code, 201);
    answer_free(&answer);
    answer = client_call(&s->op, "GET", V1 "/flux/tls", NULL, NULL);
    root = answer_json(&answer);
    assert_string_equal(json_string_value(json_object_get(root, "ca_pem")), pair.certificate);
    assert_true(json_is_true(json_object_get(root, "has_ca")));
    json_decref(root);
    answer_free(&answer);
    assert_int_equal(client_code(&s->tech, "DELETE", V1 "/flux/tls", "If-Match: *\r\n", NULL), 204);
    assert_int_equal(client_code(&s->tech, "PUT", V1 "/site", "If-Match: *\r\n",
                                 "{\"ca_pem\":\"\",\"client_certificate_pem\":\"\"}"),
                     200);
}

/* A flux that was saved before the site forbade it: it is not started, and its state says why. */
static void an_unlawful_flux_says_so(void **out)
{
    struct state *s = *out;
    static const struct {
        const char *site, *reason; /* "": Redis is asked, which is away here */
    } rows_of_site[] = {
        {"{\"encryption_required\":true}", "encryption_required"},
        {"{\"encryption_required\":false}", ""},
        {"{\"sources\":[]}", "host_not_declared"},
        {"{\"sources\":[{\"host\":\"host\"}]}", ""},
    };
    assert_int_equal(client_code(&s->tech, "POST", V1 "/flux", NULL,
                                 "{\"id\":\"law\",\"url\":\"rtsp://host/x\","
                                 "\"clear_accepted\":true}"),
                     201);
    for (size_t i = 0; i < sizeof rows_of_site / sizeof *rows_of_site; i++) {
        char state[32], reason[64];
        assert_int_equal(
            client_code(&s->tech, "PUT", V1 "/site", "If-Match: *\r\n", rows_of_site[i].site), 200);
        struct answer answer = client_call(&s->op, "GET", V1 "/flux/law/state", NULL, NULL);
        openapi_check(s->described, "GET", V1 "/flux/law/state", &answer);
        answer_text(&answer, "state", NULL, state, sizeof state);
        answer_text(&answer, "reason", NULL, reason, sizeof reason);
        assert_int_equal(answer.code, rows_of_site[i].reason[0] ? 200 : 503);
        assert_string_equal(state, rows_of_site[i].reason[0] ? "refused" : "");
        assert_string_equal(reason, rows_of_site[i].reason);
        answer_free(&answer);
    }
    assert_int_equal(client_code(&s->tech, "DELETE", V1 "/flux/law", "If-Match: *\r\n", NULL), 204);
}

/* What a person reads about a body that is not JSON is in his language, whole. */
static void bad_json_is_said_in_french(void **out)
{
    struct state *s = *out;
    static const char *const bodies[] = {"{\"id\":", "{\"id\":\"a\",\"id\":\"b\"}", "7", "nope"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct answer answer = client_call(&s->tech, "POST", V1 "/flux", NULL, bodies[i]);
        assert_true(answer.code == 400 || answer.code == 422);
        if (find_text(answer.body, "near") || find_text(answer.body, "expected"))
            fail_msg("%s: %s", bodies[i], answer.body);
        answer_free(&answer);
    }
}

/* Flux come in pages by id, each once. */
static void flux_come_in_pages(void **out)
{
    struct state *s = *out;
    char path[128], after[64] = "", seen[256], body[96];
    struct vg_text_buffer ids;
    vg_text_buffer_init(&ids, seen, sizeof seen);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(body, sizeof body, "{\"id\":\"page-%d\",\"url\":\"file:/x\"}", i);
        assert_int_equal(client_code(&s->tech, "POST", V1 "/flux", NULL, body), 201);
    }
    int pages = 0;
    do {
        (void)snprintf(path, sizeof path, V1 "/flux?limit=2%s%s", after[0] ? "&after=" : "", after);
        struct answer answer = client_call(&s->op, "GET", path, NULL, NULL);
        assert_int_equal(answer.code, 200);
        openapi_check(s->described, "GET", path, &answer);
        json_t *root = answer_json(&answer), *item;
        size_t i;
        json_array_foreach(json_object_get(root, "items"), i, item)
            vg_text_add(&ids, "%s ", json_string_value(json_object_get(item, "id")));
        assert_true(i <= 2);
        json_decref(root);
        answer_text(&answer, "next", NULL, after, sizeof after);
        answer_free(&answer);
    } while (after[0] && ++pages < 9);
    assert_string_equal(seen, "cam-1 page-0 page-1 page-2 page-3 ");
    for (int i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, V1 "/flux/page-%d", i);
        assert_int_equal(client_code(&s->tech, "DELETE", path, "If-Match: *\r\n", NULL), 204);
    }
}

static void the_bound_of_a_limit_is_said(void **out)
{
    struct state *s = *out;
    static const char *const paths[] = {V1 "/flux?limit=0", V1 "/alerts?limit=201"};
    for (size_t i = 0; i < 2; i++) {
        char message[256];
        struct answer answer = client_call(&s->op, "GET", paths[i], NULL, NULL);
        answer_text(&answer, "error", "message", message, sizeof message);
        assert_non_null(strstr(message, "200"));
        answer_free(&answer);
    }
}

static void sessions_live_and_end(void **out)
{
    struct state *s = *out;
    struct client client;
    client_open(&client, s->server.port);
    client_sign_in(&client, "op");
    assert_int_equal(client_code(&client, "GET", V1 "/session", NULL, NULL), 200);

    char csrf[80];
    memcpy(csrf, client.csrf, sizeof csrf); /* changes want the token, and the right one */
    client.csrf[0] = '\0';
    assert_int_equal(client_code(&client, "DELETE", V1 "/session", NULL, NULL), 403);
    memcpy(client.csrf, s->op.csrf, sizeof csrf);
    assert_int_equal(client_code(&client, "DELETE", V1 "/session", NULL, NULL), 403);
    memcpy(client.csrf, csrf, sizeof csrf);
    assert_int_equal(client_code(&client, "DELETE", V1 "/session", NULL, NULL), 204);
    assert_int_equal(client_code(&client, "GET", V1 "/session", NULL, NULL), 401);
    client.cookie[10] = client.cookie[10] == '0' ? '1' : '0';
    assert_int_equal(client_code(&client, "GET", V1 "/session", NULL, NULL), 401);
    client_close(&client);
}

/* A deleted account, or a new password, ends its sessions within a few seconds. */
static void sessions_follow_their_account(void **out)
{
    struct state *s = *out;
    const struct vg_argon_cost cheap = {1, 8, 1};
    struct vg_database *database = NULL;
    struct vg_fault fault = {0};
    struct client client;
    assert_int_equal(vg_database_open(&database, s->server.data, VG_DATABASE_EXISTING, &fault),
                     VG_OK);
    assert_int_equal(vg_account_create(database, "brief", VG_ROLE_OPERATOR, CLIENT_PASSWORD, cheap,
                                       vg_wall_now(), &fault),
                     VG_OK);
    client_open(&client, s->server.port);
    client_sign_in(&client, "brief");
    assert_int_equal(vg_account_delete(database, "brief", &fault), VG_OK);
    vg_database_close(&database);
    const int64_t end = vg_mono_now().us + 15 * VG_US_PER_S;
    while (client_code(&client, "GET", V1 "/flux", NULL, NULL) == 200) {
        assert_true(vg_mono_now().us < end);
        vg_pause_us(100000);
    }
    client_close(&client);
}

static void failures_are_slowed_down(void **out)
{
    struct state *s = *out;
    static const char wrong[] = "{\"name\":\"guessed\",\"password\":\"no\"}";
    int code = 0;
    for (int i = 0; i < 6 && code != 429; i++)
        code = client_code(&s->nobody, "POST", V1 "/session", NULL, wrong);
    struct answer answer = client_call(&s->nobody, "POST", V1 "/session", NULL, wrong);
    char wait[16];
    assert_int_equal(answer.code, 429);
    openapi_check(s->described, "POST", V1 "/session", &answer);
    assert_non_null(head_value(answer.head, "Retry-After", wait, sizeof wait));
    answer_free(&answer);
    struct client other; /* another name is not held up */
    client_open(&other, s->server.port);
    client_sign_in(&other, "op");
    client_close(&other);
}

static void large_bodies_are_refused(void **out)
{
    struct state *s = *out;
    const size_t size = 10u << 20;
    char *body = malloc(size), error[64];
    assert_non_null(body);
    memset(body, 'a', size);
    struct answer answer =
        client_call_bytes(&s->tech, "PUT", V1 "/flux/cam-1/scene", NULL, body, size);
    answer_text(&answer, "error", "code", error, sizeof error);
    assert_int_equal(answer.code, 413);
    assert_string_equal(error, "too_large");
    answer_free(&answer);

    /* just what is allowed is read whole: it is only not JSON */
    answer =
        client_call_bytes(&s->tech, "PUT", V1 "/flux/cam-1/scene", NULL, body, VG_HTTPS_BODY_MAX);
    assert_int_equal(answer.code, 400);
    answer_free(&answer);
    free(body);
}

/* Bytes as they are, and what must come back. */
static void bad_heads_are_refused(void **out)
{
    struct state *s = *out;
    static const struct {
        const char *name, *head;
        int code;
    } heads[] = {
        {"no HTTP", "hello\r\n\r\n", 400},
        {"a method of another's", "PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"a length that is none", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        SSL *ssl = client_dial(&s->nobody);
        client_send(ssl, heads[i].head, strlen(heads[i].head));
        struct answer answer = client_read(ssl);
        char message[256];
        answer_text(&answer, "error", "message", message, sizeof message);
        if (answer.code != heads[i].code || !message[0])
            fail_msg("%s: %d %s", heads[i].name, answer.code, answer.body);
        answer_free(&answer);
        client_hang_up(ssl);
    }
    SSL *ssl = client_dial(&s->nobody); /* a head without end */
    static char line[1024];
    memset(line, 'x', sizeof line);
    client_send(ssl, "GET / HTTP/1.1\r\nX: ", 19);
    for (int i = 0; i < 24; i++)
        client_send(ssl, line, sizeof line);
    struct answer answer = client_read(ssl);
    assert_int_equal(answer.code, 400);
    answer_free(&answer);
    client_hang_up(ssl);
}

static void head_is_a_get_without_body(void **out)
{
    struct state *s = *out;
    char get_size[24], head_size[24];
    struct answer get = client_call(&s->nobody, "GET", V1 "/version", NULL, NULL);
    struct answer head = client_call(&s->nobody, "HEAD", V1 "/version", NULL, NULL);
    assert_int_equal(head.code, 200);
    assert_int_equal(head.size, 0);
    assert_non_null(head_value(get.head, "Content-Length", get_size, sizeof get_size));
    assert_non_null(head_value(head.head, "Content-Length", head_size, sizeof head_size));
    assert_string_equal(get_size, head_size);
    answer_free(&get);
    answer_free(&head);
    head = client_call(&s->nobody, "POST", V1 "/version", NULL, NULL);
    assert_non_null(head_value(head.head, "Allow", get_size, sizeof get_size));
    assert_string_equal(get_size, "GET, HEAD");
    answer_free(&head);
}

/* Two requests in one write on one connection, and a third after. */
static void connections_are_kept(void **out)
{
    struct state *s = *out;
    static const char twice[] = "GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n"
                                "GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char last[] =
        "GET /api/v1/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    SSL *ssl = client_dial(&s->nobody);
    client_send(ssl, twice, sizeof twice - 1);
    client_send(ssl, last, sizeof last - 1);
    struct answer answer = client_read(ssl);
    int found = 0;
    for (const char *p = answer.body; (p = strstr(p, "\"vigie\"")) != NULL; p++)
        found++;
    assert_int_equal(found, 3);
    answer_free(&answer);
    client_hang_up(ssl);
}

static void words_are_the_readers(void **out)
{
    struct state *s = *out;
    char english[256];
    s->nobody.language = "en";
    struct answer answer = client_call(&s->nobody, "GET", V1 "/flux", NULL, NULL);
    answer_text(&answer, "error", "message", english, sizeof english);
    assert_string_equal(english, "sign in first");
    answer_free(&answer);
    s->nobody.language = NULL;
}

static void health_names_the_unwell(void **out)
{
    struct state *s = *out;
    server_say(&s->server,
               json_pack("{s:s,s:[{s:s,s:b,s:i,s:s},{s:s,s:b,s:i,s:s}]}", "type", "health", "parts",
                         "part", "analysis", "up", 0, "restarts", 3, "reason", "it was killed",
                         "part", "ingest-0", "up", 1, "restarts", 0, "reason", ""));
    struct answer answer = {0};
    const int64_t end = vg_mono_now().us + 10 * VG_US_PER_S;
    do {
        answer_free(&answer);
        answer = client_call(&s->op, "GET", V1 "/health", NULL, NULL);
        assert_true(vg_mono_now().us < end);
    } while (!find_text(answer.body, "analysis"));
    json_t *root = answer_json(&answer);
    const json_t *part = json_array_get(json_object_get(root, "parts"), 0);
    assert_int_equal(answer.code, 503);
    assert_string_equal(json_string_value(json_object_get(root, "status")), "unwell");
    assert_true(json_is_false(json_object_get(part, "up")));
    assert_string_equal(json_string_value(json_object_get(part, "reason")), "it was killed");
    json_decref(root);
    answer_free(&answer);

    assert_int_equal(client_code(&s->op, "GET", V1 "/health", NULL, NULL), 503);
    answer = client_call(&s->op, "GET", V1 "/health", NULL, NULL);
    openapi_check(s->described, "GET", V1 "/health", &answer);
    answer_free(&answer);
    answer = client_call(&s->nobody, "GET", V1 "/health", NULL, NULL); /* minimal */
    openapi_check(s->described, "GET", V1 "/health", &answer);
    assert_non_null(find_text(answer.body, "\"analysis\""));
    assert_null(find_text(answer.body, "killed"));
    answer_free(&answer);
    answer = client_call(&s->nobody, "GET", "/metrics", NULL, NULL);
    assert_non_null(find_text(answer.body, "\nvigie_up{part=\"analysis\"} 0\n"));
    assert_non_null(find_text(answer.body, "\nvigie_up{part=\"ingest-0\"} 1\n"));
    assert_non_null(find_text(
        answer.body,
        "\nvigie_part_fault{part=\"analysis\",reason=\"it was killed\",remedy=\"\"} 1\n"));
    assert_non_null(find_text(answer.body, "\nvigie_up{part=\"archive\"} 0\n")); /* no Redis here */
    assert_non_null(find_text(answer.body, "\nvigie_up{part=\"redis\"} 0\n"));
    assert_non_null(find_text(answer.body, "\nvigie_api_requests_total{code=\"404\"} "));
    answer_free(&answer);
}

/* The stop that the API wrote is what the others read. */
static void stop_reaches_the_file(void **out)
{
    struct state *s = *out;
    struct vg_fault fault;
    struct vg_stop *stopped = calloc(1, sizeof *stopped);
    assert_int_equal(client_code(&s->op, "PUT", V1 "/stop", NULL,
                                 "{\"all\":false,\"flux\":[\"cam-1\"],\"events\":[\"density\"]}"),
                     200);
    assert_int_equal(vg_stop_read(s->server.data, stopped, &fault), VG_OK);
    assert_false(stopped->all);
    assert_true(vg_stop_list_has(&stopped->flux, "cam-1"));
    assert_true(vg_stop_list_has(&stopped->events, "density"));
    /* what is not named stays */
    assert_int_equal(client_code(&s->op, "PUT", V1 "/stop", NULL, "{\"flux\":[]}"), 200);
    assert_int_equal(vg_stop_read(s->server.data, stopped, &fault), VG_OK);
    assert_int_equal(stopped->flux.count, 0);
    assert_true(vg_stop_list_has(&stopped->events, "density"));
    free(stopped);
    for (size_t i = 0; i < 3; i++) { /* nothing, then the last one, then nothing of nothing */
        static const char *const bodies[] = {"{}", "{\"events\":[]}", "{\"all\":false}"};
        assert_int_equal(client_code(&s->op, "PUT", V1 "/stop", NULL, bodies[i]), 200);
    }
}

static void audit_holds_what_was_done(void **out)
{
    struct state *s = *out;
    struct vg_database *database = NULL;
    struct vg_fault fault = {0};
    struct vg_audit_report report;
    static struct vg_audit_row audit[400];
    size_t count = 0;
    struct vg_wall_time from, to;
    char first[40], last[40], order[160]; /* in this machine's zone */
    assert_int_equal(vg_wall_parse("2026-01-01T00:00:00Z", &from), 0);
    assert_int_equal(vg_wall_parse("2026-02-01T00:00:00Z", &to), 0);
    vg_wall_format(from, first, sizeof first);
    vg_wall_format(to, last, sizeof last);
    (void)snprintf(order, sizeof order, "A, %s/%s, flux:cam-1, events:density", first, last);
    assert_int_equal(vg_database_open(&database, s->server.data, VG_DATABASE_EXISTING, &fault),
                     VG_OK);
    assert_int_equal(vg_audit_verify(database, &report, &fault), VG_OK);
    assert_int_equal(vg_audit_list(database, 0, 400, audit, &count, &fault), VG_OK);
    vg_database_close(&database);
    const struct {
        const char *who, *what, *object, *result;
    } wanted[] = {
        {"tech", "flux.create", "cam-2", "ok"},
        {"tech", "flux.create", "cam-2", "exists"},
        {"op", "flux.create", "", "forbidden"},
        {"tech", "flux.change", "cam-2", "changed"},
        {"tech", "scene.change", "cam-2", "ok"},
        {"tech", "scene.change", "cam-2", "bad_scene"},
        {"tech", "flux.delete", "cam-2", "ok"},
        {"op", "stop.change", "flux:cam-1", "ok"},
        {"op", "stop.change", "all", "ok"},
        {"op", "stop.change", "resume all, events:density", "ok"},
        {"op", "stop.change", "resume flux:cam-1", "ok"},
        {"op", "stop.change", "events:density", "ok"}, /* nothing changed: what stays stopped */
        {"op", "stop.change", "resume events:density", "ok"},
        {"op", "stop.change", "none", "ok"},
        {"op", "stop.change", "", "bad_stop"},
        {"op", "alert.picture", "01J", "no_picture"},
        {"op", "alert.verdict", "01J", "no_alert"},
        {"op", "session.open", "op", "ok"},
        {"op", "session.open", "op", "bad_credentials"},
        {"op", "session.close", "", "ok"},
        {"tech", "flux.create", "a", "host_not_declared"},
        {"tech", "flux.create", "a", "clear_not_accepted"},
        {"tech", "flux.clear_accepted", "cam-2", "ok"},
        {"tech", "site.change", "", "bad_site"},
        {"op", "site.change", "", "forbidden"},
        {"tech", "site.change", "encryption_required=true", "ok"},
        {"tech", "authorisation.change", "none", "ok"},
        {"tech", "authorisation.change", order, "ok"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        size_t k = 0;
        while (k < count && (strcmp(audit[k].who, wanted[i].who) != 0 ||
                             strcmp(audit[k].what, wanted[i].what) != 0 ||
                             strcmp(audit[k].object, wanted[i].object) != 0 ||
                             strcmp(audit[k].result, wanted[i].result) != 0))
            k++;
        if (k == count)
            fail_msg("no row %s %s %s %s", wanted[i].who, wanted[i].what, wanted[i].object,
                     wanted[i].result);
        assert_string_equal(audit[k].from, "127.0.0.1");
    }
}

static void a_port_in_use_is_named(void **out)
{
    struct state *s = *out;
    struct server second;
    server_prepare(&second);
    second.settings = (struct vg_api_settings){.address = "127.0.0.1",
                                               .port = s->server.port,
                                               .data = second.data,
                                               .redis_socket = second.socket,
                                               .control_fd = -1};
    assert_int_equal(vg_api_run(&second.settings), VG_E_LACK);
    server_remove(&second);
}

static void the_key_is_nobody_elses(void **out)
{
    struct state *s = *out;
    char path[128];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/tls/key.pem", s->server.data);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    struct client old; /* TLS 1.1 and before are not spoken */
    client_open(&old, s->server.port);
    SSL_CTX_set_max_proto_version(old.context, TLS1_1_VERSION);
    SSL_CTX_set_cipher_list(old.context, "ALL:@SECLEVEL=0");
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(s->server.port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    SSL *ssl = SSL_new(old.context);
    (void)SSL_set_fd(ssl, fd);
    assert_int_not_equal(SSL_connect(ssl), 1);
    SSL_free(ssl);
    (void)close(fd);
    client_close(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(a_clear_flux_is_marked),
        cmocka_unit_test(certificates_go_in_and_the_key_stays),
        cmocka_unit_test(an_unlawful_flux_says_so),
        cmocka_unit_test(bad_json_is_said_in_french),
        cmocka_unit_test(flux_come_in_pages),
        cmocka_unit_test(the_bound_of_a_limit_is_said),
        cmocka_unit_test(sessions_live_and_end),
        cmocka_unit_test(sessions_follow_their_account),
        cmocka_unit_test(large_bodies_are_refused),
        cmocka_unit_test(bad_heads_are_refused),
        cmocka_unit_test(head_is_a_get_without_body),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(words_are_the_readers),
        cmocka_unit_test(health_names_the_unwell),
        cmocka_unit_test(stop_reaches_the_file),
        cmocka_unit_test(failures_are_slowed_down),
        cmocka_unit_test(audit_holds_what_was_done),
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(the_key_is_nobody_elses),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
