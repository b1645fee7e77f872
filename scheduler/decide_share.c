#include "scheduler/decide_share.h"

#include <string.h>

const char *vg_share_verdict_name(enum vg_share_verdict verdict)
{
    static const char *const names[] = {"wanted", "raised", "reduced", "shed", "costly"};
    return (unsigned)verdict < sizeof names / sizeof *names ? names[verdict] : "?";
}

enum {
    PRIORITIES = 10,
    STANDINGS = 4, /* of equal priority: alert, armed, calm, shed */
    LEVEL_STEPS = 32,
    SOURCE_MILLI = 25000 /* of a source that has not told its rate yet */
};

#define NOBODY UINT32_MAX

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t priority_of(const struct vg_share_flux *flux)
{
    return least(flux->priority, PRIORITIES - 1);
}

/* 10 (first) to 1 (last); half as much again with an armed rule, twice with an alert. */
static double weight_of(const struct vg_share_flux *flux)
{
    static const double stirred[] = {
        [VG_STIR_CALM] = 1, [VG_STIR_ARMED] = 1.5, [VG_STIR_ALERT] = 2};
    return (PRIORITIES - priority_of(flux)) * stirred[flux->stir];
}

/* What is over the declared cost, all of it if none was, fades while nothing is measured. */
static int64_t remembered(const struct vg_share_flux *flux, int64_t now_us)
{
    const int64_t over = flux->cost_us - flux->declared_us;
    if (!flux->shed || over <= 0 || now_us <= flux->shed_us)
        return flux->cost_us;
    const int64_t half_us = VG_SHARE_FORGET_US << least(flux->times, VG_SHARE_TIMES_MAX);
    const int64_t halves = (now_us - flux->shed_us) / half_us;
    return flux->declared_us + (halves < 40 ? over >> halves : 0);
}

static int64_t cost_of(const struct vg_share_flux *flux, int64_t now_us)
{
    const int64_t us = flux->cost_us > 0 ? remembered(flux, now_us) : flux->declared_us;
    return us > 0 ? us : 1;
}

/* A scene that fills up at noon is no attack: a quarter over what was declared is believed. */
static int64_t believed(const struct vg_share_flux *flux, int64_t cost_us)
{
    const int64_t limit = flux->declared_us + flux->declared_us / 4;
    return flux->declared_us > 0 && cost_us > limit ? limit : cost_us;
}

static void claim(struct vg_share_flux *flux, int64_t now_us)
{
    const uint32_t source = flux->source_milli ? flux->source_milli : UINT32_MAX;
    const uint32_t every = flux->source_milli ? flux->source_milli : SOURCE_MILLI;
    const uint32_t asked = flux->wanted_milli ? flux->wanted_milli : every;
    const uint32_t top = least(most(asked, flux->floor_milli), source);
    const uint64_t twice = 2 * (uint64_t)top;
    const uint32_t high = twice < source ? (uint32_t)twice : source;
    const int64_t cost_us = flux->counted_us = cost_of(flux, now_us);
    flux->floor = (double)least(flux->floor_milli, top) * (double)cost_us;
    flux->wanted = (double)top * (double)cost_us;
    flux->entitled = (double)top * (double)believed(flux, cost_us);
    flux->raised = flux->stir == VG_STIR_CALM ? flux->wanted : (double)high * (double)cost_us;
    flux->slope = flux->entitled * weight_of(flux);
    flux->costly = flux->floor > flux->entitled;
    flux->given = 0;
}

/* ---- who is held, who is shed --------------------------------------------------------------- */

static uint32_t standing(const struct vg_share_flux *flux)
{
    static const uint32_t stirred[] = {
        [VG_STIR_ALERT] = 0, [VG_STIR_ARMED] = 1, [VG_STIR_CALM] = 2};
    return flux->shed ? STANDINGS - 1 : stirred[flux->stir];
}

/* The flux as one list by priority, standing and place. Returns its first. */
static uint32_t in_order(struct vg_share_flux *flux, uint32_t count)
{
    uint32_t head[PRIORITIES * STANDINGS], first = NOBODY;
    for (uint32_t k = 0; k < PRIORITIES * STANDINGS; k++)
        head[k] = NOBODY;
    for (uint32_t i = count; i-- > 0;) {
        const uint32_t key = priority_of(&flux[i]) * STANDINGS + standing(&flux[i]);
        flux[i].next = head[key];
        head[key] = i;
    }
    for (uint32_t k = PRIORITIES * STANDINGS; k-- > 0;) {
        uint32_t last = head[k];
        if (last == NOBODY)
            continue;
        while (flux[last].next != NOBODY)
            last = flux[last].next;
        flux[last].next = first;
        first = head[k];
    }
    return first;
}

