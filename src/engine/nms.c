#include "src/engine/nms.h"

#include "src/base/geometry.h"

/* whether a comes after b */
static int after(const struct vg_candidate *a, const struct vg_candidate *b)
{
    if (a->score < b->score || a->score > b->score)
        return a->score < b->score;
    if (a->cell != b->cell)
        return a->cell > b->cell;
    return a->net_class > b->net_class;
}

static void sift_down(struct vg_candidate *heap, uint32_t from, uint32_t count)
{
    const struct vg_candidate moved = heap[from];
    for (uint32_t child; (child = 2 * from + 1) < count; from = child) {
        if (child + 1 < count && after(&heap[child + 1], &heap[child]))
            child++;
        if (!after(&heap[child], &moved))
            break;
        heap[from] = heap[child];
    }
    heap[from] = moved;
}

/* heap sort: qsort may allocate */
static void sort(struct vg_candidate *candidates, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(candidates, i, count);
    for (uint32_t end = count; end-- > 1;) {
        const struct vg_candidate last = candidates[0];
        candidates[0] = candidates[end];
        candidates[end] = last;
        sift_down(candidates, 0, end);
    }
}

static struct vg_box box_of(const struct vg_candidate *c)
{
    return (struct vg_box){c->left, c->top, c->right - c->left, c->bottom - c->top};
}

uint32_t vg_nms(struct vg_candidate *candidates, uint32_t count, float limit)
{
    uint32_t kept = 0;
    sort(candidates, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_box box = box_of(&candidates[i]);
        uint32_t k = 0;
        while (k < kept && (candidates[k].class_id != candidates[i].class_id ||
                            vg_box_iou(box_of(&candidates[k]), box) <= limit))
            k++;
        if (k == kept)
            candidates[kept++] = candidates[i];
    }
    return kept;
}
