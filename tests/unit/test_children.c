/* Real children of all bad habits: this program itself, started again with a word that says
 * how to behave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/message.h"
#include "src/supervise/child_output.h"
#include "src/supervise/children.h"
#include "src/supervise/spawn.h"

#define SELF "/proc/self/exe"

/* ---- what the children do ---- */

static void say(const char *text)
{
    if (vg_message_write(VG_MESSAGE_CONTROL_FD, text, strlen(text)) != VG_OK)
        _exit(99);
}

static int be_good(void)
{
    char buffer[4096];
    struct vg_message_reader reader;
    vg_message_reader_init(&reader, buffer, sizeof buffer);
    for (;;) {
        const char *text = NULL;
        size_t size = 0;
        say("{\"type\":\"alive\"}");
        enum vg_status status = vg_message_read(&reader, VG_MESSAGE_CONTROL_FD, 100, &text, &size);
        if (status == VG_E_TIMEOUT)
            continue;
        if (status != VG_OK || strstr(text, "quit") != NULL)
            return status == VG_OK ? 0 : 98;
        say("{\"type\":\"echo\",\"heard\":true}");
    }
}

static void be_deaf(void)
{
    (void)signal(SIGTERM, SIG_IGN);
    for (;;) {
        say("{\"type\":\"alive\"}");
        (void)poll(NULL, 0, 100);
    }
}

/* The open descriptors as bits, and whether SIGPIPE has its default action. */
static int tell_fds(void)
{
    unsigned long bits = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 97;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        long fd = strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && fd != dirfd(dir))
            bits |= 1ul << fd;
    }
    (void)closedir(dir);
    struct sigaction action;
    uint64_t first = 0, second = 0;
    ssize_t got = read(4, &first, sizeof first) + read(5, &second, sizeof second);
    json_t *message =
        json_pack("{s:s,s:I,s:I,s:I,s:b,s:s,s:b}", "type", "fds", "bits", (json_int_t)bits, "first",
                  (json_int_t)first, "second", (json_int_t)second, "pipe",
                  sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL, "data",
                  getenv("VIGIE_DATA") == NULL ? "" : getenv("VIGIE_DATA"), "read", got == 16);
    if (vg_message_write_json(VG_MESSAGE_CONTROL_FD, message) != VG_OK)
        return 96;
    json_decref(message);
    return be_good();
}

static int have_grandchild(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            (void)pause();
    char text[64];
    (void)snprintf(text, sizeof text, "{\"type\":\"grandchild\",\"pid\":%d}", (int)pid);
    say(text);
    return 7;
}

static int behave(const char *how)
{
    if (strcmp(how, "good") == 0)
        return be_good();
    if (strcmp(how, "deaf") == 0)
        be_deaf();
    if (strcmp(how, "fds") == 0)
        return tell_fds();
    if (strcmp(how, "grandchild") == 0)
        return have_grandchild();
    if (strcmp(how, "lacking") == 0) {
        say("{\"type\":\"fault\",\"what\":\"no OpenCL device\",\"place\":\"pocl\","
            "\"remedy\":\"install one\"}");
        return 4;
    }
    if (strcmp(how, "killed") == 0) {
        say("{\"type\":\"alive\",\"note\":\"tired\"}");
        (void)kill(getpid(), SIGTERM);
    }
    if (strcmp(how, "junk") == 0) {
        static const char junk[] = "\x04\0\0\0junk";
        (void)send(VG_MESSAGE_CONTROL_FD, junk, sizeof junk - 1, MSG_NOSIGNAL);
        be_deaf();
    }
    if (strcmp(how, "noisy") == 0) {
        (void)fprintf(stdout, "begins\n");
        (void)fflush(stdout);
        (void)fprintf(stderr, "cannot\tstart\n\n");
        return 1;
    }
    if (strcmp(how, "mute") == 0)
        for (;;)
            (void)pause();
    return 3; /* "dies" */
}

/* ---- the table, seen from its owner ---- */

struct owner {
    struct vg_children_listener listener; /* first */
    struct event_base *base;
    struct vg_children *children;
    unsigned starts[VG_CHILDREN_MAX];
    unsigned changes, ended;
    bool echoed;
    json_t *last; /* message */
};

static struct owner *owner_of(struct vg_children_listener *listener)
{
    void *owner = listener; /* its first member */
    return owner;
}

static void on_started(struct vg_children_listener *listener, size_t child)
{
    owner_of(listener)->starts[child]++;
}

