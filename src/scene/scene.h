/* What is to be watched in a view: zones, lines, masks and rules, read from scene JSON
 * (docs/schemas/scene.json). Immutable once read. Coordinates are fractions of the displayed
 * picture, 0 to 1, y down. */
#ifndef VG_SCENE_SCENE_H
#define VG_SCENE_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/class.h"
#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/base/geometry.h"
#include "src/scene/terrain.h"

#define VG_SCENE_ID_SIZE     64
#define VG_SCENE_LABEL_SIZE  128
#define VG_SCENE_CORNERS_MAX 64
#define VG_SCENE_POINTS_MAX  16 /* of a line */
#define VG_SCENE_PLACES_MAX  64
#define VG_SCENE_TEXT_MAX    (1u << 20)
#define VG_SCENE_GIVEN_MAX   64 /* rules of a file */
#define VG_SCENE_PARTS_MAX   64 /* parts of all its composed rules together */
#define VG_SCENE_PARTS_DEPTH 8
/* With the hidden ones: each part on an event of its own is a rule that raises nothing. */
#define VG_SCENE_RULES_MAX (VG_SCENE_GIVEN_MAX + VG_SCENE_PARTS_MAX)
/* A rule's own text, so that an alert with it and its parts always has room. */
#define VG_RULE_TEXT_MAX (16u << 10)

/* The eight events of the contract, in its order. */
enum vg_event {
    VG_EVENT_WRONG_WAY,
    VG_EVENT_CROSSING,
    VG_EVENT_CROWD_MOVEMENT,
    VG_EVENT_DENSITY,
    VG_EVENT_ABANDONED_OBJECT,
    VG_EVENT_WEAPON,
    VG_EVENT_PERSON_DOWN,
    VG_EVENT_FIRE,
    VG_EVENT_COUNT,
    VG_EVENT_NONE = -1
};
const char *vg_event_name(enum vg_event event);  /* "wrong_way" */
const char *vg_event_label(enum vg_event event); /* msgid for a person */
enum vg_event vg_event_parse(const char *name);
/* Lowest rate at which the event is true, pictures per second (contract). */
float vg_event_floor_fps(enum vg_event event);

enum vg_place_kind {
    VG_PLACE_MASK,
    VG_PLACE_ZONE,
    VG_PLACE_LINE
};

struct vg_place {
    enum vg_place_kind kind;
    char id[VG_SCENE_ID_SIZE];
    char label[VG_SCENE_LABEL_SIZE]; /* "" if none */
    uint32_t corner_count;           /* 2 to 16 for a line */
    struct vg_point corner[VG_SCENE_CORNERS_MAX];
    bool directed;
    struct vg_point direction; /* zone: allowed way, picture pixels, y down, not zero */
    uint32_t events;           /* mask: from rules on which it hides, bits 1 << event; 0: all */
};

enum vg_severity {
    VG_SEVERITY_LOW,
    VG_SEVERITY_MEDIUM,
    VG_SEVERITY_HIGH
};
const char *vg_severity_name(enum vg_severity severity);
const char *vg_severity_label(enum vg_severity severity); /* msgid */

enum vg_holidays_region {
    VG_HOLIDAYS_FRANCE,
    VG_HOLIDAYS_ALSACE_MOSELLE /* two more */
};

struct vg_calendar {
    bool given;
    uint8_t days;              /* bit 0 Monday .. bit 6 Sunday; 0x7f when absent */
    uint16_t from_min, to_min; /* local minutes of the day, from included, to not; from > to
                                   goes over midnight */
    bool holidays;             /* false: not on French public holidays */
    enum vg_holidays_region region;
};

struct vg_rule {
    char id[VG_SCENE_ID_SIZE];
    enum vg_event event;
    int place;              /* index in scene->place, -1: whole picture */
    enum vg_side direction; /* crossing of a line: the side come out on; NONE: both */
    vg_class_set classes;
    float min_score;
    float over; /* density: strictly more than this many */
    int64_t hold_us, cooldown_us;
    enum vg_severity severity;
    bool active;
    struct vg_calendar calendar;
    bool hidden; /* a part of a composed rule: raises nothing itself */
    /* A composed rule has no event (VG_EVENT_NONE), no place and no classes of its own, but
     * parts: part_first is their root, the others follow it. part_count 0: a rule on an event. */
    uint32_t part_first, part_count;
    bool parts_placed; /* a part of it, however deep, is at a place */
    char *text;        /* the rule's JSON as it was in the scene, compact; for rule_as_it_was */
};

