#include "src/supervise/child_output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TAIL_BYTES = 1024
};

int vg_child_output_open(const char *path, off_t *from)
{
    struct stat st;
    *from = 0;
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        (st.st_size > VG_CHILD_OUTPUT_MAX && ftruncate(fd, 0) != 0)) {
        if (fd >= 0)
            (void)close(fd);
        return open("/dev/null", O_WRONLY | O_CLOEXEC);
    }
    *from = st.st_size > VG_CHILD_OUTPUT_MAX ? 0 : st.st_size;
    return fd;
}

/* The file's last bytes from `from` on; how many there are. */
static size_t read_tail(const char *path, off_t from, char tail[TAIL_BYTES])
{
    struct stat st;
    ssize_t got = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > from) {
        const off_t start = st.st_size - TAIL_BYTES > from ? st.st_size - TAIL_BYTES : from;
        got = pread(fd, tail, TAIL_BYTES, start);
    }
    (void)close(fd);
    return got > 0 ? (size_t)got : 0;
}

void vg_child_output_last(const char *path, off_t from, char *line, size_t size)
{
    char tail[TAIL_BYTES];
    size_t end = read_tail(path, from, tail);
    while (end > 0 && (tail[end - 1] == '\n' || tail[end - 1] == '\r' || tail[end - 1] == ' '))
        end--;
    size_t start = end;
    while (start > 0 && tail[start - 1] != '\n')
        start--;
    const size_t length = end - start < size ? end - start : size - 1;
    for (size_t i = 0; i < length; i++) /* a control character would not stay in its line */
        line[i] = (unsigned char)tail[start + i] < 0x20 ? ' ' : tail[start + i];
    line[length] = '\0';
}
