#include "models/onnx_shape.h"

#include <string.h>

#include "models/model_check.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

/* ------------------------------------------------------------ the pool */

#define BLOCK_WORDS (1u << 16)

struct vg_onnx_block {
    struct vg_onnx_block *next;
    uint64_t used, room;
    uint32_t *word; /* owned */
};

static struct vg_onnx_block *add_block(struct vg_onnx_pool *pool, uint64_t room)
{
    struct vg_onnx_block *block = vg_alloc(sizeof *block);
    uint32_t *word = vg_alloc_array((size_t)room, sizeof *word);
    if (!block || !word) {
        vg_free(word);
        vg_free(block);
        return NULL;
    }
    *block = (struct vg_onnx_block){pool->block, 0, room, word};
    pool->block = block;
    return block;
}

uint32_t *vg_onnx_pool_take(struct vg_onnx_pool *pool, uint64_t count)
{
    struct vg_onnx_block *block = pool->block;
    if (count > VG_ONNX_WORDS_MAX - pool->words)
        return NULL;
    if (!block || count > block->room - block->used)
        block = add_block(pool, count > BLOCK_WORDS ? count : BLOCK_WORDS);
    if (!block)
        return NULL;
    uint32_t *words = block->word + block->used;
    block->used += count;
    pool->words += count;
    return words;
}

void vg_onnx_pool_release(struct vg_onnx_pool *pool)
{
    while (pool->block) {
        struct vg_onnx_block *next = pool->block->next;
        vg_free(pool->block->word);
        vg_free(pool->block);
        pool->block = next;
    }
    pool->words = 0;
}

/* ------------------------------------------------------------ plain views */

const char *vg_onnx_view_tensor(struct vg_onnx_pool *pool, uint32_t tensor, uint32_t channels,
                                uint32_t height, uint32_t width, enum vg_onnx_planes planes,
                                struct vg_onnx_view *out)
{
    const bool single = planes == VG_PLANES_SINGLE;
    uint32_t *word = vg_onnx_pool_take(pool, channels);
    if (!word)
        return vg_onnx_no_memory;
    for (uint32_t c = 0; c < channels; c++)
        word[c] = VG_MAP_WORD(tensor, c);
    *out = (struct vg_onnx_view){.rank = 4, .channels = channels, .part_count = 1};
    out->axis[0] = (struct vg_onnx_axis){VG_AXIS_ONE, 1};
    out->axis[1] = (struct vg_onnx_axis){VG_AXIS_CHANNELS, channels};
    out->axis[2] = (struct vg_onnx_axis){single ? VG_AXIS_ONE : VG_AXIS_ROWS, height};
    out->axis[3] = (struct vg_onnx_axis){single ? VG_AXIS_ONE : VG_AXIS_COLUMNS, width};
    out->part[0] = (struct vg_onnx_part){word, height, width};
    return NULL;
}

bool vg_onnx_view_pending(const struct vg_onnx_view *view)
{
    const struct vg_onnx_border *b = &view->border;
    return view->rows != VG_HALF_NONE || view->columns != VG_HALF_NONE || b->above || b->left ||
           b->below || b->right;
}

bool vg_onnx_view_single(const struct vg_onnx_view *view)
{
    for (uint32_t d = 0; d < view->rank; d++)
        if (view->axis[d].kind != VG_AXIS_ONE && view->axis[d].kind != VG_AXIS_CHANNELS)
            return false;
    return true;
}

bool vg_onnx_view_is_planes(const struct vg_onnx_view *view)
{
    if (view->rank != 4 || view->part_count != 1 || view->axis[0].size != 1 ||
        view->axis[1].size != view->channels || view->rows != VG_HALF_NONE ||
        view->columns != VG_HALF_NONE)
        return false;
    if (view->axis[2].kind == VG_AXIS_ROWS && view->axis[3].kind == VG_AXIS_COLUMNS)
        return true;
    return vg_onnx_view_single(view) && view->axis[2].size == 1 && view->axis[3].size == 1;
}

