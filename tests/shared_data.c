#include "tests/shared_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void join(const char *variable, const char *name, char *path, size_t size)
{
    const char *dir = getenv(variable);
    (void)snprintf(path, size, "%s/%s", dir ? dir : ".", name);
}

void vg_source_path(const char *name, char *path, size_t size)
{
    join("VIGIE_SOURCE_DIR", name, path, size);
}

void vg_build_path(const char *name, char *path, size_t size)
{
    join("VIGIE_BUILD_DIR", name, path, size);
}

int vg_shared_data(const char *name, char *path, size_t size)
{
    char inside[512];
    (void)snprintf(inside, sizeof inside, "../shared/%s", name);
    vg_source_path(inside, path, size);
    if (access(path, R_OK) == 0)
        return 1;
    (void)printf("skipped: no ../shared/%s\n", name);
    return 0;
}
