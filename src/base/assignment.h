/* Pairs rows with columns one to one so that the sum of their gains is the greatest: the
 * assignment problem. Used to follow objects and to score. */
#ifndef VG_BASE_ASSIGNMENT_H
#define VG_BASE_ASSIGNMENT_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_ASSIGNMENT_NONE UINT32_MAX

struct vg_assignment; /* working memory, for one thread */

/* Room for problems up to this size; (rows_max + columns_max) * 60 bytes. VG_E_MEMORY. */
enum vg_status vg_assignment_open(struct vg_assignment **assignment, uint32_t rows_max,
                                  uint32_t columns_max) VG_MUST_USE;
void vg_assignment_close(struct vg_assignment **assignment);

/* gain: rows x columns, row by row without padding, finite; borrowed. A pair of gain 0 or less
 * is never made, so 0 says "may not". rows and columns within what was opened; 0 is allowed.
 * column_of_row[r] becomes the column paired with row r, or VG_ASSIGNMENT_NONE.
 *
 * Among equal sums, lower rows get their pair first and take the lowest column; in any case
 * the same matrix gives the same pairs on every machine. Allocates nothing. O(n^2 m) of the rows
 * and columns that have a positive gain at all.
 * Source: shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987). */
void vg_assignment_solve(struct vg_assignment *assignment, const double *gain, uint32_t rows,
                         uint32_t columns, uint32_t *column_of_row);

#endif
