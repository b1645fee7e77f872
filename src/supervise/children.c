/* The table of children in the event loop: sockets, signals and one timer. What is to be done
 * is decided by decide_restart.c; here it is carried out.
 *
 *   SIGCHLD --> reap --> ended --> due later --> timer --> start --> started()
 *   control socket --> messages --> up
 *   timer (at the next thing due, 1 s at most): starts, watchdog, deadlines of a stop */
#include "src/supervise/children.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/util.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/message.h"
#include "src/base/status.h"
#include "src/supervise/child_output.h"
#include "src/supervise/spawn.h"

extern char **environ; /* POSIX has it, unistd.h declares it for GNU only */

enum {
    LOOK_US = 1000000,
    SAY_EVERY_US = 10000000,        /* log lines of one child that keeps failing */
    MESSAGES_PER_TURN = 64,         /* then the other children have their turn */
    QUEUE_MAX = 3 * VG_MESSAGE_MAX, /* bytes for a child that does not read */
    OWN_VARIABLES_MAX = 16
};

enum stage {
    STAGE_RUN,
    STAGE_ASKED,
    STAGE_TERMINATED,
    STAGE_KILLED
};

/* a spec with storage of its own; argv and environment point into it or to vg_alloc_text */
struct plan {
    char *name;
    enum vg_child_kind kind;
    uint32_t rank;
    char *argv[VG_CHILD_ARGUMENTS_MAX + 1];
    char *environment[OWN_VARIABLES_MAX + 1];
    int fds[VG_CHILD_FDS_MAX];
    size_t fd_count;
    int64_t stop_us;
    char *output; /* NULL: our stderr */
};

/* what a child said of its fault before it ended */
struct words {
    char what[VG_CHILD_TEXT_SIZE], remedy[VG_CHILD_TEXT_SIZE], place[VG_CHILD_TEXT_SIZE];
};

struct child {
    struct vg_log_repeat said_up; /* a part that dies at once is not said up at each start */
    struct vg_children *table;
    size_t number;
    struct plan *plan, *next; /* next: takes over at the coming end */
    struct vg_restart restart;
    struct vg_wall_time since;
    struct vg_log_repeat said;
    pid_t pid;
    int control; /* our side, -1: none */
    struct event *readable, *writable;
    struct evbuffer *queue;
    struct vg_message_reader reader;
    char *buffer;
    enum stage stage;
    struct vg_mono_time terminate_at, kill_at;
    enum vg_end_cause ordered; /* why it is being ended by us */
    enum vg_end_cause cause;   /* of the last end */
    char detail[48];
    struct words words, last; /* of this life, of the one before */
    off_t output_from;        /* where this life's part of the output file begins */
    char last_line[VG_CHILD_TEXT_SIZE];
    char note[VG_CHILD_TEXT_SIZE];
};

struct vg_children {
    struct event_base *base;
    struct vg_children_listener *listener;
    struct event *timer, *death;
    struct vg_mono_time last_look;
    bool stopping, told;
    size_t count;
    struct child *child[VG_CHILDREN_MAX];
};

/* ---- plans ---- */

static void plan_close(struct plan **plan)
{
    struct plan *p = *plan;
    *plan = NULL;
    if (p == NULL)
        return;
    vg_free(p->name);
    vg_free(p->output);
    for (size_t i = 0; p->argv[i] != NULL; i++)
        vg_free(p->argv[i]);
    for (size_t i = 0; p->environment[i] != NULL; i++)
        vg_free(p->environment[i]);
    vg_free(p);
}

/* Copies a list that ends with NULL into `most` places. */
static enum vg_status copy_texts(char **to, size_t most, const char *const *from)
{
    for (size_t i = 0; from != NULL && from[i] != NULL; i++) {
        if (i == most)
            return VG_E_FULL;
        to[i] = vg_alloc_text(from[i]);
        if (to[i] == NULL)
            return VG_E_MEMORY;
    }
    return VG_OK;
}

