/* What is decided of each sighting. Order of work in a picture: what may speak now; which
 * conditions go on, begin or end; which of them are due. */
#include "src/rules/rulebook.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/rules/rulebook_state.h"

#define GAP_US       (VG_US_PER_S / 2)  /* a condition not seen for this long goes on... */
#define GAP_PICTURES 1u                 /* ... and over this many pictures, however slow... */
#define GAP_US_MOST  (5 * VG_US_PER_S)  /* ... but never over this */
#define CARRY_US     (3 * VG_US_PER_S)  /* after the first picture that follows a restart */
#define CARRY_AGE_US (15 * VG_US_PER_S) /* since the carried condition was last seen */
#define RETRY_US     VG_US_PER_S        /* from an alert that was refused to the next */
#define PASSAGE_US   VG_US_PER_S        /* a passage holds for as long, as a part */

enum vg_status vg_rulebook_open(struct vg_rulebook **book, const struct vg_scene *scene)
{
    *book = vg_alloc(sizeof **book);
    if (!*book)
        return VG_E_MEMORY;
    (*book)->scene = scene;
    return VG_OK;
}

void vg_rulebook_close(struct vg_rulebook **book)
{
    vg_free(*book);
    *book = NULL;
}

void vg_rulebook_reset(struct vg_rulebook *book)
{
    memset(book->held, 0, sizeof book->held);
    memset(&book->compose, 0, sizeof book->compose);
    for (uint32_t i = 0; i < VG_SCENE_RULES_MAX; i++) {
        book->rule[i].carried = false;
        book->rule[i].passed = false;
        book->rule[i].last.named = NULL;
    }
}

uint64_t vg_rulebook_dropped(const struct vg_rulebook *book)
{
    return book->dropped;
}

static void say(const struct vg_rule_moment *moment, const struct vg_sighting *sighting,
                enum vg_why_not why, int64_t value_us)
{
    if (moment->explainer)
        moment->explainer->say(moment->explainer->user, sighting->rule, sighting->subject, why,
                               (double)value_us / (double)VG_US_PER_S);
}

static bool at_place(const struct vg_rule *rule)
{
    return rule->place >= 0 || rule->parts_placed;
}

/* Whether the rule is to forget what held, too. */
static bool suspended(const struct vg_rule *rule, enum vg_rule_sight sight)
{
    return sight == VG_SIGHT_NOTHING || (sight == VG_SIGHT_NO_PLACES && at_place(rule));
}

bool vg_rulebook_holds_back(const struct vg_rule *rule, enum vg_rule_sight sight)
{
    return suspended(rule, sight) || (sight == VG_SIGHT_DOUBTFUL && at_place(rule));
}

static bool event_stopped(const struct vg_rule *rule, const struct vg_rule_moment *moment)
{
    return rule->event != VG_EVENT_NONE && moment->stopped_events & 1u << rule->event;
}

/* VG_WHY_HOLDS if the rule may speak at this moment. */
static enum vg_why_not may_speak(const struct vg_rule *rule, const struct vg_rule_moment *moment)
{
    if (!rule->active)
        return VG_WHY_INACTIVE;
    if (vg_rulebook_holds_back(rule, moment->sight))
        return VG_WHY_VIEW;
    if (event_stopped(rule, moment))
        return VG_WHY_STOPPED;
    if (moment->wall_known && !vg_calendar_holds(&rule->calendar, moment->wall))
        return VG_WHY_CALENDAR;
    return VG_WHY_HOLDS;
}

static int64_t lasted(const struct vg_onset *onset, struct vg_media_time until)
{
    return until.us - onset->first.us + onset->before_us;
}

/* ---- conditions that go on ---------------------------------------------------------------- */

static struct vg_held *find_held(struct vg_rulebook *book, const struct vg_sighting *sighting)
{
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        struct vg_held *held = &book->held[i];
        if (held->used && held->rule == sighting->rule && held->subject == sighting->subject)
            return held;
    }
    return NULL;
}

/* A free place, else the one not seen for longest. */
static struct vg_held *room_for(struct vg_rulebook *book)
{
    struct vg_held *stalest = &book->held[0];
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        struct vg_held *held = &book->held[i];
        if (!held->used)
            return held;
        if (held->onset.last.us < stalest->onset.last.us)
            stalest = held;
    }
    return stalest;
}

