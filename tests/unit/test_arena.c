/* Where tensors lie, by small nets put together by hand: what is a view of another's memory, what
 * is copied for whom, halos, and memory that is used again. All nets have blocks of 16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/engine/arena.h"
#include "tests/net_build.h"

#define BLOCK 16
#define SIDE  32

struct laid {
    struct net_build net;
    struct vg_graph graph;
    struct vg_arena arena;
    const uint8_t *value_bytes;
};

/* every reader asks the same */
static enum vg_arena_need same_need(const void *context, const struct vg_operation *op)
{
    (void)op;
    return *(const enum vg_arena_need *)context;
}

/* tensor 1: 32 channels of 32x32 */
static void begin(struct laid *l)
{
    memset(l, 0, sizeof *l);
    net_begin(&l->net, 1, (struct vg_size){SIDE, SIDE}, 16, 16);
    (void)net_conv3(&l->net, 0, 32);
}

static void lay(struct laid *l, enum vg_arena_need need)
{
    const struct vg_graph_settings graph = {.fusion = VG_FUSION_ALL, .width = SIDE, .height = SIDE};
    const struct vg_arena_settings arena = {.block = BLOCK,
                                            .width = SIDE,
                                            .height = SIDE,
                                            .value_bytes = l->value_bytes,
                                            .need = same_need,
                                            .context = &need};
    assert_int_equal(vg_graph_init(&l->graph, l->net.model, &graph, NULL), VG_OK);
    assert_int_equal(vg_arena_init(&l->arena, &l->graph, &arena, NULL), VG_OK);
}

static void end(struct laid *l)
{
    vg_arena_release(&l->arena);
    vg_graph_release(&l->graph);
    vg_model_close(&l->net.model);
}

/* `count` channels of `tensor` from `c` on are the lanes from `lane` on of `storage` */
static void lanes_expect(const struct laid *l, uint32_t tensor, uint32_t c, uint32_t count,
                         uint32_t storage, uint32_t lane)
{
    const struct vg_lane *lanes = vg_arena_lanes(&l->arena, tensor);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(lanes[c + i].storage, storage);
        assert_int_equal(lanes[c + i].lane, lane + i);
    }
}

/* ---- what lies where ---- */

static void parts_lie_in_their_concat(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t a = net_conv3(&l.net, 1, 16), b = net_conv3(&l.net, a, 20), both[] = {a, b};
    const uint32_t joint = net_concat(&l.net, both, 2);
    (void)net_conv3(&l.net, joint, 16);
    lay(&l, VG_NEED_RUN);
    lanes_expect(&l, a, 0, 16, joint, 0);
    lanes_expect(&l, b, 0, 20, joint, 16);
    lanes_expect(&l, joint, 0, 36, joint, 0);
    assert_true(vg_arena_is_storage(&l.arena, joint));
    assert_false(vg_arena_is_storage(&l.arena, a));
    assert_false(l.arena.slot[joint].copied);
    end(&l);
}

/* a concat of concats: all in the last one, each in its run of blocks */
static void concats_nest(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t a = net_conv3(&l.net, 1, 16), b = net_conv3(&l.net, 1, 32), ab[] = {a, b};
    const uint32_t inner = net_concat(&l.net, ab, 2), c = net_conv3(&l.net, inner, 16);
    const uint32_t cab[] = {c, inner}, outer = net_concat(&l.net, cab, 2);
    lay(&l, VG_NEED_RUN);
    lanes_expect(&l, c, 0, 16, outer, 0);
    lanes_expect(&l, inner, 0, 48, outer, 16);
    lanes_expect(&l, a, 0, 16, outer, 16);
    lanes_expect(&l, b, 0, 32, outer, 32);
    end(&l);
}

/* The second concat of a tensor, one whose part begins within a block, one that names a part
 * twice, one of the net's own stem and one of a slice: views, and copies where a reader wants
 * whole blocks. */
