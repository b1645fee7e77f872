/* Places of flux, what each child is handed, the lock, the address, Redis's configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/store/config.h"
#include "src/supervise/handout.h"
#include "src/supervise/listen_address.h"
#include "src/supervise/lock.h"
#include "src/supervise/places.h"
#include "src/supervise/redis_child.h"
#include "tests/site_fixture.h"

/* A folder of its own for each test, removed afterwards. */
static int folder_open(void **state)
{
    char *folder = vg_alloc_text("/tmp/vigie-test-XXXXXX");
    *state = folder;
    return folder == NULL || mkdtemp(folder) == NULL;
}

static int folder_close(void **state)
{
    char command[128];
    pid_t pid = fork();
    if (pid == 0) {
        (void)snprintf(command, sizeof command, "%s", (char *)*state);
        (void)execl("/bin/rm", "rm", "-rf", "--", command, (char *)NULL);
        _exit(1);
    }
    (void)waitpid(pid, NULL, 0);
    vg_free(*state);
    return 0;
}

/* ---- places ---- */

static size_t flux_of(const char *ids, struct vg_flux_config *flux)
{
    size_t count = strlen(ids);
    for (size_t i = 0; i < count; i++) {
        const char id[2] = {ids[i], '\0'};
        vg_flux_defaults(&flux[i], id);
    }
    return count;
}

/* One configuration after another; a letter is a flux. */
static void places_stay(void **state)
{
    (void)state;
    static const struct {
        const char *ids, *want; /* place of each, as a letter from 'a' */
        uint32_t ingests;
    } rows[] = {
        {"", "", 1},
        {"xyz", "abc", 1},
        {"zyx", "cba", 1},
        {"xz", "ac", 1},                                               /* z does not move */
        {"wxz", "bac", 1},                                             /* w takes y's place */
        {"0123456789ABCDEFGHIJKLwxz", "defghijklmnopqrstuvwxybac", 1}, /* all 25 */
        {"0123456789ABCDEFGHIJKLwxz!", "defghijklmnopqrstuvwxybacz", 2},
        {"!", "z", 2}, /* it stays where it is */
        {"!a", "za", 2},
        {"a", "a", 1},
    };
    struct vg_places *places = vg_alloc(sizeof *places);
    struct vg_flux_config *flux = vg_alloc_array(64, sizeof *flux);
    assert_true(places != NULL && flux != NULL);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        uint32_t place[64];
        size_t count = flux_of(rows[row].ids, flux);
        assert_int_equal(vg_places_assign(places, flux, count, place), VG_OK);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(place[i], rows[row].want[i] - 'a');
        assert_int_equal(vg_places_ingests(places), rows[row].ingests);
    }
    vg_free(places);
    vg_free(flux);
}

static void places_full(void **state)
{
    (void)state;
    struct vg_places *places = vg_alloc(sizeof *places);
    struct vg_flux_config *flux = vg_alloc_array(VG_PLACES_MAX + 1, sizeof *flux);
    uint32_t place[VG_PLACES_MAX + 1];
    assert_true(places != NULL && flux != NULL);
    for (unsigned i = 0; i <= VG_PLACES_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "f%u", i);
        vg_flux_defaults(&flux[i], id);
    }
    assert_int_equal(vg_places_assign(places, flux, VG_PLACES_MAX + 1, place), VG_E_FULL);
    assert_int_equal(vg_places_ingests(places), 1);
    assert_int_equal(vg_places_assign(places, flux, VG_PLACES_MAX, place), VG_OK);
    assert_int_equal(vg_places_ingests(places), VG_PLACES_INGEST_MAX);
    vg_free(places);
    vg_free(flux);
}

/* ---- what the children are handed ---- */

static const char scene_text[] = "{\"version\":1,\"name\":\"s\"}";