uint32_t vg_onnx_view_channel_axis(const struct vg_onnx_view *view)
{
    uint32_t found = view->rank;
    for (uint32_t d = 0; d < view->rank; d++) {
        if (view->axis[d].kind != VG_AXIS_CHANNELS || view->axis[d].size == 1)
            continue;
        if (found != view->rank)
            return view->rank;
        found = d;
    }
    return found;
}

void vg_onnx_view_drop_axis(struct vg_onnx_view *view, uint32_t axis)
{
    for (uint32_t d = axis; d + 1 < view->rank; d++)
        view->axis[d] = view->axis[d + 1];
    view->rank--;
}

/* ------------------------------------------------------------ reshape */

/* The axes that are left to be named anew, channels next to each other taken together. */
struct atoms {
    struct vg_onnx_axis at[VG_ONNX_RANK_MAX + 1];
    uint32_t count, next;
};

static void atoms_of(const struct vg_onnx_view *view, struct atoms *atoms)
{
    *atoms = (struct atoms){.count = 0};
    for (uint32_t d = 0; d < view->rank; d++) {
        const struct vg_onnx_axis axis = view->axis[d];
        if (axis.kind == VG_AXIS_ONE || (axis.kind == VG_AXIS_CHANNELS && axis.size == 1))
            continue;
        if (atoms->count && axis.kind == VG_AXIS_CHANNELS &&
            atoms->at[atoms->count - 1].kind == VG_AXIS_CHANNELS)
            atoms->at[atoms->count - 1].size *= axis.size;
        else
            atoms->at[atoms->count++] = axis;
    }
}

static bool take_channels(struct atoms *atoms, uint32_t size, struct vg_onnx_axis *axis)
{
    struct vg_onnx_axis *atom = &atoms->at[atoms->next];
    if (size == 0 || atom->size % size != 0)
        return false;
    *axis = (struct vg_onnx_axis){size == 1 ? VG_AXIS_ONE : VG_AXIS_CHANNELS, size};
    atom->size /= size;
    if (atom->size == 1)
        atoms->next++;
    return true;
}

/* Rows alone, or rows and columns as cells. Where the planes are one column wide both could be
 * meant: then what comes next decides. */
static bool take_rows(struct atoms *atoms, uint32_t size, bool one_follows,
                      struct vg_onnx_axis *axis)
{
    const struct vg_onnx_axis *rows = &atoms->at[atoms->next];
    const bool whole = atoms->next + 1 < atoms->count && rows[1].kind == VG_AXIS_COLUMNS;
    if (whole && size == rows[0].size * rows[1].size && !(rows[1].size == 1 && one_follows)) {
        *axis = (struct vg_onnx_axis){VG_AXIS_CELLS, size};
        atoms->next += 2;
        return true;
    }
    if (size != rows->size)
        return false;
    *axis = *rows;
    atoms->next++;
    return true;
}

static bool take_cells(const struct vg_onnx_view *in, struct atoms *atoms, uint32_t size,
                       struct vg_onnx_axis *axis)
{
    struct vg_onnx_axis *cells = &atoms->at[atoms->next];
    if (size == cells->size) {
        *axis = *cells;
        atoms->next++;
        return true;
    }
    if (in->part_count != 1 || size != in->part[0].height)
        return false;
    *axis = (struct vg_onnx_axis){VG_AXIS_ROWS, size};
    *cells = (struct vg_onnx_axis){VG_AXIS_COLUMNS, in->part[0].width};
    return true;
}

static bool take_axis(const struct vg_onnx_view *in, struct atoms *atoms, uint32_t size,
                      bool one_follows, struct vg_onnx_axis *axis)
{
    const struct vg_onnx_axis one = {VG_AXIS_ONE, 1};
    bool taken = false;
    if (atoms->next < atoms->count) {
        const struct vg_onnx_axis *atom = &atoms->at[atoms->next];
        if (atom->kind == VG_AXIS_CHANNELS)
            taken = take_channels(atoms, size, axis);
        else if (atom->kind == VG_AXIS_ROWS)
            taken = take_rows(atoms, size, one_follows, axis);
        else if (atom->kind == VG_AXIS_CELLS)
            taken = take_cells(in, atoms, size, axis);
        else if (size == atom->size) {
            *axis = *atom;
            atoms->next++;
            taken = true;
        }
    }
    if (!taken && size == 1) {
        *axis = one;
        taken = true;
    }
    return taken;
}

