/* The file that takes what a program writes on stdout and stderr when it cannot speak in lines of
 * our log: opened anew at each start, emptied there once it is too large; its last line says why
 * a start failed. */
#ifndef VG_SUPERVISE_CHILD_OUTPUT_H
#define VG_SUPERVISE_CHILD_OUTPUT_H

#include <stddef.h>
#include <sys/types.h>

#define VG_CHILD_OUTPUT_MAX (10 << 20) /* bytes; a larger file is emptied at the next start */

/* Opens the file to append; *from is where what comes now begins. Never -1 unless /dev/null cannot
 * be opened either: that is what takes the output when the file cannot be had. Given: to close. */
int vg_child_output_open(const char *path, off_t *from);

/* The last line of the file that is not empty and begins at `from` or later, cut to size; "" when
 * there is none. */
void vg_child_output_last(const char *path, off_t from, char *line, size_t size);

#endif