static enum vg_status plan_open(struct plan **plan, const struct vg_child_spec *spec)
{
    if (spec->fd_count > VG_CHILD_FDS_MAX)
        return VG_E_FULL;
    struct plan *p = vg_alloc(sizeof *p);
    if (p == NULL)
        return VG_E_MEMORY;
    p->kind = spec->kind;
    p->rank = spec->rank;
    p->stop_us = spec->stop_us;
    p->fd_count = spec->fd_count;
    if (spec->fd_count > 0)
        memcpy(p->fds, spec->fds, spec->fd_count * sizeof *p->fds);
    p->name = vg_alloc_text(spec->name);
    if (spec->output != NULL)
        p->output = vg_alloc_text(spec->output);
    enum vg_status status =
        p->name == NULL || (spec->output != NULL && p->output == NULL) ? VG_E_MEMORY : VG_OK;
    if (status == VG_OK)
        status = copy_texts(p->argv, VG_CHILD_ARGUMENTS_MAX, spec->argv);
    if (status == VG_OK)
        status = copy_texts(p->environment, OWN_VARIABLES_MAX, spec->environment);
    if (status != VG_OK)
        plan_close(&p);
    *plan = p;
    return status;
}

/* ---- what is told ---- */

static void tell_changed(struct child *child)
{
    child->since = vg_wall_now();
    child->table->listener->changed(child->table->listener);
}

static void text_of(const json_t *object, const char *key, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));
    (void)snprintf(text, size, "%s", value == NULL ? "" : value);
}