/* 0 and -1 replaced; false when they cannot be, or the numbers of elements differ. */
static bool resolve(const struct vg_onnx_view *in, const int64_t *target, uint32_t rank,
                    uint32_t *dim)
{
    uint64_t total = 1, known = 1;
    uint32_t inferred = rank;
    for (uint32_t d = 0; d < in->rank; d++)
        total *= in->axis[d].size;
    for (uint32_t d = 0; d < rank; d++) {
        if (target[d] == -1 && inferred == rank) {
            inferred = d;
            continue;
        }
        const int64_t size = target[d] == 0 && d < in->rank ? in->axis[d].size : target[d];
        if (size < 1 || (uint64_t)size > total / known)
            return false;
        dim[d] = (uint32_t)size;
        known *= (uint64_t)size;
    }
    if (inferred == rank)
        return known == total;
    if (total % known != 0)
        return false;
    dim[inferred] = (uint32_t)(total / known);
    return true;
}

const char *vg_onnx_view_reshape(const struct vg_onnx_view *in, const int64_t *target,
                                 uint32_t rank, struct vg_onnx_view *out)
{
    uint32_t dim[VG_ONNX_RANK_MAX];
    struct atoms atoms;
    struct vg_onnx_view view = *in;
    if (rank > VG_ONNX_RANK_MAX || !resolve(in, target, rank, dim))
        return N_("the operator is not supported with a target shape that does not fit");
    atoms_of(in, &atoms);
    view.rank = rank;
    for (uint32_t d = 0; d < rank; d++)
        if (!take_axis(in, &atoms, dim[d], d + 1 < rank && dim[d + 1] == 1, &view.axis[d]))
            return N_("the operator is not supported with a shape that mixes channels and cells");
    if (atoms.next != atoms.count)
        return N_("the operator is not supported with a shape that mixes channels and cells");
    *out = view;
    return NULL;
}

/* ------------------------------------------------------------ transpose */

/* Steps through the list in the new order: digit d counts along the d-th new axis of channels. */
static void permute_list(const struct vg_onnx_view *in, const struct vg_onnx_view *out,
                         const int64_t *perm, const uint32_t *from, uint32_t *to)
{
    uint32_t stride[VG_ONNX_RANK_MAX], digit[VG_ONNX_RANK_MAX] = {0}, step = 1;
    for (uint32_t d = in->rank; d-- > 0;) {
        stride[d] = step;
        if (in->axis[d].kind == VG_AXIS_CHANNELS)
            step *= in->axis[d].size;
    }
    for (uint32_t k = 0; k < in->channels; k++) {
        uint32_t at = 0;
        for (uint32_t d = 0; d < out->rank; d++)
            at += digit[d] * stride[perm[d]];
        to[k] = from[at];
        for (uint32_t d = out->rank; d-- > 0;) {
            if (out->axis[d].kind != VG_AXIS_CHANNELS)
                continue;
            if (++digit[d] < out->axis[d].size)
                break;
            digit[d] = 0;
        }
    }
}

static bool channels_keep_order(const struct vg_onnx_view *in, const int64_t *perm)
{
    int64_t last = -1;
    for (uint32_t d = 0; d < in->rank; d++) {
        if (in->axis[perm[d]].kind != VG_AXIS_CHANNELS)
            continue;
        if (perm[d] < last)
            return false;
        last = perm[d];
    }
    return true;
}

