/* The supervisor whole, with a real Redis and a real database; its children are this program,
 * which write down what they are told: DATA/NAME.seen, one line per message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/message.h"
#include "src/store/config.h"
#include "src/supervise/serve.h"
#include "src/supervise/spawn.h"
#include "tests/site_fixture.h"

enum {
    SKIPPED = 77,
    DEADLINE_S = 20
};

/* ---- the children ---- */

static void note_down(const char *name, const char *text, size_t size)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s.seen", getenv("VIGIE_DATA"), name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || vg_fd_write(fd, text, size) != VG_OK || vg_fd_write(fd, "\n", 1) != VG_OK)
        _exit(90);
    (void)close(fd);
}

static void say(const char *text)
{
    if (vg_message_write(VG_MESSAGE_CONTROL_FD, text, strlen(text)) != VG_OK)
        _exit(91);
}

/* Which of the fds from 4 on are there: how many. */
static unsigned count_fds(void)
{
    unsigned count = 0;
    while (fcntl(4 + (int)count, F_GETFD) >= 0)
        count++;
    return count;
}

static int be_child(int argc, char **argv)
{
    static char buffer[1 << 20]; /* a process of one task */
    char name[32], text[128];
    (void)snprintf(name, sizeof name, "%s%s%s", argv[2], strcmp(argv[2], "ingest") ? "" : "-",
                   strcmp(argv[2], "ingest") ? "" : argv[3]);
    (void)snprintf(text, sizeof text, "{\"type\":\"born\",\"pid\":%d,\"fds\":%u,\"words\":%d}",
                   (int)getpid(), count_fds(), argc);
    note_down(name, text, strlen(text));
    (void)snprintf(text, sizeof text, "%s/%s.lacks", getenv("VIGIE_DATA"), name);
    if (vg_file_exists(text)) {
        say("{\"type\":\"fault\",\"what\":\"no OpenCL device\",\"place\":\"\",\"remedy\":\"\"}");
        return 4;
    }
    struct vg_message_reader reader;
    vg_message_reader_init(&reader, buffer, sizeof buffer);
    say("{\"type\":\"report\",\"live\":1}");
    for (;;) {
        const char *got = NULL;
        size_t size = 0;
        say("{\"type\":\"alive\"}");
        enum vg_status status = vg_message_read(&reader, VG_MESSAGE_CONTROL_FD, 200, &got, &size);
        if (status == VG_E_TIMEOUT)
            continue;
        if (status != VG_OK)
            return 92;
        note_down(name, got, size);
        if (strstr(got, "\"type\":\"quit\"") != NULL)
            return 0;
    }
}

/* ---- the supervisor in a process of its own ---- */

struct server {
    char data[64];
    const char *listen, *redis;
    pid_t pid;
};

static enum vg_status make_slots(uint32_t flux, int *fd, struct vg_fault *fault)
{
    (void)fault;
    *fd = flux == 25 ? open("/dev/zero", O_RDONLY | O_CLOEXEC) : -1;
    return *fd < 0 ? VG_E_LACK : VG_OK;
}

static void server_start(struct server *server)
{
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid > 0)
        return;
    struct vg_fault fault = {.status = VG_OK};
    const struct vg_serve_settings settings = {
        .data = server->data,
        .listen = server->listen == NULL ? "127.0.0.1:0" : server->listen,
        .redis = server->redis,
        .program = "/proc/self/exe",
        .flux_max = 50,
        .make_slots = make_slots,
    };
    enum vg_status status = vg_serve_run(&settings, &fault);
    if (status != VG_OK)
        vg_fault_print(&fault);
    exit(vg_status_exit(status));
}

static void pause_briefly(void)
{
    vg_pause_us(20000);
}

static struct vg_mono_time deadline(void)
{
    struct vg_mono_time end = vg_mono_now();
    end.us += DEADLINE_S * VG_US_PER_S;
    return end;
}

