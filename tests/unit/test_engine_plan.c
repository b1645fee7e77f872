/* The plan without a device: what shares memory, what is read within bounds, which variants are
 * chosen, and that a lack of memory is survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "kernels/kernel_list.h"
#include "src/base/alloc.h"
#include "src/engine/conv_variants.h"
#include "src/engine/plan.h"
#include "tests/unit/synthetic_net.h"

static struct vg_plan_settings settings_of(uint32_t width, uint32_t height, uint32_t batch)
{
    return (struct vg_plan_settings){.width = width,
                                     .height = height,
                                     .batch_max = batch,
                                     .lane = VG_LANE_CPU,
                                     .float_width = 16,
                                     .compute_units = 2,
                                     .local_bytes = 1 << 20};
}

static struct vg_plan *plan_of(const struct vg_model *model, struct vg_plan_settings settings)
{
    struct vg_plan *plan = NULL;
    assert_int_equal(vg_plan_open(&plan, model, &settings, NULL), VG_OK);
    return plan;
}

static const struct vg_node *node_writing(const struct vg_model *model, uint32_t tensor)
{
    uint32_t i = 0;
    while (model->node[i].out != tensor)
        i++;
    return &model->node[i];
}

/* inside: a concat's or slice's part lies in the whole, at its channel */
static void parts_lie_in_place(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(1);
    struct vg_plan *plan = plan_of(model, settings_of(64, 64, 3));
    uint32_t concats_in_place = 0, views = 0, copies = 0;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *node = &model->node[i];
        const struct vg_place *out = &plan->place[node->out];
        const struct vg_place *in = &plan->place[node->in[0]];
        if (node->op == VG_OP_CONCAT && in->area.first == out->area.first)
            concats_in_place++;
        if (node->op == VG_OP_SLICE && node->channel_first % 16 == 0) {
            assert_int_equal(out->area.first,
                             in->area.first + (vg_i32)(node->channel_first / 16) * in->area.plane);
            assert_int_equal(out->area.picture, in->area.picture);
            views++;
        }
    }
    for (uint32_t i = 0; i < plan->step_count; i++)
        copies += plan->step[i].kernel == VG_KERNEL_COPY_CHANNELS;
    assert_int_equal(concats_in_place, 1);
    assert_int_equal(views, 3);
    assert_int_equal(copies, 5); /* two of the odd concat, one odd slice, two heads' distances */
    vg_plan_close(&plan);
    assert_null(plan);
    synthetic_close(model);
}

/* first and last float of a tensor's inner pixels, all pictures of the batch */
static void extent(const struct vg_plan *plan, uint32_t tensor, int64_t *first, int64_t *end)
{
    const struct vg_place *p = &plan->place[tensor];
    const int64_t blocks = (p->channels + p->pixel - 1) / p->pixel;
    *first = p->area.first;
    *end = p->area.first + (int64_t)(plan->settings.batch_max - 1) * p->area.picture +
           (blocks - 1) * p->area.plane + (int64_t)(p->height - 1) * p->area.row +
           (int64_t)p->width * p->pixel;
}

/* Two tensors that hold values at the same time share no float, unless one is part of the
 * other. Checked by filling a model of the arena step by step with who wrote it last. */
static void living_tensors_do_not_overlap(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(1);
    for (uint32_t batch = 1; batch <= 3; batch += 2) {
        struct vg_plan *plan = plan_of(model, settings_of(64, 32, batch));
        uint16_t *writer = calloc((size_t)plan->arena_floats, sizeof *writer);
        assert_non_null(writer);
        for (uint32_t n = 0; n < model->node_count; n++) {
            const struct vg_node *node = &model->node[n];
            if (node->op == VG_OP_CONCAT || node->op == VG_OP_SLICE)
                continue; /* parts in place, or copies: their readers are checked below */
            for (uint32_t k = 0; k < node->in_count; k++) {
                const uint32_t in = node->in[k];
                const struct vg_node *from = in ? node_writing(model, in) : NULL;
                if (!from || from->op == VG_OP_CONCAT || from->op == VG_OP_SLICE)
                    continue;
                const struct vg_place *p = &plan->place[in];
                for (uint32_t picture = 0; picture < batch; picture++)
                    for (uint32_t c = 0; c < p->channels; c++)
                        assert_int_equal(
                            writer[vg_area_at(&p->area, (vg_i32)picture, (vg_i32)c,
                                              (vg_i32)p->height - 1, (vg_i32)p->width - 1)],
                            in);
            }
            const struct vg_place *p = &plan->place[node->out];
            int64_t first, end;
            extent(plan, node->out, &first, &end);
            assert_true(first >= 0 && end <= (int64_t)plan->arena_floats);
            for (uint32_t picture = 0; picture < batch; picture++)
                for (uint32_t c = 0; c < (p->channels + 15) / 16 * 16; c++)
                    for (uint32_t row = 0; row < p->height; row++)
                        for (uint32_t column = 0; column < p->width; column++)
                            writer[vg_area_at(&p->area, (vg_i32)picture, (vg_i32)c, (vg_i32)row,
                                              (vg_i32)column)] = (uint16_t)node->out;
        }
        free(writer);
        vg_plan_close(&plan);
    }
    synthetic_close(model);
}