static void other_concats_are_views(void **state)
{
    (void)state;
    static const enum vg_arena_need needs[] = {VG_NEED_LANES, VG_NEED_ORDER, VG_NEED_RUN};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        struct laid l;
        begin(&l);
        const uint32_t a = net_conv3(&l.net, 1, 16), b = net_conv3(&l.net, 1, 16);
        const uint32_t odd = net_conv3(&l.net, 1, 29), slice = net_slice(&l.net, odd, 0, 16);
        const uint32_t parts[][2] = {{a, b}, {b, a}, {odd, 1}, {1, 1}, {slice, 1}};
        uint32_t views[5];
        for (uint32_t k = 0; k < 5; k++) {
            views[k] = net_concat(&l.net, parts[k], 2);
            (void)net_conv3(&l.net, views[k], 16);
        }
        lay(&l, needs[i]);
        assert_true(l.arena.slot[views[0]].joint);
        for (uint32_t k = 1; k < 5; k++) {
            assert_false(l.arena.slot[views[k]].joint);
            /* b, a: two blocks of one storage, in another order */
            const int copied = needs[i] == VG_NEED_RUN || (needs[i] == VG_NEED_ORDER && k != 1);
            assert_int_equal(l.arena.slot[views[k]].copied, copied);
            assert_int_equal(vg_arena_is_storage(&l.arena, views[k]), copied);
        }
        if (needs[i] == VG_NEED_LANES) {
            lanes_expect(&l, views[1], 0, 16, views[0], 16);
            lanes_expect(&l, views[1], 16, 16, views[0], 0);
            lanes_expect(&l, views[2], 0, 29, odd, 0);
            lanes_expect(&l, views[2], 29, 32, 1, 0);
            lanes_expect(&l, views[4], 0, 16, odd, 0);
        }
        end(&l);
    }
}

/* Slices and shuffles of shuffles: each channel is the lane that the maps lead to. */
static void views_lead_to_lanes(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t half = net_slice(&l.net, 1, 16, 16), late = net_slice(&l.net, 1, 5, 20);
    const uint32_t turned = net_shuffle(&l.net, 1), again = net_shuffle(&l.net, turned);
    const uint32_t part = net_slice(&l.net, turned, 3, 4);
    lay(&l, VG_NEED_LANES);
    lanes_expect(&l, half, 0, 16, 1, 16);
    lanes_expect(&l, late, 0, 20, 1, 5);
    for (uint32_t c = 0; c < 32; c++) {
        const uint32_t once = c % 2 * 16 + c / 2, twice = once % 2 * 16 + once / 2;
        lanes_expect(&l, turned, c, 1, 1, once);
        lanes_expect(&l, again, c, 1, 1, twice);
    }
    for (uint32_t c = 0; c < 4; c++)
        lanes_expect(&l, part, c, 1, 1, (c + 3) % 2 * 16 + (c + 3) / 2);
    end(&l);
}

static void needs_are_met(void **state)
{
    (void)state;
    static const uint32_t twice[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 14};
    static const uint32_t gap[] = {0, 2};
    struct laid l;
    begin(&l);
    const struct {
        uint32_t tensor;
        int lanes, order, run;
        uint32_t first;
    } rows[] = {
        {1, 1, 1, 1, 0},
        {net_slice(&l.net, 1, 16, 16), 1, 1, 1, 1},
        {net_slice(&l.net, 1, 16, 9), 1, 1, 1, 1},
        {net_slice(&l.net, 1, 5, 16), 1, 0, 0, 0}, /* within a block */
        {net_shuffle(&l.net, 1), 1, 1, 0, 0},
        {net_gather(&l.net, 1, twice, 16), 1, 0, 0, 0},
        {net_gather(&l.net, 1, gap, 2), 1, 0, 0, 0},
    };
    lay(&l, VG_NEED_LANES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t first = 99;
        assert_int_equal(vg_arena_meets(&l.arena, rows[i].tensor, VG_NEED_LANES, &first),
                         rows[i].lanes);
        assert_int_equal(vg_arena_meets(&l.arena, rows[i].tensor, VG_NEED_ORDER, &first),
                         rows[i].order);
        assert_int_equal(vg_arena_meets(&l.arena, rows[i].tensor, VG_NEED_RUN, &first),
                         rows[i].run);
        if (rows[i].order)
            assert_int_equal(first, rows[i].first);
    }
    end(&l);
}