static void shed(struct vg_share_flux *flux, int64_t now_us)
{
    const bool relapse = flux->back_us && now_us - flux->back_us < VG_SHARE_RELAPSE_US;
    flux->times = relapse ? least(flux->times + 1, VG_SHARE_TIMES_MAX) : 0;
    flux->shed = true;
    flux->fits = false;
    flux->shed_us = now_us;
}

static void come_back(struct vg_share_flux *flux, int64_t now_us)
{
    flux->cost_us = flux->declared_us ? flux->declared_us : remembered(flux, now_us);
    flux->shed = flux->fits = false;
    flux->back_us = now_us ? now_us : 1; /* 0: never */
    claim(flux, now_us);
}

/* A flux that was shed finds room: for long enough? */
static bool waited(struct vg_share_flux *flux, int64_t now_us)
{
    if (!flux->fits) {
        flux->fits = true;
        flux->fits_us = now_us;
    }
    const uint32_t most = flux->costly ? VG_SHARE_TIMES_MAX : VG_SHARE_TIMES_ROOM;
    return now_us - flux->fits_us >= VG_SHARE_BACK_US << least(flux->times, most);
}

/* A walk through the flux in order: what those before take, and what is kept for those of them that
 * will come back, so that none of lower priority comes back into that first. */
struct room {
    double all, taken, kept;
    int64_t now_us;
};

/* Holds the flux if its claim finds room. */
static void hold(struct vg_share_flux *flux, struct room *room)
{
    const double needs = flux->floor, margin = room->all * VG_SHARE_MARGIN / 100;
    if (!flux->shed && room->taken + needs <= room->all) {
        room->taken += needs;
        return;
    }
    if (!flux->shed) {
        shed(flux, room->now_us);
        return;
    }
    if (room->taken + room->kept + needs > room->all - margin) {
        flux->fits = false;
        return;
    }
    if (!waited(flux, room->now_us)) {
        room->kept += needs;
        return;
    }
    const bool costly = flux->costly;
    come_back(flux, room->now_us);
    room->taken += costly && flux->entitled > needs ? flux->entitled : needs;
}

/* Nobody is shed and all floors find room beside what is declared: by far the most calls. */
static bool all_held(const struct vg_share_flux *flux, uint32_t count, double room)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (flux[i].shed)
            return false;
        sum += flux[i].costly ? flux[i].floor : flux[i].entitled;
    }
    return sum <= room;
}

static void hold_all(struct vg_share_flux *flux, uint32_t count, double all, int64_t now_us)
{
    struct room floors = {.all = all, .now_us = now_us}, declared = floors;
    if (all_held(flux, count, all))
        return;
    const uint32_t first = in_order(flux, count);
    /* as they are when the call begins: who comes back is not costly any more */
    for (uint32_t i = first; i != NOBODY; i = flux[i].next) {
        if (flux[i].costly)
            continue;
        hold(&flux[i], &floors);
        declared.taken += flux[i].shed ? 0 : flux[i].entitled;
    }
    for (uint32_t i = first; i != NOBODY; i = flux[i].next)
        if (flux[i].costly)
            hold(&flux[i], &declared);
}

/* ---- how much each gets ---------------------------------------------------------------------- */

enum goal {
    GOAL_ENTITLED,
    GOAL_WANTED,
    GOAL_RAISED
};

static double goal_of(const struct vg_share_flux *flux, enum goal goal)
{
    const double rows[] = {flux->entitled, flux->wanted, flux->raised};
    return rows[goal] > flux->given ? rows[goal] : flux->given;
}

static double at_level(const struct vg_share_flux *flux, enum goal goal, double level)
{
    const double high = goal_of(flux, goal), x = level * flux->slope;
    return x < flux->given ? flux->given : x > high ? high : x;
}

static double sum_at(const struct vg_share_flux *flux, uint32_t count, enum goal goal, double level)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!flux[i].shed)
            sum += at_level(&flux[i], goal, level);
    return sum;
}

/* The level above which nobody's goal lies. */
static double top_level(const struct vg_share_flux *flux, uint32_t count, enum goal goal)
{
    double top = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (flux[i].shed || flux[i].slope <= 0)
            continue;
        const double level = goal_of(&flux[i], goal) / flux[i].slope;
        top = level > top ? level : top;
    }
    return top;
}

