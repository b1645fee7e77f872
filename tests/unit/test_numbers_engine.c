/* A net whose weights are finite and too large: the step whose values overflow is the one named,
 * whichever step it is; as it was before, no step is.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/engine/numbers.h"
#include "tests/net_fixture.h"

static enum vg_status net_check(const struct net_fixture *f, struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    settings.picture_width_max = settings.picture_height_max = 64;
    settings.tensors = VG_TENSORS_EVERY;
    assert_int_equal(vg_engine_open(&engine, f->model, &settings, NULL), VG_OK);
    assert_int_equal(vg_engine_run_tensor(engine, f->input, NULL), VG_OK);
    const enum vg_status status = vg_numbers_engine_check(engine, f->model, fault);
    vg_engine_close(&engine);
    return status;
}

/* does not hide what is too large */
static int lets_through(const struct vg_node *node)
{
    return node->op == VG_OP_CONV && node->in[0] != 0 &&
           (node->act == VG_ACT_NONE || node->act == VG_ACT_LEAKY);
}

static void weights_grow(struct vg_model *model, const struct vg_node *node)
{
    const size_t count = (size_t)model->tensor[node->in[0]].channels / node->groups *
                         model->tensor[node->out].channels * node->window.size_y *
                         node->window.size_x;
    for (size_t i = 0; i < count; i++)
        model->weights[node->weight_first + i] *= 1e38f;
}

static void the_step_that_overflows_is_named(void **state)
{
    uint32_t nets = 0;
    (void)state;
    for (uint64_t seed = 49; seed < 60 && nets < 2; seed++) {
        struct net_fixture *f = net_fixture_open(seed);
        struct vg_fault fault = {.status = VG_OK};
        uint32_t node = 0;
        while (node < f->model->node_count && !lets_through(&f->model->node[node]))
            node++;
        if (node < f->model->node_count) {
            char want[32];
            assert_int_equal(net_check(f, &fault), VG_OK);
            weights_grow(f->model, &f->model->node[node]);
            assert_int_equal(net_check(f, &fault), VG_E_INPUT);
            (void)snprintf(want, sizeof want, "node %u, ", node);
            if (strncmp(fault.place, want, strlen(want)) != 0)
                print_error("seed %u: %s, not %s\n", (unsigned)seed, fault.place, want);
            assert_memory_equal(fault.place, want, strlen(want));
            nets++;
        }
        net_fixture_close(f);
    }
    assert_int_equal(nets, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_step_that_overflows_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