static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
                 {SIGHUP, "SIGHUP"},   {SIGILL, "SIGILL"},   {SIGINT, "SIGINT"},
                 {SIGKILL, "SIGKILL"}, {SIGPIPE, "SIGPIPE"}, {SIGSEGV, "SIGSEGV"},
                 {SIGSYS, "SIGSYS"},   {SIGTERM, "SIGTERM"}, {SIGTRAP, "SIGTRAP"},
                 {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

static void describe_end(struct child *child, int wait_status)
{
    if (WIFEXITED(wait_status)) {
        (void)snprintf(child->detail, sizeof child->detail, "exit code %d",
                       WEXITSTATUS(wait_status));
        return;
    }
    int number = WTERMSIG(wait_status);
    const char *name = signal_name(number);
    if (name != NULL)
        (void)snprintf(child->detail, sizeof child->detail, "%s", name);
    else
        (void)snprintf(child->detail, sizeof child->detail, "signal %d", number);
}

static enum vg_end_cause cause_of(const struct child *child, int wait_status)
{
    if (child->ordered != VG_END_NONE)
        return child->ordered;
    if (!WIFEXITED(wait_status))
        return VG_END_SIGNAL;
    const int code = WEXITSTATUS(wait_status);
    if (code == VG_SPAWN_NOT_STARTED)
        return VG_END_SPAWN;
    /* what it says itself, and what no other start changes */
    const bool refuses = code == vg_status_exit(VG_E_CALL) || code == vg_status_exit(VG_E_INPUT) ||
                         code == vg_status_exit(VG_E_INTEGRITY);
    return refuses && child->last.what[0] != '\0' ? VG_END_REFUSED : VG_END_EXIT;
}

static enum vg_log_level level_of(enum vg_end_cause cause)
{
    return cause == VG_END_PLANNED   ? VG_LOG_INFO
           : cause == VG_END_REFUSED ? VG_LOG_ERROR
                                     : VG_LOG_WARN;
}

static void log_end(struct child *child, struct vg_mono_time now)
{
    const char *name = child->plan->name;
    if (child->restart.state == VG_PART_STOPPED) {
        vg_log(VG_LOG_INFO, "%s has stopped (%s)", name, child->detail);
        return;
    }
    uint64_t count = vg_log_repeat_due(&child->said, now, SAY_EVERY_US);
    if (count == 0)
        return;
    int64_t wait_us = vg_restart_due_us(&child->restart, now);
    const struct words *last = &child->last;
    vg_log(level_of(child->cause),
           "%s ended: %s (%s)%s%s%s%s%s%s%s%s; %llu since the last line, next start in %.1f s",
           name, vg_end_cause_text(child->cause), child->detail, last->what[0] != '\0' ? ": " : "",
           last->what, last->place[0] != '\0' ? ": " : "", last->place,
           last->remedy[0] != '\0' ? ": " : "", last->remedy,
           child->last_line[0] != '\0' ? ": " : "", child->last_line, (unsigned long long)count,
           (double)wait_us / (double)VG_US_PER_S);
}

/* ---- messages ---- */

static void kill_group(const struct child *child, int number)
{
    if (child->pid > 0 && kill(-child->pid, number) != 0)
        (void)kill(child->pid, number); /* the group is not made yet */
}

static void kill_for(struct child *child, enum vg_end_cause cause)
{
    if (child->pid <= 0)
        return;
    if (child->ordered == VG_END_NONE)
        child->ordered = cause;
    child->stage = STAGE_KILLED;
    kill_group(child, SIGKILL);
}

static void take_message(struct child *child, const char *type, const json_t *message)
{
    struct vg_children *table = child->table;
    if (strcmp(type, "alive") == 0) {
        char note[VG_CHILD_TEXT_SIZE];
        text_of(message, "note", note, sizeof note);
        /* one that was refused is up when it is past what it was refused for, not before */
        const bool tries =
            child->restart.refused && json_is_true(json_object_get(message, "opening"));
        bool news = !tries && child->restart.state != VG_PART_UP;
        if (tries)
            vg_restart_on_sign(&child->restart, vg_mono_now());
        else
            vg_restart_on_up(&child->restart, vg_mono_now());
        if (news && vg_log_repeat_due(&child->said_up, vg_mono_now(), SAY_EVERY_US))
            vg_log(VG_LOG_INFO, "%s is up", child->plan->name);
        if (strcmp(note, child->note) != 0) {
            memcpy(child->note, note, sizeof note);
            news = true;
        }
        if (news)
            tell_changed(child);
    } else if (strcmp(type, "fault") == 0) {
        struct words *words = &child->words;
        text_of(message, "what", words->what, sizeof words->what);
        text_of(message, "remedy", words->remedy, sizeof words->remedy);
        text_of(message, "place", words->place, sizeof words->place);
    } else {
        table->listener->message(table->listener, child->number, type, message);
    }
}

/* Takes what lies ready; VG_OK: there may be more. */
static enum vg_status take_messages(struct child *child)
{
    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        const char *text = NULL, *type = NULL;
        size_t size = 0;
        enum vg_status status = vg_message_take(&child->reader, child->control, &text, &size);
        if (status != VG_OK)
            return status;
        json_t *message = vg_message_parse(text, size, &type);
        if (message == NULL)
            return VG_E_INPUT;
        take_message(child, type, message);
        json_decref(message);
    }
    return VG_OK;
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct child *child = user;
    enum vg_status status = take_messages(child);
    if (status == VG_OK || status == VG_E_END)
        return;
    (void)event_del(child->readable);
    /* closed: it is ending, or will be found silent */
    if (status != VG_E_CLOSED)
        kill_for(child, VG_END_NONSENSE);
}

/* send, not evbuffer_write: a child may have closed, and no SIGPIPE is wanted */
static void flush(struct child *child)
{
    struct evbuffer_iovec piece;
    while (evbuffer_peek(child->queue, -1, NULL, &piece, 1) > 0) {
        ssize_t sent =
            send(child->control, piece.iov_base, piece.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            (void)evbuffer_drain(child->queue, (size_t)sent);
        } else if (errno == EAGAIN || errno == EINTR) {
            (void)event_add(child->writable, NULL);
            return;
        } else { /* its end will be seen by SIGCHLD */
            (void)evbuffer_drain(child->queue, evbuffer_get_length(child->queue));
        }
    }
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    flush(user);
}

/* A configuration has passwords in it. */
static void wipe_text(const void *data, size_t size, void *text)
{
    (void)data;
    explicit_bzero(text, size);
    vg_free(text);
}

