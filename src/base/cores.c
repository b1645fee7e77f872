#define _GNU_SOURCE /* sched_getaffinity */
#include "src/base/cores.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"

#define PROC_MOST       (1u << 20) /* of a text of /proc: thousands of mounts */
#define TEXT_SIZE       1024
#define PROCESSORS_MOST 16384

/* ---- where ---- */

/* Whole, or not at all: such a file does not tell its size. */
static enum vg_status read_proc(const char *root, const char *name, char **text, size_t *size)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/proc/self/%s", root, name) >= sizeof path)
        return VG_E_FULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return VG_E_MISSING;
    *text = vg_alloc(PROC_MOST);
    enum vg_status status = *text ? vg_fd_read(fd, *text, PROC_MOST, size) : VG_E_MEMORY;
    (void)close(fd);
    return !status && *size == PROC_MOST ? VG_E_FULL : status;
}

struct texts {
    char *groups, *mounts;
    size_t groups_size, mounts_size;
};

static enum vg_status find_group(const struct texts *t, enum vg_cgroup_kind kind, const char *root,
                                 struct vg_cores_group *found)
{
    char group[VG_CGROUP_PATH_SIZE], folder[VG_CGROUP_PATH_SIZE];
    struct vg_cgroup_mount mount;
    enum vg_status status = vg_cgroup_group_parse(t->groups, t->groups_size, kind, group);
    if (!status)
        status = vg_cgroup_mount_parse(t->mounts, t->mounts_size, kind, &mount);
    if (!status)
        status = vg_cgroup_folder(&mount, group, folder);
    if (status)
        return status;
    status = vg_path_join(found->folder, sizeof found->folder, root, folder + 1);
    if (status) {
        found->folder[0] = '\0';
        return status;
    }
    found->top = strlen(root) + strlen(mount.folder);
    return VG_OK;
}

void vg_cores_find(struct vg_cores_place *place, const char *root)
{
    struct texts t = {.groups = NULL};
    *place = (struct vg_cores_place){.group = {{.top = 0}}};
    enum vg_status status = read_proc(root, "cgroup", &t.groups, &t.groups_size);
    if (!status)
        status = read_proc(root, "mountinfo", &t.mounts, &t.mounts_size);
    for (int k = 0; k < VG_CGROUP_KINDS && !status; k++)
        (void)!find_group(&t, (enum vg_cgroup_kind)k, root, &place->group[k]);
    vg_free(t.groups);
    vg_free(t.mounts);
}

/* ---- how many ---- */

static uint32_t online(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (uint32_t)count : 1;
}

static uint32_t allowed(uint32_t otherwise)
{
    cpu_set_t set[PROCESSORS_MOST / CPU_SETSIZE];
    if (sched_getaffinity(0, sizeof set, set) != 0)
        return otherwise;
    const int count = CPU_COUNT_S(sizeof set, set);
    return count > 0 ? (uint32_t)count : otherwise;
}

/* Behind what is in `text`; *size: of that. */
static enum vg_status add_file(const char *folder, const char *name, char text[TEXT_SIZE],
                               size_t *size)
{
    char path[VG_CGROUP_PATH_SIZE + 32];
    size_t done = 0;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return VG_E_MISSING;
    const enum vg_status status = vg_fd_read(fd, text + *size, TEXT_SIZE - *size, &done);
    (void)close(fd);
    *size += done;
    return status;
}

/* 0: none */
static uint32_t limit_of(const char *folder, enum vg_cgroup_kind kind)
{
    static const char *const names[VG_CGROUP_KINDS][2] = {
        [VG_CGROUP_V1] = {"cpu.cfs_quota_us", "cpu.cfs_period_us"},
        [VG_CGROUP_V2] = {"cpu.max", NULL},
    };
    char text[TEXT_SIZE];
    size_t size = 0;
    uint32_t milli = 0;
    for (int i = 0; i < 2 && names[kind][i]; i++)
        if (add_file(folder, names[kind][i], text, &size))
            return 0;
    return vg_cgroup_limit_parse(text, size, &milli) ? 0 : milli;
}

/* cpuacct is mostly mounted with cpu; where it is not, the file is not there. */
static int64_t used_by(const char *folder, enum vg_cgroup_kind kind)
{
    char text[TEXT_SIZE];
    size_t size = 0;
    int64_t us = 0;
    if (add_file(folder, kind == VG_CGROUP_V2 ? "cpu.stat" : "cpuacct.usage", text, &size))
        return 0;
    return vg_cgroup_used_parse(text, size, kind, &us) ? 0 : us;
}

/* The least from the group up to the top. */
static void look_up(const struct vg_cores_group *group, enum vg_cgroup_kind kind,
                    struct vg_cores *cores)
{
    char folder[VG_CGROUP_PATH_SIZE];
    memcpy(folder, group->folder, sizeof folder);
    for (size_t size = strlen(folder); size > 0 && size >= group->top; folder[size] = '\0') {
        const uint32_t milli = limit_of(folder, kind);
        if (milli > 0 && (cores->quota_milli == 0 || milli < cores->quota_milli)) {
            cores->quota_milli = milli;
            cores->used_us = used_by(folder, kind);
        }
        while (--size > 0 && folder[size] != '/')
            continue;
    }
}

void vg_cores_read(const struct vg_cores_place *place, struct vg_cores *cores)
{
    const uint32_t count = online();
    *cores = (struct vg_cores){.online = count, .allowed = allowed(count)};
    for (int k = 0; k < VG_CGROUP_KINDS; k++)
        look_up(&place->group[k], (enum vg_cgroup_kind)k, cores);
    if (!vg_cores_limited(cores) || vg_cores_usable_milli(cores) != cores->quota_milli)
        cores->used_us = 0;
}

struct vg_cores vg_cores_here(void)
{
    struct vg_cores_place place;
    struct vg_cores cores;
    vg_cores_find(&place, "");
    vg_cores_read(&place, &cores);
    return cores;
}

/* ---- what follows ---- */

uint32_t vg_cores_usable_milli(const struct vg_cores *cores)
{
    const uint32_t count = cores->allowed < cores->online ? cores->allowed : cores->online;
    return cores->quota_milli > 0 && cores->quota_milli < count * 1000 ? cores->quota_milli
                                                                       : count * 1000;
}

bool vg_cores_limited(const struct vg_cores *cores)
{
    return vg_cores_usable_milli(cores) < cores->online * 1000;
}

uint32_t vg_cores_for_device(const struct vg_cores *cores, uint32_t told, uint32_t decode_milli)
{
    const uint32_t usable = vg_cores_usable_milli(cores);
    const uint32_t most = (usable + 999) / 1000;
    if (told > 0)
        return told < most ? told : most;
    if (decode_milli == 0 && !vg_cores_limited(cores))
        return 0;
    const uint32_t left = usable > decode_milli ? usable - decode_milli : 0;
    return left < 1500 ? 1 : (left + 500) / 1000;
}
