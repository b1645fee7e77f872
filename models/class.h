/* The closed list of classes (docs: contract). A net's own classes are mapped to these or
 * dropped at import; faces, plates and identities do not exist here. */
#ifndef VG_MODELS_CLASS_H
#define VG_MODELS_CLASS_H

#include <stdbool.h>
#include <stdint.h>

enum vg_class {
    VG_CLASS_PERSON,
    VG_CLASS_BICYCLE,
    VG_CLASS_MOTORCYCLE,
    VG_CLASS_CAR,
    VG_CLASS_BUS,
    VG_CLASS_TRUCK,
    VG_CLASS_TRAIN,
    VG_CLASS_BOAT,
    VG_CLASS_BACKPACK,
    VG_CLASS_HANDBAG,
    VG_CLASS_SUITCASE,
    VG_CLASS_ANIMAL,
    VG_CLASS_FURNITURE,
    VG_CLASS_KNIFE,
    VG_CLASS_WEAPON,
    VG_CLASS_FIRE,
    VG_CLASS_SMOKE,
    VG_CLASS_OTHER,
    VG_CLASS_COUNT,
    VG_CLASS_NONE = -1 /* dropped, or not a class */
};

/* A set of classes: bit 1 << class. */
typedef uint32_t vg_class_set;

/* person, bicycle, motorcycle, car, bus, truck, train, boat: a rule's default. */
#define VG_CLASS_SET_MOVING ((vg_class_set)0xff)

/* "person" and so on, the name in files; "" for VG_CLASS_NONE. Any thread. */
const char *vg_class_name(enum vg_class class_id);

/* The word for a person, an untranslated msgid. */
const char *vg_class_label(enum vg_class class_id);

/* VG_CLASS_NONE when `name` is none of them. */
enum vg_class vg_class_parse(const char *name);

/* Whether a net's own word for a class ("face", "licence plate") names what the product must
 * never detect: faces, plates, traits of a person. Case does not matter. Any thread. */
bool vg_class_forbidden(const char *net_word);

#endif
