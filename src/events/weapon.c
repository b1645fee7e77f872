/* EVT6: a weapon, seen by a model that knows one.
 *
 * One box is no weapon: detectors take phones, umbrellas and hands for one now and then, but seldom
 * thrice in a row at one place. What is found is kept as a site, on the person who carries it or
 * else where it lies; the rule holds while 3 of the last 5 looks at the site found it.
 *
 * A look is a picture as a whole, or a part of it that was asked for: a pistol of 20 cm on a person
 * of 100 pixels is 12 pixels long, less than a detector finds, so the upper bodies of the persons
 * are looked at again enlarged: whoever is new or has changed, then all in turn, and sites before
 * all of them. A picture in which nobody looked closely says nothing of a site found by a close
 * look.
 *
 * Nobody is looked at in each picture: four looks with each, which a handful of persons were, took
 * half a core. What somebody holds does not come and go with the pictures, and who draws something
 * moves: the arm makes the box wider, or lower when he bends. So a person is due when he appears
 * (three looks, since one may miss), when his box has changed, and every AGAIN_US besides; of those
 * who are only due again TURNS_MAX a picture, so that a crowd costs no more than so many. */
#include "src/events/weapon.h"

#include <math.h>
#include <string.h>

#define LOOKS         5u
#define HITS          3u
#define LOOKS_MASK    ((1u << LOOKS) - 1)
#define FINDINGS_MAX  16                /* of a picture, the surest; more are noise */
#define SITE_GONE_US  (3 * VG_US_PER_S) /* not found for so long: it starts anew */
#define PERSON_LEAST  32.0f             /* px high: in fewer nothing is left to be enlarged */
#define TURN_S        10.0              /* looked at longer ago than that is all the same */
#define FIRST_LOOKS   HITS              /* at somebody new */
#define FIRST_US      VG_US_PER_S       /* from one of them to the next: he will have turned */
#define CHANGED_US    (VG_US_PER_S / 2) /* a change sooner than that is the same movement */
#define CHANGED       1.3f /* of width or height: an arm that is raised sideways adds */
#define AGAIN_US      (3 * VG_US_PER_S) /* half again, a box trembles by a tenth */
#define TURNS_MAX     2u                /* with a picture */
#define HURRY_S       7.5               /* what the wait of somebody who is due at once counts as */
#define WORTH_SITE    0.9f
#define WORTH_SURE    0.5f /* a site that holds already */
#define WORTH_LEAST   0.1f
#define WORTH_BY_AGE  0.4f
#define WORTH_BY_SIZE 0.05f /* of two who wait as long the nearer: more is to be seen of them */
/* An upper body with its arms, in boxes of the person, and as much beside it as somebody runs in
 * 0.2 s (3 m/s at 1.7 m of height: 0.35). */
#define BODY_WIDTH  2.4f
#define BODY_ABOVE  0.15f
#define BODY_HEIGHT 0.8f
/* An arm is as long as 0.4 of the height: what is carried lies no farther beside the box. */
#define ARM_HEIGHT 0.4f
/* A thing that nobody carries is the same one within so many of its own sizes. */
#define SAME_PLACE 1.5f
#define SITE_SIZES 4.0f /* how much around it is looked at */

/* A weapon found in this picture. */
struct finding {
    struct vg_detection seen;
    bool whole;
    const struct vg_subject *carrier; /* NULL: nobody */
};

struct findings {
    uint32_t count;
    struct finding list[FINDINGS_MAX];
};

static struct vg_weapon_memory *memory_of(const struct vg_watch *watch)
{
    return watch->memory;
}

static vg_class_set wanted(const struct vg_rule *rule)
{
    return vg_scene_rule_needs(rule);
}

static struct vg_point centre_of(struct vg_box box)
{
    return (struct vg_point){box.left + box.width / 2, box.top + box.height / 2};
}

