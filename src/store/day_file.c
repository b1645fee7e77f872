#include "src/store/day_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/base/crc32c.h"
#include "src/base/file.h"
#include "src/base/text.h"

#define HEAD      VG_DAY_HEAD_BYTES
#define DATE_SIZE 16
#define PATH_SIZE VG_DAY_PATH_SIZE

void vg_put16(uint8_t *p, uint32_t v)
{
    v = v > UINT16_MAX ? UINT16_MAX : v;
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

void vg_put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

void vg_put64(uint8_t *p, uint64_t v)
{
    vg_put32(p, (uint32_t)v);
    vg_put32(p + 4, (uint32_t)(v >> 32));
}

uint32_t vg_get16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

uint32_t vg_get32(const uint8_t *p)
{
    return vg_get16(p) | vg_get16(p + 2) << 16;
}

uint64_t vg_get64(const uint8_t *p)
{
    return (uint64_t)vg_get32(p) | (uint64_t)vg_get32(p + 4) << 32;
}

bool vg_all_zero(const uint8_t *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (p[i])
            return false;
    return true;
}

/* ---- heads ---- */

static uint32_t records_of(const struct vg_day_kind *kind)
{
    return kind->records ? kind->records : VG_DAY_MINUTES;
}

static const char *folder_of(const struct vg_day_kind *kind)
{
    return kind->folder ? kind->folder : kind->name;
}

void vg_day_head_put(const struct vg_day_kind *kind, int64_t day, const char *flux, uint8_t *p)
{
    memset(p, 0, HEAD);
    memcpy(p, kind->magic, sizeof kind->magic);
    vg_put32(p + 8, HEAD);
    vg_put32(p + 12, kind->record_bytes);
    vg_put32(p + 16, records_of(kind));
    vg_put32(p + 20, kind->own);
    vg_put64(p + 24, (uint64_t)day);
    memcpy(p + 32, flux, strlen(flux));
    vg_put32(p + 124, vg_crc32c(0, p, 124));
}

enum vg_status vg_day_head_get(const struct vg_day_kind *kind, const uint8_t *p, int64_t *day,
                               char flux[VG_FLUX_ID_SIZE])
{
    const int64_t number = (int64_t)vg_get64(p + 24);
    if (memcmp(p, kind->magic, sizeof kind->magic) != 0 || vg_get32(p + 8) != HEAD ||
        vg_get32(p + 12) != kind->record_bytes || vg_get32(p + 16) != records_of(kind) ||
        vg_get32(p + 20) != kind->own || p[32 + VG_FLUX_ID_SIZE - 1] != 0 ||
        vg_get32(p + 124) != vg_crc32c(0, p, 124) || number < -INT32_MAX || number > INT32_MAX)
        return VG_E_INPUT;
    *day = number;
    memcpy(flux, p + 32, VG_FLUX_ID_SIZE);
    return VG_OK;
}

int64_t vg_day_of(int64_t minute)
{
    const int64_t day = minute / VG_DAY_MINUTES;
    return minute % VG_DAY_MINUTES < 0 ? day - 1 : day;
}

uint32_t vg_minute_of_day(int64_t minute)
{
    return (uint32_t)(minute - vg_day_of(minute) * VG_DAY_MINUTES);
}

/* ---- paths ---- */

static enum vg_status date_of(int64_t day, char date[DATE_SIZE])
{
    if (day < -INT32_MAX || day > INT32_MAX)
        return VG_E_CALL;
    const time_t t = (time_t)(day * 86400);
    struct tm tm;
    return gmtime_r(&t, &tm) && strftime(date, DATE_SIZE, "%Y-%m-%d", &tm) == 10 ? VG_OK
                                                                                 : VG_E_CALL;
}

enum vg_status vg_day_path(const struct vg_day_kind *kind, const char *data, const char *flux,
                           int64_t day, char path[VG_DAY_PATH_SIZE], struct vg_fault *fault)
{
    char date[DATE_SIZE] = "";
    if ((flux && !vg_flux_id_valid(flux)) || date_of(day, date))
        return vg_fault_set(fault, VG_E_CALL, N_("a flux cannot have this id"), NULL, "%s",
                            flux ? flux : data);
    const int n = flux ? snprintf(path, PATH_SIZE, "%s/%s/%s/%s.%s", data, folder_of(kind), date,
                                  flux, kind->name)
                       : snprintf(path, PATH_SIZE, "%s/%s/%s", data, folder_of(kind), date);
    if (n < 0 || n >= PATH_SIZE)
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", data);
    return VG_OK;
}

enum vg_status vg_day_io_fault(struct vg_fault *fault, const char *what, const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return vg_fault_set(fault, VG_E_LACK, N_("the disk is full"), N_("make room on it"), "%s",
                            path);
    return vg_fault_set(fault, VG_E_IO, what, N_("check its rights and its disk"), "%s", path);
}

/* ---- writing ---- */

bool vg_day_write_at(int fd, const uint8_t *bytes, size_t size, off_t at)
{
    const ssize_t n = pwrite(fd, bytes, size, at);
    if (n >= 0 && (size_t)n != size)
        errno = ENOSPC; /* a file of records is cut short by nothing else */
    return n >= 0 && (size_t)n == size;
}

static void sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd); /* what is written in the file counts, and is said */
    (void)close(fd);
}

