/* What passes through a server's slots, seen from beside: for the tests that measure how long a flux was
 * without an analysed picture.
 *
 *   slots_watch FD ID... [FD ID...]...      FD: a path such as /proc/PID/fd/9, of a memory of slots
 *
 * Prints "watching" once the memories are open, then a line for each change of a flux: seconds since the
 * machine started, id, pictures analysed, decoder, cause, falls, rises, surfaces, connection, epoch. Ends when
 * its stdout does, or when it is killed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/media/slots.h"

enum {
    FLUX_MAX = 256,
    LOOK_US = 4000
};

struct flux {
    const char *id;
    struct vg_slots *slots;
    uint32_t place; /* VG_SLOTS_FLUX_MAX: not found yet */
    struct vg_slots_state last;
};

static struct vg_slots *open_slots(const char *path)
{
    struct vg_fault fault;
    struct vg_slots *slots = NULL;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || vg_slots_open(&slots, fd, &fault))
        (void)fprintf(stderr, "%s: no slots\n", path);
    if (fd >= 0)
        (void)close(fd);
    return slots;
}

static void find(struct flux *flux)
{
    for (uint32_t i = 0; i < vg_slots_geometry(flux->slots).flux_max; i++) {
        struct vg_slots_state state;
        vg_slots_state(flux->slots, i, &state);
        if (state.tag == vg_slots_tag(flux->id))
            flux->place = i;
    }
}

static const char *word(const struct vg_slots_state *state, enum vg_figure figure)
{
    return vg_figure_word(vg_figure_row(figure), state->figure[figure]);
}

/* Those in which nothing moved, too: they were judged. */
static uint64_t analysed(const struct vg_slots_state *state)
{
    return state->fate[VG_FATE_ANALYSED] + state->fate[VG_FATE_STILL];
}

static bool same(const struct vg_slots_state *a, const struct vg_slots_state *b)
{
    static const enum vg_figure figures[] = {VG_FIGURE_DECODER, VG_FIGURE_FALL_CAUSE,
                                             VG_FIGURE_FALLS, VG_FIGURE_RISES, VG_FIGURE_SURFACES};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (a->figure[figures[i]] != b->figure[figures[i]])
            return false;
    return analysed(a) == analysed(b) && a->connection == b->connection && a->epoch == b->epoch;
}

static int look(struct flux *flux)
{
    struct vg_slots_state now;
    if (flux->place == VG_SLOTS_FLUX_MAX)
        find(flux);
    if (flux->place == VG_SLOTS_FLUX_MAX)
        return 0;
    vg_slots_state(flux->slots, flux->place, &now);
    if (same(&now, &flux->last))
        return 0;
    flux->last = now;
    return printf("%.3f %s %llu %s %s %lld %lld %lld %s %u\n",
                  (double)vg_mono_now().us / (double)VG_US_PER_S, flux->id,
                  (unsigned long long)analysed(&now), word(&now, VG_FIGURE_DECODER),
                  word(&now, VG_FIGURE_FALL_CAUSE), (long long)now.figure[VG_FIGURE_FALLS],
                  (long long)now.figure[VG_FIGURE_RISES], (long long)now.figure[VG_FIGURE_SURFACES],
                  vg_connection_name(now.connection), (unsigned)now.epoch);
}

int main(int argc, char **argv)
{
    struct flux flux[FLUX_MAX];
    struct vg_slots *slots = NULL;
    size_t count = 0;
    for (int i = 1; i < argc && count < FLUX_MAX; i++) {
        if (argv[i][0] == '/')
            slots = open_slots(argv[i]);
        else if (slots)
            flux[count++] =
                (struct flux){.id = argv[i], .slots = slots, .place = VG_SLOTS_FLUX_MAX};
        if (!slots)
            return 2;
    }
    (void)puts("watching");
    for (;;) {
        int said = 0;
        for (size_t i = 0; i < count && said >= 0; i++)
            said = look(&flux[i]);
        if (said < 0 || fflush(stdout))
            return 0;
        vg_pause_us(LOOK_US);
    }
}