static bool contains(struct vg_box box, struct vg_point p)
{
    return p.x >= box.left && p.y >= box.top && p.x <= box.left + box.width &&
           p.y <= box.top + box.height;
}

static struct vg_box within_picture(const struct vg_watch *watch, struct vg_box box)
{
    const struct vg_box picture = {0, 0, (float)watch->input->width, (float)watch->input->height};
    return vg_box_clip(box, picture);
}

/* ---- what is found ------------------------------------------------------------------------- */

/* The person within whose reach the point lies, the one whose middle is nearest. */
static const struct vg_subject *carrier_of(const struct vg_watch *watch, struct vg_point point)
{
    const struct vg_subject *found = NULL;
    float least = 0;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        const struct vg_box box = subject->track->box;
        const float arm = ARM_HEIGHT * box.height;
        const struct vg_box reach = {box.left - arm, box.top - arm, box.width + 2 * arm,
                                     box.height + arm};
        const float off = fabsf(centre_of(box).x - point.x);
        if (subject->track->class_id != VG_CLASS_PERSON || !subject->track->detected ||
            subject->track->state != VG_TRACK_CONFIRMED || !contains(reach, point))
            continue;
        if (found && off >= least)
            continue;
        found = subject;
        least = off;
    }
    return found;
}

/* A rule at a zone is about those who stand in it, and about what lies in it. */
static enum vg_why_not admits(const struct vg_watch *watch, struct finding *finding)
{
    const struct vg_box box = finding->seen.box;
    const float w = (float)watch->input->width, h = (float)watch->input->height;
    const struct vg_point middle = centre_of(box), foot = vg_box_foot(box);
    const struct vg_point at = {middle.x / w, middle.y / h};
    if (!(finding->seen.score >= watch->rule->min_score))
        return VG_WHY_SCORE;
    if (vg_scene_masked(watch->scene, watch->rule->event, at))
        return VG_WHY_MASKED;
    finding->carrier = carrier_of(watch, middle);
    const struct vg_point stands =
        finding->carrier ? finding->carrier->foot : (struct vg_point){foot.x / w, foot.y / h};
    return vg_watch_inside(watch, stands) ? VG_WHY_HOLDS : VG_WHY_OUTSIDE;
}

/* Falling score, then by place: the order in which they came does not count. */
static bool goes_before(const struct vg_detection *a, const struct vg_detection *b)
{
    if (a->score < b->score || a->score > b->score)
        return a->score > b->score;
    if (a->box.left < b->box.left || a->box.left > b->box.left)
        return a->box.left < b->box.left;
    return a->box.top < b->box.top;
}

static void keep(struct findings *findings, const struct finding *finding)
{
    uint32_t at = findings->count;
    while (at > 0 && goes_before(&finding->seen, &findings->list[at - 1].seen))
        at--;
    if (at == FINDINGS_MAX)
        return;
    if (findings->count < FINDINGS_MAX)
        findings->count++;
    for (uint32_t i = findings->count - 1; i > at; i--)
        findings->list[i] = findings->list[i - 1];
    findings->list[at] = *finding;
}

static void find(const struct vg_watch *watch, const struct vg_detection *seen, uint32_t count,
                 bool whole, struct findings *findings)
{
    for (uint32_t i = 0; i < count; i++) {
        struct finding finding = {seen[i], whole, NULL};
        if (seen[i].class_id == VG_CLASS_NONE || !(wanted(watch->rule) & 1u << seen[i].class_id) ||
            !(seen[i].box.width > 0 && seen[i].box.height > 0) ||
            !isfinite(seen[i].box.left + seen[i].box.top + seen[i].box.width + seen[i].box.height))
            continue;
        const enum vg_why_not why = admits(watch, &finding);
        if (why == VG_WHY_HOLDS)
            keep(findings, &finding);
        else
            vg_watch_say(watch, 0, why, (double)seen[i].score);
    }
}

/* ---- sites --------------------------------------------------------------------------------- */

