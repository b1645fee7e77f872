#include "bench/bench_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/text.h"

#define DEPTH_MAX 8 /* of folders in it */

enum vg_status vg_bench_folder_make(char folder[VG_BENCH_FOLDER_SIZE], struct vg_fault *fault)
{
    static const char name[] = "vigie-bench-XXXXXX";
    const char *temporary = getenv("TMPDIR");
    if (!temporary || strlen(temporary) + sizeof name + 1 > VG_BENCH_FOLDER_SIZE)
        temporary = "/tmp";
    (void)snprintf(folder, VG_BENCH_FOLDER_SIZE, "%.*s/%s",
                   (int)(VG_BENCH_FOLDER_SIZE - sizeof name - 2), temporary, name);
    if (mkdtemp(folder))
        return VG_OK;
    folder[0] = '\0';
    return vg_fault_set(fault, VG_E_LACK, N_("the data folder cannot be used"), NULL, "%s: %s",
                        temporary, strerror(errno));
}

static void remove_tree(int parent, const char *name, int depth)
{
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        (void)unlinkat(parent, name, fd >= 0 ? AT_REMOVEDIR : 0);
        return;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_tree(dirfd(dir), entry->d_name, depth + 1);
    (void)closedir(dir);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

void vg_bench_folder_remove(const char *folder)
{
    if (folder[0])
        remove_tree(AT_FDCWD, folder, 0);
}