static void fill(struct vg_database *database, const struct vg_secret *secret)
{
    struct vg_fault fault;
    struct vg_flux_config flux;
    static const char *const hosts[] = {"vms"};
    assert_true(site_declare(database, hosts, 1));
    vg_flux_defaults(&flux, "cam-1");
    flux.clear_accepted = true;
    (void)snprintf(flux.url, sizeof flux.url, "rtsp://vms/1");
    (void)snprintf(flux.user, sizeof flux.user, "u");
    assert_int_equal(vg_config_flux_put(database, secret, &flux, "p\"w", VG_VERSION_NEW, &fault),
                     VG_OK);
    assert_int_equal(vg_config_scene_put(database, "cam-1", scene_text, sizeof scene_text - 1,
                                         VG_VERSION_NEW, NULL, &fault),
                     VG_OK);
    vg_flux_defaults(&flux, "cam-2");
    (void)snprintf(flux.url, sizeof flux.url, "rtsp://vms/2");
    flux.clear_accepted = true;
    flux.active = false;
    flux.rate_fps = 2.5;
    assert_int_equal(vg_config_flux_put(database, NULL, &flux, NULL, VG_VERSION_NEW, &fault),
                     VG_OK);
    struct vg_authorisation *authorisation = vg_alloc(sizeof *authorisation);
    assert_non_null(authorisation);
    authorisation->given = true;
    (void)snprintf(authorisation->reference, sizeof authorisation->reference, "AP-1");
    assert_int_equal(vg_wall_parse("2026-01-01T00:00:00Z", &authorisation->first), 0);
    assert_int_equal(vg_wall_parse("2026-12-31T00:00:00Z", &authorisation->last), 0);
    assert_int_equal(vg_stop_list_set(&authorisation->flux, "cam-1", true), VG_OK);
    assert_int_equal(vg_config_authorisation_put(database, authorisation, &fault), VG_OK);
    vg_free(authorisation);
}

struct site {
    char *folder;
    struct vg_database *database;
    struct vg_secret *secret;
    struct vg_places *places;
    struct vg_handout_source source;
    struct vg_handout *handout; /* what was read last */
    struct vg_fault fault;
};

static enum vg_status key_open(struct site *s)
{
    const enum vg_status status = vg_secret_make(s->folder, &s->fault);
    return status ? status : vg_secret_open(&s->secret, s->folder, &s->fault);
}

static int site_open(void **state)
{
    struct site *s = calloc(1, sizeof *s);
    void *folder = NULL;
    *state = s;
    if (!s || folder_open(&folder))
        return -1;
    s->folder = folder;
    s->places = vg_alloc(sizeof *s->places);
    if (!s->places || vg_database_open(&s->database, folder, VG_DATABASE_CREATE, &s->fault) ||
        key_open(s))
        return -1;
    fill(s->database, s->secret);
    s->source = (struct vg_handout_source){s->database, s->secret, s->places, "/r.sock", 25};
    return 0;
}

static int site_close(void **state)
{
    struct site *s = *state;
    void *folder = s->folder;
    vg_handout_close(&s->handout);
    vg_secret_close(&s->secret);
    vg_database_close(&s->database);
    vg_free(s->places);
    free(s);
    return folder_close(&folder);
}

/* What there is to hand out now; the fault's status is what was found wrong with a flux. */
static enum vg_status read_site(struct site *s)
{
    vg_handout_close(&s->handout);
    s->fault = (struct vg_fault){.status = VG_OK};
    assert_int_equal(vg_handout_read(&s->handout, &s->source, &s->fault), VG_OK);
    return s->fault.status;
}

static void change_site(struct site *s, void (*change)(struct vg_site_settings *settings))
{
    struct vg_site *site = vg_alloc(sizeof *site);
    assert_non_null(site);
    assert_int_equal(vg_site_get(s->database, site, &s->fault), VG_OK);
    change(&site->settings);
    assert_int_equal(vg_site_put(s->database, NULL, site, NULL, VG_VERSION_ANY, &s->fault), VG_OK);
    vg_free(site);
}

/* The first flux of a message is off, for that reason. */
static void expect_refused(json_t *message, const char *reason)
{
    int active = -1;
    const char *refused = "";
    assert_int_equal(
        json_unpack(message, "{s:[{s:b,s:s}]}", "flux", "active", &active, "refused", &refused), 0);
    assert_int_equal(active, 0);
    assert_string_equal(refused, reason);
}

