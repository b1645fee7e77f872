#include "src/store/heat_file.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/crc32c.h"
#include "src/base/file.h"
#include "src/base/text.h"

#define SPARE VG_HEAT_HOURS
#define HEAD  VG_HEAT_CELLS_AT

static_assert(VG_HEAT_CELLS_AT + VG_HEAT_CELLS_MAX * 4 <= VG_HEAT_PLACE_BYTES,
              "a place holds every grid");
static_assert(VG_DAY_HEAD_BYTES <= VG_HEAT_PLACES_AT, "the head stands before the places");

static const struct vg_day_kind kind = {.name = "heat",
                                        .magic = {'V', 'G', 'H', 'E', 'A', 'T', 'M', '1'},
                                        .record_bytes = 4,
                                        .own = VG_HEAT_PLACE_BYTES,
                                        .records = VG_HEAT_HOURS + 1,
                                        .folder = "measures"};

/* ---- places ---- */

static size_t place_at(uint32_t place)
{
    return VG_HEAT_PLACES_AT + (size_t)place * VG_HEAT_PLACE_BYTES;
}

static size_t place_bytes(uint32_t cells)
{
    return HEAD + (size_t)cells * 4;
}

static size_t put_place(uint8_t *p, const struct vg_heat_grid *grid)
{
    const uint32_t cells = grid->columns * grid->rows;
    memset(p, 0, HEAD);
    vg_put16(p + 4, grid->columns);
    vg_put16(p + 6, grid->rows);
    vg_put32(p + 8, grid->pictures);
    vg_put64(p + 16, grid->watched_ms);
    vg_put64(p + 24, (uint64_t)grid->hour);
    for (uint32_t i = 0; i < cells; i++)
        vg_put32(p + HEAD + (size_t)i * 4, grid->cell[i]);
    vg_put32(p, vg_crc32c(0, p + 4, place_bytes(cells) - 4));
    return place_bytes(cells);
}

/* size: what the file has of the place. */
static enum vg_heat_place get_place(const uint8_t *p, size_t size, int64_t hour,
                                    struct vg_heat_grid *grid)
{
    if (size < HEAD || vg_all_zero(p, HEAD))
        return VG_HEAT_UNWRITTEN;
    const uint32_t columns = vg_get16(p + 4), rows = vg_get16(p + 6);
    if (columns < 1 || columns > VG_HEAT_SIDE_MAX || rows < 1 || rows > VG_HEAT_SIDE_MAX ||
        place_bytes(columns * rows) > size ||
        vg_get32(p) != vg_crc32c(0, p + 4, place_bytes(columns * rows) - 4) ||
        (int64_t)vg_get64(p + 24) != hour || vg_get32(p + 8) == 0)
        return VG_HEAT_DAMAGED;
    *grid = (struct vg_heat_grid){.hour = hour,
                                  .columns = columns,
                                  .rows = rows,
                                  .pictures = vg_get32(p + 8),
                                  .watched_ms = vg_get64(p + 16)};
    for (uint32_t i = 0; i < columns * rows; i++)
        grid->cell[i] = vg_get32(p + HEAD + (size_t)i * 4);
    return VG_HEAT_GOOD;
}

/* Of an hour's own place and the spare one, that which knows more; the spare may be of another
 * hour. */
static enum vg_heat_place choose(const uint8_t *own, size_t own_size, const uint8_t *spare,
                                 size_t spare_size, int64_t hour, struct vg_heat_grid *grid)
{
    const enum vg_heat_place found = get_place(own, own_size, hour, grid);
    const bool newer =
        spare_size >= HEAD && (found != VG_HEAT_GOOD || vg_get32(spare + 8) > grid->pictures);
    /* a spare that is not good leaves the grid as it is */
    return newer && get_place(spare, spare_size, hour, grid) == VG_HEAT_GOOD ? VG_HEAT_GOOD : found;
}

static size_t there(size_t size, uint32_t place)
{
    const size_t at = place_at(place);
    if (size <= at)
        return 0;
    return size - at < VG_HEAT_PLACE_BYTES ? size - at : VG_HEAT_PLACE_BYTES;
}

