/* The plan without a device: nets walked over an arena of stamps (tests/plan_walk.h), which
 * channels are only addresses and which are copied, which variants are chosen, memory, refusals,
 * and that a lack of memory is survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "kernels/kernel_list.h"
#include "src/base/alloc.h"
#include "src/base/fault.h"
#include "src/engine/conv_variants.h"
#include "src/engine/plan.h"
#include "src/engine/tune_file.h"
#include "tests/net_build.h"
#include "tests/plan_walk.h"
#include "tests/random_net.h"
#include "tests/real_net.h"
#include "tests/small_net.h"

/* two wide cores, a wide machine of narrow vectors, a GPU, a device of little local memory, a GPU
 * with a matrix instruction, one with sub-groups */
static const struct vg_plan_settings devices[] = {
    {.lane = VG_LANE_CPU,
     .block = 16,
     .float_width = 16,
     .compute_units = 2,
     .local_bytes = 1 << 21},
    {.lane = VG_LANE_CPU,
     .block = 8,
     .float_width = 8,
     .compute_units = 64,
     .local_bytes = 1 << 18},
    {.lane = VG_LANE_ANY,
     .block = 16,
     .float_width = 1,
     .compute_units = 132,
     .local_bytes = 48 << 10},
    {.lane = VG_LANE_CPU,
     .block = 16,
     .float_width = 16,
     .compute_units = 0,
     .local_bytes = 1 << 13},
    {.lane = VG_LANE_NVIDIA,
     .storage = VG_STORAGE_HALF,
     .mma = VG_MMA_WORKS,
     .block = 16,
     .float_width = 1,
     .compute_units = 132,
     .local_bytes = 48 << 10},
    {.lane = VG_LANE_INTEL,
     .storage = VG_STORAGE_HALF,
     .block = 16,
     .float_width = 1,
     .compute_units = 24,
     .local_bytes = 64 << 10},
};

#define DEVICES (sizeof devices / sizeof *devices)

static struct vg_plan_settings settings_of(uint32_t width, uint32_t height, uint32_t batch)
{
    struct vg_plan_settings settings = devices[0];
    settings.width = width;
    settings.height = height;
    settings.batch_max = batch;
    return settings;
}

static struct vg_plan *plan_of(const struct vg_model *model,
                               const struct vg_plan_settings *settings)
{
    struct vg_plan *plan = NULL;
    struct vg_fault fault = {.status = VG_OK};
    if (vg_plan_open(&plan, model, settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(plan);
    return plan;
}

/* ---- walks ---- */

static int walks(const struct vg_model *model, const struct vg_plan_settings *settings)
{
    struct vg_plan *plan = plan_of(model, settings);
    const struct plan_walk walk = plan_walk(model, plan);
    if (walk.wrong[0])
        print_error("%s %ux%u, block %u, fusion %d: %s\n", model->name, settings->width,
                    settings->height, settings->block, (int)settings->fusion, walk.wrong);
    assert_true(walk.values_read > walk.values_written / 4);
    vg_plan_close(&plan);
    return !walk.wrong[0];
}

/* on every device, as kernels take it in and node by node */
static uint32_t walks_wrong(const struct vg_model *model, uint32_t width, uint32_t height)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < 2 * DEVICES; i++) {
        struct vg_plan_settings settings = devices[i / 2];
        settings.fusion = i % 2 ? VG_FUSION_NONE : VG_FUSION_ALL;
        settings.width = width;
        settings.height = height;
        settings.batch_max = 3;
        bad += !walks(model, &settings);
    }
    return bad;
}

static void the_small_net_walks(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{64, 64}, {96, 32}, {32, 32}, {160, 224}};
    uint32_t bad = 0;
    struct vg_model *model = small_net(1, 20), *blocks = small_net(1, 32);
    assert_int_equal(vg_model_check(model, NULL), VG_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        bad += walks_wrong(i % 2 ? model : blocks, sizes[i][0], sizes[i][1]);
    vg_model_close(&model);
    vg_model_close(&blocks);
    assert_int_equal(bad, 0);
}

static void random_nets_walk(void **state)
{
    (void)state;
    uint32_t bad = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct vg_model *model = random_net(seed);
        bad += walks_wrong(model, seed % 3 == 2 ? 32 : 64, seed % 3 == 1 ? 80 : 32);
        vg_model_close(&model);
    }
    /* views whose sources had gone before the last of them came */
    static const uint64_t found[] = {1111, 1263, 2970, 2988, 3104, 3136};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        struct vg_model *model = random_net(found[i]);
        bad += walks_wrong(model, 64, 32);
        vg_model_close(&model);
    }
    assert_int_equal(bad, 0);
}

