#include "src/engine/nms.h"

#include "src/base/geometry.h"

#define CHAINS 32 /* a power of two, enough for one class each */
#define NONE   UINT16_MAX

typedef int order(const struct vg_candidate *a, const struct vg_candidate *b);

/* whether a comes after b */
static int after(const struct vg_candidate *a, const struct vg_candidate *b)
{
    if (a->score < b->score || a->score > b->score)
        return a->score < b->score;
    if (a->cell != b->cell)
        return a->cell > b->cell;
    return a->net_class > b->net_class;
}

static int before(const struct vg_candidate *a, const struct vg_candidate *b)
{
    return after(b, a);
}

/* ---- heaps: qsort may allocate, and seldom must all be in order ---- */

/* the root is above all others */
static inline void sift_down(struct vg_candidate *heap, uint32_t from, uint32_t count, order *above)
{
    const struct vg_candidate moved = heap[from];
    for (uint32_t child; (child = 2 * from + 1) < count; from = child) {
        if (child + 1 < count && above(&heap[child + 1], &heap[child]))
            child++;
        if (!above(&heap[child], &moved))
            break;
        heap[from] = heap[child];
    }
    heap[from] = moved;
}

static inline void heap_make(struct vg_candidate *heap, uint32_t count, order *above)
{
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(heap, i, count, above);
}

void vg_strongest_add(struct vg_candidate *best, uint32_t *held, uint32_t room,
                      const struct vg_candidate *more)
{
    if (*held < room) {
        best[(*held)++] = *more;
        if (*held == room)
            heap_make(best, room, after);
    } else if (before(more, &best[0])) {
        best[0] = *more;
        sift_down(best, 0, room, after);
    }
}

/* ---- suppression ---- */

/* The kept ones stand backwards from the end, behind the heap of those that wait: the k-th at
 * last[-k]. Each class has a chain of its own, from its last kept to its first. */
struct kept {
    struct vg_candidate *last;
    uint32_t count;
    uint16_t head[CHAINS], next[VG_NMS_KEPT_MAX];
};

static struct vg_box box_of(const struct vg_candidate *c)
{
    return (struct vg_box){c->left, c->top, c->right - c->left, c->bottom - c->top};
}

static int apart(const struct vg_candidate *a, const struct vg_candidate *b)
{
    return a->right <= b->left || b->right <= a->left || a->bottom <= b->top || b->bottom <= a->top;
}

static int is_double(const struct kept *kept, const struct vg_candidate *c, float limit)
{
    const struct vg_box box = box_of(c);
    for (uint16_t k = kept->head[(uint32_t)c->class_id % CHAINS]; k != NONE; k = kept->next[k]) {
        const struct vg_candidate *other = kept->last - k;
        if (other->class_id != c->class_id)
            continue;
        const float iou = apart(other, c) ? 0 : vg_box_iou(box_of(other), box);
        if (!(iou <= limit))
            return 1;
    }
    return 0;
}

static void keep(struct kept *kept, struct vg_candidate c)
{
    uint16_t *head = &kept->head[(uint32_t)c.class_id % CHAINS];
    kept->last[-(ptrdiff_t)kept->count] = c;
    kept->next[kept->count] = *head;
    *head = (uint16_t)kept->count++;
}

uint32_t vg_nms_first(struct vg_candidate *candidates, uint32_t count, float limit, uint32_t *left)
{
    struct kept kept = {.count = 0};
    uint32_t waiting = count;
    *left = 0;
    if (!count)
        return 0;
    kept.last = candidates + count - 1;
    for (uint32_t i = 0; i < CHAINS; i++)
        kept.head[i] = NONE;
    heap_make(candidates, count, before);
    while (waiting && kept.count < VG_NMS_KEPT_MAX) {
        const struct vg_candidate first = candidates[0];
        candidates[0] = candidates[--waiting];
        sift_down(candidates, 0, waiting, before);
        if (!is_double(&kept, &first, limit))
            keep(&kept, first);
    }
    *left = waiting;
    for (uint32_t i = 0; i < kept.count && i < count / 2; i++) { /* to the front */
        const struct vg_candidate moved = candidates[i];
        candidates[i] = candidates[count - 1 - i];
        candidates[count - 1 - i] = moved;
    }
    return kept.count;
}

uint32_t vg_nms(struct vg_candidate *candidates, uint32_t count, float limit)
{
    uint32_t left;
    return vg_nms_first(candidates, count, limit, &left);
}
