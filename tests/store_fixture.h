/* A data folder and its database, made for one test and removed after it. */
#ifndef VG_TESTS_STORE_FIXTURE_H
#define VG_TESTS_STORE_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/store/database.h"

struct store_fixture {
    char folder[128];
    struct vg_database *database;
    struct vg_fault fault;
};

/* Removes a folder of plain files and of folders at most four deep. */
static inline void store_remove_tree(const char *folder, int depth)
{
    DIR *open = opendir(folder);
    for (struct dirent *e; open && (e = readdir(open)) != NULL;) {
        char path[512];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (vg_path_join(path, sizeof path, folder, e->d_name) == VG_OK && unlink(path) != 0 &&
            depth < 4)
            store_remove_tree(path, depth + 1);
    }
    if (open)
        (void)closedir(open);
    (void)rmdir(folder);
}

static inline int store_set_up(void **state)
{
    struct store_fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/vigie-store-XXXXXX");
    if (!mkdtemp(f->folder) ||
        vg_database_open(&f->database, f->folder, VG_DATABASE_CREATE, &f->fault) != VG_OK)
        return -1;
    *state = f;
    return 0;
}

/* The same where every write fails: the folder is a file. */
static inline struct store_fixture store_without_folder(const struct store_fixture *f)
{
    struct store_fixture there = *f;
    (void)snprintf(there.folder, sizeof there.folder, "%.100s/file", f->folder);
    FILE *file = fopen(there.folder, "w");
    if (!file || fclose(file) != 0)
        abort();
    return there;
}

/* Writes over a part of a file, 256 bytes at most. */
static inline void store_damage(const char *path, off_t at, size_t size)
{
    char bytes[256];
    memset(bytes, 0x5a, sizeof bytes);
    const int fd = open(path, O_WRONLY);
    if (size > sizeof bytes || pwrite(fd, bytes, size, at) != (ssize_t)size || close(fd) != 0)
        abort();
}

static inline int store_tear_down(void **state)
{
    struct store_fixture *f = *state;
    vg_database_close(&f->database);
    store_remove_tree(f->folder, 0);
    free(f);
    return 0;
}

#endif
