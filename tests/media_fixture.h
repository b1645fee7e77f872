/* What the media tests share: a folder of their own, clips made by the ffmpeg command, the test
 * camera as a child. All static, so that a test includes what it needs. */
#ifndef VG_TESTS_MEDIA_FIXTURE_H
#define VG_TESTS_MEDIA_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/shared_data.h"

struct media_folder {
    char path[256];
};

extern char **environ;

static inline void folder_open(struct media_folder *folder)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder->path, sizeof folder->path, "%s/vigie-media-XXXXXX",
                   base ? base : "/tmp");
    if (!mkdtemp(folder->path))
        fail_msg("no folder");
}

/* Runs a command found on the PATH; its exit code, -1 when it cannot be run. */
static inline int run_command(const char *const argv[])
{
    pid_t pid = 0;
    int status = 0;
    char *const *args = NULL;
    memcpy(&args, &argv, sizeof args); /* posix_spawnp leaves the texts alone */
    if (posix_spawnp(&pid, argv[0], NULL, NULL, args, environ) != 0)
        return -1;
    if (waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void folder_close(const struct media_folder *folder)
{
    const char *const argv[] = {"rm", "-rf", folder->path, NULL};
    (void)run_command(argv);
}

static inline void folder_file(const struct media_folder *folder, const char *name, char *path,
                               size_t size)
{
    (void)snprintf(path, size, "%s/%s", folder->path, name);
}

/* ffmpeg with a lavfi source and up to 12 words of options (ended by NULL) into folder/name. */
static inline void make_clip(const struct media_folder *folder, const char *name, const char *lavfi,
                             const char *const *options)
{
    char path[512];
    const char *argv[32] = {"ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", lavfi};
    size_t n = 9;
    folder_file(folder, name, path, sizeof path);
    for (size_t i = 0; options && options[i]; i++) {
        assert_true(n + 2 < sizeof argv / sizeof *argv);
        argv[n++] = options[i];
    }
    argv[n] = path;
    if (run_command(argv) != 0)
        fail_msg("ffmpeg did not make %s", name);
}

/* The first `size` bytes of data as folder/name. */
static inline void put_file(const struct media_folder *folder, const char *name, const void *data,
                            size_t size)
{
    char path[512];
    folder_file(folder, name, path, sizeof path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline size_t get_file(const struct media_folder *folder, const char *name, uint8_t *data,
                              size_t room)
{
    char path[512];
    folder_file(folder, name, path, sizeof path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(data, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

/* The test camera: a child that ends when `in` is closed. */
struct camera_child {
    pid_t pid;
    int in;
    unsigned port;
};

static inline void camera_start(struct camera_child *camera, const char *clip,
                                const char *credentials)
{
    int in[2], out[2];
    char program[512], line[64] = "";
    posix_spawn_file_actions_t actions;
    vg_build_path("tests/camera", program, sizeof program);
    char words[4][512] = {"camera", "-a", "", ""};
    char *argv[5] = {words[0], words[1], words[2], words[3], NULL};
    (void)snprintf(words[2], sizeof words[2], "%s", credentials ? credentials : "");
    (void)snprintf(words[3], sizeof words[3], "%s", clip);
    if (!credentials) {
        argv[1] = words[3];
        argv[2] = NULL;
    }
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    (void)fcntl(in[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(out[0], F_SETFD, FD_CLOEXEC);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn(&camera->pid, program, &actions, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    camera->in = in[1];
    size_t have = 0;
    while (have < sizeof line - 1 && !strchr(line, '\n')) {
        const ssize_t got = read(out[0], line + have, sizeof line - 1 - have);
        if (got <= 0)
            fail_msg("the camera does not start");
        have += (size_t)got;
    }
    (void)close(out[0]);
    camera->port = (unsigned)strtoul(line + strlen("port "), NULL, 10);
    assert_true(camera->port > 0);
}

static inline void camera_stop(struct camera_child *camera)
{
    int status = 0;
    (void)close(camera->in);
    assert_int_equal(waitpid(camera->pid, &status, 0), camera->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static inline void camera_url(const struct camera_child *camera, const char *path, char *url,
                              size_t size)
{
    (void)snprintf(url, size, "rtsp://127.0.0.1:%u/%s", camera->port, path);
}

#endif