const char *vg_onnx_view_transpose(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                   const int64_t *perm, struct vg_onnx_view *out)
{
    struct vg_onnx_view view = *in;
    unsigned seen = 0;
    for (uint32_t d = 0; d < in->rank; d++) {
        if (perm[d] < 0 || perm[d] >= (int64_t)in->rank || seen >> perm[d] & 1u)
            return N_("the operator is not supported with an order of axes that is none");
        seen |= 1u << perm[d];
        view.axis[d] = in->axis[perm[d]];
    }
    if (!channels_keep_order(in, perm)) {
        for (uint32_t p = 0; p < in->part_count; p++) {
            uint32_t *word = vg_onnx_pool_take(pool, in->channels);
            if (!word)
                return vg_onnx_no_memory;
            permute_list(in, &view, perm, in->part[p].word, word);
            view.part[p].word = word;
        }
    }
    *out = view;
    return NULL;
}

/* ------------------------------------------------------------ concat */

static bool axis_like(struct vg_onnx_axis a, struct vg_onnx_axis b)
{
    if (a.size != b.size)
        return false;
    if (a.kind == b.kind)
        return true;
    return a.size == 1 && (a.kind == VG_AXIS_CHANNELS || a.kind == VG_AXIS_ONE) &&
           (b.kind == VG_AXIS_CHANNELS || b.kind == VG_AXIS_ONE);
}

static bool of_channels(struct vg_onnx_axis axis)
{
    return axis.kind == VG_AXIS_CHANNELS || axis.kind == VG_AXIS_ONE;
}

/* Whether `b` can stand beside `a` along `axis`. */
static bool concat_fits(const struct vg_onnx_view *a, const struct vg_onnx_view *b, uint32_t axis)
{
    if (a->rank != b->rank || vg_onnx_view_pending(b))
        return false;
    for (uint32_t d = 0; d < a->rank; d++)
        if (d != axis && !axis_like(a->axis[d], b->axis[d]))
            return false;
    if (!of_channels(a->axis[axis]))
        return a->axis[axis].kind == VG_AXIS_CELLS && b->axis[axis].kind == VG_AXIS_CELLS;
    if (!of_channels(b->axis[axis]) || a->part_count != b->part_count)
        return false;
    for (uint32_t p = 0; p < a->part_count; p++)
        if (a->part[p].height != b->part[p].height || a->part[p].width != b->part[p].width)
            return false;
    return true;
}

static const char *concat_cells(const struct vg_onnx_view *in, uint32_t count, uint32_t axis,
                                struct vg_onnx_view *out)
{
    for (uint32_t k = 1; k < count; k++) {
        if (out->part_count + in[k].part_count > VG_MODEL_LEVELS_MAX)
            return N_("the operator is not supported with so many levels");
        for (uint32_t p = 0; p < in[k].part_count; p++)
            out->part[out->part_count++] = in[k].part[p];
        out->axis[axis].size += in[k].axis[axis].size;
    }
    return NULL;
}

static const char *concat_channels(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                   uint32_t count, uint32_t axis, struct vg_onnx_view *out)
{
    uint32_t outer = 1, inner = 1, sum = 0;
    for (uint32_t d = 0; d < out->rank; d++)
        if (d != axis && out->axis[d].kind == VG_AXIS_CHANNELS)
            *(d < axis ? &outer : &inner) *= out->axis[d].size;
    for (uint32_t k = 0; k < count; k++)
        sum += in[k].axis[axis].size;
    if (sum > VG_MODEL_CHANNELS_MAX || sum * inner > VG_MODEL_CHANNELS_MAX / outer)
        return N_("the operator is not supported with so many channels");
    out->axis[axis] = (struct vg_onnx_axis){VG_AXIS_CHANNELS, sum};
    out->channels = outer * sum * inner;
    for (uint32_t p = 0; p < out->part_count; p++) {
        uint32_t *word = vg_onnx_pool_take(pool, out->channels), *to = word;
        if (!word)
            return vg_onnx_no_memory;
        for (uint32_t o = 0; o < outer; o++)
            for (uint32_t k = 0; k < count; k++) {
                const uint32_t run = in[k].axis[axis].size * inner;
                memcpy(to, in[k].part[p].word + (size_t)o * run, run * sizeof *to);
                to += run;
            }
        out->part[p].word = word;
    }
    return NULL;
}

