/* Movement between two maps: each launch alone, on what the twin's launches before it left. */
#include "kernels/flow_layout.h"
#include "kernels/twins/cases_make.h"
#include "kernels/twins/map_flow_twin.h"

#define INTEGERS "integers"
#define SMALL    VG_CASE_SMALL
#define FULL     VG_CASE_FULL

/* the launches, by number (vg_flow_launch) */
enum {
    SMALLER,
    LEAN,
    QUARTER,
    HALF,
    WHOLE,
    JUDGE
};

#define ROWS   .map = {.form = VG_FORM_ROWS}
#define SPREAD .map = {.form = VG_FORM_SPREAD}

#define FLOW(name_, scale_, w, h, launch, form_)                                                   \
    {                                                                                              \
        .name = name_, .kernel = VG_KERNEL_MAP_FLOW, .scale = scale_, .x_width = w, .x_height = h, \
        .option = launch, .amplitude = 1, .tolerance = 0, .reason = INTEGERS, form_                \
    }

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    FLOW("smaller, one pixel", SMALL, 1, 1, SMALLER, ROWS),
    FLOW("smaller, odd", SMALL, 7, 5, SMALLER, ROWS),
    FLOW("smaller", FULL, 192, 144, SMALLER, ROWS),
    FLOW("lean, one pixel", SMALL, 1, 1, LEAN, ROWS),
    FLOW("lean, odd", SMALL, 13, 9, LEAN, ROWS),
    FLOW("lean", FULL, 191, 143, LEAN, ROWS),
    FLOW("quarter, one cell", SMALL, 3, 3, QUARTER, ROWS),
    FLOW("quarter", FULL, 192, 108, QUARTER, ROWS),
    FLOW("quarter, spread", FULL, 100, 75, QUARTER, SPREAD),
    FLOW("half, two cells", SMALL, 9, 7, HALF, ROWS),
    FLOW("half, odd", FULL, 61, 67, HALF, ROWS),
    FLOW("half, spread", FULL, 192, 144, HALF, SPREAD),
    FLOW("whole, one pixel", SMALL, 1, 1, WHOLE, ROWS),
    FLOW("whole, odd", SMALL, 17, 11, WHOLE, ROWS),
    FLOW("whole", FULL, 192, 192, WHOLE, ROWS),
    FLOW("whole, spread", SMALL, 16, 12, WHOLE, SPREAD),
    FLOW("judge, one cell", SMALL, 2, 4, JUDGE, ROWS),
    FLOW("judge, odd", SMALL, 33, 21, JUDGE, ROWS),
    FLOW("judge, spread", FULL, 176, 144, JUDGE, SPREAD),
};
/* clang-format on */

/* Grains of 4 x 4 pixels, shaded from one to the next by columns, and noise. */
static void map_fill(uint8_t *map, const struct vg_kernel_case *row, uint8_t grain[64][64],
                     vg_i32 move, struct vg_random *random)
{
    for (vg_i32 y = 0; y < row->x_height; y++)
        for (vg_i32 x = 0; x < row->x_width; x++) {
            const vg_i32 u = x + 64 - move, v = y + 64 + move / 2;
            const vg_i32 part = u % 4, left = grain[v / 4 % 64][u / 4 % 64];
            const vg_i32 right = grain[v / 4 % 64][(u / 4 + 1) % 64];
            map[y * row->x_width + x] = (uint8_t)((left * (4 - part) + right * part) / 4 +
                                                  (vg_i32)vg_random_below(random, 5));
        }
}

/* A guard before and behind. NULL: no memory. */
static struct vg_case_buffer *guarded_add(struct vg_case_run *run, enum vg_arg arg, size_t bytes)
{
    const size_t guard = 4 * VG_CASE_GUARD_FLOATS;
    struct vg_case_buffer *buffer = vg_case_buffer_add(run, arg, (bytes + 2 * guard + 3) / 4 * 4);
    if (!buffer)
        return NULL;
    buffer->content = VG_CASE_BYTES;
    vg_case_guard_fill(buffer);
    return buffer;
}

/* Moves the whole layout behind the guards. */
static void layout_shift(struct vg_flow_sizes *s, vg_i32 by)
{
    s->before = s->now = by;
    s->flow_x += by;
    s->flow_y += by;
    s->sure += by;
    for (vg_i32 i = 0; i < VG_FLOW_LEVELS; i++)
        for (vg_i32 k = 0; k < 2; k++) {
            s->level[i].small[k] += by;
            s->level[i].lean[k] += by;
            s->level[i].found[k] += by;
        }
}

static enum vg_status flow_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    struct vg_flow_sizes *s = &run->sizes.flow;
    const size_t scratch_bytes = vg_flow_layout(row->x_width, row->x_height, s);
    const size_t map_bytes = (size_t)row->x_width * (size_t)row->x_height;
    struct vg_case_buffer *before = guarded_add(run, VG_ARG_X, map_bytes);
    struct vg_case_buffer *now = guarded_add(run, VG_ARG_X2, map_bytes);
    struct vg_case_buffer *scratch = guarded_add(run, VG_ARG_SCRATCH, scratch_bytes);
    struct vg_case_buffer *out = guarded_add(run, VG_ARG_Y, vg_flow_out_bytes(s));
    if (!before || !now || !scratch || !out)
        return VG_E_MEMORY;
    layout_shift(s, 4 * VG_CASE_GUARD_FLOATS);
    uint8_t grain[64][64];
    for (vg_i32 i = 0; i < 64 * 64; i++)
        grain[i / 64][i % 64] = (uint8_t)vg_random_below(random, 250);
    map_fill((uint8_t *)before->data + s->before, row, grain, 0, random);
    map_fill((uint8_t *)now->data + s->now, row, grain, 10, random);
    const enum vg_flow_form form = row->map.form == VG_FORM_SPREAD ? VG_FLOW_SPREAD : VG_FLOW_ROWS;
    for (vg_i32 i = 0; i < row->option; i++) {
        vg_flow_launch(s, i, form, run->global);
        vg_twin_map_flow_step(before->data, now->data, scratch->data, out->data, s);
    }
    vg_flow_launch(s, row->option, form, run->global);
    if (vg_case_want_add(scratch) || vg_case_want_add(out))
        return VG_E_MEMORY;
    vg_twin_map_flow_step(before->data, now->data, scratch->want, out->want, s);
    return VG_OK;
}

const struct vg_case_family vg_cases_flow = {rows, sizeof rows / sizeof *rows, flow_make};