static void ingest_is_handed_its_flux(void **state)
{
    struct site *s = *state;
    assert_int_equal(read_site(s), VG_OK);
    assert_int_equal(vg_handout_flux_count(s->handout), 2);
    json_t *message = vg_handout_for_ingest(s->handout, 0);
    const char *type = NULL, *password = NULL, *user = NULL, *from = NULL;
    int active[2] = {-1, -1}, index[2] = {-1, -1};
    double rate = 0;
    assert_int_equal(json_unpack(message, "{s:s,s:{s:s},s:[{s:i,s:s,s:s,s:b},{s:i,s:b,s:f}!]}",
                                 "type", &type, "authorisation", "from", &from, "flux", "index",
                                 &index[0], "user", &user, "password", &password, "active",
                                 &active[0], "index", &index[1], "active", &active[1], "rate_fps",
                                 &rate),
                     0);
    assert_string_equal(type, "config");
    assert_string_equal(user, "u");
    assert_string_equal(password, "p\"w");
    assert_true(active[0] == 1 && active[1] == 0 && index[0] == 0 && index[1] == 1);
    assert_true(rate > 2.4 && rate < 2.6);
    assert_non_null(from);
    assert_int_equal(json_integer_value(json_object_get(message, "process")), 0);
    assert_int_equal(json_integer_value(json_object_get(message, "processes")), 1);
    json_decref(message);

    message = vg_handout_for_ingest(s->handout, 1); /* another's flux are not in it */
    assert_int_equal(json_array_size(json_object_get(message, "flux")), 0);
    json_decref(message);
}

static void analysis_is_handed_scenes_and_no_secret(void **state)
{
    struct site *s = *state;
    assert_int_equal(read_site(s), VG_OK);
    json_t *message = vg_handout_for_analysis(s->handout);
    char *text = json_dumps(message, JSON_COMPACT);
    assert_null(strstr(text, "p\\\"w")); /* no secret, no address */
    assert_null(strstr(text, "rtsp"));
    free(text);
    const char *redis = NULL, *name = NULL, *phase = NULL;
    int index[2] = {-1, -1};
    json_int_t view_source = 0, view_confirmed = -1, declared = -1;
    assert_int_equal(json_unpack(message, "{s:s,s:s,s:[{s:{s:s},s:i,s:i,s:I,s:I,s:I},{s:n}!]}",
                                 "redis", &redis, "phase", &phase, "flux", "scene", "name", &name,
                                 "ingest", &index[0], "slot", &index[1], "view_source",
                                 &view_source, "view_confirmed", &view_confirmed, "declared_milli",
                                 &declared, "scene"),
                     0);
    assert_true(view_source > 0 && view_confirmed == 0 && declared == 0);
    assert_string_equal(redis, "/r.sock");
    assert_string_equal(name, "s");
    assert_true(index[0] == 0 && index[1] == 0);
    json_decref(message);
}

static void require_encryption(struct vg_site_settings *settings)
{
    (void)snprintf(settings->interface, sizeof settings->interface, "eth9");
    settings->encryption_required = true;
}

/* What the site declares goes to ingest, and nowhere else; with encryption required, the flux that
 * are there are unlawful: off, and it is said why. */
static void flux_in_clear_are_off_where_encryption_is_required(void **state)
{
    struct site *s = *state;
    int active[2] = {-1, -1};
    const char *refused[2] = {"", ""}, *interface = "";
    change_site(s, require_encryption);
    assert_int_equal(read_site(s), VG_E_DENIED);
    assert_string_equal(s->fault.place, "cam-1"); /* the other was off before */
    json_t *message = vg_handout_for_ingest(s->handout, 0);
    assert_int_equal(json_unpack(message, "{s:{s:s},s:[{s:b,s:s},{s:b,s:s}!]}", "site", "interface",
                                 &interface, "flux", "active", &active[0], "refused", &refused[0],
                                 "active", &active[1], "refused", &refused[1]),
                     0);
    assert_string_equal(interface, "eth9");
    assert_true(active[0] == 0 && active[1] == 0);
    assert_string_equal(refused[0], "encryption_required");
    assert_string_equal(refused[1], "encryption_required");
    json_decref(message);
    message = vg_handout_for_analysis(s->handout);
    assert_null(json_object_get(message, "site"));
    expect_refused(message, "encryption_required");
    json_decref(message);
}

static void declare_no_host(struct vg_site_settings *settings)
{
    settings->sources.count = 0;
}

static void a_flux_whose_host_is_not_declared_is_off(void **state)
{
    struct site *s = *state;
    change_site(s, declare_no_host);
    (void)read_site(s);
    json_t *message = vg_handout_for_ingest(s->handout, 0);
    expect_refused(message, "host_not_declared");
    json_decref(message);
}