/* A second term of a sum and a level are read by whole blocks, whatever first terms ask. */
static void some_readers_want_runs(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t term = net_slice(&l.net, 1, 1, 16), level = net_slice(&l.net, 1, 2, 12);
    const uint32_t scores = net_slice(&l.net, 1, 3, 16), output = net_slice(&l.net, 1, 4, 16);
    (void)net_two(&l.net, VG_OP_ADD, net_conv3(&l.net, 1, 16), term);
    net_level(&l.net, scores, level);
    net_output(&l.net, "lanes", VG_LAYOUT_PLANES, output); /* the host reads any */
    lay(&l, VG_NEED_LANES);
    assert_true(l.arena.slot[term].copied);
    assert_true(l.arena.slot[level].copied);
    assert_true(l.arena.slot[scores].copied);
    assert_false(l.arena.slot[output].copied);
    end(&l);
}

/* an activation taken into the convolution before it lies in that one's tensor */
static void an_activation_taken_in_is_a_view(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t head = net_conv(&l.net, 1, 28, net_square(1, 1, 1), 1)->out;
    const uint32_t scores = net_alone(&l.net, net_slice(&l.net, head, 0, 16), VG_ACT_SIGMOID);
    const uint32_t boxes = net_slice(&l.net, head, 16, 12);
    net_level(&l.net, scores, boxes);
    lay(&l, VG_NEED_RUN);
    assert_int_equal(l.graph.alias[scores], head);
    lanes_expect(&l, scores, 0, 16, head, 0);
    lanes_expect(&l, boxes, 0, 12, head, 16);
    assert_false(l.arena.slot[boxes].copied);
    end(&l);
}

/* ---- places ---- */

#define PLANE(halo) ((uint64_t)(SIDE + 2 * (halo)) * (SIDE + 2 * (halo)) * BLOCK * sizeof(float))

/* A chain of four: alive two by two, they need the room of two. */
static void memory_is_used_again(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    uint32_t x[4] = {1};
    for (uint32_t i = 1; i < 4; i++)
        x[i] = net_conv3(&l.net, x[i - 1], 32);
    lay(&l, VG_NEED_RUN);
    for (uint32_t i = 0; i < 4; i++) {
        vg_arena_use(&l.arena, x[i], i);
        vg_arena_use(&l.arena, x[i], i + 1);
    }
    assert_int_equal(vg_arena_place(&l.arena, NULL), VG_OK);
    assert_int_equal(l.arena.bytes, 2 * 2 * PLANE(0));
    for (uint32_t i = 0; i < 3; i++)
        assert_int_not_equal(l.arena.slot[x[i]].offset, l.arena.slot[x[i + 1]].offset);
    assert_int_equal(l.arena.slot[x[0]].offset, l.arena.slot[x[2]].offset);
    end(&l);
}

static void what_is_never_used_takes_no_room(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    (void)net_conv3(&l.net, 1, 64);
    lay(&l, VG_NEED_RUN);
    vg_arena_use(&l.arena, 1, 3);
    assert_int_equal(vg_arena_place(&l.arena, NULL), VG_OK);
    assert_int_equal(l.arena.bytes, 2 * PLANE(0));
    end(&l);
}