/* one thing set wrong in the plan of the small net: steps 2 and 3 are by Winograd, 4 is
 * a 1x1, 5 reads by table */
static void overlap(struct vg_plan *plan)
{
    plan->step[3].sizes.conv.y = plan->step[2].sizes.conv.x;
}

static void halo_left_out(struct vg_plan *plan)
{
    plan->step[2].sizes.conv.halo.left--;
}

static void halo_too_wide(struct vg_plan *plan)
{
    plan->step[4].sizes.conv.halo.below += 40;
}

static void address_moved(struct vg_plan *plan)
{
    plan->step[4].sizes.conv.x.first += 16;
}

static void address_outside(struct vg_plan *plan)
{
    plan->arena_bytes -= 64;
}

static void weights_shared(struct vg_plan *plan)
{
    plan->step[3].sizes.conv.w_first = plan->step[2].sizes.conv.w_first;
}

static void channel_swapped(struct vg_plan *plan)
{
    plan->word[plan->step[5].table_first + 3]++;
}

static void row_left_out(struct vg_plan *plan)
{
    plan->step[4].work[1]--;
}

static void place_moved(struct vg_plan *plan)
{
    plan->place[plan->place_count - 1].row += 16;
}

static void a_walk_finds_what_is_wrong(void **state)
{
    (void)state;
    static void (*const faults[])(struct vg_plan *) = {
        overlap,        halo_left_out,   halo_too_wide, address_moved, address_outside,
        weights_shared, channel_swapped, row_left_out,  place_moved};
    struct vg_model *model = small_net(1, 20);
    const struct vg_plan_settings settings = settings_of(64, 64, 1);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct vg_plan *plan = plan_of(model, &settings);
        assert_string_equal(plan_walk(model, plan).wrong, "");
        faults[i](plan);
        const struct plan_walk walk = plan_walk(model, plan);
        if (!walk.wrong[0])
            print_error("fault %zu is not seen\n", i);
        assert_string_not_equal(walk.wrong, "");
        vg_plan_close(&plan);
    }
    vg_model_close(&model);
}

/* ---- what is copied ---- */

static uint32_t steps_of(const struct vg_plan *plan, enum vg_kernel kernel)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->step_count; i++)
        count += plan->step[i].kernel == kernel;
    return count;
}

/* the step that makes the node */
static const struct vg_step *step_of(const struct vg_plan *plan, uint32_t node)
{
    uint32_t i = plan->net_first;
    while (plan->step[i].node != node)
        assert_true(++i < plan->net_end);
    return &plan->step[i];
}

/* A ShuffleNet's unit: two halves, one worked on, all shuffled, then read by `reader`. */
static void shuffle_unit(struct net_build *n, uint32_t (*reader)(struct net_build *, uint32_t))
{
    net_begin(n, 1, (struct vg_size){64, 64}, 32, 16);
    const uint32_t x = net_conv(n, 0, 48, net_square(3, 4, 1), 1)->out;
    const uint32_t stays = net_slice(n, x, 0, 24), works = net_slice(n, x, 24, 24);
    const uint32_t worked = net_conv1(n, net_depthwise(n, net_conv1(n, works, 24), 1), 24);
    const uint32_t both[] = {stays, worked};
    (void)reader(n, net_shuffle(n, net_concat(n, both, 2)));
}

static uint32_t reader_1x1(struct net_build *n, uint32_t x)
{
    return net_conv1(n, x, 32);
}

static uint32_t reader_halves_1x1(struct net_build *n, uint32_t x)
{
    const uint32_t upper = net_slice(n, x, 24, 24);
    return net_conv1(n, net_conv1(n, upper, 16), 16);
}

static uint32_t reader_3x3_stride(struct net_build *n, uint32_t x)
{
    return net_conv(n, x, 32, net_square(3, 2, 1), 1)->out;
}

static uint32_t reader_winograd(struct net_build *n, uint32_t x)
{
    return net_conv3(n, x, 32);
}

static uint32_t reader_depthwise(struct net_build *n, uint32_t x)
{
    return net_depthwise(n, x, 1);
}

static uint32_t reader_groups(struct net_build *n, uint32_t x)
{
    return net_conv(n, x, 32, net_square(3, 1, 1), 4)->out;
}