static void on_message(struct vg_children_listener *listener, size_t child, const char *type,
                       const json_t *message)
{
    (void)child;
    struct owner *owner = owner_of(listener);
    if (strcmp(type, "echo") == 0)
        owner->echoed = true;
    json_decref(owner->last);
    owner->last = json_deep_copy(message);
}

static void on_changed(struct vg_children_listener *listener)
{
    owner_of(listener)->changes++;
}

static void on_all_ended(struct vg_children_listener *listener)
{
    owner_of(listener)->ended++;
}

static void owner_open(struct owner *owner)
{
    *owner = (struct owner){.listener = {on_started, on_message, on_changed, on_all_ended}};
    owner->base = event_base_new();
    assert_non_null(owner->base);
    assert_int_equal(vg_children_open(&owner->children, owner->base, &owner->listener), VG_OK);
}

static void owner_close(struct owner *owner)
{
    vg_children_close(&owner->children);
    event_base_free(owner->base);
    json_decref(owner->last);
}

static struct vg_child_spec spec_of(const char *const *argv, enum vg_child_kind kind)
{
    return (struct vg_child_spec){.name = argv[1], .kind = kind, .argv = argv, .stop_us = 2000000};
}

static size_t add(struct owner *owner, const char *how)
{
    const char *argv[] = {SELF, how, NULL};
    struct vg_child_spec spec = spec_of(argv, VG_CHILD_TALKS);
    size_t child = 0;
    assert_int_equal(vg_children_add(owner->children, &spec, &child), VG_OK);
    return child;
}

static struct vg_child_state state_of(const struct owner *owner, size_t child)
{
    struct vg_child_state state;
    vg_children_state(owner->children, child, &state);
    return state;
}

