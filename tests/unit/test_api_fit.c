/* Will it fit: what the API does with what the analysis has published. A database and a Redis of the
 * test's own; the handlers are called as a lane calls them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "api/fit.h"
#include "api/handlers.h"
#include "api/routes.h"
#include "src/store/config.h"
#include "tests/private_redis.h"
#include "tests/store_fixture.h"

/* 24.9 ms a picture, alone; some 39 a second. */
#define HOST                                                                              \
    "\"host\":{\"cores_milli\":8000,\"rest_milli\":100,\"workers\":2,\"decode_us\":1700," \
    "\"follow_us\":700}"
#define CAPACITY                                                                              \
    "{\"devices\":[{\"start_us\":900,\"job_us\":24000,\"batch_max\":8}]," HOST ",\"flux\":[{" \
    "\"id\":\"old\",\"jobs_milli\":1600,\"source_milli\":25000,\"decode_us\":1700}]}"
/* The device is the processor, of two cores that decode too. */
#define TWO_CORES                                                                             \
    "{\"devices\":[{\"start_us\":2000,\"job_us\":14000,\"batch_max\":4,\"cores_milli\":1900," \
    "\"had_milli\":1900}],\"host\":{\"cores_milli\":2000,\"rest_milli\":100,\"workers\":1,"   \
    "\"decode_us\":1700,\"follow_us\":600},\"flux\":[]}"
#define SCENE                                                                                   \
    "{\"version\":1,\"name\":\"t\",\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[1,0],[1,1]]}]," \
    "\"rules\":[{\"id\":\"r\",\"event\":\"crossing\",\"at\":\"z\",\"severity\":\"low\"}]}"

struct stage {
    struct store_fixture *store;
    struct private_redis redis;
    struct vg_desk desk;
};

static void publish(struct stage *s, const char *text)
{
    struct redisReply *value = NULL;
    const struct vg_redis_arg set[] = {vg_redis_text("SET"), vg_redis_text("vigie:capacity:a1"),
                                       vg_redis_text(text ? text : "")};
    const struct vg_redis_arg delete[] = {vg_redis_text("DEL"), vg_redis_text("vigie:capacity:a1")};
    assert_int_equal(vg_desk_link(&s->desk, NULL), VG_OK);
    assert_int_equal(
        vg_redis_command(s->desk.link, text ? set : delete, text ? 3 : 2, &value, NULL), VG_OK);
    vg_redis_reply_free(&value);
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    if (!s || store_set_up((void **)&s->store))
        return -1;
    *state = s;
    private_redis_place(&s->redis, s->store->folder);
    private_redis_start(&s->redis, "0");
    if (!private_redis_wait(&s->redis))
        return -1;
    vg_desk_init(&s->desk, s->store->folder, s->redis.socket);
    return vg_desk_database(&s->desk, NULL) == VG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    vg_desk_release(&s->desk);
    private_redis_stop(&s->redis);
    (void)store_tear_down((void **)&s->store);
    free(s);
    return 0;
}

struct call {
    vg_handler *handler;
    const char *id, *body, *admit;
    int code;
    const char *verdict; /* NULL: it was not asked */
};

/* The answer's body; given, NULL if it has none. */
static json_t *call(struct stage *s, const struct call *c)
{
    struct vg_request request = {.language = VG_LANGUAGE_EN, .if_match = "*"};
    struct vg_reply reply = {0};
    char body[1024];
    (void)snprintf(request.id, sizeof request.id, "%s", c->id ? c->id : "");
    (void)snprintf(body, sizeof body, "%s", c->body);
    request.body = (uint8_t *)body;
    request.body_size = strlen(body);
    if (c->admit) {
        request.query_count = 1;
        (void)snprintf(request.query[0].name, sizeof request.query[0].name, "admit");
        (void)snprintf(request.query[0].value, sizeof request.query[0].value, "%s", c->admit);
    }
    c->handler(&s->desk, &request, &reply);
    if (reply.code != c->code)
        fail_msg("%s: %d, not %d: %s", c->body, reply.code, c->code, reply.body);
    json_t *json = reply.body ? json_loadb(reply.body, reply.size, JSON_DECODE_ANY, NULL) : NULL;
    const json_t *admission = json_object_get(json, "admission");
    const char *verdict =
        json_string_value(json_object_get(admission ? admission : json, "verdict"));
    if ((verdict == NULL) != (c->verdict == NULL) || (verdict && strcmp(verdict, c->verdict) != 0))
        fail_msg("%s: %s, not %s: %s", c->body, verdict ? verdict : "none",
                 c->verdict ? c->verdict : "none", reply.body);
    vg_reply_release(&reply);
    return json;
}

