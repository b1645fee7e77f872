/* EVT4: more objects in a zone than the rule allows.
 *
 * A track that one or two pictures miss is still counted for half a second, so that the count
 * does not fall with each missed box; what rises for one picture only is the rulebook's to wait
 * out (hold). */
#include "src/events/event_table.h"

/* VG_WHY_HOLDS if the subject is one of those counted. */
static enum vg_why_not counted(const struct vg_watch *watch, const struct vg_subject *subject)
{
    const enum vg_why_not admitted = vg_watch_admits(watch, subject);
    if (admitted != VG_WHY_HOLDS)
        return admitted;
    return vg_watch_inside(watch, subject->foot) ? VG_WHY_HOLDS : VG_WHY_OUTSIDE;
}

static bool seen_lately(const struct vg_watch *watch, const struct vg_subject *subject)
{
    return subject->track->detected ||
           watch->input->time.us - subject->track->last_seen.us <= VG_COUNT_TOLERANCE_US;
}

double vg_density_count(const struct vg_watch *watch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < watch->subject_count; i++)
        if (seen_lately(watch, &watch->subjects[i]) &&
            counted(watch, &watch->subjects[i]) == VG_WHY_HOLDS)
            count++;
    return (double)count;
}

/* Why tracks are left out of the count; those in it are answered for by the place. */
static void say_left_out(const struct vg_watch *watch)
{
    if (!watch->input->explainer)
        return;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        const enum vg_why_not why = counted(watch, subject);
        if (subject->track->detected && why != VG_WHY_HOLDS)
            vg_watch_say(watch, subject->track->id, why, (double)subject->score);
    }
}

void vg_density_watch(const struct vg_watch *watch)
{
    const double count = vg_density_count(watch);
    const bool over = count > (double)watch->rule->over;
    say_left_out(watch);
    vg_watch_say(watch, 0, over ? VG_WHY_HOLDS : VG_WHY_FEW, count);
    struct vg_sighting *sighting = over ? vg_watch_sight(watch) : NULL;
    if (!sighting)
        return;
    sighting->count = count;
    float sum = 0;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        if (!seen_lately(watch, subject) || counted(watch, subject) != VG_WHY_HOLDS)
            continue;
        sum += subject->score;
        vg_watch_show(sighting, subject);
    }
    sighting->score = sum / (float)count; /* mean: the count is as sure as its parts */
}
