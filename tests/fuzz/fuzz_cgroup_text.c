/* Texts of /proc and of control groups, any bytes. Never: a path without its end or that is not
 * absolute, a folder that leaves the hierarchy, a limit beyond its range, a time before zero. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/cgroup_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
    if (!good)
        abort();
}

static void check_path(const char *path)
{
    must(memchr(path, '\0', VG_CGROUP_PATH_SIZE) != NULL);
    must(path[0] == '/');
}

static void check_where(const char *text, size_t size, enum vg_cgroup_kind kind)
{
    char group[VG_CGROUP_PATH_SIZE], folder[VG_CGROUP_PATH_SIZE];
    struct vg_cgroup_mount mount;
    const int has_group = vg_cgroup_group_parse(text, size, kind, group) == VG_OK;
    const int has_mount = vg_cgroup_mount_parse(text, size, kind, &mount) == VG_OK;
    if (has_group)
        check_path(group);
    if (has_mount) {
        check_path(mount.group);
        check_path(mount.folder);
    }
    if (!has_group || !has_mount || vg_cgroup_folder(&mount, group, folder))
        return;
    check_path(folder);
    if (strcmp(mount.folder, "/") == 0)
        return;
    const size_t base = strlen(mount.folder);
    must(strncmp(folder, mount.folder, base) == 0 && !strstr(folder + base, "/.."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    for (int k = 0; k < VG_CGROUP_KINDS; k++) {
        int64_t us = -1;
        check_where(text, size, (enum vg_cgroup_kind)k);
        if (!vg_cgroup_used_parse(text, size, (enum vg_cgroup_kind)k, &us))
            must(us >= 0);
    }
    uint32_t milli = UINT32_MAX;
    if (!vg_cgroup_limit_parse(text, size, &milli))
        must(milli <= VG_CGROUP_CORES_MOST);
    return 0;
}