static void calls(struct stage *s, const struct call *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_decref(call(s, &rows[i]));
}

#define FLUX(id, more) "{\"id\":\"" id "\",\"url\":\"file:/x\"" more "}"

#define NO_DEVICE  "nothing was measured of the devices yet"
#define UNREADABLE "what analysis told of its devices cannot be read"

/* The reason is the one that holds: who reads it looks for what is wrong there. */
static void not_known_because(struct stage *s, const char *why)
{
    static const struct call asked = {vg_on_admission, NULL, "{}", NULL, 200, "not_known"};
    json_t *answer = call(s, &asked);
    assert_string_equal(json_string_value(json_object_get(answer, "message")), why);
    json_decref(answer);
}

/* Of a refusal: its code, message or where. */
static const char *error_text(const json_t *answer, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(answer, "error"), key));
    assert_non_null(text);
    return text;
}

static void nothing_known_admits_and_says_so(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *text, *why;
    } measured[] = {{NULL, NO_DEVICE},
                    {"", UNREADABLE},
                    {"{}", UNREADABLE},
                    {"garbage", UNREADABLE},
                    {"{\"devices\":[],\"flux\":[]}", NO_DEVICE},
                    {"{\"devices\":[{\"start_us\":9,\"job_us\":9,\"batch_max\":8}],\"flux\":[]}",
                     "nothing was measured of the processor's cores yet"}};
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++) {
        const struct call rows[] = {
            {vg_on_flux_create, NULL, FLUX("a", ",\"rate_fps\":25"), NULL, 201, "not_known"},
            {vg_on_scene_put, "a", SCENE, NULL, 204, NULL},
            {vg_on_flux_delete, "a", "", NULL, 204, NULL}};
        publish(s, measured[i].text);
        calls(s, rows, sizeof rows / sizeof *rows);
        not_known_because(s, measured[i].why);
    }
    private_redis_stop(&s->redis);
    const struct call away[] = {{vg_on_flux_create, NULL, FLUX("b", ""), NULL, 201, "not_known"}};
    calls(s, away, 1);
    not_known_because(s, "Redis does not answer");
}

static void what_does_not_fit_is_refused_or_admitted_degraded(void **state)
{
    struct stage *s = *state;
    static const struct call rows[] = {
        {vg_on_flux_create, NULL, FLUX("a", ",\"rate_fps\":5"), NULL, 201, "held"},
        {vg_on_flux_create, NULL, FLUX("b", ",\"rate_fps\":25"), NULL, 201, "held"},
        {vg_on_flux_create, NULL, FLUX("c", ",\"rate_fps\":25"), NULL, 409, "degraded"},
        {vg_on_flux_create, NULL, FLUX("c", ",\"rate_fps\":25"), "yes", 400, NULL},
        {vg_on_flux_get, "c", "", NULL, 404, NULL},
        {vg_on_flux_create, NULL, FLUX("c", ",\"rate_fps\":25"), "degraded", 201, "degraded"},
        {vg_on_flux_delete, "c", "", NULL, 204, NULL},
        /* one that is there */
        {vg_on_flux_change, "a", "{\"rate_fps\":25}", NULL, 409, "degraded"},
        {vg_on_flux_change, "a", "{\"rate_fps\":25}", "degraded", 200, "degraded"},
        /* less is never asked, nor what takes nothing */
        {vg_on_flux_change, "b", "{\"rate_fps\":24}", NULL, 200, NULL},
        {vg_on_flux_change, "b", "{\"label\":\"x\"}", NULL, 200, NULL},
        {vg_on_flux_change, "b", "{\"priority\":9}", NULL, 200, NULL},
        {vg_on_flux_create, NULL, FLUX("d", ",\"rate_fps\":25,\"active\":false"), NULL, 201, NULL},
        {vg_on_flux_activate, "d", "true", NULL, 409, "degraded"},
        {vg_on_flux_activate, "d", "true", "degraded", 200, NULL},
        {vg_on_flux_activate, "d", "true", NULL, 200, NULL},
        {vg_on_flux_activate, "d", "false", NULL, 200, NULL},
        {vg_on_flux_activate, "e", "true", NULL, 404, NULL},
    };
    publish(s, CAPACITY);
    calls(s, rows, sizeof rows / sizeof *rows);
}

