#include "src/cli/media_names.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool ends(const char *name, const char *const *endings, size_t count)
{
    const char *slash = strrchr(name, '/');
    const char *file = slash ? slash + 1 : name, *dot = strrchr(file, '.');
    for (size_t i = 0; dot && file[0] != '.' && i < count; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

bool vg_is_clip_name(const char *name)
{
    static const char *const endings[] = {".mp4", ".avi",  ".mkv",  ".mov",  ".ts",   ".m4v",
                                          ".mpg", ".mpeg", ".webm", ".h264", ".mjpeg"};
    return ends(name, endings, sizeof endings / sizeof *endings);
}

bool vg_is_picture_name(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".bmp", ".ppm"};
    return ends(name, endings, sizeof endings / sizeof *endings);
}