static const struct vg_subject *find_subject(const struct vg_watch *watch, uint32_t track)
{
    for (uint32_t i = 0; track && i < watch->subject_count; i++)
        if (watch->subjects[i].track->id == track)
            return &watch->subjects[i];
    return NULL;
}

/* On the same person; or near, unless the one who had it is still there without it. */
static bool is_there(const struct vg_watch *watch, const struct vg_weapon_site *site,
                     const struct finding *finding)
{
    const uint32_t carrier = finding->carrier ? finding->carrier->track->id : 0;
    if (carrier && site->carrier == carrier)
        return true;
    if (carrier && find_subject(watch, site->carrier))
        return false;
    const struct vg_point a = centre_of(site->box), b = centre_of(finding->seen.box);
    const float size = site->box.width > site->box.height ? site->box.width : site->box.height;
    const float dx = a.x - b.x, dy = a.y - b.y;
    return sqrtf(dx * dx + dy * dy) <= SAME_PLACE * size;
}

/* The site of the finding, a new one if there is none; NULL: all are found in this picture. */
static struct vg_weapon_site *site_for(const struct vg_watch *watch, const struct finding *finding)
{
    struct vg_weapon_memory *memory = memory_of(watch);
    struct vg_weapon_site *stalest = NULL;
    for (uint32_t i = 0; i < VG_WEAPON_SITES_MAX; i++) {
        struct vg_weapon_site *site = &memory->site[i];
        if (site->number && is_there(watch, site, finding))
            return site;
    }
    for (uint32_t i = 0; i < VG_WEAPON_SITES_MAX; i++) {
        struct vg_weapon_site *site = &memory->site[i];
        const bool staler = !stalest || !site->number ||
                            (stalest->number && site->last_found.us < stalest->last_found.us);
        if (!site->found && staler)
            stalest = site;
    }
    if (stalest)
        *stalest = (struct vg_weapon_site){.number = vg_watch_number(&memory->numbers)};
    return stalest;
}

/* Surest first: the first finding of a site is the one that counts. */
static void note_findings(const struct vg_watch *watch, const struct findings *findings)
{
    struct vg_weapon_memory *memory = memory_of(watch);
    for (uint32_t i = 0; i < VG_WEAPON_SITES_MAX; i++)
        memory->site[i].found = false;
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        struct vg_weapon_site *site = site_for(watch, finding);
        if (!site || site->found)
            continue;
        site->found = true;
        site->whole = finding->whole;
        site->carrier = finding->carrier ? finding->carrier->track->id : 0;
        site->class_id = finding->seen.class_id;
        site->box = finding->seen.box;
        site->score = finding->seen.score;
        site->last_found = watch->input->time;
    }
}

/* Whether a look of this picture went where the weapon would be now. */
static bool looked_closely(const struct vg_watch *watch, const struct vg_weapon_site *site)
{
    const struct vg_subject *carrier = find_subject(watch, site->carrier);
    const struct vg_point at = centre_of(carrier ? carrier->track->box : site->box);
    for (uint32_t i = 0; i < watch->input->look_count; i++)
        if (contains(watch->input->looks[i].wish.region, at))
            return true;
    return false;
}

static uint32_t hits_of(const struct vg_weapon_site *site)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < LOOKS; i++)
        hits += site->looks >> i & 1;
    return hits;
}

static void count_look(const struct vg_watch *watch, struct vg_weapon_site *site)
{
    const int64_t gone_us = watch->input->time.us - site->last_found.us;
    if (site->found || site->whole || looked_closely(watch, site))
        site->looks = (site->looks << 1 | (site->found ? 1u : 0u)) & LOOKS_MASK;
    if (site->looks == 0 || gone_us > SITE_GONE_US)
        *site = (struct vg_weapon_site){0};
}

