/* What a batch of few and of more pictures takes on a device that does nothing else: net, preparation
 * and maps, one batch after the other. A server that watches few flux runs hardly a batch of two, and
 * its device, if that is the processor, never has all of it for itself: so what the start of a batch is
 * of its time, and how many cores it can use, is learnt here. What the same batches take later says
 * whether the machine is still as fast as it was. */
#ifndef VG_CLI_BATCH_LOOP_H
#define VG_CLI_BATCH_LOOP_H

#include <stdint.h>

#include "bench/sizing_costs.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/cli/engine_options.h"

#define VG_BATCH_LOOP_SIZES 3

/* Borrowed for the call. */
struct vg_batch_loop_wish {
    struct vg_engine_options engine; /* one device; its texts are read here */
    uint32_t width, height;          /* of the pictures, even */
    const char *name, *scene;        /* what a fault calls it; JSON: whose rules' maps are made */
};

struct vg_batch_loop {
    uint32_t jobs[VG_BATCH_LOOP_SIZES];
    double ms[VG_BATCH_LOOP_SIZES]; /* medians */
    double cores;                   /* that it would keep busy if nobody else kept any */
};

/* Opens an engine of its own, on as many threads as the server's (vg_device_cores_limit was called), and
 * runs 45 batches of each size, of a slow device as many as it has begun in 20 s, at least ten. The
 * server runs its batches in two steps where a picture may be still: that is not in it. Signals are
 * held (vg_live_server_hold_signals) and heard between rounds. Statuses: vg_engine_options_open's,
 * vg_scene_parse's; VG_E_MEMORY, VG_E_DEVICE, VG_E_INTERRUPTED. */
enum vg_status vg_batch_loop_run(const struct vg_batch_loop_wish *wish, struct vg_batch_loop *loop,
                                 struct vg_fault *fault) VG_MUST_USE;

/* What both say in the mean; b zeroed: what a says. Pure. */
struct vg_size_alone vg_batch_loop_mean(const struct vg_batch_loop *a,
                                        const struct vg_batch_loop *b);

#endif
