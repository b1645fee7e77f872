#include "src/base/cgroup_text.h"

#include <stdbool.h>
#include <string.h>

/* A part of a text. */
struct span {
    const char *at, *end;
};

/* What stands before the next `mark`, which is left behind; the rest, where there is none. */
static struct span take_until(struct span *rest, char mark)
{
    struct span part = {rest->at, rest->at};
    while (part.end < rest->end && *part.end != mark)
        part.end++;
    rest->at = part.end < rest->end ? part.end + 1 : part.end;
    return part;
}

static bool is(struct span part, const char *word)
{
    const size_t size = strlen(word);
    return (size_t)(part.end - part.at) == size && memcmp(part.at, word, size) == 0;
}

/* One of the words of a list that is parted by commas. */
static bool lists(struct span list, const char *word)
{
    while (list.at < list.end)
        if (is(take_until(&list, ','), word))
            return true;
    return false;
}

static bool take_number(struct span *rest, uint64_t *number)
{
    const char *begin = rest->at;
    for (*number = 0; rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9'; rest->at++) {
        const uint64_t digit = (uint64_t)(*rest->at - '0');
        if (*number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return rest->at > begin;
}

static void skip_blanks(struct span *rest)
{
    while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '\n'))
        rest->at++;
}

/* ---- where ---- */

static enum vg_status copy_path(struct span part, char path[VG_CGROUP_PATH_SIZE])
{
    const size_t size = (size_t)(part.end - part.at);
    if (size >= VG_CGROUP_PATH_SIZE || memchr(part.at, '\0', size))
        return VG_E_FULL;
    memcpy(path, part.at, size);
    path[size] = '\0';
    return VG_OK;
}

enum vg_status vg_cgroup_group_parse(const char *text, size_t size, enum vg_cgroup_kind kind,
                                     char group[VG_CGROUP_PATH_SIZE])
{
    struct span rest = {text, text + size};
    while (rest.at < rest.end) { /* "4:cpu,cpuacct:/x"; of v2 "0::/x" */
        struct span line = take_until(&rest, '\n');
        const struct span number = take_until(&line, ':');
        const struct span controllers = take_until(&line, ':');
        const bool ours = kind == VG_CGROUP_V2 ? is(number, "0") && is(controllers, "")
                                               : lists(controllers, "cpu");
        if (ours && line.at < line.end && *line.at == '/')
            return copy_path(line, group);
    }
    return VG_E_MISSING;
}

static bool is_octal(const char *at)
{
    return at[0] >= '0' && at[0] <= '3' && at[1] >= '0' && at[1] <= '7' && at[2] >= '0' &&
           at[2] <= '7';
}

/* A blank is written \040 there. */
static enum vg_status copy_escaped(struct span part, char path[VG_CGROUP_PATH_SIZE])
{
    size_t size = 0;
    if (part.at == part.end || *part.at != '/')
        return VG_E_MISSING;
    while (part.at < part.end && size + 1 < VG_CGROUP_PATH_SIZE) {
        char c = *part.at++;
        if (c == '\\' && part.end - part.at >= 3 && is_octal(part.at)) {
            c = (char)((part.at[0] - '0') * 64 + (part.at[1] - '0') * 8 + (part.at[2] - '0'));
            part.at += 3;
        }
        if (c == '\0')
            return VG_E_FULL;
        path[size++] = c;
    }
    path[size] = '\0';
    return part.at < part.end ? VG_E_FULL : VG_OK;
}

enum vg_status vg_cgroup_mount_parse(const char *text, size_t size, enum vg_cgroup_kind kind,
                                     struct vg_cgroup_mount *mount)
{
    struct span rest = {text, text + size};
    while (rest.at < rest.end) {
        /* 32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu */
        struct span line = take_until(&rest, '\n');
        struct span field[5];
        for (int i = 0; i < 5; i++)
            field[i] = take_until(&line, ' ');
        while (line.at < line.end && !is(take_until(&line, ' '), "-"))
            continue;
        const struct span type = take_until(&line, ' ');
        (void)take_until(&line, ' ');
        const bool ours =
            kind == VG_CGROUP_V2 ? is(type, "cgroup2") : is(type, "cgroup") && lists(line, "cpu");
        if (!ours)
            continue;
        const enum vg_status status = copy_escaped(field[3], mount->group);
        return status ? status : copy_escaped(field[4], mount->folder);
    }
    return VG_E_MISSING;
}

enum vg_status vg_cgroup_folder(const struct vg_cgroup_mount *mount, const char *group,
                                char folder[VG_CGROUP_PATH_SIZE])
{
    const size_t seen = strcmp(mount->group, "/") == 0 ? 0 : strlen(mount->group);
    const size_t base = strcmp(mount->folder, "/") == 0 ? 0 : strlen(mount->folder);
    if (strncmp(group, mount->group, seen) != 0 || (group[seen] != '\0' && group[seen] != '/') ||
        strstr(group, "/.."))
        return VG_E_MISSING;
    const char *below = strcmp(group + seen, "/") == 0 ? "" : group + seen;
    if (base + strlen(below) >= VG_CGROUP_PATH_SIZE)
        return VG_E_FULL;
    memcpy(folder, mount->folder, base);
    memcpy(folder + base, below, strlen(below) + 1);
    if (folder[0] == '\0')
        memcpy(folder, "/", 2);
    return VG_OK;
}

/* ---- how much ---- */

enum vg_status vg_cgroup_limit_parse(const char *text, size_t size, uint32_t *cores_milli)
{
    struct span rest = {text, text + size};
    uint64_t quota_us = 0, period_us = 0;
    skip_blanks(&rest);
    struct span word = rest;
    word = take_until(&word, ' ');
    word = take_until(&word, '\n');
    const bool none = is(word, "max") || is(word, "-1");
    if (none)
        rest.at = word.end;
    else if (!take_number(&rest, &quota_us) || quota_us == 0)
        return VG_E_INPUT;
    skip_blanks(&rest);
    if (!take_number(&rest, &period_us) || period_us == 0)
        return VG_E_INPUT;
    skip_blanks(&rest);
    if (rest.at < rest.end)
        return VG_E_INPUT;
    const double milli = (double)quota_us / (double)period_us * 1000;
    *cores_milli = none                            ? 0
                   : milli >= VG_CGROUP_CORES_MOST ? VG_CGROUP_CORES_MOST
                   : milli < 1                     ? 1
                                                   : (uint32_t)(milli + 0.5);
    return VG_OK;
}

enum vg_status vg_cgroup_used_parse(const char *text, size_t size, enum vg_cgroup_kind kind,
                                    int64_t *used_us)
{
    struct span rest = {text, text + size};
    uint64_t used = 0;
    bool known = kind == VG_CGROUP_V1;
    while (!known && rest.at < rest.end) {
        struct span line = take_until(&rest, '\n');
        known = is(take_until(&line, ' '), "usage_usec");
        if (known)
            rest = line;
    }
    if (!known || !take_number(&rest, &used) || used > INT64_MAX)
        return VG_E_INPUT;
    skip_blanks(&rest);
    if (rest.at < rest.end)
        return VG_E_INPUT;
    *used_us = (int64_t)(kind == VG_CGROUP_V1 ? used / 1000 : used);
    return VG_OK;
}
