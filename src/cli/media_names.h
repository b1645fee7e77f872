/* What a file is, by the ending of its name. Pure. */
#ifndef VG_CLI_MEDIA_NAMES_H
#define VG_CLI_MEDIA_NAMES_H

#include <stdbool.h>

/* A name that begins with a dot is of neither kind. */
bool vg_is_clip_name(const char *name);
bool vg_is_picture_name(const char *name);

#endif
