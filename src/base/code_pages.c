#include "src/base/code_pages.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* A line of /proc/self/maps: "first-end r-xp offset device inode path". */
static int is_code(const char *line, uintptr_t *first, uintptr_t *end)
{
    char rights[5] = "";
    int path = 0;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %n", first, end, rights, &path) < 3)
        return 0;
    return strcmp(rights, "r-xp") == 0 && path && line[path] == '/' && *end > *first;
}

void vg_code_pages_drop(void)
{
    char line[4608]; /* a path, and what stands before it */
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps)) {
        uintptr_t first, end;
        if (is_code(line, &first, &end) && end - first >= VG_CODE_PAGES_LARGE)
            (void)madvise((void *)first, end - first, MADV_DONTNEED);
    }
    if (maps)
        (void)fclose(maps);
}
