#include "src/base/folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum vg_status under(const char *dir, const char *name, char *path, size_t size)
{
    const int n = snprintf(path, size, "%s%s", dir, name);
    return n < 0 || (size_t)n >= size ? VG_E_LACK : VG_OK;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* VARIABLE, else $XDG/vigie, else ~/HOME_PART/vigie. */
static enum vg_status choose(const char *own, const char *xdg, const char *home_part, char *path,
                             size_t size)
{
    if (variable(own))
        return under(variable(own), "", path, size);
    if (variable(xdg))
        return under(variable(xdg), "/vigie", path, size);
    const char *home = variable("HOME");
    return home ? under(home, home_part, path, size) : VG_E_LACK;
}

enum vg_status vg_folder_path(enum vg_folder folder, char *path, size_t size)
{
    if (folder == VG_FOLDER_CACHE)
        return choose("VIGIE_CACHE", "XDG_CACHE_HOME", "/.cache/vigie", path, size);
    if (folder == VG_FOLDER_DATA)
        return choose("VIGIE_DATA", "XDG_DATA_HOME", "/.local/share/vigie", path, size);
    if (variable("VIGIE_MODELS"))
        return under(variable("VIGIE_MODELS"), "", path, size);
    char data[4096];
    enum vg_status status =
        choose("VIGIE_DATA", "XDG_DATA_HOME", "/.local/share/vigie", data, sizeof data);
    if (!status)
        status = under(data, "/models", path, size);
    if ((status || access(path, R_OK) != 0) && access(VG_BUILD_MODELS_DIR, R_OK) == 0)
        return under(VG_BUILD_MODELS_DIR, "", path, size);
    return status;
}
