/* What a rule on `weapon` remembers. Inside of src/events only. */
#ifndef VG_EVENTS_WEAPON_H
#define VG_EVENTS_WEAPON_H

#include "src/events/watch.h"

#define VG_WEAPON_SITES_MAX 8 /* followed at once; the one not found for longest goes first */

/* Where a weapon may be. */
struct vg_weapon_site {
    uint32_t number;  /* from 1; 0: free */
    uint32_t carrier; /* track of the person who has it; 0: nobody */
    enum vg_class class_id;
    struct vg_box box; /* where it was found last, pixels */
    float score;
    bool found;                      /* in this picture */
    bool whole;                      /* found last in the whole picture, not in a look */
    uint32_t looks;                  /* the last ones, bit 0 the latest: 1 found */
    struct vg_media_time last_found; /* a picture */
};

/* How somebody was looked at. */
struct vg_weapon_looked {
    uint32_t looks; /* so far; stays at its most */
    struct vg_media_time time;
    float width, height; /* of the person then, pixels */
};

struct vg_weapon_memory {
    uint32_t numbers; /* given so far */
    struct vg_weapon_site site[VG_WEAPON_SITES_MAX];
    struct vg_weapon_looked looked[VG_TRACKS_MAX]; /* at the person of this slot */
};

/* weapon.c: a weapon found in enough of the last looks at one place. */
void vg_weapon_watch(const struct vg_watch *watch);
void vg_weapon_forget(void *memory, uint32_t slot);

#endif