/* Head and text behind what is queued, both or neither. Takes the text if all is well. */
static enum vg_status append_text(struct evbuffer *queue, char *text, size_t size)
{
    uint8_t head[VG_MESSAGE_HEAD];
    enum vg_status status = VG_E_MEMORY;
    struct evbuffer *message = evbuffer_new();
    vg_message_head((uint32_t)size, head);
    if (message != NULL && evbuffer_add(message, head, sizeof head) == 0 &&
        evbuffer_add_reference(message, text, size, wipe_text, text) == 0) {
        (void)evbuffer_add_buffer(queue, message); /* moves: it needs no memory */
        status = VG_OK;
    }
    if (message != NULL)
        evbuffer_free(message);
    return status;
}

/* Takes the text, which is wiped as soon as it has gone out, or will not. NULL: no memory. */
static enum vg_status queue_text(struct child *child, char *text)
{
    enum vg_status status = VG_E_FULL;
    if (text == NULL)
        return VG_E_MEMORY;
    const size_t size = strlen(text);
    const bool stuck = evbuffer_get_length(child->queue) + size > QUEUE_MAX;
    if (size <= VG_MESSAGE_MAX && stuck)
        kill_for(child, VG_END_SILENT);
    else if (size <= VG_MESSAGE_MAX)
        status = append_text(child->queue, text, size);
    if (status) {
        wipe_text(text, size, text);
        return status;
    }
    flush(child);
    return VG_OK;
}

enum vg_status vg_children_send(struct vg_children *children, size_t number, const json_t *message)
{
    struct child *child = children->child[number];
    if (child->control < 0 || child->stage != STAGE_RUN)
        return VG_E_STATE;
    return queue_text(child, vg_json_text(message));
}

/* ---- life and death ---- */

static void control_close(struct child *child)
{
    if (child->readable != NULL)
        event_free(child->readable);
    if (child->writable != NULL)
        event_free(child->writable);
    if (child->queue != NULL)
        evbuffer_free(child->queue);
    if (child->control >= 0)
        (void)close(child->control);
    child->readable = child->writable = NULL;
    child->queue = NULL;
    child->control = -1;
}

static enum vg_status control_open(struct child *child, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return VG_E_LACK;
    *theirs = pair[1];
    child->control = pair[0];
    struct event_base *base = child->table->base;
    vg_message_reader_init(&child->reader, child->buffer, VG_MESSAGE_REPORT_MAX + 1);
    child->queue = evbuffer_new();
    child->readable = event_new(base, pair[0], EV_READ | EV_PERSIST, on_readable, child);
    child->writable = event_new(base, pair[0], EV_WRITE, on_writable, child);
    if (child->queue == NULL || child->readable == NULL || child->writable == NULL ||
        evutil_make_socket_nonblocking(pair[0]) != 0 || event_add(child->readable, NULL) != 0)
        return VG_E_MEMORY; /* ended by control_close; theirs by the caller */
    return VG_OK;
}

/* The supervisor's environment with the plan's variables over it; given, one block. */
static const char **environment_of(const struct plan *plan)
{
    size_t inherited = 0, count = 0;
    while (environ[inherited] != NULL)
        inherited++;
    const char **list = vg_alloc_array(inherited + OWN_VARIABLES_MAX + 1, sizeof *list);
    if (list == NULL)
        return NULL;
    for (size_t i = 0; plan->environment[i] != NULL; i++)
        list[count++] = plan->environment[i];
    for (size_t i = 0; i < inherited; i++) {
        bool replaced = false;
        size_t name = strcspn(environ[i], "=");
        for (size_t j = 0; plan->environment[j] != NULL; j++)
            replaced |= strncmp(environ[i], plan->environment[j], name + 1) == 0;
        if (!replaced)
            list[count++] = environ[i];
    }
    return list;
}