static uint32_t reader_pool(struct net_build *n, uint32_t x)
{
    return net_window(n, VG_OP_MAXPOOL, x, 48, net_square(3, 2, 1))->out;
}

static uint32_t reader_sum(struct net_build *n, uint32_t x)
{
    return net_two(n, VG_OP_ADD, net_conv1(n, x, 48), x)->out;
}

static void shuffles_are_addresses_where_the_reader_can(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t (*reader)(struct net_build *, uint32_t);
        uint32_t copies; /* of the shuffle; `works` is read by a 1x1 */
    } rows[] = {
        {"1x1", reader_1x1, 0},
        {"half by 1x1", reader_halves_1x1, 0},
        {"3x3 s2", reader_3x3_stride, 0},
        {"Winograd", reader_winograd, 1},
        {"depthwise", reader_depthwise, 1},
        {"groups", reader_groups, 1},
        {"pool", reader_pool, 1},
        {"second term", reader_sum, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_build n;
        const struct vg_plan_settings settings = settings_of(64, 64, 1);
        shuffle_unit(&n, rows[i].reader);
        struct vg_plan *plan = plan_of(n.model, &settings);
        if (steps_of(plan, VG_KERNEL_COPY_CHANNELS) != rows[i].copies)
            print_error("%s: %u copies\n", rows[i].name, steps_of(plan, VG_KERNEL_COPY_CHANNELS));
        assert_int_equal(steps_of(plan, VG_KERNEL_COPY_CHANNELS), rows[i].copies);
        assert_string_equal(plan_walk(n.model, plan).wrong, "");
        vg_plan_close(&plan);
        vg_model_close(&n.model);
    }
}

/* Channels of one storage in another order: the weights are put in order, no table is read. */
static void an_order_is_the_weights_business(void **state)
{
    (void)state;
    struct net_build n;
    const struct vg_plan_settings settings = settings_of(64, 64, 1);
    net_begin(&n, 1, (struct vg_size){64, 64}, 32, 16);
    const uint32_t x = net_conv3(&n, 0, 32), turned = net_shuffle(&n, x);
    (void)net_conv3(&n, turned, 32);                       /* node 2, Winograd */
    (void)net_conv1(&n, turned, 32);                       /* node 3 */
    (void)net_conv1(&n, net_slice(&n, turned, 0, 16), 32); /* node 5: lanes of two blocks */
    struct vg_plan *plan = plan_of(n.model, &settings);
    static const struct {
        uint32_t node;
        int order, table;
    } rows[] = {{0, 0, 0}, {2, 1, 0}, {3, 1, 0}, {5, 0, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_step *step = step_of(plan, rows[i].node);
        assert_int_equal(step->order_first != VG_PLAN_NO_WORD, rows[i].order);
        assert_int_equal(step->table_first != VG_PLAN_NO_WORD, rows[i].table);
        assert_int_equal(plan_option(step, "TABLE"), rows[i].table);
    }
    assert_int_equal(steps_of(plan, VG_KERNEL_COPY_CHANNELS), 0);
    assert_string_equal(plan_walk(n.model, plan).wrong, "");
    vg_plan_close(&plan);
    vg_model_close(&n.model);
}

/* of the small net: as many steps of each kind as there are patterns in it */
static void the_small_net_has_its_patterns(void **state)
{
    (void)state;
    static const struct {
        enum vg_kernel kernel;
        uint32_t want;
    } rows[] = {
        {VG_KERNEL_CONV_STEM_POOL, 1}, {VG_KERNEL_CONV_ROW, 2}, {VG_KERNEL_CONV_ANY, 1},
        {VG_KERNEL_PLANE_MEAN, 1},     {VG_KERNEL_POOL, 1},     {VG_KERNEL_SPACE_TO_DEPTH, 1},
        {VG_KERNEL_RESIZE, 0},         {VG_KERNEL_SOFTMAX, 1},  {VG_KERNEL_NANODET_BOXES, 2},
        {VG_KERNEL_COMBINE, 3},
    };
    struct vg_model *model = small_net(1, 32);
    const struct vg_plan_settings settings = settings_of(64, 64, 1);
    struct vg_plan *plan = plan_of(model, &settings);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (steps_of(plan, rows[i].kernel) != rows[i].want)
            print_error("%s: %u\n", vg_kernel_rows[rows[i].kernel].name,
                        steps_of(plan, rows[i].kernel));
        assert_int_equal(steps_of(plan, rows[i].kernel), rows[i].want);
    }
    assert_int_equal(steps_of(plan, VG_KERNEL_ACT), 0); /* the scores' blocks are whole */
    vg_plan_close(&plan);
    vg_model_close(&model);
    model = small_net(1, 20);
    plan = plan_of(model, &settings);
    assert_int_equal(steps_of(plan, VG_KERNEL_ACT), 2);
    vg_plan_close(&plan);
    vg_model_close(&model);
}