/* A new file, or one whose head was lost: its records are their own proof. A new file is on the
 * disk with its folder before anything is written in it. */
static bool make_head(const struct vg_day_kind *kind, int fd, const char *folder, const char *flux,
                      int64_t day, size_t bytes)
{
    uint8_t head[HEAD], found[HEAD] = {0};
    vg_day_head_put(kind, day, flux, head);
    if (pread(fd, found, HEAD, 0) == (ssize_t)HEAD && memcmp(head, found, HEAD) == 0)
        return true;
    struct stat st;
    if (!vg_day_write_at(fd, head, HEAD, 0) || fstat(fd, &st) != 0 ||
        (st.st_size < (off_t)bytes && ftruncate(fd, (off_t)bytes) != 0) || fsync(fd) != 0)
        return false;
    sync_folder(folder);
    return true;
}

static int open_for_writing(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

enum vg_status vg_day_open(const struct vg_day_kind *kind, const char *data, const char *flux,
                           int64_t day, size_t bytes, int *fd, char path[VG_DAY_PATH_SIZE],
                           struct vg_fault *fault)
{
    char folder[PATH_SIZE];
    *fd = -1;
    enum vg_status status = vg_day_path(kind, data, flux, day, path, fault);
    if (!status)
        status = vg_day_path(kind, data, NULL, day, folder, fault);
    if (status)
        return status;
    *fd = open_for_writing(path);
    if (*fd < 0 && errno == ENOENT) {
        status = vg_folder_make(folder, fault);
        if (status)
            return status;
        *fd = open_for_writing(path);
    }
    if (*fd >= 0 && make_head(kind, *fd, folder, flux, day, bytes))
        return VG_OK;
    status = vg_day_io_fault(fault, N_("the file cannot be written"), path);
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    return status;
}

/* ---- old days ---- */

static bool is_date(const char *name)
{
    static const char form[] = "dddd-dd-dd";
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
            return false;
    return name[sizeof form - 1] == '\0';
}

/* ".coverage" behind a name. */
static bool has_ending(const char *name, const char *ending)
{
    const size_t size = strlen(name), n = strlen(ending);
    return size > n + 1 && name[size - n - 1] == '.' && strcmp(name + size - n, ending) == 0;
}

static bool remove_day(const char *folder, const char *ending)
{
    DIR *open = opendir(folder);
    for (const struct dirent *e; open && (e = readdir(open)) != NULL;) {
        char path[PATH_SIZE];
        if (has_ending(e->d_name, ending) && !vg_path_join(path, sizeof path, folder, e->d_name))
            (void)unlink(path);
    }
    if (open)
        (void)closedir(open);
    return rmdir(folder) == 0;
}

enum vg_status vg_day_sweep(const struct vg_day_kind *kind, const char *data, int64_t today,
                            int64_t keep_days, uint32_t *removed, struct vg_fault *fault)
{
    char root[PATH_SIZE], oldest[DATE_SIZE];
    *removed = 0;
    if (vg_path_join(root, sizeof root, data, folder_of(kind)) ||
        date_of(today - keep_days, oldest))
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", data);
    DIR *open = opendir(root);
    if (!open)
        return errno == ENOENT ? VG_OK
                               : vg_day_io_fault(fault, N_("the folder cannot be read"), root);
    for (const struct dirent *e; (e = readdir(open)) != NULL;) {
        char folder[PATH_SIZE];
        if (is_date(e->d_name) && strcmp(e->d_name, oldest) < 0 &&
            !vg_path_join(folder, sizeof folder, root, e->d_name))
            *removed += remove_day(folder, kind->name);
    }
    (void)closedir(open);
    return VG_OK;
}
