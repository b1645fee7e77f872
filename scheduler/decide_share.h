/* How the devices' time is shared out: a rate for each flux, or that it is shed. Pure; called about
 * once a second.
 *
 * All is device time a second: rate x what a picture costs. What is claimed is given in this order,
 * and where a row is not covered whole, what is left is levelled within it (max-min, weighted by
 * priority, by what goes on, and by the declared load, so that a level is a share of the rate):
 *
 *   floors      the lowest rate at which the rules are true; those that find no room are shed whole
 *   entitled    the wanted rate, at the cost declared at admission (a quarter more is believed)
 *   wanted      the wanted rate, at the true cost
 *   raised      up to twice the wanted rate, where a rule is armed or an alert is in progress
 *
 * Device time is that of one device as it was when its flux were admitted: one that has become slow
 * has less capacity, and no flux costs more by that.
 *
 * So nobody pays for a neighbour that costs ten times what was declared for it: what is over that is
 * served behind all that was declared. If not even its floor is covered so, it is shed. */
#ifndef VG_SCHEDULER_DECIDE_SHARE_H
#define VG_SCHEDULER_DECIDE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

/* Who was shed comes back when its floor has found room, this margin (in hundredths of all) left,
 * for so long; twice as long each time that it is shed again within a minute, up to eight times, or
 * 64 where it is its cost that finds no room. That is not measured meanwhile: of what is over the
 * declared cost (of all of it, if none was declared) half is forgotten in each VG_SHARE_FORGET_US, as
 * often doubled, so that it is tried again: a device that was slow for a while would else leave
 * everybody shed for good. */
#define VG_SHARE_MARGIN     5
#define VG_SHARE_BACK_US    (5 * VG_US_PER_S)
#define VG_SHARE_RELAPSE_US (60 * VG_US_PER_S)
#define VG_SHARE_FORGET_US  (10 * VG_US_PER_S)
#define VG_SHARE_TIMES_MAX  6 /* doublings, of a costly flux */
#define VG_SHARE_TIMES_ROOM 3 /* and of others */

/* What goes on in a flux: who rises, and who is shed last of equals. */
enum vg_stir {
    VG_STIR_CALM,
    VG_STIR_ARMED, /* a rule has begun to hold */
    VG_STIR_ALERT  /* an alert is in progress */
};

enum vg_share_verdict {
    VG_SHARE_WANTED,  /* the wanted rate, or all that the source gives */
    VG_SHARE_RAISED,  /* more than that */
    VG_SHARE_REDUCED, /* less, its floor at least */
    VG_SHARE_SHED,    /* nothing: its floor found no room */
    VG_SHARE_COSTLY   /* nothing: it costs more than was declared, and there is no room for that */
};

/* "wanted", "raised", ... Static. */
const char *vg_share_verdict_name(enum vg_share_verdict verdict);

/* One flux. Rates are thousandths of a picture a second. */
struct vg_share_flux {
    /* told by the caller */
    uint32_t wanted_milli; /* 0: every picture that the source gives */
    uint32_t floor_milli;
    uint32_t source_milli; /* what the source gives; 0: not known */
    uint32_t priority;     /* 0 first .. 9 last */
    enum vg_stir stir;
    int64_t declared_us; /* device time of a picture, as admitted; 0: what it costs is believed */
    /* told by vg_share_cost, and put back to what was declared when a flux comes back */
    int64_t cost_us;    /* 0: not known yet */
    int64_t counted_us; /* with which the last sharing out reckoned */

    /* kept from call to call; zeroed: never shed */
    bool shed, fits;
    uint32_t times;           /* shed again, shortly after */
    int64_t shed_us, fits_us; /* since when */
    int64_t back_us;          /* when it came back last */

    /* given */
    enum vg_share_verdict verdict;
    uint32_t rate_milli;

    /* within a call, in thousandths of a microsecond a second */
    uint32_t next;
    bool costly;
    double floor, entitled, wanted, raised, slope, given;
};

/* The device time of one more picture, its second looks and tiles included. An eighth of it is new,
 * half where it is more than twice what was believed. True: it now costs more than twice what the
 * last sharing out reckoned with, so that one is due at once, not when the second is over. */
bool vg_share_cost(struct vg_share_flux *flux, int64_t us);

/* Shares out capacity_us of device time a second (that of several devices in the time of one of
 * them). now_us: monotonic. Called again at the same time, it gives the same. */
void vg_share_out(struct vg_share_flux *flux, uint32_t count, int64_t capacity_us, int64_t now_us);

/* How much of the capacity can be had: what was given and did not get its turn shows that it was too
 * much, whatever the cause (batches that do not fill, gaps between them, another program). Zeroed:
 * all of it. */
struct vg_share_gauge {
    double answered_us, replaced_us; /* fading */
    double less;                     /* share of the capacity that is not there */
};

/* Once a second, what pictures cost that were answered since, and those that were replaced by newer
 * ones before their turn; not for a second in which a cost leapt (vg_share_cost). Returns what is to
 * be shared out of capacity_us: a hundredth less while more than a fiftieth is replaced, three
 * tenths at most; growing back by a two-hundredth a second while hardly any is. */
int64_t vg_share_gauge(struct vg_share_gauge *gauge, int64_t answered_us, int64_t replaced_us,
                       int64_t capacity_us);

/* The same, where who is held and who is shed goes by held_us, the most that there was in the last
 * seconds (vg_share_most): nobody is shed for a moment's weakness of the device. Then all floors are
 * given, and may be more than capacity_us. */
void vg_share_out_held(struct vg_share_flux *flux, uint32_t count, int64_t capacity_us,
                       int64_t held_us, int64_t now_us);

/* The capacities of the last sharings out. Zeroed: none yet. */
#define VG_SHARE_HELD_US (5 * VG_US_PER_S)
struct vg_share_most {
    int64_t at_us[8],
        capacity_us[8]; /* a falling row: who is behind a greater one and older is gone */
    uint32_t count;
    bool begun;
};

/* The most there was within VG_SHARE_HELD_US, capacity_us being what there is now. The first
 * VG_SHARE_HELD_US after the first call: all_us at least, since what is known then is the slow start
 * of a device. */
int64_t vg_share_most(struct vg_share_most *most, int64_t capacity_us, int64_t all_us,
                      int64_t now_us);

/* Device time a second of what was given, microseconds. */
int64_t vg_share_load_us(const struct vg_share_flux *flux, uint32_t count);

#endif
