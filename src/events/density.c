/* EVT4: more objects in a zone than the rule allows.
 *
 * A track that one or two pictures miss is still counted for a second, so that the count does not
 * fall with each missed box; what rises for one picture only is the rulebook's to wait out (hold).
 *
 * A level has hysteresis: once the count has been above `over` for the rule's hold, the condition
 * holds down to a tenth below it. The tenth is of whole objects, so there is none below ten: a few
 * are counted right, and there the half second that the rulebook passes over is enough. A median
 * over the last seconds was tried for the count: it comes late, and its mean error on
 * PETS09-S2L1 is 1.2 times (over half a second) to twice (over 2 s) that of the count as it is.
 *
 * Where the scene is calibrated, those hidden in a throng are added (crowd_count.h). */
#include "src/events/density.h"

#define GIVE_PART 10                /* of `over`: one in so many */
#define DIP_US    (VG_US_PER_S / 2) /* as in the rulebook */

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

static double sparse_count(const struct vg_watch *watch, struct vg_crowd_seen *seen)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *track = watch->subjects[i].track;
        if (!seen_lately(watch, &watch->subjects[i]) ||
            counted(watch, &watch->subjects[i]) != VG_WHY_HOLDS)
            continue;
        count++;
        if (track->class_id == VG_CLASS_PERSON)
            seen->persons++;
    }
    return (double)count;
}

double vg_density_count(const struct vg_watch *watch)
{
    struct vg_density *density = watch->memory;
    struct vg_crowd_seen seen = {0};
    const double count = sparse_count(watch, &seen);
    if (!(watch->rule->classes & 1u << VG_CLASS_PERSON))
        return count;
    return count + vg_crowd_count_hidden(&density->crowd, watch, &seen);
}

double vg_density_per_m2(const struct vg_watch *watch)
{
    const struct vg_density *density = watch->memory;
    const double count = vg_density_count(watch); /* finds the area too */
    return density->crowd.area_m2 > 0 && watch->rule->classes == 1u << VG_CLASS_PERSON
               ? count / density->crowd.area_m2
               : -1;
}

bool vg_density_hidden(const struct vg_watch *watch, uint32_t columns, uint32_t rows, double *cells)
{
    const struct vg_density *density = watch->memory;
    return vg_crowd_count_spread(&density->crowd, watch, columns, rows, cells);
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

/* The count at and below which a level that was reached is left. */
static double low_of(double over)
{
    return over - (double)(int32_t)(over / GIVE_PART);
}

/* Whether the condition holds with this count. */
static bool is_over(struct vg_level *level, const struct vg_rule *rule, double count,
                    struct vg_media_time now)
{
    const double over = (double)rule->over;
    if (now.us - level->last.us > DIP_US) /* what held is over: begins anew */
        *level = (struct vg_level){.since = now};
    const bool holds = count > (level->reached ? low_of(over) : over);
    if (holds) {
        level->last = now;
        level->reached |= now.us - level->since.us >= rule->hold_us;
    }
    return holds;
}

void vg_density_watch(const struct vg_watch *watch)
{
    const double count = vg_density_count(watch);
    const bool over = is_over(&((struct vg_density *)watch->memory)->level, watch->rule, count,
                              watch->input->time);
    say_left_out(watch);
    vg_watch_say(watch, 0, over ? VG_WHY_HOLDS : VG_WHY_FEW, count);
    struct vg_sighting *sighting = over ? vg_watch_sight(watch) : NULL;
    if (!sighting)
        return;
    sighting->count = count;
    float sum = 0;
    uint32_t shown = 0;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        if (!seen_lately(watch, subject) || counted(watch, subject) != VG_WHY_HOLDS)
            continue;
        sum += subject->score;
        shown++;
        vg_watch_show(sighting, subject);
    }
    /* mean: the count is as sure as its parts; without parts nothing hidden is added either */
    sighting->score = shown > 0 ? sum / (float)shown : 0;
}