/* The flux with a password is off and told of; the other goes on. */
static void a_lost_key_takes_what_has_a_password(void **state)
{
    struct site *s = *state;
    char path[128];
    int active = -1;
    vg_secret_close(&s->secret);
    (void)snprintf(path, sizeof path, "%s/%s", s->folder, VG_SECRET_FILE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(key_open(s), VG_OK);
    s->source.secret = s->secret;
    assert_int_equal(read_site(s), VG_E_INTEGRITY);
    json_t *message = vg_handout_for_ingest(s->handout, 0);
    assert_int_equal(json_unpack(message, "{s:[{s:b}]}", "flux", "active", &active), 0);
    assert_int_equal(active, 0);
    json_decref(message);
}

static void of_one_place_the_second_flux_has_none(void **state)
{
    struct site *s = *state;
    s->source.flux_max = 1;
    assert_int_not_equal(read_site(s), VG_OK);
    assert_int_equal(vg_handout_flux_count(s->handout), 1);
}

/* ---- lock ---- */

/* Tries the lock in another process: its status. */
static enum vg_status try_elsewhere(const char *folder, char *place, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = -1;
        struct vg_fault fault = {.status = VG_OK};
        fault.status = vg_lock_take(folder, &fd, &fault);
        _exit(write(ends[1], &fault, sizeof fault) != (ssize_t)sizeof fault);
    }
    struct vg_fault fault;
    assert_int_equal(read(ends[0], &fault, sizeof fault), sizeof fault);
    (void)waitpid(pid, NULL, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)snprintf(place, size, "%s", fault.place);
    return fault.status;
}

static void locked(void **state)
{
    char data[128], path[160], place[512], want[64];
    struct vg_fault fault;
    int fd = -1;
    (void)snprintf(data, sizeof data, "%s/a/b", (const char *)*state); /* is made */
    assert_int_equal(vg_lock_take(data, &fd, &fault), VG_OK);
    assert_int_equal(vg_lock_describe(fd, "127.0.0.1:8443", &fault), VG_OK);
    assert_int_equal(try_elsewhere(data, place, sizeof place), VG_E_LACK);
    (void)snprintf(want, sizeof want, "(#%ld)", (long)getpid());
    assert_non_null(strstr(place, want));
    assert_int_equal(vg_status_exit(VG_E_LACK), 4);
    uint8_t *text = NULL;
    size_t size = 0;
    (void)snprintf(path, sizeof path, "%s/%s", data, VG_LOCK_FILE);
    (void)close(fd); /* given back */
    assert_int_equal(try_elsewhere(data, place, sizeof place), VG_OK);
    assert_int_equal(vg_lock_take(data, &fd, &fault), VG_OK);
    assert_int_equal(vg_lock_describe(fd, "[::1]:1", &fault), VG_OK);
    assert_int_equal(vg_file_read(path, 4096, &text, &size, &fault), VG_OK);
    json_t *object = json_loadb((const char *)text, size, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(object, "listen")), "[::1]:1");
    json_decref(object);
    vg_free(text);
    (void)close(fd);
}

static void not_writable(void **state)
{
    char data[128];
    struct vg_fault fault;
    int fd = -1;
    (void)snprintf(data, sizeof data, "%s/file", (const char *)*state);
    assert_int_equal(vg_file_write(data, "x", 1, 0600, VG_FILE_PLAIN, &fault), VG_OK);
    assert_int_equal(vg_lock_take(data, &fd, &fault), VG_E_LACK); /* a file stands there */
    assert_int_equal(vg_lock_take("/proc/vigie", &fd, &fault), VG_E_LACK);
    assert_int_equal(vg_lock_take("/dev/full/x", &fd, &fault), VG_E_LACK);
}

