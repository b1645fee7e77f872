#include "scheduler/still_gate.h"

#include <string.h>

#include "src/base/alloc.h"

/* A track is settled that was born so long ago, and whose foot lay no further off since then than
 * this part of its height: less is the detector's own unrest. */
#define SETTLED_US   (2 * VG_US_PER_S)
#define MOVED_HEIGHT 0.1

/* How much of the mean is new. */
#define PART_SEEN  0.5
#define PART_QUIET (1.0 / 16)

struct vg_still_gate {
    struct vg_gate gate;
    bool kept; /* there is something to compare with */
    uint32_t epoch, width, height;
    enum vg_stir stir; /* after the last picture, as the two behind it */
    uint32_t moving, judged;
    uint32_t small_width, small_height; /* of `detected` */
    uint8_t detected[VG_MAPS_SIDE_MAX * VG_MAPS_SIDE_MAX];
    struct vg_answer answer;
};

enum vg_status vg_still_gate_open(struct vg_still_gate **gate)
{
    *gate = vg_alloc(sizeof **gate);
    return *gate ? VG_OK : VG_E_MEMORY;
}

void vg_still_gate_close(struct vg_still_gate **gate)
{
    vg_free(*gate);
    *gate = NULL;
}

static void answer_copy(struct vg_answer *to, const struct vg_answer *from)
{
    to->count = from->count;
    to->overflow = from->overflow;
    memcpy(to->detection, from->detection, from->count * sizeof *from->detection);
}

static bool goes_on(const struct vg_still_gate *g, const struct vg_still_picture *picture)
{
    return g->kept && g->epoch == picture->epoch && g->width == picture->width &&
           g->height == picture->height;
}

static struct vg_gate_look look_of(const struct vg_still_gate *g,
                                   const struct vg_still_picture *picture)
{
    return (struct vg_gate_look){.now_us = picture->time.us,
                                 .period_us = picture->period_us,
                                 .begins = !goes_on(g, picture),
                                 .stir = g->stir,
                                 .moving = g->moving,
                                 .judged = g->judged};
}

bool vg_still_gate_may(const struct vg_still_gate *gate, const struct vg_still_picture *picture)
{
    struct vg_gate copy = gate->gate;
    const struct vg_gate_look look = look_of(gate, picture);
    return vg_gate_decide(&copy, &look) == VG_GATE_STILL;
}

static bool is_busy(const struct vg_gate_look *look)
{
    return look->stir != VG_STIR_CALM || look->moving > 0 || look->judged > 0;
}

enum vg_gate_verdict vg_still_gate_look(struct vg_still_gate *gate,
                                        const struct vg_still_picture *picture,
                                        const struct vg_maps *maps)
{
    struct vg_gate_look look = look_of(gate, picture);
    if (!maps || maps->size.width != gate->small_width || maps->size.height != gate->small_height)
        look.begins = true;
    if (!look.begins && is_busy(&look)) {
        look.change.cells = 1; /* not asked for: it says nothing of the noise either */
    } else if (!look.begins) {
        const struct vg_gate_pictures pictures = {gate->detected, maps->luma, gate->small_width,
                                                  gate->small_height};
        look.change = vg_gate_compare(&pictures, gate->gate.noise);
    }
    gate->epoch = picture->epoch;
    gate->width = picture->width;
    gate->height = picture->height;
    return vg_gate_decide(&gate->gate, &look);
}

void vg_still_gate_keep(struct vg_still_gate *gate, const struct vg_maps *maps,
                        const struct vg_answer *answer)
{
    gate->kept = maps != NULL;
    if (!maps)
        return;
    gate->small_width = maps->size.width;
    gate->small_height = maps->size.height;
    memcpy(gate->detected, maps->luma, (size_t)maps->size.width * maps->size.height);
    answer_copy(&gate->answer, answer);
}

void vg_still_gate_forget(struct vg_still_gate *gate)
{
    gate->kept = false;
}

void vg_still_gate_answer(const struct vg_still_gate *gate, struct vg_answer *answer)
{
    answer_copy(answer, &gate->answer);
}

static enum vg_stir stir_of(enum vg_rules_stir stir)
{
    static const enum vg_stir of[] = {[VG_RULES_CALM] = VG_STIR_CALM,
                                      [VG_RULES_ARMED] = VG_STIR_ARMED,
                                      [VG_RULES_TOLD] = VG_STIR_ALERT};
    return of[stir];
}

void vg_still_gate_follow(struct vg_still_gate *gate, struct vg_chain *chain,
                          const struct vg_chain_input *input, const struct vg_chain_output *output)
{
    const struct vg_rulebook *book = vg_chain_rulebook(chain);
    gate->stir = book ? stir_of(vg_rulebook_stir(book, input->moment.media)) : VG_STIR_CALM;
    gate->moving = vg_still_moving(output->tracks, output->track_count, input->moment.media);
    gate->judged = output->watched ? output->watched->wish_count : 0;
}

/* Whether its foot was elsewhere within SETTLED_US. */
static bool has_moved(const struct vg_track *track, struct vg_media_time now)
{
    const double most = MOVED_HEIGHT * (double)track->box.height;
    const double x = (double)track->box.left + (double)track->box.width / 2,
                 y = (double)track->box.top + (double)track->box.height;
    for (uint32_t i = 0; i < track->history_count; i++) {
        const struct vg_track_step *step =
            &track->history[(track->history_first + i) % VG_TRACK_HISTORY_SIZE];
        const double dx = (double)step->foot.x - x, dy = (double)step->foot.y - y;
        if (now.us - step->time.us <= SETTLED_US && !(dx * dx + dy * dy <= most * most))
            return true;
    }
    return false;
}

uint32_t vg_still_moving(const struct vg_track *const *tracks, uint32_t count,
                         struct vg_media_time now)
{
    uint32_t moving = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_track *track = tracks[i];
        moving += track->state != VG_TRACK_CONFIRMED || !track->detected ||
                  now.us - track->born.us < SETTLED_US || has_moved(track, now);
    }
    return moving;
}

double vg_still_part(double part, double now, enum vg_gate_verdict verdict)
{
    const bool seen = verdict == VG_GATE_BUSY || verdict == VG_GATE_CHANGED;
    return part + (seen && now > part ? PART_SEEN : PART_QUIET) * (now - part);
}