static enum vg_status launch(struct child *child)
{
    const struct plan *plan = child->plan;
    int fds[VG_CHILD_FDS_MAX + 1], theirs = -1;
    size_t fd_count = 0;
    const char **environment = environment_of(plan);
    enum vg_status status = environment == NULL ? VG_E_MEMORY : VG_OK;
    if (status == VG_OK && plan->kind == VG_CHILD_TALKS) {
        status = control_open(child, &theirs);
        fds[fd_count++] = theirs;
    }
    for (size_t i = 0; i < plan->fd_count; i++)
        fds[fd_count++] = plan->fds[i];
    const int output =
        plan->output == NULL ? -1 : vg_child_output_open(plan->output, &child->output_from);
    if (status == VG_OK)
        status = vg_spawn((const char *const *)plan->argv, environment, fds, fd_count, output,
                          &child->pid);
    if (theirs >= 0)
        (void)close(theirs);
    if (output >= 0)
        (void)close(output);
    if (status != VG_OK)
        control_close(child);
    vg_free(environment);
    return status;
}

static void start(struct child *child, struct vg_mono_time now)
{
    child->stage = STAGE_RUN;
    child->ordered = VG_END_NONE;
    child->note[0] = '\0';
    child->words = (struct words){.what = ""};
    vg_restart_on_start(&child->restart, now);
    enum vg_status status = launch(child);
    if (status != VG_OK) {
        child->pid = -1;
        child->cause = VG_END_SPAWN;
        (void)snprintf(child->detail, sizeof child->detail, "%s", vg_status_name(status));
        vg_restart_on_end(&child->restart, VG_END_SPAWN, now);
        log_end(child, now);
        tell_changed(child);
        return;
    }
    vg_log(VG_LOG_DEBUG, "%s started, process %d", child->plan->name, (int)child->pid);
    tell_changed(child);
    child->table->listener->started(child->table->listener, child->number);
}

static void arm(struct vg_children *table);

/* The process is gone and reaped. */
static void ended(struct child *child, int wait_status, struct vg_mono_time now)
{
    if (child->control >= 0)
        (void)take_messages(child);
    child->last = child->words;
    control_close(child);
    child->pid = -1;
    child->note[0] = '\0';
    describe_end(child, wait_status);
    child->cause = cause_of(child, wait_status);
    child->last_line[0] = '\0';
    if (child->plan->output != NULL)
        vg_child_output_last(child->plan->output, child->output_from, child->last_line,
                             sizeof child->last_line);
    if (child->next != NULL) {
        plan_close(&child->plan);
        child->plan = child->next;
        child->next = NULL;
    }
    if (child->table->stopping)
        vg_restart_on_stop(&child->restart);
    else
        vg_restart_on_end(&child->restart, child->cause, now);
    log_end(child, now);
    tell_changed(child);
}

/* Reaps the child if it ended. Its group is killed while its number is still taken. */
static void reap(struct child *child, int flags, struct vg_mono_time now)
{
    siginfo_t info = {.si_pid = 0};
    int wait_status = 0;
    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT | flags) != 0 || info.si_pid == 0)
        return;
    (void)kill(-child->pid, SIGKILL);
    if (waitpid(child->pid, &wait_status, 0) == child->pid)
        ended(child, wait_status, now);
}

static void on_death(evutil_socket_t number, short what, void *user)
{
    (void)number;
    (void)what;
    struct vg_children *table = user;
    for (size_t i = 0; i < table->count; i++)
        if (table->child[i]->pid > 0)
            reap(table->child[i], WNOHANG, vg_mono_now());
    arm(table);
}

/* ---- what is due ---- */

static void ask_to_end(struct child *child, enum vg_end_cause cause, struct vg_mono_time now)
{
    if (child->pid <= 0 || child->stage != STAGE_RUN)
        return;
    child->ordered = cause;
    child->kill_at.us = now.us + child->plan->stop_us;
    child->terminate_at.us = now.us + child->plan->stop_us / 2;
    child->stage = STAGE_TERMINATED;
    if (child->control >= 0 && child->restart.state == VG_PART_UP &&
        queue_text(child, vg_alloc_text("{\"type\":\"quit\"}")) == VG_OK)
        child->stage = STAGE_ASKED;
    else
        kill_group(child, SIGTERM);
}