/* The first subject of a rule after a restart takes the onset that was carried over; the next
 * ones are new, so that a told onset silences one of them and no more. */
static struct vg_held *begin(struct vg_rulebook *book, const struct vg_sighting *sighting,
                             const struct vg_rule_moment *moment)
{
    struct vg_rule_state *state = &book->rule[sighting->rule];
    struct vg_held *held = room_for(book);
    *held = (struct vg_held){.used = true, .rule = sighting->rule, .subject = sighting->subject};
    held->onset.first = moment->media;
    if (moment->wall_known)
        held->onset.wall = moment->wall;
    if (state->carried && moment->media.us - state->carry.last.us <= CARRY_AGE_US)
        held->onset = state->carry;
    held->onset.before_us = sighting->held_us;
    state->carried = false;
    return held;
}

static void end_carried(struct vg_rulebook *book, const struct vg_rule_moment *moment)
{
    if (book->restored) {
        book->carry_until.us = moment->media.us + CARRY_US;
        book->restored = false;
    }
    for (uint32_t i = 0; i < book->scene->rule_count; i++)
        book->rule[i].carried &= moment->media.us <= book->carry_until.us;
}

/* Notes that the condition of a lasting sighting holds in this picture. */
static void note(struct vg_rulebook *book, const struct vg_sighting *sighting,
                 const struct vg_rule_moment *moment)
{
    struct vg_held *held = find_held(book, sighting);
    if (!held)
        held = begin(book, sighting, moment);
    held->missed = 0;
    held->building = sighting->building;
    held->onset.last = moment->media;
}

static void forget_suspended(struct vg_rulebook *book, enum vg_rule_sight sight)
{
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        struct vg_held *held = &book->held[i];
        held->used = held->used && !suspended(&book->scene->rule[held->rule], sight);
    }
    for (uint32_t i = 0; i < book->scene->rule_count; i++) {
        const struct vg_rule *rule = &book->scene->rule[i];
        if (!suspended(rule, sight))
            continue;
        book->rule[i].carried = book->rule[i].passed = false;
        vg_compose_forget(&book->compose, rule);
    }
}

static void end_what_is_over(struct vg_rulebook *book, const struct vg_rule_moment *moment)
{
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        struct vg_held *held = &book->held[i];
        if (!held->used)
            continue;
        const int64_t unseen_us = moment->media.us - held->onset.last.us;
        if ((unseen_us > GAP_US && held->missed - 1 > GAP_PICTURES) || unseen_us > GAP_US_MOST)
            held->used = false;
    }
}

/* ---- alerts ------------------------------------------------------------------------------- */

static int64_t cooldown_left_us(const struct vg_rulebook *book, uint32_t rule,
                                struct vg_media_time now)
{
    const struct vg_rule_state *state = &book->rule[rule];
    int64_t left_us = 0;
    if (state->raised)
        left_us = book->scene->rule[rule].cooldown_us - (now.us - state->raised_at.us);
    if (state->refused && RETRY_US - (now.us - state->refused_at.us) > left_us)
        left_us = RETRY_US - (now.us - state->refused_at.us);
    return left_us > 0 ? left_us : 0;
}

enum vg_rules_stir vg_rulebook_stir(const struct vg_rulebook *book, struct vg_media_time now)
{
    enum vg_rules_stir stir = VG_RULES_CALM;
    for (uint32_t i = 0; i < book->scene->rule_count; i++)
        if (book->rule[i].raised && now.us - book->rule[i].raised_at.us < VG_RULES_TOLD_US)
            return VG_RULES_TOLD;
    for (size_t i = 0; i < VG_HELD_MAX && stir == VG_RULES_CALM; i++) {
        const struct vg_held *held = &book->held[i];
        if (held->used && !held->onset.told && cooldown_left_us(book, held->rule, now) == 0)
            stir = VG_RULES_ARMED;
    }
    return stir;
}

static void add_boxes(struct vg_alert *alert, const struct vg_sighting *sighting)
{
    for (uint32_t i = 0; i < sighting->box_count && alert->box_count < VG_SIGHTING_BOXES_MAX; i++)
        alert->box[alert->box_count++] = sighting->box[i];
}

