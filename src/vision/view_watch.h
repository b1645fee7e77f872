/* The health of one flux's view: good, or black, frozen, masked, blurred, moved, small, slow.
 *
 * It is shown a thumb about once a second (any rate will do: all delays are in media time, and
 * nothing is decided on fewer than three looks). The first good looks become the reference;
 * it follows the light slowly, never a movement: what was first taken or last confirmed (the
 * anchor) is held against the view now and then, too. Light that changes, people, vehicles and a mast in the wind
 * are no movement. When the old view is back, `moved` ends by itself.
 *
 *   look -> detail -> like the reference? -----------------> evidence -> state
 *                        no: corners, homography ------------^   (each with its own delays)
 *                        none: does each block still fit best where it was? -^
 *
 * Deterministic, no clock. Allocates nothing after open but what OpenCV does within a look. One
 * thread at a time uses a watch; a scratch serves all the watches of a thread. */
#ifndef VG_VISION_VIEW_WATCH_H
#define VG_VISION_VIEW_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/vision/view_detail.h"
#include "src/vision/view_reference.h"
#include "src/vision/view_thumb.h"

/* In order of weight: of several that hold, the first is the state. */
enum vg_view_state {
    VG_VIEW_BLACK,   /* dark everywhere, nothing to be seen */
    VG_VIEW_FROZEN,  /* pictures come, all the same; a clock drawn into them may go on */
    VG_VIEW_MASKED,  /* half of what there was is covered by something uniform, or more */
    VG_VIEW_BLURRED, /* far less sharp than the reference */
    VG_VIEW_MOVED,   /* the camera looks elsewhere, or nearer, or from farther */
    VG_VIEW_SMALL,   /* fewer pixels than can be analysed */
    VG_VIEW_SLOW,    /* fewer pictures a second than wanted */
    VG_VIEW_GOOD
};
#define VG_VIEW_STATES 8

/* Short stable name, such as "moved"; and a sentence for a person (msgid). Never NULL. */
const char *vg_view_state_name(enum vg_view_state state);
const char *vg_view_state_text(enum vg_view_state state);

struct vg_view_settings {
    uint32_t long_side, short_side; /* the least, pixels: a picture on its side counts alike */
    uint32_t fps_milli;             /* the least, thousandths of a picture a second */
    int64_t frozen_us;              /* so long the same is frozen */
};
/* 4CIF by its smaller kind, 704x480; 12 pictures a second; 10 s. */
struct vg_view_settings vg_view_settings_defaults(void);

/* What the look measured: the reasons of the state. */
struct vg_view_measures {
    struct vg_view_change change; /* against the reference; zeros but dark and flat without one */
    float noise;                  /* levels of grey */
    float same;                   /* share of blocks whose pixels are those of the look before */
    float steady;                 /* share of the blocks with structure that are as just before */
    float votes;                  /* see vg_view_detail_votes; 0 when it was not asked */
    float shift;                  /* mean way of the picture's corners, fractions; 0: none found */
    uint32_t matches, inliers, cells; /* of the homography; 0 when it was not asked for */
    double matrix[3][3];              /* reference to look, pixels of the thumb */
};

struct vg_view_health {
    enum vg_view_state state;
    uint32_t faults;              /* bit 1 << state, of all that hold */
    bool referenced;              /* there is a reference */
    bool doubt;                   /* this look alone speaks for another view, or a covered one */
    struct vg_media_time since;   /* of the state */
    uint64_t looks, corner_looks; /* since open: all, and those that needed corners */
    uint64_t failures;            /* looks at which OpenCV failed: nothing was decided on corners */
    struct vg_view_measures measures; /* of the last look */
};

/* Whether what is judged by its place in the picture (zones, lines, masks) may be judged now:
 * neither a fault of the picture nor a doubt. A small or slow flux may. */
bool vg_view_places_hold(const struct vg_view_health *health);

struct vg_view_scratch;
/* About 0.5 MB. VG_E_MEMORY. */
enum vg_status vg_view_scratch_open(struct vg_view_scratch **scratch) VG_MUST_USE;
void vg_view_scratch_close(struct vg_view_scratch **scratch);

struct vg_view_watch;
/* About 0.25 MB. Without a reference, state good. VG_E_MEMORY. */
enum vg_status vg_view_watch_open(struct vg_view_watch **watch,
                                  const struct vg_view_settings *settings) VG_MUST_USE;
void vg_view_watch_close(struct vg_view_watch **watch);

/* How often the view is held against its anchor, which takes ten times an ordinary look. */
#define VG_VIEW_ANCHOR_US (60 * VG_US_PER_S)
/* The first time is early_us sooner than that after the reference was taken or restored:
 * cameras that began together would else be asked in the same second of each minute, and pictures of all of
 * them wait. 0 <= early_us < VG_VIEW_ANCHOR_US; 0 after open. */
void vg_view_watch_stagger(struct vg_view_watch *watch, int64_t early_us);

/* thumb: of a picture newer than that of the look before; borrowed. media: does not step back.
 * fps_milli: the rate at which the source sends now, 0: unknown. The answer is borrowed until
 * the next call. */
const struct vg_view_health *vg_view_watch_look(struct vg_view_watch *watch,
                                                struct vg_view_scratch *scratch,
                                                const struct vg_view_thumb *thumb,
                                                struct vg_media_time media, uint32_t fps_milli);

/* The answer to the last look; before the first: good, no reference. */
const struct vg_view_health *vg_view_watch_health(const struct vg_view_watch *watch);

/* A person says that the present view is right: what was seen last becomes the reference, and
 * masked, blurred and moved end with the next look. VG_E_STATE: nothing was seen yet, or there is nothing in it to
 * know it by. */
enum vg_status vg_view_confirm(struct vg_view_watch *watch,
                               struct vg_view_scratch *scratch) VG_MUST_USE;

/* Writes the reference for another process to take. VG_E_STATE: there is none yet. */
enum vg_status vg_view_watch_save(const struct vg_view_watch *watch,
                                  uint8_t bytes[VG_VIEW_REFERENCE_BYTES]) VG_MUST_USE;

/* Takes what save gave. VG_E_INPUT, VG_E_INTEGRITY: see vg_view_reference_parse; nothing was
 * taken. */
enum vg_status vg_view_watch_restore(struct vg_view_watch *watch, const uint8_t *bytes,
                                     size_t size) VG_MUST_USE;

#endif