enum vg_status vg_heat_parse(const uint8_t *bytes, size_t size, struct vg_heat_day *day)
{
    memset(day, 0, sizeof *day);
    if (size < VG_DAY_HEAD_BYTES || size > VG_HEAT_FILE_BYTES_MAX)
        return VG_E_INPUT;
    return vg_day_head_get(&kind, bytes, &day->day, day->flux);
}

enum vg_heat_place vg_heat_hour(const uint8_t *bytes, size_t size, const struct vg_heat_day *day,
                                uint32_t hour, struct vg_heat_grid *grid)
{
    assert(hour < VG_HEAT_HOURS);
    const size_t own = there(size, hour), spare = there(size, SPARE);
    return choose(own ? bytes + place_at(hour) : bytes, own,
                  spare ? bytes + place_at(SPARE) : bytes, spare, day->day * VG_HEAT_HOURS + hour,
                  grid);
}

/* ---- reading ---- */

enum vg_status vg_heat_read(const char *data, const char *flux, int64_t number, uint8_t **bytes,
                            size_t *size, struct vg_heat_day *day, struct vg_fault *fault)
{
    char path[VG_DAY_PATH_SIZE];
    *bytes = NULL;
    enum vg_status status = vg_day_path(&kind, data, flux, number, path, fault);
    if (!status)
        status = vg_file_read(path, VG_HEAT_FILE_BYTES_MAX, bytes, size, fault);
    if (status)
        return status == VG_E_FULL ? VG_E_INPUT : status;
    if (vg_heat_parse(*bytes, *size, day) == VG_OK && day->day == number &&
        strcmp(day->flux, flux) == 0)
        return VG_OK;
    vg_free(*bytes);
    *bytes = NULL;
    return vg_fault_set(fault, VG_E_INPUT, N_("not a file of heat maps"), NULL, "%s", path);
}

/* ---- writing ---- */

/* Two places and a grid: too much for a stack. */
struct room {
    uint8_t own[VG_HEAT_PLACE_BYTES], spare[VG_HEAT_PLACE_BYTES];
    struct vg_heat_grid whole;
};

static bool read_place(int fd, uint32_t place, uint8_t *bytes)
{
    memset(bytes, 0, VG_HEAT_PLACE_BYTES); /* behind the end nothing is written yet */
    return pread(fd, bytes, VG_HEAT_PLACE_BYTES, (off_t)place_at(place)) >= 0;
}

/* False and errno: the disk. */
static bool add(int fd, const struct vg_heat_grid *grid, uint32_t place, struct room *room)
{
    if (!read_place(fd, place, room->own) || !read_place(fd, SPARE, room->spare))
        return false;
    if (choose(room->own, sizeof room->own, room->spare, sizeof room->spare, grid->hour,
               &room->whole) != VG_HEAT_GOOD)
        room->whole = (struct vg_heat_grid){.hour = grid->hour};
    vg_heat_grid_join(&room->whole, grid);
    const size_t size = put_place(room->own, &room->whole);
    return vg_day_write_at(fd, room->own, size, (off_t)place_at(SPARE)) && fdatasync(fd) == 0 &&
           vg_day_write_at(fd, room->own, size, (off_t)place_at(place));
}

enum vg_status vg_heat_add(const char *data, const char *flux, const struct vg_heat_grid *grid,
                           struct vg_fault *fault)
{
    char path[VG_DAY_PATH_SIZE];
    int fd;
    if (grid->pictures == 0 || grid->columns == 0 || grid->hour > INT32_MAX ||
        grid->hour < -INT32_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("not a heat map"), NULL, "%s", flux);
    const int64_t day = vg_day_of(grid->hour * 60);
    struct room *room = vg_alloc(sizeof *room);
    if (!room)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", flux);
    enum vg_status status =
        vg_day_open(&kind, data, flux, day, VG_HEAT_PLACES_AT, &fd, path, fault);
    if (!status) {
        if (!add(fd, grid, (uint32_t)(grid->hour - day * VG_HEAT_HOURS), room))
            status = vg_day_io_fault(fault, N_("the file cannot be written"), path);
        (void)close(fd);
    }
    vg_free(room);
    return status;
}

enum vg_status vg_heat_sweep(const char *data, int64_t today, int64_t keep_days, uint32_t *removed,
                             struct vg_fault *fault)
{
    return vg_day_sweep(&kind, data, today, keep_days, removed, fault);
}