/* The use of a view is a use of its sources, and of nothing else. */
static void views_keep_their_sources(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t a = net_conv3(&l.net, 1, 16), b = net_conv3(&l.net, 1, 16);
    const uint32_t other = net_conv3(&l.net, 1, 16), parts[] = {a, other}, mixed[] = {a, b};
    (void)net_concat(&l.net, parts, 2);
    const uint32_t view =
        net_slice(&l.net, net_shuffle(&l.net, net_concat(&l.net, mixed, 2)), 0, 8);
    lay(&l, VG_NEED_LANES);
    vg_arena_use(&l.arena, a, 2);
    vg_arena_use(&l.arena, b, 3);
    vg_arena_use(&l.arena, view, 7);
    const struct vg_lane *lanes = vg_arena_lanes(&l.arena, view);
    assert_int_equal(l.arena.slot[lanes[0].storage].first_step, 2); /* the concat that a lies in */
    assert_int_equal(l.arena.slot[lanes[0].storage].last_step, 7);
    assert_int_equal(l.arena.slot[b].first_step, 3);
    assert_int_equal(l.arena.slot[b].last_step, 7);
    assert_int_equal(l.arena.slot[1].first_step, VG_GRAPH_NONE);
    end(&l);
}

/* The widest halo of all readers, of every storage that a view reads; rows of a view's storages
 * are one as long as the other. */
static void halos_are_those_of_the_readers(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t a = net_conv3(&l.net, 1, 16), b = net_conv3(&l.net, 1, 16);
    const uint32_t odd = net_slice(&l.net, a, 1, 8), both[] = {odd, b};
    const uint32_t view = net_concat(&l.net, both, 2);
    lay(&l, VG_NEED_LANES);
    vg_arena_use(&l.arena, a, 0);
    vg_arena_use(&l.arena, b, 1);
    vg_arena_use(&l.arena, 1, 2);
    vg_arena_halo(&l.arena, a, (struct vg_halo){.left = 1, .right = 2, .above = 3, .below = 4});
    vg_arena_halo(&l.arena, a, (struct vg_halo){.left = 2, .right = 1, .above = 1, .below = 5});
    assert_int_equal(vg_arena_place(&l.arena, NULL), VG_OK);
    const struct vg_halo of_a = vg_arena_halo_of(&l.arena, a), of_b = vg_arena_halo_of(&l.arena, b);
    const struct vg_halo of_odd = vg_arena_halo_of(&l.arena, odd);
    assert_true(of_a.left == 2 && of_a.right == 2 && of_a.above == 3 && of_a.below == 5);
    assert_memory_equal(&of_odd, &of_a, sizeof of_a);
    assert_true(of_b.left == 2 && of_b.right == 2 && of_b.above == 0 && of_b.below == 0);
    assert_int_equal(vg_arena_row(&l.arena, a), (SIDE + 4) * BLOCK);
    assert_int_equal(vg_arena_row(&l.arena, view), (SIDE + 4) * BLOCK);
    assert_int_equal(vg_arena_halo_of(&l.arena, 1).left, 0);
    end(&l);
}

/* Where channels lie, in numbers. */
static void areas_are_addresses(void **state)
{
    (void)state;
    struct laid l;
    begin(&l);
    const uint32_t view = net_slice(&l.net, 1, 16, 16), late = net_slice(&l.net, 1, 20, 3);
    lay(&l, VG_NEED_LANES);
    vg_arena_use(&l.arena, 0, 0);
    vg_arena_use(&l.arena, 0, 1);
    vg_arena_use(&l.arena, 1, 1);
    vg_arena_halo(&l.arena, 1, (struct vg_halo){.left = 1, .right = 2, .above = 3, .below = 1});
    assert_int_equal(vg_arena_place(&l.arena, NULL), VG_OK);
    const vg_i32 row = (SIDE + 3) * BLOCK, plane = (SIDE + 4) * row;
    const vg_i32 picture = 2 * plane + SIDE * SIDE * 4; /* the larger one first */
    const struct vg_area whole = vg_arena_area(&l.arena, 1), second = vg_arena_area(&l.arena, view);
    const struct vg_area input = vg_arena_area(&l.arena, 0);
    assert_int_equal(l.arena.bytes, (uint64_t)picture * sizeof(float));
    assert_int_equal(whole.row, row);
    assert_int_equal(whole.plane, plane);
    assert_int_equal(whole.picture, picture);
    assert_int_equal(whole.first, 3 * row + BLOCK);
    assert_int_equal(second.first, whole.first + plane);
    assert_int_equal(second.picture, picture);
    assert_int_equal(input.first, 2 * plane);
    assert_int_equal(input.row, SIDE * 4);
    assert_int_equal(vg_arena_pixel(&l.arena, 0), 4);
    assert_int_equal(vg_arena_pixel(&l.arena, late), BLOCK);
    assert_int_equal(vg_arena_channel_at(&l.arena, 0, 2), 2 * plane + 2);
    for (uint32_t c = 0; c < 3; c++)
        assert_int_equal(vg_arena_channel_at(&l.arena, late, c),
                         whole.first + plane + 4 + (vg_i32)c);
    end(&l);
}