/* A convolution that makes the activation of its first channels has no tensor of its own. */
static void an_altered_tensor_has_no_place(void **state)
{
    (void)state;
    struct net_build n;
    net_begin(&n, 1, (struct vg_size){64, 64}, 32, 16);
    const uint32_t head = net_conv(&n, net_conv3(&n, 0, 16), 28, net_square(1, 1, 1), 1)->out;
    const uint32_t scores = net_alone(&n, net_slice(&n, head, 0, 16), VG_ACT_SIGMOID);
    const uint32_t boxes = net_slice(&n, head, 16, 12);
    net_output(&n, "scores", VG_LAYOUT_CELLS, scores);
    for (uint32_t fusion = 0; fusion < 2; fusion++) {
        struct vg_plan_settings settings = settings_of(64, 64, 1);
        settings.fusion = (enum vg_graph_fusion)fusion;
        struct vg_plan *plan = plan_of(n.model, &settings);
        assert_int_equal(plan->place[head].pixel != 0, settings.fusion == VG_FUSION_NONE);
        assert_int_not_equal(plan->place[scores].pixel, 0);
        assert_int_not_equal(plan->place[boxes].pixel, 0);
        vg_plan_close(&plan);
    }
    vg_model_close(&n.model);
}

/* ---- variants ---- */

struct shape {
    uint32_t side, stride, x_channels, y_channels, act_channels, width, height, x_pixel;
};

static struct vg_conv_need need_of(const struct vg_plan_settings *settings, enum vg_conv_kind kind,
                                   const struct shape *shape)
{
    return (struct vg_conv_need){.settings = settings,
                                 .kind = kind,
                                 .window = net_square(shape->side, shape->stride, 1),
                                 .groups = 1,
                                 .x_pixel = shape->x_pixel ? shape->x_pixel : settings->block,
                                 .x_channels = shape->x_channels,
                                 .y_channels = shape->y_channels,
                                 .act_channels =
                                     shape->act_channels ? shape->act_channels : shape->y_channels,
                                 .width = shape->width,
                                 .height = shape->height ? shape->height : shape->width};
}

