/* Memory given back while an engine opens: the pages of a block that was used up, the model's
 * weights as they are packed (also where two nodes share theirs), the compiler's code.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/code_pages.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "tests/net_fixture.h"

enum {
    BYTES = 1 << 20,
    PAGE_MOST = 65536, /* of any machine that there is */
    PAGES_LEAST = 4 * 4096
};

static void whole_pages_are_forgotten_and_no_byte_more(void **state)
{
    (void)state;
    uint8_t *bytes = vg_alloc(BYTES);
    assert_non_null(bytes);
    memset(bytes, 7, BYTES);
    vg_alloc_forget(bytes + 100, 0);
    vg_alloc_forget(bytes + 100, 200);
    for (int i = 0; i < BYTES; i++)
        assert_int_equal(bytes[i], 7);
    vg_alloc_forget(bytes + 100, BYTES / 2);
    uint32_t lost = 0;
    for (int i = 0; i < BYTES; i++) {
        const int inside = i >= 100 && i < 100 + BYTES / 2;
        lost += bytes[i] == 0;
        assert_true(bytes[i] == 7 || (bytes[i] == 0 && inside));
    }
    assert_true(lost >= BYTES / 2 - 2 * PAGE_MOST);
    memset(bytes, 9, BYTES); /* may be written anew */
    assert_int_equal(bytes[BYTES / 4], 9);
    vg_free(bytes);
}

static enum vg_status engine_open(struct net_fixture *f, struct vg_model *taken,
                                  struct vg_engine **engine)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.picture_width_max = settings.picture_height_max = 64;
    settings.weights_from = taken;
    return vg_engine_open(engine, f->model, &settings, NULL);
}

static void weights_go_as_they_are_packed(void **state)
{
    struct net_fixture *f = net_fixture_open(52);
    struct vg_engine *engine = NULL;
    (void)state;
    assert_int_equal(engine_open(f, f->model, &engine), VG_OK);
    assert_null(f->model->weights);
    assert_true(net_fixture_error(f, engine) < NET_TOLERANCE);
    vg_code_pages_drop(); /* while the device's threads live */
    assert_true(net_fixture_error(f, engine) < NET_TOLERANCE);
    vg_engine_close(&engine);
    assert_int_equal(engine_open(f, NULL, &engine), VG_E_CALL);
    assert_null(engine);
    net_fixture_close(f);
}

static size_t weights_of(const struct vg_model *m, const struct vg_node *node)
{
    return (size_t)m->tensor[node->in[0]].channels / node->groups * m->tensor[node->out].channels *
           node->window.size_y * node->window.size_x;
}

/* The first two convolutions with weights of one shape, of a few pages at least. */
static int pair_find(const struct vg_model *m, uint32_t *first, uint32_t *second)
{
    for (uint32_t i = 0; i < m->node_count; i++)
        for (uint32_t k = i + 1; k < m->node_count; k++) {
            const struct vg_node *a = &m->node[i], *b = &m->node[k];
            *first = i;
            *second = k;
            if (a->op == VG_OP_CONV && b->op == VG_OP_CONV && a->groups == b->groups &&
                m->tensor[a->in[0]].channels == m->tensor[b->in[0]].channels &&
                m->tensor[a->out].channels == m->tensor[b->out].channels &&
                a->window.size_y == b->window.size_y && a->window.size_x == b->window.size_x &&
                weights_of(m, a) >= PAGES_LEAST / sizeof(float))
                return 1;
        }
    return 0;
}

static void shared_weights_serve_both(void **state)
{
    uint32_t nets = 0;
    (void)state;
    for (uint64_t seed = 1; seed < 300 && nets < 2; seed++) {
        uint32_t first, second;
        struct net_fixture *f = net_fixture_open(seed);
        if (pair_find(f->model, &first, &second)) {
            struct vg_engine *engine = NULL;
            f->model->node[second].weight_first = f->model->node[first].weight_first;
            vg_reference_release(&f->reference);
            assert_int_equal(vg_reference_run(f->model, f->model->input_width,
                                              f->model->input_height, f->input, &f->reference,
                                              NULL),
                             VG_OK);
            assert_int_equal(engine_open(f, f->model, &engine), VG_OK);
            assert_true(net_fixture_error(f, engine) < NET_TOLERANCE);
            vg_engine_close(&engine);
            nets++;
        }
        net_fixture_close(f);
    }
    assert_true(nets > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_pages_are_forgotten_and_no_byte_more),
        cmocka_unit_test(weights_go_as_they_are_packed),
        cmocka_unit_test(shared_weights_serve_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