static void press(struct child *child, struct vg_mono_time now)
{
    if (child->stage == STAGE_ASKED && now.us >= child->terminate_at.us) {
        child->stage = STAGE_TERMINATED;
        kill_group(child, SIGTERM);
    }
    if (child->stage == STAGE_TERMINATED && now.us >= child->kill_at.us) {
        vg_log(VG_LOG_WARN, "%s did not end when asked: killed", child->plan->name);
        child->stage = STAGE_KILLED;
        kill_group(child, SIGKILL);
    }
}

static void look_after(struct child *child, struct vg_mono_time last_look, struct vg_mono_time now)
{
    if (child->pid > 0) {
        press(child, now);
        enum vg_end_cause unwell = vg_restart_unwell(&child->restart, last_look, now);
        if (unwell != VG_END_NONE && child->stage == STAGE_RUN)
            kill_for(child, unwell);
    } else if (!child->table->stopping && vg_restart_due_us(&child->restart, now) == 0) {
        start(child, now);
    }
}

/* Asks the highest rank that still runs to end. */
static void stop_next_rank(struct vg_children *table, struct vg_mono_time now)
{
    bool any = false;
    uint32_t rank = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct child *child = table->child[i];
        if (child->pid > 0 && (!any || child->plan->rank > rank)) {
            rank = child->plan->rank;
            any = true;
        }
    }
    for (size_t i = 0; i < table->count && any; i++)
        if (table->child[i]->plan->rank == rank)
            ask_to_end(table->child[i], VG_END_PLANNED, now);
    if (!any && !table->told) {
        table->told = true;
        table->listener->all_ended(table->listener);
    }
}

/* Microseconds until something of the child is due. */
static int64_t due_us(const struct child *child, struct vg_mono_time now)
{
    if (child->pid <= 0) {
        int64_t wait = child->table->stopping ? -1 : vg_restart_due_us(&child->restart, now);
        return wait < 0 ? LOOK_US : wait;
    }
    if (child->stage == STAGE_ASKED)
        return child->terminate_at.us - now.us;
    if (child->stage == STAGE_TERMINATED)
        return child->kill_at.us - now.us;
    return LOOK_US;
}

static void arm(struct vg_children *table)
{
    struct vg_mono_time now = vg_mono_now();
    int64_t wait = LOOK_US;
    for (size_t i = 0; i < table->count; i++) {
        int64_t due = due_us(table->child[i], now);
        wait = due < wait ? due : wait;
    }
    if (table->stopping && !table->told)
        wait = wait < LOOK_US / 20 ? wait : LOOK_US / 20;
    wait = wait < 0 ? 0 : wait;
    struct timeval interval = {.tv_sec = wait / VG_US_PER_S, .tv_usec = wait % VG_US_PER_S};
    (void)event_add(table->timer, &interval);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct vg_children *table = user;
    struct vg_mono_time now = vg_mono_now(), last = table->last_look;
    table->last_look = now;
    for (size_t i = 0; i < table->count; i++)
        look_after(table->child[i], last, now);
    if (table->stopping)
        stop_next_rank(table, now);
    arm(table);
}

/* ---- the table ---- */

enum vg_status vg_children_open(struct vg_children **children, struct event_base *base,
                                struct vg_children_listener *listener)
{
    *children = NULL;
    struct vg_children *table = vg_alloc(sizeof *table);
    if (table == NULL)
        return VG_E_MEMORY;
    table->base = base;
    table->listener = listener;
    table->last_look = vg_mono_now();
    table->timer = evtimer_new(base, on_timer, table);
    table->death = evsignal_new(base, SIGCHLD, on_death, table);
    *children = table;
    if (table->timer != NULL && table->death != NULL && event_add(table->death, NULL) == 0) {
        arm(table);
        return VG_OK;
    }
    vg_children_close(children);
    return VG_E_LACK;
}

