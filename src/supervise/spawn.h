/* Starts one program with exactly the descriptors it is given. */
#ifndef VG_SUPERVISE_SPAWN_H
#define VG_SUPERVISE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_SPAWN_FDS_MAX     72
#define VG_SPAWN_NOT_STARTED 127 /* exit code when the program could not be executed */

/* Starts argv[0] (a path) with `environment`, both ended by NULL. fds: become 3, 4, ... in the
 * child; stdin is /dev/null, stdout and stderr both `output`, or the caller's stderr when that is
 * -1; every other descriptor is closed. The child leads a process group of its own, gets SIGKILL when the calling thread
 * ends, and has the default signal actions. *pid is to be reaped by the caller.
 * VG_E_FULL (too many fds), VG_E_LACK (no process to be had). */
enum vg_status vg_spawn(const char *const *argv, const char *const *environment, const int *fds,
                        size_t fd_count, int output, pid_t *pid) VG_MUST_USE;

/* Finds a program as the shell would. VG_E_MISSING; VG_E_FULL when the path does not fit. */
enum vg_status vg_program_find(const char *name, char *path, size_t size) VG_MUST_USE;

#endif
