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
    int in, out;
    unsigned port; /* of its first camera; 0: it publishes */
};

/* The number in the next line the camera writes: the port of its next camera; 0 when it has none. */
static inline unsigned camera_next_port(const struct camera_child *camera)
{
    char line[64] = "";
    size_t have = 0;
    while (have < sizeof line - 1 && !strchr(line, '\n')) {
        if (read(camera->out, line + have, 1) <= 0)
            fail_msg("the camera does not start");
        have++;
    }
    return strncmp(line, "port ", 5) == 0 ? (unsigned)strtoul(line + 5, NULL, 10) : 0;
}

/* options: words for the camera (the head of tests/camera/camera.c has them), ended by NULL. It is not
 * waited for: one that publishes may have to be let in first. */
static inline void camera_spawn_with(struct camera_child *camera, const char *const *options,
                                     const char *clip)
{
    int in[2], out[2];
    char program[512];
    const char *words[32] = {"camera"};
    char *const *argv = NULL;
    size_t n = 1;
    posix_spawn_file_actions_t actions;
    vg_build_path("tests/camera", program, sizeof program);
    for (; options && *options; options++) {
        assert_true(n + 2 < sizeof words / sizeof *words);
        words[n++] = *options;
    }
    words[n] = clip;
    const char *const *all = words;
    memcpy(&argv, &all, sizeof argv); /* posix_spawn leaves the texts alone */
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
    camera->out = out[0];
    camera->port = 0;
}

/* The same, once it has begun. */
static inline void camera_start_with(struct camera_child *camera, const char *const *options,
                                     const char *clip)
{
    camera_spawn_with(camera, options, clip);
    camera->port = camera_next_port(camera);
}

/* credentials: base64 of user:password that it wants; NULL: none. */
static inline void camera_start(struct camera_child *camera, const char *clip,
                                const char *credentials)
{
    const char *const options[] = {credentials ? "-a" : NULL, credentials, NULL};
    camera_start_with(camera, options, clip);
    assert_true(camera->port > 0);
}

static inline void camera_stop(struct camera_child *camera)
{
    int status = 0;
    (void)close(camera->in);
    (void)close(camera->out);
    assert_int_equal(waitpid(camera->pid, &status, 0), camera->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static inline void camera_url(const struct camera_child *camera, const char *path, char *url,
                              size_t size)
{
    (void)snprintf(url, size, "rtsp://127.0.0.1:%u/%s", camera->port, path);
}

#endif