static void variants_are_chosen(void **state)
{
    (void)state;
    enum {
        WIDE,
        NARROW,
        ANY,
        SMALL,
        MATRIX,
        INTEL
    }; /* of devices */
    static const struct {
        const char *want;
        uint32_t device;
        enum vg_conv_kind kind;
        struct shape shape;
    } rows[] = {
        {"wino 13x2", WIDE, VG_CONV_DENSE, {3, 1, 128, 128, 0, 52, 0, 0}},
        {"wino 13x1", WIDE, VG_CONV_DENSE, {3, 1, 32, 16, 0, 104, 0, 0}},
        {"wino 13x2", WIDE, VG_CONV_DENSE, {3, 1, 128, 128, 16, 52, 0, 0}}, /* half a group */
        {"wino 13x2", WIDE, VG_CONV_DENSE, {3, 1, 128, 128, 96, 52, 0, 0}},
        {"wino 16x1", WIDE, VG_CONV_DENSE, {3, 1, 256, 256, 0, 13, 0, 0}},
        {"wino 16x1", WIDE, VG_CONV_DENSE, {3, 1, 256, 240, 0, 13, 0, 0}},
        {"wino 6x1", NARROW, VG_CONV_DENSE, {3, 1, 64, 64, 0, 52, 0, 0}},
        {"direct 13x1", SMALL, VG_CONV_DENSE, {3, 1, 128, 128, 0, 52, 0, 0}}, /* no local memory */
        {"direct 13x1", WIDE, VG_CONV_DENSE, {3, 2, 128, 128, 0, 26, 0, 0}},
        {"direct 13x1", WIDE, VG_CONV_DENSE, {3, 2, 3, 32, 0, 208, 0, 4}},
        {"direct 13x1", WIDE, VG_CONV_DENSE, {3, 1, 3, 32, 0, 208, 0, 4}}, /* the net's input */
        {"direct 13x2", WIDE, VG_CONV_DENSE, {1, 1, 128, 128, 0, 52, 0, 0}},
        {"direct 13x2", WIDE, VG_CONV_DENSE, {1, 1, 128, 124, 80, 52, 0, 0}},
        {"direct 13x2", WIDE, VG_CONV_DENSE, {1, 1, 512, 128, 0, 13, 0, 0}},
        {"direct 10x1", WIDE, VG_CONV_DENSE, {3, 2, 128, 128, 0, 40, 0, 0}},
        {"direct 10x2", WIDE, VG_CONV_DENSE, {1, 1, 128, 128, 0, 40, 0, 0}},
        {"direct 13x1", WIDE, VG_CONV_DENSE, {3, 2, 128, 128, 0, 17, 0, 0}},
        {"direct 6x1", NARROW, VG_CONV_DENSE, {3, 2, 128, 128, 0, 26, 0, 0}},
        {"tile 32x16", ANY, VG_CONV_DENSE, {3, 1, 128, 128, 0, 26, 0, 0}}, /* too little for all */
        {"tile 32x16", ANY, VG_CONV_DENSE, {1, 1, 64, 16, 0, 52, 0, 0}},
        {"tile 64x16", ANY, VG_CONV_DENSE, {1, 1, 64, 16, 0, 416, 0, 0}},
        {"tile 64x32", ANY, VG_CONV_DENSE, {3, 2, 3, 24, 0, 208, 0, 4}},
        {"tile 64x64", ANY, VG_CONV_DENSE, {3, 1, 128, 128, 0, 104, 0, 0}},
        {"tile 128x64", ANY, VG_CONV_DENSE, {3, 1, 128, 128, 0, 208, 0, 0}},
        {"mma 16x16", MATRIX, VG_CONV_DENSE, {3, 1, 128, 128, 0, 26, 0, 0}},
        {"mma 32x64", MATRIX, VG_CONV_DENSE, {3, 1, 128, 128, 0, 104, 0, 0}},
        {"tile 64x32", MATRIX, VG_CONV_DENSE, {3, 2, 3, 24, 0, 208, 0, 4}}, /* no block of 16 */
        {"sub-groups 8x16", INTEL, VG_CONV_DENSE, {3, 1, 128, 128, 0, 26, 0, 0}},
        {"sub-groups 2x16", INTEL, VG_CONV_DENSE, {1, 1, 128, 16, 0, 13, 0, 0}},
        {"tile 64x32", INTEL, VG_CONV_DENSE, {3, 2, 3, 24, 0, 208, 0, 4}},
        {"p4", ANY, VG_CONV_DEPTHWISE, {3, 1, 32, 32, 0, 26, 0, 0}},
        {"any", WIDE, VG_CONV_GROUPED, {3, 1, 32, 32, 0, 26, 0, 0}},
        {"p13", WIDE, VG_CONV_DEPTHWISE, {3, 1, 32, 32, 0, 26, 0, 0}},
        {"p10", WIDE, VG_CONV_DEPTHWISE, {3, 1, 32, 32, 0, 40, 0, 0}},
        {"p13", WIDE, VG_CONV_DEPTHWISE, {3, 1, 32, 32, 0, 17, 0, 0}},
        {"p6", NARROW, VG_CONV_DEPTHWISE, {3, 1, 32, 32, 0, 26, 0, 0}},
        {"row 13x2", WIDE, VG_CONV_PAIR, {3, 1, 96, 96, 0, 52, 0, 0}},
        {"row 13x1", WIDE, VG_CONV_PAIR, {3, 1, 96, 48, 0, 52, 0, 0}},
        {"apart", ANY, VG_CONV_PAIR, {3, 1, 96, 48, 0, 52, 0, 0}},
        {"pool 13x1", WIDE, VG_CONV_STEM_POOL, {3, 2, 3, 24, 0, 104, 0, 4}},
        {"apart", ANY, VG_CONV_STEM_POOL, {3, 2, 3, 24, 0, 104, 0, 4}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_plan_settings settings = devices[rows[i].device];
        settings.batch_max = 1;
        const struct vg_conv_need need = need_of(&settings, rows[i].kind, &rows[i].shape);
        assert_string_equal(vg_conv_row(vg_conv_row_choose(&need))->name, rows[i].want);
    }
}

static void a_general_row_always_fits(void **state)
{
    (void)state;
    const struct shape shape = {3, 2, 7, 23, 16, 5, 3, 0};
    for (size_t d = 0; d < DEVICES; d++)
        for (uint32_t kind = VG_CONV_DENSE; kind <= VG_CONV_STEM_POOL; kind++) {
            const struct vg_conv_need need = need_of(&devices[d], (enum vg_conv_kind)kind, &shape);
            const uint64_t fitting = vg_conv_rows_fitting(&need);
            assert_true(fitting != 0);
            for (uint32_t i = 0; i < vg_conv_row_count(); i++)
                if (fitting >> i & 1 && !vg_conv_tiled(vg_conv_row(i)->kernel))
                    assert_in_range(vg_conv_row(i)->tile.pixels, 1, VG_CONV_TILE_PIXELS_MAX);
        }
}

/* ---- findings of a tuner ---- */

static void findings_are_followed_where_they_fit(void **state)
{
    (void)state;
    struct vg_plan_settings settings = settings_of(64, 64, 1);
    const struct shape shape = {1, 1, 32, 32, 0, 26, 0, 0};
    const struct vg_conv_need need = need_of(&settings, VG_CONV_DENSE, &shape);
    struct vg_conv_need wider = need;
    wider.width = 52;
    static const struct {
        const char *variant, *want;
    } rows[] = {{"direct 6x1", "direct 6x1"},
                {"direct 13x1", "direct 13x1"},
                {"wino 13x1", "direct 13x2"}, /* no 3x3 */
                {"no such row", "direct 13x2"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_tune tune;
        const struct vg_tune_need key = vg_conv_tune_need(&need);
        vg_tune_init(&tune, "device", "driver");
        assert_int_equal(vg_tune_set(&tune, &key, rows[i].variant, 1000), VG_OK);
        settings.tune = &tune;
        assert_string_equal(vg_conv_row(vg_conv_row_choose(&need))->name, rows[i].want);
        assert_string_equal(vg_conv_row(vg_conv_row_choose(&wider))->name, "direct 13x2");
        settings.tune = NULL;
        vg_tune_release(&tune);
    }
}

/* ---- digest, candidates, work ---- */

static void the_digest_follows_what_is_planned(void **state)
{
    (void)state;
    struct vg_model *model = small_net(1, 20), *another = small_net(1, 20);
    another->digest[0] ^= 1;
    struct vg_model *acting = small_net(1, 20); /* only the programs differ */
    acting->node[2].act = VG_ACT_SILU;
    acting->node[2].act_a = model->node[2].act_a;
    struct vg_plan_settings usual = settings_of(64, 64, 2), rows[6];
    for (size_t i = 0; i < 6; i++)
        rows[i] = usual;
    rows[0].width = 96;
    rows[1].batch_max = 3;
    rows[2].block = 8;
    rows[3].fusion = VG_FUSION_NONE;
    rows[4].float_width = 8;
    rows[5].lane = VG_LANE_ANY;
    struct vg_plan *plan = plan_of(model, &usual), *same = plan_of(model, &usual);
    struct vg_plan *other = plan_of(another, &usual);
    assert_memory_equal(plan->digest, same->digest, sizeof plan->digest);
    assert_memory_not_equal(plan->digest, other->digest, sizeof plan->digest);
    vg_plan_close(&same);
    vg_plan_close(&other);
    assert_null(same);
    other = plan_of(acting, &usual);
    assert_memory_not_equal(plan->digest, other->digest, sizeof plan->digest);
    vg_plan_close(&other);
    for (size_t i = 0; i < 6; i++) {
        other = plan_of(model, &rows[i]);
        assert_memory_not_equal(plan->digest, other->digest, sizeof plan->digest);
        vg_plan_close(&other);
    }
    vg_plan_close(&plan);
    vg_model_close(&model);
    vg_model_close(&another);
    vg_model_close(&acting);
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
        struct vg_model *model = tiny_net(1, rows[i].classes);
        const struct vg_plan_settings settings = settings_of(rows[i].side, rows[i].side, 2);
        struct vg_plan *plan = plan_of(model, &settings);
        const uint32_t all = rows[i].cells * rows[i].kept;
        uint32_t cells = 0;
        assert_int_equal(plan->cells, rows[i].cells);
        assert_int_equal(plan->classes_kept, rows[i].kept);
        assert_int_equal(plan->candidates_max, all < most ? all : most);
        assert_true(plan->strip_cells > 0 && plan->strip_cells % 32 == 0);
        assert_true(plan->strip_cells * plan->classes_kept <= most);
        for (uint32_t s = plan->net_end; s < plan->step_count; s++) {
            const struct vg_boxes_sizes *sizes = &plan->step[s].sizes.boxes;
            assert_int_equal(sizes->candidates_max, plan->candidates_max);
            assert_int_equal(sizes->cell_first, cells);
            cells += (uint32_t)(sizes->width * sizes->height);
        }
        assert_int_equal(cells, plan->cells);
        vg_plan_close(&plan);
        vg_model_close(&model);
    }
}

/* ---- refusals ---- */

static void sizes_and_batches_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t width, height, batch;
        enum vg_status want;
    } rows[] = {
        {"no multiple", 70, 64, 1, VG_E_CALL},
        {"no height", 64, 0, 1, VG_E_CALL},
        {"too wide", 32768, 64, 1, VG_E_CALL},
        {"no batch", 64, 64, 0, VG_E_CALL},
        {"batch too large", 64, 64, 65, VG_E_CALL},
        {"larger than indices", 4096, 4096, 64, VG_E_FULL},
    };
    struct vg_model *model = small_net(1, 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_plan_settings settings =
            settings_of(rows[i].width, rows[i].height, rows[i].batch);
        struct vg_fault fault = {.status = VG_OK};
        struct vg_plan *plan = NULL;
        const enum vg_status status = vg_plan_open(&plan, model, &settings, &fault);
        if (status != rows[i].want)
            print_error("%s: %s\n", rows[i].name, vg_status_name(status));
        assert_int_equal(status, rows[i].want);
        assert_int_equal(fault.status, rows[i].want);
        assert_non_null(fault.what);
        assert_null(plan);
    }
    vg_model_close(&model);
}