/* The exit code of a server that ends by itself or was asked to. */
static int server_end(struct server *server)
{
    int status = 0;
    struct vg_mono_time end = deadline();
    while (waitpid(server->pid, &status, WNOHANG) == 0) {
        assert_true(vg_mono_now().us < end.us);
        pause_briefly();
    }
    server->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* The last message of `type` that the child noted; given, NULL if none yet. */
static json_t *last_seen(const struct server *server, const char *child, const char *type)
{
    char path[128];
    uint8_t *data = NULL;
    size_t size = 0;
    json_t *last = NULL;
    (void)snprintf(path, sizeof path, "%s/%s.seen", server->data, child);
    if (vg_file_read(path, 64u << 20, &data, &size, NULL) != VG_OK)
        return NULL;
    for (char *line = (char *)data; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        json_t *message = json_loadb(line, length, 0, NULL);
        const char *is = json_string_value(json_object_get(message, "type"));
        if (is != NULL && strcmp(is, type) == 0) {
            json_decref(last);
            last = json_incref(message);
        }
        json_decref(message);
        line += length + (line[length] == '\n');
    }
    vg_free(data);
    return last;
}

/* Waits until the last such message has `key` (by pointer-like path "a.b") equal to `want`. */
static void wait_for(const struct server *server, const char *child, const char *type,
                     const char *key, json_int_t want)
{
    struct vg_mono_time end = deadline();
    for (;;) {
        json_t *message = last_seen(server, child, type);
        json_int_t got = json_integer_value(json_object_get(message, key));
        bool there = message != NULL && (key[0] == '\0' || got == want);
        json_decref(message);
        if (there)
            return;
        if (vg_mono_now().us > end.us)
            fail_msg("%s never got %s with %s = %d", child, type, key, (int)want);
        pause_briefly();
    }
}

static pid_t pid_of(const struct server *server, const char *child)
{
    json_t *message = last_seen(server, child, "born");
    pid_t pid = (pid_t)json_integer_value(json_object_get(message, "pid"));
    json_decref(message);
    return pid;
}

/* One part of the last health, as text; "" if there is none. */
static void part_field(const struct server *server, const char *part, const char *field, char *text,
                       size_t size)
{
    json_t *health = last_seen(server, "api", "health"), *row = NULL;
    size_t i = 0;
    text[0] = '\0';
    json_array_foreach(json_object_get(health, "parts"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "part"));
        const char *value = json_string_value(json_object_get(row, field));
        if (name != NULL && value != NULL && strcmp(name, part) == 0)
            (void)snprintf(text, size, "%s", value);
    }
    json_decref(health);
}

static void wait_for_part(const struct server *server, const char *part, const char *field,
                          const char *want)
{
    char got[128];
    struct vg_mono_time end = deadline();
    for (;;) {
        part_field(server, part, field, got, sizeof got);
        if (strcmp(got, want) == 0)
            return;
        if (vg_mono_now().us > end.us)
            fail_msg("%s: %s is \"%s\", not \"%s\"", part, field, got, want);
        pause_briefly();
    }
}

static bool gone(pid_t pid)
{
    char path[64], line[512] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return true;
    const char *state = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
    (void)fclose(file);
    return state == NULL || state[2] == 'Z';
}

static int setup(void **state)
{
    struct server *server = vg_alloc(sizeof *server);
    *state = server;
    if (server == NULL)
        return 1;
    (void)snprintf(server->data, sizeof server->data, "/tmp/vigie-test-XXXXXX");
    return mkdtemp(server->data) == NULL;
}

static int teardown(void **state)
{
    struct server *server = *state;
    if (server->pid > 0) {
        (void)kill(server->pid, SIGKILL);
        (void)waitpid(server->pid, NULL, 0);
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl("/bin/rm", "rm", "-rf", "--", server->data, (char *)NULL);
        _exit(1);
    }
    (void)waitpid(pid, NULL, 0);
    vg_free(server);
    return 0;
}

/* Adds flux; returns the configuration's version then. */
static json_int_t put_flux(const struct server *server, unsigned first, unsigned count)
{
    struct vg_database *database = NULL;
    struct vg_fault fault;
    assert_int_equal(vg_database_open(&database, server->data, VG_DATABASE_EXISTING, &fault),
                     VG_OK);
    static const char *const hosts[] = {"vms"};
    assert_int_equal(vg_database_begin(database, &fault), VG_OK);
    assert_true(site_declare(database, hosts, 1));
    for (unsigned i = first; i < first + count; i++) {
        struct vg_flux_config flux;
        char id[16];
        (void)snprintf(id, sizeof id, "cam-%03u", i);
        vg_flux_defaults(&flux, id);
        (void)snprintf(flux.url, sizeof flux.url, "rtsp://vms/%u", i);
        flux.clear_accepted = true;
        assert_int_equal(vg_config_flux_put(database, NULL, &flux, NULL, VG_VERSION_NEW, &fault),
                         VG_OK);
    }
    uint64_t version = 0;
    assert_int_equal(vg_database_commit(database, &fault), VG_OK);
    assert_int_equal(vg_config_version(database, &version, &fault), VG_OK);
    vg_database_close(&database);
    return (json_int_t)version;
}

/* ---- tests ---- */

/* Start, a change of the configuration, more flux than one ingest holds, a killed child, a
 * report, an orderly end. */
