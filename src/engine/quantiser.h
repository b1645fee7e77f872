/* Makes the 8-bit form of a model by running it over pictures: their values give the ranges of the
 * tensors and the correction of the biases (models/calibrate.h).
 *
 *   open -> add each picture -> finish -> close
 *
 * One thread at a time. The pictures should be such as the net will see: of the site's own cameras,
 * at all hours. */
#ifndef VG_ENGINE_QUANTISER_H
#define VG_ENGINE_QUANTISER_H

#include <stdint.h>

#include "models/model.h"
#include "models/quantise.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/picture.h"

#define VG_QUANTISER_PICTURES_MIN 8

struct vg_quantiser_settings {
    const char *device;     /* as in vg_engine_settings */
    uint32_t width, height; /* of the net's input; 0: the model's preferred */
    struct vg_range_settings range;
};
struct vg_quantiser_settings vg_quantiser_defaults(void);

struct vg_quantiser;

/* model: borrowed until close, changed by finish. VG_E_STATE (it has an 8-bit form already), what
 * vg_engine_open says, VG_E_MEMORY. */
enum vg_status vg_quantiser_open(struct vg_quantiser **quantiser, struct vg_model *model,
                                 const struct vg_quantiser_settings *settings,
                                 struct vg_fault *fault) VG_MUST_USE;
void vg_quantiser_close(struct vg_quantiser **quantiser);

/* Runs the float net on the picture (borrowed). VG_E_INPUT (the net gives what is no number),
 * VG_E_DEVICE. */
enum vg_status vg_quantiser_add(struct vg_quantiser *quantiser, const struct vg_picture *picture,
                                struct vg_fault *fault) VG_MUST_USE;

/* Writes ranges, steps and biases into the model, which passes vg_model_check then; the float
 * weights stay as they are. VG_E_CALL (less than VG_QUANTISER_PICTURES_MIN pictures),
 * VG_E_MEMORY. */
enum vg_status vg_quantiser_finish(struct vg_quantiser *quantiser,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
