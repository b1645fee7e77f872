/* From sightings to alerts: hold, cooldown, calendar, switched-off rules, stop. One per flux.
 *
 * A condition begins to hold for a subject at its onset. One missed picture (or half a second)
 * does not end it. It is told once, when it has held for the rule's hold and the rule's cooldown
 * is over: an onset within a cooldown waits for its end. All subjects for which the rule holds
 * at that moment are told by the one alert. A passage within a cooldown is told to nobody.
 *
 * Deterministic, no clock, no allocation after open, one thread. What must survive a restart
 * (cooldowns, onsets, sequence numbers) is handed out and taken back as text. */
#ifndef VG_RULES_RULEBOOK_H
#define VG_RULES_RULEBOOK_H

#include "src/base/attr.h"
#include "src/events/watcher.h"
#include "src/rules/alert.h"

#define VG_ALERTS_PER_PICTURE_MAX 16

/* What a rulebook needs to know of the moment, beside the sightings. */
struct vg_rule_moment {
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

/* A new epoch: conditions that held are over; cooldowns stay. */
void vg_rulebook_reset(struct vg_rulebook *book);

/* State as one JSON object (versioned), times as ages before `wall`; given, vg_free; NULL
 * without memory. Allocates: not for the way of a picture. Call it after each alert too, so
 * that a crash right after it does not forget the cooldown. */
char *vg_rulebook_save(const struct vg_rulebook *book, struct vg_media_time media,
                       struct vg_wall_time wall) VG_MUST_USE;
/* Takes back what save gave, `wall` being now and `media` the new media clock: a rule found by
 * id gets its cooldown, onset and sequence; others are passed over. A clock set back since then
 * counts as no time gone by. Track numbers do not outlive a process, so an onset goes to
 * whatever the rule holds for within 3 s of the next picture, if it held in the last 15 s.
 * VG_E_INPUT, VG_E_FULL: nothing was taken. */
enum vg_status vg_rulebook_restore(struct vg_rulebook *book, const char *text, size_t size,
                                   struct vg_media_time media, struct vg_wall_time wall,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
