/* A random net with an input and what is right for it: for tests that run it through engines
 * opened in several ways. */
#ifndef VG_TESTS_NET_FIXTURE_H
#define VG_TESTS_NET_FIXTURE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "models/model.h"
#include "src/base/random.h"
#include "src/engine/engine.h"
#include "tests/model_reference.h"
#include "tests/random_net.h"

#define NET_TOLERANCE 3e-4 /* float sums through up to 20 layers, F(4,3) among them */

struct net_fixture {
    struct vg_model *model;
    float *input;
    struct vg_reference reference;
};

static inline struct net_fixture *net_fixture_open(uint64_t seed)
{
    struct vg_random random;
    struct net_fixture *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    f->model = random_net(seed);
    const size_t count = (size_t)3 * f->model->input_width * f->model->input_height;
    f->input = malloc(count * sizeof *f->input);
    if (!f->input)
        abort();
    vg_random_seed(&random, seed);
    for (size_t i = 0; i < count; i++)
        f->input[i] = (float)(4 * vg_random_unit(&random) - 2);
    if (vg_reference_run(f->model, f->model->input_width, f->model->input_height, f->input,
                         &f->reference, NULL))
        abort();
    return f;
}

static inline void net_fixture_close(struct net_fixture *f)
{
    vg_reference_release(&f->reference);
    vg_model_close(&f->model);
    free(f->input);
    free(f);
}

/* The worst error of the outputs' first parts, relative to what is over 1; NAN: it cannot run. */
static inline double net_fixture_error(const struct net_fixture *f, struct vg_engine *engine)
{
    double worst = 0;
    if (vg_engine_run_tensor(engine, f->input, NULL))
        return (double)NAN;
    for (uint32_t o = 0; o < f->model->output_count; o++) {
        const uint32_t tensor = f->model->output[o].part[0];
        const struct vg_size size = f->reference.size[tensor];
        const size_t count = (size_t)f->model->tensor[tensor].channels * size.width * size.height;
        float *got = malloc(count * sizeof *got);
        if (!got || vg_engine_read_tensor(engine, tensor, got, NULL))
            worst = (double)NAN;
        for (size_t i = 0; got && i < count; i++) {
            const double want = (double)f->reference.tensor[tensor][i];
            const double error = fabs((double)got[i] - want) / fmax(1, fabs(want));
            worst = error <= worst ? worst : error; /* what is no number counts as worst */
        }
        free(got);
    }
    return worst;
}

#endif