static void judge_site(const struct vg_watch *watch, const struct vg_weapon_site *site)
{
    const uint32_t subject = VG_SUBJECT_THING + site->number, hits = hits_of(site);
    const bool holds = hits >= HITS;
    vg_watch_say(watch, subject, holds ? VG_WHY_HOLDS : VG_WHY_SEEN_FEW, (double)hits);
    struct vg_sighting *sighting = holds ? vg_watch_sight(watch) : NULL;
    if (!sighting)
        return;
    const struct vg_subject *carrier = find_subject(watch, site->carrier);
    sighting->subject = subject;
    vg_watch_show_thing(sighting, site->box, site->class_id, site->score);
    if (carrier)
        vg_watch_show(sighting, carrier);
    sighting->score = site->score; /* not the person's, who is surer */
}

/* ---- where to look next -------------------------------------------------------------------- */

static struct vg_box upper_body(const struct vg_watch *watch, struct vg_box person)
{
    const float width = BODY_WIDTH * person.width;
    const struct vg_box body = {centre_of(person).x - width / 2,
                                person.top - BODY_ABOVE * person.height, width,
                                BODY_HEIGHT * person.height};
    return within_picture(watch, body);
}

static void wish_for_site(const struct vg_watch *watch, const struct vg_weapon_site *site)
{
    const struct vg_subject *carrier = find_subject(watch, site->carrier);
    const float size = site->box.width > site->box.height ? site->box.width : site->box.height;
    const float side = SITE_SIZES * size;
    const struct vg_point at = centre_of(site->box);
    const struct vg_box around = {at.x - side / 2, at.y - side / 2, side, side};
    const struct vg_box region =
        carrier ? upper_body(watch, carrier->track->box) : within_picture(watch, around);
    if (region.width > 0 && region.height > 0)
        vg_watch_wish(watch, carrier ? carrier->track->id : VG_SUBJECT_THING + site->number, region,
                      VG_TURN_NONE, hits_of(site) < HITS ? WORTH_SITE : WORTH_SURE);
}

static bool has_site(const struct vg_watch *watch, uint32_t track)
{
    for (uint32_t i = 0; i < VG_WEAPON_SITES_MAX; i++)
        if (memory_of(watch)->site[i].number && memory_of(watch)->site[i].carrier == track)
            return true;
    return false;
}

enum due {
    DUE_NOT,
    DUE_AGAIN, /* in turn */
    DUE_NOW    /* new, or changed */
};

static bool differs(float a, float b)
{
    return a > b * CHANGED || a * CHANGED < b;
}

static enum due due_of(const struct vg_watch *watch, const struct vg_subject *subject)
{
    const struct vg_weapon_looked *looked = &memory_of(watch)->looked[subject->slot];
    const struct vg_box box = subject->track->box;
    const int64_t ago_us = watch->input->time.us - looked->time.us;
    if (looked->looks == 0 || ago_us < 0)
        return DUE_NOW;
    if (ago_us >= CHANGED_US &&
        (differs(box.width, looked->width) || differs(box.height, looked->height)))
        return DUE_NOW;
    if (looked->looks < FIRST_LOOKS)
        return ago_us >= FIRST_US ? DUE_NOW : DUE_NOT;
    return ago_us >= AGAIN_US ? DUE_AGAIN : DUE_NOT;
}

/* Whether somebody may be looked at, apart from whether it is time. */
static bool can_be_looked_at(const struct vg_watch *watch, const struct vg_subject *subject)
{
    const struct vg_track *track = subject->track;
    return track->class_id == VG_CLASS_PERSON && track->state == VG_TRACK_CONFIRMED &&
           track->detected && track->box.height >= PERSON_LEAST && !subject->masked &&
           vg_watch_inside(watch, subject->foot) && !has_site(watch, track->id);
}

static double age_s(const struct vg_watch *watch, const struct vg_subject *subject)
{
    const struct vg_weapon_looked *looked = &memory_of(watch)->looked[subject->slot];
    const double age = (double)(watch->input->time.us - looked->time.us) / (double)VG_US_PER_S;
    return looked->looks == 0 || age > TURN_S ? TURN_S : age < 0 ? 0 : age;
}

