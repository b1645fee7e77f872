#include "kernels/twins/twin_boxes.h"

#include <assert.h>
#include <math.h>

double vg_twin_cell_value(const struct vg_twin_cell *cell, vg_i32 channel)
{
    struct vg_twin_place at = cell->at;
    at.c = channel;
    return (double)cell->head->boxes[vg_twin_place_at(&cell->s->boxes, &at)];
}

double vg_twin_cell_objectness(const struct vg_twin_cell *cell)
{
    return (double)cell->head->objectness[vg_twin_place_at(&cell->s->objectness, &cell->at)];
}

struct vg_twin_sides vg_twin_around(double x, double y, double width, double height)
{
    return (struct vg_twin_sides){{x - width / 2, y - height / 2, x + width / 2, y + height / 2}};
}

static const struct vg_twin_method *const methods[] = {&vg_twin_nanodet, &vg_twin_yolox,
                                                       &vg_twin_fastestdet};

static float clipped(double v, float most)
{
    return (float)fmin(fmax(v, 0.0), (double)most);
}

static struct vg_candidate candidate_of(const struct vg_twin_cell *cell,
                                        const struct vg_twin_method *method)
{
    const struct vg_boxes_sizes *s = cell->s;
    const struct vg_twin_sides box = method->box(cell);
    return (struct vg_candidate){.left = clipped(box.side[0], s->input_width),
                                 .top = clipped(box.side[1], s->input_height),
                                 .right = clipped(box.side[2], s->input_width),
                                 .bottom = clipped(box.side[3], s->input_height),
                                 .cell = s->cell_first + cell->at.row * s->width + cell->at.column};
}

static void cell_judge(const struct vg_twin_cell *cell, const struct vg_twin_method *method)
{
    const struct vg_twin_head *head = cell->head;
    const struct vg_boxes_sizes *s = cell->s;
    const vg_i32 picture = cell->at.picture;
    for (struct vg_twin_place at = cell->at; at.c < s->classes; at.c++) {
        const float score =
            (float)method->score(cell, (double)head->scores[vg_twin_place_at(&s->scores, &at)]);
        if (!(score >= head->jobs[picture].threshold) || head->classes[at.c] < 0)
            continue;
        struct vg_candidate found = candidate_of(cell, method);
        found.score = score;
        found.net_class = at.c;
        found.class_id = head->classes[at.c];
        if (head->counts[picture] < s->candidates_max)
            head->candidates[picture * s->candidates_max + head->counts[picture]] = found;
        head->counts[picture]++;
    }
}

void vg_twin_boxes(enum vg_kernel kernel, const struct vg_twin_head *head,
                   const struct vg_boxes_sizes *s, const struct vg_map_build *build,
                   vg_i32 pictures)
{
    size_t m = 0;
    while (methods[m]->kernel != kernel) {
        m++;
        assert(m < sizeof methods / sizeof *methods);
    }
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 i = 0; i < s->width * s->height; i++) {
            const struct vg_twin_cell cell = {head,
                                              s,
                                              {.block = (vg_i32)build->block,
                                               .picture = picture,
                                               .row = i / s->width,
                                               .column = i % s->width}};
            cell_judge(&cell, methods[m]);
        }
}