/* ---- the net's input, whose pixels have 4 values ---- */

static void input_pooled(struct net_build *n)
{
    (void)net_window(n, VG_OP_MAXPOOL, 0, 3, net_square(3, 2, 1));
}

static void input_as_second_term(struct net_build *n)
{
    (void)net_two(n, VG_OP_ADD, net_conv3(n, 0, 3), 0);
}

static void input_as_factor(struct net_build *n)
{
    (void)net_two(n, VG_OP_MUL, net_conv3(n, 0, 3), 0);
}

static void input_resized_in_sum(struct net_build *n)
{
    const uint32_t half = net_resize(n, 0, VG_RESIZE_LINEAR, 1, 2);
    (void)net_two(n, VG_OP_ADD, net_conv(n, 0, 3, net_square(3, 2, 1), 1)->out, half);
}

static void input_turned(struct net_build *n)
{
    static const uint32_t channel[] = {2, 1, 0};
    (void)net_conv3(n, net_gather(n, 0, channel, 3), 16);
}

static void input_in_concat(struct net_build *n)
{
    const uint32_t both[] = {net_conv3(n, 0, 16), 0};
    (void)net_conv3(n, net_concat(n, both, 2), 16);
}

static void input_folded_and_read(struct net_build *n)
{
    (void)net_conv3(n, net_fold(n, 0), 16);
    (void)net_conv3(n, 0, 16);
}