/* An alert tells the conditions that this picture shows and that have held for long enough. The
 * others wait for one of their own. Its name is its onset: one that began with it but is missing
 * now begins anew when it is back, else its own alert would pass for a repetition of this one. */
static void tell(struct vg_rulebook *book, const struct vg_alert *alert)
{
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        struct vg_held *held = &book->held[i];
        if (!held->used || held->rule != alert->rule)
            continue;
        const int64_t lasted_us = lasted(&held->onset, alert->media);
        const bool shown = held->missed == 0 && !held->building;
        held->told_last = false;
        if (held->onset.told)
            continue;
        if (shown && lasted_us >= book->scene->rule[alert->rule].hold_us)
            held->onset.told = held->told_last = true;
        else if (!shown && held->onset.first.us == alert->onset.us)
            held->used = false;
    }
}

/* Since when and how surely the parts of a composed rule held. */
static void add_parts(const struct vg_rulebook *book, struct vg_alert *alert)
{
    const struct vg_scene *scene = book->scene;
    const struct vg_rule *rule = &scene->rule[alert->rule];
    uint32_t parts[VG_ALERT_PARTS_MAX];
    const uint32_t last = vg_compose_last(&book->compose, scene, rule);
    alert->event = scene->rule[scene->part[last].rule].event;
    alert->place = scene->rule[scene->part[last].rule].place;
    alert->part_count = vg_compose_evidence(&book->compose, scene, rule, parts, VG_ALERT_PARTS_MAX);
    for (uint32_t i = 0; i < alert->part_count; i++) {
        const struct vg_compose_part *state = &book->compose.part[parts[i]];
        struct vg_alert_part *part = &alert->part[i];
        part->rule = scene->part[parts[i]].rule;
        part->score = book->rule[part->rule].score;
        part->first = state->onset;
        part->last = state->last;
    }
}

/* Fills the alert for sighting `due`, with the boxes of all the rule's sightings of the picture,
 * its own first. held: its condition, NULL for a passage. */
static void raise_alert(struct vg_rulebook *book, const struct vg_watch_output *watched,
                        const struct vg_sighting *due, const struct vg_held *held,
                        const struct vg_onset *onset, const struct vg_rule_moment *moment,
                        struct vg_alert *alert)
{
    const struct vg_rule *rule = &book->scene->rule[due->rule];
    struct vg_rule_state *state = &book->rule[due->rule];
    state->last = (struct vg_rule_last){book->step, held, state->raised, state->raised_at};
    memset(alert, 0, sizeof *alert);
    alert->rule = due->rule;
    alert->event = rule->event;
    alert->severity = rule->severity;
    alert->place = rule->place;
    alert->media = moment->media;
    alert->onset = onset->first;
    alert->onset_wall = onset->wall;
    alert->sequence = ++state->sequence;
    alert->score = due->score;
    alert->count = due->count;
    if (rule->part_count > 0)
        add_parts(book, alert);
    add_boxes(alert, due);
    for (uint32_t i = 0; i < watched->sighting_count; i++) {
        const struct vg_sighting *other = &watched->sighting[i];
        if (other != due && other->rule == due->rule && !other->building)
            add_boxes(alert, other);
    }
    state->raised = true;
    state->raised_at = moment->media;
    state->refused = false;
    tell(book, alert);
}

/* Whether the sighting is due now; says why not. `onset` is since when it holds. */
static bool is_due(const struct vg_rulebook *book, const struct vg_sighting *sighting,
                   const struct vg_onset *onset, const struct vg_rule_moment *moment)
{
    const struct vg_rule *rule = &book->scene->rule[sighting->rule];
    const int64_t lasted_us = lasted(onset, moment->media);
    const int64_t left_us = cooldown_left_us(book, sighting->rule, moment->media);
    if (onset->told)
        say(moment, sighting, VG_WHY_HOLDS, lasted_us);
    else if (sighting->building || (!sighting->instant && lasted_us < rule->hold_us))
        say(moment, sighting, VG_WHY_HOLD, lasted_us);
    else if (left_us > 0)
        say(moment, sighting, VG_WHY_COOLDOWN, left_us);
    else
        return true;
    return false;
}