static void a_life(void **state)
{
    struct server *server = *state;
    server_start(server);
    wait_for(server, "api", "health", "", 0);
    wait_for(server, "ingest-0", "config", "", 0);
    wait_for(server, "analysis", "born", "fds", 2);
    wait_for_part(server, "redis", "state", "up");
    wait_for_part(server, "analysis", "state", "up");
    wait_for_part(server, "configuration", "state", "up");
    wait_for(server, "api", "report", "live", 1);

    json_int_t version = put_flux(server, 0, 2);
    wait_for(server, "api", "health", "flux", 2);
    wait_for(server, "ingest-0", "config", "version", version);
    wait_for(server, "analysis", "config", "version", version);

    pid_t old = pid_of(server, "ingest-0"), analysis = pid_of(server, "analysis");
    version = put_flux(server, 2, 25);
    wait_for(server, "ingest-1", "config", "version", version);
    wait_for(server, "analysis", "born", "fds", 4);
    wait_for(server, "analysis", "config", "version", version);
    assert_int_equal(pid_of(server, "ingest-0"), old); /* undisturbed */
    assert_int_not_equal(pid_of(server, "analysis"), analysis);
    json_t *config = last_seen(server, "ingest-1", "config");
    assert_int_equal(json_array_size(json_object_get(config, "flux")), 2);
    json_decref(config);

    assert_int_equal(kill(old, SIGKILL), 0);
    struct vg_mono_time end = deadline();
    while (pid_of(server, "ingest-0") == old) {
        assert_true(vg_mono_now().us < end.us);
        pause_briefly();
    }
    wait_for_part(server, "ingest-0", "state", "up");
    config = last_seen(server, "ingest-0", "config");
    assert_int_equal(json_array_size(json_object_get(config, "flux")), 25);
    json_decref(config);

    pid_t pids[] = {pid_of(server, "ingest-0"), pid_of(server, "ingest-1"),
                    pid_of(server, "analysis"), pid_of(server, "api")};
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    assert_int_equal(server_end(server), 0);
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
        assert_true(gone(pids[i]));
    static const char *const names[] = {"ingest-0", "ingest-1", "analysis", "api"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        wait_for(server, names[i], "quit", "", 0); /* they were asked */
}

/* What a machine lacks does not end the server: health says it, in the child's words. */
static void a_lack(void **state)
{
    struct server *server = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/analysis.lacks", server->data);
    assert_int_equal(vg_file_write(path, "", 0, 0600, VG_FILE_PLAIN, NULL), VG_OK);
    (void)snprintf(path, sizeof path, "%s/nobody.sock", server->data);
    char url[160];
    (void)snprintf(url, sizeof url, "unix:%s", path);
    server->redis = url;
    server_start(server);
    wait_for_part(server, "analysis", "state", "waiting");
    wait_for_part(server, "analysis", "reason", "no OpenCL device");
    wait_for_part(server, "redis", "reason",
                  "Redis does not answer on the socket given by --redis");
    wait_for_part(server, "ingest-0", "state", "up");
    (void)snprintf(path, sizeof path, "%s/analysis.lacks", server->data);
    assert_int_equal(unlink(path), 0); /* and then there is one */
    wait_for_part(server, "analysis", "state", "up");
    wait_for_part(server, "analysis", "reason", "");
    assert_int_equal(kill(server->pid, SIGINT), 0);
    assert_int_equal(server_end(server), 0);
}

static void second_server(void **state)
{
    struct server *server = *state, second = *server;
    server_start(server);
    wait_for(server, "api", "health", "", 0);
    server_start(&second);
    assert_int_equal(server_end(&second), 4);
    second.listen = "nonsense";
    server_start(&second);
    assert_int_equal(server_end(&second), 2);
    second.listen = NULL;
    second.redis = "redis://somewhere";
    server_start(&second);
    assert_int_equal(server_end(&second), 2);
    pid_t api = pid_of(server, "api");
    assert_int_equal(kill(server->pid, SIGKILL), 0); /* its children go with it */
    assert_int_equal(server_end(server), 1000 + SIGKILL);
    struct vg_mono_time end = deadline();
    while (!gone(api))
        assert_true(vg_mono_now().us < end.us);
    char seen[128];
    (void)snprintf(seen, sizeof seen, "%s/api.seen", server->data);
    assert_int_equal(unlink(seen), 0);
    server_start(server); /* and the folder is free again, with what Redis kept */
    wait_for_part(server, "redis", "state", "up");
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    assert_int_equal(server_end(server), 0);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "child") == 0)
        return be_child(argc, argv);
    char path[256];
    if (vg_program_find("redis-server", path, sizeof path) != VG_OK)
        return SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_life, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lack, setup, teardown),
        cmocka_unit_test_setup_teardown(second_server, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
