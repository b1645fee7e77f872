/* Words on a canvas, in a small bitmap font of our own: 5 x 7 dots for ASCII, accents and the
 * cedilla set on the letters of French, UTF-8. What it does not have is shown as a box. */
#ifndef VG_DRAW_FONT_H
#define VG_DRAW_FONT_H

#include "src/draw/canvas.h"

/* Cell of a letter in dots: letter 5 x 7 with a blank column, above it 2 rows for accents,
 * below it 2 for what hangs down. */
#define VG_FONT_ADVANCE 6
#define VG_FONT_HEIGHT  11

/* Width of the text in pixels when a dot is `scale` pixels wide. */
uint32_t vg_font_width(const char *text, uint32_t scale);

/* Draws text with the upper left corner of its first cell at (x, y). */
void vg_font_draw(struct vg_canvas *canvas, int x, int y, uint32_t scale, const char *text,
                  struct vg_colour colour);

#endif
