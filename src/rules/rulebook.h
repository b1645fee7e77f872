/* From sightings to alerts: hold, cooldown, calendar, switched-off rules, stop. One per flux.
 *
 * A condition begins to hold for a subject at its onset. One missed picture (or half a second)
 * does not end it. It is told once, when it has held for the rule's hold and the rule's cooldown
 * is over: an onset within a cooldown waits for its end. All subjects that the picture shows and
 * for which the rule has held for its hold are told by the one alert; it shows the boxes of all.
 * Who is missing from that picture or has not held for so long waits for the next alert. A
 * passage within a cooldown is told to nobody.
 *
 * While the picture does not show the place of a rule, the rule is suspended: it raises nothing and
 * forgets its onsets; its cooldown runs on.
 *
 * An alert is known by flux, rule and onset, so no two alerts of a rule name the same one: who
 * began in the same picture as the subject that is told, but is missing now, begins anew.
 *
 * A composed rule is about no subject: it begins when its parts hold together (compose.h), each
 * part once it has held for its own rule's hold, a passage for 1 s. Hidden rules raise nothing.
 * What its parts have seen is forgotten in a restart; its own onset and cooldown are not.
 *
 * Deterministic, no clock, no allocation after open, one thread. What must survive a restart
 * (cooldowns, onsets, sequence numbers) is handed out and taken back as text. */
#ifndef VG_RULES_RULEBOOK_H
#define VG_RULES_RULEBOOK_H

#include "src/base/attr.h"
#include "src/events/watcher.h"
#include "src/rules/alert.h"

#define VG_ALERTS_PER_PICTURE_MAX 16

/* What the picture can be believed to show (docs/decisions/0032-view-in-analysis.md). */
enum vg_rule_sight {
    VG_SIGHT_ALL,
    VG_SIGHT_DOUBTFUL,  /* rules at a place raise nothing; what holds goes on */
    VG_SIGHT_NO_PLACES, /* rules at a place are suspended: they forget what held */
    VG_SIGHT_NOTHING    /* so are all rules */
};

/* What a rulebook needs to know of the moment, beside the sightings. */
struct vg_rule_moment {
    enum vg_rule_sight sight;
    struct vg_media_time media;
    bool wall_known; /* false in batch without --start: calendars are ignored */
    struct vg_wall_time wall;
    uint32_t stopped_events;              /* bit 1 << event: stopped or not authorised now */
    const struct vg_explainer *explainer; /* may be NULL */
};

struct vg_rulebook;

/* scene is borrowed until close. */
enum vg_status vg_rulebook_open(struct vg_rulebook **book,
                                const struct vg_scene *scene) VG_MUST_USE;
void vg_rulebook_close(struct vg_rulebook **book);

/* Returns how many alerts were written to alerts (room for VG_ALERTS_PER_PICTURE_MAX). What
 * finds no room is raised with the next picture if it lasts, else counted as dropped. */
uint32_t vg_rulebook_step(struct vg_rulebook *book, const struct vg_watch_output *watched,
                          const struct vg_rule_moment *moment, struct vg_alert *alerts);

/* Passages that would have raised an alert but found no room, since open. */
uint64_t vg_rulebook_dropped(const struct vg_rulebook *book);

/* Whether the rule raises nothing with that sight. Pure. */
bool vg_rulebook_holds_back(const struct vg_rule *rule, enum vg_rule_sight sight);

/* A new epoch: conditions that held are over; cooldowns stay. */
void vg_rulebook_reset(struct vg_rulebook *book);

/* What goes on: how much a flux is worth looking at, for who shares the device out. */
enum vg_rules_stir {
    VG_RULES_CALM,
    VG_RULES_ARMED, /* a condition holds, and is not told yet only since its hold runs */
    VG_RULES_TOLD   /* an alert was raised in the last VG_RULES_TOLD_US */
};
#define VG_RULES_TOLD_US (10 * VG_US_PER_S)
enum vg_rules_stir vg_rulebook_stir(const struct vg_rulebook *book, struct vg_media_time now);

/* The rule's last alert could not be promised: it counts as never raised. Its cooldown,
 * sequence and those it told are as before it, and the rule raises it again, with the same
 * onset, at the next picture where it is due, 1 s after it at the earliest. A passage is over:
 * the next one is raised. Holds until the rule's next alert or a restart, so the answer may
 * come some pictures late. Nothing happens if the rule has raised none, or it was refused
 * already. Call it before the next step where you can: a subject that has left meanwhile is
 * told to nobody. */
void vg_rulebook_refused(struct vg_rulebook *book, uint32_t rule);

/* What a saved state says of the alerts that the last step raised. */
enum vg_rulebook_view {
    VG_RULEBOOK_TOLD,  /* they are told, and their cooldowns run */
    VG_RULEBOOK_UNTOLD /* not yet: their rules' cooldown and sequence as before that step, and
                        * the onset that the alert names, untold, before all others */
};

/* State as one JSON object (versioned), times as ages before `wall`; given, vg_free; NULL
 * without memory. Allocates: not for the way of a picture. The book itself stays as it is.
 *
 * Around each alert: write UNTOLD before it is promised, and TOLD after (or refused, then
 * TOLD). Killed before the promise, the same onset is raised again, with the same onset_wall and
 * so the same key; killed after it but before the second writing too, and the key tells the
 * repetition; killed later, it is not raised again. A passage cannot be raised again: killed
 * before its promise it is lost, and the next one is not held back by its cooldown. */
char *vg_rulebook_save(const struct vg_rulebook *book, struct vg_media_time media,
                       struct vg_wall_time wall, enum vg_rulebook_view view) VG_MUST_USE;
/* Takes back what save gave, `wall` being now and `media` the new media clock: a rule found by
 * id gets its cooldown, onset and sequence; others are passed over. A clock set back since then
 * counts as no time gone by. VG_E_INPUT, VG_E_FULL: nothing was taken.
 *
 * Track numbers do not outlive a process, so a rule's onset goes to the first subject for which
 * it holds within 3 s of the next picture (of several in one picture, the first sighting), if it
 * held in the last 15 s. One onset per rule is kept and one subject takes it; all others begin
 * anew. So a rule that had told of several subjects is silent about one of them after a restart
 * and may tell of the others once more, after its cooldown: rather twice than never. */
enum vg_status vg_rulebook_restore(struct vg_rulebook *book, const char *text, size_t size,
                                   struct vg_media_time media, struct vg_wall_time wall,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
