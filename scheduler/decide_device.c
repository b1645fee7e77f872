#include "scheduler/decide_device.h"

#include <stddef.h>

#define PRIORITIES 10

/* How full it is with so much beside what it has; capacity 0 is full with anything. */
static double fullness(const struct vg_device_state *device, int64_t more_us)
{
    const int64_t capacity = device->capacity_us > 0 ? device->capacity_us : 1;
    return (double)(device->load_us + more_us) / (double)capacity;
}

enum among {
    AMONG_FIRST,
    AMONG_LAST,
    AMONG_ALL
};

static bool is_among(const struct vg_device_state *device, enum among among)
{
    const bool belongs = among == AMONG_ALL || device->last == (among == AMONG_LAST);
    return device->well && belongs;
}

static uint32_t emptiest(const struct vg_device_state *device, uint32_t count, enum among among,
                         int64_t need_us)
{
    uint32_t best = VG_DEVICE_NONE;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_among(&device[i], among))
            continue;
        if (best == VG_DEVICE_NONE ||
            fullness(&device[i], need_us) < fullness(&device[best], need_us))
            best = i;
    }
    return best;
}

uint32_t vg_device_choose(const struct vg_device_state *device, uint32_t count, int64_t need_us)
{
    for (enum among among = AMONG_FIRST; among < AMONG_ALL; among++) {
        const uint32_t i = emptiest(device, count, among, need_us);
        if (i != VG_DEVICE_NONE && fullness(&device[i], need_us) <= 1)
            return i;
    }
    return emptiest(device, count, AMONG_ALL, need_us);
}

static bool is_placed(const struct vg_placing *p, const struct vg_placed_flux *flux)
{
    return flux->device < p->devices && p->device[flux->device].well;
}

static void weigh(const struct vg_placing *p)
{
    for (uint32_t d = 0; d < p->devices; d++)
        p->device[d].load_us = 0;
    for (uint32_t i = 0; i < p->flux_count; i++)
        if (is_placed(p, &p->flux[i]))
            p->device[p->flux[i].device].load_us += p->flux[i].need_us;
}

static void move(const struct vg_placing *p, struct vg_placed_flux *flux, uint32_t device)
{
    if (is_placed(p, flux))
        p->device[flux->device].load_us -= flux->need_us;
    flux->device = device;
    if (device != VG_DEVICE_NONE)
        p->device[device].load_us += flux->need_us;
}

static uint32_t place_homeless(const struct vg_placing *p, uint32_t priority)
{
    uint32_t moved = 0;
    for (uint32_t i = 0; i < p->flux_count; i++) {
        struct vg_placed_flux *flux = &p->flux[i];
        const uint32_t mine = flux->priority < PRIORITIES ? flux->priority : PRIORITIES - 1;
        if (mine != priority || is_placed(p, flux))
            continue;
        const uint32_t device = vg_device_choose(p->device, p->devices, flux->need_us);
        moved += device != VG_DEVICE_NONE;
        move(p, flux, device);
    }
    return moved;
}

static uint32_t fullest(const struct vg_placing *p, enum among among)
{
    uint32_t worst = VG_DEVICE_NONE;
    for (uint32_t i = 0; i < p->devices; i++)
        if (is_among(&p->device[i], among) && p->device[i].load_us > 0 &&
            (worst == VG_DEVICE_NONE ||
             fullness(&p->device[i], 0) > fullness(&p->device[worst], 0)))
            worst = i;
    return worst;
}

/* How full the fuller one of both is after a move. */
static double after(const struct vg_placing *p, const struct vg_placed_flux *flux, uint32_t to)
{
    const double here = fullness(&p->device[flux->device], -flux->need_us);
    const double there = fullness(&p->device[to], flux->need_us);
    return here > there ? here : there;
}

/* Of all flux of a device the one whose move to another leaves both the least full. */
static struct vg_placed_flux *best_to_move(const struct vg_placing *p, uint32_t from, uint32_t to)
{
    struct vg_placed_flux *best = NULL;
    for (uint32_t i = 0; i < p->flux_count; i++)
        if (p->flux[i].device == from && p->flux[i].need_us > 0 &&
            (!best || after(p, &p->flux[i], to) < after(p, best, to)))
            best = &p->flux[i];
    return best;
}

static bool even_out(const struct vg_placing *p, uint32_t from, uint32_t to)
{
    if (from == VG_DEVICE_NONE || to == VG_DEVICE_NONE || from == to)
        return false;
    const double before = fullness(&p->device[from], 0);
    if (before - fullness(&p->device[to], 0) < VG_DEVICE_EVEN / 100.0)
        return false;
    struct vg_placed_flux *flux = best_to_move(p, from, to);
    if (!flux || after(p, flux, to) >= before)
        return false;
    move(p, flux, to);
    return true;
}

/* From the last device back to another that has room again, to spare. */
static bool bring_back(const struct vg_placing *p)
{
    const uint32_t from = fullest(p, AMONG_LAST),
                   to = emptiest(p->device, p->devices, AMONG_FIRST, 0);
    if (from == VG_DEVICE_NONE || to == VG_DEVICE_NONE)
        return false;
    struct vg_placed_flux *flux = best_to_move(p, from, to);
    if (!flux || fullness(&p->device[to], flux->need_us) > 1 - VG_DEVICE_EVEN / 100.0)
        return false;
    move(p, flux, to);
    return true;
}

/* From one that is overfull to the last one. */
static bool relieve(const struct vg_placing *p)
{
    const uint32_t from = fullest(p, AMONG_FIRST),
                   to = emptiest(p->device, p->devices, AMONG_LAST, 0);
    return from != VG_DEVICE_NONE && fullness(&p->device[from], 0) > 1 && even_out(p, from, to);
}

uint32_t vg_device_place(const struct vg_placing *placing)
{
    uint32_t moved = 0;
    weigh(placing);
    for (uint32_t priority = 0; priority < PRIORITIES; priority++)
        moved += place_homeless(placing, priority);
    if (moved > 0)
        return moved;
    const uint32_t from = fullest(placing, AMONG_FIRST);
    const uint32_t to = emptiest(placing->device, placing->devices, AMONG_FIRST, 0);
    return even_out(placing, from, to) || bring_back(placing) || relieve(placing) ? 1 : 0;
}