/* Whether an alert of this picture speaks of the rule already. */
static bool told_now(const struct vg_alert *alerts, uint32_t count, uint32_t rule)
{
    for (uint32_t i = 0; i < count; i++)
        if (alerts[i].rule == rule)
            return true;
    return false;
}

/* One picture while it is judged. */
struct judging {
    struct vg_rulebook *book;
    const struct vg_watch_output *watched;
    const struct vg_rule_moment *moment;
    enum vg_why_not speak[VG_SCENE_RULES_MAX];
    struct vg_alert *alerts;
    uint32_t count;
};

static void raise_if_due(struct judging *j, const struct vg_sighting *sighting)
{
    const struct vg_rule_moment *moment = j->moment;
    struct vg_rulebook *book = j->book;
    if (j->speak[sighting->rule] != VG_WHY_HOLDS || told_now(j->alerts, j->count, sighting->rule))
        return;
    const struct vg_held *held = sighting->instant ? NULL : find_held(book, sighting);
    const struct vg_onset passage = {
        moment->media, moment->media, {moment->wall_known ? moment->wall.us : 0}, false, 0};
    const struct vg_onset *onset = held ? &held->onset : &passage;
    if (!is_due(book, sighting, onset, moment))
        return;
    if (j->count == VG_ALERTS_PER_PICTURE_MAX && !book->scene->rule[sighting->rule].hidden) {
        book->dropped += sighting->instant;
        return;
    }
    say(moment, sighting, VG_WHY_HOLDS, moment->media.us - onset->first.us);
    if (!book->scene->rule[sighting->rule].hidden)
        raise_alert(book, j->watched, sighting, held, onset, moment, &j->alerts[j->count++]);
}

/* Whether what the rule sees counts: what holds goes on while the view is doubted. */
static bool may_hold(const struct judging *j, uint32_t rule)
{
    const bool doubted = j->moment->sight == VG_SIGHT_DOUBTFUL;
    return j->speak[rule] == VG_WHY_HOLDS || (j->speak[rule] == VG_WHY_VIEW && doubted);
}

/* Takes note of a sighting if its rule may hold now. */
static void take(struct judging *j, const struct vg_sighting *sighting)
{
    const enum vg_why_not why = j->speak[sighting->rule];
    struct vg_rule_state *state = &j->book->rule[sighting->rule];
    if (why != VG_WHY_HOLDS)
        say(j->moment, sighting, why, 0);
    if (!may_hold(j, sighting->rule))
        return;
    if (!sighting->building) {
        state->score = sighting->score;
        state->count = sighting->count;
    }
    if (!sighting->instant) {
        note(j->book, sighting, j->moment);
    } else if (why == VG_WHY_HOLDS) {
        state->passed = true;
        state->passed_at = j->moment->media;
    }
}

/* ---- composed rules ------------------------------------------------------------------------ */

/* Whether a condition that goes on has been seen for its rule's hold, and is enough to be told. */
static bool is_part(const struct vg_rulebook *book, const struct vg_held *held)
{
    return !held->building &&
           lasted(&held->onset, held->onset.last) >= book->scene->rule[held->rule].hold_us;
}

/* What the rules on events are as parts in this picture. */
static void find_parts(struct judging *j)
{
    struct vg_rulebook *book = j->book;
    for (uint32_t i = 0; i < book->scene->rule_count; i++) {
        const struct vg_rule_state *state = &book->rule[i];
        const int64_t age_us = j->moment->media.us - state->passed_at.us;
        const bool stopped = event_stopped(&book->scene->rule[i], j->moment);
        uint8_t bits = stopped ? VG_COMPOSE_STOPPED : 0;
        if (state->passed && age_us < PASSAGE_US && may_hold(j, i))
            bits |= age_us == 0 ? VG_COMPOSE_HOLDS | VG_COMPOSE_PASSED : VG_COMPOSE_HOLDS;
        book->part[i] = bits;
    }
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        const struct vg_held *held = &book->held[i];
        if (held->used && may_hold(j, held->rule) && is_part(book, held))
            book->part[held->rule] |= VG_COMPOSE_HOLDS;
    }
}

/* The boxes that this picture shows of the parts; the score of the least sure, the count of the
 * last. */