/* Nobody is asked for what is off, and nothing is started again for it. */
static void only_flux_that_are_on_take_room(void **state)
{
    struct stage *s = *state;
    static const struct call rows[] = {
        {vg_on_flux_create, NULL, FLUX("a", ",\"rate_fps\":25"), NULL, 201, "held"},
        {vg_on_flux_create, NULL, FLUX("b", ",\"rate_fps\":25"), NULL, 409, "degraded"},
        {vg_on_flux_activate, "a", "false", NULL, 200, NULL},
        {vg_on_flux_create, NULL, FLUX("b", ",\"rate_fps\":25"), NULL, 201, "held"},
        {vg_on_flux_activate, "a", "true", NULL, 409, "degraded"},
        {vg_on_flux_activate, "b", "false", NULL, 200, NULL},
        {vg_on_flux_activate, "a", "true", NULL, 200, NULL},
        {vg_on_flux_activate, "b", "true", NULL, 409, "degraded"},
    };
    publish(s, CAPACITY);
    calls(s, rows, sizeof rows / sizeof *rows);
}

static void the_refusal_says_what_would_fall(void **state)
{
    struct stage *s = *state;
    static const struct call
        first = {vg_on_flux_create, NULL, FLUX("a", ",\"rate_fps\":25"), NULL, 201, "held"},
        second = {vg_on_flux_create, NULL, FLUX("b", ",\"rate_fps\":25"), NULL, 409, "degraded"};
    publish(s, CAPACITY);
    json_decref(call(s, &first));
    json_t *answer = call(s, &second);
    const json_t *fit = json_object_get(answer, "admission"),
                 *fallen = json_object_get(fit, "fallen"), *one = json_array_get(fallen, 0);
    assert_string_equal(error_text(answer, "code"), "does_not_fit");
    assert_string_equal(
        error_text(answer, "message"),
        "some flux would get less than the rate they want: the device has no more time");
    assert_string_equal(json_string_value(json_object_get(fit, "limited_by")), "device");
    assert_string_equal(json_string_value(json_array_get(json_object_get(fit, "assumed"), 0)),
                        "decode");
    assert_int_equal(json_array_size(fallen), 2);
    assert_non_null(json_object_get(one, "flux"));
    assert_true(json_number_value(json_object_get(one, "after_fps")) <
                json_number_value(json_object_get(one, "before_fps")));
    assert_true(json_number_value(json_object_get(fit, "headroom")) < 0);
    assert_int_equal(json_integer_value(json_object_get(fit, "more")), 0);
    json_decref(answer);
}

static void the_cores_are_counted(void **state)
{
    struct stage *s = *state;
    static const struct call ask = {vg_on_admission, NULL, "{}", NULL, 200, "held"};
    char body[128];
    publish(s, TWO_CORES);
    for (int n = 0; n < 5; n++) {
        const struct call put = {vg_on_flux_create, NULL, body, NULL, 201, "held"};
        (void)snprintf(body, sizeof body, "{\"id\":\"c%d\",\"url\":\"file:/x\"}", n);
        json_decref(call(s, &put));
    }
    json_t *answer = call(s, &ask);
    assert_in_range(json_integer_value(json_object_get(answer, "more")), 2, 6);
    assert_string_equal(json_string_value(json_object_get(answer, "limited_by")), "cores");
    json_decref(answer);
    static const struct call
        high = {vg_on_flux_change, "c0", "{\"rate_fps\":25}", "degraded", 200, "held"},
        much = {vg_on_flux_create, NULL, FLUX("much", ",\"rate_fps\":25"), NULL, 409, "degraded"};
    json_decref(call(s, &high));
    answer = call(s, &much);
    assert_string_equal(
        error_text(answer, "message"),
        "some flux would get less than the rate they want: the machine's cores are taken");
    json_decref(answer);
}