static const struct vg_grid *grid_of(const struct vg_plan *plan, const struct vg_place *place)
{
    uint32_t g = 0;
    while (plan->grid[g].width != place->width || plan->grid[g].height != place->height ||
           plan->grid[g].pixel != place->pixel)
        assert_true(++g < plan->grid_count);
    return &plan->grid[g];
}

/* What each convolution reads lies in the planes of its grid, and what it reads beside the
 * tensor is halo: never another tensor's pixels. */
static void convolutions_read_within_their_planes(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{64, 64}, {96, 32}, {416, 416}, {320, 256}, {32, 32}};
    struct vg_model *model = synthetic_net(1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct vg_plan *plan = plan_of(model, settings_of(sizes[i][0], sizes[i][1], 1));
        uint32_t convolutions = 0;
        for (uint32_t s = plan->net_first; s < plan->net_end; s++) {
            const struct vg_step *step = &plan->step[s];
            if (step->kernel != VG_KERNEL_CONV_DIRECT && step->kernel != VG_KERNEL_CONV_WINO)
                continue;
            const struct vg_node *node = &model->node[step->node];
            const struct vg_place *x = &plan->place[node->in[0]];
            const struct vg_conv_reach reach =
                vg_conv_reach(step->kernel, step->conv.tile, node->kernel, node->stride, node->pad,
                              (uint32_t)step->sizes.conv.width, (uint32_t)step->sizes.conv.height);
            const vg_i32 pixel = (vg_i32)x->pixel, pad = (vg_i32)node->pad;
            const struct vg_grid *grid = grid_of(plan, x);
            assert_true(pad <= (vg_i32)grid->before);
            assert_true(reach.column < (vg_i32)(grid->width + grid->right));
            assert_true(reach.row < (vg_i32)(grid->height + grid->below));
            const int64_t last = (int64_t)reach.row * x->area.row + (int64_t)reach.column * pixel;
            assert_true(last + (int64_t)grid->before * (grid->row + grid->pixel) + pixel <=
                        (int64_t)grid->plane);
            convolutions++;
        }
        assert_int_equal(convolutions, 9);
        vg_plan_close(&plan);
    }
    synthetic_close(model);
}

static void variants_are_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *want;
        uint32_t side, stride, x_blocks, x_lanes, y_blocks, width, float_width;
        uint64_t local_bytes;
        enum vg_plan_lane lane;
    } rows[] = {
        {"Winograd 13x2", 3, 1, 8, 16, 8, 52, 16, 1 << 20, VG_LANE_CPU},
        {"Winograd 13x1", 3, 1, 2, 16, 1, 104, 16, 1 << 20, VG_LANE_CPU},
        {"Winograd 16x1", 3, 1, 16, 16, 16, 13, 16, 1 << 20, VG_LANE_CPU},
        {"Winograd 16x1", 3, 1, 16, 16, 15, 13, 16, 1 << 20, VG_LANE_CPU},
        {"Winograd 6x1", 3, 1, 8, 16, 8, 52, 8, 1 << 20, VG_LANE_CPU},
        {"direct 13x1", 3, 1, 8, 16, 8, 52, 16, 1 << 15, VG_LANE_CPU}, /* no local memory */
        {"direct 13x1", 3, 2, 8, 16, 8, 26, 16, 1 << 20, VG_LANE_CPU},
        {"direct 13x1", 3, 2, 1, 3, 2, 208, 16, 1 << 20, VG_LANE_CPU},
        {"direct 13x2", 1, 1, 8, 16, 8, 52, 16, 1 << 20, VG_LANE_CPU},
        {"direct 13x1", 1, 1, 32, 16, 8, 13, 16, 1 << 20, VG_LANE_CPU},
        {"direct 10x1", 3, 2, 8, 16, 8, 40, 16, 1 << 20, VG_LANE_CPU},
        {"direct 10x2", 1, 1, 8, 16, 8, 40, 16, 1 << 20, VG_LANE_CPU},
        {"direct 13x1, padded", 3, 2, 8, 16, 8, 17, 16, 1 << 20, VG_LANE_CPU},
        {"direct 6x1", 3, 2, 8, 16, 8, 26, 8, 1 << 20, VG_LANE_CPU},
        {"direct 6x1", 3, 1, 8, 16, 8, 26, 1, 48 << 10, VG_LANE_ANY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_plan_settings settings = {.lane = rows[i].lane,
                                                  .float_width = rows[i].float_width,
                                                  .local_bytes = rows[i].local_bytes};
        const struct vg_conv_need need = {&settings,        rows[i].side,    rows[i].stride,
                                          rows[i].x_blocks, rows[i].x_lanes, rows[i].y_blocks,
                                          rows[i].width,    rows[i].width};
        assert_string_equal(vg_conv_variant_choose(&need).name, rows[i].want);
    }
}