static void show_parts(struct judging *j, struct vg_sighting *sighting)
{
    const struct vg_rulebook *book = j->book;
    const struct vg_scene *scene = book->scene;
    const struct vg_rule *rule = &scene->rule[sighting->rule];
    uint32_t parts[VG_ALERT_PARTS_MAX];
    bool shown[VG_SCENE_RULES_MAX] = {false};
    const uint32_t count =
        vg_compose_evidence(&book->compose, scene, rule, parts, VG_ALERT_PARTS_MAX);
    const uint32_t last = vg_compose_last(&book->compose, scene, rule);
    sighting->count = book->rule[scene->part[last].rule].count;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t part = scene->part[parts[i]].rule;
        const float score = book->rule[part].score;
        if (i == 0 || score < sighting->score)
            sighting->score = score;
        for (uint32_t k = 0; k < j->watched->sighting_count && !shown[part]; k++) {
            const struct vg_sighting *seen = &j->watched->sighting[k];
            for (uint32_t b = 0; seen->rule == part && !seen->building && b < seen->box_count; b++)
                if (sighting->box_count < VG_SIGHTING_BOXES_MAX)
                    sighting->box[sighting->box_count++] = seen->box[b];
        }
        shown[part] = true;
    }
}

/* Judges a composed rule, and what it is as a part of those after it. */
static void compose(struct judging *j, uint32_t index)
{
    struct vg_rulebook *book = j->book;
    const struct vg_rule *rule = &book->scene->rule[index];
    struct vg_sighting *sighting = &book->composed;
    const struct vg_compose_moment moment = {.media = j->moment->media,
                                             .wall_known = j->moment->wall_known,
                                             .wall = j->moment->wall,
                                             .rule = book->part};
    const bool holds = vg_compose_step(&book->compose, book->scene, rule, &moment);
    memset(sighting, 0, sizeof *sighting);
    sighting->rule = index;
    sighting->time = j->moment->media;
    book->part[index] = book->compose.part[rule->part_first].stopped ? VG_COMPOSE_STOPPED : 0;
    if (!holds) {
        say(j->moment, sighting, VG_WHY_PARTS, 0);
        return;
    }
    show_parts(j, sighting);
    take(j, sighting);
    raise_if_due(j, sighting);
    const struct vg_held *held = find_held(book, sighting);
    if (held && may_hold(j, index) && is_part(book, held))
        book->part[index] |= VG_COMPOSE_HOLDS;
}

uint32_t vg_rulebook_step(struct vg_rulebook *book, const struct vg_watch_output *watched,
                          const struct vg_rule_moment *moment, struct vg_alert *alerts)
{
    struct judging j = {.book = book, .watched = watched, .moment = moment, .alerts = alerts};
    for (uint32_t i = 0; i < book->scene->rule_count; i++)
        j.speak[i] = may_speak(&book->scene->rule[i], moment);
    book->step++;
    end_carried(book, moment);
    for (size_t i = 0; i < VG_HELD_MAX; i++)
        book->held[i].missed++;
    forget_suspended(book, moment->sight);
    end_what_is_over(book, moment); /* first: a condition back after a long gap has a new onset */
    for (uint32_t i = 0; i < watched->sighting_count; i++)
        take(&j, &watched->sighting[i]);
    for (uint32_t i = 0; i < watched->sighting_count; i++)
        raise_if_due(&j, &watched->sighting[i]);
    if (book->scene->composed_count > 0)
        find_parts(&j);
    for (uint32_t i = 0; i < book->scene->composed_count; i++)
        compose(&j, book->scene->composed[i]);
    return j.count;
}

void vg_rulebook_refused(struct vg_rulebook *book, uint32_t rule)
{
    if (rule >= book->scene->rule_count || book->rule[rule].last.step == 0)
        return;
    struct vg_rule_state *state = &book->rule[rule];
    state->refused = true;
    state->refused_at = state->raised_at;
    state->raised = state->last.raised;
    state->raised_at = state->last.raised_at;
    state->sequence--;
    state->last = (struct vg_rule_last){0};
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        struct vg_held *held = &book->held[i];
        if (held->used && held->rule == rule && held->told_last)
            held->told_last = held->onset.told = false;
    }
}
