/* Any program that prints watts (vg_watts_parse) and ends: run once for each reading, without a shell
 * (vg_command_split), in a process group of its own that is killed at the deadline. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/energy/meter_source.h"
#include "src/energy/watts_text.h"

#define WORD_MAX 48 /* of the command, in its name */

extern char **environ;

enum {
    OUTPUT_MAX = 4096,
    LOOK_US = 2000
};

struct command {
    char room[sizeof((struct vg_meter_settings *)NULL)->command + VG_COMMAND_WORDS_MAX];
    char *words[VG_COMMAND_WORDS_MAX + 1];
    int64_t deadline_us;
};

static enum vg_status failed(const struct command *c, enum vg_status status, const char *why,
                             struct vg_fault *fault)
{
    return vg_fault_set(fault, status, N_("the command that tells the power failed"),
                        N_("run it by hand: it must print one number of watts and end with 0"),
                        "%s: %s", c->words[0], why);
}

static int spawn(const struct command *c, int output, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&how);
    int code = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    if (!code)
        code = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!code)
        code = posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                  POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setpgroup(&how, 0);
    (void)posix_spawnattr_setsigmask(&how, &none);
    (void)posix_spawnattr_setsigdefault(&how, &all);
    if (!code)
        code = posix_spawnp(pid, c->words[0], &files, &how, c->words, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&how);
    return code;
}

/* All that is printed until the end of the output; VG_E_TIMEOUT, VG_E_FULL. */
static enum vg_status output_read(int fd, int64_t until_us, char *text, size_t *size)
{
    *size = 0;
    while (*size < OUTPUT_MAX) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int64_t left_us = until_us - vg_mono_now().us;
        if (left_us <= 0 || poll(&ready, 1, (int)(left_us / 1000) + 1) == 0)
            return VG_E_TIMEOUT;
        const ssize_t n = read(fd, text + *size, OUTPUT_MAX - *size);
        if (n == 0)
            return VG_OK;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return VG_E_IO;
        *size += n > 0 ? (size_t)n : 0;
    }
    return VG_E_FULL;
}

/* Lets it end until then, kills what is left of its group, and takes its exit status. */
static enum vg_status end(pid_t pid, int64_t until_us, int *status)
{
    siginfo_t info = {.si_pid = 0};
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == 0 &&
           vg_mono_now().us < until_us)
        vg_pause_us(LOOK_US);
    (void)kill(-pid, SIGKILL); /* before it is taken: its number is still its own */
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
    }
    return info.si_pid ? VG_OK : VG_E_TIMEOUT;
}

static enum vg_status run(struct command *c, int64_t until_us, char *text, size_t *size,
                          struct vg_fault *fault)
{
    int pipe_fd[2], exit_status = 0;
    pid_t pid;
    if (pipe(pipe_fd))
        return failed(c, VG_E_LACK, strerror(errno), fault);
    (void)fcntl(pipe_fd[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fd[1], F_SETFD, FD_CLOEXEC);
    const int code = spawn(c, pipe_fd[1], &pid);
    (void)close(pipe_fd[1]);
    enum vg_status status = VG_E_LACK;
    if (!code) {
        status = output_read(pipe_fd[0], until_us, text, size);
        const enum vg_status ended = end(pid, status ? 0 : until_us, &exit_status);
        status = status ? status : ended;
    }
    (void)close(pipe_fd[0]);
    if (code)
        return failed(c, status, strerror(code), fault);
    if (status)
        return failed(c, status, vg_status_name(status), fault);
    if (!WIFEXITED(exit_status) || WEXITSTATUS(exit_status) != 0)
        return failed(c, VG_E_IO, WIFEXITED(exit_status) ? "exit" : "signal", fault);
    return VG_OK;
}

static enum vg_status command_read(void *state, struct vg_meter_sample *sample,
                                   struct vg_fault *fault)
{
    struct command *c = state;
    char text[OUTPUT_MAX];
    size_t size = 0;
    enum vg_status status = run(c, vg_mono_now().us + c->deadline_us, text, &size, fault);
    if (!status && vg_watts_parse(text, size, &sample->watts))
        status = vg_fault_set(fault, VG_E_INPUT, N_("the meter's answer is not a number"), NULL,
                              "%s", c->words[0]);
    return status;
}

static enum vg_status command_open(void **state, const struct vg_meter_settings *settings,
                                   const struct vg_meter_about *about, struct vg_fault *fault)
{
    struct command *c = vg_alloc(sizeof *c);
    (void)about;
    *state = c;
    if (!c)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "command");
    c->deadline_us = settings->deadline_us ? settings->deadline_us : VG_METER_DEADLINE_US;
    const enum vg_status status =
        vg_command_split(settings->command, c->room, sizeof c->room, c->words);
    return status ? vg_fault_set(fault, VG_E_CALL, N_("this is no command line"),
                                 N_("a program and its words; no shell reads it"), "%s",
                                 settings->command)
                  : VG_OK;
}

static enum vg_status command_find(const struct vg_meter_settings *settings,
                                   struct vg_meter_list *list, struct vg_fault *fault)
{
    struct vg_meter_sample sample;
    void *state = NULL;
    if (!settings->command[0])
        return vg_fault_set(fault, VG_E_MISSING, N_("no command was named"),
                            N_("name one that prints watts with --power-cmd"), "%s", "command");
    struct vg_meter_entry *entry = vg_meter_list_add(list, VG_METER_COMMAND);
    if (!entry)
        return VG_OK;
    const size_t word = strcspn(settings->command, " \t");
    (void)snprintf(entry->about.name, sizeof entry->about.name, "command:%.*s",
                   word < WORD_MAX ? (int)word : WORD_MAX, settings->command);
    entry->about.scope = settings->command_scope;
    entry->about.form = VG_METER_POWER;
    entry->about.period_us = VG_US_PER_S;
    entry->status = command_open(&state, settings, NULL, &entry->fault);
    if (!entry->status)
        entry->status = command_read(state, &sample, &entry->fault);
    vg_free(state);
    return VG_OK;
}

const struct vg_meter_source vg_command_source = {"command", command_find, command_open,
                                                  command_read, vg_free};