/* Runs the loop until the fact holds; a deadline of 8 s fails the test. */
static void run_until(struct owner *owner, bool (*fact)(const struct owner *))
{
    int64_t end = vg_mono_now().us + 8 * VG_US_PER_S;
    while (!fact(owner)) {
        assert_true(vg_mono_now().us < end);
        struct timeval soon = {.tv_usec = 20000};
        (void)event_base_loopexit(owner->base, &soon);
        (void)event_base_dispatch(owner->base);
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

static bool is_up(const struct owner *owner)
{
    return state_of(owner, 0).state == VG_PART_UP;
}

static bool started_three_times(const struct owner *owner)
{
    return owner->starts[0] >= 3;
}

static bool waits_after_its_end(const struct owner *owner)
{
    struct vg_child_state state = state_of(owner, 0);
    return state.state == VG_PART_WAITING && state.cause != VG_END_NONE;
}

static bool all_ended(const struct owner *owner)
{
    return owner->ended > 0;
}

/* ---- tests ---- */

/* Each bad habit: what the table says of it. */
static void ends(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        enum vg_end_cause cause;
        const char *detail, *what;
    } rows[] = {
        {"dies", VG_END_EXIT, "exit code 3", ""},
        {"lacking", VG_END_EXIT, "exit code 4", "no OpenCL device"},
        {"killed", VG_END_SIGNAL, "SIGTERM", ""},
        {"junk", VG_END_NONSENSE, "SIGKILL", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct owner owner;
        owner_open(&owner);
        add(&owner, rows[i].how);
        run_until(&owner, waits_after_its_end);
        struct vg_child_state got = state_of(&owner, 0);
        assert_int_equal(got.cause, rows[i].cause);
        assert_string_equal(got.detail, rows[i].detail);
        assert_string_equal(got.what, rows[i].what);
        assert_string_equal(got.note, ""); /* a dead one has no note */
        assert_int_equal(got.pid, -1);
        run_until(&owner, started_three_times);
        assert_in_range(state_of(&owner, 0).restarts, 2, 3);
        owner_close(&owner);
    }
}

static void no_such_program(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    const char *argv[] = {"/nowhere/vigie", "child", NULL};
    struct vg_child_spec spec = spec_of(argv, VG_CHILD_TALKS);
    size_t child = 0;
    assert_int_equal(vg_children_add(owner.children, &spec, &child), VG_OK);
    run_until(&owner, waits_after_its_end);
    assert_int_equal(state_of(&owner, 0).cause, VG_END_SPAWN);
    owner_close(&owner);
}

static bool has_message(const struct owner *owner)
{
    return owner->last != NULL;
}

/* Only what was handed over is open, each in its place, whatever its number was. */
static void no_leaks(void **state)
{
    (void)state;
    struct owner owner;
    int leak = open("/dev/null", O_RDONLY); /* not close-on-exec on purpose */
    int low = eventfd(11, EFD_CLOEXEC), high = fcntl(low, F_DUPFD_CLOEXEC, 40);
    int other = eventfd(22, EFD_CLOEXEC);
    assert_true(leak >= 0 && low >= 0 && high >= 40 && other >= 0);
    (void)signal(SIGPIPE, SIG_IGN);
    owner_open(&owner);
    const char *argv[] = {SELF, "fds", NULL};
    static const char *const environment[] = {"VIGIE_DATA=/some where", NULL};
    struct vg_child_spec spec = spec_of(argv, VG_CHILD_TALKS);
    int fds[] = {high, other};
    size_t child = 0;
    spec.fds = fds;
    spec.fd_count = 2;
    spec.environment = environment;
    assert_int_equal(vg_children_add(owner.children, &spec, &child), VG_OK);
    run_until(&owner, has_message);
    const char *data = NULL;
    json_int_t bits = 0, first = 0, second = 0;
    int pipe_default = 0, read_both = 0;
    assert_int_equal(json_unpack(owner.last, "{s:I,s:I,s:I,s:b,s:s,s:b}", "bits", &bits, "first",
                                 &first, "second", &second, "pipe", &pipe_default, "data", &data,
                                 "read", &read_both),
                     0);
    assert_int_equal(bits, 0x3f); /* 0 1 2, control 3, and 4 5 */
    assert_true(read_both);
    assert_int_equal(first, 11);
    assert_int_equal(second, 22);
    assert_true(pipe_default);
    assert_string_equal(data, "/some where");
    owner_close(&owner);
    (void)close(leak);
    (void)close(low);
    (void)close(high);
    (void)close(other);
}

static bool echoed(const struct owner *owner)
{
    return owner->echoed;
}

static void talks(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    size_t child = add(&owner, "good");
    json_t *message = json_pack("{s:s}", "type", "config");
    assert_int_equal(vg_children_send(owner.children, child, message), VG_E_STATE);
    run_until(&owner, is_up);
    assert_int_equal(vg_children_send(owner.children, child, message), VG_OK);
    run_until(&owner, echoed);
    json_decref(message);
    owner_close(&owner);
}

/* One that lives but does not read is not waited for. */
static void does_not_read(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    size_t child = add(&owner, "deaf");
    run_until(&owner, is_up);
    char *filler = calloc(1, (1u << 20) + 1);
    assert_non_null(filler);
    memset(filler, 'z', 1u << 20);
    json_t *message = json_pack("{s:s,s:s}", "type", "config", "filler", filler);
    free(filler);
    enum vg_status status = VG_OK;
    for (int i = 0; i < 40 && status == VG_OK; i++)
        status = vg_children_send(owner.children, child, message);
    assert_int_equal(status, VG_E_FULL);
    run_until(&owner, waits_after_its_end);
    assert_int_equal(state_of(&owner, 0).cause, VG_END_SILENT);
    json_decref(message);
    owner_close(&owner);
}

static void nothing_of_the_group_is_left(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    add(&owner, "grandchild");
    run_until(&owner, waits_after_its_end);
    assert_non_null(owner.last);
    pid_t pid = (pid_t)json_integer_value(json_object_get(owner.last, "pid"));
    assert_true(pid > 1);
    int64_t end = vg_mono_now().us + 5 * VG_US_PER_S;
    while (!gone(pid))
        assert_true(vg_mono_now().us < end);
    owner_close(&owner);
}

/* What it writes goes to its file, not to our log; the last line of this life is kept. */
static void output_of_its_own(void **state)
{
    (void)state;
    char path[] = "/tmp/vigie-output-XXXXXX", text[256] = "";
    struct owner owner;
    size_t child = 0;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, VG_CHILD_OUTPUT_MAX + 1), 0); /* too large: begun anew */
    owner_open(&owner);
    const char *argv[] = {SELF, "noisy", NULL};
    struct vg_child_spec spec = spec_of(argv, VG_CHILD_MUTE);
    spec.output = path;
    assert_int_equal(vg_children_add(owner.children, &spec, &child), VG_OK);
    run_until(&owner, waits_after_its_end);
    assert_string_equal(state_of(&owner, child).last_line, "cannot start");
    owner_close(&owner);
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    assert_memory_equal(text, "begins\ncannot\tstart\n\n", 22);
    struct stat st;
    char line[8];
    assert_int_equal(fstat(fd, &st), 0);
    vg_child_output_last(path, st.st_size, line, sizeof line); /* nothing since */
    assert_string_equal(line, "");
    vg_child_output_last(path, 0, line, sizeof line);
    assert_string_equal(line, "cannot ");
    (void)close(fd);
    (void)unlink(path);
    off_t from = 1;
    const int none = vg_child_output_open("/nowhere/x", &from);
    assert_true(none >= 0); /* then nobody reads it */
    assert_int_equal(from, 0);
    (void)close(none);
}

