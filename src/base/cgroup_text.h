/* What Linux says of the control group of a process, as far as processors go: where the group stands
 * and what it may take. Texts to numbers; no file is read. Sources: proc(5), cgroups(7), the kernel's
 * Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst. Pure. */
#ifndef VG_BASE_CGROUP_TEXT_H
#define VG_BASE_CGROUP_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_CGROUP_PATH_SIZE  1024           /* with the end; a longer one is refused */
#define VG_CGROUP_CORES_MOST (1024u * 1000) /* thousandths; a limit above is this */

enum vg_cgroup_kind {
    VG_CGROUP_V1, /* the hierarchy that has the controller "cpu" */
    VG_CGROUP_V2,
    VG_CGROUP_KINDS
};

/* The group of the process in that hierarchy, by /proc/PID/cgroup: "/", "/system.slice/x".
 * VG_E_MISSING: it is in none; VG_E_FULL: the path is too long. */
enum vg_status vg_cgroup_group_parse(const char *text, size_t size, enum vg_cgroup_kind kind,
                                     char group[VG_CGROUP_PATH_SIZE]) VG_MUST_USE;

/* Where the hierarchy is mounted, and which group of it is seen there, by /proc/PID/mountinfo: the
 * first such mount. VG_E_MISSING: it is not mounted; VG_E_FULL: a path is too long. */
struct vg_cgroup_mount {
    char group[VG_CGROUP_PATH_SIZE], folder[VG_CGROUP_PATH_SIZE];
};
enum vg_status vg_cgroup_mount_parse(const char *text, size_t size, enum vg_cgroup_kind kind,
                                     struct vg_cgroup_mount *mount) VG_MUST_USE;

/* The folder of the group, absolute. VG_E_MISSING: it is not below the group that is seen there, as of a process
 * that was moved out of its namespace; VG_E_FULL. */
enum vg_status vg_cgroup_folder(const struct vg_cgroup_mount *mount, const char *group,
                                char folder[VG_CGROUP_PATH_SIZE]) VG_MUST_USE;

/* Thousandths of a core by "QUOTA PERIOD", both in microseconds, as cpu.max has it, or the files
 * cpu.cfs_quota_us and cpu.cfs_period_us one after the other; 1 to VG_CGROUP_CORES_MOST. 0: no limit
 * ("max", -1). VG_E_INPUT. */
enum vg_status vg_cgroup_limit_parse(const char *text, size_t size,
                                     uint32_t *cores_milli) VG_MUST_USE;

/* What the group has taken of a processor, in microseconds: by cpu.stat (v2) or cpuacct.usage (v1, in
 * nanoseconds). VG_E_INPUT. */
enum vg_status vg_cgroup_used_parse(const char *text, size_t size, enum vg_cgroup_kind kind,
                                    int64_t *used_us) VG_MUST_USE;

#endif
