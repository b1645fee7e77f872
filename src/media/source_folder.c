/* A watched folder: each recorded file that appears there is played once at its true rate, the oldest
 * first; between two files the source has nothing to read. Files are told apart by time and name, so
 * that nothing needs to be written or moved; what was finished before it was opened is told by a mark
 * (folder_mark.h), and a file that was not finished begins anew. Names that begin with a dot, or end in .part or .tmp, are
 * still being written; so is what changed within the last SETTLED_S seconds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/media/source_kind.h"

enum {
    SETTLED_S = 2,
    NAME_SIZE = 256,
    LOOK_MS = 500
};

/* Where a file stands in the order. */
struct place {
    int64_t changed_ns;
    char name[NAME_SIZE];
};

struct folder_source {
    struct vg_source base; /* first */
    char path[VG_SOURCE_URL_SIZE];
    struct vg_source *file;       /* being read, or NULL */
    struct place done;            /* the last one begun */
    struct vg_folder_mark played; /* the last one finished since it was opened */
    uint32_t fps_milli;           /* of the last file */
};

static int compare(const struct place *a, const struct place *b)
{
    if (a->changed_ns != b->changed_ns)
        return a->changed_ns < b->changed_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool ends_with(const char *name, const char *end)
{
    const size_t a = strlen(name), b = strlen(end);
    return a >= b && strcmp(name + a - b, end) == 0;
}

static bool finished_name(const char *name)
{
    return name[0] != '.' && !ends_with(name, ".part") && !ends_with(name, ".tmp") &&
           strlen(name) < NAME_SIZE;
}

/* Where this entry stands; false: not a file that can be read by now. */
static bool place_of(int dir, const char *name, struct place *place)
{
    struct stat about;
    if (!finished_name(name) || fstatat(dir, name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(about.st_mode) || about.st_size == 0)
        return false;
    const int64_t now_s = vg_wall_now().us / VG_US_PER_S;
    if ((int64_t)about.st_mtim.tv_sec > now_s - SETTLED_S)
        return false;
    place->changed_ns = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
    (void)snprintf(place->name, sizeof place->name, "%s", name);
    return true;
}

/* The first file behind the last one. VG_E_END: none; VG_E_IO: the folder cannot be read. */
static enum vg_status find_next(const struct folder_source *folder, struct place *next)
{
    bool found = false;
    DIR *dir = opendir(folder->path);
    if (!dir)
        return errno == ENOENT ? VG_E_MISSING : VG_E_IO;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        struct place place;
        if (!place_of(dirfd(dir), entry->d_name, &place) || compare(&place, &folder->done) <= 0 ||
            (found && compare(&place, next) >= 0))
            continue;
        *next = place;
        found = true;
    }
    (void)closedir(dir);
    return found ? VG_OK : VG_E_END;
}

static void finished(struct folder_source *folder)
{
    folder->played = (struct vg_folder_mark){.folder = vg_folder_mark_name(folder->path),
                                             .changed_ns = folder->done.changed_ns,
                                             .name = vg_folder_mark_name(folder->done.name)};
}

/* Goes on behind the mark. Of several files of one time, those up to the marked one by name were
 * played; where that one is gone, they were taken out, and those that are there were not. */
static void go_on_behind(struct folder_source *folder, struct vg_folder_mark mark)
{
    if (mark.folder != vg_folder_mark_name(folder->path))
        return;
    folder->done.changed_ns = mark.changed_ns;
    DIR *dir = opendir(folder->path);
    for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        struct place place;
        if (vg_folder_mark_name(entry->d_name) == mark.name &&
            place_of(dirfd(dir), entry->d_name, &place) && place.changed_ns == mark.changed_ns)
            folder->done = place;
    }
    if (dir)
        (void)closedir(dir);
}