/* ---- address ---- */

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host; /* host NULL: refused */
        unsigned port;
    } rows[] = {
        {"127.0.0.1:8443", "127.0.0.1", 8443},
        {"[::1]:8443", "::1", 8443},
        {"localhost:0", "localhost", 0},
        {"a:65535", "a", 65535},
        {"a:65536", NULL, 0},
        {"a:100000", NULL, 0},
        {"a:", NULL, 0},
        {":1", NULL, 0},
        {"::1:8443", NULL, 0},
        {"[::1:8443", NULL, 0},
        {"[]:1", NULL, 0},
        {"a:-1", NULL, 0},
        {"a:1x", NULL, 0},
        {"a\"b:1", NULL, 0},
        {"8443", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_listen listen;
        struct vg_fault fault;
        char text[VG_LISTEN_SIZE];
        enum vg_status status = vg_listen_parse(rows[i].text, &listen, &fault);
        assert_int_equal(status, rows[i].host == NULL ? VG_E_CALL : VG_OK);
        if (status != VG_OK)
            continue;
        assert_string_equal(listen.host, rows[i].host);
        assert_int_equal(listen.port, rows[i].port);
        vg_listen_text(&listen, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void ports(void **state)
{
    (void)state;
    struct vg_listen wanted = {.host = "127.0.0.1"};
    struct vg_fault fault;
    assert_int_equal(vg_listen_try(&wanted, &fault), VG_OK);
    assert_int_not_equal(wanted.port, 0);
    assert_int_equal(vg_listen_try(&wanted, &fault), VG_OK); /* it was given back */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
    } address = {.v4 = {.sin_family = AF_INET, .sin_port = htons(wanted.port)}};
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, &address.any, sizeof address.v4), 0);
    assert_int_equal(wanted.port, ntohs(address.v4.sin_port));
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(vg_listen_try(&wanted, &fault), VG_E_LACK);
    assert_string_equal(fault.what, "the port is in use");
    assert_non_null(strstr(fault.place, "127.0.0.1:"));
    (void)close(fd);
    struct vg_listen foreign = {.host = "192.0.2.1"};
    assert_int_equal(vg_listen_try(&foreign, &fault), VG_E_LACK);
}

/* ---- redis ---- */

static void redis_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *socket;
        enum vg_status want;
    } rows[] = {
        {"unix:/run/r.sock", "/run/r.sock", VG_OK},
        {"unix:///run/r.sock", "/run/r.sock", VG_OK},
        {"unix:r.sock", "", VG_E_CALL},
        {"redis://127.0.0.1", "", VG_E_CALL},
        {"", "", VG_E_CALL},
        {"unix:/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaa",
         "", VG_E_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char socket[VG_REDIS_PATH_MAX] = "";
        struct vg_fault fault;
        assert_int_equal(vg_redis_url(rows[i].url, socket, &fault), rows[i].want);
        if (rows[i].want == VG_OK)
            assert_string_equal(socket, rows[i].socket);
    }
}

static void redis_files(void **state)
{
    struct vg_redis_place place;
    struct vg_fault fault;
    char text[4096], deep[256];
    assert_int_equal(vg_redis_config("/a \"b\\", "/s", text, sizeof text), VG_OK);
    assert_non_null(strstr(text, "dir \"/a \\\"b\\\\\"\n"));
    static const char *const lines[] = {
        "port 0\n",
        "unixsocket \"/s\"\n",
        "unixsocketperm 700\n",
        "appendonly yes\n",
        "appendfsync always\n",
        "save \"\"\n",
        "maxmemory-policy noeviction\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_non_null(strstr(text, lines[i]));
    assert_int_equal(vg_redis_config("/a\nport 1", "/s", text, sizeof text), VG_E_INPUT);
    assert_int_equal(vg_redis_config("/a", "/s", text, 100), VG_E_FULL);
    (void)snprintf(deep, sizeof deep, "%s/%080d", (const char *)*state, 0);
    assert_int_equal(vg_redis_prepare(deep, &place, &fault), VG_E_INPUT);
    char *path = vg_alloc_text(getenv("PATH"));
    assert_int_equal(setenv("PATH", *state, 1), 0);
    enum vg_status missing = vg_redis_prepare(*state, &place, &fault);
    assert_int_equal(setenv("PATH", path, 1), 0);
    vg_free(path);
    assert_int_equal(missing, VG_E_LACK);
    assert_string_equal(fault.what, "the program redis-server is missing");
    assert_int_equal(vg_redis_prepare(*state, &place, &fault), VG_OK);
    assert_true(vg_file_exists(place.config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_stay),
        cmocka_unit_test(places_full),
        cmocka_unit_test_setup_teardown(ingest_is_handed_its_flux, site_open, site_close),
        cmocka_unit_test_setup_teardown(analysis_is_handed_scenes_and_no_secret, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(flux_in_clear_are_off_where_encryption_is_required,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(a_flux_whose_host_is_not_declared_is_off, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_lost_key_takes_what_has_a_password, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(of_one_place_the_second_flux_has_none, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(locked, folder_open, folder_close),
        cmocka_unit_test_setup_teardown(not_writable, folder_open, folder_close),
        cmocka_unit_test(addresses),
        cmocka_unit_test(ports),
        cmocka_unit_test(redis_urls),
        cmocka_unit_test_setup_teardown(redis_files, folder_open, folder_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
