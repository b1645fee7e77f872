/* Where the test data that the project does not carry may lie. The one place that names it. */
#ifndef VG_TESTS_SHARED_DATA_H
#define VG_TESTS_SHARED_DATA_H

#include <stddef.h>

/* Writes the path of `name` (such as "data/pets2009/vtest.avi") into `path` and returns 1 if
 * the file is there; else says "skipped: no ../shared/NAME" on stdout and returns 0. */
int vg_shared_data(const char *name, char *path, size_t size);

/* Path of a file of this project from its root, by VIGIE_SOURCE_DIR or the working folder. */
void vg_source_path(const char *name, char *path, size_t size);

/* Path of a file of the build folder, by VIGIE_BUILD_DIR or the working folder. */
void vg_build_path(const char *name, char *path, size_t size);

#endif