/* One that cannot be read is said and passed over: it must not hold up the others. */
static enum vg_status open_file(struct folder_source *folder, const struct place *place)
{
    char path[VG_SOURCE_URL_SIZE + NAME_SIZE];
    struct vg_fault fault;
    struct vg_source_settings settings = folder->base.settings;
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, place->name);
    folder->done = *place;
    settings.kind = VG_SOURCE_ONCE;
    settings.url = path;
    const enum vg_status status = vg_source_file_open(&folder->file, &settings, &fault);
    if (status == VG_OK) {
        folder->base.time_base = folder->file->time_base;
        folder->base.codec_version++;
        folder->fps_milli = vg_source_about(folder->file).fps_milli;
    } else if (status != VG_E_INTERRUPTED) {
        vg_log(VG_LOG_WARN, "a file of the watched folder is passed over: %s", place->name);
        if (status != VG_E_MEMORY)
            finished(folder);
    }
    return status == VG_E_INTERRUPTED || status == VG_E_MEMORY ? status : VG_OK;
}

/* Waits for a file, read_us at most. VG_E_STATE: there is none now. */
static enum vg_status wait_for_file(struct folder_source *folder)
{
    const int64_t until = vg_mono_now().us + folder->base.settings.read_us;
    struct place next;
    while (!folder->file) {
        enum vg_status status = find_next(folder, &next);
        if (status == VG_OK)
            status = open_file(folder, &next);
        if (status && status != VG_E_END)
            return status;
        if (!folder->file && vg_mono_now().us >= until) /* none, or many that cannot be read */
            return VG_E_STATE;
        for (int i = 0; status == VG_E_END && i < LOOK_MS / 20; i++) {
            if (vg_cancelled(&folder->base.settings.cancel))
                return VG_E_INTERRUPTED;
            vg_pause_us(20000);
        }
    }
    return VG_OK;
}

/* At the end of a file its pictures are finished while its stamps still mean what they meant. */
static enum vg_status read_folder(struct vg_source *source, struct vg_packet *packet)
{
    struct folder_source *folder = (struct folder_source *)source;
    const bool fresh = !folder->file;
    enum vg_status status = fresh ? wait_for_file(folder) : VG_OK;
    if (status)
        return status;
    status = vg_source_read(folder->file, packet);
    if (status == VG_OK) {
        packet->restarted = packet->restarted || fresh;
        if (fresh)
            folder->base.key_seen = false;
        return VG_OK;
    }
    if (status == VG_E_INTERRUPTED || status == VG_E_MEMORY)
        return status;
    vg_source_close(&folder->file);
    finished(folder);
    return VG_E_STATE;
}

static struct vg_folder_mark played_folder(const struct vg_source *source)
{
    return ((const struct folder_source *)source)->played;
}

static void close_folder(struct vg_source *source)
{
    struct folder_source *folder = (struct folder_source *)source;
    vg_source_close(&folder->file);
    vg_free(folder);
}

static struct vg_source_about about_folder(const struct vg_source *source)
{
    const struct folder_source *folder = (const struct folder_source *)source;
    struct vg_source_about about = {.fps_milli = folder->fps_milli};
    if (folder->file)
        about = vg_source_about(folder->file);
    return about;
}

static const struct vg_source_calls calls = {
    .close = close_folder, .read = read_folder, .about = about_folder, .played = played_folder};

enum vg_status vg_source_folder_open(struct vg_source **source,
                                     const struct vg_source_settings *settings,
                                     struct vg_fault *fault)
{
    struct stat about;
    const char *path = settings->url + strlen("folder:");
    *source = NULL;
    if (strlen(path) >= VG_SOURCE_URL_SIZE || stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return vg_fault_set(fault, VG_E_MISSING, N_("there is no such folder"),
                            N_("check the path"), "%.200s", path);
    struct folder_source *folder = vg_alloc(sizeof *folder);
    if (!folder)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "source");
    vg_source_begin(&folder->base, &calls, settings);
    (void)snprintf(folder->path, sizeof folder->path, "%s", path);
    go_on_behind(folder, settings->played);
    *source = &folder->base;
    return VG_OK;
}
