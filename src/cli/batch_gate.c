#include "src/cli/batch_gate.h"

#include "src/base/alloc.h"
#include "src/maps/maps_host.h"

struct vg_batch_gate {
    struct vg_still_gate *gate;
    struct vg_maps_host *small;
    const struct vg_maps *maps; /* of the picture that was looked at last */
};

enum vg_status vg_batch_gate_open(struct vg_batch_gate **gate)
{
    struct vg_batch_gate *g = vg_alloc(sizeof *g);
    *gate = g;
    if (!g)
        return VG_E_MEMORY;
    enum vg_status status = vg_still_gate_open(&g->gate);
    if (!status)
        status = vg_maps_host_open(&g->small, 0);
    if (status)
        vg_batch_gate_close(gate);
    return status;
}

void vg_batch_gate_close(struct vg_batch_gate **gate)
{
    if (!*gate)
        return;
    vg_still_gate_close(&(*gate)->gate);
    vg_maps_host_close(&(*gate)->small);
    vg_free(*gate);
    *gate = NULL;
}

enum vg_gate_verdict vg_batch_gate_look(struct vg_batch_gate *gate,
                                        const struct vg_picture *picture, uint32_t epoch,
                                        struct vg_media_time time, int64_t period_us)
{
    const struct vg_still_picture still = {.epoch = epoch,
                                           .width = picture->width,
                                           .height = picture->height,
                                           .time = time,
                                           .period_us = period_us};
    gate->maps = vg_maps_host_step(gate->small, picture, time);
    return vg_still_gate_look(gate->gate, &still, gate->maps);
}

void vg_batch_gate_keep(struct vg_batch_gate *gate, const struct vg_answer *answer)
{
    vg_still_gate_keep(gate->gate, gate->maps, answer);
}

void vg_batch_gate_follow(struct vg_batch_gate *gate, struct vg_chain *chain,
                          const struct vg_chain_input *input, const struct vg_chain_output *output)
{
    vg_still_gate_follow(gate->gate, chain, input, output);
}
