/* `vigie batch --heat`: where persons were in a clip, as heat.json (numbers) and heat.png (laid over
 * the first picture that was analysed). */
#ifndef VG_CLI_BATCH_HEAT_H
#define VG_CLI_BATCH_HEAT_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/heat_grid.h"
#include "src/media/picture.h"

struct vg_batch_heat;

/* VG_E_MEMORY. */
enum vg_status vg_batch_heat_open(struct vg_batch_heat **heat) VG_MUST_USE;
void vg_batch_heat_close(struct vg_batch_heat **heat);

/* A picture that was analysed: the first one is kept to be drawn on. VG_E_MEMORY. */
enum vg_status vg_batch_heat_picture(struct vg_batch_heat *heat, const struct vg_picture *picture,
                                     struct vg_fault *fault) VG_MUST_USE;

/* Writes both into the folder; without a picture there is no heat.png. VG_E_IO, VG_E_LACK,
 * VG_E_MEMORY. */
enum vg_status vg_batch_heat_write(struct vg_batch_heat *heat, const struct vg_heat_grid *grid,
                                   const char *folder, struct vg_fault *fault) VG_MUST_USE;

#endif