/* A tensor of bytes takes a quarter; its addresses count bytes, those of others floats. */
static void bytes_stand_among_floats(void **state)
{
    (void)state;
    static const uint8_t value_bytes[] = {4, 1, 4};
    struct laid l;
    begin(&l);
    l.value_bytes = value_bytes;
    (void)net_conv3(&l.net, 1, 16);
    lay(&l, VG_NEED_RUN);
    vg_arena_use(&l.arena, 1, 0);
    vg_arena_use(&l.arena, 2, 0);
    assert_int_equal(vg_arena_place(&l.arena, NULL), VG_OK);
    const vg_i32 plane = SIDE * SIDE * BLOCK;
    const struct vg_area bytes = vg_arena_area(&l.arena, 1), floats = vg_arena_area(&l.arena, 2);
    assert_int_equal(l.arena.bytes, 4 * plane + 2 * plane);
    assert_int_equal(floats.first, 0);
    assert_int_equal(floats.picture * 4, l.arena.bytes);
    assert_int_equal(bytes.first, 4 * plane);
    assert_int_equal(bytes.picture, l.arena.bytes);
    end(&l);
}

/* ---- life ---- */

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    struct laid l;
    const enum vg_arena_need need = VG_NEED_RUN;
    enum vg_status status = VG_E_MEMORY;
    uint32_t k = 0;
    begin(&l);
    lay(&l, need);
    const struct vg_arena_settings settings = {
        .block = BLOCK, .width = SIDE, .height = SIDE, .need = same_need, .context = &need};
    while (status == VG_E_MEMORY) {
        struct vg_arena arena;
        vg_alloc_fail_at(++k);
        status = vg_arena_init(&arena, &l.graph, &settings, NULL);
        if (!status)
            status = vg_arena_place(&arena, NULL);
        vg_alloc_fail_at(0);
        vg_arena_release(&arena);
    }
    assert_int_equal(status, VG_OK);
    assert_true(k > 3);
    end(&l);
}

static void sizes_that_the_net_refuses_are_refused(void **state)
{
    (void)state;
    struct laid l;
    struct vg_arena arena;
    begin(&l);
    lay(&l, VG_NEED_RUN);
    const struct vg_arena_settings settings = {.block = BLOCK, .width = 17, .height = SIDE};
    assert_int_equal(vg_arena_init(&arena, &l.graph, &settings, NULL), VG_E_CALL);
    assert_null(arena.slot);
    end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_lie_in_their_concat),
        cmocka_unit_test(concats_nest),
        cmocka_unit_test(other_concats_are_views),
        cmocka_unit_test(views_lead_to_lanes),
        cmocka_unit_test(needs_are_met),
        cmocka_unit_test(some_readers_want_runs),
        cmocka_unit_test(an_activation_taken_in_is_a_view),
        cmocka_unit_test(memory_is_used_again),
        cmocka_unit_test(what_is_never_used_takes_no_room),
        cmocka_unit_test(views_keep_their_sources),
        cmocka_unit_test(halos_are_those_of_the_readers),
        cmocka_unit_test(areas_are_addresses),
        cmocka_unit_test(bytes_stand_among_floats),
        cmocka_unit_test(lack_of_memory_is_survived),
        cmocka_unit_test(sizes_that_the_net_refuses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
