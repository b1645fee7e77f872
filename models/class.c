#include "models/class.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "src/base/text.h"

static const struct {
    const char *name;  /* in files and in the API */
    const char *label; /* for a person */
} classes[VG_CLASS_COUNT] = {
    [VG_CLASS_PERSON] = {"person", N_("person")},
    [VG_CLASS_BICYCLE] = {"bicycle", N_("bicycle")},
    [VG_CLASS_MOTORCYCLE] = {"motorcycle", N_("motorcycle")},
    [VG_CLASS_CAR] = {"car", N_("car")},
    [VG_CLASS_BUS] = {"bus", N_("bus")},
    [VG_CLASS_TRUCK] = {"truck", N_("truck")},
    [VG_CLASS_TRAIN] = {"train", N_("train")},
    [VG_CLASS_BOAT] = {"boat", N_("boat")},
    [VG_CLASS_BACKPACK] = {"backpack", N_("backpack")},
    [VG_CLASS_HANDBAG] = {"handbag", N_("handbag")},
    [VG_CLASS_SUITCASE] = {"suitcase", N_("suitcase")},
    [VG_CLASS_ANIMAL] = {"animal", N_("animal")},
    [VG_CLASS_FURNITURE] = {"furniture", N_("furniture")},
    [VG_CLASS_KNIFE] = {"knife", N_("knife")},
    [VG_CLASS_WEAPON] = {"weapon", N_("weapon")},
    [VG_CLASS_FIRE] = {"fire", N_("flames")},
    [VG_CLASS_SMOKE] = {"smoke", N_("smoke")},
    [VG_CLASS_OTHER] = {"other", N_("other object")},
};

/* Words that name a part of a body or of a person by which somebody is recognised, or a number
 * plate. The product reads none of these, so a net that has them is not let in at all. */
static const char *const forbidden[] = {
    "face",        "faces",        "facial",       "faceid",   "iris",   "fingerprint",
    "palmprint",   "gait",         "voice",        "identity", "gender", "ethnicity",
    "race",        "age",          "emotion",      "plate",    "plates", "licenseplate",
    "numberplate", "licenceplate", "registration", "lpr",      "anpr",   "alpr",
};

const char *vg_class_name(enum vg_class class_id)
{
    if ((int)class_id < 0 || class_id >= VG_CLASS_COUNT)
        return "";
    return classes[class_id].name;
}

const char *vg_class_label(enum vg_class class_id)
{
    if ((int)class_id < 0 || class_id >= VG_CLASS_COUNT)
        return "";
    return classes[class_id].label;
}

enum vg_class vg_class_parse(const char *name)
{
    for (int i = 0; i < VG_CLASS_COUNT; i++)
        if (strcmp(classes[i].name, name) == 0)
            return (enum vg_class)i;
    return VG_CLASS_NONE;
}

static bool word_is(const char *word, size_t length, const char *want)
{
    if (strlen(want) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (tolower((unsigned char)word[i]) != want[i])
            return false;
    return true;
}

bool vg_class_forbidden(const char *net_word)
{
    for (const char *p = net_word; *p;) {
        size_t length = 0;
        while (isalpha((unsigned char)p[length]))
            length++;
        for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
            if (word_is(p, length, forbidden[i]))
                return true;
        p += length ? length : 1;
    }
    return false;
}