/* Between those who wait in turn: before whoever was looked at lately, behind somebody never looked
 * at, and behind one who has waited for nearly as long as counts. */
static double hurry_s(const struct vg_watch *watch, const struct vg_subject *subject, enum due due)
{
    const double age = age_s(watch, subject);
    const double hurried = HURRY_S + age / TURN_S;
    return due == DUE_NOW && hurried > age ? hurried : age;
}

static void wish_for_person(const struct vg_watch *watch, const struct vg_subject *subject,
                            enum due due)
{
    const struct vg_track *track = subject->track;
    const double hurry = hurry_s(watch, subject, due);
    const float near = track->box.height / (float)watch->input->height;
    const struct vg_box region = upper_body(watch, track->box);
    if (region.width > 0 && region.height > 0)
        vg_watch_wish(watch, track->id, region, VG_TURN_NONE,
                      WORTH_LEAST + WORTH_BY_AGE * (float)(hurry / TURN_S) +
                          WORTH_BY_SIZE * (near < 1 ? near : 1));
}

/* Those who are due at once, and of the others the ones looked at longest ago; of equal ones the
 * first. */
static void wish_for_persons(const struct vg_watch *watch)
{
    const struct vg_subject *turn[TURNS_MAX];
    uint32_t turns = 0;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        const enum due due = can_be_looked_at(watch, subject) ? due_of(watch, subject) : DUE_NOT;
        if (due == DUE_NOW)
            wish_for_person(watch, subject, due);
        if (due != DUE_AGAIN)
            continue;
        uint32_t at = turns;
        while (at > 0 && age_s(watch, turn[at - 1]) < age_s(watch, subject))
            at--;
        if (at == TURNS_MAX)
            continue;
        turns += turns < TURNS_MAX;
        for (uint32_t k = turns - 1; k > at; k--)
            turn[k] = turn[k - 1];
        turn[at] = subject;
    }
    for (uint32_t i = 0; i < turns; i++)
        wish_for_person(watch, turn[i], DUE_AGAIN);
}

static void note_look(const struct vg_watch *watch, const struct vg_subject *subject)
{
    struct vg_weapon_looked *looked = &memory_of(watch)->looked[subject->slot];
    looked->looks += looked->looks < FIRST_LOOKS;
    looked->time = watch->input->time;
    looked->width = subject->track->box.width;
    looked->height = subject->track->box.height;
}

/* ---- one picture --------------------------------------------------------------------------- */

static void note_answers(const struct vg_watch *watch, struct findings *findings)
{
    for (uint32_t i = 0; i < watch->input->look_count; i++) {
        const struct vg_look_answer *answer = &watch->input->looks[i];
        const struct vg_subject *subject = find_subject(watch, answer->wish.subject);
        find(watch, answer->detections, answer->count, false, findings);
        if (subject && answer->wish.rule == watch->rule_index)
            note_look(watch, subject);
    }
}

void vg_weapon_watch(const struct vg_watch *watch)
{
    struct findings findings = {0};
    const struct vg_watch_input *in = watch->input;
    if (in->known && !(in->known & wanted(watch->rule))) {
        vg_watch_say(watch, 0, VG_WHY_NO_MODEL, 0);
        return;
    }
    find(watch, in->detections, in->detection_count, true, &findings);
    note_answers(watch, &findings);
    note_findings(watch, &findings);
    for (uint32_t i = 0; i < VG_WEAPON_SITES_MAX; i++) {
        struct vg_weapon_site *site = &memory_of(watch)->site[i];
        if (site->number)
            count_look(watch, site);
        if (!site->number)
            continue;
        judge_site(watch, site);
        wish_for_site(watch, site);
    }
    wish_for_persons(watch);
}

void vg_weapon_forget(void *memory, uint32_t slot)
{
    struct vg_weapon_memory *own = memory;
    own->looked[slot] = (struct vg_weapon_looked){.looks = 0};
}