static void only_convolutions_read_the_input(void **state)
{
    (void)state;
    static const struct {
        void (*build)(struct net_build *n);
        const char *place;
    } rows[] = {
        {input_pooled, "made-by-hand, node 0"},
        {input_as_second_term, "made-by-hand, node 0"},
        {input_as_factor, "made-by-hand, node 1"},
        {input_resized_in_sum, "made-by-hand, node 1"},
        {input_turned, "made-by-hand, node 0"},
        {input_in_concat, "made-by-hand, node 1"},
        {input_folded_and_read, "made-by-hand, node 0"},
    };
    const struct vg_plan_settings settings = settings_of(64, 64, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_build n;
        struct vg_fault fault = {.status = VG_OK};
        struct vg_plan *plan = NULL;
        net_begin(&n, 1, (struct vg_size){64, 64}, 32, 16);
        rows[i].build(&n);
        assert_int_equal(vg_plan_open(&plan, n.model, &settings, &fault), VG_E_INPUT);
        assert_string_equal(fault.place, rows[i].place);
        assert_null(plan);
        vg_model_close(&n.model);
    }
}

static void any_convolution_reads_the_input(void **state)
{
    (void)state;
    for (uint32_t groups = 1; groups <= 3; groups += 2) {
        struct net_build n;
        net_begin(&n, 1, (struct vg_size){64, 64}, 8, 16);
        const uint32_t x = net_conv(&n, 0, 3, net_square(3, 1, 1), groups)->out;
        (void)net_conv1(&n, x, 16);
        assert_int_equal(walks_wrong(n.model, 64, 96), 0);
        assert_int_equal(walks_wrong(n.model, 40, 8), 0);
        vg_model_close(&n.model);
    }
}