/* Lifts all towards their goals, as far as there is room; false: that is used up. */
static bool lift(struct vg_share_flux *flux, uint32_t count, enum goal goal, double room)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!flux[i].shed)
            sum += goal_of(&flux[i], goal);
    if (sum <= room) {
        for (uint32_t i = 0; i < count; i++)
            flux[i].given = flux[i].shed ? 0 : goal_of(&flux[i], goal);
        return true;
    }
    double low = 0, high = top_level(flux, count, goal);
    for (int step = 0; step < LEVEL_STEPS; step++) {
        const double middle = (low + high) / 2;
        if (sum_at(flux, count, goal, middle) <= room)
            low = middle;
        else
            high = middle;
    }
    for (uint32_t i = 0; i < count; i++)
        flux[i].given = flux[i].shed ? 0 : at_level(&flux[i], goal, low);
    return false;
}

static void say(struct vg_share_flux *flux)
{
    if (flux->shed) {
        flux->rate_milli = 0;
        flux->verdict = flux->costly ? VG_SHARE_COSTLY : VG_SHARE_SHED;
        return;
    }
    flux->rate_milli = (uint32_t)(flux->given / (double)flux->counted_us);
    flux->verdict = flux->given > flux->wanted   ? VG_SHARE_RAISED
                    : flux->given < flux->wanted ? VG_SHARE_REDUCED
                                                 : VG_SHARE_WANTED;
}

bool vg_share_cost(struct vg_share_flux *flux, int64_t us)
{
    const int64_t old_us = flux->cost_us;
    if (us <= 0)
        return false;
    if (old_us <= 0)
        flux->cost_us = us;
    else
        flux->cost_us = us > 2 * old_us ? (old_us + us) / 2 : (7 * old_us + us) / 8;
    return flux->cost_us > 2 * flux->counted_us;
}

void vg_share_out(struct vg_share_flux *flux, uint32_t count, int64_t capacity_us, int64_t now_us)
{
    vg_share_out_held(flux, count, capacity_us, capacity_us, now_us);
}

void vg_share_out_held(struct vg_share_flux *flux, uint32_t count, int64_t capacity_us,
                       int64_t held_us, int64_t now_us)
{
    const double room = capacity_us > 0 ? (double)capacity_us * 1000 : 0;
    const double held = held_us > capacity_us ? (double)held_us * 1000 : room;
    for (uint32_t i = 0; i < count; i++)
        claim(&flux[i], now_us);
    hold_all(flux, count, held, now_us);
    for (uint32_t i = 0; i < count; i++)
        flux[i].given = flux[i].shed ? 0 : flux[i].floor;
    for (enum goal goal = GOAL_ENTITLED; goal <= GOAL_RAISED && lift(flux, count, goal, room);)
        goal++;
    for (uint32_t i = 0; i < count; i++)
        say(&flux[i]);
}

int64_t vg_share_gauge(struct vg_share_gauge *gauge, int64_t answered_us, int64_t replaced_us,
                       int64_t capacity_us)
{
    const double fade = 3.0 / 4;
    const bool still = replaced_us > answered_us / 50;
    gauge->answered_us = gauge->answered_us * fade + (double)(answered_us > 0 ? answered_us : 0);
    gauge->replaced_us = gauge->replaced_us * fade + (double)(replaced_us > 0 ? replaced_us : 0);
    const double all_us = gauge->answered_us + gauge->replaced_us;
    if (still && gauge->replaced_us > all_us / 50)
        gauge->less = gauge->less < 0.3 - 0.01 ? gauge->less + 0.01 : 0.3;
    else if (gauge->replaced_us <= all_us / 200)
        gauge->less = gauge->less > 0.005 ? gauge->less - 0.005 : 0;
    return (int64_t)((double)capacity_us * (1 - gauge->less));
}

/* Newest last; those behind a greater and newer one never are the most again. */
static void put(struct vg_share_most *most, int64_t capacity_us, int64_t now_us)
{
    const uint32_t room = sizeof most->at_us / sizeof *most->at_us;
    while (most->count > 0 && most->capacity_us[most->count - 1] <= capacity_us)
        most->count--;
    if (most->count == room) /* the smallest is given up: the most is found first */
        most->count--;
    most->at_us[most->count] = now_us;
    most->capacity_us[most->count++] = capacity_us;
}

int64_t vg_share_most(struct vg_share_most *most, int64_t capacity_us, int64_t all_us,
                      int64_t now_us)
{
    uint32_t gone = 0;
    put(most, most->begun ? capacity_us : all_us > capacity_us ? all_us : capacity_us, now_us);
    most->begun = true;
    while (gone + 1 < most->count && now_us - most->at_us[gone] > VG_SHARE_HELD_US)
        gone++;
    most->count -= gone;
    memmove(most->at_us, most->at_us + gone, most->count * sizeof *most->at_us);
    memmove(most->capacity_us, most->capacity_us + gone, most->count * sizeof *most->capacity_us);
    return most->capacity_us[0];
}

int64_t vg_share_load_us(const struct vg_share_flux *flux, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += flux[i].given;
    return (int64_t)(sum / 1000);
}
