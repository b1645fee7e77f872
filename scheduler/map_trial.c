#include "scheduler/map_trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/media/slots.h"

#define TEXT_BYTES 128

enum step {
    FRESH,
    UNDER_WAY,
    OVER
};

struct mark {
    uint32_t ended;
    int64_t wall_s;
    uint64_t device;
};

static struct mark read_mark(const char *path)
{
    struct mark mark = {.ended = 0};
    uint8_t *text = NULL;
    size_t size = 0;
    struct vg_fault fault;
    const bool good = vg_file_read(path, TEXT_BYTES, &text, &size, &fault) == VG_OK &&
                      sscanf((const char *)text, "maps 1 %9" SCNu32 " %18" SCNd64 " %" SCNu64,
                             &mark.ended, &mark.wall_s, &mark.device) == 3;
    vg_free(text);
    return good ? mark : (struct mark){.ended = 0};
}

enum vg_map_maker vg_map_trial_open(struct vg_map_trial *trial, const char *data, uint32_t number,
                                    const char *device, struct vg_wall_time now)
{
    *trial = (struct vg_map_trial){.device = vg_slots_tag(device)};
    const int size =
        number ? snprintf(trial->path, sizeof trial->path, "%s/state/maps-%u.trial", data, number)
               : snprintf(trial->path, sizeof trial->path, "%s/state/maps.trial", data);
    if (size < 0 || (size_t)size >= sizeof trial->path) {
        trial->path[0] = '\0';
        return VG_MAPS_BY_DEVICE;
    }
    const struct mark mark = read_mark(trial->path);
    if (mark.device != trial->device)
        return VG_MAPS_BY_DEVICE;
    const int64_t since_s = now.us / VG_US_PER_S - mark.wall_s;
    const bool fresh = since_s >= 0 && since_s < VG_MAP_TRIAL_US / VG_US_PER_S;
    if (mark.ended >= VG_MAP_TRIAL_ENDS && fresh)
        return VG_MAPS_BY_HOST;
    /* after a day one more try, and not two */
    trial->ended = mark.ended < VG_MAP_TRIAL_ENDS ? mark.ended : VG_MAP_TRIAL_ENDS - 1;
    return VG_MAPS_BY_DEVICE;
}

static void take_away(const struct vg_map_trial *trial)
{
    if (unlink(trial->path) != 0 && errno != ENOENT)
        vg_log(VG_LOG_WARN, "the mark of the first maps could not be removed");
}

void vg_map_trial_begin(struct vg_map_trial *trial, struct vg_wall_time now)
{
    char text[TEXT_BYTES];
    struct vg_fault fault;
    int before = FRESH;
    if (!trial->path[0] || !atomic_compare_exchange_strong(&trial->step, &before, UNDER_WAY))
        return;
    const int size = snprintf(text, sizeof text, "maps 1 %" PRIu32 " %" PRId64 " %" PRIu64 "\n",
                              trial->ended + 1, now.us / VG_US_PER_S, trial->device);
    if (vg_file_write(trial->path, text, (size_t)size, 0600, VG_FILE_WHOLE, &fault))
        vg_log(VG_LOG_WARN, "the mark of the first maps was not written: %s", fault.place);
    if (atomic_load(&trial->step) == OVER) /* meanwhile: whoever ended it found none */
        take_away(trial);
}

void vg_map_trial_end(struct vg_map_trial *trial)
{
    int before = UNDER_WAY;
    if (atomic_compare_exchange_strong(&trial->step, &before, OVER))
        take_away(trial);
}
