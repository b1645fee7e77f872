/* The gate of still scenes in batch (`--gate`): what it would let past the detector live, so that it
 * can be scored. The small pictures are made here, by plain C; the same bits as by a device. */
#ifndef VG_CLI_BATCH_GATE_H
#define VG_CLI_BATCH_GATE_H

#include "scheduler/still_gate.h"
#include "src/base/attr.h"
#include "src/media/picture.h"

struct vg_batch_gate;

/* *gate given; vg_batch_gate_close it. VG_E_MEMORY. */
enum vg_status vg_batch_gate_open(struct vg_batch_gate **gate) VG_MUST_USE;
void vg_batch_gate_close(struct vg_batch_gate **gate);

/* Of each picture in its turn, after the one before was followed. What is not still is kept by
 * vg_batch_gate_keep. period_us: of the pictures that are looked at. */
enum vg_gate_verdict vg_batch_gate_look(struct vg_batch_gate *gate,
                                        const struct vg_picture *picture, uint32_t epoch,
                                        struct vg_media_time time, int64_t period_us);
void vg_batch_gate_keep(struct vg_batch_gate *gate, const struct vg_answer *answer);

/* After the picture's judge. */
void vg_batch_gate_follow(struct vg_batch_gate *gate, struct vg_chain *chain,
                          const struct vg_chain_input *input, const struct vg_chain_output *output);

#endif
