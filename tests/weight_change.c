#define CL_TARGET_OPENCL_VERSION 120
#include "tests/weight_change.h"

#include <stdlib.h>

#include "src/engine/engine_inside.h"

void weight_change(struct vg_engine *engine)
{
    struct vg_runner *runner = vg_engine_runner(engine);
    cl_command_queue queue = runner->device.queue;
    uint32_t word = 0;
    if (clEnqueueReadBuffer(queue, runner->weights, CL_TRUE, 0, sizeof word, &word, 0, NULL, NULL))
        abort();
    word ^= 1;
    if (clEnqueueWriteBuffer(queue, runner->weights, CL_TRUE, 0, sizeof word, &word, 0, NULL, NULL))
        abort();
}
