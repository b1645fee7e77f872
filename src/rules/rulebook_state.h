/* The inside of a rulebook, shared by the file that decides (rulebook.c) and the one that
 * writes it down and reads it back (rulebook_save.c). Inside of src/rules only. */
#ifndef VG_RULES_RULEBOOK_STATE_H
#define VG_RULES_RULEBOOK_STATE_H

#include <stdbool.h>

#include "src/rules/compose.h"
#include "src/rules/rulebook.h"

/* Conditions followed at once. A picture adds at most VG_SIGHTINGS_MAX, and those of the last
 * half second are kept; the stalest goes first when there is no room. */
#define VG_HELD_MAX 512

/* From when a condition holds. */
struct vg_onset {
    struct vg_media_time first, last; /* picture of its onset, and the last that showed it */
    struct vg_wall_time wall;         /* of first; 0: not known */
    bool told;                        /* by an alert */
    int64_t before_us; /* it had held for so long when it was first sighted (struct vg_sighting) */
};

/* One condition: a rule about a subject. */
struct vg_held {
    bool used;
    bool told_last;                 /* told by the rule's last alert */
    bool building;                  /* what shows it now is not enough to be told */
    uint32_t rule, subject, missed; /* missed: pictures since last, this one too */
    struct vg_onset onset;
};

/* The rule's last alert, and what was before it, to be taken back or written as untold. */
struct vg_rule_last {
    uint64_t step;               /* that raised it; 0: none, or taken back */
    const struct vg_held *named; /* whose onset it names, valid in that step; NULL: a passage */
    bool raised;                 /* as raised and raised_at below, before it */
    struct vg_media_time raised_at;
};

struct vg_rule_state {
    uint64_t sequence; /* alerts so far */
    bool raised;       /* raised_at is a time */
    struct vg_media_time raised_at;
    struct vg_rule_last last;
    bool refused; /* refused_at is when the alert that was refused was raised; none since */
    struct vg_media_time refused_at;
    /* An onset from before a restart, waiting for a subject. */
    bool carried;
    struct vg_onset carry;
    /* As a part of composed rules. */
    bool passed; /* passed_at is a time */
    struct vg_media_time passed_at;
    float score; /* and count: of its latest sighting */
    double count;
};

struct vg_rulebook {
    const struct vg_scene *scene; /* borrowed */
    struct vg_rule_state rule[VG_SCENE_RULES_MAX];
    struct vg_held held[VG_HELD_MAX];
    struct vg_compose compose;
    uint8_t part[VG_SCENE_RULES_MAX]; /* the rules as parts in this picture, VG_COMPOSE_ bits */
    struct vg_sighting composed;      /* of the composed rule that is judged now */
    uint64_t step;                    /* pictures since open */
    bool restored;                    /* carry_until is not set yet: no picture since */
    struct vg_media_time carry_until; /* carried onsets are taken up to here */
    uint64_t dropped;
};

#endif
