/* What an event's watcher says of one picture: for each rule, whether its condition holds now,
 * with the evidence for it, or why not. */
#ifndef VG_EVENTS_SIGHTING_H
#define VG_EVENTS_SIGHTING_H

#include <stdbool.h>
#include <stdint.h>

#include "models/detection.h"
#include "src/base/clock.h"

#define VG_SIGHTING_BOXES_MAX 64

/* Subjects that are no tracks (things found on the maps) have numbers from here up, tracks below:
 * VG_TRACK_ID_MAX. */
#define VG_SUBJECT_THING 0x80000000u

struct vg_sighting_box {
    uint32_t track; /* 0: none */
    enum vg_class class_id;
    float score;
    struct vg_box box; /* pixels of the picture */
};

struct vg_sighting {
    uint32_t rule;    /* index in the scene */
    uint32_t subject; /* track or thing the condition is about, 0: the place as a whole */
    bool instant;     /* a passage, over as soon as seen (hold does not apply) */
    bool building;    /* it has begun, and its hold runs, but it is not enough to be told yet */
    int64_t held_us;  /* it has held for so long by now, where the event has seen to that; else 0 */
    struct vg_media_time time;
    float score;
    double count; /* density: objects in the place; else 0 */
    uint32_t box_count;
    struct vg_sighting_box box[VG_SIGHTING_BOXES_MAX];
};

/* Why a rule said nothing of a track in this picture (for --explain). */
enum vg_why_not {
    VG_WHY_HOLDS,        /* it does hold */
    VG_WHY_CLASS,        /* not a class of the rule */
    VG_WHY_SCORE,        /* score below the rule's least */
    VG_WHY_UNCONFIRMED,  /* the track is not confirmed yet */
    VG_WHY_MASKED,       /* the foot point is under a mask */
    VG_WHY_OUTSIDE,      /* the foot point is not in the place */
    VG_WHY_NO_PASSAGE,   /* the line was not passed */
    VG_WHY_OTHER_SIDE,   /* passed towards the other side */
    VG_WHY_WITH_THE_WAY, /* moves the allowed way */
    VG_WHY_STILL,        /* too slow to have a way */
    VG_WHY_FEW,          /* not more than `over` */
    VG_WHY_HOLD,         /* holds, but not yet long enough */
    VG_WHY_COOLDOWN,     /* raised not long ago */
    VG_WHY_CALENDAR,     /* outside the rule's hours */
    VG_WHY_INACTIVE,     /* the rule is switched off */
    VG_WHY_STOPPED,      /* stopped or not authorised */
    VG_WHY_VIEW,         /* the picture does not show the rule's place for sure */
    VG_WHY_LEARNING,     /* the maps have not seen enough of the view yet */
    VG_WHY_NO_MAPS,      /* the maps that the rule needs were not made */
    VG_WHY_SMALL,        /* too small to be one */
    VG_WHY_LARGE,        /* too large to be one */
    VG_WHY_SHADE,        /* a shadow or a light, not a thing */
    VG_WHY_UNCOVERED,    /* something went away; what was behind it is seen */
    VG_WHY_PERSON,       /* it is a person, or an animal */
    VG_WHY_MOVES,        /* it moves */
    VG_WHY_ATTENDED,     /* somebody is with it */
    VG_WHY_UNBROUGHT,    /* nobody was there when it appeared */
    VG_WHY_UPRIGHT,      /* stands, sits or bends */
    VG_WHY_NO_FALL,      /* nothing fell there */
    VG_WHY_COLOUR,       /* not the colours of it */
    VG_WHY_STEADY,       /* does not flicker */
    VG_WHY_BLINKS,       /* goes on and off in time: a lamp or a beacon */
    VG_WHY_NO_GROWTH,    /* neither grows nor changes its shape */
    VG_WHY_AS_USUAL,     /* no more movement than is usual there */
    VG_WHY_SEEN_FEW,     /* seen in too few of the last pictures */
    VG_WHY_PARTS,        /* the parts of the composed rule do not hold together */
    VG_WHY_NO_MODEL,     /* the model does not know the class */
    VG_WHY_COUNT
};
const char *vg_why_not_name(enum vg_why_not why);  /* "outside" */
const char *vg_why_not_label(enum vg_why_not why); /* msgid for a person */

#endif
