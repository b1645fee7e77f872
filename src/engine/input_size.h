/* Which size the net's input should have for pictures of one size. Pure, any thread.
 *
 * A picture is letterboxed: what it does not fill is border, and work for nothing. A 4:3 picture
 * fills three quarters of a square. So the input takes the picture's shape: for a net whose own
 * input is 416x416 in steps of 32
 *
 *   4:3     416x320    1.00 times the scale of the square, 0.77 of its work
 *   16:9    480x288    1.15                                0.80
 *   5:4     416x352    1.00                                0.85
 *   1:1     416x416    1.00                                1.00
 *   9:16    288x480    1.15                                0.80 */
#ifndef VG_ENGINE_INPUT_SIZE_H
#define VG_ENGINE_INPUT_SIZE_H

#include <stdint.h>

#include "models/model.h"

/* Of all sizes in steps of the model's input_multiple, the one on which most pixels of the input
 * belong to the picture, among those whose area is at most
 *   area        where it is not 0
 *   else        four fifths of the model's own input, or what it takes to show the picture no
 *               smaller than the model's own input does, whichever is more.
 * Of equals the smaller area, then the wider. The model's own size where it takes no other, where
 * the picture has no size, and where no size is small enough. */
struct vg_size vg_input_size_for(const struct vg_model *model, struct vg_size picture,
                                 uint64_t area);

#endif
