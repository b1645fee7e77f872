/* The version of the program, "0.1.0". */
#ifndef VG_BASE_VERSION_H
#define VG_BASE_VERSION_H

const char *vg_version(void);

#endif
