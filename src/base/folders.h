/* Where Vigie keeps things: the VIGIE_* variables, else the XDG folders, else the service's. */
#ifndef VG_BASE_FOLDERS_H
#define VG_BASE_FOLDERS_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/status.h"

enum vg_folder {
    VG_FOLDER_DATA, /* VIGIE_DATA,   XDG_DATA_HOME/vigie,  ~/.local/share/vigie */
    /* VIGIE_MODELS, the data folder's models/, or, while that is not there, the folder that
     * ./dev model fills beside the sources which this program was built from */
    VG_FOLDER_MODELS,
    VG_FOLDER_CACHE /* VIGIE_CACHE,  XDG_CACHE_HOME/vigie, ~/.cache/vigie */
};

/* Writes the path; makes nothing. VG_E_LACK when neither variable nor home is set. */
enum vg_status vg_folder_path(enum vg_folder folder, char *path, size_t size) VG_MUST_USE;

#endif