enum vg_part_kind {
    VG_PART_RULE,     /* the condition of a rule on an event, or of another composed rule */
    VG_PART_CALENDAR, /* hours; only in `all`, below `not`, or as `unless` */
    VG_PART_ALL,
    VG_PART_ANY,
    VG_PART_NOT, /* only in `all`, or as `unless` */
    VG_PART_THEN
};

/* A node of a composed rule. Those below it stand after it, so that whoever walks the parts of a
 * rule backwards meets the children first. */
struct vg_part {
    enum vg_part_kind kind;
    uint32_t rule;     /* RULE: index in the scene */
    int child, next;   /* first child; next of the same parent; -1: none */
    int unless;        /* holds only while that one does not; -1: none */
    int64_t within_us; /* THEN: between two onsets; with unless: how long it has not held */
    struct vg_calendar calendar;
};

struct vg_scene {
    char name[VG_SCENE_LABEL_SIZE];
    struct vg_terrain terrain; /* what `calibration` says */
    uint32_t place_count, rule_count;
    uint32_t given_count; /* rules of the file; the hidden ones come after them */
    struct vg_place place[VG_SCENE_PLACES_MAX]; /* masks, zones, lines */
    struct vg_rule rule[VG_SCENE_RULES_MAX];    /* those of the file, then the hidden ones */
    uint32_t part_count, composed_count;
    struct vg_part part[VG_SCENE_PARTS_MAX];
    uint32_t composed[VG_SCENE_GIVEN_MAX]; /* the composed rules, each after those it names */
};

/* Reads a scene. file: for messages. *scene given. VG_E_INPUT: place is
 * "file:line:column: /pointer". Pure. */
enum vg_status vg_scene_parse(const char *file, const char *text, size_t size,
                              struct vg_scene **scene, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_scene_open(const char *path, struct vg_scene **scene,
                             struct vg_fault *fault) VG_MUST_USE;
void vg_scene_close(struct vg_scene **scene);

/* Highest floor of the active rules, 0 without rules. */
float vg_scene_floor_fps(const struct vg_scene *scene);

/* The events whose rules a mask hides the point (fractions) from, bits 1 << event. */
uint32_t vg_scene_masks_at(const struct vg_scene *scene, struct vg_point point);
/* Whether a mask hides the point from rules on this event. */
bool vg_scene_masked(const struct vg_scene *scene, enum vg_event event, struct vg_point point);

/* The label of a place, its id if it has none; "" for -1. Borrowed from the scene. */
const char *vg_scene_place_name(const struct vg_scene *scene, int place);

/* The event of the rule, or those of a composed rule's parts, however deep; bits 1 << event. */
uint32_t vg_scene_rule_events(const struct vg_scene *scene, const struct vg_rule *rule);

/* Room for any of the sentences below; what does not fit is cut. */
#define VG_SCENE_SENTENCE_MAX (32u << 10)

/* One sentence that says what a rule does, translated. */
void vg_scene_explain_rule(const struct vg_scene *scene, const struct vg_rule *rule, char *text,
                           size_t size);

/* And from which rules a mask hides. place: its index in the scene. */
void vg_scene_explain_mask(const struct vg_scene *scene, int place, char *text, size_t size);

/* What is allowed in a scene but hardly meant. what, remedy: msgids. */
struct vg_scene_warning {
    uint32_t rule; /* index in the scene, one of the file; of no meaning where a place is named */
    int place;     /* index in the scene; -1: it is about the rule */
    const char *what, *remedy;
    char detail[2 * VG_SCENE_ID_SIZE]; /* id of a part, of a place the figures; "" */
};
#define VG_SCENE_WARNINGS_MAX 128

/* Writes at most `room` of them and returns how many. known: the classes that the model tells
 * apart; 0: not known, nothing is said of them. Pure. */
uint32_t vg_scene_warnings(const struct vg_scene *scene, vg_class_set known,
                           struct vg_scene_warning *warnings, uint32_t room);

/* The classes that the rule cannot do without: one of them at least must be known to the model.
 * 0: it does without, or asks for classes of its own. Pure. */
vg_class_set vg_scene_rule_needs(const struct vg_rule *rule);

/* Events of the scene's active rules, parts too, that a model of these classes (0: not known)
 * cannot see; bits 1 << event. Pure. */
uint32_t vg_scene_blind(const struct vg_scene *scene, vg_class_set known);

/* Whether the rule's calendar holds at `time` (local zone; French public holidays). Pure but
 * for the zone. */
bool vg_calendar_holds(const struct vg_calendar *calendar, struct vg_wall_time time);

#endif