static void a_scene_is_asked_too(void **state)
{
    struct stage *s = *state;
    struct vg_flux_config flux;
    static const struct call rows[] = {
        {vg_on_flux_create, NULL, FLUX("a", ",\"rate_fps\":25"), NULL, 201, "held"},
        {vg_on_flux_create, NULL, FLUX("b", ",\"rate_fps\":0.1"), NULL, 201, "held"},
        {vg_on_scene_put, "b", SCENE, NULL, 204, NULL}};
    static const struct call slow[] = {
        {vg_on_flux_create, NULL, FLUX("c", ",\"rate_fps\":0.1"), NULL, 201, "held"},
        {vg_on_scene_put, "c", SCENE, NULL, 409, "degraded"},
        {vg_on_scene_put, "c", SCENE, "degraded", 200, "degraded"},
        {vg_on_scene_put, "c", SCENE, NULL, 204, NULL}, /* no more than it has */
        {vg_on_scene_put, "c", "{\"version\":1,\"name\":\"t\"}", NULL, 204, NULL}};
    publish(s, CAPACITY);
    calls(s, rows, sizeof rows / sizeof *rows);
    assert_int_equal(vg_config_flux_get(s->desk.database, "b", &flux, NULL), VG_OK);
    assert_int_equal(flux.declared_milli, 1000);
    /* slower: there is room for c, but not for what its rules need */
    publish(s, "{\"devices\":[{\"start_us\":0,\"job_us\":30000,\"batch_max\":8}]," HOST
               ",\"flux\":[]}");
    calls(s, slow, sizeof slow / sizeof *slow);
}

static void what_is_saved_again_is_declared_anew(void **state)
{
    struct stage *s = *state;
    struct vg_flux_config flux;
    static const struct call first[] = {
        {vg_on_flux_create, NULL, FLUX("old", ",\"rate_fps\":5"), NULL, 201, "held"},
        {vg_on_scene_put, "old", SCENE, NULL, 204, NULL}};
    static const struct {
        const char *jobs;
        uint32_t declared;
    } rows[] = {{"4100", 4100}, {"1000", 4100}, {"4200", 4200}};
    publish(s, CAPACITY);
    calls(s, first, sizeof first / sizeof *first);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "{\"devices\":[{\"start_us\":0,\"job_us\":90000,\"batch_max\":8}]," HOST
                       ",\"flux\":[{\"id\":\"old\",\"jobs_milli\":%s,\"source_milli\":25000}]}",
                       rows[i].jobs);
        publish(s, text);
        calls(s, &first[1], 1); /* the same scene */
        assert_int_equal(vg_config_flux_get(s->desk.database, "old", &flux, NULL), VG_OK);
        assert_int_equal(flux.declared_milli, rows[i].declared);
    }
}

/* What was measured is read before the transaction, once. */
static void nothing_is_read_within_the_transaction(void **state)
{
    struct stage *s = *state;
    static const struct {
        enum vg_method method;
        const char *path;
    } changes[] = {{VG_METHOD_POST, "/api/v1/flux"},
                   {VG_METHOD_PATCH, "/api/v1/flux/a"},
                   {VG_METHOD_PUT, "/api/v1/flux/a/active"},
                   {VG_METHOD_PUT, "/api/v1/flux/a/scene"}};
    static const struct call known = {vg_on_flux_create, NULL, FLUX("a", ""), NULL, 201, "held"},
                             unknown = {vg_on_flux_create, NULL, FLUX("b", ""), NULL, 201,
                                        "not_known"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct vg_route *route = NULL;
        char id[VG_REQUEST_ID_SIZE], allow[48];
        assert_int_equal(vg_route_find(changes[i].method, changes[i].path, &route, id, allow),
                         VG_ROUTE_FOUND);
        assert_ptr_equal(route->prepare, vg_fit_prepare);
    }
    publish(s, CAPACITY);
    vg_fit_prepare(&s->desk);
    publish(s, NULL);
    json_decref(call(s, &known));
    vg_fit_forget(&s->desk);
    json_decref(call(s, &unknown));
}