const char *vg_onnx_view_concat(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                uint32_t count, uint32_t axis, struct vg_onnx_view *out)
{
    struct vg_onnx_view view = in[0];
    if (vg_onnx_view_pending(&in[0]))
        return N_("the operator is not supported with a padded input");
    for (uint32_t k = 0; k < count; k++)
        if (!concat_fits(&in[0], &in[k], axis))
            return N_("the operator is not supported with tensors of different shapes");
    const char *why = view.axis[axis].kind == VG_AXIS_CELLS
                          ? concat_cells(in, count, axis, &view)
                          : concat_channels(pool, in, count, axis, &view);
    if (!why)
        *out = view;
    return why;
}

/* ------------------------------------------------------------ slice and repeat */

static const char *slice_channels(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                  uint32_t axis, struct vg_onnx_range range,
                                  struct vg_onnx_view *out)
{
    uint32_t outer = 1, inner = 1;
    for (uint32_t d = 0; d < in->rank; d++)
        if (d != axis && in->axis[d].kind == VG_AXIS_CHANNELS)
            *(d < axis ? &outer : &inner) *= in->axis[d].size;
    out->axis[axis].size = range.count;
    out->channels = outer * range.count * inner;
    for (uint32_t p = 0; p < in->part_count; p++) {
        uint32_t *word = vg_onnx_pool_take(pool, out->channels), *to = word;
        if (!word)
            return vg_onnx_no_memory;
        for (uint32_t o = 0; o < outer; o++)
            for (uint32_t k = 0; k < range.count; k++) {
                const size_t from = (size_t)(range.first + k * range.step);
                memcpy(to, in->part[p].word + (o * (size_t)in->axis[axis].size + from) * inner,
                       inner * sizeof *to);
                to += inner;
            }
        out->part[p].word = word;
    }
    return NULL;
}

/* Every second row or column of planes of an even height or width. */
static const char *slice_half(const struct vg_onnx_view *in, uint32_t axis,
                              struct vg_onnx_range range, struct vg_onnx_view *out)
{
    const bool rows = in->axis[axis].kind == VG_AXIS_ROWS;
    enum vg_onnx_half *half = rows ? &out->rows : &out->columns;
    const uint32_t size = in->axis[axis].size;
    if (size % 2 || *half != VG_HALF_NONE || range.step != 2 || range.first > 1 ||
        range.count != size / 2)
        return N_("the operator is not supported with a slice of the planes other than every "
                  "second row or column");
    *half = range.first == 0 ? VG_HALF_FIRST : VG_HALF_SECOND;
    out->axis[axis].size = size / 2;
    return NULL;
}

const char *vg_onnx_view_slice(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                               uint32_t axis, struct vg_onnx_range range, struct vg_onnx_view *out)
{
    struct vg_onnx_view view = *in;
    const char *why = NULL;
    if (range.count == 0)
        return N_("the operator is not supported with a slice that is empty");
    if (range.count == in->axis[axis].size && range.step == 1) {
        *out = view; /* all of it */
        return NULL;
    }
    if (in->axis[axis].kind == VG_AXIS_CHANNELS)
        why = slice_channels(pool, in, axis, range, &view);
    else if (in->axis[axis].kind == VG_AXIS_ROWS || in->axis[axis].kind == VG_AXIS_COLUMNS)
        why = slice_half(in, axis, range, &view);
    else
        why = N_("the operator is not supported with a slice of cells");
    if (!why)
        *out = view;
    return why;
}

const char *vg_onnx_view_repeat(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                uint32_t axis, uint32_t count, struct vg_onnx_view *out)
{
    struct vg_onnx_view view = *in;
    view.axis[axis] = (struct vg_onnx_axis){VG_AXIS_CHANNELS, count};
    view.channels = count;
    for (uint32_t p = 0; p < in->part_count; p++) {
        uint32_t *word = vg_onnx_pool_take(pool, count);
        if (!word)
            return vg_onnx_no_memory;
        for (uint32_t k = 0; k < count; k++)
            word[k] = in->part[p].word[0];
        view.part[p].word = word;
    }
    *out = view;
    return NULL;
}