/* at 16x16 the scores' planes are of one cell as the boxes' are; at 32x32 they are not */
static void levels_are_of_one_size(void **state)
{
    (void)state;
    struct net_build n;
    struct vg_plan *plan = NULL;
    struct vg_fault fault = {.status = VG_OK};
    net_begin(&n, 1, (struct vg_size){16, 16}, 16, 16);
    const uint32_t quarter = net_conv(&n, 0, 16, net_square(3, 4, 1), 1)->out;
    const uint32_t x = net_conv(&n, quarter, 16, net_square(3, 4, 1), 1)->out;
    net_level(&n, x, net_conv1(&n, net_mean(&n, x), 12));
    net_output(&n, "scores", VG_LAYOUT_CELLS, x);
    assert_int_equal(vg_model_check(n.model, NULL), VG_OK);
    for (uint32_t side = 16; side <= 32; side += 16) {
        const struct vg_plan_settings settings = settings_of(side, side, 1);
        assert_int_equal(vg_plan_open(&plan, n.model, &settings, &fault),
                         side == 16 ? VG_OK : VG_E_INPUT);
        vg_plan_close(&plan);
    }
    assert_string_equal(fault.place, "made-by-hand, level 0, tensor 4: 1x1");
    vg_model_close(&n.model);
}

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    struct vg_model *model = small_net(1, 20);
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
    assert_true(n > 15);
    vg_plan_close(&plan);
    vg_model_close(&model);
}

/* ---- the real nets ---- */

/* Largest live sets where the activation is made inside the convolution, in bytes, and what the
 * arena may take: 1.2 times as much. */
static void real_nets_walk_in_little_memory(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t width, height;
        double live_bytes; /* 0: not known */
    } rows[] = {
        {"nanodet_g_416", 416, 416, 7.61e6}, {"nanodet_g_416", 416, 320, 5.86e6},
        {"nanodet_plus_m_416", 416, 416, 0}, {"yolox_nano_416", 416, 416, 0},
        {"fastestdet_352", 352, 352, 0},
    };
    uint32_t found = 0, bad = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *model = real_net(rows[i].name);
        if (!model)
            continue;
        const struct vg_plan_settings settings = settings_of(rows[i].width, rows[i].height, 1);
        struct vg_plan *plan = plan_of(model, &settings);
        const struct plan_walk walk = plan_walk(model, plan);
        print_message("%s %ux%u: %.2f MB, %u steps, %u of them copies\n", rows[i].name,
                      rows[i].width, rows[i].height, (double)plan->arena_bytes / 1e6,
                      plan->step_count, steps_of(plan, VG_KERNEL_COPY_CHANNELS));
        if (walk.wrong[0])
            print_error("%s: %s\n", rows[i].name, walk.wrong);
        bad += walk.wrong[0] != 0;
        if (rows[i].live_bytes > 0)
            assert_true((double)plan->arena_bytes <= 1.2 * rows[i].live_bytes);
        vg_plan_close(&plan);
        vg_model_close(&model);
        found++;
    }
    assert_int_equal(bad, 0);
    if (!found)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_net_walks),
        cmocka_unit_test(random_nets_walk),
        cmocka_unit_test(a_walk_finds_what_is_wrong),
        cmocka_unit_test(shuffles_are_addresses_where_the_reader_can),
        cmocka_unit_test(an_order_is_the_weights_business),
        cmocka_unit_test(the_small_net_has_its_patterns),
        cmocka_unit_test(an_altered_tensor_has_no_place),
        cmocka_unit_test(variants_are_chosen),
        cmocka_unit_test(a_general_row_always_fits),
        cmocka_unit_test(findings_are_followed_where_they_fit),
        cmocka_unit_test(the_digest_follows_what_is_planned),
        cmocka_unit_test(candidates_have_room),
        cmocka_unit_test(sizes_and_batches_are_refused),
        cmocka_unit_test(only_convolutions_read_the_input),
        cmocka_unit_test(any_convolution_reads_the_input),
        cmocka_unit_test(levels_are_of_one_size),
        cmocka_unit_test(lack_of_memory_is_survived),
        cmocka_unit_test(real_nets_walk_in_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
