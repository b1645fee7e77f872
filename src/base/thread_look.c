#define _GNU_SOURCE /* syscall */
#include "src/base/thread_look.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int32_t vg_thread_number(void)
{
    return (int32_t)syscall(SYS_gettid);
}

bool vg_thread_can_run(int32_t number)
{
    char path[64], text[256];
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)number);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t size = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[size > 0 ? size : 0] = '\0';
    const char *end =
        strrchr(text, ')'); /* of the name, which may hold anything: "7 (name) R ..." */
    return end && end[1] == ' ' && end[2] == 'R';
}
