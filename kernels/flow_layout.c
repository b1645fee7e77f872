#include "kernels/flow_layout.h"

#include <assert.h>

static vg_i32 aligned(vg_i32 bytes)
{
    return (bytes + 63) / 64 * 64;
}

static vg_i32 cells(vg_i32 pixels)
{
    return (pixels + VG_FLOW_CELL - 1) / VG_FLOW_CELL;
}

/* Puts the level behind what lies there; returns what lies there then. */
static vg_i32 place(struct vg_flow_level *l, vg_i32 small, vg_i32 first)
{
    const vg_i32 lean_rows = l->height + 2 * VG_FLOW_PAD;
    const vg_i32 found = (vg_i32)sizeof(struct vg_flow_found);
    l->columns = cells(l->width);
    l->rows = cells(l->height);
    l->lean_row = l->width + 2 * VG_FLOW_PAD;
    for (vg_i32 i = 0; i < 2; i++) {
        l->small[i] = first;
        first += aligned(small);
        l->lean[i] = first + VG_FLOW_PAD * (l->lean_row + 1);
        first += aligned(l->lean_row * lean_rows);
        l->found[i] = first;
        first += aligned(l->columns * l->rows * found);
    }
    return first;
}

size_t vg_flow_layout(vg_i32 width, vg_i32 height, struct vg_flow_sizes *sizes)
{
    assert(width > 0 && height > 0 && width <= VG_FLOW_SIDE_MAX && height <= VG_FLOW_SIDE_MAX);
    *sizes = (struct vg_flow_sizes){0};
    vg_i32 first = 0;
    for (vg_i32 i = 0; i < VG_FLOW_LEVELS; i++) {
        struct vg_flow_level *level = &sizes->level[i];
        level->width = i ? (level[-1].width + 1) / 2 : width;
        level->height = i ? (level[-1].height + 1) / 2 : height;
        first = place(level, i ? level->width * level->height : 0, first);
    }
    const vg_i32 count = sizes->level[0].columns * sizes->level[0].rows;
    sizes->flow_y = 2 * count;
    sizes->sure = 4 * count;
    return (size_t)first;
}

size_t vg_flow_out_bytes(const struct vg_flow_sizes *sizes)
{
    return (size_t)(5 * sizes->level[0].columns * sizes->level[0].rows);
}

void vg_flow_launch(struct vg_flow_sizes *sizes, vg_i32 index, enum vg_flow_form form,
                    size_t global[2])
{
    assert(index >= 0 && index < VG_FLOW_LAUNCHES);
    const struct vg_flow_level *level = sizes->level;
    sizes->at = 0;
    sizes->each = 1;
    global[1] = 2; /* both pictures, both ways */
    if (index == 0) {
        sizes->step = VG_FLOW_STEP_SMALL;
        global[0] = (size_t)level[2].height;
        return;
    }
    if (index == 1) {
        sizes->step = VG_FLOW_STEP_LEAN;
        global[0] = (size_t)(level[0].height + level[1].height + level[2].height);
        return;
    }
    const vg_i32 at = VG_FLOW_LEVELS + 1 - index;
    sizes->step = at < 0 ? VG_FLOW_STEP_JUDGE : VG_FLOW_STEP_SEARCH;
    sizes->at = at < 0 ? 0 : at;
    if (at < 0)
        global[1] = 1;
    level += sizes->at;
    if (form == VG_FLOW_ROWS)
        sizes->each = level->columns;
    global[0] = (size_t)level->rows * (size_t)(form == VG_FLOW_ROWS ? 1 : level->columns);
}