static bool up_twice(const struct owner *owner)
{
    return owner->starts[0] == 2 && is_up(owner);
}

static void replanned(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    size_t child = add(&owner, "good");
    run_until(&owner, is_up);
    pid_t first = state_of(&owner, child).pid;
    const char *argv[] = {SELF, "good", "more", NULL};
    struct vg_child_spec spec = spec_of(argv, VG_CHILD_TALKS);
    assert_int_equal(vg_children_replan(owner.children, child, &spec), VG_OK);
    run_until(&owner, up_twice);
    struct vg_child_state got = state_of(&owner, child);
    assert_int_equal(got.cause, VG_END_PLANNED);
    assert_string_equal(got.detail, "exit code 0"); /* by "quit", not by force */
    assert_true(got.pid != first);
    char path[64], line[256] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)got.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, line, sizeof line - 1);
    (void)close(fd);
    assert_true(size > 5);
    assert_string_equal(line + size - 5, "more");
    owner_close(&owner);
}

static bool four_up(const struct owner *owner)
{
    unsigned up = 0;
    for (size_t i = 0; i < vg_children_count(owner->children); i++)
        up += state_of(owner, i).state == VG_PART_UP;
    return up == 4;
}

/* Ranks end from the highest to the lowest; who ignores all is killed at its deadline. */
static void orderly_stop(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        enum vg_child_kind kind;
        uint32_t rank;
        int64_t stop_us;
        const char *detail;
    } rows[] = {
        {"mute", VG_CHILD_MUTE, 0, 2000000, "SIGTERM"},
        {"good", VG_CHILD_TALKS, 1, 2000000, "exit code 0"},
        {"deaf", VG_CHILD_TALKS, 2, 300000, "SIGKILL"},
        {"good", VG_CHILD_TALKS, 2, 2000000, "exit code 0"},
    };
    struct owner owner;
    pid_t pids[4];
    owner_open(&owner);
    for (size_t i = 0; i < 4; i++) {
        const char *argv[] = {SELF, rows[i].how, NULL};
        struct vg_child_spec spec = spec_of(argv, rows[i].kind);
        size_t child = 0;
        spec.rank = rows[i].rank;
        spec.stop_us = rows[i].stop_us;
        assert_int_equal(vg_children_add(owner.children, &spec, &child), VG_OK);
        if (rows[i].kind == VG_CHILD_MUTE) {
            int64_t end = vg_mono_now().us + 5 * VG_US_PER_S;
            while (state_of(&owner, child).pid < 0) {
                assert_true(vg_mono_now().us < end);
                (void)event_base_loop(owner.base, EVLOOP_ONCE);
            }
            vg_children_sign(owner.children, child, VG_CHILD_SIGN_UP);
        }
    }
    run_until(&owner, four_up);
    for (size_t i = 0; i < 4; i++)
        pids[i] = state_of(&owner, i).pid;
    vg_children_stop(owner.children);
    vg_children_stop(owner.children); /* impatience changes nothing */
    run_until(&owner, all_ended);
    assert_int_equal(owner.ended, 1);
    for (size_t i = 0; i < 4; i++) {
        struct vg_child_state got = state_of(&owner, i);
        assert_true(gone(pids[i]));
        assert_int_equal(got.state, VG_PART_STOPPED);
        assert_string_equal(got.detail, rows[i].detail);
    }
    assert_true(state_of(&owner, 0).since.us >= state_of(&owner, 1).since.us);
    assert_true(state_of(&owner, 1).since.us >= state_of(&owner, 2).since.us);
    assert_true(state_of(&owner, 1).since.us >= state_of(&owner, 3).since.us);
    owner_close(&owner);
}

static void stop_without_any(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    vg_children_stop(owner.children);
    run_until(&owner, all_ended);
    owner_close(&owner);
}