/* On a site that has too much already. */
static void less_is_held_for_a_reason_of_its_own(void **state)
{
    struct stage *s = *state;
    static const struct call
        first = {vg_on_flux_create, NULL, FLUX("a", ",\"rate_fps\":25"), NULL, 201, "held"},
        less = {vg_on_admission, NULL, "{\"flux\":\"a\",\"rate_fps\":24}", NULL, 200, "held"};
    publish(s, CAPACITY);
    json_decref(call(s, &first));
    json_t *fits = call(s, &less);
    assert_string_equal(json_string_value(json_object_get(fits, "reason")), "fits");
    publish(s, "{\"devices\":[{\"start_us\":0,\"job_us\":90000,\"batch_max\":8}]," HOST
               ",\"flux\":[]}");
    json_t *told = call(s, &less);
    assert_string_equal(json_string_value(json_object_get(told, "reason")), "less");
    assert_string_equal(json_string_value(json_object_get(told, "message")),
                        "it takes no more than before");
    assert_true(json_number_value(json_object_get(told, "headroom")) < 0);
    json_decref(fits);
    json_decref(told);
}

static void a_fault_of_the_scene_is_placed_in_the_question(void **state)
{
    struct stage *s = *state;
    static const struct {
        struct call call;
        const char *where;
    } rows[] = {
        {{vg_on_admission, NULL, "{\"scene\":{\"version\":7,\"name\":\"t\"}}", NULL, 422, NULL},
         "/scene/version"},
        {{vg_on_admission, NULL, "{\n\"scene\":\n{\"version\":1}}", NULL, 422, NULL},
         "/scene/name"},
        {{vg_on_admission, NULL, "{\"scene\":{\"version\":1,\"name\":\"t\",\"x\":1}}", NULL, 422,
          NULL},
         "/scene/x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *told = call(s, &rows[i].call);
        assert_string_equal(error_text(told, "where"), rows[i].where);
        assert_null(strstr(error_text(told, "message"), "(1:"));
        json_decref(told);
    }
}

static void what_is_only_asked_changes_nothing(void **state)
{
    struct stage *s = *state;
    struct vg_flux_config flux;
    static const struct call rows[] = {
        {vg_on_flux_create, NULL, FLUX("old", ",\"rate_fps\":5"), NULL, 201, "held"},
        {vg_on_admission, NULL, "{}", NULL, 200, "held"},
        {vg_on_admission, NULL, "{\"rate_fps\":20,\"priority\":0}", NULL, 200, "held"},
        {vg_on_admission, NULL, "{\"flux\":\"old\",\"rate_fps\":25}", NULL, 200, "degraded"},
        {vg_on_admission, NULL, "{\"flux\":\"old\",\"rate_fps\":1}", NULL, 200, "held"},
        {vg_on_admission, NULL, "{\"flux\":\"new\",\"scene\":" SCENE "}", NULL, 200, "held"},
        {vg_on_admission, NULL, "{\"scene\":{\"version\":7}}", NULL, 422, NULL},
        {vg_on_admission, NULL, "{\"scene\":1}", NULL, 422, NULL},
        {vg_on_admission, NULL, "{\"flux\":\"a b\"}", NULL, 422, NULL},
        {vg_on_admission, NULL, "{\"rate\":1}", NULL, 422, NULL},
        {vg_on_flux_get, "new", "", NULL, 404, NULL}};
    publish(s, CAPACITY);
    calls(s, rows, sizeof rows / sizeof *rows);
    assert_int_equal(vg_config_flux_get(s->desk.database, "old", &flux, NULL), VG_OK);
    assert_true(flux.rate_fps > 4.9 && flux.rate_fps < 5.1);
    assert_int_equal(flux.declared_milli, 1600); /* as measured: two jobs are counted with */
}

int main(void)
{
    if (!private_redis_there())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_known_admits_and_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused_or_admitted_degraded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_flux_that_are_on_take_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_refusal_says_what_would_fall, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cores_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_scene_is_asked_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_saved_again_is_declared_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fault_of_the_scene_is_placed_in_the_question, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_read_within_the_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(less_is_held_for_a_reason_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_only_asked_changes_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
