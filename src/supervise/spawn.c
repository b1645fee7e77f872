/* fork and exec. Between the two only what is safe there (signal-safety(7)): the descriptors
 * are first lifted above their places, so that none is overwritten before it was copied. */
#include "src/supervise/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    FIRST_FD = 3
};

static void default_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* 0, or -1. */
static int place_fds(const int *fds, size_t count, int output)
{
    int lifted[VG_SPAWN_FDS_MAX];
    int floor = FIRST_FD + (int)count;
    if (output >= 0 && dup2(output, STDERR_FILENO) < 0) /* before its number is taken */
        return -1;
    for (size_t i = 0; i < count; i++) {
        lifted[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, floor);
        if (lifted[i] < 0)
            return -1;
    }
    for (size_t i = 0; i < count; i++)
        if (dup2(lifted[i], FIRST_FD + (int)i) < 0)
            return -1;
    int null = open("/dev/null", O_RDWR); /* closed below if it is not stdin itself */
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return -1;
    return (int)syscall(SYS_close_range, (unsigned)floor, ~0u, 0u);
}

static void become(const char *const *argv, const char *const *environment, const int *fds,
                   size_t fd_count, int output, pid_t parent)
{
    (void)setpgid(0, 0);
    /* the parent may have ended before the signal was asked for */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        return;
    default_signals();
    if (place_fds(fds, fd_count, output) != 0)
        return;
    union { /* execve's prototype is older than const */
        const char *const *in;
        char *const *out;
    } arguments = {.in = argv}, variables = {.in = environment};
    (void)execve(argv[0], arguments.out, variables.out);
}

enum vg_status vg_spawn(const char *const *argv, const char *const *environment, const int *fds,
                        size_t fd_count, int output, pid_t *pid)
{
    if (fd_count > VG_SPAWN_FDS_MAX)
        return VG_E_FULL;
    pid_t self = getpid();
    pid_t made = fork();
    if (made < 0)
        return VG_E_LACK;
    if (made == 0) {
        become(argv, environment, fds, fd_count, output, self);
        _exit(VG_SPAWN_NOT_STARTED);
    }
    (void)setpgid(made, made); /* both sides do it: whoever comes first */
    *pid = made;
    return VG_OK;
}

enum vg_status vg_program_find(const char *name, char *path, size_t size)
{
    const char *folders = getenv("PATH");
    if (folders == NULL || folders[0] == '\0')
        folders = "/usr/bin:/bin";
    while (*folders != '\0') {
        size_t length = strcspn(folders, ":");
        int written = snprintf(path, size, "%.*s/%s", (int)length, folders, name);
        if (written < 0 || (size_t)written >= size)
            return VG_E_FULL;
        if (length > 0 && access(path, X_OK) == 0)
            return VG_OK;
        folders += length;
        folders += *folders == ':';
    }
    return VG_E_MISSING;
}