static void child_close(struct child *child)
{
    if (child->pid > 0) {
        kill_group(child, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
    }
    control_close(child);
    plan_close(&child->plan);
    plan_close(&child->next);
    vg_free(child->buffer);
    vg_free(child);
}

void vg_children_close(struct vg_children **children)
{
    struct vg_children *table = *children;
    *children = NULL;
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->count; i++)
        child_close(table->child[i]);
    if (table->timer != NULL)
        event_free(table->timer);
    if (table->death != NULL)
        event_free(table->death);
    vg_free(table);
}

enum vg_status vg_children_add(struct vg_children *children, const struct vg_child_spec *spec,
                               size_t *number)
{
    if (children->count == VG_CHILDREN_MAX)
        return VG_E_FULL;
    struct child *child = vg_alloc(sizeof *child);
    if (child == NULL)
        return VG_E_MEMORY;
    child->table = children;
    child->number = children->count;
    child->pid = child->control = -1;
    child->since = vg_wall_now();
    vg_restart_init(&child->restart, vg_mono_now());
    enum vg_status status = plan_open(&child->plan, spec);
    if (status == VG_OK && spec->kind == VG_CHILD_TALKS) {
        child->buffer = vg_alloc(VG_MESSAGE_REPORT_MAX + 1);
        status = child->buffer == NULL ? VG_E_MEMORY : VG_OK;
    }
    if (status != VG_OK) {
        child_close(child);
        return status;
    }
    *number = child->number;
    children->child[children->count++] = child;
    arm(children);
    return VG_OK;
}

enum vg_status vg_children_replan(struct vg_children *children, size_t number,
                                  const struct vg_child_spec *spec)
{
    struct child *child = children->child[number];
    struct plan *plan = NULL;
    enum vg_status status = plan_open(&plan, spec);
    if (status != VG_OK)
        return status;
    if (child->pid <= 0) {
        plan_close(&child->plan);
        child->plan = plan;
        return VG_OK;
    }
    plan_close(&child->next);
    child->next = plan;
    ask_to_end(child, VG_END_PLANNED, vg_mono_now());
    arm(children);
    return VG_OK;
}

void vg_children_sign(struct vg_children *children, size_t number, enum vg_child_sign sign)
{
    struct child *child = children->child[number];
    if (child->pid <= 0)
        return;
    if (sign == VG_CHILD_SIGN_LIFE) {
        vg_restart_on_sign(&child->restart, vg_mono_now());
        return;
    }
    bool news = child->restart.state != VG_PART_UP;
    vg_restart_on_up(&child->restart, vg_mono_now());
    if (!news)
        return;
    vg_log(VG_LOG_INFO, "%s is up", child->plan->name);
    tell_changed(child);
}

void vg_children_stop(struct vg_children *children)
{
    if (children->stopping)
        return;
    children->stopping = true;
    for (size_t i = 0; i < children->count; i++)
        if (children->child[i]->pid <= 0)
            vg_restart_on_stop(&children->child[i]->restart);
    arm(children);
}

void vg_children_news(struct vg_children *children)
{
    for (size_t i = 0; i < children->count; i++)
        vg_restart_on_news(&children->child[i]->restart, vg_mono_now());
    arm(children);
}

size_t vg_children_count(const struct vg_children *children)
{
    return children->count;
}

void vg_children_state(const struct vg_children *children, size_t number,
                       struct vg_child_state *state)
{
    const struct child *child = children->child[number];
    uint32_t starts = child->restart.starts;
    *state = (struct vg_child_state){
        .name = child->plan->name,
        .state = child->restart.state,
        .pid = child->pid,
        .restarts = starts > 0 ? starts - 1 : 0,
        .since = child->since,
        .cause = child->cause,
        .what = child->last.what,
        .remedy = child->last.remedy,
        .place = child->last.place,
        .note = child->note,
        .last_line = child->last_line,
    };
    memcpy(state->detail, child->detail, sizeof state->detail);
}