static void the_digest_follows_what_is_planned(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(1);
    struct vg_plan *a = plan_of(model, settings_of(64, 64, 1));
    struct vg_plan *b = plan_of(model, settings_of(64, 64, 1));
    struct vg_plan *c = plan_of(model, settings_of(96, 64, 1));
    assert_memory_equal(a->digest, b->digest, sizeof a->digest);
    assert_memory_not_equal(a->digest, c->digest, sizeof a->digest);
    vg_plan_close(&a);
    vg_plan_close(&b);
    vg_plan_close(&c);
    synthetic_close(model);
}

/* All pairs of cell and class kept have room up to the bound; a strip never fills it. */
static void candidates_have_room(void **state)
{
    (void)state;
    static const struct {
        uint32_t classes, side, kept, cells;
    } rows[] = {
        {20, 64, 15, 80}, {20, 416, 15, 3380}, {256, 256, 192, 1280}, {256, 320, 192, 2000}};
    const uint32_t most = VG_PLAN_CANDIDATES_BYTES_MAX / sizeof(struct vg_candidate);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *model = synthetic_net_of(1, rows[i].classes);
        struct vg_plan *plan = plan_of(model, settings_of(rows[i].side, rows[i].side, 2));
        const uint32_t all = rows[i].cells * rows[i].kept;
        assert_int_equal(plan->cells, rows[i].cells);
        assert_int_equal(plan->classes_kept, rows[i].kept);
        assert_int_equal(plan->candidates_max, all < most ? all : most);
        assert_true(plan->strip_cells > 0 && plan->strip_cells % 32 == 0);
        assert_true(plan->strip_cells * plan->classes_kept <= most);
        for (uint32_t s = plan->net_end; s < plan->step_count; s++)
            assert_int_equal(plan->step[s].sizes.boxes.candidates_max, plan->candidates_max);
        vg_plan_close(&plan);
        synthetic_close(model);
    }
}

static void work_grows_with_the_batch(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(1);
    struct vg_plan *plan = plan_of(model, settings_of(64, 64, 4));
    for (uint32_t s = 0; s < plan->step_count; s++) {
        const struct vg_step *step = &plan->step[s];
        size_t one[3], four[3];
        vg_step_work(step, 1, one);
        vg_step_work(step, 4, four);
        const size_t a = one[0] * one[1] * one[2], b = four[0] * four[1] * four[2];
        if (step->kernel == VG_KERNEL_CONV_WINO) /* whole groups of tiles */
            assert_true(b <= 4 * a && b >= a);
        else
            assert_int_equal(b, 4 * a);
    }
    vg_plan_close(&plan);
    synthetic_close(model);
}

static void a_net_that_pools_its_input_is_refused(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(1);
    const struct vg_plan_settings settings = settings_of(64, 64, 1);
    struct vg_fault fault = {0};
    struct vg_plan *plan = NULL;
    model->node[1].in[0] = 0; /* the max-pool */
    assert_int_equal(vg_plan_open(&plan, model, &settings, &fault), VG_E_INPUT);
    assert_null(plan);
    assert_string_equal(fault.place, "synthetic, node 1");
    synthetic_close(model);
}

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    struct vg_model *model = synthetic_net(1);
    const struct vg_plan_settings settings = settings_of(64, 64, 1);
    struct vg_plan *plan = NULL;
    enum vg_status status = VG_E_MEMORY;
    uint32_t n = 0;
    while (status == VG_E_MEMORY) {
        assert_null(plan);
        vg_alloc_fail_at(++n);
        status = vg_plan_open(&plan, model, &settings, NULL);
        vg_alloc_fail_at(0);
    }
    assert_int_equal(status, VG_OK);
    assert_true(n > 5);
    vg_plan_close(&plan);
    synthetic_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_lie_in_place),
        cmocka_unit_test(living_tensors_do_not_overlap),
        cmocka_unit_test(convolutions_read_within_their_planes),
        cmocka_unit_test(variants_are_chosen),
        cmocka_unit_test(the_digest_follows_what_is_planned),
        cmocka_unit_test(candidates_have_room),
        cmocka_unit_test(work_grows_with_the_batch),
        cmocka_unit_test(a_net_that_pools_its_input_is_refused),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
