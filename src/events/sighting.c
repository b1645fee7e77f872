#include "src/events/sighting.h"

#include "src/base/text.h"

static const struct {
    const char *name, *label;
} words[VG_WHY_COUNT] = {
    [VG_WHY_HOLDS] = {"holds", N_("the condition holds")},
    [VG_WHY_CLASS] = {"class", N_("not a class of the rule")},
    [VG_WHY_SCORE] = {"score", N_("the score is too low")},
    [VG_WHY_UNCONFIRMED] = {"unconfirmed", N_("seen too few times to be sure")},
    [VG_WHY_MASKED] = {"masked", N_("stands under a mask")},
    [VG_WHY_OUTSIDE] = {"outside", N_("stands outside of the zone")},
    [VG_WHY_NO_PASSAGE] = {"no_passage", N_("did not pass the line")},
    [VG_WHY_OTHER_SIDE] = {"other_side", N_("passed the line towards the other side")},
    [VG_WHY_WITH_THE_WAY] = {"with_the_way", N_("moves the allowed way")},
    [VG_WHY_STILL] = {"still", N_("moves too little to have a way")},
    [VG_WHY_FEW] = {"few", N_("not more objects than allowed")},
    [VG_WHY_HOLD] = {"hold", N_("has not lasted long enough yet")},
    [VG_WHY_COOLDOWN] = {"cooldown", N_("the rule raised an alert not long ago")},
    [VG_WHY_CALENDAR] = {"calendar", N_("outside of the rule's hours")},
    [VG_WHY_INACTIVE] = {"inactive", N_("the rule is switched off")},
    [VG_WHY_STOPPED] = {"stopped", N_("stopped, or not authorised")},
    [VG_WHY_VIEW] = {"view", N_("the picture does not show the place for sure")},
    [VG_WHY_LEARNING] = {"learning", N_("the view has not been seen for long enough yet")},
    [VG_WHY_NO_MAPS] = {"no_maps", N_("the maps that the rule needs were not made")},
    [VG_WHY_SMALL] = {"small", N_("too small")},
    [VG_WHY_LARGE] = {"large", N_("too large")},
    [VG_WHY_SHADE] = {"shade", N_("a shadow or a light, not a thing")},
    [VG_WHY_UNCOVERED] = {"uncovered", N_("something went away and shows what was behind it")},
    [VG_WHY_PERSON] = {"person", N_("it is a person or an animal")},
    [VG_WHY_MOVES] = {"moves", N_("it moves")},
    [VG_WHY_ATTENDED] = {"attended", N_("somebody is with it")},
    [VG_WHY_UNBROUGHT] = {"unbrought", N_("nobody was there when it appeared")},
    [VG_WHY_UPRIGHT] = {"upright", N_("stands, sits or bends")},
    [VG_WHY_NO_FALL] = {"no_fall", N_("nobody fell there")},
    [VG_WHY_COLOUR] = {"colour", N_("not the colours of a flame")},
    [VG_WHY_STEADY] = {"steady", N_("does not flicker")},
    [VG_WHY_BLINKS] = {"blinks", N_("goes on and off in time, as a lamp does")},
    [VG_WHY_NO_GROWTH] = {"no_growth", N_("neither grows nor changes its shape")},
    [VG_WHY_AS_USUAL] = {"as_usual", N_("no more movement than is usual there")},
    [VG_WHY_SEEN_FEW] = {"seen_few", N_("seen in too few of the last pictures")},
    [VG_WHY_PARTS] = {"parts", N_("the parts of the composed rule do not hold together")},
    [VG_WHY_NO_MODEL] = {"no_model", N_("the model does not know the class")},
};

const char *vg_why_not_name(enum vg_why_not why)
{
    return (int)why >= 0 && why < VG_WHY_COUNT ? words[why].name : "";
}

const char *vg_why_not_label(enum vg_why_not why)
{
    return (int)why >= 0 && why < VG_WHY_COUNT ? words[why].label : "";
}