static void close_kills(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    add(&owner, "deaf");
    run_until(&owner, is_up);
    pid_t pid = state_of(&owner, 0).pid;
    owner_close(&owner);
    assert_true(gone(pid));
}

/* A supervisor that is killed takes its children with it, even the deaf. */
static void supervisor_killed(void **state)
{
    (void)state;
    int ends_of_pipe[2];
    assert_int_equal(pipe(ends_of_pipe), 0);
    pid_t supervisor = fork();
    assert_true(supervisor >= 0);
    if (supervisor == 0) {
        struct owner owner;
        owner_open(&owner);
        add(&owner, "deaf");
        run_until(&owner, is_up);
        pid_t pid = state_of(&owner, 0).pid;
        if (write(ends_of_pipe[1], &pid, sizeof pid) == (ssize_t)sizeof pid)
            (void)event_base_dispatch(owner.base);
        _exit(0);
    }
    pid_t child = 0;
    assert_int_equal(read(ends_of_pipe[0], &child, sizeof child), sizeof child);
    assert_false(gone(child));
    (void)kill(supervisor, SIGKILL);
    assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
    int64_t end = vg_mono_now().us + 5 * VG_US_PER_S;
    while (!gone(child))
        assert_true(vg_mono_now().us < end);
    (void)close(ends_of_pipe[0]);
    (void)close(ends_of_pipe[1]);
}

static void bounds(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    const char *many[VG_CHILD_ARGUMENTS_MAX + 2] = {NULL};
    for (size_t i = 0; i <= VG_CHILD_ARGUMENTS_MAX; i++)
        many[i] = SELF;
    struct vg_child_spec spec = spec_of(many, VG_CHILD_MUTE);
    size_t child = 0;
    assert_int_equal(vg_children_add(owner.children, &spec, &child), VG_E_FULL);
    many[1] = NULL;
    spec.name = "x";
    spec.fd_count = VG_CHILD_FDS_MAX + 1;
    assert_int_equal(vg_children_add(owner.children, &spec, &child), VG_E_FULL);
    assert_int_equal(vg_children_count(owner.children), 0);
    owner_close(&owner);
}

/* Each allocation of add and replan fails in turn: a status, nothing half-made, no leak. */
static void without_memory(void **state)
{
    (void)state;
    struct owner owner;
    owner_open(&owner);
    const char *argv[] = {SELF, "good", NULL};
    static const char *const environment[] = {"A=b", NULL};
    struct vg_child_spec spec = spec_of(argv, VG_CHILD_TALKS);
    spec.environment = environment;
    size_t child = 0;
    uint32_t fails = 0;
    enum vg_status status = VG_E_MEMORY;
    while (status == VG_E_MEMORY) {
        vg_alloc_fail_at(++fails);
        status = vg_children_add(owner.children, &spec, &child);
        vg_alloc_fail_at(0);
        assert_int_equal(vg_children_count(owner.children), status == VG_OK ? 1 : 0);
    }
    assert_int_equal(status, VG_OK);
    assert_in_range(fails, 6, 10);
    for (fails = 1, status = VG_E_MEMORY; status == VG_E_MEMORY; fails++) {
        vg_alloc_fail_at(fails);
        status = vg_children_replan(owner.children, child, &spec);
        vg_alloc_fail_at(0);
    }
    assert_int_equal(status, VG_OK);
    assert_in_range(fails, 5, 10);
    run_until(&owner, is_up);
    owner_close(&owner);
}

static void program_found(void **state)
{
    (void)state;
    char path[256];
    assert_int_equal(vg_program_find("sh", path, sizeof path), VG_OK);
    assert_int_equal(access(path, X_OK), 0);
    assert_int_equal(vg_program_find("no-such-program-anywhere", path, sizeof path), VG_E_MISSING);
    assert_int_equal(vg_program_find("sh", path, 3), VG_E_FULL);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return behave(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends),
        cmocka_unit_test(no_such_program),
        cmocka_unit_test(no_leaks),
        cmocka_unit_test(talks),
        cmocka_unit_test(does_not_read),
        cmocka_unit_test(nothing_of_the_group_is_left),
        cmocka_unit_test(output_of_its_own),
        cmocka_unit_test(replanned),
        cmocka_unit_test(orderly_stop),
        cmocka_unit_test(stop_without_any),
        cmocka_unit_test(close_kills),
        cmocka_unit_test(supervisor_killed),
        cmocka_unit_test(bounds),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(program_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
